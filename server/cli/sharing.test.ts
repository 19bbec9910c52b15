// SPDX-License-Identifier: BSD-2-Clause
/** A service for others, from the command line. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../package-paths.ts';
import { selfSigned } from '../testing/self-signed.ts';

const COMMAND = fileURLToPath(packageFile('dist/server/cli/main.js'));
const HELLO = fileURLToPath(new URL('./testdata/hello.ts', import.meta.url));

interface Ended { readonly code: number | null; readonly out: string; readonly err: string }
interface Token { readonly token: string; readonly line: string }

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'sel4scope-sharing-')); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): { child: ChildProcess; ended: Promise<Ended>; said: (pattern: RegExp) => Promise<RegExpExecArray> } {
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd: folder, env: { ...process.env, SEL4SCOPE_DATA: join(folder, 'data'), NO_COLOR: '1', SEL4SCOPE_TOKEN: '', ...env } });
  let out = '';
  let err = '';
  let look = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; look(); });
  const ended = new Promise<Ended>((resolve) => { child.on('close', (code) => resolve({ code, out, err })); });
  const said = (pattern: RegExp): Promise<RegExpExecArray> => new Promise((resolve, reject) => {
    look = () => {
      const match = pattern.exec(err);
      if (match !== null) resolve(match);
    };
    look();
    void ended.then(({ err: all }) => reject(new Error(`it ended: ${all}`)));
  });
  return { child, ended, said };
}

function sel4scope(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return start(args, env).ended;
}

async function newToken(name: string, access: string): Promise<Token> {
  return JSON.parse((await sel4scope(['token', 'new', '--name', name, '--access', access, '--json'])).out) as Token;
}

describe('sel4scope token new', () => {
  it('shows a token, and a line that does not hold it', async () => {
    const { code, out } = await sel4scope(['token', 'new', '--name', 'ci', '--access', 'ingest,read']);
    expect(code).toBe(0);
    expect(out).toMatch(/^sel4scope_[\w-]{43}\nci ingest,read sha256:[0-9a-f]{64}\n$/);
  });

  it.each([
    [['--name', 'ci', '--access', 'write'], 'there is no access "write"'], [['--name', 'c i', '--access', 'read'], '"c i" is no name'], [['--name', 'ci'], '--access'],
  ])('%j is a mistake', async (args, message) => {
    expect(await sel4scope(['token', 'new', ...args])).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) as string });
  });
});

describe('sel4scope serve does not start', () => {
  const { cert, key } = selfSigned();
  it.each<[string, () => string[], string]>([
    ['beyond loopback without tokens', () => ['--host', '0.0.0.0'], 'it has no tokens'],
    ['beyond loopback without TLS', () => ['--host', '0.0.0.0', '--token-file', file('good', `ci read sha256:${'0'.repeat(64)}`)], 'unencrypted'],
    ['with a malformed token file', () => ['--token-file', file('bad', 'hello')], 'line 1: 1 words in place of three'],
    ['without the token file', () => ['--token-file', join(folder, 'nothing')], 'cannot be read'],
    ['with half of TLS', () => ['--tls-cert', file('cert', cert)], '--tls-cert needs --tls-key'],
    ['with another key', () => ['--tls-cert', file('cert', cert), '--tls-key', file('key', selfSigned().key)], 'is not the private key'],
    ['with files exchanged', () => ['--tls-cert', file('key', key), '--tls-key', file('cert', cert)], 'is no certificate'],
    ['as a URL', () => ['--allow-host', 'http://traces'], 'no host name'],
    ['with a log level that there is not', () => ['--log', 'all'], 'Allowed choices'],
  ])('%s', async (_, args, message) => {
    expect(await sel4scope(['serve', '--port', '0', ...args()])).toMatchObject({ code: 2, err: expect.stringContaining(message) as string });
  });
});

it('a service with tokens is used with the right one', async () => {
  const [ci, reader] = await Promise.all([newToken('ci', 'ingest,read'), newToken('reader', 'read')]);
  const service = start(['serve', '--port', '0', '--log', 'info', '--token-file', file('tokens', `${ci.line}\n${reader.line}\n`)]);
  const url = (await service.said(/http:\/\/[\d.]+:\d+/))[0];
  const at = (...args: string[]): string[] => [...args, '--server', url];
  expect(await sel4scope(at('runs'))).toMatchObject({ code: 3, err: expect.stringMatching(/asks for a token[^]*SEL4SCOPE_TOKEN/) as string });
  expect(await sel4scope(at('runs'), { SEL4SCOPE_TOKEN: 'wrong' })).toMatchObject({ code: 3, err: expect.stringContaining('not valid') as string });
  expect(await sel4scope(at('runs', '--token-file', file('empty', '\n')))).toMatchObject({ code: 2, err: expect.stringContaining('holds no token') as string });
  expect(await sel4scope(at('runs', '--token-file', file('lines', reader.line)))).toMatchObject({ code: 2, err: expect.stringContaining('holds no token') as string });
  expect(await sel4scope(at('run', HELLO), { SEL4SCOPE_TOKEN: reader.token })).toMatchObject({ code: 3, err: expect.stringContaining('not for ingest') as string });
  expect(await sel4scope(at('run', HELLO), { SEL4SCOPE_TOKEN: ci.token })).toMatchObject({ code: 0, out: expect.stringMatching(/anomalies: none/) as string });
  expect(await sel4scope(at('runs', '--token-file', file('reader', `${reader.token}\n`)))).toMatchObject({ code: 0, out: expect.stringContaining('hello.ts') as string });
  service.child.kill('SIGTERM');
  const { code, err } = await service.ended;
  expect([code, err.includes('"caller":"reader"'), err.includes(ci.token), err.includes(reader.token)]).toEqual([0, true, false, false]);
});

it('start sends its audit to a service with tokens and TLS of its own', async () => {
  const { line } = await newToken('someone', 'read');
  const { cert, key } = selfSigned();
  expect(await sel4scope(['start', '--once', '--port', '0', '--data', join(folder, 'tls'), '--token-file', file('someone', line), '--tls-cert', file('own-cert', cert), '--tls-key', file('own-key', key)]))
    .toMatchObject({ code: 0, out: expect.stringMatching(/46 methods/) as string });
});
