// SPDX-License-Identifier: BSD-2-Clause
/** What a record query asks of one record, over the columns of a chunk. */
import type { RecordQuery } from '../../schema/api/index.ts';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import { unzigzag, type BatchScan } from '../../schema/trace/batch.ts';
import { OUTCOMES } from '../../schema/trace/trap-record.ts';
import { RequestError } from '../errors.ts';
import { activityCode, activityOf } from '../store/activity.ts';
import { KEY } from '../store/keys.ts';

/** A key that a chunk must have to be worth a look. */
export interface WantedKey {
  readonly kind: number;
  readonly key: number;
}

export class RecordFilter {
  private readonly thread: number | undefined;
  private readonly activity: number | undefined;
  private readonly outcome: number | undefined;
  private readonly from: number;
  private readonly to: number;
  private readonly fromTime: number;
  private readonly toTime: number;

  /** Throws a RequestError for a method that the configuration does not have. */
  constructor(query: RecordQuery, interfaces: InterfaceModel) {
    this.thread = query.thread;
    this.outcome = query.outcome === undefined ? undefined : OUTCOMES.indexOf(query.outcome);
    this.activity = query.method === undefined ? undefined : activityCode(query.method, interfaces);
    if (query.method !== undefined && this.activity === undefined) {
      throw new RequestError('bad-request', `${interfaces.name} has no method, system call or cause ${JSON.stringify(query.method)}`,
        `GET /api/interfaces/${interfaces.name} lists the methods`);
    }
    this.from = query.from ?? 1;
    this.to = query.to ?? Number.MAX_SAFE_INTEGER;
    this.fromTime = query.fromTime ?? 0;
    this.toTime = query.toTime ?? Number.MAX_SAFE_INTEGER;
  }

  /** Rarest first, as far as that can be known. */
  get keys(): WantedKey[] {
    const keys: WantedKey[] = [];
    if (this.activity !== undefined) keys.push({ kind: KEY.activity, key: this.activity });
    if (this.thread !== undefined) keys.push({ kind: KEY.thread, key: this.thread });
    if (this.outcome !== undefined) keys.push({ kind: KEY.outcome, key: this.outcome });
    return keys;
  }

  /**
   * Indices of the first records of a chunk that match, at most `most`. Decodes only the columns that are asked about.
   * @param among sequence numbers in order, if only those can match
   */
  matches(scan: BatchScan, most: number, among?: readonly number[]): number[] {
    const { count, firstSeq, firstTime, lastTime } = scan.header;
    const first = Math.max(0, this.from - firstSeq);
    const end = Math.min(count, this.to - firstSeq + 1);
    const times = this.fromTime > firstTime || this.toTime < lastTime ? scan.entryTimes() : undefined;
    const threads = this.thread === undefined ? undefined : scan.column('thread');
    const outcomes = this.outcome === undefined ? undefined : scan.column('outcome');
    const activities = this.activity === undefined ? undefined : activitiesOf(scan);
    const isWanted = (i: number): boolean =>
      (times === undefined || (times[i]! >= this.fromTime && times[i]! <= this.toTime))
      && (threads === undefined || threads[i] === this.thread)
      && (outcomes === undefined || outcomes[i] === this.outcome)
      && (activities === undefined || activities(i) === this.activity);
    const found: number[] = [];
    if (among === undefined) {
      for (let i = first; i < end && found.length < most; i++) if (isWanted(i)) found.push(i);
    } else {
      for (const seq of among) {
        const i = seq - firstSeq;
        if (found.length < most && i >= first && i < end && isWanted(i)) found.push(i);
      }
    }
    return found;
  }
}

function activitiesOf(scan: BatchScan): (index: number) => number {
  const [cause, syscall, method] = [scan.column('cause'), scan.column('syscall'), scan.column('method')];
  return (i) => activityOf(cause[i]!, unzigzag(syscall[i]!), method[i]!);
}
