// SPDX-License-Identifier: BSD-2-Clause
import type { QueryClient } from './query-client.ts';
import type { StoreTotals } from './trace-reader.ts';

/** How long a request for the totals waits for newer ones than the last, ms: usually they are there in one or two. */
const PATIENCE_MS = 20;

/**
 * The totals of the store for those who must not wait: a service that is busy with a long query is well. They are those
 * of now, unless the query worker has no time; then they are the last that it gave.
 */
export class LatestTotals {
  private readonly query: Pick<QueryClient, 'ask'>;
  private last: StoreTotals | undefined;
  /** Asked and not answered. All who wait share one question. */
  private asked: Promise<StoreTotals> | undefined;

  constructor(query: Pick<QueryClient, 'ask'>) {
    this.query = query;
  }

  /** Rejects as the question does. */
  async get(): Promise<StoreTotals> {
    const asked = this.asked ??= this.ask();
    const { last } = this;
    if (last === undefined) return asked;
    // It stays asked for those who come later; what becomes of it is theirs.
    asked.catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<StoreTotals>((resolve) => { timer = setTimeout(resolve, PATIENCE_MS, last); });
    try {
      return await Promise.race([asked, patience]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async ask(): Promise<StoreTotals> {
    try {
      return this.last = await this.query.ask('totals');
    } finally {
      this.asked = undefined;
    }
  }
}
