// SPDX-License-Identifier: BSD-2-Clause
/**
 * Copies runs from one store into another. Records go the way of records that a producer sends: each chunk is decoded
 * and checked, and the rules of this version judge it, so that counts, keys and anomalies are what they would be had the
 * run been sent here. Tags, times of day and the end of the run are taken over.
 */
import type { Database } from 'better-sqlite3';
import { RUN_STATES, type ImportedRun, type RunEndName } from '../../schema/api/index.ts';
import { BatchError } from '../../schema/trace/batch.ts';
import type { RunDescription, Subject } from '../../schema/trace/names.ts';
import { RUN_ENDS } from '../../schema/trace/wire.ts';
import { RequestError } from '../errors.ts';
import { descriptionProblem, sameDescription } from '../ingest/description.ts';
import { MAX_FRAME_BYTES } from '../ingest/limits.ts';
import { RefusedBatchError, RunWriter } from '../ingest/run-writer.ts';
import { interfacesByName } from '../interfaces.ts';
import { runOfRow, SELECT_RUN, type RunRow, type StoredRun } from './run-row.ts';
import type { TraceStore } from './trace-store.ts';

/** A row of table `chunk` without its run. */
interface ChunkRow {
  readonly first_seq: number;
  readonly count: number;
  readonly first_time: number;
  readonly last_time: number;
  readonly body: Buffer;
}

/** Last ms since 1970 that has a date (ECMA-262, time values). */
const LAST_MOMENT = 8.64e15;
const LONGEST_NAME = 1024;
const LONGEST_DETAIL = 65_536;

/** What is to be imported. */
export interface ImportTotals {
  readonly runs: number;
  readonly records: number;
}

/** How far an import is. */
export interface ImportProgress {
  /** The run it is at. */
  readonly run: string;
  readonly runsDone: number;
  readonly recordsDone: number;
}

/** Counts the runs of `source` with the given ids, or all. Throws a RequestError for one that there is not. */
export function importTotals(source: Database, wanted?: readonly string[]): ImportTotals {
  const rows = rowsOf(source, wanted);
  return { runs: rows.length, records: rows.reduce((sum, { records }) => sum + Number(records), 0) };
}

/**
 * Copies runs, those with the given ids or all, in the order in which they came to `source`. Runs that `target` has already
 * are passed over when they are the same. `pause` is asked after each chunk: where it says so the generator yields, and the
 * store can be committed. What is copied stays marked as being imported, and all of it is shown at the end.
 *
 * Throws a RequestError for a run that differs from the one of that id, or whose rows are not what a service writes; what
 * was copied then is the caller's to undo.
 */
export function* importRuns(source: Database, target: TraceStore, wanted?: readonly string[], pause: () => boolean = () => false): Generator<ImportProgress, ImportedRun[]> {
  const imported: ImportedRun[] = [];
  let recordsBefore = 0;
  for (const row of rowsOf(source, wanted)) {
    const progressAt = (records: number): ImportProgress => ({ run: row.name, runsDone: imported.length, recordsDone: recordsBefore + records });
    imported.push(yield* new RunImport(source, target, checkedRun(row), pause, progressAt).copy());
    recordsBefore += row.records;
  }
  target.completeImports();
  return imported;
}

/** Those that are complete in `source`. */
function rowsOf(source: Database, wanted: readonly string[] | undefined): RunRow[] {
  const rows = source.prepare(`${SELECT_RUN} WHERE importing = 0 ORDER BY id`).all() as RunRow[];
  const missing = wanted?.find((id) => !rows.some(({ name }) => name === id));
  if (missing !== undefined) throw new RequestError('unknown-run', `there is no run ${missing} to import`);
  return rows.filter(({ name }) => wanted?.includes(name) ?? true);
}

class RunImport {
  private readonly source: Database;
  private readonly target: TraceStore;
  private readonly run: StoredRun;
  private readonly pause: () => boolean;
  private readonly progressAt: (records: number) => ImportProgress;

  constructor(source: Database, target: TraceStore, run: StoredRun, pause: () => boolean, progressAt: (records: number) => ImportProgress) {
    this.source = source;
    this.target = target;
    this.run = run;
    this.pause = pause;
    this.progressAt = progressAt;
  }

  *copy(): Generator<ImportProgress, ImportedRun> {
    const { description: { id }, records } = this.run;
    const known = this.target.findRun(id);
    if (known !== undefined) {
      yield* this.refuseOther(known);
      return { run: id, records, outcome: 'present' };
    }
    if (this.run.recordsDroppedAt !== 0) return { run: id, records, outcome: 'without-records' };
    yield* this.insert();
    return { run: id, records, outcome: 'imported' };
  }

  private *insert(): Generator<ImportProgress> {
    const { description, startedAt, changedAt, state, end, endDetail, records } = this.run;
    const writer = new RunWriter(this.target, this.target.insertRun(description, startedAt, true), interfacesByName(description.configuration));
    for (const chunk of this.chunks()) {
      this.take(writer, chunk);
      if (!this.pause()) continue;
      writer.flush(false);
      yield this.progressAt(writer.run.records);
    }
    if (writer.run.records !== records) throw this.bad(`says that it has ${records} records, but its chunks hold ${writer.run.records}`);
    this.target.saveSubjects(writer.run.key, [...this.subjects()]);
    // Nobody sends it any more.
    writer.end(state === 'ended' ? 'ended' : 'interrupted', end, endDetail, changedAt);
    writer.flush(true);
  }

