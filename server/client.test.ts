// SPDX-License-Identifier: BSD-2-Clause
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import { PATHS, type RecordPage, type RecordRow, type RunDetail, type RunList } from '../schema/api/index.ts';
import { ClientError, createClient, type Client, type OperationArguments } from './client.ts';
import { packageFile } from './package-paths.ts';
import { newToken, tokenOf } from './safety/tokens.ts';
import { runningService, type RunningService } from './testing/fixture.ts';
import { TestProducer } from './testing/producer.ts';
import { sampleBatch, batchOf, shortReplyRecord, SAMPLE_SUBJECTS } from './testing/sample-records.ts';

const secrets = { reader: newToken(), admin: newToken() };
const tokens = [tokenOf(secrets.reader, 'reader', ['read']), tokenOf(secrets.admin, 'admin', ['admin'])];

/** A service with one run of so many records, the last of which is anomalous. */
async function withRun(records: number, options: Parameters<typeof runningService>[0] = {}): Promise<{ running: RunningService; producer: TestProducer; client: Client }> {
  const running = await runningService(options);
  const token = options.tokens === undefined ? undefined : secrets.admin;
  const producer = await TestProducer.connect(running.address.ingestUrl, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
  producer.hello({ id: 'first' });
  await producer.next('welcome');
  producer.batch(sampleBatch(1, records - 1));
  producer.batch(batchOf([shortReplyRecord(records)], SAMPLE_SUBJECTS));
  await producer.acknowledged(records);
  return { running, producer, client: createClient({ url: running.address.url, ...(token === undefined ? {} : { token }) }) };
}

async function failure(promise: Promise<unknown>): Promise<ClientError> {
  const error: unknown = await promise.then(() => undefined, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ClientError);
  return error as ClientError;
}

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

it('has a method for every operation, typed by its schemas', () => {
  const client = createClient({ url: 'http://127.0.0.1:1' });
  expect(Object.keys(client).sort()).toEqual([...Object.keys(PATHS), 'allRuns', 'allRecords', 'allAnomalies', 'allFindings', 'allJobs', 'live'].sort());
  expectTypeOf<OperationArguments<'record'>>().toMatchTypeOf<[run: string, seq: number, ...unknown[]]>();
  expectTypeOf(client.records).returns.resolves.toEqualTypeOf<RecordPage>();
  expectTypeOf(client.runs).returns.resolves.toEqualTypeOf<RunList>();
  expectTypeOf(client.run).returns.resolves.toEqualTypeOf<RunDetail>();
  expectTypeOf(client.exportRun).returns.resolves.toEqualTypeOf<Response>();
  expectTypeOf(client.allRecords).returns.toEqualTypeOf<AsyncGenerator<RecordRow, void, void>>();
  expectTypeOf<Parameters<Client['run']>>().not.toMatchTypeOf<[]>();
  expectTypeOf<Parameters<Client['compare']>>().not.toMatchTypeOf<[]>();
});

describe('the client', () => {
  it('asks for one thing', async () => {
    const { client } = await withRun(10);
    expect(await client.status()).toMatchObject({ service: 'sel4scope', records: 10 });
    expect((await client.runs()).runs.map(({ run }) => run)).toEqual(['first']);
    expect((await client.runs({ program: 'nothing' })).runs).toEqual([]);
    expect((await client.run('latest')).summary).toMatchObject({ run: 'first' });
    expect(await client.record('first', 3)).toMatchObject({ row: { seq: 3 } });
    expect((await client.records('first', { from: 3, to: 4 })).rows.map(({ seq }) => seq)).toEqual([3, 4]);
    expect(await client.rule('K05')).toMatchObject({ name: 'reply-short' });
    expect(await client.session()).toMatchObject({ tokens: false });
    expect(await (await client.exportRun('first', { format: 'jsonl' })).text()).toContain('"seq":1');
    expect(await client.changeTags('first', { add: ['nightly'] })).toMatchObject({ tags: expect.arrayContaining(['nightly']) as string[] });
    expect(await client.sql({ sql: 'SELECT 1 AS one' })).toMatchObject({ rows: [[1]] });
  });

  it('reads all pages', async () => {
    const { client } = await withRun(25);
    expect((await all(client.allRecords('first', { limit: 10 }))).map(({ seq }) => seq)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
    expect(await all(client.allRecords('first', { limit: 2, anomalies: 'only' }))).toMatchObject([{ seq: 25 }]);
    expect(await all(client.allRuns({ limit: 1 }))).toMatchObject([{ run: 'first' }]);
    expect(await all(client.allAnomalies())).toMatchObject([{ rule: 'K05', seq: 25 }]);
    expect(await all(client.allFindings({ limit: 1 }))).toMatchObject([{ rule: 'K05' }]);
  });

  it('says what the service says is wrong', async () => {
    const { client } = await withRun(2);
    expect(await failure(client.run('nothing'))).toMatchObject({ code: 'unknown-run', status: 404, hint: expect.any(String) as string });
    expect(await failure(client.run('../status'))).toMatchObject({ code: 'bad-request', status: 400 });
    expect(await failure(client.records('first', { limit: 0 }))).toMatchObject({ code: 'bad-request', message: expect.stringContaining('"limit"') as string });
    expect(await failure(all(client.allRecords('nothing')))).toMatchObject({ code: 'unknown-run' });
    expect(await failure(createClient({ url: 'http://127.0.0.1:9' }).status())).toMatchObject({ code: 'unreachable', status: 0 });
  });

  it.each([
    ['a page in place of the service', '<html>', 200], ['an error page', '<html>', 502], ['other JSON', '{"statusCode":500,"error":"x"}', 500], ['half an answer', '{"rows": [', 200],
  ])('takes nothing else for an answer: %s', async (_, body, status) => {
    const client = createClient({ url: 'http://127.0.0.1', fetch: async () => new Response(body, { status }) });
    expect(await failure(client.status())).toMatchObject({ code: 'malformed', status });
  });

  it('gives up when told to', async () => {
    const { client } = await withRun(2);
    const signal = AbortSignal.abort();
    await expect(client.runs({}, { signal })).rejects.toMatchObject({ name: 'AbortError' });
    await expect(client.status({ signal })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('sends its token, and no other is let in', async () => {
    const { running, client } = await withRun(2, { tokens });
    const { url } = running.address;
    expect(await client.session()).toMatchObject({ name: 'admin' });
    expect(await failure(createClient({ url }).status())).toMatchObject({ code: 'unauthorized', status: 401 });
    expect(await failure(createClient({ url, token: newToken() }).status())).toMatchObject({ code: 'unauthorized' });
    const reader = createClient({ url: `${url}/`, token: () => secrets.reader });
    expect(await reader.status()).toMatchObject({ records: 2 });
    expect(await failure(reader.changeTags('first', {}))).toMatchObject({ code: 'forbidden-access', status: 403 });
  });
});

describe('the live feed', () => {
  it.each([undefined, tokens])('brings what happens until it is left', async (asked) => {
    const { client, producer } = await withRun(5, asked === undefined ? {} : { tokens: asked });
    const types: string[] = [];
    for await (const message of client.live('first')) {
      types.push(message.type);
      if (message.type === 'hello') producer.batch(sampleBatch(6, 9));
      if (message.type === 'records' && message.summary.records === 9) producer.bye(9);
      if (message.type === 'run-ended') break;
    }
    expect([types[0], types.at(-1), types.includes('records')]).toEqual(['hello', 'run-ended', true]);
    await expect.poll(async () => (await client.status()).watchers).toBe(0);
  });

  it('comes back when the service does, and its hello says what was missed', async () => {
    const { running, producer } = await withRun(5);
    producer.terminate();
    const { port } = running.address;
    const client = createClient({ url: running.address.url });
    const left = new AbortController();
    onTestFinished(() => left.abort());
    const hellos: number[] = [];
    for await (const message of client.live('latest', { signal: left.signal })) {
      if (message.type !== 'hello') continue;
      hellos.push(message.run?.records ?? 0);
      if (hellos.length === 2) break;
      await running.service.close();
      const { createService } = await import('./app.ts');
      const again = await createService({ dataDirectory: running.directory });
      onTestFinished(() => again.close());
      await again.listen({ port });
    }
    expect(hellos).toEqual([5, 5]);
  });

  it('ends when its signal aborts, also while it waits', async () => {
    const { client } = await withRun(2);
    const left = new AbortController();
    const types: string[] = [];
    for await (const message of client.live('first', { signal: left.signal })) {
      types.push(message.type);
      setTimeout(() => left.abort(), 1);
    }
    expect(types[0]).toBe('hello');
    const nobody = new AbortController();
    setTimeout(() => nobody.abort(), 50);
    expect(await all(createClient({ url: 'http://127.0.0.1:9' }).live('latest', { signal: nobody.signal }))).toEqual([]);
  });

  it('ends with an error when it can never be had', async () => {
    const { running } = await withRun(2, { tokens });
    const { url } = running.address;
    expect(await failure(all(createClient({ url }).live()))).toMatchObject({ code: 'unauthorized' });
    expect(await failure(all(createClient({ url, token: newToken() }).live()))).toMatchObject({ code: 'unauthorized' });
    expect(await failure(all(createClient({ url, token: secrets.reader }).live('nothing')))).toMatchObject({ code: 'unknown-run' });
  });
});

it('is in the package as sel4scope/client, for a script without a compiler', async () => {
  const { running } = await withRun(7);
  const script = `
    import { createClient, ClientError } from 'sel4scope/client';
    const client = createClient({ url: ${JSON.stringify(running.address.url)} });
    let rows = 0;
    for await (const row of client.allRecords('latest', { limit: 3 })) rows += row.seq > 0 ? 1 : 0;
    for await (const message of client.live()) { console.log(message.type, message.run.records); break; }
    try { await client.run('nothing'); } catch (error) { console.log(error instanceof ClientError, error.code); }
    console.log(rows);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: fileURLToPath(packageFile('.')) });
  expect(stdout).toBe('hello 7\ntrue unknown-run\n7\n');
});
