// SPDX-License-Identifier: BSD-2-Clause
/** The story of one thread in a range of records: its states over time, its traps and its faults. */
import { faultName } from '../../../schema/abi/faults.ts';
import { STATE } from '../../../schema/abi/thread-state.ts';
import type { StateSegment, ThreadStory } from '../../../schema/api/index.ts';
import { unzigzag, type BatchScan } from '../../../schema/trace/batch.ts';
import { STATE_AFTER } from '../../../schema/trace/batch-layout.ts';
import { OUTCOMES } from '../../../schema/trace/trap-record.ts';
import { activityName, activityOf } from '../../store/activity.ts';
import { ThreadHistory, trapOfKey } from './thread-history.ts';
import { stateText, type RunInTime } from './waits.ts';

/** Faults that a story keeps, the last ones. */
export const MOST_FAULTS = 100;

/** A state that a thread entered, in record `seq`; 0 for before the first one. */
interface Entry {
  readonly state: number;
  readonly seq: number;
  readonly time: number;
  readonly by: number;
  readonly activity: number;
}

/** The states of a thread one by one, from the chunks in which it changed. */
export class StateScan {
  private readonly thread: number;
  private readonly limit: number;
  private entries: Entry[] = [];
  private state: number;

  /**
   * @param limit states that are kept, the last ones
   * @param fromFirst whether no chunk is left out; else they may begin anywhere, and end with the last
   */
  constructor(thread: number, limit: number, fromFirst: boolean) {
    this.thread = thread;
    this.limit = limit;
    this.state = fromFirst ? NEVER_SEEN : NOT_KNOWN;
  }

  /** Takes the next chunk, up to record `last`. */
  take(scan: BatchScan, last: number): void {
    const { firstSeq } = scan.header;
    const count = Math.min(scan.header.count, last - firstSeq + 1);
    const [threads, causes, syscalls, methods, next] = [scan.column('thread'), scan.column('cause'), scan.column('syscall'), scan.column('method'), scan.column('next')];
    const times = scan.entryTimes();
    const transitions = scan.transitions();
    for (let i = 0; i < count; i++) {
      if (threads[i] === this.thread) this.ran();
      let [before, after] = [-1, -1];
      for (let k = transitions.first[i]!; k < transitions.first[i + 1]!; k++) {
        if (transitions.thread[k] !== this.thread) continue;
        if (before < 0) before = transitions.change[k]! % STATE_AFTER;
        after = Math.floor(transitions.change[k]! / STATE_AFTER);
      }
      if (after >= 0 && after !== (this.state === NOT_KNOWN ? before : this.state)) {
        this.entries.push({ state: after, seq: firstSeq + i, time: times[i]!, by: threads[i]!, activity: activityOf(causes[i]!, unzigzag(syscalls[i]!), methods[i]!) });
      }
      if (after >= 0) this.state = after;
      if (next[i] === this.thread) this.ran();
    }
    if (this.entries.length > 2 * this.limit) this.entries = this.entries.slice(-this.limit);
  }

  /** A thread of which nothing was seen before it ran has been running. */
  private ran(): void {
    if (this.state !== NEVER_SEEN) return;
    this.state = STATE.Running!;
    this.entries.push({ state: STATE.Running!, seq: 0, time: 0, by: 0, activity: 0 });
  }

  /** The last `count` states, in order; the last of them lasts until `end`. */
  segments(count: number, end: number, { interfaces, ref }: RunInTime): StateSegment[] {
    const kept = count === 0 ? [] : this.entries.slice(-count);
    return kept.map((entry, i) => ({
      state: stateText(entry.state), fromSeq: entry.seq, from: entry.time, toSeq: kept[i + 1]?.seq ?? 0, to: kept[i + 1]?.time ?? end,
      by: ref(entry.by), what: entry.activity === 0 ? '' : activityName(entry.activity, interfaces),
    }));
  }
}

/** Faults of a thread in a chunk, between two records. */
export function faultsIn(scan: BatchScan, thread: number, from: number, last: number, { interfaces }: RunInTime): ThreadStory['faults'] {
  const { firstSeq } = scan.header;
  const count = Math.min(scan.header.count, last - firstSeq + 1);
  const [threads, faults] = [scan.column('thread'), scan.column('fault')];
  const found: ThreadStory['faults'] = [];
  for (let i = Math.max(0, from - firstSeq); i < count; i++) {
    if (threads[i] !== thread || faults[i] === 0) continue;
    found.push({ seq: firstSeq + i, time: scan.entryTimes()[i]!, fault: faultName(interfaces.configuration.scheduling, faults[i]!) ?? `fault ${faults[i]}` });
  }
  return found;
}

const NEVER_SEEN = -1;
const NOT_KNOWN = -2;

/** What a thread did between two records, of which its history after each is known; states that ended before the first do not count. */
export class StorySums {
  /** States that reach into the records. */
  readonly states: number;
  readonly faults: number;
  readonly ran: number;
  private readonly before: ThreadHistory;
  private readonly after: ThreadHistory;

  constructor(before: ThreadHistory | undefined, after: ThreadHistory) {
    this.before = before ?? new ThreadHistory(after.id);
    this.after = after;
    this.states = after.begun - Math.max(0, this.before.begun - 1);
    this.faults = after.faults - this.before.faults;
    this.ran = after.ran - this.before.ran;
  }

  /** Time in each state until `end`, longest first. */
  totals(end: number): ThreadStory['totals'] {
    const { before, after } = this;
    return after.times.map((times, state) => {
      const lasts = state === after.state;
      return {
        state: stateText(state),
        time: after.timeIn[state]! - before.timeIn[state]! + (lasts ? end - after.sinceTime : 0),
        times: times - before.times[state]! + (lasts ? 1 : 0),
      };
    }).filter(({ times }) => times > 0).sort((a, b) => b.time - a.time);
  }

  /** Its own traps, the most frequent first. */
  traps({ interfaces }: RunInTime): ThreadStory['methods'] {
    return [...this.after.traps].flatMap(([key, count]) => {
      const records = count - (this.before.traps.get(key) ?? 0);
      const { activity, outcome } = trapOfKey(key);
      return records === 0 ? [] : [{ method: activityName(activity, interfaces), outcome: OUTCOMES[outcome]!, records }];
    }).sort((a, b) => b.records - a.records || (a.method < b.method ? -1 : 1));
  }
}

