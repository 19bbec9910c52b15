// SPDX-License-Identifier: BSD-2-Clause
import { openAsBlob, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TRACE_FILE_TYPE, type ImportQuery, type Job, type RunList } from '../../schema/api/index.ts';
import { createClient, type UploadBody } from '../client.ts';
import { writeTraceFile } from '../store/trace-file.ts';
import { addRun } from '../testing/filled-store.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { sampleBatch } from '../testing/sample-records.ts';
import { leftovers, serviceWith, traceFile } from '../testing/filled-services.ts';

describe('POST /api/import', () => {
  it('takes a trace file while producers send', async () => {
    const { address, directory, producer, service } = await serviceWith('mine');
    const sender = await producer();
    sender.hello({ id: 'live' });
    await sender.next('welcome');
    sender.batch(sampleBatch(1, 100));
    await sender.acknowledged(100);
    const client = createClient({ url: address.url });
    const send = async (file: UploadBody, query?: ImportQuery): Promise<Job> => {
      const { id, kind } = await client.importRuns(file, query);
      expect(kind).toBe('import');
      await expect.poll(async () => (await client.job(id)).endedAt, { timeout: 30_000 }).not.toBeNull();
      return client.job(id);
    };
    expect(await send(await openAsBlob(traceFile('a', 'b', 'c')), { runs: 'a,c' })).toMatchObject({
      state: 'done', error: null, progress: { runs: 2, runsDone: 2, records: 500, recordsDone: 500 },
      result: { runs: [{ run: 'a', records: 250, outcome: 'imported' }, { run: 'c', records: 250, outcome: 'imported' }] },
    });
    sender.batch(sampleBatch(101, 200));
    await sender.acknowledged(200);
    expect((await (await fetch(`${address.url}/api/runs`)).json() as RunList).runs.map(({ run }) => run)).toEqual(['live', 'c', 'a', 'mine']);
    expect((await (await fetch(`${address.url}/api/runs/a/records?from=249`)).json())).toMatchObject({ rows: [{ seq: 249 }, { seq: 250 }] });
    expect(await send(new Blob([readFileSync(traceFile('a'))]).stream())).toMatchObject({ result: { runs: [{ run: 'a', records: 250, outcome: 'present' }] } });
    await expect.poll(() => leftovers(directory)).toEqual([]);
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
    const [status, job] = await inject(readFileSync(other));
    expect(status).toBe(202);
    await expect.poll(async () => (await service.app.inject(`/api/jobs/${(job as unknown as Job).id}`)).json<unknown>(), { timeout: 30_000 })
      .toMatchObject({ state: 'failed', error: expect.stringContaining('there is another run mine already') as string, result: null });
    for (const [, { message }] of [await inject('x')]) expect(message).not.toContain(directory);
    expect((await service.app.inject('/api/runs')).json<RunList>().runs.map(({ run }) => run)).toEqual(['mine']);
    await expect.poll(() => leftovers(directory)).toEqual([]);
    await expect.poll(async () => (await inject(good))[0], { timeout: 30_000 }).toBe(202);
  });

  it('refuses a file that is announced to be too large', async () => {
    const { service } = await serviceWith();
    const response = await service.app.inject({ method: 'POST', url: '/api/import', headers: { 'content-type': TRACE_FILE_TYPE, 'content-length': String(5 * 2 ** 30) }, payload: 'x' });
    expect([response.statusCode, response.json()]).toMatchObject([413, { error: 'too-large' }]);
  });
});
