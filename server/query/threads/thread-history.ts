// SPDX-License-Identifier: BSD-2-Clause
/** What the records up to some point say of one thread. */
import { CAP_TYPE_NONE } from '../../../schema/abi/cap-types.ts';
import { THREAD_STATES } from '../../../schema/abi/thread-state.ts';
import { OUTCOMES } from '../../../schema/trace/trap-record.ts';

/**
 * Numbers that a checkpoint keeps, in its order. Sequence numbers and ids are 0 for none, times are virtual ns. A thread enters
 * a state in the record after which it is in it and was not before; states within a trap do not count.
 */
const KEPT = [
  'state', 'stateBefore', 'sinceSeq', 'sinceTime', 'by', 'activity', 'byObject', 'server', 'orphaned', 'changedSeq', 'madeHere', 'destroyed', 'lastEntry', 'fault', 'faultAtZero',
  'lastTrap', 'lastActivity', 'syscall', 'capType', 'object', 'cptrLo', 'cptrHi', 'lastRan', 'ran', 'begun', 'faults',
] as const;

export class ThreadHistory {
  readonly id: number;
  /** State, -1 before any is known, and the one before it; record and time in which it was entered, 0 for before the first record. */
  state = -1;
  stateBefore = -1;
  sinceSeq = 0;
  sinceTime = 0;
  /** Of that record: who made the trap, what it was about (`activityOf`, 0 for none), the object that it named. */
  by = 0;
  activity = 0;
  byObject = 0;
  /** And whoever was given the message or fault of this thread, when it waits for a reply since. */
  server = 0;
  /** Not 0: its last transition says that nothing leads to it any more (`TRANSITION_FLAG.orphaned`); and the record of that one. */
  orphaned = 0;
  changedSeq = 0;
  /** 1: it was configured (TCB_Configure) before it ever ran or waited, so the trace has all of it. */
  madeHere = 0;
  destroyed = 0;
  /** Its last entry into the kernel, of any cause; the fault that it raised there; 1 when its pc was 0 then. */
  lastEntry = 0;
  fault = 0;
  faultAtZero = 0;
  /** Its last trap that was no interrupt, and what was in it. */
  lastTrap = 0;
  lastActivity = 0;
  syscall = 0;
  capType: number = CAP_TYPE_NONE;
  object = 0;
  cptrLo = 0;
  cptrHi = 0;
  /** Last record after which it ran; time for which it did. */
  lastRan = 0;
  ran = 0;
  /** States entered, and faults raised, so far. */
  begun = 0;
  faults = 0;
  /** By state: how often it was left, and the time in it until then. */
  readonly times: number[] = Array<number>(THREAD_STATES.length).fill(0);
  readonly timeIn: number[] = Array<number>(THREAD_STATES.length).fill(0);
  /** Its traps by activity and outcome, see {@link trapKey}. */
  readonly traps = new Map<number, number>();

  /** The same two as the checkpoint had them from which the history goes on. */
  begunBefore = 0;
  faultsBefore = 0;

  /** States entered, and faults raised, in the batch that was taken last. */
  newStates = 0;
  newFaults = 0;
  /** While a record is taken: the state before it, and after what was taken of it. */
  before = -1;
  after = -1;

  constructor(id: number) {
    this.id = id;
  }

  /** Raised a fault in its last entry and did not go on since. */
  get waitsWithFault(): boolean {
    return this.fault !== 0 && this.lastRan < this.lastEntry;
  }

  snapshot(): ThreadSnapshot {
    return [this.id, KEPT.map((name) => this[name]), this.times, this.timeIn, [...this.traps].flat()];
  }

  /** Throws a TypeError for something that is no snapshot. */
  static restore([id, kept, times, timeIn, traps]: ThreadSnapshot): ThreadHistory {
    if (kept.length !== KEPT.length || times.length !== THREAD_STATES.length || timeIn.length !== times.length) throw new TypeError('not what is known of a thread');
    const thread = new ThreadHistory(id);
    KEPT.forEach((name, i) => { thread[name] = kept[i]!; });
    thread.begunBefore = thread.begun;
    thread.faultsBefore = thread.faults;
    for (let state = 0; state < times.length; state++) {
      thread.times[state] = times[state]!;
      thread.timeIn[state] = timeIn[state]!;
    }
    for (let i = 0; i < traps.length; i += 2) thread.traps.set(traps[i]!, traps[i + 1]!);
    return thread;
  }
}

/** Id, the numbers of `KEPT`, times and timeIn, and keys and counts of traps in turn. */
export type ThreadSnapshot = readonly [id: number, kept: readonly number[], times: readonly number[], timeIn: readonly number[], traps: readonly number[]];

/** Key of {@link ThreadHistory.traps}. */
export function trapKey(activity: number, outcome: number): number {
  return activity * OUTCOMES.length + outcome;
}

export function trapOfKey(key: number): { readonly activity: number; readonly outcome: number } {
  const activity = Math.floor(key / OUTCOMES.length);
  return { activity, outcome: key - activity * OUTCOMES.length };
}
