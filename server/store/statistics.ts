// SPDX-License-Identifier: BSD-2-Clause
/** How much room a store takes, and what for. */
import { statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';

export interface StoreStatistics {
  readonly file: string;
  /** Bytes of the database and of its write-ahead log. */
  readonly fileBytes: number;
  readonly logBytes: number;
  /** Bytes of pages that hold nothing and are used next. */
  readonly freeBytes: number;
  readonly version: number;
  readonly runs: number;
  readonly runsWithoutRecords: number;
  readonly records: number;
  readonly anomalies: number;
  /** Bytes of the batches of all records, and of a record on average. */
  readonly recordBytes: number;
  readonly bytesPerRecord: number;
  /** Bytes of each table with its indices, largest first. */
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly bytes: number }[];
}

/** Reads all pages of the database for it. */
export function storeStatistics(db: Database): StoreStatistics {
  const pragma = (name: string): number => db.pragma(name, { simple: true }) as number;
  const totals = db.prepare(`SELECT count(*) AS runs, coalesce(sum(records_dropped_at != 0), 0) AS runsWithoutRecords,
    coalesce(sum(CASE records_dropped_at WHEN 0 THEN records END), 0) AS records, coalesce(sum(errors + warnings + infos), 0) AS anomalies FROM run`)
    .get() as Pick<StoreStatistics, 'runs' | 'runsWithoutRecords' | 'records' | 'anomalies'>;
  const recordBytes = db.prepare('SELECT coalesce(sum(length(body)), 0) FROM chunk').pluck().get() as number;
  return {
    file: db.name, fileBytes: fileBytes(db.name), logBytes: fileBytes(`${db.name}-wal`), freeBytes: pragma('freelist_count') * pragma('page_size'),
    version: pragma('user_version'), ...totals, recordBytes, bytesPerRecord: totals.records === 0 ? 0 : recordBytes / totals.records,
    tables: tablesOf(db),
  };
}

function tablesOf(db: Database): StoreStatistics['tables'] {
  const sizes = db.prepare(`SELECT schema.tbl_name AS "table", sum(pages.pgsize) AS bytes
    FROM dbstat('main', 1) AS pages JOIN sqlite_schema AS schema ON schema.name = pages.name GROUP BY schema.tbl_name ORDER BY bytes DESC, 1`)
    .all() as { table: string; bytes: number }[];
  return sizes.map(({ table, bytes }) => ({ table, rows: db.prepare(`SELECT count(*) FROM "${table.replaceAll('"', '""')}"`).pluck().get() as number, bytes }));
}

function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
