// SPDX-License-Identifier: BSD-2-Clause
/**
 * Looks through a whole store for what must never be: damage that SQLite finds, and rows that contradict each other or
 * the records that they sum up. Every run is looked at in a transaction of its own, so that a service can go on meanwhile.
 */
import type { Database } from 'better-sqlite3';
import type { CheckReport } from '../../schema/api/index.ts';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import { BatchReader, unzigzag } from '../../schema/trace/batch.ts';
import { OUTCOME } from '../../schema/trace/trap-record.ts';
import { interfacesByName } from '../interfaces.ts';
import { activityName, activityOf } from './activity.ts';
import { KEY } from './keys.ts';
import { runOfRow, SELECT_RUN, type RunRow, type StoredRun } from './run-row.ts';
import { TABLES_OF_RUNS } from './run-tables.ts';
import { Tally, TimeTally } from './tally.ts';

/** How far a check is. */
export interface CheckProgress {
  readonly records: number;
  readonly totalRecords: number;
}

/** More problems than this are counted only: one cause can have very many. */
const MOST_PROBLEMS = 100;
const OUTCOME_COUNT = 8;

/** Checks a store, opened for reading. Throws what SQLite throws when it cannot be read at all. */
export function* checkStore(db: Database): Generator<CheckProgress, CheckReport> {
  const problems = new Problems();
  const totalRecords = db.prepare('SELECT coalesce(sum(records), 0) FROM run WHERE records_dropped_at = 0').pluck().get() as number;
  let records = 0;
  let chunks = 0;
  yield { records, totalRecords };
  for (const { integrity_check: found } of db.pragma('integrity_check') as { integrity_check: string }[]) if (found !== 'ok') problems.add(null, found);
  checkOwners(db, problems);
  const runs = db.prepare('SELECT id FROM run ORDER BY id').pluck().all() as number[];
  for (const key of runs) {
    // A read transaction: what a service commits meanwhile is not seen.
    db.exec('BEGIN');
    try {
      const row = db.prepare(`${SELECT_RUN} WHERE run.id = ?`).get(key) as RunRow | undefined;
      if (row === undefined) continue;
      const check = new RunCheck(db, row, problems);
      for (const seen of check.all()) {
        records += seen;
        chunks++;
        yield { records, totalRecords };
      }
    } finally {
      db.exec('COMMIT');
    }
  }
  return { ok: problems.count === 0, runs: runs.length, chunks, records, problems: problems.kept, problemCount: problems.count };
}

/** Rows of runs that are not there. */
function checkOwners(db: Database, problems: Problems): void {
  for (const table of TABLES_OF_RUNS) {
    const orphans = db.prepare(`SELECT count(*) FROM ${table} WHERE run NOT IN (SELECT id FROM run)`).pluck().get() as number;
    if (orphans > 0) problems.add(null, `${orphans} rows of table ${table} are of no run`);
  }
  const unknown = db.prepare('SELECT count(*) FROM anomaly_group WHERE fingerprint NOT IN (SELECT fingerprint FROM finding) AND run NOT IN (SELECT id FROM run WHERE importing = 1)').pluck().get() as number;
  if (unknown > 0) problems.add(null, `${unknown} groups of anomalies have no finding`);
}

class Problems {
  readonly kept: { run: string | null; problem: string }[] = [];
  count = 0;

  add(run: string | null, problem: string): void {
    if (this.count++ < MOST_PROBLEMS) this.kept.push({ run, problem });
  }
}

interface Sum {
  readonly records: number;
  readonly time: number;
  readonly longest: number;
}

