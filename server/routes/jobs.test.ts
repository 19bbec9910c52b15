// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, writeFileSync } from 'node:fs';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Job, JobList } from '../../schema/api/index.ts';
import { RULES_REVISION } from '../../schema/rules/catalogue.ts';
import { createService } from '../app.ts';
import { dataFile, planFile } from '../store/location.ts';
import { Sqlite } from '../store/sqlite.ts';
import { runningService, temporaryDirectory, type RunningService } from '../testing/fixture.ts';
import { batchOf, sampleBatch, SAMPLE_SUBJECTS, shortReplyRecord } from '../testing/sample-records.ts';

interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

async function ask<T>({ service }: RunningService, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object): Promise<Answer<T>> {
  const response = await service.app.inject({ method, url, ...(payload === undefined ? {} : { payload }) });
  return { status: response.statusCode, body: response.json() };
}

async function ended(running: RunningService, id: string): Promise<Job> {
  return await expect.poll(async () => (await ask<Job>(running, 'GET', `/api/jobs/${id}`)).body, { timeout: 30_000 })
    .toMatchObject({ endedAt: expect.any(String) }).then(async () => (await ask<Job>(running, 'GET', `/api/jobs/${id}`)).body);
}

function isOf(schema: TSchema, value: unknown): void {
  const validator = Compile(schema);
  expect(validator.Check(value) || validator.Errors(value)).toBe(true);
}

async function send(running: RunningService, id: string, records: number): Promise<void> {
  const producer = await running.producer();
  producer.hello({ id });
  await producer.next('welcome');
  producer.batch(batchOf(Array.from({ length: records }, (_, i) => shortReplyRecord(1 + i)), SAMPLE_SUBJECTS));
  producer.bye(records);
  while (!(await producer.next('ack')).finished);
}

/** A service with two runs of three short replies each, the first as another revision of the rules judged it: nothing found. */
async function withOldRun(): Promise<RunningService> {
  const directory = temporaryDirectory();
  const first = await runningService({ dataDirectory: directory });
  await send(first, 'old', 3);
  await send(first, 'new', 3);
  await first.service.close();
  const db = new Sqlite(dataFile(directory));
  db.exec("DELETE FROM anomaly WHERE run = 1; DELETE FROM anomaly_group WHERE run = 1; UPDATE run SET errors = 0, rules = '0' WHERE id = 1");
  db.close();
  return runningService({ dataDirectory: directory });
}

