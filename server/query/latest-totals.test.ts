// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { LatestTotals } from './latest-totals.ts';
import type { QueryClient } from './query-client.ts';
import type { StoreTotals } from './trace-reader.ts';

const totals = (records: number): StoreTotals => ({ runs: 1, records, anomalies: 0, dataBytes: 16384 });

/** A query worker whose answers the test gives. */
class Worker {
  readonly waiting: { resolve: (totals: StoreTotals) => void; reject: (error: Error) => void }[] = [];

  readonly query = {
    ask: () => new Promise<StoreTotals>((resolve, reject) => { this.waiting.push({ resolve, reject }); }),
  } as Pick<QueryClient, 'ask'>;
}

it('gives the totals of now, when there is an answer', async () => {
  const worker = new Worker();
  const latest = new LatestTotals(worker.query);
  for (const records of [5, 7]) {
    const asked = latest.get();
    worker.waiting.pop()!.resolve(totals(records));
    expect(await asked).toEqual(totals(records));
  }
});

it('gives the last ones while the worker is busy, and asks it once for all who come', async () => {
  const worker = new Worker();
  const latest = new LatestTotals(worker.query);
  const first = latest.get();
  worker.waiting.pop()!.resolve(totals(5));
  await first;
  expect(await Promise.all([latest.get(), latest.get()])).toEqual([totals(5), totals(5)]);
  expect(await latest.get()).toEqual(totals(5));
  expect(worker.waiting.length).toBe(1);
  const asked = latest.get();
  worker.waiting.pop()!.resolve(totals(9));
  expect(await asked).toEqual(totals(9));
});

it('waits for the first, passes on why there are none, and asks again', async () => {
  const worker = new Worker();
  const latest = new LatestTotals(worker.query);
  const failed = [latest.get(), latest.get()].map((each) => expect(each).rejects.toThrow('damaged'));
  worker.waiting.pop()!.reject(new Error('damaged'));
  await Promise.all(failed);
  const asked = latest.get();
  worker.waiting.pop()!.resolve(totals(1));
  expect(await asked).toEqual(totals(1));
});