/** One run against its own records. */
class RunCheck {
  private readonly db: Database;
  private readonly run: StoredRun;
  private readonly problems: Problems;
  private readonly interfaces: InterfaceModel | undefined;
  private readonly threads = new Tally(0, 4096);
  private readonly activities = new Tally(-64, 512);
  private readonly outcomes = new Tally(0, OUTCOME_COUNT);
  /** Activity × outcome, over the whole run. */
  private readonly methods = new TimeTally(-64 * OUTCOME_COUNT, 512 * OUTCOME_COUNT);
  /** What table chunk_key must count, by kind, key and first record of the chunk. */
  private readonly keys = new Map<string, number>();
  private readonly subjects = new Set<number>();
  private replies = 0;

  constructor(db: Database, row: RunRow, problems: Problems) {
    this.db = db;
    this.run = runOfRow(row);
    this.problems = problems;
    this.interfaces = this.readInterfaces();
  }

  /** Yields the number of records of each chunk. */
  *all(): Generator<number> {
    this.checkAnomalies();
    if (this.run.recordsDroppedAt !== 0) return;
    yield* this.checkChunks();
    this.checkKeys();
    this.checkMethods();
    if (this.replies !== this.run.replies) this.bad(`its row counts ${this.run.replies} replies, its records have ${this.replies}`);
    const named = new Set(this.db.prepare('SELECT id FROM subject WHERE run = ?').pluck().all(this.run.key) as number[]);
    const unnamed = [...this.subjects].filter((id) => !named.has(id)).length;
    if (unnamed > 0) this.bad(`${unnamed} threads or objects that its records name are not in table subject`);
  }

  private *checkChunks(): Generator<number> {
    let [next, time] = [1, 0];
    const rows = this.db.prepare('SELECT first_seq AS firstSeq, count, first_time AS firstTime, last_time AS lastTime, body FROM chunk WHERE run = ? ORDER BY first_seq')
      .iterate(this.run.key) as IterableIterator<{ firstSeq: number; count: number; firstTime: number; lastTime: number; body: Buffer }>;
    for (const { firstSeq, count, firstTime, lastTime, body } of rows) {
      if (firstSeq !== next) this.bad(firstSeq > next ? `records ${next} to ${firstSeq - 1} are missing` : `a chunk begins with record ${firstSeq}, which the one before has too`);
      if (firstTime < time) this.bad(`record ${firstSeq} begins at ${firstTime} ns, before the end of the record before it (${time} ns)`);
      const batch = this.decode(firstSeq, body);
      if (batch !== undefined) {
        const { header } = batch;
        if (header.firstSeq !== firstSeq || header.count !== count || header.firstTime !== firstTime || header.lastTime !== lastTime) this.bad(`the chunk at record ${firstSeq} holds other records than its row says`);
        this.count(batch, firstSeq);
      }
      [next, time] = [firstSeq + count, lastTime];
      yield count;
    }
    if (next - 1 !== this.run.records) this.bad(`its row counts ${this.run.records} records, its chunks have ${next - 1}`);
    if (time !== this.run.time) this.bad(`its row says that it lasted ${this.run.time} ns, its chunks end at ${time} ns`);
  }

