// SPDX-License-Identifier: BSD-2-Clause
import { expect, it, onTestFinished } from 'vitest';
import { TraceReader } from '../query/trace-reader.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { openWriter } from './open.ts';
import { MOST_JOBS, saveJob, type KeptJob } from './stored-jobs.ts';

function job(id: string, state: KeptJob['state'] = 'done'): KeptJob {
  return {
    id, kind: 'check', state, createdAt: '2026-01-01T00:00:00.000Z', endedAt: state === 'done' ? '2026-01-01T00:00:01.000Z' : null,
    progress: { at: '', runs: 0, runsDone: 0, records: 0, recordsDone: 0 }, error: null, result: null, request: null,
  };
}

it('the last thousand jobs are kept, and those that have not ended', () => {
  const { db, close } = openWriter(temporaryDirectory());
  onTestFinished(close);
  const reader = new TraceReader(db);
  saveJob(db, job('open', 'running'));
  for (let i = 0; i < MOST_JOBS + 20; i++) saveJob(db, job(String(i)));
  expect(reader.jobs({ limit: 5000 }).jobs).toHaveLength(MOST_JOBS + 1);
  expect(reader.job('open')).toEqual(job('open', 'running'));
  expect(() => reader.job('19')).toThrow(/no job 19/);
  expect(reader.job('20')).toEqual(job('20'));
});
