// SPDX-License-Identifier: BSD-2-Clause
/** MCS: which thread a scheduling context serves, and when it comes into use. */
import type { Kernel } from '../kernel.ts';
import type { Notification, SchedContext, Tcb } from '../objects.ts';
import { isSchedulable, rescheduleRequired } from './readiness.ts';
import { dequeueReady, enqueueFirst } from './ready-queue.ts';
import { countFromNow, isActive, isReleased } from './refills.ts';
import { dequeueRelease, enqueueRelease } from './release-queue.ts';

/** Makes the context's thread wait for the head refill. */
export function postpone(kernel: Kernel, context: SchedContext): void {
  const thread = context.thread!;
  dequeueReady(kernel, thread);
  enqueueRelease(kernel, thread);
  kernel.reprogram = true;
}

/** Makes the thread of a context wait if it could run but for its refills. */
export function resumeContext(kernel: Kernel, context: SchedContext): void {
  const thread = context.thread!;
  if (isSchedulable(kernel, thread) && !isReleased(context, kernel.timestamp)) postpone(kernel, context);
}

/** The context comes into use: its refills count from now. */
export function unblockContext(kernel: Kernel, context: SchedContext): void {
  if (countFromNow(context, kernel.timestamp)) kernel.reprogram = true;
}

/**
 * A thread stops being blocked: a sporadic context that is not being charged already counts from now. Other contexts
 * do so when the processor switches to them.
 */
export function wakeContext(kernel: Kernel, context: SchedContext | null): void {
  if (context !== null && context.sporadic && isActive(context) && context !== kernel.currentSchedContext) {
    unblockContext(kernel, context);
  }
}

/** Binds a context without a thread to a thread without a context. */
export function bindThread(kernel: Kernel, context: SchedContext, thread: Tcb): void {
  context.thread = thread;
  thread.schedContext = context;
  wakeContext(kernel, context);
  resumeContext(kernel, context);
  if (isSchedulable(kernel, thread)) {
    enqueueFirst(kernel, thread);
    rescheduleRequired(kernel);
  }
}

/** Takes the context from its thread. */
export function unbindThread(kernel: Kernel, context: SchedContext): void {
  const thread = context.thread!;
  if (thread === kernel.current && !kernel.defects.has('unbind-current')) rescheduleRequired(kernel);
  dequeueReady(kernel, thread);
  dequeueRelease(kernel, thread);
  thread.schedContext = null;
  context.thread = null;
}

/** Moves the context, with its thread's time, to a thread that has none. */
export function donate(kernel: Kernel, context: SchedContext, to: Tcb): void {
  if (context.thread !== null) unbindThread(kernel, context);
  context.thread = to;
  to.schedContext = context;
}

/** Lends the notification's context to a passive thread that it wakes. */
export function lendContext(kernel: Kernel, notification: Notification, thread: Tcb): void {
  const context = notification.schedContext;
  if (thread.schedContext !== null || context === null || context.thread !== null) return;
  donate(kernel, context, thread);
  if (!isActive(context)) return;
  if (context !== kernel.currentSchedContext) unblockContext(kernel, context);
  resumeContext(kernel, context);
}

/** Takes back the context that the thread got from this notification, as the thread is about to wait again. */
export function returnContext(kernel: Kernel, notification: Notification, thread: Tcb): void {
  const context = notification.schedContext;
  if (context !== null && context === thread.schedContext) unbindThread(kernel, context);
}
