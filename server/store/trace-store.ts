// SPDX-License-Identifier: BSD-2-Clause
/** The writing side of the database: one statement a method, no decisions. Owned by the ingest worker. */
import type { Database, Statement } from 'better-sqlite3';
import { RULES_REVISION } from '../../schema/rules/catalogue.ts';
import type { Anomaly } from '../../schema/rules/rule.ts';
import type { BatchHeader } from '../../schema/trace/batch.ts';
import type { RunDescription, Subject } from '../../schema/trace/names.ts';
import { Findings } from './findings.ts';
import { runOfRow, SELECT_RUN, type RunRow, type StoredRun } from './run-row.ts';

/** Anomalies of one fingerprint in one run. */
export interface StoredGroup {
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: string;
  readonly method: string;
  found: number;
  /** Of these, how many are rows of table `anomaly`. */
  kept: number;
  readonly firstSeq: number;
  lastSeq: number;
  /** When the service found the first and the last of them, ms since 1970. */
  readonly firstAt: number;
  lastAt: number;
}

/** The rule engine's knowledge of a run after record `seq`. */
export interface StoredRuleState {
  readonly seq: number;
  /** JSON. */
  readonly body: string;
}

/** How many states a thread entered in a chunk, and how many faults it raised. */
export interface ThreadChunk {
  readonly thread: number;
  readonly firstSeq: number;
  readonly changes: number;
  readonly faults: number;
}

export class TraceStore {
  readonly findings: Findings;
  private readonly db: Database;
  private readonly statements: Statements;

  constructor(db: Database) {
    this.db = db;
    this.statements = prepare(db);
    this.findings = new Findings(db);
  }

  /** Runs `work` in one write transaction; whatever it throws undoes all of it and is thrown again. */
  transaction(work: () => void): void {
    this.db.transaction(work).immediate();
  }

  /** Ids of all runs. */
  runNames(): string[] {
    return this.statements.runNames.all() as string[];
  }

  findRun(name: string): StoredRun | undefined {
    const row = this.statements.findRun.get(name) as RunRow | undefined;
    return row === undefined ? undefined : runOfRow(row);
  }

  /** `importing`: the run is marked until {@link completeImports}. */
  insertRun(description: RunDescription, now: number, importing = false): StoredRun {
    this.statements.insertRun.run({
      name: description.id, program: description.program, kernel: description.kernel, kernelVersion: description.kernelVersion,
      configuration: description.configuration, seed: description.seed, defects: JSON.stringify(description.defects), now,
      release: description.release, build: description.build, machine: description.machine, commit: description.commit, rules: RULES_REVISION, importing: importing ? 1 : 0,
    });
    for (const tag of description.tags) this.statements.insertTag.run({ run: description.id, tag });
    return this.findRun(description.id)!;
  }

  /** Writes what of a run changes. */
  updateRun(run: StoredRun): void {
    this.statements.updateRun.run({
      key: run.key, state: run.state, end: run.end, endDetail: run.endDetail, changedAt: run.changedAt, records: run.records,
      replies: run.replies, time: run.time, errors: run.anomalies.error, warnings: run.anomalies.warning, infos: run.anomalies.info,
    });
  }

  /** Marks runs whose producer went away with the service before. */
  interruptRunning(now: number): void {
    this.statements.interruptRunning.run(now);
  }

  /** Shows all runs that were imported, and takes note of their anomalies. */
  completeImports(): void {
    for (const row of this.statements.importing.all() as RunRow[]) {
      const run = runOfRow(row);
      for (const group of this.groups(run.key)) this.findings.seen(run, group);
    }
    this.statements.completeImports.run();
  }

  insertChunk(run: number, header: BatchHeader, body: Uint8Array): void {
    this.statements.insertChunk.run(run, header.firstSeq, header.count, header.firstTime, header.lastTime, body);
  }

  /** Says how many records of a chunk have a key; `kind` is one of `KEY`. */
  insertKey(run: number, kind: number, key: number, firstSeq: number, records: number): void {
    this.statements.insertKey.run(run, kind, key, firstSeq, records);
  }

