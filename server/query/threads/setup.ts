// SPDX-License-Identifier: BSD-2-Clause
/**
 * How threads of a run were set up: scheduling contexts, fault handlers, bound notifications, interrupts. Invocations name
 * these by capability pointers, and a record knows the object behind the invoked one only; so pointers are looked up among
 * those that somebody invoked, in the whole run. What was never invoked stays without an object.
 */
import { lanesToNumber } from '../../../schema/abi/word.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import type { TrapRecord } from '../../../schema/trace/trap-record.ts';

/** A scheduling context as an invocation named it; `null` budget: never configured in the trace. */
export interface SchedContextFacts {
  /** Object, 0 when not known. */
  readonly object: number;
  readonly budgetUs: number | null;
  readonly periodUs: number | null;
  /** Record that bound it. */
  readonly seq: number;
}

/** A pointer in the capability space of a thread, with the record that named it. */
interface Named {
  readonly thread: number;
  readonly cptr: number;
  readonly seq: number;
}

interface Budget {
  readonly budgetUs: number;
  readonly periodUs: number;
}

/** Methods that say something, by what they say. */
const METHODS = new Set([
  'TCBConfigure', 'TCBSetSpace', 'TCBSetSchedParams', 'TCBBindNotification', 'TCBUnbindNotification', 'SchedControlConfigureFlags', 'SchedContextBind',
  'SchedContextUnbind', 'SchedContextUnbindObject', 'IRQSetIRQHandler', 'CNodeCopy', 'CNodeMint', 'CNodeMove', 'CNodeMutate',
]);

/** Copies of copies that are followed. */
const MOST_COPIES = 8;
/** Where no thread is: pointers of whatever thread. */
const AMBIGUOUS = -1;

export class Setup {
  private readonly isClassic: boolean;
  private readonly wanted: boolean[];
  private readonly pointers = new Map<number, Map<number, number>>();
  private readonly anybody = new Map<number, number>();
  private readonly copies = new Map<number, Map<number, number>>();
  /** By thread: null where it was taken away. */
  private readonly schedContexts = new Map<number, Named | null>();
  /** Bindings by SchedContext_Bind, in order: the scheduling context's object and what the pointer named; unbound: null. */
  private readonly binds: { readonly object: number; readonly to: Named | null; readonly seq: number }[] = [];
  private readonly budgets: { readonly of: Named; readonly budget: Budget }[] = [];
  private readonly handlers = new Map<number, Named | null>();
  private readonly bound = new Map<number, Named | null>();
  private readonly interrupts: Named[] = [];

  constructor(interfaces: InterfaceModel) {
    this.isClassic = interfaces.configuration.scheduling === 'classic';
    this.wanted = interfaces.byLabel.map((method) => method !== undefined && METHODS.has(method.id));
  }

  /** Whether a method with this label is worth the whole record. */
  wants(label: number): boolean {
    return this.wanted[label] === true;
  }

  leadsTo(thread: number, cptr: number, object: number): void {
    let pointers = this.pointers.get(thread);
    if (pointers === undefined) this.pointers.set(thread, (pointers = new Map()));
    if (pointers.get(cptr) === object) return;
    pointers.set(cptr, object);
    const known = this.anybody.get(cptr);
    this.anybody.set(cptr, known === undefined || known === object ? object : AMBIGUOUS);
  }

  /** Takes an invocation that succeeded. */
  take(record: TrapRecord, method: string): void {
    const { seq, thread, object } = record;
    const cap = (index: number): Named | null => {
      const cptr = index < record.capCount ? lanesToNumber(record.caps[2 * index]!, record.caps[2 * index + 1]!) ?? 0 : 0;
      return cptr === 0 ? null : { thread, cptr, seq };
    };
    const word = (index: number): number => lanesToNumber(record.words[2 * index]!, record.words[2 * index + 1]!) ?? 0;
    switch (method) {
      case 'TCBConfigure':
      case 'TCBSetSpace':
        // Classic kernels look the handler up in the space of the thread that faults.
        if (this.isClassic) this.handlers.set(object, word(0) === 0 ? null : { thread: object, cptr: word(0), seq });
        else if (method === 'TCBSetSpace') this.handlers.set(object, cap(0));
        return;
      case 'TCBSetSchedParams':
        if (this.isClassic) return;
        this.schedContexts.set(object, cap(1));
        this.handlers.set(object, cap(2));
        return;
      case 'TCBBindNotification': return void this.bound.set(object, cap(0));
      case 'TCBUnbindNotification': return void this.bound.set(object, null);
      case 'SchedControlConfigureFlags': {
        const of = cap(0);
        if (of !== null) this.budgets.push({ of, budget: { budgetUs: word(0), periodUs: word(1) } });
        return;
      }
      case 'SchedContextBind': return void this.binds.push({ object, to: cap(0), seq });
      case 'SchedContextUnbind':
      case 'SchedContextUnbindObject': return void this.binds.push({ object, to: null, seq });
      case 'IRQSetIRQHandler': {
        const of = cap(0);
        if (of !== null) this.interrupts.push(of);
        return;
      }
      default: return this.takeCopy(record, word(0), word(2));
    }
  }

