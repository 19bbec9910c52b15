// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SchedContext } from '../objects.ts';
import {
  MIN_BUDGET, changeRefills, countFromNow, headReady, headSufficient, renewSlice, startRefills, useRefills, useSlice,
} from './refills.ts';

const US = 1000;

function context(maxRefills: number, budget: number, period: number, now = 0): SchedContext {
  const made = new SchedContext(1, 0, 9);
  startRefills(made, maxRefills, budget, period, now);
  return made;
}

function times(of: SchedContext): [number, number][] {
  return of.refills.map((refill) => [refill.time / US, refill.amount / US]);
}

describe('a sporadic context', () => {
  it('gets back what it used a period after it could be used', () => {
    const sc = context(4, 100 * US, 1000 * US);
    useRefills(sc, 30 * US);
    expect(times(sc)).toEqual([[30, 70], [1000, 30]]);
    useRefills(sc, 10 * US);
    expect(times(sc)).toEqual([[40, 60], [1000, 40]]);
  });

  it('waits for the next refill when all is used', () => {
    const sc = context(4, 100 * US, 1000 * US);
    useRefills(sc, 100 * US);
    expect(times(sc)).toEqual([[1000, 100]]);
    expect(headReady(sc, 999 * US)).toBe(false);
    expect(headReady(sc, 1000 * US)).toBe(true);
  });

  it('joins a rest that is too small to run on with the next refill', () => {
    const sc = context(4, 100 * US, 1000 * US);
    useRefills(sc, 85 * US);
    // The rest of 15 µs moves to the refill at 1000, which starts so much earlier.
    expect(times(sc)).toEqual([[985, 100]]);
  });

  it('carries time that was used beyond the head over to the next refill', () => {
    const sc = context(4, 100 * US, 1000 * US);
    useRefills(sc, 40 * US);
    countFromNow(sc, 500 * US);
    expect(times(sc)).toEqual([[500, 60], [1000, 40]]);
    useRefills(sc, 70 * US);
    // The head is used up; 10 of the refill at 1000 too.
    expect(times(sc)).toEqual([[1010, 30], [1500, 60], [2000, 10]]);
  });

  it('joins new refills with the tail when there is no room', () => {
    const sc = context(2, 100 * US, 1000 * US);
    useRefills(sc, 30 * US);
    countFromNow(sc, 200 * US);
    useRefills(sc, 20 * US);
    expect(times(sc)).toEqual([[220, 50], [1170, 50]]);
  });

  it('does not add up time that it did not use', () => {
    const sc = context(4, 100 * US, 1000 * US);
    useRefills(sc, 30 * US);
    expect(countFromNow(sc, 5000 * US)).toBe(true);
    expect(times(sc)).toEqual([[5000, 100]]);
  });

  it('stays as it is when its head refill is not ready', () => {
    const sc = context(4, 100 * US, 1000 * US);
    useRefills(sc, 100 * US);
    expect(countFromNow(sc, 500 * US)).toBe(false);
    expect(times(sc)).toEqual([[1000, 100]]);
  });

  it('keeps its window when its parameters change', () => {
    const sc = context(4, 100 * US, 1000 * US);
    useRefills(sc, 40 * US);
    changeRefills(sc, 4, 200 * US, 2000 * US, 40 * US);
    expect(times(sc)).toEqual([[40, 60], [2040, 140]]);
    changeRefills(sc, 4, 50 * US, 500 * US, 50 * US);
    expect(times(sc)).toEqual([[50, 50]]);
  });
});

describe('a round-robin context', () => {
  it('moves used time to the tail, and gets it back with the next slice', () => {
    const sc = context(10, 5000 * US, 5000 * US);
    expect(sc.maxRefills).toBe(2);
    useSlice(sc, 1000 * US);
    useSlice(sc, 500 * US);
    expect(times(sc)).toEqual([[0, 3500], [0, 1500]]);
    renewSlice(sc);
    expect(times(sc)).toEqual([[0, 5000], [0, 0]]);
    expect(countFromNow(sc, 99 * US)).toBe(false);
  });

  it('keeps its rest when it becomes one', () => {
    const sc = context(4, 100 * US, 1000 * US);
    useRefills(sc, 40 * US);
    changeRefills(sc, 4, 100 * US, 100 * US, 40 * US);
    expect(times(sc)).toEqual([[40, 60], [40, 40]]);
  });
});

describe('whatever happens to a sporadic context', () => {
  it('its refills sum up to the budget, are in order, stretch over a period at most, and the head can be run on', () => {
    const amount = fc.integer({ min: 20, max: 500 });
    fc.assert(fc.property(
      fc.integer({ min: 2, max: 6 }), amount, fc.integer({ min: 1, max: 2000 }),
      fc.array(fc.record({ idle: fc.integer({ min: 0, max: 3000 }), use: fc.integer({ min: 1, max: 600 }), sporadic: fc.boolean() }), { maxLength: 40 }),
      (maxRefills, budgetUs, slackUs, steps) => {
        const budget = budgetUs * US;
        const period = budget + slackUs * US;
        const sc = context(maxRefills, budget, period);
        let now = 0;
        for (const step of steps) {
          // As the scheduler does it: only a context whose head is ready is run on, and its refills count from then on.
          now = Math.max(now + step.idle * US, sc.refills[0]!.time);
          countFromNow(sc, now);
          const used = Math.min(step.use * US, sc.refills[0]!.amount);
          now += used;
          useRefills(sc, used);
          expect(sc.refills.reduce((sum, refill) => sum + refill.amount, 0)).toBe(budget);
          expect(sc.refills.length).toBeLessThanOrEqual(maxRefills);
          expect(headSufficient(sc)).toBe(true);
          sc.refills.forEach((refill, i) => {
            const before = sc.refills[i - 1];
            if (before !== undefined) expect(before.time + before.amount).toBeLessThanOrEqual(refill.time);
          });
          const last = sc.refills[sc.refills.length - 1]!;
          expect(last.time + last.amount).toBeLessThanOrEqual(sc.refills[0]!.time + period);
        }
      },
    ));
  });

  it('it never gets more than its budget in a period', () => {
    fc.assert(fc.property(
      fc.integer({ min: 2, max: 5 }), fc.integer({ min: 20, max: 300 }), fc.integer({ min: 1, max: 1000 }),
      fc.array(fc.record({ idle: fc.integer({ min: 0, max: 1500 }), use: fc.integer({ min: 1, max: 400 }) }), { maxLength: 40 }),
      (maxRefills, budgetUs, slackUs, steps) => {
        const budget = budgetUs * US;
        const period = budget + slackUs * US;
        const sc = context(maxRefills, budget, period);
        const runs: { from: number; to: number }[] = [];
        let now = 0;
        for (const step of steps) {
          now = Math.max(now + step.idle * US, sc.refills[0]!.time);
          countFromNow(sc, now);
          const used = Math.min(step.use * US, sc.refills[0]!.amount);
          runs.push({ from: now, to: now + used });
          now += used;
          useRefills(sc, used);
        }
        for (const { from } of runs) {
          const until = from + period;
          const total = runs.reduce((sum, run) => sum + Math.max(0, Math.min(run.to, until) - Math.max(run.from, from)), 0);
          expect(total).toBeLessThanOrEqual(budget);
        }
      },
    ));
  });

  it('has a least budget of twice the kernel WCET', () => {
    expect(MIN_BUDGET).toBe(20 * US);
  });
});
