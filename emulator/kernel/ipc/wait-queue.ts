// SPDX-License-Identifier: BSD-2-Clause
/** Queues of threads that wait on an endpoint or notification: first come, first served; on MCS by priority first. */
import type { Kernel } from '../kernel.ts';
import { EP_IDLE, Endpoint, NTFN_IDLE, type Notification, type Tcb } from '../objects.ts';

/** Queues a thread behind all that are served before it. */
export function enqueueWaiter(kernel: Kernel, queue: Tcb[], thread: Tcb): void {
  let place = queue.length;
  if (kernel.mcs) {
    while (place > 0 && queue[place - 1]!.priority < thread.priority) place--;
  }
  if (place === queue.length) queue.push(thread);
  else queue.splice(place, 0, thread);
}

/** Takes the first waiter of a queue that is not empty; the object becomes idle with the last. */
export function takeFirstWaiter(object: Endpoint | Notification): Tcb {
  const thread = object.queue.shift()!;
  thread.blockedOn = null;
  if (object.queue.length === 0) makeIdle(object);
  return thread;
}

/** Takes a thread out of the queue of the object that it waits on. */
export function leaveQueue(thread: Tcb): void {
  const object = thread.blockedOn!;
  object.queue.splice(object.queue.indexOf(thread), 1);
  thread.blockedOn = null;
  if (object.queue.length === 0) makeIdle(object);
}

/** Takes all waiters. */
export function takeAllWaiters(object: Endpoint | Notification): Tcb[] {
  const threads = object.queue.splice(0);
  for (const thread of threads) thread.blockedOn = null;
  makeIdle(object);
  return threads;
}

/** MCS: puts a waiting thread where its new priority belongs. */
export function reorderWaiter(kernel: Kernel, thread: Tcb): void {
  const { queue } = thread.blockedOn!;
  queue.splice(queue.indexOf(thread), 1);
  enqueueWaiter(kernel, queue, thread);
}

function makeIdle(object: Endpoint | Notification): void {
  object.state = object instanceof Endpoint ? EP_IDLE : NTFN_IDLE;
}