describe('recheck', () => {
  it('of what is outdated finds what the rules find now, and says what changed', async () => {
    const running = await withOldRun();
    const { status, body } = await ask<Job>(running, 'POST', '/api/recheck', { select: 'outdated' });
    expect(status).toBe(202);
    isOf(Job, body);
    const job = await ended(running, body.id);
    isOf(Job, job);
    expect(job).toMatchObject({
      state: 'done', error: null, progress: { runs: 1, runsDone: 1, records: 3, recordsDone: 3 },
      result: { checked: 1, records: 3, rules: [{ rule: 'K05', gone: 0, added: 3, same: 0 }], changedRuns: [{ run: 'old', gone: 0, added: 3 }], notChecked: [] },
    });
    const run = (await ask<{ summary: object }>(running, 'GET', '/api/runs/old')).body;
    expect(run).toMatchObject({ summary: { anomalies: { error: 3 } }, anomalies: [{ rule: 'K05', count: 3 }] });
    expect((await ask<Job>(running, 'POST', '/api/recheck', { select: 'outdated' })).body.progress.runs).toBe(0);
    expect(existsSync(planFile(running.directory))).toBe(false);
    const { body: list } = await ask<JobList>(running, 'GET', '/api/jobs');
    isOf(JobList, list);
    expect(list.jobs).toHaveLength(2);
  });

  it('goes one after the other, while records come in', async () => {
    const running = await withOldRun();
    const producer = await running.producer();
    producer.hello({ id: 'live' });
    await producer.next('welcome');
    const jobs = await Promise.all([1, 2, 3].map(async () => (await ask<Job>(running, 'POST', '/api/recheck', { select: 'all' })).body));
    for (let seq = 1; seq < 4000; seq += 200) producer.batch(sampleBatch(seq, seq + 199));
    await producer.acknowledged(4000);
    const [first, second, third] = await Promise.all(jobs.map(({ id }) => ended(running, id)));
    expect(first!.result).toMatchObject({ checked: 2, notChecked: [{ run: 'live', why: 'running' }], changedRuns: [{ run: 'old' }] });
    for (const job of [second!, third!]) expect(job.result).toMatchObject({ checked: 2, changedRuns: [], rules: [{ rule: 'K05', same: 6 }] });
    expect(first!.endedAt! <= second!.endedAt!).toBe(true);
  });

  it('is ended where it is', async () => {
    const running = await withOldRun();
    const [first, second] = await Promise.all([1, 2].map(async () => (await ask<Job>(running, 'POST', '/api/recheck', { runs: ['old'] })).body));
    expect((await ask<Job>(running, 'DELETE', `/api/jobs/${second!.id}`)).body).toMatchObject({ state: 'cancelled', result: { checked: 0 } });
    await ask<Job>(running, 'DELETE', `/api/jobs/${first!.id}`);
    const job = await ended(running, first!.id);
    expect(['cancelled', 'done']).toContain(job.state);
    expect((await ask<Job>(running, 'DELETE', `/api/jobs/${first!.id}`)).body).toEqual(job);
    expect(await ended(running, (await ask<Job>(running, 'POST', '/api/recheck', { runs: ['old', 'new'] })).body.id)).toMatchObject({ state: 'done', result: { checked: 2 } });
  });

  it('of a run that is still running is refused', async () => {
    const running = await withOldRun();
    const producer = await running.producer();
    producer.hello({ id: 'live' });
    await producer.next('welcome');
    expect(await ask(running, 'POST', '/api/recheck', { runs: ['latest'] })).toMatchObject({ status: 409, body: { error: 'conflict', message: 'run live is still running' } });
  });

  it('leaves nothing of a plan that a killed service left', async () => {
    const directory = temporaryDirectory();
    writeFileSync(planFile(directory), 'half a plan');
    await (await createService({ dataDirectory: directory })).close();
    expect(existsSync(planFile(directory))).toBe(false);
  });

  it.each<[payload: object, status: number, error: string, message: string]>([
    [{}, 400, 'bad-request', 'either "runs" or "select"'],
    [{ runs: ['old'], select: 'all' }, 400, 'bad-request', 'either "runs" or "select"'],
    [{ runs: [] }, 400, 'bad-request', '"runs"'],
    [{ runs: ['no/run'] }, 400, 'bad-request', '"runs"'],
    [{ select: 'some' }, 400, 'bad-request', 'one of all, outdated'],
    [{ select: 'all', rule: 'X99' }, 404, 'unknown-rule', 'no rule X99'],
    [{ runs: ['old', 'nobody'] }, 404, 'unknown-run', 'no run nobody'],
  ])('of %j is refused', async (payload, status, error, message) => {
    const running = await runningService();
    await send(running, 'old', 1);
    expect(await ask(running, 'POST', '/api/recheck', payload)).toEqual({ status, body: expect.objectContaining({ error, message: expect.stringContaining(message) as string }) as object });
  });

  it('of which nobody knows is an error', async () => {
    const running = await runningService();
    for (const method of ['GET', 'DELETE'] as const) expect(await ask(running, method, '/api/jobs/none')).toMatchObject({ status: 404, body: { error: 'unknown-job' } });
  });

  it('is remembered, by pages, kinds and states, and can be started again', async () => {
    const running = await withOldRun();
    const { id } = (await ask<Job>(running, 'POST', '/api/recheck', { select: 'outdated' })).body;
    const first = await ended(running, id);
    expect((await ask(running, 'POST', '/api/admin/check')).status).toBe(200);
    expect((await ask(running, 'POST', '/api/admin/prune', { drop: 'records', olderThanMs: 10 ** 9 })).status).toBe(200);
    await running.service.close();
    const again = await runningService({ dataDirectory: running.directory });
    expect((await ask<Job>(again, 'GET', `/api/jobs/${id}`)).body).toEqual(first);
    const list = async (query: string): Promise<JobList> => {
      const { body } = await ask<JobList>(again, 'GET', `/api/jobs${query}`);
      isOf(JobList, body);
      return body;
    };
    const all = await list('');
    expect([all.jobs.map(({ kind, state }) => [kind, state]), all.next]).toEqual([[['prune', 'done'], ['check', 'done'], ['recheck', 'done']], null]);
    const page = await list('?limit=2');
    expect([page.jobs, page.next]).toEqual([all.jobs.slice(0, 2), all.jobs[1]!.id]);
    expect(await list(`?limit=2&after=${page.next!}`)).toEqual({ jobs: [all.jobs[2]], next: null });
    expect((await list('?kind=check')).jobs).toEqual([all.jobs[1]]);
    expect((await list('?state=failed')).jobs).toEqual([]);
    for (const { id: job, kind } of all.jobs) {
      const { status, body } = await ask<Job>(again, 'POST', `/api/jobs/${job}/restart`);
      expect([status, body.kind, body.id === job]).toEqual([202, kind, false]);
      isOf(Job, body);
      expect(await ended(again, body.id)).toMatchObject({ state: 'done' });
    }
    expect((await list('')).jobs).toHaveLength(6);
    expect(await ask(again, 'GET', '/api/jobs?after=nothing')).toMatchObject({ status: 404, body: { error: 'unknown-job' } });
    expect(await ask(again, 'GET', '/api/jobs?kind=nap')).toMatchObject({ status: 400, body: { message: expect.stringContaining('one of recheck, import') as string } });
  });

  it('of a service that is stopped or killed is interrupted', async () => {
    const running = await withOldRun();
    const db = new Sqlite(dataFile(running.directory));
    onTestFinished(() => { db.close(); });
    const { id } = (await ask<Job>(running, 'POST', '/api/recheck', { select: 'all' })).body;
    await running.service.close();
    const stopped = db.prepare('SELECT state, ended_at IS NOT NULL AS ended FROM job').get();
    expect([{ state: 'interrupted', ended: 1 }, { state: 'done', ended: 1 }]).toContainEqual(stopped);
    db.exec("UPDATE job SET state = 'running', ended_at = NULL");
    const again = await runningService({ dataDirectory: running.directory });
    expect((await ask<Job>(again, 'GET', `/api/jobs/${id}`)).body).toMatchObject({ state: 'interrupted', error: expect.stringContaining('went away') as string });
    expect((await ask<Job>(again, 'DELETE', `/api/jobs/${id}`)).body).toMatchObject({ state: 'interrupted' });
    const { body } = await ask<Job>(again, 'POST', `/api/jobs/${id}/restart`);
    expect(await ended(again, body.id)).toMatchObject({ state: 'done', result: { checked: 2 } });
  });

  it('does not mark a run of which one rule was asked', async () => {
    const running = await withOldRun();
    await ended(running, (await ask<Job>(running, 'POST', '/api/recheck', { select: 'all', rule: 'K05' })).body.id);
    const db = new Sqlite(dataFile(running.directory), { readonly: true });
    expect(db.prepare('SELECT rules FROM run ORDER BY id').pluck().all()).toEqual(['0', RULES_REVISION]);
    db.close();
  });
});
