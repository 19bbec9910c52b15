// SPDX-License-Identifier: BSD-2-Clause
/** Ready threads: a queue for each domain and priority, with a bit map of the priorities in use. */
import { MAX_PRIORITY } from '../../../schema/abi/index.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';

const PRIORITY_WORDS = (MAX_PRIORITY + 1) / 32;

function queueOf(kernel: Kernel, domain: number, priority: number): Tcb[] {
  const priorities = (kernel.readyQueues[domain] ??= []);
  return (priorities[priority] ??= []);
}

/** Bit map of a domain: bit p & 31 of word p >>> 5 is set when priority p has a ready thread. */
function bitsOf(kernel: Kernel, domain: number): Uint32Array {
  return (kernel.readyPriorities[domain] ??= new Uint32Array(PRIORITY_WORDS));
}

/** Puts a thread at the head of its queue; nothing when it is queued already. */
export function enqueueFirst(kernel: Kernel, thread: Tcb): void {
  if (thread.inReadyQueue) return;
  queueOf(kernel, thread.domain, thread.priority).unshift(thread);
  markReady(kernel, thread);
}

/** Puts a thread at the end of its queue; nothing when it is queued already. */
export function enqueueLast(kernel: Kernel, thread: Tcb): void {
  if (thread.inReadyQueue) return;
  queueOf(kernel, thread.domain, thread.priority).push(thread);
  markReady(kernel, thread);
}

function markReady(kernel: Kernel, thread: Tcb): void {
  thread.inReadyQueue = true;
  bitsOf(kernel, thread.domain)[thread.priority >>> 5]! |= 1 << (thread.priority & 31);
}

/** Takes a thread out of its ready queue; nothing when it is in none. */
export function dequeueReady(kernel: Kernel, thread: Tcb): void {
  if (!thread.inReadyQueue) return;
  const { domain, priority } = thread;
  const queue = queueOf(kernel, domain, priority);
  if (queue[0] === thread) queue.shift();
  else queue.splice(queue.indexOf(thread), 1);
  thread.inReadyQueue = false;
  if (queue.length === 0) bitsOf(kernel, domain)[priority >>> 5]! &= ~(1 << (priority & 31));
}

/** Highest priority with a ready thread in the current domain; -1 for none. */
export function highestReadyPriority(kernel: Kernel): number {
  const bits = bitsOf(kernel, kernel.domain);
  for (let i = PRIORITY_WORDS - 1; i >= 0; i--) {
    if (bits[i] !== 0) return 32 * i + 31 - Math.clz32(bits[i]!);
  }
  return -1;
}

/** The thread to run next by priority in the current domain, at the head of its queue. */
export function firstReady(kernel: Kernel): Tcb | undefined {
  const priority = highestReadyPriority(kernel);
  return priority < 0 ? undefined : queueOf(kernel, kernel.domain, priority)[0];
}

/** Whether a thread of any domain is ready. */
export function anyReady(kernel: Kernel): boolean {
  return kernel.readyPriorities.some((bits) => bits.some((word) => word !== 0));
}
