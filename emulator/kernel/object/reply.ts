// SPDX-License-Identifier: BSD-2-Clause
/** Answers to callers and faulters: through reply objects (MCS) and reply capabilities (classic). */
import { CAP_TYPE, STATE, ZERO } from '../../../schema/abi/index.ts';
import { applyFaultReply, faultLabel } from '../api/fault-messages.ts';
import { raiseTimeout } from '../api/faults.ts';
import { deleteSlotNow } from '../cspace/delete.ts';
import { popCall } from '../ipc/call-stack.ts';
import { cancelIpc } from '../ipc/cancel.ts';
import { transferMessage } from '../ipc/transfer.ts';
import type { Kernel } from '../kernel.ts';
import { Reply, type Tcb } from '../objects.ts';
import { hasTimeoutHandler } from '../scheduling/budget.ts';
import { postpone, wakeContext } from '../scheduling/context-binding.ts';
import { changeState, isRunnable, possibleSwitchTo } from '../scheduling/readiness.ts';
import { isReleased } from '../scheduling/refills.ts';
import type { Slot } from '../slot.ts';

export { deleteCallerCap } from '../ipc/caller.ts';

/** MCS: answers the thread that waits for an answer through the reply object. Nothing when none does. */
export function doReply(kernel: Kernel, sender: Tcb, reply: Reply, canGrant: boolean): void {
  const caller = reply.thread;
  if (caller === null || caller.state !== STATE.BlockedOnReply) return;
  popCall(kernel, reply);
  wakeContext(kernel, caller.schedContext);
  const wasTimeout = caller.fault !== null && caller.fault.label === faultLabel(kernel, 'Timeout');
  answer(kernel, sender, caller, canGrant);
  const context = caller.schedContext;
  if (context === null || !isRunnable(caller)) return;
  if (isReleased(context, kernel.timestamp)) possibleSwitchTo(kernel, caller);
  else if (hasTimeoutHandler(caller) && !wasTimeout) raiseTimeout(kernel, caller);
  else postpone(kernel, context);
}

/** Gives a caller the sender's message, or a faulter the answer to its fault, and its next state. */
function answer(kernel: Kernel, sender: Tcb, caller: Tcb, canGrant: boolean): void {
  if (caller.fault === null) {
    transferMessage(kernel, sender, null, ZERO, canGrant, caller);
    changeState(kernel, caller, STATE.Running);
  } else {
    const restart = applyFaultReply(kernel, sender, caller);
    caller.fault = null;
    changeState(kernel, caller, restart ? STATE.Restart : STATE.Inactive);
  }
}

/** Classic: answers a caller through the reply capability in `slot`, which is used up. */
export function doClassicReply(kernel: Kernel, sender: Tcb, caller: Tcb, slot: Slot, canGrant: boolean): void {
  deleteSlotNow(kernel, slot);
  answer(kernel, sender, caller, canGrant);
  if (isRunnable(caller)) possibleSwitchTo(kernel, caller);
}

/** Classic: answers the thread's last caller, if it still can be answered. */
export function replyFromCallerSlot(kernel: Kernel, thread: Tcb): void {
  const slot = thread.slots.caller;
  const { cap } = slot;
  if (cap.type === CAP_TYPE.Reply && !(cap.object instanceof Reply)) doClassicReply(kernel, thread, cap.object, slot, cap.canGrant);
}

/** What the end of a reply object means to the thread behind it: a caller gets its scheduling context back, and neither it nor a receiver goes on. */
export function destroyReply(kernel: Kernel, reply: Reply): void {
  const { thread } = reply;
  if (thread === null) return;
  if (thread.state === STATE.BlockedOnReply) popCall(kernel, reply);
  else cancelIpc(kernel, thread);
}
