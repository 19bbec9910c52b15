// SPDX-License-Identifier: BSD-2-Clause
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunList } from '../../schema/api/index.ts';
import { openStore } from '../open-store.ts';
import { openWriter } from '../store/open.ts';
import { writeTraceFile } from '../store/trace-file.ts';
import { addRun } from '../testing/filled-store.ts';
import { runningService, temporaryDirectory } from '../testing/fixture.ts';
import { sampleBatch } from '../testing/sample-records.ts';
import { TRACE_FILE_TYPE } from './administration.ts';

function traceFile(...ids: string[]): string {
  const file = join(temporaryDirectory(), 'a.s4trace');
  writeTraceFile(file, (db) => { for (const id of ids) addRun(db, { id, records: 250 }); });
  return file;
}

/** A service on a store that has runs already. */
async function serviceWith(...ids: string[]): ReturnType<typeof runningService> {
  const directory = temporaryDirectory();
  const { db, close } = openWriter(directory);
  for (const id of ids) addRun(db, { id, records: 250, changedAt: 2000 });
  close();
  return runningService({ dataDirectory: directory });
}

const leftovers = (directory: string): string[] => readdirSync(directory).filter((name) => name.includes('.part'));

describe('POST /api/import', () => {
  it('takes a trace file while producers send', async () => {
    const { address, directory, producer, service } = await serviceWith('mine');
    const sender = await producer();
    sender.hello({ id: 'live' });
    await sender.next('welcome');
    sender.batch(sampleBatch(1, 100));
    await sender.acknowledged(100);
    const send = (file: string, query = ''): Promise<Response> => fetch(`${address.url}/api/import${query}`, { method: 'POST', headers: { 'content-type': TRACE_FILE_TYPE }, body: readFileSync(file) });
    expect(await (await send(traceFile('a', 'b', 'c'), '?runs=a,c')).json()).toEqual({ runs: [{ run: 'a', records: 250, outcome: 'imported' }, { run: 'c', records: 250, outcome: 'imported' }] });
    sender.batch(sampleBatch(101, 200));
    await sender.acknowledged(200);
    expect((await (await fetch(`${address.url}/api/runs`)).json() as RunList).runs.map(({ run }) => run)).toEqual(['live', 'c', 'a', 'mine']);
    expect((await (await fetch(`${address.url}/api/runs/a/records?from=249`)).json())).toMatchObject({ rows: [{ seq: 249 }, { seq: 250 }] });
    expect(await (await send(traceFile('a'))).json()).toEqual({ runs: [{ run: 'a', records: 250, outcome: 'present' }] });
    expect(leftovers(directory)).toEqual([]);
    sender.terminate();
    await service.close();
  });

  it('says what is wrong, without a path, and keeps nothing', async () => {
    const { service, directory } = await serviceWith('mine');
    const inject = async (payload: string | Buffer, type = TRACE_FILE_TYPE, query = ''): Promise<[number, { error: string; message: string }]> => {
      const response = await service.app.inject({ method: 'POST', url: `/api/import${query}`, headers: { 'content-type': type }, payload });
      return [response.statusCode, response.json()];
    };
    const good = readFileSync(traceFile('a'));
    expect(await inject('not a database '.repeat(100))).toEqual([400, { error: 'bad-request', message: expect.stringMatching(/^the trace file is no trace that can be read/) as string }]);
    expect(await inject(good.subarray(0, 60_000))).toMatchObject([400, { message: expect.stringMatching(/^the trace file (is damaged|is no trace)/) as string }]);
    expect(await inject('{}', 'application/json')).toMatchObject([400, { message: expect.stringContaining(TRACE_FILE_TYPE) as string }]);
    expect(await inject(good, TRACE_FILE_TYPE, '?runs=nobody')).toMatchObject([404, { error: 'unknown-run' }]);
    expect(await inject(good, TRACE_FILE_TYPE, '?path=/etc/passwd')).toMatchObject([400, { message: expect.stringContaining('unknown query parameter "path"') as string }]);
    const other = join(temporaryDirectory(), 'other.s4trace');
    writeTraceFile(other, (db) => addRun(db, { id: 'mine', records: 9 }));
    expect(await inject(readFileSync(other))).toMatchObject([409, { error: 'conflict', message: expect.stringContaining('another run mine') as string }]);
    for (const [, { message }] of [await inject('x')]) expect(message).not.toContain(directory);
    expect((await service.app.inject('/api/runs')).json<RunList>().runs.map(({ run }) => run)).toEqual(['mine']);
    expect(leftovers(directory)).toEqual([]);
    expect((await inject(good))[0]).toBe(200);
  });

  it('refuses a file that is announced to be too large', async () => {
    const { service } = await serviceWith();
    const response = await service.app.inject({ method: 'POST', url: '/api/import', headers: { 'content-type': TRACE_FILE_TYPE, 'content-length': String(5 * 2 ** 30) }, payload: 'x' });
    expect([response.statusCode, response.json()]).toMatchObject([413, { error: 'too-large' }]);
  });
});

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
