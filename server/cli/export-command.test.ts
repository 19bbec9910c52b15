// SPDX-License-Identifier: BSD-2-Clause
import { spawn } from 'node:child_process';
import { openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { storedRun } from '../export/testing/stored-run.ts';
import { packageFile } from '../package-paths.ts';
import { openWriter } from '../store/open.ts';
import { runningService, temporaryDirectory } from '../testing/fixture.ts';
import { sampleRecord } from '../testing/sample-records.ts';

/** The built command: `npm test` builds first. */
const COMMAND = fileURLToPath(packageFile('dist/server/cli/main.js'));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command in an empty folder. */
function sel4scope(args: readonly string[], folder: string, data: string, stdout: 'pipe' | number = 'pipe'): Promise<Ended> {
  const child = spawn(process.execPath, [COMMAND, ...args, '--data', data], { cwd: folder, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', stdout, 'pipe'] });
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => { out += text; });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => { err += text; });
  return new Promise((resolve) => { child.on('close', (code) => resolve({ code, out, err })); });
}

const sample = (count: number): ReturnType<typeof storedRun> => storedRun(Array.from({ length: count }, (_, i) => sampleRecord(i + 1)), { chunk: 1000 });
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

describe('sel4scope export', () => {
  it('writes files, and CTF as a directory, which appear under names made of the run', async () => {
    const { directory } = sample(30);
    const folder = temporaryDirectory();
    expect(await sel4scope(['export', '--format', 'csv', '--table', 'deliveries', '--to', '4'], folder, directory)).toMatchObject({ code: 0, out: '' });
    expect(await sel4scope(['export', 'sample-run', '--format', 'ctf'], folder, directory)).toMatchObject({ code: 0 });
    expect(await sel4scope(['export', '--format', 'perfetto', '-o', 'mine.pf'], folder, directory)).toMatchObject({ code: 0, err: expect.stringMatching(/mine\.pf: [\d.]+ kB\n$/) as string });
    expect(readdirSync(folder).sort()).toEqual(['mine.pf', 'sample-run.ctf', 'sample-run.deliveries.csv']);
    expect(lines(readFileSync(join(folder, 'sample-run.deliveries.csv'), 'utf8'))).toHaveLength(3);
    expect(readdirSync(join(folder, 'sample-run.ctf')).sort()).toEqual(['metadata', 'records']);
  });

  it('writes to standard output, and knows threads by name', async () => {
    const { directory } = sample(8);
    const { code, out } = await sel4scope(['export', '--format', 'jsonl', '-o', '-', '--thread', 'bob'], temporaryDirectory(), directory);
    expect([code, lines(out).map((line) => (JSON.parse(line) as { seq: number }).seq)]).toEqual([0, [2, 4, 6, 8]]);
    const unknown = await sel4scope(['export', '--format', 'jsonl', '-o', '-', '--thread', 'carol'], temporaryDirectory(), directory);
    expect(unknown).toMatchObject({ code: 2, out: '', err: expect.stringContaining('it has alice, bob') as string });
  });

  it('keeps what is there, unless it is told to replace it', async () => {
    const { directory } = sample(4);
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'a.csv'), 'mine');
    expect(await sel4scope(['export', '--format', 'csv', '-o', 'a.csv'], folder, directory)).toMatchObject({ code: 2, err: expect.stringMatching(/a\.csv exists\n {2}--force/) as string });
    expect(readFileSync(join(folder, 'a.csv'), 'utf8')).toBe('mine');
    expect((await sel4scope(['export', '--format', 'csv', '-o', 'a.csv', '--force'], folder, directory)).code).toBe(0);
    expect(lines(readFileSync(join(folder, 'a.csv'), 'utf8'))).toHaveLength(5);
  });

  it('says what is wrong, and leaves nothing behind', async () => {
    const { directory } = sample(4);
    const folder = temporaryDirectory();
    const ask = async (...args: string[]): Promise<Ended> => sel4scope(['export', ...args], folder, directory);
    expect(await ask('other', '--format', 'csv')).toMatchObject({ code: 3, err: expect.stringContaining('there is no run other') as string });
    expect(await ask('--format', 'xml')).toMatchObject({ code: 2 });
    expect(await ask('--format', 'csv', '--from', '3', '--to', '2')).toMatchObject({ code: 2, err: expect.stringContaining('is above') as string });
    expect(await ask('--format', 'ctf', '-o', '-')).toMatchObject({ code: 2, err: expect.stringContaining('is a directory') as string });
    expect(await ask('--format', 'csv', '-o', join('missing', 'a.csv'))).toMatchObject({ code: 2, err: expect.stringContaining('cannot write') as string });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says that the store is damaged, and leaves nothing behind', async () => {
    const { directory } = sample(4000);
    const writer = openWriter(directory);
    writer.db.exec('UPDATE chunk SET body = zeroblob(100) WHERE first_seq = 3001');
    writer.close();
    const folder = temporaryDirectory();
    for (const format of ['csv', 'ctf']) {
      expect(await sel4scope(['export', '--format', format, '-o', 'out'], folder, directory)).toMatchObject({ code: 3, err: expect.stringContaining('cannot be read') as string });
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('ends in order when nobody reads, or there is no room', async () => {
    const { directory } = sample(4000);
    const child = spawn('sh', ['-c', `"${process.execPath}" "${COMMAND}" export --format jsonl -o - --data "${directory}" | head -n 1 > /dev/null`], { stdio: ['ignore', 'ignore', 'pipe'] });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; });
    await new Promise((resolve) => { child.on('close', resolve); });
    expect(err).toBe('sel4scope: the reader of standard output went away before the end\n');
    const full = await sel4scope(['export', '--format', 'jsonl', '-o', '-'], temporaryDirectory(), directory, openSync('/dev/full', 'w'));
    expect(full).toMatchObject({ code: 3, err: expect.stringContaining('ENOSPC') as string });
  });

  it('asks a running service', async () => {
    const { directory } = sample(8);
    const { address } = await runningService({ dataDirectory: directory });
    const folder = temporaryDirectory();
    expect(await sel4scope(['export', '--format', 'csv', '--server', address.url, '--thread', 'bob', '-o', 'a.csv'], folder, directory)).toMatchObject({ code: 0 });
    expect(lines(readFileSync(join(folder, 'a.csv'), 'utf8'))).toHaveLength(5);
    expect(await sel4scope(['export', 'other', '--format', 'csv', '--server', address.url], folder, directory)).toMatchObject({ code: 3, err: expect.stringContaining('there is no run other') as string });
    expect(await sel4scope(['export', '--format', 'ctf', '--server', address.url], folder, directory)).toMatchObject({ code: 2, err: expect.stringContaining('--data') as string });
    expect(readdirSync(folder)).toEqual(['a.csv']);
  });
});
