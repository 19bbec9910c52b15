// SPDX-License-Identifier: BSD-2-Clause
/**
 * What people change in a store, beside what producers send. It runs in the thread that owns the writing side, between two
 * commits of the ingest, so every command is short; work that takes longer goes in slices.
 */
import type { Database } from 'better-sqlite3';
import type { FindingDecision, PrunePlan, RetentionPolicy, RunSummary, TagChange } from '../../schema/api/index.ts';
import { MOST_TAGS, TAG_PATTERN } from '../../schema/trace/names.ts';
import { RequestError } from '../errors.ts';
import { applyPlan } from '../recheck/apply-plan.ts';
import type { RecheckPlan } from '../recheck/plan.ts';
import { needRun } from './find-run.ts';
import { Findings } from './findings.ts';
import type { ImportTotals } from './import-runs.ts';
import { ImportSession, type ImportSlice } from './import-session.ts';
import { Retention, type PruneSlice } from './retention.ts';
import { saveJob, type KeptJob } from './stored-jobs.ts';
import { runOfRow, runSummary, SELECT_RUN, type RunRow } from './run-row.ts';

/** As long as a commit of the ingest takes under load. */
const IMPORT_SLICE_MS = 20;

export class Administration {
  private readonly db: Database;
  private readonly findings: Findings;
  private readonly isOpen: (run: string) => boolean;
  private readonly retention: Retention;
  private readonly importSliceMs: number;
  private session: ImportSession | undefined;

  /**
   * @param isOpen whether a producer's connection has this run open: its counts are then in memory too
   * @param importSliceMs most time of a slice of an import, but for its last chunk
   */
  constructor(db: Database, isOpen: (run: string) => boolean = () => false, importSliceMs = IMPORT_SLICE_MS) {
    this.db = db;
    this.importSliceMs = importSliceMs;
    this.isOpen = isOpen;
    this.findings = new Findings(db);
    this.retention = new Retention(db, this.findings, isOpen);
  }

  /** Adds and removes tags of a run. Throws a RequestError for an unknown run or a malformed tag, and then changes nothing. */
  changeTags(run: string, { add = [], remove = [] }: TagChange): RunSummary {
    const bad = add.find((tag) => !new RegExp(TAG_PATTERN).test(tag));
    if (bad !== undefined) throw new RequestError('bad-request', `tag ${JSON.stringify(bad)} is not allowed: 1 to 64 letters, digits and .:/_-, the first a letter or digit`);
    return this.db.transaction(() => {
      const { key } = needRun(this.db, run);
      for (const tag of remove) this.db.prepare('DELETE FROM run_tag WHERE run = ? AND tag = ?').run(key, tag);
      for (const tag of add) this.db.prepare('INSERT OR IGNORE INTO run_tag (run, tag) VALUES (?, ?)').run(key, tag);
      const summary = runSummary(needRun(this.db, run));
      if (summary.tags.length > MOST_TAGS) throw new RequestError('bad-request', `run ${run} would have ${summary.tags.length} tags; a run has at most ${MOST_TAGS}`);
      return summary;
    }).immediate();
  }

  /** What a person decides about a finding. Throws a RequestError for an unknown finding or a decision that lacks something. */
  decide(fingerprint: string, decision: FindingDecision): void {
    this.db.transaction(() => this.findings.decide(fingerprint, decision, Date.now())).immediate();
  }

  /** Puts what a recheck found in its place; returns the run as it is then. Throws a RequestError `conflict` when the run changed meanwhile. */
  applyRecheck(plan: RecheckPlan): RunSummary {
    applyPlan(this.db, plan, Date.now(), this.isOpen);
    return runSummary(runOfRow(this.db.prepare(`${SELECT_RUN} WHERE id = ?`).get(plan.run) as RunRow));
  }

  /**
   * Begins to copy runs of a trace file of this version, all that are wanted or none; {@link importSlice} goes on. Throws a
   * RequestError that says what is wrong with the file, or `conflict` while another import is under way.
   */
  beginImport(file: string, runs?: readonly string[]): ImportTotals {
    if (this.session !== undefined) throw new RequestError('conflict', 'another import is under way', 'try again when it is done');
    while (this.undoImport());
    this.session = new ImportSession(this.db, file, runs, this.importSliceMs);
    return this.session.totals;
  }

  /** The next slice of the import. Throws what is wrong with the file, or what SQLite throws; then it is to be undone. */
  importSlice(): ImportSlice {
    if (this.session === undefined) throw new RequestError('conflict', 'no import is under way');
    const slice = this.session.slice();
    if ('result' in slice) this.endSession();
    return slice;
  }

  /** Gives up the import, and takes away some of what an import copied that is not complete. False when nothing is left of it. */
  undoImport(): boolean {
    this.endSession();
    return this.retention.undoImports(Date.now());
  }

  /** Writes a job, or what of it changed. */
  saveJob(job: KeptJob): void {
    saveJob(this.db, job);
  }

  /** What {@link prune} would do to the end. */
  planPrune(policy: RetentionPolicy, now: number): PrunePlan {
    return this.retention.plan(policy, now);
  }

  /** The next slice of making room. */
  prune(policy: RetentionPolicy, now: number): PruneSlice {
    return this.retention.slice(policy, now);
  }

  private endSession(): void {
    this.session?.close();
    this.session = undefined;
  }
}
