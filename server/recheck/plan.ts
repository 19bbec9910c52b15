// SPDX-License-Identifier: BSD-2-Clause
/**
 * What a recheck of one run is to change. The rows are in a small database of their own, written by the recheck worker and
 * attached by the ingest worker, so that neither sends nor holds them; the rest is plain data.
 */
import { rmSync } from 'node:fs';
import type { Database, Statement } from 'better-sqlite3';
import type { RuleTally } from '../../schema/api/index.ts';
import type { Anomaly, Severity } from '../../schema/rules/rule.ts';
import { Sqlite } from '../store/sqlite.ts';

/** Anomalies of one fingerprint as the rules find them now. */
export interface CheckedGroup {
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly method: string;
  found: number;
  kept: number;
  readonly firstSeq: number;
  lastSeq: number;
  /** Some of them were not found before. */
  grown: boolean;
}

export interface RecheckPlan {
  /** The database with the rows. */
  readonly file: string;
  /** Number of the run, and its records and revision of the rules when it was checked: it must not have changed since. */
  readonly run: number;
  readonly records: number;
  readonly rulesBefore: string;
  /** The one rule that was asked, or null for all. */
  readonly rule: string | null;
  readonly groups: readonly CheckedGroup[];
  /** What the rules know after the last record, as JSON. */
  readonly ruleState: string;
  readonly tallies: readonly RuleTally[];
}

/** The rows of a plan while it is being made. */
export class PlanFile {
  private readonly db: Database;
  private readonly insertGone: Statement;
  private readonly insertChanged: Statement;
  private readonly insertAdded: Statement;

  /** Makes the file anew. It is worth nothing after a crash, so nothing is done to make it last. */
  constructor(file: string) {
    removePlan(file);
    this.db = new Sqlite(file);
    this.db.pragma('journal_mode = OFF');
    this.db.pragma('synchronous = OFF');
    this.db.exec(`
      CREATE TABLE gone (id INTEGER PRIMARY KEY);
      CREATE TABLE changed (id INTEGER PRIMARY KEY, time INTEGER, severity TEXT, thread INTEGER, method TEXT, detail TEXT);
      CREATE TABLE added (seq INTEGER, time INTEGER, rule TEXT, severity TEXT, thread INTEGER, method TEXT, detail TEXT, fingerprint TEXT);
      BEGIN`);
    this.insertGone = this.db.prepare('INSERT INTO gone (id) VALUES (?)');
    this.insertChanged = this.db.prepare('INSERT INTO changed (id, time, severity, thread, method, detail) VALUES (?, ?, ?, ?, ?, ?)');
    this.insertAdded = this.db.prepare('INSERT INTO added (seq, time, rule, severity, thread, method, detail, fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  }

  /** The stored anomaly `id` is not found any more. */
  gone(id: number): void {
    this.insertGone.run(id);
  }

  /** The stored anomaly `id` is found with another text, thread or severity. */
  changed(id: number, { severity, thread, method, detail }: Anomaly, time: number): void {
    this.insertChanged.run(id, time, severity, thread, method, detail);
  }

  /** An anomaly that was not found before; in the order of records. */
  added({ seq, rule, severity, thread, method, detail, fingerprint }: Anomaly, time: number): void {
    this.insertAdded.run(seq, time, rule, severity, thread, method, detail, fingerprint);
  }

  /** Completes the file, so that it can be attached. */
  finish(): void {
    this.db.exec('COMMIT');
    this.db.close();
  }

  /** Gives the file up. */
  discard(): void {
    this.db.close();
  }
}

export function removePlan(file: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
}
