// SPDX-License-Identifier: BSD-2-Clause
import type { RecordRow } from '../../../schema/api/index.ts';

/**
 * The rows of a table that is far longer than what is loaded. Rows have an index that stays the same when rows come
 * before or after them, so a table keeps its place. Every row is under its sequence number exactly once, wherever it
 * came from: the live feed or history.
 */
export interface RowSource {
  /** Index of the first row and of the row after the last one. */
  readonly first: number;
  readonly end: number;
  /** What is going on, for the person who waits; empty when nothing is. */
  readonly activity: string;
  /** Why rows could not be read; empty when they could. Reading goes on by itself. */
  readonly problem: string;
  /** The row, or undefined while it is not loaded. */
  at(index: number): RecordRow | undefined;
  /** Sequence number of a row, or null where it is not known yet. */
  seqAt(index: number): number | null;
  /** Index of a record's row; of the row that would follow it when it has none. */
  indexOf(seq: number): number;
  /** These rows are in view: load what is missing of them. */
  want(first: number, end: number): void;
  /** Rows of the live feed in sequence order, and the number of records that the run has with them. */
  add(rows: readonly RecordRow[], records: number): void;
  /** Shows no record beyond this sequence number (a pause), or all of them for null. */
  limit(seq: number | null): void;
  /** Reads what failed again, now. */
  retry(): void;
  /** Gives up all that is under way. */
  dispose(): void;
}

/** Reads pages of records in sequence order. Rejects when the service fails or `signal` aborts. */
export type ReadRows = (from: number, to: number, limit: number, signal: AbortSignal) => Promise<{ rows: RecordRow[]; next: number | null }>;
