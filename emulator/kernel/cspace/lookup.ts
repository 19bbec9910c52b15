// SPDX-License-Identifier: BSD-2-Clause
/**
 * From capability pointers to slots: a CSpace is a guarded page table of CNodes.
 * Manual, "CSpace Addressing" and "Lookup Failure Description".
 */
import { CAP_TYPE, bitsOf, fromNumber, type Word } from '../../../schema/abi/index.ts';
import type { Capability, CNodeCap } from '../capability.ts';
import {
  depthMismatch, failedLookup, guardMismatch, invalidRoot, rangeError, type LookupFailure, type SyscallError,
} from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';
import { Slot } from '../slot.ts';

const WORD_BITS = 64;
const DEPTH_OUT_OF_RANGE = rangeError(fromNumber(1), fromNumber(WORD_BITS));

/**
 * The slot that a thread's capability pointer leads to. Bits that are left when something other than a CNode is
 * reached are ignored; an empty slot is a slot.
 */
export function lookupCapability(_kernel: Kernel, thread: Tcb, cptrLo: number, cptrHi: number): Slot | LookupFailure {
  return resolve(thread.slots.cspace.cap, cptrLo, cptrHi, WORD_BITS, false);
}

/**
 * The slot that an index means within an explicit root: exactly `depth` bits are resolved.
 * @param isSource what an error says about which of the operation's slots it was
 * @param depth number of bits; outside 1..64 a RangeError
 */
export function lookupSlotForCNodeOp(
  isSource: boolean, root: Capability, indexLo: number, indexHi: number, depth: number,
): Slot | SyscallError {
  if (root.type !== CAP_TYPE.CNode) return failedLookup(isSource, invalidRoot());
  if (depth < 1 || depth > WORD_BITS) return DEPTH_OUT_OF_RANGE;
  const found = resolve(root, indexLo, indexHi, depth, true);
  return found instanceof Slot ? found : failedLookup(isSource, found);
}

/**
 * Resolves the lowest `bits` bits of a pointer, highest first.
 * @param exact whether bits that are left over are a failure
 */
function resolve(root: Capability, lo: number, hi: number, bits: number, exact: boolean): Slot | LookupFailure {
  if (root.type !== CAP_TYPE.CNode) return invalidRoot();
  let node: CNodeCap = root;
  let left = bits;
  for (;;) {
    const { object, guard, guardSize } = node;
    if (guardSize > left || !startsWith(lo, hi, left, guard, guardSize)) return guardMismatch(left, guard, guardSize);
    const levelBits = guardSize + object.radix;
    if (levelBits > left) return depthMismatch(left, levelBits);
    left -= levelBits;
    const slot = object.slot(bitsOf(lo, hi, left, object.radix));
    if (left === 0) return slot;
    if (slot.cap.type !== CAP_TYPE.CNode) return exact ? depthMismatch(left, 0) : slot;
    node = slot.cap;
  }
}

/** Whether the top `guardSize` bits of the lowest `left` bits are the guard. */
function startsWith(lo: number, hi: number, left: number, guard: Word, guardSize: number): boolean {
  if (guardSize === 0) return true;
  const shift = left - guardSize;
  return bitsOf(lo, hi, shift, Math.min(guardSize, 32)) === guard.lo
    && (guardSize <= 32 || bitsOf(lo, hi, shift + 32, guardSize - 32) === guard.hi);
}
