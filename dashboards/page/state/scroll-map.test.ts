// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ScrollMap } from './scroll-map.ts';

it('moves rows pixel by pixel while all of them fit', () => {
  const map = new ScrollMap(1000, 22, 440);
  expect([map.exact, map.contentHeight, map.maxTop]).toEqual([true, 22_000, 980]);
  expect(map.toTop(220)).toBeCloseTo(10);
  expect(map.toScroll(10)).toBeCloseTo(220);
});

it('spans ten million rows without an element of ten million rows', () => {
  const map = new ScrollMap(10_000_000, 22, 440);
  expect(map.exact).toBe(false);
  expect(map.contentHeight).toBeLessThan(17_000_000);
  expect(map.toTop(map.toScroll(map.maxTop))).toBeCloseTo(map.maxTop);
  expect(map.toTop(0)).toBe(0);
});

it('stands still when everything is in view', () => {
  const map = new ScrollMap(3, 22, 440);
  expect([map.maxTop, map.toTop(50), map.toScroll(2)]).toEqual([0, 0, 0]);
});

it('there and back is the same row, to a fraction of a row', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: 3000 }), fc.double({ min: 0, max: 1, noNaN: true }), (rows, height, share) => {
    const map = new ScrollMap(rows, 22, height);
    const top = share * map.maxTop;
    expect(Math.abs(map.toTop(map.toScroll(top)) - top)).toBeLessThan(1e-3);
  }));
});
