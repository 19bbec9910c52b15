// SPDX-License-Identifier: BSD-2-Clause
/** A run's history in memory, to test what reads it. */
import type { RecordRow } from '../../schema/api/index.ts';
import { matches, NO_FILTER, type Filter } from '../page/state/filter.ts';
import type { ReadRows } from '../page/state/row-source.ts';
import { recordRow } from './fixtures.ts';

export class History {
  records: number;
  /** Ranges that were asked for. */
  readonly asked: { from: number; to: number }[] = [];
  /** Set to make reading fail. */
  failure: Error | undefined;
  private readonly filter: Filter;

  constructor(records: number, filter: Filter = NO_FILTER) {
    this.records = records;
    this.filter = filter;
  }

  /** As the service does: in order, at most `limit` rows, and where to go on. */
  readonly read: ReadRows = async (from, to, limit) => {
    this.asked.push({ from, to });
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    const rows: RecordRow[] = [];
    const last = Math.min(to, this.records);
    let seq = from;
    for (; seq <= last && rows.length < limit; seq++) {
      const row = recordRow(seq);
      if (matches(row, this.filter)) rows.push(row);
    }
    return { rows, next: seq <= last ? seq : null };
  };
}

/** Rows of the feed. */
export function rowsOf(from: number, to: number): RecordRow[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => recordRow(from + i));
}

/** Waits until everything that is under way without timers is done. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => { setImmediate(resolve); });
}
