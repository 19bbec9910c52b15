// SPDX-License-Identifier: BSD-2-Clause
/**
 * A run on a time axis: what Perfetto and Chrome traces show, without their bytes.
 *
 * Each thread has a row of kernel entries, a row of its states, and on MCS two counters. A delivery to another thread is an
 * arrow from the sender's kernel entry to a mark on the receiver's row; so is the answer of a server, and one that comes late.
 */
import { tagLabel, tagLength } from '../../schema/abi/message-info.ts';
import { THREAD_STATES } from '../../schema/abi/thread-state.ts';
import { word, type Word } from '../../schema/abi/word.ts';
import { RULES } from '../../schema/rules/catalogue.ts';
import { CAUSES, DELIVERY_KINDS, OUTCOMES, TRANSITION_FLAG, type Delivery, type TrapRecord } from '../../schema/trace/trap-record.ts';
import { capTypeText, ownAnswer } from '../query/record-row.ts';
import { errorOf, faultText } from './record-facts.ts';
import type { RunNames } from './run-names.ts';
import type { KeptAnomaly } from './run-source.ts';

/** A named value that goes with an event. A string is one of few; text that is nearly always new is a `Detail`. */
export type Argument = readonly [name: string, value: number | string | Word | Detail];

/** Text that is not worth remembering. */
export interface Detail {
  readonly detail: string;
}

export interface Slice {
  readonly thread: number;
  readonly category: string;
  readonly name: string;
  /** Virtual ns; they may be equal. */
  readonly start: number;
  readonly end: number;
  readonly args: readonly Argument[];
  /** Numbers of the arrows that leave it. */
  readonly arrows: readonly number[];
}

/** Something on a thread's row that takes no time. */
export interface Mark {
  readonly thread: number;
  readonly category: string;
  readonly name: string;
  readonly time: number;
  readonly args: readonly Argument[];
  /** Number of the arrow that ends here, 0 for none. */
  readonly arrow: number;
}

export const COUNTERS = ['budget left', 'time charged'] as const;
export type Counter = (typeof COUNTERS)[number];

/** What a timeline is written with. Calls come in the order of their times, but for `start` of a slice, which ends last. */
export interface TimelineWriter {
  /** Before all else about a thread. */
  thread(id: number, name: string): void;
  slice(slice: Slice): void;
  mark(mark: Mark): void;
  stateBegins(thread: number, state: string, time: number): void;
  /** Ends the state that began at `since`. */
  stateEnds(thread: number, state: string, since: number, time: number): void;
  counter(thread: number, counter: Counter, time: number, value: number): void;
}

interface ThreadNow {
  /** Undefined while it is not known, and after its end. */
  state: number | undefined;
  since: number;
  /** Last values of the counters, -1 before the first. */
  budget: number;
  charged: number;
}

export class Timeline {
  private readonly names: RunNames;
  private readonly writer: TimelineWriter;
  /** Only this thread has a row of states: the records of a selection do not tell those of others. */
  private readonly only: number | undefined;
  private readonly threads = new Map<number, ThreadNow>();
  private arrows = 0;
  private time = 0;

  constructor(names: RunNames, writer: TimelineWriter, only: number | undefined) {
    this.names = names;
    this.writer = writer;
    this.only = only;
  }

