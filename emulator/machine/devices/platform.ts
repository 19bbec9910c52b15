// SPDX-License-Identifier: BSD-2-Clause
/** The platforms that the board can be: what differs between them. */
import type { PlatformName } from './platform-names.ts';
import { spikeDeviceTree } from './spike-platform.ts';
import { virtDeviceTree, type ADDRESS_MAP } from './virt-platform.ts';

/** A device that a platform may have. */
export type DeviceName = keyof typeof ADDRESS_MAP;

export interface Platform {
  readonly name: PlatformName;
  /** Size of RAM that kernels for it have compiled in. */
  readonly ramBytes: number;
  readonly devices: readonly DeviceName[];
  /**
   * Bits that page table entries which point to a table may have set, and that mean nothing there. The Privileged Architecture
   * reserves U, A and D in them, and harts of today raise a page fault. Those of the time of seL4 12.1.0 did not look, and the
   * kernels up to that release set them.
   */
  readonly ignoredPointerFlags: bigint;
  /** Device tree for a place and size of RAM. */
  readonly deviceTree: (ramBase: number, ramBytes: number) => Uint8Array;
}

const MIB = 2 ** 20;
/** Bits U, A and D of a page table entry. */
const USER_ACCESSED_DIRTY = 0xd0n;

export const PLATFORMS: Readonly<Record<PlatformName, Platform>> = Object.freeze({
  'qemu-riscv-virt': {
    name: 'qemu-riscv-virt', ramBytes: 3072 * MIB, devices: ['rom', 'finisher', 'rtc', 'clint', 'plic', 'uart'], ignoredPointerFlags: 0n, deviceTree: virtDeviceTree,
  },
  spike: { name: 'spike', ramBytes: 4095 * MIB, devices: ['rom', 'clint'], ignoredPointerFlags: USER_ACCESSED_DIRTY, deviceTree: spikeDeviceTree },
});
