// SPDX-License-Identifier: BSD-2-Clause
/** Runs the rules over the stored records of a run again, and finds out what they say otherwise than before. */
import type { Database, Statement } from 'better-sqlite3';
import type { RuleTally } from '../../schema/api/index.ts';
import type { Anomaly, Severity } from '../../schema/rules/rule.ts';
import { BatchError, BatchReader } from '../../schema/trace/batch.ts';
import type { Subject } from '../../schema/trace/names.ts';
import { TrapRecord } from '../../schema/trace/trap-record.ts';
import { KEPT_PER_FINGERPRINT } from '../ingest/limits.ts';
import { makeRuleEngine, type MakeRules } from '../ingest/run-writer.ts';
import { interfacesByName } from '../interfaces.ts';
import { runOfRow, SELECT_RUN, type RunRow, type StoredRun } from '../store/run-row.ts';
import { NotCheckedError } from './not-checked-error.ts';
import { PlanFile, type CheckedGroup, type RecheckPlan } from './plan.ts';

export interface CheckOptions {
  /** Where the rows of the plan go. */
  readonly file: string;
  /** Ask this rule alone. */
  readonly rule: string | null;
  /** Told how many records are done, after each chunk. */
  readonly progress: (records: number) => void;
  /** Other rules than those of the catalogue, for tests. */
  readonly makeRules?: MakeRules;
}

interface StoredChunk {
  readonly first_seq: number;
  readonly count: number;
  readonly body: Buffer;
}

interface StoredAnomaly {
  readonly id: number;
  readonly seq: number;
  readonly rule: string;
  readonly severity: Severity;
  readonly thread: number;
  readonly method: string;
  readonly detail: string;
  readonly fingerprint: string;
}

interface Found {
  readonly anomaly: Anomaly;
  readonly time: number;
}

/** Throws a NotCheckedError for a run that cannot be judged as it is. */
export function checkRun(db: Database, name: string, options: CheckOptions): RecheckPlan {
  const run = findRun(db, name);
  if (run === undefined) throw new NotCheckedError('removed', `run ${name} is not there any more`);
  if (run.importing) throw new NotCheckedError('running', `run ${name} is just being imported; the rules judge it then`);
  if (run.state === 'running') throw new NotCheckedError('running', `run ${name} is still running; recheck it when it has ended`);
  if (run.recordsDroppedAt !== 0) throw new NotCheckedError('records-dropped', `the records of run ${name} are not kept any more; it keeps the anomalies that were found in them`);
  const plan = new PlanFile(options.file);
  try {
    const made = new RunCheck(db, run, plan, options).make();
    plan.finish();
    return made;
  } catch (error) {
    plan.discard();
    throw error instanceof BatchError ? new NotCheckedError('damaged', `records of run ${name} cannot be read: ${error.message}`) : error;
  }
}

function findRun(db: Database, name: string): StoredRun | undefined {
  const row = db.prepare(`${SELECT_RUN} WHERE name = ?`).get(name) as RunRow | undefined;
  return row && runOfRow(row);
}

class RunCheck {
  private readonly db: Database;
  private readonly run: StoredRun;
  private readonly plan: PlanFile;
  private readonly options: CheckOptions;
  private readonly record = new TrapRecord();
  private readonly groups = new Map<string, CheckedGroup>();
  private readonly tallies = new Map<string, RuleTally>();
  private readonly stored: Statement;
  private found: Found[] = [];

  constructor(db: Database, run: StoredRun, plan: PlanFile, options: CheckOptions) {
    this.db = db;
    this.run = run;
    this.plan = plan;
    this.options = options;
    this.stored = db.prepare(`SELECT id, seq, rule, severity, thread, method, detail, fingerprint FROM anomaly
      WHERE run = ? AND seq BETWEEN ? AND ? AND (:rule IS NULL OR rule = :rule) ORDER BY id`);
  }

  make(): RecheckPlan {
    const { run, options, record } = this;
    const rules = (options.makeRules ?? makeRuleEngine)(interfacesByName(run.description.configuration), (anomaly) => this.take(anomaly));
    for (const subject of this.subjects()) rules.subject(subject);
    for (const chunk of this.chunks()) {
      const batch = new BatchReader(chunk.body);
      for (const subject of batch.subjects) rules.subject(subject);
      rules.applyBatch(batch, record);
      this.compare(chunk.first_seq, chunk.first_seq + chunk.count - 1);
      options.progress(chunk.first_seq + chunk.count - 1);
    }
    this.compareFloods();
    return {
      file: options.file, run: run.key, records: run.records, rulesBefore: run.rules, rule: options.rule, groups: [...this.groups.values()],
      ruleState: JSON.stringify(rules.snapshot()), tallies: [...this.tallies.values()].sort((a, b) => (a.rule < b.rule ? -1 : 1)),
    };
  }

  /** Names that came with no records are in no chunk; those in chunks come again with them. */
  private subjects(): Subject[] {
    return this.db.prepare('SELECT id, type, name FROM subject WHERE run = ? ORDER BY id').all(this.run.key) as Subject[];
  }

