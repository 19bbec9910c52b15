// SPDX-License-Identifier: BSD-2-Clause
/**
 * Puts arguments into lanes. `what` names the argument in the error a caller sees, e.g. `seL4_CNode_Copy: dest_depth`.
 * No BigInt arithmetic happens for arguments that are numbers.
 */
import { isWordNumber, type WordLike } from '../../schema/abi/word.ts';
import type { CapabilityRef } from './capability.ts';

/** An argument cannot be sent: it is not a word, too wide for its field, or there is no IPC buffer to carry it. Nothing has trapped. */
export class MarshalError extends RangeError {
  override readonly name: string = 'MarshalError';
}

const MAX_WORD = 0xffff_ffff_ffff_ffffn;

/** Writes one word at lanes `at` and `at + 1`. Throws a {@link MarshalError} for anything but 0..2^64-1. */
export function putWord(lanes: Uint32Array, at: number, value: WordLike, what: string): void {
  if (typeof value === 'number') {
    if (!isWordNumber(value)) throw new MarshalError(`${what}: ${value} is not a 64-bit word (a number must be a safe non-negative integer; pass a bigint)`);
    lanes[at] = value;
    lanes[at + 1] = value / 0x1_0000_0000;
    return;
  }
  if (typeof value !== 'bigint' || value < 0n || value > MAX_WORD) throw new MarshalError(`${what}: ${String(value)} is not a 64-bit word`);
  lanes[at] = Number(value & 0xffff_ffffn);
  lanes[at + 1] = Number(value >> 32n);
}

/** Writes the capability pointer of a capability, or a pointer given as a word. */
export function putCap(lanes: Uint32Array, at: number, cap: CapabilityRef, what: string): void {
  if (typeof cap === 'object') {
    lanes[at] = cap.cptrLo;
    lanes[at + 1] = cap.cptrHi;
  } else putWord(lanes, at, cap, what);
}

/** Checks an unsigned value of `bits` (1..32) bits and returns it. */
export function checkBits(value: number, bits: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) throw new MarshalError(`${what}: ${value} is not an unsigned value of ${bits} bits`);
  return value;
}
