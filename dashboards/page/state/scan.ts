// SPDX-License-Identifier: BSD-2-Clause
/** Reads history through a filter. */
import type { RecordRow } from '../../../schema/api/index.ts';
import type { Api } from './api.ts';
import { matches, toQuery, type Filter } from './filter.ts';
import type { ReadRows } from './row-source.ts';

/** How to read a run's records through a filter. */
export function scanOf(api: Api, run: string, filter: Filter): ReadRows {
  if (filter.anomalous) return new AnomalousScan(api, run, filter).read;
  const query = toQuery(filter);
  return (from, to, limit, signal) => api.records(run, { ...query, from, to, limit }, signal);
}

/** Records this near to each other are read by one request. */
const NEAR = 100;
const MOST_ROWS = 2000;
/** Requests under way at the same time. */
const PARALLEL = 4;
const ANOMALY_PAGE = 2000;

/**
 * Only records with anomalies. The records query has no such parameter, but the run's anomalies say which records they
 * are about: they are read once, kept up to date, and the records fetched by number.
 */
class AnomalousScan {
  private readonly api: Api;
  private readonly run: string;
  private readonly filter: Filter;
  /** Sequence numbers in order, each once. */
  private seqs: number[] = [];
  /** Last anomaly id read. */
  private after: number | undefined;

  constructor(api: Api, run: string, filter: Filter) {
    this.api = api;
    this.run = run;
    this.filter = filter;
  }

  readonly read: ReadRows = async (from, to, limit, signal) => {
    await this.catchUp(signal);
    const start = lowerBound(this.seqs, from);
    const found = this.seqs.slice(start, Math.min(lowerBound(this.seqs, to + 1), start + limit));
    const rows: RecordRow[] = [];
    const spans = spansOf(found);
    for (let i = 0; i < spans.length; i += PARALLEL) {
      const pages = await Promise.all(spans.slice(i, i + PARALLEL).map((span) =>
        this.api.records(this.run, { ...span, limit: span.to - span.from + 1 }, signal)));
      for (const page of pages) rows.push(...page.rows.filter((row) => matches(row, this.filter)));
    }
    const beyond = this.seqs[start + found.length];
    return { rows, next: beyond !== undefined && beyond <= to ? beyond : null };
  };

  private async catchUp(signal: AbortSignal): Promise<void> {
    const seqs = new Set(this.seqs);
    const before = seqs.size;
    for (let more = true; more;) {
      const page = await this.api.anomalies({
        run: this.run, limit: ANOMALY_PAGE, ...(this.after === undefined ? {} : { after: this.after }),
      }, signal);
      for (const anomaly of page.anomalies) {
        seqs.add(anomaly.seq);
        this.after = anomaly.id;
      }
      more = page.next !== null;
    }
    if (seqs.size !== before) this.seqs = [...seqs].sort((a, b) => a - b);
  }
}

/** Index of the first of the ascending numbers that is not below `value`. */
function lowerBound(numbers: readonly number[], value: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function spansOf(seqs: readonly number[]): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  for (const seq of seqs) {
    const last = spans.at(-1);
    if (last !== undefined && seq - last.to <= NEAR && seq - last.from < MOST_ROWS) last.to = seq;
    else spans.push({ from: seq, to: seq });
  }
  return spans;
}