  /** Object behind a pointer, or 0. */
  objectOf({ thread, cptr }: Pick<Named, 'thread' | 'cptr'>): number {
    let pointer = cptr;
    for (let i = 0; i <= MOST_COPIES; i++) {
      const found = this.pointers.get(thread)?.get(pointer) ?? this.anybody.get(pointer) ?? 0;
      if (found > 0) return found;
      const source = this.copies.get(thread)?.get(pointer);
      if (source === undefined) return 0;
      pointer = source;
    }
    return 0;
  }

  /** The scheduling context of a thread: facts, `null` for one that has none as far as the trace says, undefined when it says nothing. */
  schedContextOf(thread: number): SchedContextFacts | null | undefined {
    const named = this.schedContexts.get(thread);
    let object = named ? this.objectOf(named) : 0;
    let known: 'bound' | 'unbound' | 'unknown' = named === undefined ? 'unknown' : named === null ? 'unbound' : 'bound';
    let seq = named?.seq ?? 0;
    for (const bind of this.binds) {
      if (bind.seq < seq) continue;
      const to = bind.to === null ? 0 : this.objectOf(bind.to);
      if (to === thread) [object, known, seq] = [bind.object, 'bound', bind.seq];
      else if (known === 'bound' && bind.object === object && object !== 0) [known, seq] = ['unbound', bind.seq];
    }
    if (known === 'unknown') return undefined;
    if (known === 'unbound') return null;
    // A context that was bound later is another one than the pointer of the thread's parameters named.
    return { object, seq, ...this.budgetOf(object, named?.seq === seq ? named : null) };
  }

  /** The endpoint of a thread's fault handler: object (0: not known), or null for none; undefined when the trace says nothing. */
  handlerOf(thread: number): { readonly object: number; readonly cptr: number; readonly seq: number } | null | undefined {
    const named = this.handlers.get(thread);
    return named ? { object: this.objectOf(named), cptr: named.cptr, seq: named.seq } : named;
  }

  /** Threads whose faults go to an endpoint. */
  faultersOf(endpoint: number): number[] {
    return [...this.handlers].filter(([, named]) => named !== null && this.objectOf(named) === endpoint).map(([thread]) => thread);
  }

  /** Notification that is bound to a thread: object (0: not known), undefined for none. */
  notificationOf(thread: number): number | undefined {
    const named = this.bound.get(thread);
    return named ? this.objectOf(named) : undefined;
  }

  /** Whether an interrupt signals a notification; also if an interrupt signals one that is not known. */
  isInterrupt(notification: number): boolean {
    return this.interrupts.some((named) => [0, notification].includes(this.objectOf(named)));
  }

  private budgetOf(object: number, named: Named | null): { budgetUs: number | null; periodUs: number | null } {
    const last = this.budgets.findLast(({ of }) => (object !== 0 && this.objectOf(of) === object) || (named !== null && of.thread === named.thread && of.cptr === named.cptr));
    return last?.budget ?? { budgetUs: null, periodUs: null };
  }

  /** A capability of the invoker was copied within one CNode, which is taken for the root of its space. */
  private takeCopy({ thread, caps, cptrLo, cptrHi }: TrapRecord, destination: number, source: number): void {
    if (caps[0] !== cptrLo || caps[1] !== cptrHi) return;
    let copies = this.copies.get(thread);
    if (copies === undefined) this.copies.set(thread, (copies = new Map()));
    copies.set(destination, source);
    // What the slot held before is not what it holds now.
    this.pointers.get(thread)?.delete(destination);
  }
}
