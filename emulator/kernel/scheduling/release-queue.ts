// SPDX-License-Identifier: BSD-2-Clause
/** MCS: threads that wait for the head refill of their scheduling context, earliest first. */
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';

function releaseTime(thread: Tcb): number {
  return thread.schedContext!.refills[0]!.time;
}

/** Queues a thread with an active scheduling context by the time of its head refill, behind those with the same time. */
export function enqueueRelease(kernel: Kernel, thread: Tcb): void {
  const queue = kernel.releaseQueue;
  const time = releaseTime(thread);
  let place = queue.length;
  while (place > 0 && releaseTime(queue[place - 1]!) > time) place--;
  queue.splice(place, 0, thread);
  thread.inReleaseQueue = true;
  if (place === 0) kernel.reprogram = true;
}

/** Takes a thread out of the release queue; nothing when it is not there. */
export function dequeueRelease(kernel: Kernel, thread: Tcb): void {
  if (!thread.inReleaseQueue) return;
  const place = kernel.releaseQueue.indexOf(thread);
  kernel.releaseQueue.splice(place, 1);
  thread.inReleaseQueue = false;
  if (place === 0) kernel.reprogram = true;
}
