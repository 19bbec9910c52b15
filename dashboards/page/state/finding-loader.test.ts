// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import type { FindingDetail, FindingQuery } from '../../../schema/api/index.ts';
import { findingOf, historyOf } from '../../testing/fixtures.ts';
import { settle } from '../../testing/history.ts';
import type { Api } from './api.ts';
import { FindingLoader } from './finding-loader.ts';
import { needsReason, STATE_FILTERS, statesQuery } from './finding-states.ts';
import { START_STATE, type State } from './model.ts';
import { Store } from './store.ts';
import type { View } from './url.ts';

const FINDING = findingOf([{ run: 'a', release: '12.1.0', count: 3 }], { state: 'open', reason: '', fixedIn: '' });
const DETAIL: FindingDetail = { finding: FINDING, changes: [], occurrences: [], example: null };

class Bench {
  readonly store = new Store<State>(START_STATE, { soon: () => undefined, calm: () => undefined });
  readonly asked: FindingQuery[] = [];
  /** Answers to lists, given by the test when it likes. */
  readonly answers: ((failure?: Error) => void)[] = [];
  readonly loader: FindingLoader;

  constructor() {
    const api = {
      findings: (query: FindingQuery) => new Promise((resolve, reject) => {
        this.asked.push(query);
        this.answers.push((failure) => (failure === undefined ? resolve({ findings: [{ ...FINDING, reason: query.state ?? '' }], next: query.after === undefined ? 'more' : null }) : reject(failure)));
      }),
      finding: (fingerprint: string) => (fingerprint === FINDING.fingerprint ? Promise.resolve(DETAIL) : Promise.reject(new Error('there is no such finding'))),
      history: () => Promise.resolve(historyOf('a')),
    } as unknown as Api;
    this.loader = new FindingLoader(api, this.store);
  }

  show(view: Partial<View>): void {
    this.store.set({ view: { ...this.store.get().view, ...view } });
    this.loader.show();
  }
}

it('reads the list once, goes on where it ended, and forgets it with the page', async () => {
  const bench = new Bench();
  bench.show({ page: 'findings' });
  bench.show({});
  bench.answers[0]!();
  await settle();
  expect(bench.store.get().findings).toMatchObject({ rows: [FINDING], next: 'more', problem: '' });
  void bench.loader.more();
  bench.answers[1]!();
  await settle();
  expect(bench.asked.map(({ after }) => after)).toEqual([undefined, 'more']);
  expect(bench.store.get().findings).toMatchObject({ rows: [FINDING, FINDING], next: null });
  bench.show({ page: 'run' });
  expect(bench.store.get().findings).toBeNull();
});

it('does not show what was asked with an earlier filter', async () => {
  const bench = new Bench();
  bench.show({ page: 'findings', states: 'undecided' });
  bench.show({ states: 'fixed' });
  bench.answers[1]!();
  await settle();
  bench.answers[0]!();
  await settle();
  expect(bench.asked.map(({ state }) => state)).toEqual(['open,regressed', 'fixed']);
  expect(bench.store.get().findings!.rows.map(({ reason }) => reason)).toEqual(['fixed']);
});

it('says why a list or a finding cannot be had', async () => {
  const bench = new Bench();
  bench.show({ page: 'findings', finding: 'K99/none' });
  bench.answers[0]!(new Error('the service does not answer'));
  await settle();
  expect(bench.store.get().findings).toMatchObject({ rows: [], problem: 'the service does not answer' });
  expect(bench.store.get().finding).toMatchObject({ fingerprint: 'K99/none', value: null, problem: 'there is no such finding' });
});

it('reads the open finding with the history of its rule and method', async () => {
  const bench = new Bench();
  bench.show({ page: 'findings', finding: FINDING.fingerprint });
  await settle();
  expect(bench.store.get().finding).toMatchObject({ value: DETAIL, history: { rule: 'K05' } });
  bench.show({ finding: null });
  expect(bench.store.get().finding).toBeNull();
});

it('asks the service for the states that a filter shows', () => {
  expect(STATE_FILTERS.map(statesQuery)).toEqual([undefined, 'open,regressed', 'open', 'regressed', 'acknowledged', 'expected', 'fixed']);
  expect((['acknowledged', 'expected', 'fixed', 'open'] as const).filter(needsReason)).toEqual(['acknowledged', 'expected']);
});
