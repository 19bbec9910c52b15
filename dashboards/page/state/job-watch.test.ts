// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { ClientError } from '../../../schema/client/index.ts';
import { settle } from '../../testing/history.ts';
import { ENDED, endedJob, jobOf } from '../../testing/page-fixtures.ts';
import type { Api } from './api.ts';
import { JobWatch, shareOf } from './job-watch.ts';
import { START_STATE, type State } from './model.ts';
import { Store } from './store.ts';

class Bench {
  judged = 0;
  readonly store = new Store<State>(START_STATE, { soon: (notify) => notify(), calm: (notify) => notify() });
  readonly jobs = new JobWatch({
    recheck: async () => ({ ...endedJob(), ...jobOf({ id: 'new', state: 'waiting' }) }),
    cancelJob: async () => { throw new ClientError('unknown-job', 'there is no job 7', 404); },
    job: async () => endedJob(),
  } as unknown as Api, this.store, () => { this.judged++; });

  shown(): string[] {
    return this.store.get().jobs.map(({ id, state }) => `${id} ${state}`);
  }
}

it('a recheck that ends changes what is known, once, and says what it came to', async () => {
  const bench = new Bench();
  bench.jobs.receive(jobOf());
  bench.jobs.receive(jobOf({ id: 'other', kind: 'backup' }));
  expect([bench.shown(), bench.judged]).toEqual([['other running', 'job-1 running'], 0]);
  bench.jobs.receive(ENDED);
  bench.jobs.receive(ENDED);
  bench.jobs.receive(jobOf({ id: 'other', kind: 'backup', state: 'done', endedAt: ENDED.endedAt }));
  await settle();
  expect([bench.judged, bench.store.get().recheck?.result.changedRuns]).toEqual([1, [{ run: 'audit', gone: 1, added: 3 }]]);
  bench.jobs.dismiss();
  expect([bench.shown(), bench.store.get().recheck]).toEqual([[], null]);
});

it('a job that a person begins is shown at once, and never as older than the feed said', async () => {
  const bench = new Bench();
  expect(await bench.jobs.recheck({ select: 'all' })).toBe('');
  expect(bench.shown()).toEqual(['new waiting']);
  bench.jobs.receive(jobOf({ id: 'new' }));
  await bench.jobs.recheck({ select: 'all' });
  expect(bench.shown()).toEqual(['new running']);
  expect(await bench.jobs.cancel('7')).toBe('there is no job 7');
});

it('how much is done goes by records, else by runs', () => {
  const progress = jobOf().progress;
  expect([shareOf(jobOf()), shareOf(jobOf({ progress: { ...progress, records: 0 } })), shareOf(jobOf({ progress: { ...progress, runs: 0, records: 0 } })), shareOf(ENDED)]).toEqual([0.25, 0.25, null, 1]);
});
