// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Tally, TimeTally } from './tally.ts';

it('counts keys inside and outside its window, and forgets them', () => {
  const key = fc.oneof(fc.integer({ min: -12, max: 12 }), fc.constantFrom(2 ** 32 - 1, -(2 ** 31), 5));
  const tally = new Tally(-8, 8);
  fc.assert(fc.property(fc.array(key), (keys) => {
    for (const k of keys) tally.add(k);
    const expected = new Map<number, number>();
    for (const k of keys) expected.set(k, (expected.get(k) ?? 0) + 1);
    const found = new Map<number, number>();
    tally.forEach((k, count) => found.set(k, count));
    expect(found).toEqual(expected);
    tally.clear();
    tally.forEach(() => { throw new Error('not forgotten'); });
  }));
});

it('sums up times and keeps the longest', () => {
  const key = fc.oneof(fc.integer({ min: -12, max: 12 }), fc.constantFrom(2 ** 32 - 1, -(2 ** 31)));
  const tally = new TimeTally(-8, 8);
  fc.assert(fc.property(fc.array(fc.tuple(key, fc.nat())), (occurrences) => {
    for (const [k, time] of occurrences) tally.add(k, time);
    const expected = new Map<number, [number, number, number]>();
    for (const [k, time] of occurrences) {
      const [count, sum, longest] = expected.get(k) ?? [0, 0, 0];
      expected.set(k, [count + 1, sum + time, Math.max(longest, time)]);
    }
    const found = new Map<number, [number, number, number]>();
    tally.forEach((k, count, time, longest) => found.set(k, [count, time, longest]));
    expect(found).toEqual(expected);
    tally.clear();
    tally.forEach(() => { throw new Error('not forgotten'); });
  }));
});
