// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { runSummary } from '../../testing/fixtures.ts';
import { comparisonOf } from '../../testing/page-fixtures.ts';
import { settle } from '../../testing/history.ts';
import type { Api } from './api.ts';
import { ComparisonLoader, differs, growth, partnerOf } from './comparison.ts';
import { START_STATE, type State } from './model.ts';
import { Store } from './store.ts';
import { START_VIEW } from './url.ts';

it('a run stands beside the newest other one of its program, that has records', () => {
  const runs = [['d', 'other.ts', 5], ['c', 'a.ts', 0], ['b', 'a.ts', 5], ['a', 'a.ts', 5]] as const;
  const list = runs.map(([run, program, records]) => runSummary(run, { program, records }));
  expect([partnerOf(list, 'a'), partnerOf(list, 'b'), partnerOf(list, 'd'), partnerOf(list, 'gone'), partnerOf([], 'a')]).toEqual(['b', 'a', 'b', 'd', null]);
});

it.each<[number | null, number | null | undefined, number | null]>([[400, 600, 0.5], [400, 300, -0.25], [0, 5, null], [null, 5, null], [5, undefined, null]])('from %s to %s is a growth of %s', (a, b, share) => {
  expect(growth(a, b)).toBe(share);
});

it('reads the two runs of the view, anew when others are chosen or somebody asks', async () => {
  const asked: unknown[] = [];
  const store = new Store<State>(START_STATE, { soon: (notify) => notify(), calm: (notify) => notify() });
  const loader = new ComparisonLoader({ compare: async (query: unknown) => { asked.push(query); return comparisonOf(runSummary('a'), runSummary('b')); } } as unknown as Api, store);
  const look = async (a: string | null, b: string | null): Promise<State['comparison']> => {
    store.set({ view: { ...START_VIEW, page: 'compare', compared: { a, b, depth: 'protocol' } } });
    loader.show();
    await settle();
    return store.get().comparison;
  };
  expect(await look('a', null)).toBeNull();
  expect((await look('a', 'b'))?.value?.methods.map(differs)).toEqual([true, false]);
  store.set({ view: START_VIEW });
  loader.show();
  expect([asked, store.get().comparison]).toEqual([[{ a: 'a', b: 'b', depth: 'protocol' }], null]);
});
