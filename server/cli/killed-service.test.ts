// SPDX-License-Identifier: BSD-2-Clause
/** A service that is killed in the middle of a run, and started again: the run goes on without a gap or a double. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunList } from '../../schema/api/index.ts';
import { ModelKernel } from '../../emulator/kernel/model.ts';
import { Probe } from '../../emulator/probe/probe.ts';
import { UserThreads } from '../../emulator/user/threads.ts';
import { RootTask } from '../../stubs/index.ts';
import { BatchReader } from '../../schema/trace/batch.ts';
import { packageFile } from '../package-paths.ts';
import { dataFile } from '../store/location.ts';
import { Sqlite } from '../store/sqlite.ts';
import { freePort } from '../testing/free-port.ts';
import manySignals from './testdata/many-signals.ts';

const COMMAND = fileURLToPath(packageFile('dist/server/cli/main.js'));
const PROGRAM = fileURLToPath(new URL('./testdata/many-signals.ts', import.meta.url));

/** How many traps the program makes when nothing is in its way; runs are reproducible. */
async function trapsOfTheProgram(): Promise<number> {
  const host = new ModelKernel({ configuration: 'riscv64-mcs' });
  const probe = new Probe(host, { subject: () => {}, record: () => {} });
  await new UserThreads(host).run('root', (context, bootInfo) => manySignals(new RootTask(context, bootInfo)));
  return probe.lastSeq;
}

let folder: string;
const started: ChildProcess[] = [];
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'sel4scope-killed-')); });
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function serve(port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [COMMAND, 'serve', '--port', String(port), '--data', folder], { stdio: ['ignore', 'ignore', 'pipe'] });
  started.push(child);
  for await (const text of child.stderr!) if (String(text).includes('dashboard and API')) return child;
  throw new Error('the service did not start');
}

async function recordsAt(url: string): Promise<number> {
  const { runs } = await (await fetch(`${url}/api/runs`)).json() as RunList;
  return runs[0]?.records ?? 0;
}

it('loses nothing that was acknowledged, and nothing is there twice', async () => {
  const records = await trapsOfTheProgram();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const first = await serve(port);
  const run = spawn(process.execPath, [COMMAND, 'run', PROGRAM, '--server', url, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(run);
  let out = '';
  run.stdout!.on('data', (text: Buffer) => { out += text.toString(); });
  const ended = once(run, 'exit');

  let committed = 0;
  while ((committed = await recordsAt(url)) < 20_000) await new Promise((resolve) => { setTimeout(resolve, 20); });
  first.kill('SIGKILL');
  await once(first, 'exit');
  expect(committed).toBeLessThan(records);

  const second = await serve(port);
  // What the killed service had shown as committed is still there.
  expect(await recordsAt(url)).toBeGreaterThanOrEqual(committed);
  expect((await ended)[0]).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ end: 'completed', records });
  second.kill('SIGTERM');
  await once(second, 'exit');

  const database = new Sqlite(dataFile(folder), { readonly: true });
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  let next = 1;
  for (const { body } of database.prepare('SELECT body FROM chunk ORDER BY first_seq').iterate() as IterableIterator<{ body: Buffer }>) {
    const reader = new BatchReader(body);
    expect(reader.firstSeq).toBe(next);
    next += reader.count;
  }
  expect(next - 1).toBe(records);
  database.close();
});
