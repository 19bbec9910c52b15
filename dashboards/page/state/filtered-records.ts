// SPDX-License-Identifier: BSD-2-Clause
/**
 * The records of a run that match a filter, as far as somebody has looked. What is known is always one unbroken stretch
 * of sequence numbers, so nothing that matches is missing between two rows. It grows towards where the person scrolls;
 * live rows join it only where they continue it, everything else is read from history.
 */
import type { RecordRow } from '../../../schema/api/index.ts';
import { count } from '../format.ts';
import { explainFailure, isAbort } from './api.ts';
import { matches, type Filter } from './filter.ts';
import type { ReadRows, RowSource } from './row-source.ts';

/** Rows beyond the view that are read ahead. */
const AHEAD = 100;
const PAGE = 500;
/** Most rows kept; the far end is dropped. */
const MOST_ROWS = 50_000;
/** Numbers searched by the first step backwards; a step that finds little makes the next one wider. */
const FIRST_STEP = 2_000;
const WIDEST_STEP = 2_000_000;
/** A step that finds more than this has come from a sparse stretch into a dense one: it is made again, narrower. */
const MOST_FOUND = 5_000;
const RETRY_AFTER = 1000;

export class FilteredRecords implements RowSource {
  problem = '';
  private readonly read: ReadRows;
  private readonly filter: Filter;
  private readonly changed: () => void;
  private readonly abort = new AbortController();
  private rows: RecordRow[] = [];
  /** Index of rows[0]. */
  private base = 0;
  /** All matches from `low` to `high` are known. */
  private low: number;
  private high: number;
  private records: number;
  private shown: number | null = null;
  private wanted = { first: 0, end: 0 };
  private step = FIRST_STEP;
  private reading = false;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;

  /** Begins with the matches around record `at`: 1 for the start of the run, more than `records` for its end. */
  constructor(read: ReadRows, filter: Filter, at: number, records: number, changed: () => void) {
    this.read = read;
    this.filter = filter;
    this.low = Math.min(at, records + 1);
    this.high = this.low - 1;
    this.records = records;
    this.changed = changed;
  }

  get first(): number {
    return this.base;
  }

  get end(): number {
    return this.shown === null ? this.base + this.rows.length : this.indexOf(this.shown + 1);
  }

  get activity(): string {
    return this.reading ? `searched ${count(Math.max(0, this.high - this.low + 1))} of ${count(this.records)} records` : '';
  }

  at(index: number): RecordRow | undefined {
    return this.rows[index - this.base];
  }

  seqAt(index: number): number | null {
    return this.at(index)?.seq ?? null;
  }

  indexOf(seq: number): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rows[middle]!.seq < seq) low = middle + 1;
      else high = middle;
    }
    return this.base + low;
  }

  want(first: number, end: number): void {
    this.wanted = { first, end };
    void this.load();
  }

  add(rows: readonly RecordRow[], records: number): void {
    this.records = records;
    if (this.reading) return;
    for (const row of rows) {
      if (row.seq !== this.high + 1 || this.rows.length >= MOST_ROWS) continue;
      this.high = row.seq;
      if (matches(row, this.filter)) this.rows.push(row);
    }
    this.trimFront();
  }

  limit(seq: number | null): void {
    this.shown = seq;
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

  /** Last record that is looked at. */
  private get target(): number {
    return Math.min(this.records, this.shown ?? this.records);
  }

  /** Extends what is known towards the view until the view and a little more is filled, one request at a time. */
  private async load(): Promise<void> {
    if (this.reading || this.retryTimer !== undefined) return;
    const forward = this.high < this.target && this.base + this.rows.length < this.wanted.end + AHEAD;
    const backward = this.low > 1 && this.base > this.wanted.first - AHEAD;
    if (!forward && !backward) return;
    this.reading = true;
    try {
      if (forward) await this.readForward();
      else await this.readBackward();
      this.problem = '';
    } catch (failure) {
      if (isAbort(failure) || this.abort.signal.aborted) return;
      this.problem = explainFailure(failure);
      this.retryTimer = setTimeout(() => this.retry(), RETRY_AFTER);
    } finally {
      this.reading = false;
    }
    this.changed();
    void this.load();
  }

  private async readForward(): Promise<void> {
    const to = this.target;
    const page = await this.read(this.high + 1, to, PAGE, this.abort.signal);
    this.rows.push(...page.rows);
    this.high = page.next === null ? to : page.next - 1;
    this.trimFront();
  }

  private async readBackward(): Promise<void> {
    const from = Math.max(1, this.low - this.step);
    const found: RecordRow[] = [];
    for (let next: number | null = from; next !== null;) {
      const page: { rows: RecordRow[]; next: number | null } = await this.read(next, this.low - 1, PAGE, this.abort.signal);
      found.push(...page.rows);
      next = page.next;
      if (found.length > MOST_FOUND && this.step > FIRST_STEP) {
        this.step = Math.max(FIRST_STEP, Math.floor(this.step / 16));
        return;
      }
    }
    this.step = found.length < AHEAD ? Math.min(this.step * 4, WIDEST_STEP) : FIRST_STEP;
    this.rows = [...found, ...this.rows];
    this.base -= found.length;
    this.low = from;
    this.trimBack();
  }

  /** Drops rows far above the view. */
  private trimFront(): void {
    const excess = Math.min(this.rows.length - MOST_ROWS, this.wanted.first - AHEAD - this.base);
    if (excess <= 0) return;
    this.low = this.rows[excess - 1]!.seq + 1;
    this.rows.splice(0, excess);
    this.base += excess;
  }

  /** Drops rows far below the view. */
  private trimBack(): void {
    const keep = Math.max(MOST_ROWS, this.wanted.end + AHEAD - this.base);
    if (this.rows.length <= keep) return;
    this.high = this.rows[keep]!.seq - 1;
    this.rows.length = keep;
  }
}
