// SPDX-License-Identifier: BSD-2-Clause
/**
 * SchedContext_YieldTo: the thread of a context runs before the caller does, and the caller learns how much time it
 * used. If the thread may run now and not below the caller's priority, the answer comes later: when the caller runs
 * again, or when nobody can run on the context for it any more. Reply protocol, "MCS".
 */
import { DELIVERY } from '../../../schema/trace/trap-record.ts';
import { deliverToCurrent, deliverWords, replyLosingInfo, replyWithWords } from '../api/replies.ts';
import { ILLEGAL_OPERATION, type SyscallError } from '../errors.ts';
import type { Invocation, Perform } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import type { SchedContext, Tcb } from '../objects.ts';
import { takeConsumed } from '../scheduling/consumed.ts';
import { resumeContext, unblockContext } from '../scheduling/context-binding.ts';
import { isSchedulable, rescheduleRequired } from '../scheduling/readiness.ts';
import { dequeueReady, enqueueFirst } from '../scheduling/ready-queue.ts';

export function decodeYieldTo(kernel: Kernel, invocation: Invocation, context: SchedContext): SyscallError | Perform {
  const caller = invocation.thread;
  const target = context.thread;
  if (target === null || target === caller || target.priority > caller.mcp) return ILLEGAL_OPERATION;
  return () => {
    if (!yieldTo(kernel, invocation, context, target)) {
      const reply = kernel.defects.has('sc-yield-to') ? replyLosingInfo : replyWithWords;
      reply(kernel, invocation, [takeConsumed(kernel, context)]);
    }
    return 'done';
  };
}

/** True when the caller has to wait until the target ran. */
function yieldTo(kernel: Kernel, invocation: Invocation, context: SchedContext, target: Tcb): boolean {
  const caller = invocation.thread;
  if (context.yieldFrom !== null) completeYieldTo(kernel, context.yieldFrom);
  resumeContext(kernel, context);
  if (!isSchedulable(kernel, target)) return false;
  unblockContext(kernel, context);
  dequeueReady(kernel, target);
  const waits = target.priority >= caller.priority;
  if (waits) {
    caller.yieldTo = context;
    caller.yieldOwesReply = invocation.isCall || kernel.defects.has('yield-to-send');
    context.yieldFrom = caller;
    kernel.observer.yieldPending(caller.id, true);
    if (!kernel.defects.has('yield-to-returns')) enqueueFirst(kernel, caller);
  }
  enqueueFirst(kernel, target);
  if (waits && !kernel.defects.has('yield-to-returns')) rescheduleRequired(kernel);
  return waits;
}

/** Ends the wait of a thread whose YieldTo is not completed yet: with an answer, if it made a Call. */
export function completeYieldTo(kernel: Kernel, yielder: Tcb): void {
  const words = [takeConsumed(kernel, yielder.yieldTo!)];
  if (yielder.yieldOwesReply) {
    if (kernel.defects.has('yield-to-wrong-thread')) deliverToCurrent(kernel, words);
    else deliverWords(kernel, yielder, DELIVERY.lateReply, words);
  }
  cancelYieldTo(kernel, yielder);
}

/** The thread's registers were set by somebody else: the answer that it waited for would overwrite them. */
export function dropYieldReply(kernel: Kernel, yielder: Tcb): void {
  if (!kernel.defects.has('yield-to-send')) yielder.yieldOwesReply = false;
}

/** Ends the wait for a YieldTo, if there is one, without an answer. */
export function cancelYieldTo(kernel: Kernel, yielder: Tcb): void {
  if (yielder.yieldTo === null) return;
  yielder.yieldTo.yieldFrom = null;
  yielder.yieldTo = null;
  kernel.observer.yieldPending(yielder.id, false);
}
