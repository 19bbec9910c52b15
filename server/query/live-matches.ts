// SPDX-License-Identifier: BSD-2-Clause
/** What a live feed with conditions shows of the records that came since it last looked. */
import type { Database } from 'better-sqlite3';
import type { AnomalyRow, LiveFilter, RecordRow } from '../../schema/api/index.ts';
import { BatchScan } from '../../schema/trace/batch.ts';
import { interfacesByName } from '../interfaces.ts';
import { activityCode } from '../store/activity.ts';
import type { StoredRun } from '../store/run-row.ts';
import { anomaliesOfRecord, anomaliesOfRange } from './anomalies.ts';
import { findAnomalousChunks, findChunks } from './chunk-search.ts';
import { RecordFilter } from './record-filter.ts';
import { BatchRows } from './record-row.ts';

export interface LiveMatches {
  /** The newest ones, at most as many as asked, of `records`. */
  readonly rows: RecordRow[];
  readonly records: number;
  /** The first ones, at most as many as asked, of `anomaliesFound`. */
  readonly anomalies: AnomalyRow[];
  readonly anomaliesFound: number;
}

/** Records `from` to `to` of a run that fulfil all conditions, and the anomalies kept for records there. Counts are exact. */
export function liveMatches(db: Database, run: StoredRun, conditions: LiveFilter, from: number, to: number, most: number): LiveMatches {
  const { rule, anomalies: anomalous, ...columns } = conditions;
  const interfaces = interfacesByName(run.description.configuration);
  // A feed goes on to runs of other configurations, which may not have the method.
  if (columns.method !== undefined && activityCode(columns.method, interfaces) === undefined) return { rows: [], records: 0, anomalies: [], anomaliesFound: 0 };
  const query = { ...columns, from, to };
  const filter = new RecordFilter(query, interfaces);
  const needsAnomaly = rule !== undefined || anomalous !== undefined;
  const withRule = rule === undefined ? undefined : new Set(db.prepare('SELECT DISTINCT seq FROM anomaly WHERE run = ? AND rule = ? AND seq BETWEEN ? AND ?').pluck().all(run.key, rule, from, to) as number[]);
  let rows: RecordRow[] = [];
  let records = 0;
  for (const chunk of needsAnomaly ? findAnomalousChunks(db, run.key, query) : findChunks(db, run.key, query, filter.keys)) {
    const scan = new BatchScan(chunk.body);
    const among = 'anomalous' in chunk ? (chunk.anomalous as readonly number[]).filter((seq) => withRule?.has(seq) !== false) : undefined;
    const found = filter.matches(scan, Infinity, among);
    if (found.length === 0) continue;
    records += found.length;
    const made = new BatchRows(scan, interfaces);
    rows = [...rows, ...found.slice(-most).map((index) => made.at(index))].slice(-most);
  }
  for (const row of rows) row.anomalies = anomaliesOfRecord(db, run.key, row.seq).length;
  return { rows, records, ...anomaliesOfRange(db, run.key, from, to, { ...conditions }, most) };
}
