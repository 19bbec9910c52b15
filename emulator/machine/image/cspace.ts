// SPDX-License-Identifier: BSD-2-Clause
/** Follows capability pointers through the CNodes in guest memory. Manual, "CSpace Addressing". */
import { CAP_TYPE, bitsOf } from '../../../schema/abi/index.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import { SLOT_BYTES, type Capability } from './capability.ts';

const WORD_BITS = 64;

export class CSpaceWalk {
  private readonly memory: PhysicalMemory;
  private readonly node: Capability;

  /** @param node read over by each lookup */
  constructor(memory: PhysicalMemory, node: Capability) {
    this.memory = memory;
    this.node = node;
  }

  /**
   * Slot that a capability pointer leads to from the slot of a root; undefined where the kernel's lookup fails. Bits that
   * are left when something other than a CNode is reached are ignored.
   */
  lookup(rootSlot: number, cptrLo: number, cptrHi: number): number | undefined {
    return this.resolve(rootSlot, cptrLo, cptrHi, WORD_BITS, false);
  }

  /** Slot that an index of exactly `depth` bits means within a root, as operations on CNodes look it up. */
  lookupExactly(rootSlot: number, indexLo: number, indexHi: number, depth: number): number | undefined {
    if (depth < 1 || depth > WORD_BITS) return undefined;
    return this.resolve(rootSlot, indexLo, indexHi, depth, true);
  }

  private resolve(rootSlot: number, lo: number, hi: number, depth: number, exactly: boolean): number | undefined {
    const { node, memory } = this;
    node.read(memory, rootSlot);
    if (node.type !== CAP_TYPE.CNode) return undefined;
    let left = depth;
    for (;;) {
      const { guardSize, radix } = node;
      const bits = guardSize + radix;
      if (bits === 0 || guardSize > left || !this.guardFits(lo, hi, left) || bits > left) return undefined;
      left -= bits;
      const slot = node.object + bitsOf(lo, hi, left, Math.min(radix, 32)) * SLOT_BYTES;
      if (!memory.contains(slot, SLOT_BYTES)) return undefined;
      if (left === 0) return slot;
      node.read(memory, slot);
      if (node.type !== CAP_TYPE.CNode) return exactly ? undefined : slot;
    }
  }

  private guardFits(lo: number, hi: number, left: number): boolean {
    const { guardSize, guardLo, guardHi } = this.node;
    if (guardSize === 0) return true;
    const shift = left - guardSize;
    return bitsOf(lo, hi, shift, Math.min(guardSize, 32)) === guardLo && bitsOf(lo, hi, shift + 32, Math.max(guardSize - 32, 0)) === guardHi;
  }
}
