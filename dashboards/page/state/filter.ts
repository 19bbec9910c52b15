// SPDX-License-Identifier: BSD-2-Clause
/** Which records a person wants to see: one predicate for the live feed, one query for history. */
import type { RecordQuery, RecordRow } from '../../../schema/api/index.ts';
import { activity } from '../format.ts';

export interface Filter {
  readonly thread: number | null;
  /** Method id, system call name or cause; empty for all. */
  readonly method: string;
  readonly outcome: RecordRow['outcome'] | null;
  /** Only records with anomalies. */
  readonly anomalous: boolean;
}

export const NO_FILTER: Filter = { thread: null, method: '', outcome: null, anomalous: false };

export function isFiltering(filter: Filter): boolean {
  return filter.thread !== null || filter.method !== '' || filter.outcome !== null || filter.anomalous;
}

export function sameFilter(a: Filter, b: Filter): boolean {
  return a.thread === b.thread && a.method === b.method && a.outcome === b.outcome && a.anomalous === b.anomalous;
}

export function matches(row: RecordRow, filter: Filter): boolean {
  return (filter.thread === null || row.thread === filter.thread)
    && (filter.method === '' || activity(row) === filter.method)
    && (filter.outcome === null || row.outcome === filter.outcome)
    && (!filter.anomalous || row.anomalies > 0);
}

/** The same as a query of history. */
export function toQuery(filter: Filter): RecordQuery {
  return {
    ...(filter.thread === null ? {} : { thread: filter.thread }),
    ...(filter.method === '' ? {} : { method: filter.method }),
    ...(filter.outcome === null ? {} : { outcome: filter.outcome }),
    ...(filter.anomalous ? { anomalies: 'only' as const } : {}),
  };
}
