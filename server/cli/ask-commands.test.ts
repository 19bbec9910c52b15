// SPDX-License-Identifier: BSD-2-Clause
/** `sel4scope sql`, `thread`, `hang` and `tail` as processes. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { LiveMessage } from '../../schema/api/index.ts';
import { packageFile } from '../package-paths.ts';
import { runningService, temporaryDirectory } from '../testing/fixture.ts';
import { sampleBatch } from '../testing/sample-records.ts';
import { storeRun } from '../testing/store-run.ts';

const COMMAND = fileURLToPath(packageFile('dist/server/cli/main.js'));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function sel4scope(args: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [COMMAND, ...args], { env: { ...process.env, NO_COLOR: '1' } });
  const ended = { code: null as number | null, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => { ended.out += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { ended.err += text; });
  child.stdin.end(input);
  return new Promise((resolve) => { child.on('close', (code) => resolve({ ...ended, code })); });
}

function sampleData(): string {
  const directory = temporaryDirectory();
  storeRun(directory, { id: 'sample' }, [sampleBatch(1, 20)]);
  return directory;
}

describe('sel4scope sql', () => {
  const QUERY = `SELECT method, count(*) AS n, 'a,"b"' AS text FROM records WHERE run = 'latest' AND thread = :t GROUP BY 1`;

  it('prints a table, CSV or JSON, of a query that is given, piped or in a file', async () => {
    const data = ['--data', sampleData()];
    const table = await sel4scope(['sql', ...data, '-p', 't=1', QUERY]);
    expect(table).toEqual({ code: 0, err: '', out: 'method                n  text\nRISCVPageGetAddress  10  a,"b"\n' });
    expect((await sel4scope(['sql', ...data, '--csv', '-p', 't=1'], QUERY)).out).toBe('method,n,text\r\nRISCVPageGetAddress,10,"a,""b"""\r\n');
    const file = join(temporaryDirectory(), 'query.sql');
    writeFileSync(file, QUERY);
    expect(JSON.parse((await sel4scope(['sql', ...data, '--json', '-p', 't=1', '-f', file])).out)).toMatchObject({ rows: [['RISCVPageGetAddress', 10, 'a,"b"']], latest: 'sample' });
  });

  it('says what is wrong', async () => {
    const data = ['--data', sampleData()];
    expect(await sel4scope(['sql', ...data, 'SELECT x FROM records'])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('no such column: x (line 1, column 8)') as string });
    expect(await sel4scope(['sql', ...data, '-p', 'x', 'SELECT 1'])).toMatchObject({ code: 2, err: expect.stringContaining('NAME=VALUE') as string });
    expect(await sel4scope(['sql', ...data, '-f', '/nonexistent/q.sql'])).toMatchObject({ code: 3, err: expect.stringContaining('cannot be read') as string });
  });
});

it('sel4scope thread and hang name threads, and say when there is none', async () => {
  const data = ['--data', sampleData()];
  const thread = await sel4scope(['thread', 'alice', ...data]);
  expect([thread.code, thread.err]).toEqual([0, '']);
  expect(thread.out).toContain('alice (thread 1) of run sample, after record 20: Running');
  expect(await sel4scope(['thread', 'carol', ...data])).toMatchObject({ code: 2, err: expect.stringMatching(/no thread named carol[\s\S]*alice, bob/) as string });
  expect(await sel4scope(['hang', ...data])).toMatchObject({ code: 0, out: expect.stringContaining('no thread is known to hang: 2 can go on') as string });
});

it('sel4scope tail follows a run to its end', async () => {
  const running = await runningService();
  const producer = await running.producer();
  producer.hello({ id: 'a' });
  await producer.next('welcome');
  producer.batch(sampleBatch(1, 4));
  await producer.acknowledged(4);
  const tail = sel4scope(['tail', 'a', '--server', running.address.url, '--thread', 'bob', '--json']);
  await expect.poll(async () => (await running.service.app.inject('/api/status')).json<{ watchers: number }>().watchers, { timeout: 30_000 }).toBe(1);
  producer.batch(sampleBatch(5, 12));
  await producer.acknowledged(12);
  producer.bye(12);
  const { code, out } = await tail;
  const messages = out.trim().split('\n').map((line) => JSON.parse(line) as LiveMessage);
  expect([code, messages[0]?.type, messages.at(-1)?.type]).toEqual([0, 'hello', 'run-ended']);
  expect(messages.flatMap((message) => (message.type === 'records' ? message.rows.map(({ seq }) => seq) : []))).toEqual([6, 8, 10, 12]);
  expect(await sel4scope(['tail', 'b', '--server', running.address.url])).toMatchObject({ code: 3, err: expect.stringContaining('no run b') as string });
  expect(await sel4scope(['tail', '--outcome', 'x', '--server', running.address.url])).toMatchObject({ code: 2, err: expect.stringContaining('"outcome"') as string });
});
