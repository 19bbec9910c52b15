// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runSummary } from '../../testing/fixtures.ts';
import { hangReport, laneAnswer, threadStates, threadStory } from '../../testing/thread-fixtures.ts';
import type { Api } from './api.ts';
import { START_STATE, type State } from './model.ts';
import { Store } from './store.ts';
import { listedThreads } from './thread-list.ts';
import { shownTimeline, ThreadLoader } from './thread-loader.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

class Bench {
  readonly asked: string[] = [];
  readonly store: Store<State>;
  readonly loader: ThreadLoader;

  constructor(change: Partial<State> = {}) {
    const run = runSummary('audit', { records: 60, state: 'running' });
    this.store = new Store<State>({ ...START_STATE, run, ...change }, { soon: (notify) => notify(), calm: (notify) => notify() });
    const note = <T>(what: string, value: T): Promise<T> => {
      this.asked.push(what);
      return Promise.resolve(value);
    };
    this.loader = new ThreadLoader({
      threadStates: (of: string, { at }: { at?: number }) => note(`states ${at}`, threadStates(of, at ?? 60)),
      thread: (of: string, thread: number, { to }: { to?: number }) => note(`story ${thread} ${to}`, threadStory(of, thread, to ?? 60, 200)),
      hang: (of: string) => note('hang', hangReport(of, 60)),
      sql: ({ sql, parameters }: { sql: string; parameters: { first: number; last: number } }) => note('sql', laneAnswer(sql, parameters.first, parameters.last)),
    } as unknown as Api, this.store);
  }

  async view(change: Partial<State['view']>): Promise<State> {
    this.store.set({ view: { ...this.store.get().view, ...change } });
    this.loader.show();
    await vi.advanceTimersByTimeAsync(3000);
    return this.store.get();
  }
}

it('reads nothing while nobody looks, then what is looked at', async () => {
  const bench = new Bench();
  await bench.view({});
  expect(bench.asked).toEqual([]);
  const all = await bench.view({ tab: 'threads' });
  expect(bench.asked.sort()).toEqual(['sql', 'sql', 'sql', 'states undefined']);
  expect(shownTimeline(all)?.lanes).toHaveLength(2);
  bench.asked.length = 0;
  const story = await bench.view({ thread: 2 });
  expect(bench.asked).toEqual(['story 2 undefined']);
  expect([story.lanes, shownTimeline(story)?.lanes[0]?.thread.name]).toEqual([null, 'server']);
  bench.asked.length = 0;
  await bench.view({ to: 30 });
  expect(bench.asked.sort()).toEqual(['states 30', 'story 2 30']);
  expect(await bench.view({ tab: 'records' })).toMatchObject({ threadStates: null, story: null });
});

it('goes on with a run that grows, but not with what an earlier record left', async () => {
  const bench = new Bench();
  await bench.view({ tab: 'threads', thread: 2 });
  bench.asked.length = 0;
  bench.store.set({ run: runSummary('audit', { records: 90, state: 'running' }) });
  await bench.view({});
  expect(bench.asked.sort()).toEqual(['states undefined', 'story 2 undefined']);
  await bench.view({ to: 10 });
  bench.asked.length = 0;
  bench.store.set({ run: runSummary('audit', { records: 95, state: 'running' }) });
  await bench.view({});
  expect(bench.asked).toEqual([]);
});

it('asks by itself who hangs once a run of few records has ended', async () => {
  const bench = new Bench();
  bench.store.set({ run: runSummary('audit', { records: 60 }) });
  expect((await bench.view({})).hang?.value?.hung).toHaveLength(1);
  const huge = new Bench({ run: runSummary('huge', { records: 10_000_000 }) });
  expect((await huge.view({})).hang).toBeNull();
  expect((await huge.view({ tab: 'hang' })).hang?.value?.hung).toHaveLength(1);
});

it('moves in the picture, and shows all of another one', async () => {
  const bench = new Bench();
  await bench.view({ tab: 'threads', thread: 2 });
  bench.loader.setAxis('seq');
  bench.loader.zoom(0.5);
  bench.loader.pan(1);
  expect(bench.store.get().picture).toEqual({ axis: 'seq', window: { axis: 'seq', from: 31, to: 61 } });
  await bench.view({ thread: 3 });
  expect(bench.store.get().picture).toEqual({ axis: 'seq', window: null });
});

it('lists threads that run or wait before those that rest', () => {
  const { threads } = threadStates('audit', 60);
  const resting = { ...threads[3]!, thread: { id: 0.5, name: 'first' } };
  expect(listedThreads([resting, ...threads], '').map(({ thread }) => thread.id)).toEqual([1, 2, 3, 0.5, 4]);
  expect(listedThreads(threads, ' INBOX').map(({ thread }) => thread.name)).toEqual(['server']);
  expect(listedThreads(threads, 'running')).toHaveLength(2);
});
