// SPDX-License-Identifier: BSD-2-Clause
/**
 * MCS reply objects: which thread each will answer, and the call stacks that they form.
 *
 * A caller's scheduling context goes along with its call to a passive server. The reply objects of the calls that a
 * context went through are a stack that hangs on it, the latest on top; answering the top returns the context.
 */
import type { Kernel } from '../kernel.ts';
import { SchedContext, type Reply, type Tcb } from '../objects.ts';
import { changeState } from '../scheduling/readiness.ts';
import { donate } from '../scheduling/context-binding.ts';
import { STATE } from '../../../schema/abi/index.ts';

/** Makes the thread the one that the reply object refers to. */
export function linkReply(reply: Reply, thread: Tcb): void {
  reply.thread = thread;
  thread.reply = reply;
}

/** Takes the reply object from its thread, which is stopped by that; the caller gives it its next state. */
export function unlinkReply(kernel: Kernel, reply: Reply): void {
  const { thread } = reply;
  if (thread === null) return;
  thread.reply = null;
  reply.thread = null;
  changeState(kernel, thread, STATE.Inactive);
}

/**
 * The caller waits for the callee's answer through a free reply object. A passive callee gets the caller's scheduling
 * context, if `canDonate`.
 */
export function pushCall(kernel: Kernel, caller: Tcb, callee: Tcb, reply: Reply, canDonate: boolean): void {
  linkReply(reply, caller);
  changeState(kernel, caller, STATE.BlockedOnReply);
  const context = caller.schedContext;
  if (!canDonate || context === null || callee.schedContext !== null) return;
  const top = context.reply;
  reply.previous = top;
  if (top !== null) top.next = reply;
  reply.next = context;
  context.reply = reply;
  donate(kernel, context, callee);
}

/**
 * Frees the reply object of a thread that waits for an answer. If it is the top of a call stack, the thread gets the
 * scheduling context back, unless it has got another one.
 */
export function popCall(kernel: Kernel, reply: Reply): void {
  const caller = reply.thread!;
  const above = reply.next;
  leaveStack(reply);
  unlinkReply(kernel, reply);
  if (above instanceof SchedContext && caller.schedContext === null) donate(kernel, above, caller);
}

/** Frees the reply object of a thread that no longer waits for an answer. The scheduling context stays where it is. */
export function dropCall(kernel: Kernel, reply: Reply): void {
  leaveStack(reply);
  unlinkReply(kernel, reply);
}

/** The next below the top becomes the top; a reply object within a stack breaks it, so that those below lose their context. */
function leaveStack(reply: Reply): void {
  const { previous, next } = reply;
  if (next instanceof SchedContext) {
    next.reply = previous;
    if (previous !== null) previous.next = next;
  } else {
    if (next !== null) next.previous = null;
    if (previous !== null) previous.next = null;
  }
  reply.previous = null;
  reply.next = null;
}

/** Takes the call stack from a scheduling context: answers no longer return it. */
export function detachStack(context: SchedContext): void {
  if (context.reply !== null) context.reply.next = null;
  context.reply = null;
}