  private decode(firstSeq: number, body: Buffer): BatchReader | undefined {
    try {
      return new BatchReader(body);
    } catch (error) {
      this.bad(`the chunk at record ${firstSeq} cannot be decoded: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  private count(batch: BatchReader, firstSeq: number): void {
    const { thread, cause, syscall, method, outcome } = batch.records;
    for (let i = 0; i < batch.count; i++) {
      const activity = activityOf(cause[i]!, unzigzag(syscall[i]!), method[i]!);
      this.threads.add(thread[i]!);
      this.activities.add(activity);
      this.outcomes.add(outcome[i]!);
      if (outcome[i] === OUTCOME.replied || outcome[i] === OUTCOME.error) this.replies++;
      this.methods.add(activity * OUTCOME_COUNT + outcome[i]!, batch.exitTimes[i]! - batch.entryTimes[i]!);
    }
    for (const [kind, tally] of [[KEY.thread, this.threads], [KEY.activity, this.activities], [KEY.outcome, this.outcomes]] as const) {
      tally.forEach((key, records) => this.keys.set(`${kind} ${key} ${firstSeq}`, records));
      tally.clear();
    }
    for (const { id } of batch.subjects) this.subjects.add(id);
  }

  private checkKeys(): void {
    let wrong = 0;
    const rows = this.db.prepare('SELECT kind, key, first_seq AS firstSeq, records FROM chunk_key WHERE run = ?').iterate(this.run.key) as
      IterableIterator<{ kind: number; key: number; firstSeq: number; records: number }>;
    for (const { kind, key, firstSeq, records } of rows) {
      const name = `${kind} ${key} ${firstSeq}`;
      if (this.keys.get(name) !== records) wrong++;
      this.keys.delete(name);
    }
    if (wrong > 0) this.bad(`${wrong} rows of table chunk_key count other records than there are`);
    if (this.keys.size > 0) this.bad(`${this.keys.size} rows of table chunk_key are missing`);
  }

  private checkMethods(): void {
    const { interfaces } = this;
    if (interfaces === undefined) return;
    const counted = new Map<string, Sum>();
    this.methods.forEach((key, records, time, longest) => {
      const activity = Math.floor(key / OUTCOME_COUNT);
      counted.set(`${activityName(activity, interfaces)} ${key - activity * OUTCOME_COUNT}`, { records, time, longest });
    });
    const rows = this.db.prepare('SELECT method, outcome, records, time, longest FROM method_count WHERE run = ?').all(this.run.key) as
      { method: string; outcome: number; records: number; time: number | null; longest: number | null }[];
    for (const { method, outcome, records, time, longest } of rows) {
      const sum = counted.get(`${method} ${outcome}`);
      const right = sum !== undefined && sum.records === records && (time === null || time === sum.time) && (longest === null || longest === sum.longest);
      if (!right) this.bad(`table method_count has ${records} records of ${method} with outcome ${outcome}; there are ${sum?.records ?? 0}, or their times differ`);
      counted.delete(`${method} ${outcome}`);
    }
    for (const [what, { records }] of counted) this.bad(`table method_count has no row for ${records} records of ${what}`);
  }

  private checkAnomalies(): void {
    const { key, records, anomalies } = this.run;
    const groups = this.db.prepare('SELECT fingerprint, severity, found, kept FROM anomaly_group WHERE run = ?').all(key) as { fingerprint: string; severity: string; found: number; kept: number }[];
    const kept = new Map(this.db.prepare('SELECT fingerprint, count(*) FROM anomaly WHERE run = ? GROUP BY fingerprint').raw().all(key) as [string, number][]);
    for (const { fingerprint, kept: counted, found } of groups) {
      if (counted !== (kept.get(fingerprint) ?? 0)) this.bad(`${counted} anomalies ${fingerprint} are said to be kept, ${kept.get(fingerprint) ?? 0} are`);
      if (found < counted) this.bad(`more anomalies ${fingerprint} are kept than were found`);
      kept.delete(fingerprint);
    }
    for (const fingerprint of kept.keys()) this.bad(`anomalies ${fingerprint} are in no group`);
    for (const severity of ['error', 'warning', 'info'] as const) {
      const found = groups.filter((group) => group.severity === severity).reduce((sum, group) => sum + group.found, 0);
      if (found !== anomalies[severity]) this.bad(`its row counts ${anomalies[severity]} anomalies of severity ${severity}, its groups ${found}`);
    }
    const beyond = this.db.prepare('SELECT count(*) FROM anomaly WHERE run = ? AND (seq < 1 OR seq > ?)').pluck().get(key, records) as number;
    if (beyond > 0) this.bad(`${beyond} anomalies are of records that it does not have`);
  }

  private readInterfaces(): InterfaceModel | undefined {
    try {
      return interfacesByName(this.run.description.configuration);
    } catch (error) {
      this.bad(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  private bad(problem: string): void {
    this.problems.add(this.run.description.id, problem);
  }
}
