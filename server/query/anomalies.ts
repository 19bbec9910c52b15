// SPDX-License-Identifier: BSD-2-Clause
import type { Database } from 'better-sqlite3';
import { DEFAULT_PAGE, type AnomalyPage, type AnomalyQuery, type AnomalyRow } from '../../schema/api/index.ts';

/** A row of table `anomaly` with the names that go with it. */
type StoredAnomaly = Omit<AnomalyRow, 'foundAt'> & { readonly foundAt: number };

const SELECT = `SELECT anomaly.id, run.name AS run, anomaly.seq, anomaly.time, anomaly.rule, anomaly.severity, anomaly.thread,
  coalesce(subject.name, '') AS threadName, anomaly.method, anomaly.detail, anomaly.fingerprint, anomaly.found_at AS foundAt
  FROM anomaly JOIN run ON run.id = anomaly.run LEFT JOIN subject ON subject.run = anomaly.run AND subject.id = anomaly.thread`;

const CONDITIONS = {
  rule: 'anomaly.rule = :rule',
  method: 'anomaly.method = :method',
  thread: 'anomaly.thread = :thread',
  severity: 'anomaly.severity = :severity',
  fingerprint: 'anomaly.fingerprint = :fingerprint',
  after: 'anomaly.id > :after',
} as const satisfies Partial<Record<keyof AnomalyQuery, string>>;

/** A page of anomalies of one run or, without, of all. `query.run` is not looked at. */
export function readAnomalies(db: Database, run: number | undefined, query: AnomalyQuery): AnomalyPage {
  const conditions: string[] = run === undefined ? [] : ['anomaly.run = :run'];
  const parameters: Record<string, string | number> = run === undefined ? {} : { run };
  for (const [name, condition] of Object.entries(CONDITIONS) as [keyof typeof CONDITIONS, string][]) {
    const value = query[name];
    if (value === undefined) continue;
    conditions.push(condition);
    parameters[name] = value;
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const limit = query.limit ?? DEFAULT_PAGE;
  // One more than asked tells whether a next page exists.
  const rows = db.prepare(`${SELECT} ${where} ORDER BY anomaly.id LIMIT :limit + 1`).all({ ...parameters, limit }) as StoredAnomaly[];
  const anomalies = rows.slice(0, limit).map(toRow);
  return { anomalies, next: rows.length > limit ? anomalies.at(-1)!.id : null };
}

/** Anomalies that are kept for records `from` to `to` of a run: the first ones, and how many there are. */
export function anomaliesOfRange(db: Database, run: number, from: number, to: number, { rule, method, thread }: Pick<AnomalyQuery, 'rule' | 'method' | 'thread'>, most: number): { anomalies: AnomalyRow[]; anomaliesFound: number } {
  const where = `WHERE anomaly.run = :run AND anomaly.seq BETWEEN :from AND :to AND anomaly.rule = coalesce(:rule, anomaly.rule)
    AND anomaly.method = coalesce(:method, anomaly.method) AND anomaly.thread = coalesce(:thread, anomaly.thread)`;
  const values = { run, from, to, rule: rule ?? null, method: method ?? null, thread: thread ?? null };
  const anomalies = (db.prepare(`${SELECT} ${where} ORDER BY anomaly.id LIMIT :most`).all({ ...values, most }) as StoredAnomaly[]).map(toRow);
  const anomaliesFound = anomalies.length < most ? anomalies.length : db.prepare(`SELECT count(*) FROM anomaly ${where}`).pluck().get(values) as number;
  return { anomalies, anomaliesFound };
}

export function anomaliesOfRecord(db: Database, run: number, seq: number): AnomalyRow[] {
  return (db.prepare(`${SELECT} WHERE anomaly.run = ? AND anomaly.seq = ? ORDER BY anomaly.id`).all(run, seq) as StoredAnomaly[]).map(toRow);
}

function toRow(stored: StoredAnomaly): AnomalyRow {
  return { ...stored, foundAt: new Date(stored.foundAt).toISOString() };
}
