// SPDX-License-Identifier: BSD-2-Clause
/**
 * How invocations set up the threads of a run: scheduling contexts, fault handlers, bound notifications, interrupts. They name
 * these by capability pointers, and a record knows the object behind the invoked one only; `setup-view.ts` finds out the
 * others. For each thing the last word is kept, so that what is kept grows with what there is, not with the records.
 */
import { CAP_TYPE } from '../../../schema/abi/cap-types.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import type { BatchReader } from '../../../schema/trace/batch.ts';

/** A pointer in the capability space of a thread, with the record that named it; pointer 0: none. */
export interface Named {
  readonly thread: number;
  readonly cptr: number;
  readonly seq: number;
}

/** What a pointer leads to, by the last record that says so. */
export interface Pointer {
  object: number;
  seq: number;
}

/** A slot whose capability was copied from another one of the same space. */
export interface Copy {
  source: number;
  seq: number;
}

/** A scheduling context (its object) and what it was bound to. */
export interface Binding {
  readonly object: number;
  readonly to: Named;
}

export interface Budget {
  readonly of: Named;
  readonly budgetUs: number;
  readonly periodUs: number;
}

/** Methods that say something. */
const METHODS = new Set([
  'TCBConfigure', 'TCBSetSpace', 'TCBSetSchedParams', 'TCBBindNotification', 'TCBUnbindNotification', 'SchedControlConfigureFlags', 'SchedContextBind',
  'SchedContextUnbind', 'SchedContextUnbindObject', 'IRQSetIRQHandler', 'IRQClearIRQHandler', 'CNodeCopy', 'CNodeMint', 'CNodeMove', 'CNodeMutate',
]);

/** Objects that set-up invocations name by a pointer. */
const NAMED_TYPES: ReadonlySet<number> = new Set([CAP_TYPE.Endpoint, CAP_TYPE.Notification, CAP_TYPE.Thread, CAP_TYPE.SchedContext]);

export class Setup {
  readonly isClassic: boolean;
  private readonly methods: (string | undefined)[];
  private readonly wanted: Uint8Array;
  /** By thread and pointer. */
  readonly pointers = new Table<Pointer>();
  readonly copies = new Table<Copy>();
  /** By the object of the TCB. */
  readonly schedContexts = new Map<number, Named>();
  readonly handlers = new Map<number, Named>();
  readonly notifications = new Map<number, Named>();
  /** By thread and pointer of what they are bound to, or of the scheduling context. */
  readonly bindings = new Table<Binding>();
  readonly budgets = new Table<Budget>();
  /** Notifications by the object of the interrupt's handler. */
  readonly interrupts = new Map<number, Named>();
  /** Last record in which a scheduling context was bound or unbound by an invocation of its own, by its object. */
  readonly rebound = new Map<number, number>();

  constructor(interfaces: InterfaceModel) {
    this.isClassic = interfaces.configuration.scheduling === 'classic';
    this.methods = interfaces.byLabel.map((method) => (method !== undefined && METHODS.has(method.id) ? method.id : undefined));
    this.wanted = Uint8Array.from(this.methods, (method) => (method === undefined ? 0 : 1));
  }

  /** How much is kept. */
  get size(): number {
    return this.pointers.size + this.copies.size + this.bindings.size + this.budgets.size + this.schedContexts.size + this.handlers.size + this.notifications.size + this.interrupts.size + this.rebound.size;
  }

  /** Whether a method with this label says something. */
  wants(label: number): boolean {
    return this.wanted[label] === 1;
  }

  /** Whether a method with this label gives a new thread its spaces. */
  configures(label: number): boolean {
    return this.methods[label] === 'TCBConfigure';
  }

  /** Record `seq` invoked an object by a pointer. To be told once for several records, with the last. */
  leadsTo(thread: number, cptr: number, object: number, capType: number, seq: number): void {
    const known = this.pointers.get(thread, cptr);
    const isNamed = NAMED_TYPES.has(capType);
    if (known === undefined) {
      if (isNamed) this.pointers.set(thread, cptr, { object, seq });
    } else if (known.seq < seq) {
      known.object = isNamed ? object : 0;
      known.seq = seq;
    }
  }