  /** One after the other, each read by itself: a long read would keep the write-ahead log from being emptied. */
  private *chunks(): Generator<StoredChunk> {
    const next = this.db.prepare('SELECT first_seq, count, body FROM chunk WHERE run = ? AND first_seq > ? ORDER BY first_seq LIMIT 1');
    for (let seq = 1; seq <= this.run.records;) {
      const chunk = next.get(this.run.key, seq - 1) as StoredChunk | undefined;
      if (chunk?.first_seq !== seq) throw this.missing(seq, chunk);
      yield chunk;
      seq += chunk.count;
    }
  }

  private missing(seq: number, next: StoredChunk | undefined): NotCheckedError {
    const { id } = this.run.description;
    const now = findRun(this.db, id);
    if (now === undefined) return new NotCheckedError('removed', `run ${id} was removed while it was checked`);
    if (now.recordsDroppedAt !== 0) return new NotCheckedError('records-dropped', `the records of run ${id} were dropped while they were checked`);
    return new NotCheckedError('damaged', `records ${seq} to ${(next?.first_seq ?? this.run.records + 1) - 1} of run ${id} are missing`);
  }

  private take(anomaly: Anomaly): void {
    if (this.options.rule !== null && anomaly.rule !== this.options.rule) return;
    this.found.push({ anomaly, time: this.record.entryTime });
  }

  /** What is stored of these records against what was found in them. */
  private compare(first: number, last: number): void {
    const stored = new Map<string, StoredAnomaly[]>();
    for (const row of this.stored.all(this.run.key, first, last, { rule: this.options.rule }) as StoredAnomaly[]) {
      const alike = stored.get(keyOf(row));
      if (alike === undefined) stored.set(keyOf(row), [row]);
      else alike.push(row);
    }
    for (const { anomaly, time } of this.found) this.judge(anomaly, time, stored.get(keyOf(anomaly))?.shift());
    for (const { id, rule } of [...stored.values()].flat()) {
      this.plan.gone(id);
      this.tally(rule).gone++;
    }
    this.found = [];
  }

  /** Enters one anomaly; `before` is the same one as stored. */
  private judge(anomaly: Anomaly, time: number, before: StoredAnomaly | undefined): void {
    const group = this.groupOf(anomaly);
    group.found++;
    group.lastSeq = anomaly.seq;
    const kept = group.kept < KEPT_PER_FINGERPRINT;
    if (kept) group.kept++;
    if (before === undefined) {
      if (!kept) return;
      group.grown = true;
      this.plan.added(anomaly, time);
      this.tally(anomaly.rule).added++;
      return;
    }
    this.tally(anomaly.rule).same++;
    if (!kept) this.plan.gone(before.id);
    else if (!sameText(anomaly, before)) this.plan.changed(before.id, anomaly, time);
  }

  /** Of a flood only the number is known beyond the rows that are kept. */
  private compareFloods(): void {
    const before = new Map((this.db.prepare('SELECT fingerprint, rule, found - kept AS more FROM anomaly_group WHERE run = ? AND (:rule IS NULL OR rule = :rule)')
      .all(this.run.key, { rule: this.options.rule }) as { fingerprint: string; rule: string; more: number }[]).map((row) => [row.fingerprint, row]));
    for (const fingerprint of new Set([...before.keys(), ...this.groups.keys()])) {
      const group = this.groups.get(fingerprint);
      const [was, is] = [before.get(fingerprint)?.more ?? 0, group === undefined ? 0 : group.found - group.kept];
      if (was === 0 && is === 0) continue;
      const tally = this.tally((before.get(fingerprint) ?? group)!.rule);
      tally.same += Math.min(was, is);
      tally.gone += Math.max(0, was - is);
      tally.added += Math.max(0, is - was);
      if (is > was) group!.grown = true;
    }
  }

  private groupOf({ fingerprint, rule, severity, method, seq }: Anomaly): CheckedGroup {
    let group = this.groups.get(fingerprint);
    if (group === undefined) {
      group = { fingerprint, rule, severity, method, found: 0, kept: 0, firstSeq: seq, lastSeq: seq, grown: false };
      this.groups.set(fingerprint, group);
    }
    return group;
  }

  private tally(rule: string): RuleTally {
    let tally = this.tallies.get(rule);
    if (tally === undefined) {
      tally = { rule, gone: 0, added: 0, same: 0 };
      this.tallies.set(rule, tally);
    }
    return tally;
  }
}

/** Anomalies with the same key are the same; a rule may find several in one record. */
function keyOf({ seq, rule, fingerprint }: Pick<StoredAnomaly, 'seq' | 'rule' | 'fingerprint'>): string {
  return `${seq} ${rule} ${fingerprint}`;
}

function sameText(a: Omit<Anomaly, 'seq'>, b: StoredAnomaly): boolean {
  return a.severity === b.severity && a.thread === b.thread && a.method === b.method && a.detail === b.detail;
}
