// SPDX-License-Identifier: BSD-2-Clause
/**
 * What the records of a run say of its threads up to some record: the state of each and since when, what it did, and who used
 * which object how. It is taken from the columns of whole batches, and can be put down as a checkpoint and taken up again.
 */
import { CAP_TYPE } from '../../../schema/abi/cap-types.ts';
import { STATE } from '../../../schema/abi/thread-state.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import { unzigzag, type BatchReader } from '../../../schema/trace/batch.ts';
import { STATE_AFTER } from '../../../schema/trace/batch-layout.ts';
import { CAUSE, DELIVERY, OUTCOME, TRANSITION_FLAG } from '../../../schema/trace/trap-record.ts';
import { activityOf } from '../../store/activity.ts';
import { AlikeTraps } from './alike-traps.ts';
import { Setup, type SetupSnapshot } from './setup.ts';
import { ThreadHistory, trapKey, type ThreadSnapshot } from './thread-history.ts';
import { Uses } from './uses.ts';

/**
 * Of the form and the meaning of a checkpoint: of another revision, it is not read. When what table `thread_chunk` counts changes its
 * meaning, a migration has to empty that.
 */
export const HISTORY_REVISION = 1;

/** A run's history as plain JSON. */
export interface HistorySnapshot {
  readonly lastSeq: number;
  readonly lastTime: number;
  readonly running: number;
  readonly threads: readonly ThreadSnapshot[];
  readonly uses: readonly (readonly number[])[];
  readonly setup: SetupSnapshot;
}

/** Thread ids below this are kept in an array. */
const DENSE_IDS = 1 << 12;

export class RunHistory {
  /** Last record that was taken, when it ended, and who runs after it (0: nobody). */
  lastSeq = 0;
  lastTime = 0;
  running = 0;
  /** Last record of the checkpoint from which it goes on, 0 for none. */
  checkpointSeq = 0;
  readonly setup: Setup;
  readonly uses: Uses;
  /** Threads that entered a state or raised a fault in the batch that was taken last. */
  readonly changed: ThreadHistory[] = [];
  private readonly known = new Map<number, ThreadHistory>();
  private readonly dense: (ThreadHistory | undefined)[] = [];
  private readonly alike = new AlikeTraps();
  private touched: ThreadHistory[] = [];

  constructor(interfaces: InterfaceModel) {
    this.setup = new Setup(interfaces);
    this.uses = new Uses(interfaces.configuration.scheduling);
  }

  /** Threads that records or names tell of. */
  get threads(): Iterable<ThreadHistory> {
    return this.known.values();
  }

  find(id: number): ThreadHistory | undefined {
    return this.known.get(id);
  }

  /** How many things are known, which says how large a checkpoint is. */
  get size(): number {
    return this.known.size + this.uses.size + this.setup.size;
  }

  /** There is a thread of this id, of which no record may tell. */
  know(id: number): void {
    if (id !== 0) this.thread(id);
  }

  /** Takes those records of a batch that come next, up to record `last`. */
  take(batch: BatchReader, last = Infinity): void {
    const { firstSeq } = batch;
    const count = Math.min(batch.count, last - firstSeq + 1);
    const start = this.lastSeq + 1 - firstSeq;
    this.forgetChanged();
    if (start < 0 || start >= count) return;
    const { cause, thread: threads, outcome, fault, next, method } = batch.records;
    const { entryTimes, exitTimes, firstTransition } = batch;
    for (const { id, type } of batch.subjects) if (type === CAP_TYPE.Thread) this.know(id);
    this.alike.begin(batch);
    let running = this.running === 0 ? undefined : this.thread(this.running);
    let time = this.lastTime;
    for (let row = start; row < count; row++) {
      const seq = firstSeq + row;
      if (running !== undefined) running.ran += entryTimes[row]! - time;
      time = exitTimes[row]!;
      const id = threads[row]!;
      let invoker: ThreadHistory | undefined;
      if (id !== 0) {
        invoker = running?.id === id ? running : this.thread(id);
        if (invoker.state < 0) this.enter(invoker, STATE.Running!, batch, -1);
        invoker.lastEntry = seq;
        invoker.fault = fault[row]!;
        if (invoker.fault !== 0) this.noteFault(invoker, batch, row);
        if (cause[row]! < CAUSE.interrupt && !this.alike.add(row)) this.flushAlike(batch, row);
      }
      const changes = firstTransition[row + 1]! - firstTransition[row]!;
      if (changes !== 0 && !(changes === 2 && invoker !== undefined && onlyRestarted(invoker, batch, row))) this.takeTransitions(batch, row);
      const nextId = next[row]!;
      if (nextId === 0) {
        running = undefined;
      } else {
        if (running?.id !== nextId) running = this.thread(nextId);
        if (running.state < 0) this.enter(running, STATE.Running!, batch, -1);
        running.lastRan = seq;
      }
      if (this.setup.wants(method[row]!) && (outcome[row] === OUTCOME.replied || outcome[row] === OUTCOME.completed)) this.takeSetup(batch, row);
    }
    this.flushAlike(batch);
    this.lastSeq = firstSeq + count - 1;
    this.lastTime = time;
    this.running = next[count - 1]!;
  }

