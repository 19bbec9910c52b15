// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, expect, it, vi } from 'vitest';
import { recordRow } from '../../testing/fixtures.ts';
import { History, rowsOf, settle } from '../../testing/history.ts';
import { AllRecords } from './all-records.ts';

const noted = (): void => undefined;

afterEach(() => vi.useRealTimers());

function seqsIn(source: AllRecords, first: number, end: number): (number | undefined)[] {
  return Array.from({ length: end - first }, (_, i) => source.at(first + i)?.seq);
}

it('reads what is looked at, and only that', async () => {
  const history = new History(100_000);
  const source = new AllRecords(history.read, 100_000, noted);
  expect([source.first, source.end]).toEqual([1, 100_001]);
  source.want(5000, 5040);
  await settle();
  expect(history.asked).toEqual([{ from: 5000, to: 5039 }]);
  expect(seqsIn(source, 5000, 5040)).toEqual(rowsOf(5000, 5039).map((row) => row.seq));
  expect(source.at(4999)).toBeUndefined();
});

it('puts live rows and history into the same places: what the feed skipped is read, nothing is read twice', async () => {
  const history = new History(10);
  const source = new AllRecords(history.read, 10, noted);
  history.records = 100;
  source.add(rowsOf(61, 100), 100);
  source.want(1, 101);
  await settle();
  expect(history.asked).toEqual([{ from: 1, to: 60 }]);
  expect(seqsIn(source, 1, 101)).toEqual(rowsOf(1, 100).map((row) => row.seq));
  source.want(1, 101);
  await settle();
  expect(history.asked).toHaveLength(1);
});

it('shows nothing beyond a pause, and everything after it', () => {
  const source = new AllRecords(new History(10).read, 10, noted);
  source.limit(10);
  source.add(rowsOf(11, 30), 30);
  expect(source.end).toBe(11);
  expect(source.seqAt(11)).toBeNull();
  source.limit(null);
  expect([source.end, source.at(30)?.seq]).toEqual([31, 30]);
});

it('forgets what was looked at long ago, and reads it again', async () => {
  const history = new History(200_000);
  const source = new AllRecords(history.read, 0, noted);
  for (let seq = 1; seq <= 200_000; seq += 100) source.add([recordRow(seq)], 200_000);
  expect(source.at(1)).toBeUndefined();
  expect(source.at(199_901)?.seq).toBe(199_901);
  source.want(1, 20);
  await settle();
  expect(source.at(1)?.seq).toBe(1);
});

it('says why it cannot read, and goes on by itself when it can', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const history = new History(50);
  history.failure = new Error('the disk is on fire');
  const changed = vi.fn();
  const source = new AllRecords(history.read, 50, changed);
  source.want(1, 10);
  await settle();
  expect(source.problem).toBe('the disk is on fire');
  expect(changed).toHaveBeenCalled();
  history.failure = undefined;
  await vi.advanceTimersByTimeAsync(1000);
  await settle();
  expect([source.problem, source.at(9)?.seq]).toEqual(['', 9]);
});

it('does not ask again and again for what never comes', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const history = new History(0);
  const source = new AllRecords(history.read, 50, noted);
  source.want(1, 10);
  source.want(1, 10);
  await settle();
  expect(history.asked).toHaveLength(1);
});
