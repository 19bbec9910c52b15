// SPDX-License-Identifier: BSD-2-Clause
/**
 * Makes room, in slices: each is one short transaction, and says whether another one is to follow. What is to be done
 * next is found anew in every slice, from the store alone, so that breaking off at any point costs nothing.
 *
 * Records go before runs, old ones before new ones. A run whose records went keeps its row, counts and anomalies; those
 * go with the run only. Runs that are running, and runs with a tag that is to be kept, are never touched.
 */
import type { Database, Statement } from 'better-sqlite3';
import type { PrunePlan, PruneReport, RetentionPolicy } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import type { Findings } from './findings.ts';
import { TABLES_OF_RUNS } from './run-tables.ts';

/** Chunks, and rows of chunk_key, that one slice removes: some 20 MB, in some 10 ms. */
const CHUNKS_PER_SLICE = 64;
const KEYS_PER_SLICE = 8192;
/** Pages that one slice gives back to the file system. */
const PAGES_PER_SLICE = 512;
const INCREMENTAL = 2;

/** What one slice did. */
export interface PruneSlice extends PruneReport {
  /** Something is left to do. */
  readonly more: boolean;
}

interface Candidate {
  readonly id: number;
  readonly name: string;
  readonly program: string;
  readonly changedAt: number;
  readonly records: number;
  /** Records are there. */
  readonly full: boolean;
}

const NOTHING: PruneReport = Object.freeze({ runsWithoutRecords: 0, runsRemoved: 0, bytesFreed: 0 });

export class Retention {
  private readonly db: Database;
  private readonly findings: Findings;
  private readonly isOpen: (run: string) => boolean;
  private readonly bytesOf: Statement;

  /** @param isOpen whether a producer's connection has this run open */
  constructor(db: Database, findings: Findings, isOpen: (run: string) => boolean) {
    this.db = db;
    this.isOpen = isOpen;
    this.findings = findings;
    // The length of a blob is in its row: its pages are not read.
    this.bytesOf = db.prepare('SELECT coalesce(sum(length(body)), 0) FROM chunk WHERE run = ?').pluck();
  }

  /** What {@link slice} would do, oldest run first. */
  plan(policy: RetentionPolicy, now: number): PrunePlan {
    const steps: PrunePlan['steps'] = [];
    const candidates = this.candidates(policy);
    let used = this.usedBytes();
    const isDue = ageTest(policy, now);
    const limit = policy.maxBytes ?? Infinity;
    const named = new Set(policy.runs);
    for (const each of candidates) {
      const due = named.has(each.name) || isDue(each);
      const bytes = each.full ? this.bytesOf.get(each.id) as number : 0;
      if (due && policy.drop === 'runs') steps.push(step(each, 'run', bytes));
      else if (each.full && (due || used > limit)) steps.push(step(each, 'records', bytes));
      else continue;
      used -= bytes;
    }
    if (policy.drop === 'runs' && used > limit) {
      // How much their rows take is not known before: all that could follow.
      for (const each of candidates) if (!steps.some(({ run, drop }) => run === each.name && drop === 'run')) steps.push(step(each, 'run', 0));
    }
    return { steps, usedBytes: this.usedBytes() };
  }

  /** Does the next piece of work. Throws a RequestError for a run that the policy names and that may not be touched. */
  slice(policy: RetentionPolicy, now: number): PruneSlice {
    this.refuseNamed(policy);
    const before = this.usedBytes();
    const done = this.db.transaction(() => this.next(policy, now)).immediate();
    if (done !== undefined) return { ...NOTHING, ...done, bytesFreed: Math.max(0, before - this.usedBytes()), more: true };
    return { ...NOTHING, more: this.giveBack() };
  }

  /** Takes away some of what an import copied that did not come to its end. False when nothing is left of it. */
  undoImports(now: number): boolean {
    return this.db.transaction(() => {
      this.db.prepare('UPDATE run SET records_dropped_at = ? WHERE importing = 1 AND records_dropped_at = 0').run(now);
      if (this.clearDropped()) return true;
      const id = this.db.prepare('SELECT id FROM run WHERE importing = 1 LIMIT 1').pluck().get() as number | undefined;
      if (id !== undefined) this.removeRun({ id });
      return id !== undefined;
    }).immediate();
  }

  private next(policy: RetentionPolicy, now: number): Partial<PruneReport> | undefined {
    if (this.clearDropped()) return {};
    const candidates = this.candidates(policy);
    const isDue = ageTest(policy, now);
    const named = new Set(policy.runs);
    const due = candidates.find((each) => (named.has(each.name) || isDue(each)) && (policy.drop === 'runs' || each.full));
    if (due !== undefined) return due.full ? this.dropRecords(due, now) : this.removeRun(due);
    if (policy.maxBytes === undefined || this.usedBytes() <= policy.maxBytes) return undefined;
    const oldest = candidates.find(({ full }) => full);
    if (oldest !== undefined) return this.dropRecords(oldest, now);
    return policy.drop === 'runs' && candidates[0] !== undefined ? this.removeRun(candidates[0]) : undefined;
  }