  private thread(id: number): ThreadHistory {
    return this.dense[id] ?? this.known.get(id) ?? this.add(new ThreadHistory(id));
  }

  private add(thread: ThreadHistory): ThreadHistory {
    this.known.set(thread.id, thread);
    if (thread.id < DENSE_IDS) {
      while (this.dense.length <= thread.id) this.dense.push(undefined);
      this.dense[thread.id] = thread;
    }
    return thread;
  }

  private takeSetup(batch: BatchReader, row: number): void {
    this.setup.take(batch, row);
    if (!this.setup.configures(batch.records.method[row]!)) return;
    const thread = this.thread(batch.records.object[row]!);
    if (thread.state < 0) thread.madeHere = 1;
  }

  private noteFault(thread: ThreadHistory, batch: BatchReader, row: number): void {
    const { pcBefore } = batch.records;
    thread.faultAtZero = pcBefore[2 * row] === 0 && pcBefore[2 * row + 1] === 0 ? 1 : 0;
    this.noteChange(thread);
    thread.faults++;
    thread.newFaults++;
  }

  /** Takes over what is the same in many records. `row`: a trap that found no place among them. */
  private flushAlike(batch: BatchReader, row = -1): void {
    const { thread: threads, cause, syscall, capType, object, cptr, method, outcome } = batch.records;
    this.alike.flush((at, count) => {
      const seq = batch.firstSeq + at;
      const thread = this.thread(threads[at]!);
      const number = unzigzag(syscall[at]!);
      const activity = activityOf(cause[at]!, number, method[at]!);
      const key = trapKey(activity, outcome[at]!);
      thread.traps.set(key, (thread.traps.get(key) ?? 0) + count);
      if (thread.lastTrap < seq) {
        thread.lastTrap = seq;
        thread.lastActivity = activity;
        thread.syscall = number;
        thread.capType = capType[at]!;
        thread.object = object[at]!;
        thread.cptrLo = cptr[2 * at]!;
        thread.cptrHi = cptr[2 * at + 1]!;
      }
      if (object[at] === 0) return;
      if (outcome[at] !== OUTCOME.error) this.uses.add(object[at]!, capType[at]!, thread.id, number, seq);
      if (cptr[2 * at + 1] === 0) this.setup.leadsTo(thread.id, cptr[2 * at]!, object[at]!, capType[at]!, seq);
    });
    if (row >= 0) this.alike.add(row);
  }