  private take(writer: RunWriter, { first_seq, count, first_time, last_time, body }: ChunkRow): void {
    if (!(body instanceof Uint8Array) || body.length > MAX_FRAME_BYTES) throw this.bad(`has no batch, or one above ${MAX_FRAME_BYTES} bytes, at record ${first_seq}`);
    if (first_seq !== writer.nextSeq) throw this.bad(`has a chunk that begins with record ${first_seq} where ${writer.nextSeq} is next`);
    try {
      writer.take(body, false, this.run.changedAt);
    } catch (error) {
      if (error instanceof BatchError || error instanceof RefusedBatchError || error instanceof RangeError) throw this.bad(`cannot be read at record ${first_seq}: ${error.message}`);
      throw error;
    }
    const [lastSeq, time] = [writer.run.records, writer.run.time];
    if (lastSeq !== first_seq + count - 1 || time !== last_time || first_time > last_time) {
      throw this.bad(`has a chunk that claims records ${first_seq} to ${first_seq + count - 1} until ${last_time} ns, and holds others: to ${lastSeq} until ${time} ns`);
    }
  }

  /** Names that came after the last record are in no chunk. */
  private *subjects(): Generator<Subject> {
    for (const subject of this.source.prepare('SELECT id, type, name FROM subject WHERE run = ? ORDER BY id').iterate(this.run.key) as IterableIterator<Subject>) {
      const { id, type, name } = subject;
      if (!isNatural(id, 0xffff_ffff) || !isNatural(type, 0xffff_ffff) || typeof name !== 'string' || name.length > LONGEST_NAME) {
        throw this.bad(`has a name that no producer can send: ${String(name).slice(0, 80)}`);
      }
      yield subject;
    }
  }

  /** Passes for the same run: the same description, and the same records as far as both stores still have them. */
  private *refuseOther(known: StoredRun): Generator<ImportProgress> {
    const { run } = this;
    const same = sameDescription(known.description, run.description) && known.records === run.records && known.time === run.time;
    const dropped = known.recordsDroppedAt !== 0 || run.recordsDroppedAt !== 0;
    if (same && (dropped || (yield* this.sameBodies(known)))) return;
    throw new RequestError('conflict', `there is another run ${run.description.id} already: ${known.description.program}, ${known.records} records, where this one is ${run.description.program}, ${run.records} records`,
      'leave it out, or remove the other one first');
  }

  /** Whether a run of as many records has the same chunks. */
  private *sameBodies(known: StoredRun): Generator<ImportProgress, boolean> {
    let next = 1;
    for (const { first_seq, count, body } of this.chunks()) {
      const other = this.target.chunkAt(known.key, first_seq);
      if (first_seq !== next || other === undefined || Buffer.compare(other, body) !== 0) return false;
      next += count;
      if (this.pause()) yield this.progressAt(next - 1);
    }
    return next - 1 === known.records;
  }

  private chunks(): IterableIterator<ChunkRow> {
    return this.source.prepare('SELECT first_seq, count, first_time, last_time, body FROM chunk WHERE run = ? ORDER BY first_seq').iterate(this.run.key) as IterableIterator<ChunkRow>;
  }

  private bad(what: string): RequestError {
    return badRun(this.run.description.id, what);
  }
}

/** A run as its row says, if a service can have written that. */
function checkedRun(row: RunRow): StoredRun {
  const name = String(row.name).slice(0, 128);
  let run: StoredRun;
  try {
    run = runOfRow(row);
  } catch {
    throw badRun(name, 'has a list that is none');
  }
  const { description, state, end, endDetail } = run;
  checkTexts(name, description, endDetail);
  const problem = descriptionProblem(description);
  if (problem !== undefined) throw badRun(name, problem);
  const naturals = [description.seed, run.records, run.replies, run.time, run.recordsDroppedAt];
  if (!naturals.every((value) => isNatural(value, Number.MAX_SAFE_INTEGER)) || ![run.startedAt, run.changedAt].every((value) => isNatural(value, LAST_MOMENT))) {
    throw badRun(name, 'has a number or a time out of range');
  }
  if (!(RUN_STATES as readonly unknown[]).includes(state) || (end !== null && !ENDS.includes(end))) throw badRun(name, 'has a state or an end that there is not');
  return run;
}

const ENDS: readonly RunEndName[] = [...RUN_ENDS, 'unknown'];

function checkTexts(name: string, description: RunDescription, endDetail: unknown): void {
  const { id, program, kernel, kernelVersion, configuration, release, build, machine, commit, defects, tags } = description;
  const lists = [defects, tags].every((list) => Array.isArray(list));
  const texts: unknown[] = lists ? [id, program, kernelVersion, configuration, release, build, machine, commit, endDetail, ...defects, ...tags] : [];
  if (!lists || !texts.every((text) => typeof text === 'string' && text.length <= LONGEST_DETAIL) || !['model', 'image'].includes(kernel)) throw badRun(name, 'has a text that is none, or too long');
}

function isNatural(value: unknown, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}

function badRun(name: string, what: string): RequestError {
  return new RequestError('bad-request', `run ${name} ${what}`);
}
