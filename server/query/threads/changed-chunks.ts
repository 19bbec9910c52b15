// SPDX-License-Identifier: BSD-2-Clause
/** Which chunks of a run tell of a thread: table `thread_chunk` counts the states that it entered and the faults that it raised in each. */
import type { Database } from 'better-sqlite3';
import { findChunkOf, findChunks, type FoundChunk } from '../chunk-search.ts';

/** Chunks in order; `fromFirst`: none before them tells of the thread. */
export interface ChangedChunks {
  readonly chunks: Iterable<FoundChunk>;
  readonly fromFirst: boolean;
}

/**
 * The last chunks, up to record `last`, in which a thread entered states (or raised faults), enough for the last `wanted` of
 * `all` that its history counts up to there. All chunks where the table does not have as many, as in stores of earlier versions.
 */
export function chunksWith(db: Database, what: 'changes' | 'faults', run: number, thread: number, last: number, wanted: number, all: number): ChangedChunks {
  const rows = db.prepare(`SELECT first_seq AS firstSeq, ${what} AS count FROM thread_chunk WHERE run = ? AND thread = ? AND first_seq <= ? AND ${what} > 0 ORDER BY first_seq DESC`)
    .iterate(run, thread, last) as IterableIterator<{ firstSeq: number; count: number }>;
  const starts: number[] = [];
  let [sum, surely] = [0, 0];
  for (const { firstSeq, count } of rows) {
    // What the chunk of the last record counts may come after that record.
    if (starts.length > 0) surely += count;
    sum += count;
    starts.push(firstSeq);
    // One more than wanted: the first one in a chunk is only known from where the thread was before.
    if (surely > wanted) return { chunks: chunksAt(db, run, starts), fromFirst: false };
  }
  return { chunks: sum < all ? findChunks(db, run, { to: last }, []) : chunksAt(db, run, starts), fromFirst: true };
}

function* chunksAt(db: Database, run: number, starts: readonly number[]): Generator<FoundChunk> {
  for (const firstSeq of starts.toReversed()) yield findChunkOf(db, run, firstSeq)!;
}
