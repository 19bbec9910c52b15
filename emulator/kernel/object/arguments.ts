// SPDX-License-Identifier: BSD-2-Clause
/** Message words of a request in the forms that decoding needs. */
import type { Word } from '../../../schema/abi/index.ts';
import type { Capability } from '../capability.ts';
import type { SyscallError } from '../errors.ts';
import { lookupSlotForCNodeOp } from '../cspace/lookup.ts';
import type { Invocation } from '../invocation.ts';
import type { Slot } from '../slot.ts';

/** Word `i` as a number to compare with limits: exact below 2^53, and above it not less than 2^53. */
export function argNumber(invocation: Invocation, i: number): number {
  return invocation.argHi(i) * 0x1_0000_0000 + invocation.argLo(i);
}

export function argWord(invocation: Invocation, i: number): Word {
  return { lo: invocation.argLo(i), hi: invocation.argHi(i) };
}

/** The slot that words `i` (index) and `i + 1` (depth) of the request mean under a root. */
export function argSlot(invocation: Invocation, isSource: boolean, root: Capability, i: number): Slot | SyscallError {
  return lookupSlotForCNodeOp(isSource, root, invocation.argLo(i), invocation.argHi(i), argNumber(invocation, i + 1));
}

/** The slot of extra cap `i`, if the request has so many. */
export function extraSlot(invocation: Invocation, i: number): Slot | undefined {
  return i < invocation.extraCapCount ? invocation.extraSlots[i] : undefined;
}
