// SPDX-License-Identifier: BSD-2-Clause
/** Trace files and the care of the store, from the command line. Runs the built command: `npm test` builds first. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageFile } from '../package-paths.ts';
import { CURRENT_VERSION } from '../store/migrate.ts';
import { openWriter } from '../store/open.ts';
import { writeTraceFile } from '../store/trace-file.ts';
import { addRun } from '../testing/filled-store.ts';

const COMMAND = fileURLToPath(packageFile('dist/server/cli/main.js'));
const program = (name: string): string => fileURLToPath(new URL(`./testdata/${name}`, import.meta.url));
const TIMEOUT = 300_000;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let folder: string;
const started: ChildProcess[] = [];
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'sel4scope-files-')); });
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command to its end; `onOutput` sees what it has said so far. */
function sel4scope(args: readonly string[], onOutput: (said: string, child: ChildProcess) => void = () => {}, shell = ''): Promise<Ended> {
  const command = shell === '' ? [process.execPath, COMMAND, ...args] : ['/bin/sh', '-c', `${shell}; exec "$@"`, 'sh', process.execPath, COMMAND, ...args];
  const child = spawn(command[0]!, command.slice(1), { cwd: folder, env: { ...process.env, SEL4SCOPE_DATA: join(folder, 'data'), NO_COLOR: '1' } });
  started.push(child);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; onOutput(out + err, child); });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; onOutput(out + err, child); });
  return new Promise((resolve) => { child.on('close', (code) => resolve({ code, out, err })); });
}

it('a run is recorded, opened, imported and merged', async () => {
  const recorded = await sel4scope(['run', program('hello.ts'), '--record', 'hello', '--tag', 'spike', '--json']);
  expect(recorded).toMatchObject({ code: 0 });
  const { run, records, dataFile } = JSON.parse(recorded.out) as { run: string; records: number; dataFile: string };
  expect(dataFile).toBe('hello.s4trace');
  expect(readdirSync(folder).filter((name) => name.startsWith('hello'))).toEqual(['hello.s4trace']);
  expect(existsSync(join(folder, 'data'))).toBe(false);
  expect(await sel4scope(['run', program('hello.ts'), '--record', 'hello.s4trace'])).toMatchObject({ code: 3, err: expect.stringMatching(/exists already.*--force/) as string });

  // Commands read a trace file in place of a data directory.
  expect(JSON.parse((await sel4scope(['runs', '--data', 'hello.s4trace', '--json'])).out)).toMatchObject({ runs: [{ run, records, tags: ['spike'], state: 'ended' }] });
  let shown = '';
  const opened = await sel4scope(['open', 'hello.s4trace', '--port', '0'], (said, child) => {
    const url = /http:\/\/\S+:\d+/.exec(said)?.[0];
    if (url === undefined || shown !== '') return;
    shown = 'asking';
    void fetch(`${url}/api/runs/latest`).then((response) => response.json()).then((body) => { shown = (body as { summary: { run: string } }).summary.run; }).finally(() => child.kill('SIGINT'));
  });
  expect([opened.code, shown]).toEqual([0, run]);

  expect(await sel4scope(['import', 'hello.s4trace'])).toMatchObject({ code: 0, out: `hello.s4trace: run ${run}, ${records} records\n` });
  expect(await sel4scope(['import', 'hello.s4trace'])).toMatchObject({ code: 0, out: `hello.s4trace: run ${run} is there already\n` });
  writeTraceFile(join(folder, 'other.s4trace'), (db) => { for (const id of ['x', 'y']) addRun(db, { id, records: 250 }); });
  expect(await sel4scope(['merge', 'hello.s4trace', 'data', 'other.s4trace', '--run', run, '--run', 'y', '-o', 'both'])).toMatchObject({ code: 0, out: expect.stringContaining('both.s4trace: 2 runs') as string });
  expect((JSON.parse((await sel4scope(['runs', '--data', 'both.s4trace', '--json'])).out) as { runs: { run: string }[] }).runs.map((each) => each.run)).toEqual([run, 'y']);
  writeTraceFile(join(folder, 'liar.s4trace'), (db) => addRun(db, { id: 'x', records: 9 }));
  expect(await sel4scope(['merge', 'other.s4trace', 'liar.s4trace', '-o', 'never'])).toMatchObject({ code: 3, err: expect.stringContaining('another run x') as string });
  expect(readdirSync(folder).filter((name) => name.includes('never'))).toEqual([]);
}, TIMEOUT);

