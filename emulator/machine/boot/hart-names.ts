// SPDX-License-Identifier: BSD-2-Clause

/** Harts that there are: the fast one, and the readable one that is its oracle. Apart from them, for who only asks which. */
export const HART_NAMES = ['wasm', 'typescript'] as const;
export type HartName = typeof HART_NAMES[number];
