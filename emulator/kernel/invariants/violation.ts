// SPDX-License-Identifier: BSD-2-Clause
/** The invariants of the model by name, and what it means that one is broken. */

export const INVARIANTS = {
  'derivation-links': 'parents, children and siblings in the derivation tree agree, and the tree has no ring',
  'derivation-authority': 'what a capability was derived from covers it',
  'capability-alive': 'no capability refers to a destroyed object',
  'capability-count': 'an object knows how many capabilities refer to it',
  'untyped-memory': 'objects lie apart, below the watermark of their untyped memory',
  'zombie-empty': 'slots that a deletion is through with are empty',
  'asid-pool': 'an address space that a pool names has a capability that says so',
  'page-mapping': 'a page that is mapped has a capability that says where, with no fewer rights',
  'table-mapping': 'a page table that is mapped has a capability that says where',
  'irq-line': 'the interrupt lines that are not masked are those with a handler, which signals a notification or nothing',
  'decision-made': 'the scheduler has nothing left to decide',
  'running-thread': 'the running thread may run',
  'charged-context': 'the scheduling context of the running thread is charged, and its refill may be used',
  'timer-set': 'the timer comes no later than the end of the budget',
  'ready-queue': 'ready queues hold the threads that may run, each once, but for the running one',
  'release-queue': 'the release queue holds the threads that wait for a refill, earliest first',
  'blocked-thread': 'a thread that waits on an object is once in its queue, and no other thread is',
  'blocked-thread-released': 'a thread that waits on an object has a refill that it could run on',
  'wait-queue': 'a wait queue is in order, and its threads are in the state that the object says',
  'pending-fault': 'only a stopped thread has a fault',
  'context-links': 'a scheduling context and its thread know each other',
  'notification-links': 'a notification, its bound thread and its scheduling context know each other',
  'yield-links': 'a thread that waits for a YieldTo and the scheduling context know each other',
  'reply-links': 'a reply object and its thread know each other',
  'call-stack': 'reply objects of a call stack and its scheduling context know each other',
  'refills': 'refills sum up to the budget, in order, and within a period',
} as const satisfies Record<string, string>;

export type InvariantName = keyof typeof INVARIANTS;

/** A broken invariant. */
export interface Violation {
  readonly name: InvariantName;
  /** Which object, and what is wrong with it. */
  readonly detail: string;
}

export function detailsOf(violations: readonly Violation[]): string[] {
  return violations.map(({ detail }) => detail);
}
