// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { recordRow } from '../../testing/fixtures.ts';
import { isFiltering, matches, NO_FILTER, sameFilter, toQuery } from './filter.ts';

const rows = Array.from({ length: 100 }, (_, i) => recordRow(i + 1));
const seqs = (filter: Partial<typeof NO_FILTER>): number[] => rows.filter((row) => matches(row, { ...NO_FILTER, ...filter })).map((row) => row.seq);

it('lets everything pass by default', () => {
  expect(seqs({})).toHaveLength(100);
  expect(isFiltering(NO_FILTER)).toBe(false);
});

it('passes what has all of the wanted', () => {
  expect(seqs({ anomalous: true })).toEqual([50, 100]);
  expect(seqs({ method: 'vmFault' })).toEqual(rows.filter((row) => row.cause === 'vmFault').map((row) => row.seq));
  expect(seqs({ method: 'Call' })).toEqual([]);
  expect(seqs({ thread: 1, outcome: 'error' })).toEqual([20, 40, 60, 80]);
});

it('asks history for the same', () => {
  expect(toQuery({ thread: 0, method: 'Send', outcome: 'blocked', anomalous: true })).toEqual({ thread: 0, method: 'Send', outcome: 'blocked', anomalies: 'only' });
  expect(toQuery(NO_FILTER)).toEqual({});
  expect(sameFilter(NO_FILTER, { ...NO_FILTER })).toBe(true);
  expect(sameFilter(NO_FILTER, { ...NO_FILTER, thread: 0 })).toBe(false);
});
