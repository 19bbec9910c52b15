// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../../schema/trace/trap-record.ts';
import { DEPTHS } from './comparison.ts';
import { STATE_FILTERS } from './finding-states.ts';
import { NO_FILTER } from './filter.ts';
import { fromHash, isStep, PAGES, START_VIEW, TABS, toHash, type View } from './url.ts';

const runIds = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,40}$/);

const views: fc.Arbitrary<View> = fc.record({
  page: fc.constantFrom(...PAGES),
  run: runIds,
  follow: fc.boolean(),
  tab: fc.constantFrom(...TABS),
  seq: fc.option(fc.maxSafeNat().map((n) => Math.max(1, n))),
  filter: fc.record({
    thread: fc.option(fc.nat()),
    method: fc.string({ maxLength: 64 }),
    outcome: fc.option(fc.constantFrom(...OUTCOMES)),
    anomalous: fc.boolean(),
  }),
  thread: fc.option(fc.maxSafeNat().map((n) => Math.max(1, n))),
  to: fc.option(fc.maxSafeNat().map((n) => Math.max(1, n))),
  group: fc.option(fc.string({ minLength: 1, maxLength: 200 })),
  finding: fc.option(fc.string({ minLength: 1, maxLength: 200 })),
  compared: fc.record({ a: fc.option(runIds), b: fc.option(runIds), depth: fc.constantFrom(...DEPTHS) }),
  states: fc.constantFrom(...STATE_FILTERS),
});

it('a link reopens the view it was made of', () => {
  fc.assert(fc.property(views, (view) => {
    expect(fromHash(toHash(view))).toEqual({ view, problems: [] });
  }));
});

it('a link never throws, whatever it says', () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const { view } = fromHash(`#v1?${text}`);
    expect(fromHash(toHash(view)).view).toEqual(view);
  }));
});

describe('a link', () => {
  it('says little of a plain view', () => {
    expect(toHash(START_VIEW)).toBe('#v1?run=latest');
    expect(fromHash('')).toEqual({ view: START_VIEW, problems: [] });
  });

  it('of another version opens the plain view and says so', () => {
    expect(fromHash('#v9?run=abc')).toEqual({ view: START_VIEW, problems: ['this link was made by another version of the page'] });
  });

  it.each(['run=../etc', 'seq=0', 'seq=1.5', 'seq=99999999999999999', 'thread=-1', 'outcome=eror', 'tab=x', 'page=x', 'state=done', 'finding=', 'anomalies=2', 'follow=yes'])('with %s is used without it', (part) => {
    const { view, problems } = fromHash(`#v1?${part}`);
    expect(view).toEqual(START_VIEW);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(part.split('=')[1]);
  });
});

it('moving along a list is no step of the history; opening, filtering and changing the run are', () => {
  const open: View = { ...START_VIEW, seq: 5 };
  expect(isStep(open, { ...open, seq: 6 })).toBe(false);
  expect(isStep(open, { ...open, follow: false })).toBe(false);
  expect(isStep(START_VIEW, open)).toBe(true);
  expect(isStep(open, { ...open, run: 'other' })).toBe(true);
  expect(isStep(open, { ...open, filter: { ...NO_FILTER, anomalous: true } })).toBe(true);
});
