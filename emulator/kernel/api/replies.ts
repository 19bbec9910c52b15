// SPDX-License-Identifier: BSD-2-Clause
/**
 * Replies from the kernel: the only module that writes them.
 * Protocol: an operation leaves its caller in Restart and the generic path answers with an empty success, or it
 * answers itself and sets Running. Manual, "Kernel-Provided Objects and System Calls"; seL4#243, seL4#1435.
 */
import { DELIVERY } from '../../../schema/trace/trap-record.ts';
import { ROLE, STATE, packMessageInfo, type Word } from '../../../schema/abi/index.ts';
import type { SyscallError } from '../errors.ts';
import type { Invocation } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';
import { receiveBuffer, setThreadState, writeMessageWord, writeSlot } from '../registers.ts';

function writeBadgeZero(kernel: Kernel, thread: Tcb): void {
  writeSlot(kernel, thread, ROLE.badge, 0, 0);
}

function writeTag(kernel: Kernel, thread: Tcb, label: number, length: number): void {
  const tag = packMessageInfo({ label, length, extraCaps: 0, capsUnwrapped: 0 });
  writeSlot(kernel, thread, ROLE.tag, tag.lo, tag.hi);
}

/** Writes message words of a reply. Returns how many of them the thread can see. */
function writeWords(kernel: Kernel, thread: Tcb, words: readonly Word[]): number {
  const buffer = receiveBuffer(thread);
  let length = 0;
  words.forEach((w, i) => { length = writeMessageWord(kernel, thread, buffer, i, w.lo, w.hi); });
  return length;
}

/** The generic answer of an operation that has nothing to say: badge 0, tag 0. */
export function replyEmptySuccess(kernel: Kernel, thread: Tcb): void {
  kernel.observer.delivery(thread.id, DELIVERY.reply);
  writeBadgeZero(kernel, thread);
  writeSlot(kernel, thread, ROLE.tag, 0, 0);
}

/** An error reply: badge 0, the error as label, its payload as words. */
export function replyError(kernel: Kernel, thread: Tcb, error: SyscallError): void {
  kernel.observer.delivery(thread.id, DELIVERY.reply);
  writeBadgeZero(kernel, thread);
  writeTag(kernel, thread, error.label, writeWords(kernel, thread, error.words));
}

/** The answer of an operation with out-words: a complete reply to a Call, nothing to anything else. The caller is Running afterwards. */
export function replyWithWords(kernel: Kernel, invocation: Invocation, words: readonly Word[]): void {
  if (invocation.isCall) deliverWords(kernel, invocation.thread, DELIVERY.reply, words);
  setThreadState(kernel, invocation.thread, STATE.Running);
}

/** A success message with words, made for `thread` now or for its earlier trap (`DELIVERY.lateReply`). Leaves the state alone. */
export function deliverWords(kernel: Kernel, thread: Tcb, kind: number, words: readonly Word[]): void {
  kernel.observer.delivery(thread.id, kind);
  writeBadgeZero(kernel, thread);
  writeTag(kernel, thread, 0, writeWords(kernel, thread, words));
}

/** How released kernels completed a YieldTo: in the registers of whichever thread was running, and without a badge. */
export function deliverToCurrent(kernel: Kernel, words: readonly Word[]): void {
  kernel.observer.delivery(kernel.current.id, DELIVERY.lateReply);
  writeTag(kernel, kernel.current, 0, writeWords(kernel, kernel.current, words));
}

/**
 * How released kernels answered in the operations that the defects name: the words and their length are written
 * whatever the system call was, and the state stays Restart, so that for a Call the generic answer overwrites the tag.
 */
export function replyLosingInfo(kernel: Kernel, invocation: Invocation, words: readonly Word[]): void {
  const thread = invocation.thread;
  kernel.observer.delivery(thread.id, DELIVERY.reply);
  writeTag(kernel, thread, 0, writeWords(kernel, thread, words));
}