  record(record: TrapRecord, anomalies: readonly KeptAnomaly[]): void {
    const invoker = this.threadNow(record.thread);
    if (invoker.state === undefined && record.thread !== 0) this.stateIs(record.thread, RUNNING, record.entryTime);
    this.time = record.exitTime;
    const marks: Mark[] = [];
    const arrows: number[] = [];
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.thread === record.thread || delivery.thread === 0) continue;
      this.threadNow(delivery.thread);
      arrows.push(++this.arrows);
      marks.push(this.markOf(record, delivery, this.arrows));
    }
    if (this.names.scheduling === 'mcs' && invoker.charged !== record.consumed) {
      invoker.charged = record.consumed;
      this.writer.counter(record.thread, 'time charged', record.entryTime, record.consumed);
    }
    this.writer.slice({
      thread: record.thread, category: CAUSES[record.cause]!, name: this.names.activity(record),
      start: record.entryTime, end: record.exitTime, args: this.argumentsOf(record), arrows,
    });
    for (const mark of marks) this.writer.mark(mark);
    this.transitions(record);
    if (this.names.scheduling === 'mcs' && invoker.budget !== record.budget) {
      invoker.budget = record.budget;
      this.writer.counter(record.thread, 'budget left', record.exitTime, record.budget);
    }
    for (const anomaly of anomalies) this.anomaly(anomaly);
  }

  /** Ends the states in which threads are left. */
  end(): void {
    for (const thread of this.threads.keys()) this.stateIs(thread, undefined, this.time);
  }

  private transitions(record: TrapRecord): void {
    for (let i = 0; i < record.transitionCount; i++) {
      const { thread, to, flags } = record.transitions[i]!;
      // Only the state in which the kernel leaves the thread lasts.
      if (isTouchedAgain(record, i)) continue;
      this.threadNow(thread);
      this.stateIs(thread, (flags & TRANSITION_FLAG.destroyed) === 0 ? to : undefined, record.exitTime);
    }
    if (record.next !== 0 && this.threadNow(record.next).state === undefined) this.stateIs(record.next, record.nextState, record.exitTime);
  }

  private stateIs(thread: number, state: number | undefined, time: number): void {
    const now = this.threads.get(thread)!;
    if (now.state === state || (this.only !== undefined && this.only !== thread)) return;
    if (now.state !== undefined) this.writer.stateEnds(thread, stateName(now.state), now.since, time);
    now.state = state;
    now.since = time;
    if (state !== undefined) this.writer.stateBegins(thread, stateName(state), time);
  }

  private anomaly({ rule, severity, thread, method, detail, seq }: KeptAnomaly): void {
    this.threadNow(thread);
    const args: Argument[] = [['severity', severity], ['detail', { detail }], ['method', method], ['seq', seq]];
    this.writer.mark({ thread, category: 'anomaly', name: `${rule} ${RULES.get(rule)?.title ?? ''}`.trim(), time: this.time, args, arrow: 0 });
  }

  private markOf(record: TrapRecord, delivery: Delivery, arrow: number): Mark {
    const args: Argument[] = [['from', this.names.thread(record.thread)], ['seq', record.seq]];
    if (delivery.answers !== 0) args.push(['answers', delivery.answers]);
    this.addMessage(args, delivery);
    return { thread: delivery.thread, category: 'delivery', name: DELIVERY_KINDS[delivery.kind]!, time: record.exitTime, args, arrow };
  }

  private argumentsOf(record: TrapRecord): Argument[] {
    const args: Argument[] = [['seq', record.seq], ['outcome', OUTCOMES[record.outcome]!]];
    const syscall = this.names.syscall(record.syscall);
    if (syscall !== '') args.push(['syscall', syscall]);
    const capability = capTypeText(record.capType);
    if (capability !== '') {
      args.push(['cptr', word(record.cptrLo, record.cptrHi)], ['capability', capability]);
      const object = this.names.object(record.object);
      if (object !== '') args.push(['object', object]);
      if (record.method === 0 || capability === 'Endpoint') args.push(['sent label', tagLabel(record.tagLo, record.tagHi)]);
      args.push(['sent length', tagLength(record.tagLo)]);
    }
    const fault = faultText(this.names.scheduling, record.fault);
    if (fault !== '') args.push(['fault', fault]);
    const answer = ownAnswer(record);
    if (answer !== undefined) this.addMessage(args, answer);
    return args;
  }

  private addMessage(args: Argument[], delivery: Delivery): void {
    args.push(['label', tagLabel(delivery.tagLo, delivery.tagHi)], ['length', tagLength(delivery.tagLo)], ['badge', word(delivery.badgeLo, delivery.badgeHi)]);
    const error = errorOf(delivery);
    if (error !== '') args.push(['error', error]);
  }

  private threadNow(id: number): ThreadNow {
    let now = this.threads.get(id);
    if (now === undefined) {
      this.threads.set(id, (now = { state: undefined, since: 0, budget: -1, charged: -1 }));
      this.writer.thread(id, this.names.thread(id));
    }
    return now;
  }
}

const RUNNING = THREAD_STATES.indexOf('Running');

function stateName(state: number): string {
  return THREAD_STATES[state] ?? `state ${state}`;
}

function isTouchedAgain(record: TrapRecord, index: number): boolean {
  for (let i = index + 1; i < record.transitionCount; i++) if (record.transitions[i]!.thread === record.transitions[index]!.thread) return true;
  return false;
}
