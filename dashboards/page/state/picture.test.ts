// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { axisOf, panned, START_PICTURE, ticksOf, windowOf, zoomed, type Picture } from './picture.ts';
import type { Timeline } from './timeline.ts';

const TIMELINE: Timeline = { lanes: [], arrows: [], start: { time: 1000, seq: 1 }, end: { time: 11_000, seq: 101 } };

it('shows all at first, zooms around a place and moves', () => {
  const near = zoomed(START_PICTURE, TIMELINE, 0.5, 0.2);
  expect(windowOf(near, TIMELINE)).toEqual({ from: 2000, to: 7000 });
  expect(windowOf(panned(near, TIMELINE, 0.5), TIMELINE)).toEqual({ from: 4500, to: 9500 });
  expect(windowOf(panned(near, TIMELINE, 5), TIMELINE)).toEqual({ from: 6000, to: 11_000 });
  expect(zoomed(near, TIMELINE, 3)).toEqual(START_PICTURE);
  expect(panned(START_PICTURE, TIMELINE, 0.5)).toBe(START_PICTURE);
});

it('stays within the run, and never becomes empty', () => {
  const steps = fc.array(fc.oneof(fc.record({ factor: fc.double({ min: 0.01, max: 4, noNaN: true }), anchor: fc.double({ min: 0, max: 1, noNaN: true }) }), fc.record({ pan: fc.double({ min: -3, max: 3, noNaN: true }) })));
  fc.assert(fc.property(steps, fc.constantFrom('time' as const, 'seq' as const), (all, axis) => {
    let picture: Picture = { axis, window: null };
    for (const step of all) picture = 'pan' in step ? panned(picture, TIMELINE, step.pan) : zoomed(picture, TIMELINE, step.factor, step.anchor);
    const { from, to } = windowOf(picture, TIMELINE);
    expect(from).toBeGreaterThanOrEqual(TIMELINE.start[axis] - 1e-6);
    expect(to).toBeLessThanOrEqual(TIMELINE.end[axis] + 1e-6);
    expect(to - from).toBeGreaterThan(1);
  }));
});

it('is to scale in time, unless that would hide nearly all of it', () => {
  const lanes = (lengths: readonly number[]): Timeline => ({ ...TIMELINE, lanes: [{ thread: { id: 1, name: 'root' }, ran: [], spans: lengths.map((time, i) => ({ state: 'Running', from: { time: 0, seq: i }, to: { time, seq: i + 1 }, cause: '' })) }] });
  expect(axisOf(START_PICTURE, TIMELINE)).toBe('time');
  expect(axisOf(START_PICTURE, lanes([10, 20, 10, 500, 20]))).toBe('time');
  expect(axisOf(START_PICTURE, lanes([1000, 2000, 1000, 3_600_000_000_000, 2000]))).toBe('seq');
  expect(axisOf({ axis: 'time', window: null }, lanes([1000, 2000, 1000, 3_600_000_000_000, 2000]))).toBe('time');
});

it('grows with the run while it shows all', () => {
  expect(windowOf({ axis: 'seq', window: null }, { ...TIMELINE, end: { time: 20_000, seq: 200 } })).toEqual({ from: 1, to: 200 });
});

it.each<[number, number, string[]]>([
  [0, 10_000_000_000, ['0', '5', '10']],
  [1_000_000, 5_000_000, ['0.002', '0.004']],
  [3_600_021_049_000, 3_600_021_052_000, ['3600.021 050', '3600.021 052']],
  [100, 140, ['0.000 000 100', '0.000 000 120', '0.000 000 140']],
])('marks the time from %i to %i in seconds', (from, to, texts) => {
  expect(ticksOf('time', { from, to }, 300, 130).map(({ text }) => text)).toEqual(texts);
});

it('marks records at whole ones', () => {
  expect(ticksOf('seq', { from: 5, to: 9 }, 1000, 10).map(({ text }) => text)).toEqual(['#5', '#6', '#7', '#8', '#9']);
});