  /** A name that comes later takes the place of an earlier one. */
  saveSubjects(run: number, subjects: readonly Subject[]): void {
    let at = 0;
    for (; at + SUBJECTS_AT_ONCE <= subjects.length; at += SUBJECTS_AT_ONCE) {
      this.statements.saveSubjects.run(subjects.slice(at, at + SUBJECTS_AT_ONCE).flatMap(({ id, type, name }) => [run, id, type, name]));
    }
    for (const { id, type, name } of subjects.slice(at)) this.statements.saveSubject.run(run, id, type, name);
  }

  /** `time` and `longest`: virtual ns from kernel entry to exit. */
  addMethodCount(run: number, method: string, outcome: number, records: number, time: number, longest: number): void {
    this.statements.addMethodCount.run(run, method, outcome, records, time, longest);
  }

  /** Returns the id of the new row. */
  insertAnomaly(run: number, anomaly: Anomaly, time: number, now: number): number {
    const { seq, rule, severity, thread, method, detail, fingerprint } = anomaly;
    return Number(this.statements.insertAnomaly.run(run, seq, time, rule, severity, thread, method, detail, fingerprint, now).lastInsertRowid);
  }

  groups(run: number): StoredGroup[] {
    return this.statements.groups.all(run) as StoredGroup[];
  }

  saveGroup(run: number, group: StoredGroup): void {
    this.statements.saveGroup.run({ run, ...group });
  }

  ruleState(run: number): StoredRuleState | undefined {
    return this.statements.ruleState.get(run) as StoredRuleState | undefined;
  }

  saveRuleState(run: number, state: StoredRuleState): void {
    this.statements.saveRuleState.run(run, state.seq, state.body);
  }

  insertThreadChunk(run: number, { thread, firstSeq, changes, faults }: ThreadChunk): void {
    this.statements.insertThreadChunk.run(run, thread, firstSeq, changes, faults);
  }

  /** Takes away all that is kept of a run's threads. */
  forgetThreads(run: number): void {
    this.statements.forgetThreadChunks.run(run);
    this.statements.forgetThreadCheckpoints.run(run);
  }

  /** The last checkpoint of what is known of a run's threads, as JSON. */
  threadCheckpoint(run: number, revision: number): string | undefined {
    return this.statements.threadCheckpoint.get(run, revision) as string | undefined;
  }

  saveThreadCheckpoint(run: number, seq: number, revision: number, body: string): void {
    this.statements.saveThreadCheckpoint.run(run, seq, revision, body);
  }

  /** Subjects of one type. */
  subjects(run: number, type: number): Subject[] {
    return this.statements.subjects.all(run, type) as Subject[];
  }

  /** Body of the chunk that begins with record `seq`. */
  chunkAt(run: number, seq: number): Uint8Array | undefined {
    return this.statements.chunkAt.get(run, seq) as Uint8Array | undefined;
  }

  /** Bodies of the chunk that has record `seq` and of all after it, in order. */
  *chunksFrom(run: number, seq: number): Generator<Uint8Array> {
    for (const row of this.statements.chunksFrom.iterate({ run, seq }) as IterableIterator<{ body: Buffer }>) yield row.body;
  }
}

/** Rows of one statement: several at a time take less time each. */
const SUBJECTS_AT_ONCE = 16;

function saveSubjects(count: number): string {
  return `INSERT INTO subject (run, id, type, name) VALUES ${Array(count).fill('(?, ?, ?, ?)').join(', ')}
    ON CONFLICT (run, id) DO UPDATE SET type = excluded.type, name = excluded.name`;
}

type Statements = Record<
  'findRun' | 'runNames' | 'insertRun' | 'insertTag' | 'updateRun' | 'interruptRunning' | 'insertChunk' | 'insertKey' | 'saveSubject' | 'saveSubjects' | 'addMethodCount'
  | 'insertAnomaly' | 'groups' | 'saveGroup' | 'ruleState' | 'saveRuleState' | 'insertThreadChunk' | 'forgetThreadChunks' | 'forgetThreadCheckpoints' | 'threadCheckpoint' | 'saveThreadCheckpoint'
  | 'subjects' | 'chunksFrom' | 'chunkAt' | 'importing' | 'completeImports', Statement>;

