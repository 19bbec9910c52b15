// SPDX-License-Identifier: BSD-2-Clause
/**
 * What set-up invocations said, with the objects behind the pointers that they named. Pointers are looked up among those that
 * somebody invoked, in all that the setup has seen; what was never invoked stays without an object. To be made anew when
 * the setup has seen more.
 */
import type { Budget, Named, Pointer, Setup } from './setup.ts';

/** The scheduling context that invocations gave a thread. */
export interface SchedContextFacts {
  /** Object, 0 when not known. */
  readonly object: number;
  /** Null: never configured in the trace. */
  readonly budgetUs: number | null;
  readonly periodUs: number | null;
  /** Record that gave it, and the one that took it away; 0: it has it still. */
  readonly seq: number;
  readonly lostSeq: number;
}

/** Copies of copies that are followed. */
const MOST_COPIES = 8;
/** Where no object is: it depends on the thread. */
const AMBIGUOUS = -1;

export class SetupView {
  private readonly setup: Setup;
  /** Pointers of whatever thread: those that share a capability space agree. */
  private readonly anybody = new Map<number, number>();
  private readonly bindings = new Map<number, { readonly object: number; readonly seq: number }>();
  private readonly budgets = new Map<number, Budget>();
  private readonly faulters = new Map<number, number[]>();
  private readonly interrupted = new Set<number>();
  /** Some scheduling context is bound to something that no record leads to, or to a notification. */
  readonly lendsUnseen: boolean;
  /** Some budget went to a scheduling context of which the trace does not say whose it is. */
  readonly hasUnknownBudgets: boolean;

  constructor(setup: Setup, isThread: (object: number) => boolean) {
    this.setup = setup;
    for (const [, cptr, { object }] of setup.pointers) this.learn(cptr, object);
    let lendsUnseen = false;
    for (const [, , { object, to }] of setup.bindings) {
      const thread = this.objectOf(to);
      if (thread === 0 || !isThread(thread)) lendsUnseen ||= setup.rebound.get(object) === to.seq;
      else if ((this.bindings.get(thread)?.seq ?? 0) < to.seq) this.bindings.set(thread, { object, seq: to.seq });
    }
    this.lendsUnseen = lendsUnseen;
    for (const [, , budget] of setup.budgets) {
      const object = this.objectOf(budget.of);
      if ((this.budgets.get(object)?.of.seq ?? 0) < budget.of.seq) this.budgets.set(object, budget);
    }
    const given = new Set([...setup.schedContexts.values()].map(({ thread, cptr }) => `${thread} ${cptr}`));
    this.hasUnknownBudgets = [...setup.budgets].some(([thread, cptr, { of }]) => this.objectOf(of) === 0 && !given.has(`${thread} ${cptr}`));
    for (const [thread, named] of setup.handlers) {
      const endpoint = this.objectOf(named);
      const threads = this.faulters.get(endpoint);
      if (threads === undefined) this.faulters.set(endpoint, [thread]);
      else threads.push(thread);
    }
    for (const named of setup.interrupts.values()) this.interrupted.add(this.objectOf(named));
  }

  /** Object behind a pointer, or 0. */
  objectOf({ thread, cptr }: Pick<Named, 'thread' | 'cptr'>): number {
    const { pointers, copies } = this.setup;
    let at = cptr;
    for (let i = 0; i <= MOST_COPIES && at !== 0; i++) {
      const found: Pointer | undefined = pointers.get(thread, at);
      const copy = copies.get(thread, at);
      // Whatever happened last to the slot says what is in it.
      if (found !== undefined && found.seq > (copy?.seq ?? 0)) return found.object;
      if (copy === undefined) return Math.max(0, this.anybody.get(at) ?? 0);
      at = copy.source;
    }
    return 0;
  }

  /** What the trace says of a thread's scheduling context; undefined when it says nothing. */
  schedContextOf(thread: number): SchedContextFacts | undefined {
    const named = this.setup.schedContexts.get(thread);
    const bound = this.bindings.get(thread);
    if (bound !== undefined && bound.seq > (named?.seq ?? 0)) return this.factsOf(bound.object, bound.seq, undefined);
    if (named === undefined) return undefined;
    if (named.cptr === 0) return { object: 0, budgetUs: null, periodUs: null, seq: named.seq, lostSeq: named.seq };
    return this.factsOf(this.objectOf(named), named.seq, named);
  }

  /** The endpoint of a thread's fault handler: object (0: not known), pointer (0: none) and record; undefined when the trace says nothing. */
  handlerOf(thread: number): { readonly object: number; readonly cptr: number; readonly seq: number } | undefined {
    const named = this.setup.handlers.get(thread);
    return named && { object: this.objectOf(named), cptr: named.cptr, seq: named.seq };
  }

  /** Threads whose faults go to an endpoint. */
  faultersOf(endpoint: number): readonly number[] {
    return this.faulters.get(endpoint) ?? [];
  }

  /** Notification that is bound to a thread: object (0: not known), undefined for none. */
  notificationOf(thread: number): number | undefined {
    const named = this.setup.notifications.get(thread);
    return named && this.objectOf(named);
  }

  /** Whether an interrupt signals a notification; also if an interrupt signals one that is not known. */
  isInterrupt(notification: number): boolean {
    return this.interrupted.has(notification) || this.interrupted.has(0);
  }

  private learn(cptr: number, object: number): void {
    const known = this.anybody.get(cptr);
    this.anybody.set(cptr, known === undefined || known === object ? object : AMBIGUOUS);
  }

  private factsOf(object: number, seq: number, named: Named | undefined): SchedContextFacts {
    const rebound = this.setup.rebound.get(object) ?? 0;
    const budget = object !== 0 ? this.budgets.get(object) : named && this.setup.budgets.get(named.thread, named.cptr);
    return { object, budgetUs: budget?.budgetUs ?? null, periodUs: budget?.periodUs ?? null, seq, lostSeq: rebound > seq ? rebound : 0 };
  }
}
