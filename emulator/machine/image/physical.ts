// SPDX-License-Identifier: BSD-2-Clause
/**
 * Physical addresses of kernel pointers. The kernel sees all of physical memory through one window of its virtual
 * addresses, and itself through another, at its highest 2 GiB, whose addresses end in the physical ones.
 */

/** The 39-bit part of a kernel pointer that begins its image's window. */
const IMAGE_WINDOW_HI = 0x7f;
const IMAGE_WINDOW_LO = 0x8000_0000;

/** Physical address of a kernel pointer, or of the low 39 bits of one; 0 for a null pointer. */
export function physicalOf(lo: number, hi: number): number {
  const high = hi & 0x7f;
  if (high === IMAGE_WINDOW_HI && lo >= IMAGE_WINDOW_LO) return lo;
  return (high & 0x3f) * 0x1_0000_0000 + lo;
}
