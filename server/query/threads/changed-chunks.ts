// SPDX-License-Identifier: BSD-2-Clause
/** Which chunks of a run tell of a thread: table `thread_chunk` counts the states that it entered and the faults that it raised in each. */
import type { Database } from 'better-sqlite3';
import { findChunkOf, findChunks, type FoundChunk } from '../chunk-search.ts';

/** Chunks in order; `fromFirst`: none before them tells of the thread. */
export interface ChangedChunks {
  readonly chunks: Iterable<FoundChunk>;
  readonly fromFirst: boolean;
}

/** How far table `thread_chunk` goes, and how much of a thread it has to tell of up to there. */
export interface Told {
  readonly seq: number;
  readonly count: number;
}

/**
 * Chunks up to record `last` with at least the last `wanted` states that a thread entered (or faults that it raised): those
 * that the table does not tell of yet, and the last ones that it names. All chunks where it has not as much as it should, as in
 * stores of earlier versions.
 */
export function chunksWith(db: Database, what: 'changes' | 'faults', run: number, thread: number, last: number, wanted: number, told: Told): ChangedChunks {
  const rows = db.prepare(`SELECT first_seq AS firstSeq, ${what} AS count FROM thread_chunk WHERE run = ? AND thread = ? AND first_seq <= ? AND ${what} > 0 ORDER BY first_seq DESC`)
    .iterate(run, thread, told.seq) as IterableIterator<{ firstSeq: number; count: number }>;
  const starts: number[] = [];
  let sum = 0;
  for (const { firstSeq, count } of rows) {
    sum += count;
    starts.push(firstSeq);
    // One more than wanted: the first one in a chunk is only known from where the thread was before. That it ran at first is only
    // known when no chunk is left out.
    if (sum > wanted && sum < told.count) return { chunks: chunksAt(db, run, starts, told.seq, last), fromFirst: false };
  }
  return { chunks: sum < told.count ? findChunks(db, run, { to: last }, []) : chunksAt(db, run, starts, told.seq, last), fromFirst: true };
}

/** Those that begin at `starts`, the last of them first, and all after record `seq`. */
function* chunksAt(db: Database, run: number, starts: readonly number[], seq: number, last: number): Generator<FoundChunk> {
  for (const firstSeq of starts.toReversed()) yield findChunkOf(db, run, firstSeq)!;
  if (seq < last) yield* findChunks(db, run, { from: seq + 1, to: last }, []);
}
