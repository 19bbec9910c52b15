// SPDX-License-Identifier: BSD-2-Clause
/** Waiting that ends without what was waited for. */
import { STATE } from '../../../schema/abi/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';
import { wakeContext } from '../scheduling/context-binding.ts';
import { changeState, possibleSwitchTo } from '../scheduling/readiness.ts';
import { enqueueFirst } from '../scheduling/ready-queue.ts';
import { dropCall, unlinkReply } from './call-stack.ts';
import { deleteReplyCapability } from './caller.ts';
import { leaveQueue } from './wait-queue.ts';

/**
 * Ends whatever the thread waits for, and forgets its fault. The thread is inactive until the caller gives it its new
 * state; classic: one that waits for a reply stays as it is. Nothing for a thread that does not wait.
 */
export function cancelIpc(kernel: Kernel, thread: Tcb): void {
  switch (thread.state) {
    case STATE.BlockedOnSend:
    case STATE.BlockedOnReceive:
    case STATE.BlockedOnNotification:
      leaveQueue(thread);
      if (thread.reply !== null) unlinkReply(kernel, thread.reply);
      else changeState(kernel, thread, STATE.Inactive);
      break;
    case STATE.BlockedOnReply:
      if (thread.reply !== null) dropCall(kernel, thread.reply);
      if (!kernel.mcs) deleteReplyCapability(kernel, thread);
      break;
  }
  if (forgetsFault(kernel, thread)) thread.fault = null;
}

/** Whether a thread that stops waiting forgets its fault. Every thread does on a correct kernel. */
function forgetsFault(kernel: Kernel, thread: Tcb): boolean {
  if (kernel.defects.has('classic-ghost-fault')) return thread.state === STATE.BlockedOnReply;
  return !kernel.defects.has('cancel-ipc-fault');
}

/** Lets a thread whose endpoint or notification is gone make its system call again. On MCS a faulter becomes inactive instead, and keeps its fault until it is resumed. */
export function restartWaiter(kernel: Kernel, thread: Tcb): void {
  if (thread.reply !== null) unlinkReply(kernel, thread.reply);
  if (kernel.mcs && thread.fault !== null && !kernel.defects.has('cancel-faulters')) {
    changeState(kernel, thread, STATE.Inactive);
    return;
  }
  if (!kernel.defects.has('classic-ghost-fault')) thread.fault = null;
  changeState(kernel, thread, STATE.Restart);
  if (!kernel.mcs) {
    enqueueFirst(kernel, thread);
  } else {
    wakeContext(kernel, thread.schedContext);
    possibleSwitchTo(kernel, thread);
  }
}