  /** States within a trap are nobody's business: it leaves each thread in its last one. */
  private takeTransitions(batch: BatchReader, row: number): void {
    const { thread: threads, change, flags } = batch.transitions;
    const seq = batch.firstSeq + row;
    const start = batch.firstTransition[row]!;
    const end = batch.firstTransition[row + 1]!;
    let touched = 0;
    let thread: ThreadHistory | undefined;
    for (let k = start; k < end; k++) {
      if (thread === undefined || thread.id !== threads[k]) {
        if (threads[k] === 0) continue;
        thread = this.thread(threads[k]!);
      }
      if (thread.changedSeq !== seq) {
        this.touched[touched++] = thread;
        thread.changedSeq = seq;
        thread.before = change[k]! % STATE_AFTER;
      }
      thread.after = change[k]! >>> AFTER_SHIFT;
      thread.orphaned = flags[k]! & TRANSITION_FLAG.orphaned;
      if ((flags[k]! & TRANSITION_FLAG.destroyed) !== 0) thread.destroyed = 1;
    }
    for (let k = 0; k < touched; k++) {
      thread = this.touched[k]!;
      if (thread.after !== thread.state) this.enter(thread, thread.after, batch, row);
    }
    if (touched > MOST_TOUCHED) this.touched = [];
  }

  /** @param row the record, -1 for before the first one */
  private enter(thread: ThreadHistory, state: number, batch: BatchReader, row: number): void {
    const time = row < 0 ? 0 : batch.entryTimes[row]!;
    if (thread.state >= 0) {
      thread.times[thread.state]!++;
      thread.timeIn[thread.state]! += time - thread.sinceTime;
      thread.stateBefore = thread.state;
    } else {
      thread.stateBefore = row < 0 ? -1 : thread.before;
    }
    this.noteChange(thread);
    thread.state = state;
    thread.begun++;
    thread.newStates++;
    if (row < 0) return;
    const { thread: threads, cause, syscall, method, object } = batch.records;
    thread.sinceSeq = batch.firstSeq + row;
    thread.sinceTime = time;
    thread.by = threads[row]!;
    thread.activity = activityOf(cause[row]!, unzigzag(syscall[row]!), method[row]!);
    thread.byObject = object[row]!;
    thread.server = state === STATE.BlockedOnReply ? receiverOf(batch, row, thread.id) : 0;
  }

  private noteChange(thread: ThreadHistory): void {
    if (thread.newStates === 0 && thread.newFaults === 0) this.changed.push(thread);
  }

  private forgetChanged(): void {
    for (const thread of this.changed) thread.newStates = thread.newFaults = 0;
    this.changed.length = 0;
  }

  snapshot(): HistorySnapshot {
    const { lastSeq, lastTime, running } = this;
    return { lastSeq, lastTime, running, threads: [...this.known.values()].map((thread) => thread.snapshot()), uses: this.uses.snapshot(), setup: this.setup.snapshot() };
  }

  /** The history of a snapshot. Throws a TypeError for something that is none. */
  static restore(interfaces: InterfaceModel, snapshot: HistorySnapshot): RunHistory {
    const history = new RunHistory(interfaces);
    const { lastSeq, lastTime, running } = snapshot;
    Object.assign(history, { lastSeq, lastTime, running, checkpointSeq: lastSeq });
    for (const thread of snapshot.threads) history.add(ThreadHistory.restore(thread));
    history.uses.restore(snapshot.uses);
    history.setup.restore(snapshot.setup);
    return history;
  }
}

/** Flags that say what a thread lost. */
const LOSSES = TRANSITION_FLAG.destroyed | TRANSITION_FLAG.orphaned;
const AFTER_SHIFT = Math.log2(STATE_AFTER);

/** Above this, a list that is used again is given up. */
const MOST_TOUCHED = 1024;

/** What most traps do to states: an invocation restarts its thread, and the answer sets it running again. */
function onlyRestarted(invoker: ThreadHistory, { transitions: { thread, change, flags }, firstTransition }: BatchReader, row: number): boolean {
  const k = firstTransition[row]!;
  return thread[k] === invoker.id && thread[k + 1] === invoker.id && change[k + 1]! >>> AFTER_SHIFT === invoker.state && (flags[k + 1]! & LOSSES) === 0;
}

/** Whoever was given the message or fault of a thread in a record, 0 when it does not say. */
function receiverOf({ deliveries, firstDelivery }: BatchReader, row: number, sender: number): number {
  for (let i = firstDelivery[row]!; i < firstDelivery[row + 1]!; i++) {
    if ((deliveries.kind[i] === DELIVERY.message || deliveries.kind[i] === DELIVERY.fault) && deliveries.thread[i] !== sender) return deliveries.thread[i]!;
  }
  return 0;
}
