// SPDX-License-Identifier: BSD-2-Clause
/** What a record query asks of one record, over the columns of a chunk. */
import type { RecordQuery } from '../../schema/api/index.ts';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import type { BatchScan } from '../../schema/trace/batch.ts';
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
   * Indices of the records of a chunk that match. Decodes only the columns that are asked about.
   * @param among sequence numbers in order, if only those can match
   */
  matches(scan: BatchScan, among?: readonly number[]): number[] {
    const { count, firstSeq } = scan.header;
    const first = Math.max(0, this.from - firstSeq);
    const end = Math.min(count, this.to - firstSeq + 1);
    let found = among === undefined
      ? Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i)
      : among.map((seq) => seq - firstSeq).filter((i) => i >= first && i < end);
    if (this.fromTime > scan.header.firstTime || this.toTime < scan.header.lastTime) {
      const times = scan.entryTimes();
      found = found.filter((i) => times[i]! >= this.fromTime && times[i]! <= this.toTime);
    }
    if (this.thread !== undefined) found = keep(found, scan.column('thread'), this.thread);
    if (this.outcome !== undefined) found = keep(found, scan.column('outcome'), this.outcome);
    if (this.activity !== undefined && found.length > 0) {
      const cause = scan.column('cause');
      const syscall = scan.syscalls();
      const method = scan.column('method');
      found = found.filter((i) => activityOf(cause[i]!, syscall[i]!, method[i]!) === this.activity);
    }
    return found;
  }
}

function keep(indices: number[], column: Uint32Array, value: number): number[] {
  return indices.filter((i) => column[i] === value);
}
