// SPDX-License-Identifier: BSD-2-Clause
/**
 * Classic reply capabilities: a thread that was resumed holds its master reply capability; a call derives from it the
 * capability of the receiver's caller slot. Manual, "Calling and Replying".
 */
import { CAP_TYPE, STATE } from '../../../schema/abi/index.ts';
import { insertDerived, insertRoot } from '../cspace/derivation.ts';
import { deleteSlot, deleteSlotNow } from '../cspace/delete.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';
import { changeState } from '../scheduling/readiness.ts';

/** Gives a thread its master reply capability, if it has none. */
export function setupMasterReply(thread: Tcb): void {
  const slot = thread.slots.reply;
  if (slot.cap.type !== CAP_TYPE.Null) return;
  insertRoot(slot, { type: CAP_TYPE.Reply, object: thread, master: true, canGrant: true });
}

/** The caller waits for an answer through the capability that the callee gets in its caller slot. */
export function setupCaller(kernel: Kernel, caller: Tcb, callee: Tcb, canGrant: boolean): void {
  changeState(kernel, caller, STATE.BlockedOnReply);
  insertDerived(callee.slots.caller, { type: CAP_TYPE.Reply, object: caller, master: false, canGrant }, caller.slots.reply);
}

/** Empties a thread's caller slot: the caller will not be answered through it. */
export function deleteCallerCap(kernel: Kernel, thread: Tcb): void {
  deleteSlot(kernel, thread.slots.caller);
}

/** Deletes the reply capability to a thread, wherever it is. */
export function deleteReplyCapability(kernel: Kernel, thread: Tcb): void {
  const given = thread.slots.reply.firstChild;
  if (given !== null) deleteSlotNow(kernel, given);
}
