// SPDX-License-Identifier: BSD-2-Clause
import { STATE } from '../../../schema/abi/index.ts';
import { reorderWaiter } from '../ipc/wait-queue.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';
import { isRunnable, possibleSwitchTo, rescheduleRequired } from './readiness.ts';
import { dequeueReady, enqueueFirst } from './ready-queue.ts';

/** Gives a thread a priority, and its place in the queues that goes with it. */
export function setPriority(kernel: Kernel, thread: Tcb, priority: number): void {
  if (kernel.mcs) setPriorityMcs(kernel, thread, priority);
  else setPriorityClassic(kernel, thread, priority);
}

function setPriorityMcs(kernel: Kernel, thread: Tcb, priority: number): void {
  if (isRunnable(thread) && (thread.inReadyQueue || thread === kernel.current)) {
    dequeueReady(kernel, thread);
    thread.priority = priority;
    enqueueFirst(kernel, thread);
    rescheduleRequired(kernel);
    return;
  }
  thread.priority = priority;
  if (isWaiting(thread)) reorderWaiter(kernel, thread);
}

function isWaiting(thread: Tcb): boolean {
  return thread.state === STATE.BlockedOnReceive || thread.state === STATE.BlockedOnSend || thread.state === STATE.BlockedOnNotification;
}

function setPriorityClassic(kernel: Kernel, thread: Tcb, priority: number): void {
  dequeueReady(kernel, thread);
  thread.priority = priority;
  if (!isRunnable(thread)) return;
  if (thread === kernel.current) {
    rescheduleRequired(kernel);
  } else {
    enqueueFirst(kernel, thread);
    possibleSwitchTo(kernel, thread);
  }
}
