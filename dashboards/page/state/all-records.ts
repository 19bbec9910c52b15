// SPDX-License-Identifier: BSD-2-Clause
/**
 * All records of a run. Sequence numbers run from 1 without gaps, so the sequence number is the row's index: what the
 * live feed brings and what history brings fall into the same places, and what the feed skipped is a place that is
 * still empty, read when somebody looks at it.
 */
import type { RecordRow } from '../../../schema/api/index.ts';
import { explainFailure, isAbort } from './api.ts';
import type { ReadRows, RowSource } from './row-source.ts';

/** Rows are kept and forgotten in blocks of this many. */
const BLOCK = 256;
/** Most blocks kept: some 65 thousand rows, tens of megabytes. */
const MOST_BLOCKS = 256;
/** Most rows of one request. */
const MOST_ROWS = 1000;
/** Pause after a request that brought nothing, ms. */
const RETRY_AFTER = 1000;

type Block = (RecordRow | undefined)[];

export class AllRecords implements RowSource {
  readonly first = 1;
  readonly activity = '';
  problem = '';
  private readonly read: ReadRows;
  private readonly changed: () => void;
  /** By number; the one used last comes last. */
  private readonly blocks = new Map<number, Block>();
  private readonly abort = new AbortController();
  private records: number;
  private shown: number | null = null;
  private wanted = { first: 0, end: 0 };
  private reading = false;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;

  /** `records`: how many the run has now. `changed` is called when rows came in by themselves. */
  constructor(read: ReadRows, records: number, changed: () => void) {
    this.read = read;
    this.records = records;
    this.changed = changed;
  }

  get end(): number {
    return (this.shown === null ? this.records : Math.min(this.records, this.shown)) + 1;
  }

  at(index: number): RecordRow | undefined {
    return this.blocks.get(blockOf(index))?.[(index - 1) % BLOCK];
  }

  seqAt(index: number): number | null {
    return index >= this.first && index < this.end ? index : null;
  }

  indexOf(seq: number): number {
    return seq;
  }

  add(rows: readonly RecordRow[], records: number): void {
    this.records = records;
    for (const row of rows) this.put(row);
  }

  limit(seq: number | null): void {
    this.shown = seq;
  }

  want(first: number, end: number): void {
    this.wanted = { first: Math.max(first, 1), end: Math.min(end, this.end) };
    void this.load();
  }

  retry(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    void this.load();
  }

  dispose(): void {
    clearTimeout(this.retryTimer);
    this.abort.abort();
  }

  private put(row: RecordRow): void {
    const number = blockOf(row.seq);
    let block = this.blocks.get(number);
    if (block === undefined) {
      this.blocks.set(number, (block = new Array<RecordRow | undefined>(BLOCK)));
      this.forget();
    }
    block[(row.seq - 1) % BLOCK] = row;
  }

  /** Drops the blocks that were used longest ago. */
  private forget(): void {
    for (const number of this.blocks.keys()) {
      if (this.blocks.size <= MOST_BLOCKS) return;
      this.blocks.delete(number);
    }
  }

  /** Reads the first gap among the wanted rows, then the next one, one request at a time. */
  private async load(): Promise<void> {
    this.touch();
    if (this.reading || this.retryTimer !== undefined) return;
    const gap = this.gap();
    if (gap === null) return;
    this.reading = true;
    let progress = false;
    try {
      const { rows } = await this.read(gap.from, gap.to, gap.to - gap.from + 1, this.abort.signal);
      for (const row of rows) this.put(row);
      progress = rows.length > 0;
      this.problem = '';
    } catch (failure) {
      if (isAbort(failure) || this.abort.signal.aborted) return;
      this.problem = explainFailure(failure);
    } finally {
      this.reading = false;
    }
    this.changed();
    if (progress) void this.load();
    else this.retryTimer = setTimeout(() => this.retry(), RETRY_AFTER);
  }

  private gap(): { from: number; to: number } | null {
    const { first, end } = this.wanted;
    for (let seq = first; seq < end; seq++) {
      if (this.at(seq) !== undefined) continue;
      let last = seq;
      while (last + 1 < end && last - seq + 1 < MOST_ROWS && this.at(last + 1) === undefined) last++;
      return { from: seq, to: last };
    }
    return null;
  }

  /** Marks the blocks in view as used last. */
  private touch(): void {
    for (let number = blockOf(this.wanted.first); number <= blockOf(this.wanted.end - 1); number++) {
      const block = this.blocks.get(number);
      if (block === undefined) continue;
      this.blocks.delete(number);
      this.blocks.set(number, block);
    }
  }
}

function blockOf(seq: number): number {
  return Math.floor((seq - 1) / BLOCK);
}
