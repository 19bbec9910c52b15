// SPDX-License-Identifier: BSD-2-Clause
/**
 * Which threads may run, and how one that became ready asks for the processor. The choice itself is made once, at
 * the end of the kernel entry, by `scheduler.ts`.
 */
import { STATE } from '../../../schema/abi/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';
import { setThreadState } from '../registers.ts';
import { enqueueFirst } from './ready-queue.ts';
import { isActive } from './refills.ts';

/** Whether the thread's own state lets it run. */
export function isRunnable(thread: Tcb): boolean {
  return thread.state === STATE.Running || thread.state === STATE.Restart;
}

/** Whether the thread waits for a message, a receiver, a reply or a signal. */
export function isBlocked(thread: Tcb): boolean {
  return thread.state >= STATE.BlockedOnReceive && thread.state <= STATE.BlockedOnNotification;
}

/** Whether the thread may be chosen to run: on MCS it also needs a configured scheduling context that is not waiting for a refill. */
export function isSchedulable(kernel: Kernel, thread: Tcb): boolean {
  if (!isRunnable(thread)) return false;
  if (!kernel.mcs) return true;
  return thread.schedContext !== null && isActive(thread.schedContext) && !thread.inReleaseQueue;
}

/** Asks for a new choice before the kernel exits. */
export function rescheduleRequired(kernel: Kernel): void {
  const { candidate } = kernel;
  kernel.candidate = null;
  kernel.rescheduleNeeded = true;
  if (candidate !== null && isSchedulable(kernel, candidate)) enqueueFirst(kernel, candidate);
}

/**
 * A thread became ready: it is tried first when it is the only one in this kernel entry, and otherwise put at the head
 * of its queue. Nothing for a thread without time on MCS.
 */
export function possibleSwitchTo(kernel: Kernel, thread: Tcb): void {
  if (kernel.mcs && (thread.schedContext === null || thread.inReleaseQueue)) return;
  if (thread.domain !== kernel.domain) {
    enqueueFirst(kernel, thread);
  } else if (kernel.candidate !== null || kernel.rescheduleNeeded) {
    rescheduleRequired(kernel);
    enqueueFirst(kernel, thread);
  } else {
    kernel.candidate = thread;
  }
}

/** Sets a thread's state; a current thread that cannot go on makes a new choice necessary. */
export function changeState(kernel: Kernel, thread: Tcb, state: number): void {
  setThreadState(kernel, thread, state);
  if (thread === kernel.current && kernel.candidate === null && !isSchedulable(kernel, thread)) rescheduleRequired(kernel);
}