  /** Takes away some of the records of a run that has none any more, as far as readers see. False when nothing is left. */
  private clearDropped(): boolean {
    const chunks = this.db.prepare(`DELETE FROM chunk WHERE id IN (SELECT chunk.id FROM run JOIN chunk ON chunk.run = run.id
      WHERE run.records_dropped_at != 0 LIMIT ${CHUNKS_PER_SLICE})`).run().changes;
    if (chunks > 0) return true;
    return this.db.prepare(`DELETE FROM chunk_key WHERE (run, kind, key, first_seq) IN (SELECT chunk_key.run, kind, key, first_seq
      FROM run JOIN chunk_key ON chunk_key.run = run.id WHERE run.records_dropped_at != 0 LIMIT ${KEYS_PER_SLICE})`).run().changes > 0;
  }

  private dropRecords({ id }: Candidate, now: number): Partial<PruneReport> {
    this.db.prepare('UPDATE run SET records_dropped_at = ? WHERE id = ?').run(now, id);
    for (const table of ['rule_state', 'thread_checkpoint', 'thread_chunk']) this.db.prepare(`DELETE FROM ${table} WHERE run = ?`).run(id);
    return { runsWithoutRecords: 1 };
  }

  private removeRun({ id }: Pick<Candidate, 'id'>): Partial<PruneReport> {
    const fingerprints = this.db.prepare('SELECT fingerprint FROM anomaly_group WHERE run = ?').pluck().all(id) as string[];
    for (const table of TABLES_OF_RUNS) this.db.prepare(`DELETE FROM ${table} WHERE run = ?`).run(id);
    this.db.prepare('DELETE FROM run WHERE id = ?').run(id);
    for (const fingerprint of fingerprints) this.findings.forget(fingerprint);
    return { runsRemoved: 1 };
  }

  /** Runs that may be touched, those that nothing has happened to for longest first. */
  private candidates({ keepTags = [] }: RetentionPolicy): Candidate[] {
    const rows = this.db.prepare(`SELECT id, name, program, changed_at AS changedAt, records, records_dropped_at = 0 AND records > 0 AS hasRecords FROM run
      WHERE state != 'running' AND importing = 0 AND NOT EXISTS (SELECT 1 FROM run_tag JOIN json_each(?) kept ON kept.value = run_tag.tag WHERE run_tag.run = run.id)
      ORDER BY changed_at, id`).all(JSON.stringify(keepTags)) as (Omit<Candidate, 'full'> & { hasRecords: number })[];
    return rows.filter(({ name }) => !this.isOpen(name)).map(({ hasRecords, ...row }) => ({ ...row, full: hasRecords === 1 }));
  }

  private refuseNamed({ runs = [] }: RetentionPolicy): void {
    for (const name of runs) {
      const busy = this.db.prepare("SELECT 1 FROM run WHERE name = ? AND (state = 'running' OR importing = 1)").get(name) !== undefined;
      if (this.isOpen(name) || busy) throw new RequestError('conflict', `run ${name} is running`, 'end it first');
    }
  }

  private usedBytes(): number {
    const [pages, free, size] = ['page_count', 'freelist_count', 'page_size'].map((name) => this.db.pragma(name, { simple: true }) as number);
    return (pages! - free!) * size!;
  }

  /** Gives some free pages back to the file system. False when there are none, or the database was made without the way to do so. */
  private giveBack(): boolean {
    const free = (): number => this.db.pragma('freelist_count', { simple: true }) as number;
    if (this.db.pragma('auto_vacuum', { simple: true }) !== INCREMENTAL || free() === 0) return false;
    this.db.pragma(`incremental_vacuum(${PAGES_PER_SLICE})`);
    return free() > 0;
  }
}

/** Slices to the end; `slice` makes one. */
export async function pruneAll(slice: () => PruneSlice | Promise<PruneSlice>): Promise<PruneReport> {
  let total = NOTHING;
  for (;;) {
    const { more, ...done } = await slice();
    total = addReports(total, done);
    if (!more) return total;
  }
}

function addReports(a: PruneReport, b: PruneReport): PruneReport {
  return {
    runsWithoutRecords: a.runsWithoutRecords + b.runsWithoutRecords, runsRemoved: a.runsRemoved + b.runsRemoved, bytesFreed: a.bytesFreed + b.bytesFreed,
  };
}

function ageTest({ olderThanMs }: RetentionPolicy, now: number): (run: Candidate) => boolean {
  return ({ changedAt }) => olderThanMs !== undefined && changedAt < now - olderThanMs;
}

function step({ name, program, changedAt, records }: Candidate, drop: 'records' | 'run', bytes: number): PrunePlan['steps'][number] {
  return { run: name, program, changedAt: new Date(changedAt).toISOString(), records, drop, bytes };
}
