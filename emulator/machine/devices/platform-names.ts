// SPDX-License-Identifier: BSD-2-Clause
/** Platforms that the board can be, by the names that seL4 has for them (`KernelPlatform`). */
export const PLATFORM_NAMES = ['qemu-riscv-virt', 'spike'] as const;

export type PlatformName = (typeof PLATFORM_NAMES)[number];
