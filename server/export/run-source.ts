// SPDX-License-Identifier: BSD-2-Clause
/** One run of a store as exports read it: chunk by chunk, so that memory does not grow with the run. */
import type { Database } from 'better-sqlite3';
import type { RunSummary } from '../../schema/api/index.ts';
import { BatchReader } from '../../schema/trace/batch.ts';
import type { Subject } from '../../schema/trace/names.ts';
import { TrapRecord } from '../../schema/trace/trap-record.ts';
import { RequestError } from '../errors.ts';
import { interfacesByName } from '../interfaces.ts';
import { findChunkOf, type FoundChunk } from '../query/chunk-search.ts';
import { needRun } from '../store/find-run.ts';
import { runSummary } from '../store/run-row.ts';
import { RunNames } from './run-names.ts';
import { concerns, type Selection } from './selection.ts';

/** An anomaly that is kept for a record. */
export interface KeptAnomaly {
  readonly id: number;
  readonly seq: number;
  /** Entry of the record, virtual ns. */
  readonly time: number;
  readonly rule: string;
  readonly severity: string;
  readonly thread: number;
  readonly method: string;
  readonly detail: string;
  readonly fingerprint: string;
}

const SELECT_ANOMALIES = 'SELECT id, seq, time, rule, severity, thread, method, detail, fingerprint FROM anomaly';
/** Anomalies that are read at a time. */
const ANOMALY_PAGE = 4096;
const NONE: readonly KeptAnomaly[] = [];

export class RunSource {
  readonly summary: RunSummary;
  readonly names: RunNames;
  private readonly db: Database;
  private readonly key: number;
  private readonly record = new TrapRecord();

  /** The records that the run has now; what comes later is not seen. Throws a RequestError when there is no such run. */
  constructor(db: Database, run: string) {
    const found = needRun(db, run);
    this.summary = runSummary(found);
    this.db = db;
    this.key = found.key;
    const subjects = db.prepare('SELECT id, type, name FROM subject WHERE run = ? ORDER BY id').all(this.key) as Subject[];
    this.names = new RunNames(interfacesByName(found.description.configuration), subjects);
  }

  /**
   * Visits the selected records in sequence order, each valid during the visit only. Yields the last sequence number that was
   * looked at: after every chunk, and whenever the visitor returns true.
   */
  *records(selection: Selection, visit: (record: TrapRecord, anomalies: readonly KeptAnomaly[]) => boolean): Generator<number> {
    const { record } = this;
    const fromTime = selection.fromTime ?? 0;
    const toTime = selection.toTime ?? Number.MAX_SAFE_INTEGER;
    const last = Math.min(selection.to ?? Infinity, this.summary.records);
    const anomaliesBetween = this.db.prepare(`${SELECT_ANOMALIES} WHERE run = ? AND seq BETWEEN ? AND ? ORDER BY seq, id`);
    for (let seq = this.firstSeq(selection); seq <= last;) {
      const chunk = this.chunkOf(seq);
      const end = Math.min(chunk.firstSeq + chunk.count - 1, last);
      const reader = new BatchReader(chunk.body);
      if (reader.header.firstTime > toTime) return;
      const anomalies = bySeq(anomaliesBetween.all(this.key, seq, end) as KeptAnomaly[]);
      for (; seq <= end; seq++) {
        const index = seq - chunk.firstSeq;
        const time = reader.entryTimes[index]!;
        if (time < fromTime || time > toTime) continue;
        reader.read(index, record);
        if (selection.thread !== undefined && !concerns(record, selection.thread)) continue;
        if (visit(record, anomalies.get(seq) ?? NONE)) yield seq;
      }
      yield end;
    }
  }

  /** The kept anomalies of the selection, in the order of their records; `thread` selects those about it. */
  *anomalies(selection: Selection): Generator<KeptAnomaly> {
    const page = this.db.prepare(`${SELECT_ANOMALIES} WHERE run = :run AND (seq, id) > (:seq, :id) AND seq <= :to
      AND time BETWEEN :fromTime AND :toTime AND (:thread IS NULL OR thread = :thread) ORDER BY seq, id LIMIT ${ANOMALY_PAGE}`);
    let after: { readonly seq: number; readonly id: number } = { seq: selection.from ?? 0, id: 0 };
    for (;;) {
      const rows = page.all({
        run: this.key, seq: after.seq, id: after.id, to: Math.min(selection.to ?? Infinity, this.summary.records),
        fromTime: selection.fromTime ?? 0, toTime: selection.toTime ?? Number.MAX_SAFE_INTEGER, thread: selection.thread ?? null,
      }) as KeptAnomaly[];
      yield* rows;
      if (rows.length < ANOMALY_PAGE) return;
      after = rows.at(-1)!;
    }
  }

  /** Where to begin: with `fromTime`, at the chunk that has it. */
  private firstSeq({ from = 1, fromTime }: Selection): number {
    if (fromTime === undefined) return from;
    // Several chunks can begin at one time: the one that begins before it is the first that can reach it.
    const chunk = this.db.prepare('SELECT first_seq FROM chunk INDEXED BY chunk_by_time WHERE run = ? AND first_time < ? ORDER BY first_time DESC, id DESC LIMIT 1')
      .pluck().get(this.key, fromTime) as number | undefined;
    return Math.max(from, chunk ?? 1);
  }

  private chunkOf(seq: number): FoundChunk {
    const chunk = findChunkOf(this.db, this.key, seq);
    if (chunk !== undefined) return chunk;
    throw new RequestError('unknown-record', `run ${this.summary.run} does not have record ${seq} any more`, 'retention took its records away; their counts and anomalies are still there');
  }
}

function bySeq(anomalies: readonly KeptAnomaly[]): ReadonlyMap<number, readonly KeptAnomaly[]> {
  const grouped = new Map<number, KeptAnomaly[]>();
  for (const anomaly of anomalies) {
    const group = grouped.get(anomaly.seq);
    if (group === undefined) grouped.set(anomaly.seq, [anomaly]);
    else group.push(anomaly);
  }
  return grouped;
}