function prepare(db: Database): Statements {
  return {
    findRun: db.prepare(`${SELECT_RUN} WHERE name = ?`),
    runNames: db.prepare('SELECT name FROM run').pluck(),
    insertRun: db.prepare(`INSERT INTO run (name, program, kernel, kernel_version, configuration, seed, defects, release, build, machine, git_commit, rules, importing, state, started_at, changed_at)
      VALUES (:name, :program, :kernel, :kernelVersion, :configuration, :seed, :defects, :release, :build, :machine, :commit, :rules, :importing, 'running', :now, :now)`),
    insertTag: db.prepare('INSERT OR IGNORE INTO run_tag (run, tag) SELECT id, :tag FROM run WHERE name = :run'),
    updateRun: db.prepare(`UPDATE run SET state = :state, end = :end, end_detail = :endDetail, changed_at = :changedAt, records = :records,
      replies = :replies, time = :time, errors = :errors, warnings = :warnings, infos = :infos WHERE id = :key`),
    interruptRunning: db.prepare(`UPDATE run SET state = 'interrupted', changed_at = ? WHERE state = 'running' AND importing = 0`),
    insertChunk: db.prepare('INSERT INTO chunk (run, first_seq, count, first_time, last_time, body) VALUES (?, ?, ?, ?, ?, ?)'),
    insertKey: db.prepare('INSERT INTO chunk_key (run, kind, key, first_seq, records) VALUES (?, ?, ?, ?, ?)'),
    saveSubject: db.prepare(saveSubjects(1)),
    saveSubjects: db.prepare(saveSubjects(SUBJECTS_AT_ONCE)),
    addMethodCount: db.prepare(`INSERT INTO method_count (run, method, outcome, records, time, longest) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (run, method, outcome) DO UPDATE SET records = records + excluded.records, time = time + excluded.time, longest = max(longest, excluded.longest)`),
    insertAnomaly: db.prepare(`INSERT INTO anomaly (run, seq, time, rule, severity, thread, method, detail, fingerprint, found_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    groups: db.prepare(`SELECT fingerprint, rule, severity, method, found, kept, first_seq AS firstSeq, last_seq AS lastSeq, first_at AS firstAt, last_at AS lastAt
      FROM anomaly_group WHERE run = ?`),
    saveGroup: db.prepare(`INSERT INTO anomaly_group (run, fingerprint, rule, severity, method, found, kept, first_seq, last_seq, first_at, last_at)
      VALUES (:run, :fingerprint, :rule, :severity, :method, :found, :kept, :firstSeq, :lastSeq, :firstAt, :lastAt)
      ON CONFLICT (run, fingerprint) DO UPDATE SET found = excluded.found, kept = excluded.kept, last_seq = excluded.last_seq, last_at = excluded.last_at`),
    ruleState: db.prepare('SELECT seq, body FROM rule_state WHERE run = ?'),
    saveRuleState: db.prepare(`INSERT INTO rule_state (run, seq, body) VALUES (?, ?, ?)
      ON CONFLICT (run) DO UPDATE SET seq = excluded.seq, body = excluded.body`),
    insertThreadChunk: db.prepare('INSERT INTO thread_chunk (run, thread, first_seq, changes, faults) VALUES (?, ?, ?, ?, ?)'),
    forgetThreadChunks: db.prepare('DELETE FROM thread_chunk WHERE run = ?'),
    forgetThreadCheckpoints: db.prepare('DELETE FROM thread_checkpoint WHERE run = ?'),
    threadCheckpoint: db.prepare('SELECT body FROM thread_checkpoint WHERE run = ? AND revision = ? ORDER BY seq DESC LIMIT 1').pluck(),
    saveThreadCheckpoint: db.prepare('INSERT INTO thread_checkpoint (run, seq, revision, body) VALUES (?, ?, ?, ?)'),
    subjects: db.prepare('SELECT id, type, name FROM subject WHERE run = ? AND type = ? ORDER BY id'),
    chunkAt: db.prepare('SELECT body FROM chunk WHERE run = ? AND first_seq = ?').pluck(),
    importing: db.prepare(`${SELECT_RUN} WHERE importing = 1 ORDER BY id`),
    completeImports: db.prepare('UPDATE run SET importing = 0 WHERE importing = 1'),
    chunksFrom: db.prepare(`SELECT body FROM chunk WHERE run = :run
      AND first_seq >= coalesce((SELECT max(first_seq) FROM chunk WHERE run = :run AND first_seq <= :seq), 0) ORDER BY first_seq`),
  };
}
