// SPDX-License-Identifier: BSD-2-Clause
/** Finds the chunks of a run that can have records of a query, by sequence number, virtual time and keys. */
import type { Database } from 'better-sqlite3';
import type { RecordQuery } from '../../schema/api/index.ts';
import type { WantedKey } from './record-filter.ts';

export interface FoundChunk {
  readonly firstSeq: number;
  readonly count: number;
  readonly body: Buffer;
}

/** Sequence numbers between which a chunk must begin to hold records of the query. */
interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** Chunks in sequence order, read one by one as the caller asks for them. */
export function findChunks(db: Database, run: number, query: RecordQuery, keys: readonly WantedKey[]): IterableIterator<FoundChunk> {
  const bounds = boundsOf(db, run, query);
  const parameters: Record<string, number> = { run, ...bounds };
  keys.forEach(({ kind, key }, i) => {
    parameters[`kind${i}`] = kind;
    parameters[`key${i}`] = key;
  });
  return db.prepare(keys.length === 0 ? WITHOUT_KEYS : withKeys(keys.length)).iterate(parameters) as IterableIterator<FoundChunk>;
}

/** A chunk with the sequence numbers of those of its records for which anomalies are kept, in order. */
export interface AnomalousChunk extends FoundChunk {
  readonly anomalous: readonly number[];
}

/** Chunks in sequence order that have records with anomalies, found by the anomalies, which are far fewer than chunks. */
export function* findAnomalousChunks(db: Database, run: number, query: RecordQuery): IterableIterator<AnomalousChunk> {
  const { low, high } = boundsOf(db, run, query);
  const next = db.prepare('SELECT min(seq) FROM anomaly WHERE run = ? AND seq >= ?').pluck();
  const within = db.prepare('SELECT DISTINCT seq FROM anomaly WHERE run = ? AND seq BETWEEN ? AND ? ORDER BY seq').pluck();
  const chunkOf = chunkFinder(db, run);
  let from = Math.max(low, query.from ?? 1);
  for (;;) {
    const seq = next.get(run, from) as number | null;
    const chunk = seq === null ? undefined : chunkOf(seq);
    if (chunk === undefined || chunk.firstSeq > high) return;
    const last = chunk.firstSeq + chunk.count - 1;
    yield { ...chunk, anomalous: within.all(run, chunk.firstSeq, last) as number[] };
    from = last + 1;
  }
}

/** The chunk that has record `seq`. */
export function findChunkOf(db: Database, run: number, seq: number): FoundChunk | undefined {
  return chunkFinder(db, run)(seq);
}

/** {@link findChunkOf} for one record after the other. */
function chunkFinder(db: Database, run: number): (seq: number) => FoundChunk | undefined {
  const statement = db.prepare(`SELECT first_seq AS firstSeq, count, body FROM chunk WHERE run = ? AND first_seq <= ? ORDER BY first_seq DESC LIMIT 1`);
  return (seq) => {
    const chunk = statement.get(run, seq) as FoundChunk | undefined;
    return chunk !== undefined && seq < chunk.firstSeq + chunk.count ? chunk : undefined;
  };
}

const WITHOUT_KEYS = `SELECT first_seq AS firstSeq, count, body FROM chunk
  WHERE run = :run AND first_seq BETWEEN :low AND :high ORDER BY first_seq`;

/** The first key drives: CROSS JOIN keeps the planner from walking all chunks of the run. */
function withKeys(count: number): string {
  const others = Array.from({ length: count - 1 }, (_, i) => `AND EXISTS (SELECT 1 FROM chunk_key other
    WHERE other.run = :run AND other.kind = :kind${i + 1} AND other.key = :key${i + 1} AND other.first_seq = wanted.first_seq)`);
  return `SELECT chunk.first_seq AS firstSeq, chunk.count, chunk.body
    FROM chunk_key wanted CROSS JOIN chunk ON chunk.run = wanted.run AND chunk.first_seq = wanted.first_seq
    WHERE wanted.run = :run AND wanted.kind = :kind0 AND wanted.key = :key0 AND wanted.first_seq BETWEEN :low AND :high
    ${others.join(' ')} ORDER BY wanted.first_seq`;
}

/** Sequence and time both grow in a run, so a window of time is a range of chunks. */
function boundsOf(db: Database, run: number, query: RecordQuery): Bounds {
  const from = query.from ?? 1;
  let low = db.prepare('SELECT max(first_seq) FROM chunk WHERE run = ? AND first_seq <= ?').pluck().get(run, from) as number | null;
  let high = query.to ?? Number.MAX_SAFE_INTEGER;
  if (query.fromTime !== undefined) {
    // Several chunks can begin at one time; the one that begins before it is the first that can reach it.
    low = Math.max(low ?? 0, chunkByTime(db, run, '<', query.fromTime) ?? 0);
  }
  if (query.toTime !== undefined) high = Math.min(high, chunkByTime(db, run, '<=', query.toTime) ?? 0);
  return { low: low ?? 0, high };
}

/** First sequence number of the last chunk that begins before (or at) a time. */
function chunkByTime(db: Database, run: number, comparison: '<' | '<=', time: number): number | undefined {
  return db.prepare(`SELECT first_seq FROM chunk INDEXED BY chunk_by_time WHERE run = ? AND first_time ${comparison} ? ORDER BY first_time DESC, id DESC LIMIT 1`)
    .pluck().get(run, time) as number | undefined;
}
