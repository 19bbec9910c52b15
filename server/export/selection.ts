// SPDX-License-Identifier: BSD-2-Clause
import { RequestError } from '../errors.ts';
import type { TrapRecord } from '../../schema/trace/trap-record.ts';

/** Which records of a run are exported; all of them without. */
export interface Selection {
  /** First and last sequence number. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Entered not before and not after these virtual times, ns. */
  readonly fromTime?: number | undefined;
  readonly toTime?: number | undefined;
  /** Records that this thread made, that gave it something, or that changed its state. */
  readonly thread?: number | undefined;
}

/** Throws a RequestError for bounds that cannot be met. */
export function checkSelection({ from, to, fromTime, toTime }: Selection): void {
  if (from !== undefined && to !== undefined && from > to) throw new RequestError('bad-request', `"from" (${from}) is above "to" (${to})`);
  if (fromTime !== undefined && toTime !== undefined && fromTime > toTime) {
    throw new RequestError('bad-request', `"fromTime" (${fromTime}) is above "toTime" (${toTime})`);
  }
}

/** Whether a record is about a thread; see {@link Selection.thread}. */
export function concerns(record: TrapRecord, thread: number): boolean {
  if (record.thread === thread) return true;
  for (let i = 0; i < record.deliveryCount; i++) if (record.deliveries[i]!.thread === thread) return true;
  for (let i = 0; i < record.transitionCount; i++) if (record.transitions[i]!.thread === thread) return true;
  return false;
}