  /** Takes an invocation that succeeded, of a method that it {@link wants}. */
  take(batch: BatchReader, row: number): void {
    const seq = batch.firstSeq + row;
    const { thread: threads, object: objects, method: methods } = batch.records;
    const [thread, object] = [threads[row]!, objects[row]!];
    const cap = (index: number): Named => ({ thread, cptr: batch.requestCap(row, index), seq });
    const word = (index: number): number => batch.requestWord(row, index);
    const method = this.methods[methods[row]!];
    switch (method) {
      case 'TCBConfigure':
      case 'TCBSetSpace':
        // Classic kernels look the handler up in the space of the thread that faults.
        if (this.isClassic) this.handlers.set(object, { thread: object, cptr: word(0), seq });
        else if (method === 'TCBSetSpace') this.handlers.set(object, cap(0));
        return;
      case 'TCBSetSchedParams':
        if (this.isClassic) return;
        this.schedContexts.set(object, cap(1));
        this.handlers.set(object, cap(2));
        return;
      case 'TCBBindNotification': return void this.notifications.set(object, cap(0));
      case 'TCBUnbindNotification': return void this.notifications.delete(object);
      case 'SchedControlConfigureFlags': {
        const of = cap(0);
        return this.budgets.set(thread, of.cptr, { of, budgetUs: word(0), periodUs: word(1) });
      }
      case 'SchedContextBind':
      case 'SchedContextUnbind':
      case 'SchedContextUnbindObject':
        this.rebound.set(object, seq);
        if (method === 'SchedContextBind') this.bindings.set(thread, cap(0).cptr, { object, to: cap(0) });
        return;
      case 'IRQSetIRQHandler': return void this.interrupts.set(object, cap(0));
      case 'IRQClearIRQHandler': return void this.interrupts.delete(object);
      // A capability of the invoker copied within one CNode, which is taken for the root of its space.
      default: if (batch.requestCap(row, 0) === batch.records.cptr[2 * row]) this.takeCopy(thread, word(0), word(2), seq);
    }
  }

  private takeCopy(thread: number, destination: number, source: number, seq: number): void {
    const known = this.copies.get(thread, destination);
    if (known === undefined) return this.copies.set(thread, destination, { source, seq });
    known.source = source;
    known.seq = seq;
  }

  snapshot(): SetupSnapshot {
    const { pointers, copies, schedContexts, handlers, notifications, bindings, rebound, budgets, interrupts } = this;
    return {
      pointers: [...pointers].map(([thread, cptr, { object, seq }]) => [thread, cptr, object, seq]),
      copies: [...copies].map(([thread, cptr, { source, seq }]) => [thread, cptr, source, seq]),
      schedContexts: flat(schedContexts), handlers: flat(handlers), notifications: flat(notifications), interrupts: flat(interrupts),
      bindings: [...bindings].map(([thread, cptr, { object, to }]) => [thread, cptr, to.seq, object]), rebound: [...rebound],
      budgets: [...budgets].map(([thread, cptr, { of, budgetUs, periodUs }]) => [thread, cptr, of.seq, budgetUs, periodUs]),
    };
  }

  /** Takes what a snapshot says in place of nothing. */
  restore(snapshot: SetupSnapshot): void {
    for (const [thread, cptr, object, seq] of snapshot.pointers) this.pointers.set(thread!, cptr!, { object: object!, seq: seq! });
    for (const [thread, cptr, source, seq] of snapshot.copies) this.copies.set(thread!, cptr!, { source: source!, seq: seq! });
    for (const name of ['schedContexts', 'handlers', 'notifications', 'interrupts'] as const) {
      for (const [object, thread, cptr, seq] of snapshot[name]) this[name].set(object!, { thread: thread!, cptr: cptr!, seq: seq! });
    }
    for (const [thread, cptr, seq, object] of snapshot.bindings) this.bindings.set(thread!, cptr!, { object: object!, to: { thread: thread!, cptr: cptr!, seq: seq! } });
    for (const [object, seq] of snapshot.rebound) this.rebound.set(object!, seq!);
    for (const [thread, cptr, seq, budgetUs, periodUs] of snapshot.budgets) {
      this.budgets.set(thread!, cptr!, { of: { thread: thread!, cptr: cptr!, seq: seq! }, budgetUs: budgetUs!, periodUs: periodUs! });
    }
  }
}

/** Rows of numbers, as plain JSON. */
export type SetupSnapshot = Readonly<Record<'pointers' | 'copies' | 'schedContexts' | 'handlers' | 'notifications' | 'interrupts' | 'bindings' | 'rebound' | 'budgets', readonly (readonly number[])[]>>;

function flat(named: ReadonlyMap<number, Named>): number[][] {
  return [...named].map(([object, { thread, cptr, seq }]) => [object, thread, cptr, seq]);
}

/** Values by thread and capability pointer. */
class Table<V> {
  private readonly rows = new Map<number, Map<number, V>>();
  /** The row of the thread that was asked for last, which is mostly asked for again. */
  private thread = 0;
  private row: Map<number, V> | undefined;
  size = 0;

  get(thread: number, cptr: number): V | undefined {
    if (thread !== this.thread) {
      this.thread = thread;
      this.row = this.rows.get(thread);
    }
    return this.row?.get(cptr);
  }

  set(thread: number, cptr: number, value: V): void {
    let row = this.rows.get(thread);
    if (row === undefined) this.rows.set(thread, (row = new Map<number, V>()));
    [this.thread, this.row] = [thread, row];
    if (!row.has(cptr)) this.size++;
    row.set(cptr, value);
  }

  *[Symbol.iterator](): Generator<readonly [thread: number, cptr: number, value: V]> {
    for (const [thread, row] of this.rows) for (const [cptr, value] of row) yield [thread, cptr, value];
  }
}