it('a recording is kept when the program throws, and when somebody interrupts it', async () => {
  const thrown = await sel4scope(['run', program('throws.ts'), '--record', 'thrown']);
  expect(thrown.code).toBe(4);
  const interrupted = await sel4scope(['run', program('forever.ts'), '--record', 'cut'], (() => {
    let done = false;
    return (_said: string, child: ChildProcess): void => {
      if (done) return;
      done = true;
      child.kill('SIGINT');
    };
  })());
  expect(interrupted.code).toBe(130);
  for (const [file, end] of [['thrown', 'failed'], ['cut', 'interrupted']] as const) {
    expect(JSON.parse((await sel4scope(['runs', '--data', `${file}.s4trace`, '--json'])).out)).toMatchObject({ runs: [{ end }] });
  }
  expect(readdirSync(folder).filter((name) => name.includes('.recording'))).toEqual([]);
}, TIMEOUT);

it('files that are no traces, and places where none can be', async () => {
  writeFileSync(join(folder, 'text'), 'not a database '.repeat(100));
  for (const command of [['open', 'text'], ['import', 'text'], ['merge', 'text', '-o', 'm'], ['import', 'nothing']]) {
    expect(await sel4scope(command)).toMatchObject({ code: 3, err: expect.stringMatching(/is no trace|does not exist/) as string });
  }
  expect(await sel4scope(['run', program('hello.ts'), '--record', 'no/such/folder/a'])).toMatchObject({ code: 3, err: expect.stringContaining('there is no directory') as string });
  expect(await sel4scope(['run', program('hello.ts'), '--record', 'a', '--server', 'http://127.0.0.1:1'])).toMatchObject({ code: 2 });
}, TIMEOUT);

it('a store is checked, measured, backed up, pruned and vacuumed', async () => {
  const data = join(folder, 'care');
  const { db, close } = openWriter(data);
  for (const id of ['a', 'b']) addRun(db, { id, records: 5000, changedAt: 2000, tags: [id] });
  close();
  const db_ = (...args: string[]): Promise<Ended> => sel4scope(['db', ...args, '--data', data]);
  expect(await db_('check')).toMatchObject({ code: 0, out: '2 runs, 102 chunks, 10000 records: all is well\n' });
  expect(JSON.parse((await db_('stats', '--json')).out)).toMatchObject({ runs: 2, records: 10_000, version: CURRENT_VERSION });
  expect(await db_('backup', 'copy')).toMatchObject({ code: 0, out: 'everything is in copy.s4trace\n' });
  expect(await db_('backup', 'copy')).toMatchObject({ code: 3, err: expect.stringContaining('exists already') as string });
  expect(await db_('prune')).toMatchObject({ code: 2, err: expect.stringContaining('--older-than') as string });
  expect(await db_('prune', '--older-than', 'soon')).toMatchObject({ code: 2, err: expect.stringContaining('90m, 12h, 30d, 8w') as string });
  expect((await db_('prune', '--older-than', '30d', '--keep-tag', 'b', '--dry-run')).out).toMatch(/^a .* records +5000/m);
  expect(await db_('prune', '--older-than', '30d', '--keep-tag', 'b')).toMatchObject({ code: 0, out: expect.stringContaining('records of 1 runs dropped, 0 runs removed') as string });
  expect(await sel4scope(['records', '--run', 'a', '--data', data])).toMatchObject({ code: 3, err: expect.stringContaining('were dropped') as string });
  expect(await db_('vacuum')).toMatchObject({ code: 0, out: expect.stringMatching(/before, .* after/) as string });
  expect(await db_('check')).toMatchObject({ code: 0 });
  expect(JSON.parse((await sel4scope(['runs', '--data', 'copy.s4trace', '--json'])).out)).toMatchObject({ runs: [{ recordsDroppedAt: null }, { recordsDroppedAt: null }] });

  const { db: broken, close: done } = openWriter(data);
  broken.exec("UPDATE run SET records = 4999 WHERE name = 'b'");
  done();
  expect(await db_('check')).toMatchObject({ code: 1, out: expect.stringContaining('run b: its row counts 4999 records, its chunks have 5000') as string });
}, TIMEOUT);

// A limit on the size of files is the full disk that one process can have alone.
it('a disk without room: nothing half-written stays', async () => {
  writeTraceFile(join(folder, 'large.s4trace'), (db) => addRun(db, { id: 'large', records: 60_000 }));
  const before = readFileSync(join(folder, 'large.s4trace')).length;
  expect(before).toBeGreaterThan(1_500_000);
  const limit = 'ulimit -f 1024; trap "" XFSZ';
  const data = join(folder, 'small');
  const imported = await sel4scope(['import', 'large.s4trace', '--data', data], undefined, limit);
  expect(imported.code).toBe(3);
  expect(imported.err).toMatch(/no room left|cannot be read or written/);
  expect(JSON.parse((await sel4scope(['runs', '--data', data, '--json'])).out)).toMatchObject({ runs: [] });
  const merged = await sel4scope(['merge', 'large.s4trace', '-o', 'merged'], undefined, limit);
  expect(merged.code).toBe(3);
  expect(readdirSync(folder).filter((name) => name.includes('merged'))).toEqual([]);
  expect(await sel4scope(['import', 'large.s4trace', '--data', data])).toMatchObject({ code: 0 });
}, TIMEOUT);
