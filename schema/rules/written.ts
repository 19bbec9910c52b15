// SPDX-License-Identifier: BSD-2-Clause
/** Questions about the sets of context slots and IPC buffer words that a delivery wrote (layout: `Delivery`). */
import { IPC_BUFFER } from '../abi/ipc-buffer.ts';
import { MSG_MAX_LENGTH } from '../abi/message-info.ts';
import { MESSAGE_REGISTERS, ROLE, SLOT } from '../abi/registers.ts';

/** Badge, tag and message registers are slots below 32, so all are in the first element of a slot set. */
export const BADGE_BIT = 1 << ROLE.badge;
export const TAG_BIT = 1 << ROLE.tag;
export const MESSAGE_REGISTER_BITS = ((1 << MESSAGE_REGISTERS) - 1) << ROLE.mr0;
/** Every slot that a kernel reply may write. */
export const REPLY_BITS = BADGE_BIT | TAG_BIT | MESSAGE_REGISTER_BITS;

/** Whether any IPC buffer word is in the set. */
export function anyBufferWord(bufferWords: Uint32Array): boolean {
  return (bufferWords[0]! | bufferWords[1]! | bufferWords[2]! | bufferWords[3]!) !== 0;
}

export function hasBufferWord(bufferWords: Uint32Array, index: number): boolean {
  return ((bufferWords[index >>> 5]! >>> (index & 31)) & 1) === 1;
}

/** Whether message word `i` was written: in its register, or in the buffer from word 4 on. */
export function messageWordWritten(slots: Uint32Array, bufferWords: Uint32Array, i: number): boolean {
  return i < MESSAGE_REGISTERS ? ((slots[0]! >>> (ROLE.mr0 + i)) & 1) === 1 : hasBufferWord(bufferWords, IPC_BUFFER.msg + i);
}

/** First of the message words 0..`length`-1 that was not written, looking at `limit` words at most; -1 when all were. */
export function firstUnwritten(slots: Uint32Array, bufferWords: Uint32Array, length: number, limit = MSG_MAX_LENGTH): number {
  const end = Math.min(length, limit, MSG_MAX_LENGTH);
  for (let i = 0; i < end; i++) if (!messageWordWritten(slots, bufferWords, i)) return i;
  return -1;
}

/**
 * First IPC buffer word that a message of `length` words has no business writing: below the fifth message word
 * (those travel in registers only), beyond the length, or outside the message area. -1 when there is none.
 */
export function firstForeignBufferWord(bufferWords: Uint32Array, length: number): number {
  if (!anyBufferWord(bufferWords)) return -1;
  const first = IPC_BUFFER.msg + MESSAGE_REGISTERS;
  const end = IPC_BUFFER.msg + Math.min(length, MSG_MAX_LENGTH);
  for (let index = 0; index < 128; index++) {
    if (hasBufferWord(bufferWords, index) && (index < first || index >= end)) return index;
  }
  return -1;
}

/** scause, sstatus and the two program counters: kernel entry and exit write them, whatever happens between. */
export function isTrapSlot(slot: number): boolean {
  return slot >= SLOT.scause;
}

const LOW_TRAP_SLOTS = 1 << SLOT.scause;
const HIGH_TRAP_SLOTS = (1 << (SLOT.sstatus - 32)) | (1 << (SLOT.FaultIP - 32)) | (1 << (SLOT.NextIP - 32));

/** Whether a slot was written that no message sets and that is none of the trap itself. */
export function hasOtherSlot(slots: Uint32Array): boolean {
  return hasOtherSlots(slots[0]!, slots[1]!);
}

/** {@link hasOtherSlot} of a set in lanes. */
export function hasOtherSlots(low: number, high: number): boolean {
  return ((low & ~(REPLY_BITS | LOW_TRAP_SLOTS)) | (high & ~HIGH_TRAP_SLOTS)) !== 0;
}
