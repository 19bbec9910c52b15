// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { History, rowsOf, settle } from '../../testing/history.ts';
import { matches, NO_FILTER, type Filter } from './filter.ts';
import { FilteredRecords } from './filtered-records.ts';

const ERRORS: Filter = { ...NO_FILTER, outcome: 'error' };
const noted = (): void => undefined;

afterEach(() => vi.useRealTimers());

function seqs(source: FilteredRecords): number[] {
  return Array.from({ length: source.end - source.first }, (_, i) => source.at(source.first + i)!.seq);
}

function matching(from: number, to: number, filter = ERRORS): number[] {
  return rowsOf(from, to).filter((row) => matches(row, filter)).map((row) => row.seq);
}

it('begins at the start of a run and reads no further than somebody looks', async () => {
  const history = new History(100_000, ERRORS);
  const source = new FilteredRecords(history.read, ERRORS, 1, 100_000, noted);
  source.want(0, 40);
  await settle();
  const known = seqs(source);
  expect(known.slice(0, 3)).toEqual([5, 10, 15]);
  expect(known).toEqual(matching(1, known.at(-1)!));
  expect(known.length).toBeLessThan(2000);
  source.want(known.length - 10, known.length);
  await settle();
  expect(seqs(source).length).toBeGreaterThan(known.length);
});

it('begins at the end for who follows, goes back as somebody scrolls, and keeps the index of each row', async () => {
  const history = new History(100_000, ERRORS);
  const source = new FilteredRecords(history.read, ERRORS, 100_001, 100_000, noted);
  source.want(0, 40);
  await settle();
  const last = seqs(source);
  expect(last.at(-1)).toBe(99_995);
  expect(last).toEqual(matching(last[0]!, 100_000));
  const index = source.indexOf(99_995);
  source.want(source.first, source.first + 40);
  await settle();
  expect(seqs(source).length).toBeGreaterThan(last.length);
  expect(source.indexOf(99_995)).toBe(index);
  expect(source.at(index)?.seq).toBe(99_995);
});

it('finds the few in many: each step back that finds little is wider', async () => {
  const rare: Filter = { ...NO_FILTER, method: 'Rare' };
  const history = new History(10_000_000, rare);
  const read: typeof history.read = async (from, to) => {
    history.asked.push({ from, to });
    return { rows: from <= 3 && to >= 3 ? [{ ...rowsOf(3, 3)[0]!, method: 'Rare' }] : [], next: null };
  };
  const source = new FilteredRecords(read, rare, 10_000_001, 10_000_000, noted);
  source.want(0, 40);
  await settle();
  await settle();
  expect(seqs(source)).toEqual([3]);
  expect(history.asked.length).toBeLessThan(16);
});

it('takes live rows where they continue what is known, and reads what the feed skipped', async () => {
  const history = new History(100, ERRORS);
  const source = new FilteredRecords(history.read, ERRORS, 101, 100, noted);
  source.want(0, 40);
  await settle();
  const before = history.asked.length;
  history.records = 120;
  source.add(rowsOf(101, 120), 120);
  expect(seqs(source).slice(-2)).toEqual([115, 120]);
  expect(history.asked.length).toBe(before);
  history.records = 200;
  source.add(rowsOf(181, 200), 200);
  expect(seqs(source)).toEqual(matching(1, 120));
  source.want(source.first, source.end);
  await settle();
  expect(seqs(source)).toEqual(matching(1, 200));
});

it('has a row once that comes both ways at the same time', async () => {
  const history = new History(100, ERRORS);
  const source = new FilteredRecords(history.read, ERRORS, 1, 100, noted);
  source.want(0, 40);
  source.add(rowsOf(1, 100), 100);
  await settle();
  expect(seqs(source)).toEqual(matching(1, 100));
});

it('shows nothing beyond a pause', async () => {
  const history = new History(100, ERRORS);
  const source = new FilteredRecords(history.read, ERRORS, 1, 100, noted);
  source.limit(100);
  source.want(0, 40);
  await settle();
  history.records = 200;
  source.add(rowsOf(101, 200), 200);
  expect(seqs(source)).toEqual(matching(1, 100));
  source.limit(null);
  expect(seqs(source)).toEqual(matching(1, 200));
});

it('says why it cannot read, and goes on by itself when it can', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const history = new History(50, ERRORS);
  history.failure = new Error('no such method');
  const source = new FilteredRecords(history.read, ERRORS, 1, 50, noted);
  source.want(0, 40);
  await settle();
  expect([source.problem, seqs(source)]).toEqual(['no such method', []]);
  history.failure = undefined;
  await vi.advanceTimersByTimeAsync(1000);
  await settle();
  expect([source.problem, seqs(source)]).toEqual(['', matching(1, 50)]);
});

it('misses nothing and doubles nothing, whatever the feed skips and wherever somebody looks', async () => {
  const events = fc.array(fc.oneof(
    fc.record({ commit: fc.integer({ min: 1, max: 400 }), skip: fc.integer({ min: 0, max: 400 }) }),
    fc.record({ look: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.constant({ wait: true }),
  ), { maxLength: 20 });
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 3000 }), fc.double({ min: 0, max: 1, noNaN: true }), events, async (records, at, all) => {
    const history = new History(records, ERRORS);
    const source = new FilteredRecords(history.read, ERRORS, 1 + Math.round(at * records), records, noted);
    for (const event of all) {
      if ('commit' in event) {
        const from = history.records + 1;
        history.records += event.commit;
        source.add(rowsOf(Math.min(history.records + 1, from + event.skip), history.records), history.records);
      } else if ('look' in event) {
        const first = source.first + Math.floor(event.look * (source.end - source.first));
        source.want(first, first + 40);
      } else await settle();
      const now = seqs(source);
      if (now.length > 0) expect(now).toEqual(matching(now[0]!, now.at(-1)!));
    }
    for (let turn = 0; turn < 12; turn++) {
      source.want(source.first, source.end);
      await settle();
    }
    expect(seqs(source)).toEqual(matching(1, history.records));
  }), { numRuns: 25 });
});
