// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { RunComparison, TRACE_FILE_TYPE, type RunList } from '../../schema/api/index.ts';
import { openStore } from '../open-store.ts';
import { openWriter } from '../store/open.ts';
import { leftovers, serviceWith, traceFile } from '../testing/filled-services.ts';
import { addRun } from '../testing/filled-store.ts';
import { runningService, temporaryDirectory } from '../testing/fixture.ts';

describe('/api/admin', () => {
  it('prunes, and says before what would go', async () => {
    const { service } = await serviceWith('a', 'b');
    const post = async (path: string, payload: object): Promise<unknown> => (await service.app.inject({ method: 'POST', url: `/api/admin/${path}`, payload })).json();
    const policy = { runs: ['a'], drop: 'records' };
    expect(await post('prune/plan', policy)).toMatchObject({ steps: [{ run: 'a', drop: 'records', records: 250 }] });
    expect((await service.app.inject('/api/runs/a/records')).statusCode).toBe(200);
    expect(await post('prune', policy)).toMatchObject({ runsWithoutRecords: 1, runsRemoved: 0 });
    const gone = await service.app.inject('/api/runs/a/records');
    expect([gone.statusCode, gone.json()]).toMatchObject([410, { error: 'records-dropped', message: expect.stringContaining('run a were dropped') as string, hint: expect.stringContaining('anomalies are still there') as string }]);
    expect((await service.app.inject('/api/runs/a/records/5')).statusCode).toBe(410);
    expect((await service.app.inject('/api/runs/a')).json()).toMatchObject({ summary: { records: 250 }, anomalies: [{ rule: 'K05' }] });
    expect(await post('prune', { drop: 'everything' })).toMatchObject({ error: 'bad-request' });
    expect(await post('check', {})).toMatchObject({ ok: true, runs: 2, records: 250 });
  });

  it('compares runs without records by what they counted', async () => {
    const { service } = await serviceWith('a', 'b');
    const compare = async (): Promise<RunComparison> => (await service.app.inject('/api/compare?a=a&b=b')).json();
    const before = await compare();
    expect(before).not.toHaveProperty('recordsDropped');
    await service.app.inject({ method: 'POST', url: '/api/admin/prune', payload: { runs: ['b'], drop: 'records' } });
    const after = await compare();
    expect(after).toMatchObject({ recordsDropped: ['b'], pairs: 0, first: null, b: { recordsDroppedAt: expect.any(String) as string } });
    const counts = ({ methods }: RunComparison): unknown[] => methods.map(({ method, a, b, outcomes, meanTimeA, unmatched }) => [method, a, b, outcomes, meanTimeA, unmatched]).sort();
    expect(counts(after)).toEqual(counts(before));
    expect(Compile(RunComparison).Check(after)).toBe(true);
  });

  it('sends a backup that is a store', async () => {
    const { service, directory } = await serviceWith('a', 'b');
    const response = await service.app.inject('/api/admin/backup');
    expect([response.statusCode, response.headers['content-type'], response.headers['content-disposition']]).toEqual([200, TRACE_FILE_TYPE, 'attachment; filename="traces.s4trace"']);
    const file = join(temporaryDirectory(), 'backup.s4trace');
    writeFileSync(file, response.rawPayload);
    const reader = openStore(file, { readOnly: true });
    expect(reader.runs().runs.map(({ run, records }) => [run, records])).toEqual([['b', 250], ['a', 250]]);
    reader.close();
    await expect.poll(() => leftovers(directory)).toEqual([]);
  });
});

describe('a service on a trace file', () => {
  it('shows it, and refuses what would change it', async () => {
    const file = traceFile('a');
    const before = readFileSync(file);
    const { service, producer } = await runningService({ dataDirectory: file, readOnly: true });
    expect((await service.app.inject('/api/status')).json()).toMatchObject({ readOnly: true, dataFile: file, runs: 1, records: 250 });
    expect((await service.app.inject('/api/runs/latest/records?limit=2')).json()).toMatchObject({ rows: [{ seq: 1 }, { seq: 2 }] });
    const refusals = [
      await service.app.inject({ method: 'PATCH', url: '/api/runs/a/tags', payload: { add: ['x'] } }),
      await service.app.inject({ method: 'POST', url: '/api/admin/prune', payload: { drop: 'runs', olderThanMs: 0 } }),
      await service.app.inject({ method: 'POST', url: '/api/recheck', payload: { select: 'all' } }),
      await service.app.inject({ method: 'POST', url: '/api/import', headers: { 'content-type': TRACE_FILE_TYPE }, payload: before }),
    ];
    for (const refusal of refusals) expect([refusal.statusCode, refusal.json()]).toMatchObject([403, { error: 'read-only', message: expect.stringContaining('only shows a trace file') as string }]);
    const sender = await producer();
    sender.hello({ id: 'new' });
    expect((await sender.problem()).message).toContain('only shows a trace file');
    await service.close();
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('is not made of what is no trace file', async () => {
    await expect(runningService({ dataDirectory: join(temporaryDirectory(), 'nothing'), readOnly: true })).rejects.toMatchObject({ name: 'StoreError', fault: 'missing' });
  });
});

it('retention of a service makes room by itself', async () => {
  const directory = temporaryDirectory();
  const { db, close } = openWriter(directory);
  addRun(db, { id: 'old', records: 250, changedAt: 2000 });
  addRun(db, { id: 'kept', records: 250, changedAt: 2000, tags: ['keep'] });
  close();
  const { service } = await runningService({ dataDirectory: directory, retention: { olderThanMs: 1000, keepTags: ['keep'], drop: 'records' } });
  const dropped = async (): Promise<string[]> => (await service.app.inject('/api/runs')).json<RunList>().runs.filter(({ recordsDroppedAt }) => recordsDroppedAt !== null).map(({ run }) => run);
  await expect.poll(dropped, { timeout: 20_000 }).toEqual(['old']);
});

it('a run whose records were dropped does not go on', async () => {
  const directory = temporaryDirectory();
  const { db, close } = openWriter(directory);
  addRun(db, { id: 'old', records: 250, state: 'interrupted' });
  close();
  const { service, producer } = await runningService({ dataDirectory: directory });
  await service.app.inject({ method: 'POST', url: '/api/admin/prune', payload: { runs: ['old'], drop: 'records' } });
  const sender = await producer();
  sender.hello({ id: 'old' }, true);
  expect(await sender.problem()).toMatchObject({ code: 'runExists', fatal: true, message: expect.stringContaining('dropped by retention') as string });
});
