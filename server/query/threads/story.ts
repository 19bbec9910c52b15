// SPDX-License-Identifier: BSD-2-Clause
/** The story of one thread in a range of records: its states over time, its traps and its faults. */
import { faultName } from '../../../schema/abi/faults.ts';
import { STATE } from '../../../schema/abi/thread-state.ts';
import type { StateSegment, SubjectRef, ThreadStory } from '../../../schema/api/index.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import { unzigzag, type BatchScan } from '../../../schema/trace/batch.ts';
import { STATE_AFTER } from '../../../schema/trace/batch-layout.ts';
import { CAUSE, OUTCOMES } from '../../../schema/trace/trap-record.ts';
import { activityName, activityOf } from '../../store/activity.ts';
import { stateText } from './waits.ts';

/** Faults that a story keeps, the last ones. */
const MOST_FAULTS = 100;

interface Segment {
  readonly state: number;
  readonly fromSeq: number;
  readonly from: number;
  readonly by: number;
  readonly activity: number;
  toSeq: number;
  to: number;
}

export class StoryTeller {
  private readonly thread: number;
  private readonly from: number;
  private readonly limit: number;
  private segments: Segment[] = [];
  private earlier = 0;
  private current: Segment | undefined;
  private readonly totals = new Map<number, { time: number; times: number }>();
  private readonly traps = new Map<number, number>();
  private faults: { seq: number; time: number; fault: number }[] = [];
  private ran = 0;
  /** Since when it has been running in user mode, -1 while it is not. */
  private runsSince = -1;
  private lastTime = 0;

  /** @param from first record of the story; earlier ones say in which state it begins */
  constructor(thread: number, from: number, limit: number) {
    this.thread = thread;
    this.from = from;
    this.limit = limit;
  }

  /** Takes the next chunk up to record `last`. */
  take(scan: BatchScan, last: number): void {
    const { firstSeq } = scan.header;
    const count = Math.min(scan.header.count, last - firstSeq + 1);
    const [threads, causes, syscalls, methods, outcomes, faults, next] = [
      scan.column('thread'), scan.column('cause'), scan.column('syscall'), scan.column('method'), scan.column('outcome'), scan.column('fault'), scan.column('next'),
    ];
    const times = scan.entryTimes();
    const durations = scan.durations();
    const transitions = scan.transitions();
    for (let i = 0; i < count; i++) {
      const seq = firstSeq + i;
      const isTold = seq >= this.from;
      const activity = (): number => activityOf(causes[i]!, unzigzag(syscalls[i]!), methods[i]!);
      if (this.runsSince >= 0) {
        if (isTold) this.ran += times[i]! - this.runsSince;
        this.runsSince = -1;
      }
      if (next[i] === this.thread) this.runsSince = times[i]! + durations[i]!;
      if (threads[i] === this.thread && isTold) {
        if (causes[i]! < CAUSE.interrupt) {
          const key = activity() * OUTCOMES.length + outcomes[i]!;
          this.traps.set(key, (this.traps.get(key) ?? 0) + 1);
        }
        if (faults[i] !== 0) this.fault(seq, times[i]!, faults[i]!);
      }
      // States within a trap are nobody's business here: the last one is where it leaves the thread.
      let state = -1;
      for (let k = transitions.first[i]!; k < transitions.first[i + 1]!; k++) {
        if (transitions.thread[k] === this.thread) state = Math.floor(transitions.change[k]! / STATE_AFTER);
      }
      if (state >= 0 && state !== this.current?.state) this.enter({ state, fromSeq: seq, from: times[i]!, by: threads[i]!, activity: activity(), toSeq: 0, to: 0 });
      else if (this.current === undefined && next[i] === this.thread) this.enter({ state: STATE.Running!, fromSeq: 0, from: 0, by: 0, activity: NaN, toSeq: 0, to: 0 });
    }
    this.lastTime = count === scan.header.count ? scan.header.lastTime : times[count - 1]! + durations[count - 1]!;
  }

  tell(interfaces: InterfaceModel, ref: (id: number) => SubjectRef): Pick<ThreadStory, 'segments' | 'earlier' | 'totals' | 'ran' | 'methods' | 'faults'> {
    if (this.current !== undefined) this.leave(this.current, 0, this.lastTime);
    this.current = undefined;
    if (this.runsSince >= 0) this.ran += this.lastTime - this.runsSince;
    const { scheduling } = interfaces.configuration;
    const kept = this.segments.slice(-this.limit);
    return {
      segments: kept.map((segment): StateSegment => ({
        state: stateText(segment.state), fromSeq: segment.fromSeq, from: segment.from, toSeq: segment.toSeq, to: segment.to,
        by: ref(segment.by), what: Number.isNaN(segment.activity) ? '' : activityName(segment.activity, interfaces),
      })),
      earlier: this.earlier + this.segments.length - kept.length,
      totals: [...this.totals].map(([state, total]) => ({ state: stateText(state), ...total })).sort((a, b) => b.time - a.time),
      ran: this.ran,
      methods: [...this.traps].map(([key, records]) => {
        const outcome = ((key % OUTCOMES.length) + OUTCOMES.length) % OUTCOMES.length;
        return { method: activityName((key - outcome) / OUTCOMES.length, interfaces), outcome: OUTCOMES[outcome]!, records };
      }).sort((a, b) => b.records - a.records),
      faults: this.faults.slice(-MOST_FAULTS).map(({ seq, time, fault }) => ({ seq, time, fault: faultName(scheduling, fault) ?? `fault ${fault}` })),
    };
  }

  private enter(segment: Segment): void {
    if (this.current !== undefined) this.leave(this.current, segment.fromSeq, segment.from);
    this.current = segment;
  }

  private leave(segment: Segment, seq: number, time: number): void {
    if (seq !== 0 && seq < this.from) return;
    segment.toSeq = seq;
    segment.to = time;
    const total = this.totals.get(segment.state) ?? { time: 0, times: 0 };
    total.time += time - segment.from;
    total.times++;
    this.totals.set(segment.state, total);
    this.segments.push(segment);
    if (this.segments.length <= 2 * this.limit) return;
    this.earlier += this.segments.length - this.limit;
    this.segments = this.segments.slice(-this.limit);
  }

  private fault(seq: number, time: number, fault: number): void {
    this.faults.push({ seq, time, fault });
    if (this.faults.length > 2 * MOST_FAULTS) this.faults = this.faults.slice(-MOST_FAULTS);
  }
}
