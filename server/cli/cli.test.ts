// SPDX-License-Identifier: BSD-2-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RULES } from '../../schema/rules/catalogue.ts';
import { packageFile } from '../package-paths.ts';

/** The built command: `npm test` builds first. */
const COMMAND = fileURLToPath(packageFile('dist/server/cli/main.js'));
const testdata = (name: string): string => fileURLToPath(new URL(`./testdata/${name}`, import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'sel4scope-cli-')); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What to do with the process as soon as its output matches. */
interface Cue {
  readonly pattern: RegExp;
  readonly act: (child: ChildProcess, output: string) => void;
}

/** Runs a command to its end; `begin` is called when it starts. */
function sel4scope(args: readonly string[], cue?: Cue, begin?: (child: ChildProcess) => void): Promise<Ended> {
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd: folder, env: { ...process.env, SEL4SCOPE_DATA: join(folder, 'data'), NO_COLOR: '1' } });
  begin?.(child);
  let out = '';
  let err = '';
  let waiting = cue;
  const look = (): void => {
    if (waiting === undefined || !waiting.pattern.test(out + err)) return;
    const { act } = waiting;
    waiting = undefined;
    act(child, out + err);
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; look(); });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; look(); });
  return new Promise((resolve) => { child.on('close', (code) => resolve({ code, out, err })); });
}

it('a command whose output is cut off ends as it would have', async () => {
  const { code, err } = await sel4scope(['explain'], undefined, (child) => child.stdout!.destroy());
  expect([code, err]).toEqual([0, '']);
});

describe('sel4scope run', () => {
  it('runs a program that lies anywhere, and keeps its trace', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    copyFileSync(testdata('hello.ts'), join(elsewhere, 'mine.ts'));
    const run = await sel4scope(['run', join(elsewhere, 'mine.ts')]);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toContain('sum 42n');
    expect(run.out).toMatch(/anomalies: none/);

    const records = JSON.parse((await sel4scope(['records', '--json', '--limit', '0'])).out) as { rows: { seq: number; method: string; outcome: string }[]; more: boolean };
    expect(records.more).toBe(false);
    expect(records.rows.map(({ seq }) => seq)).toEqual(records.rows.map((_, i) => i + 1));
    const consumed = records.rows.find(({ method }) => method === 'SchedContextConsumed')!;
    expect(consumed.outcome).toBe('replied');
    const one = await sel4scope(['records', String(consumed.seq)]);
    expect(one.out).toContain('contract: reply of 1 words');
    expect((await sel4scope(['records', '--thread', 'worker'])).out).toMatch(/worker +Call +Endpoint/);
    expect((await sel4scope(['records', '--anomalous'])).out).toContain('no record matches');
    expect(await sel4scope(['anomalies'])).toMatchObject({ code: 0, out: 'no anomaly\n' });
    expect((await sel4scope(['runs'])).out).toContain('mine.ts');
  });

  it('keeps where a run comes from, and its tags', async () => {
    const { run } = JSON.parse((await sel4scope(['run', testdata('hello.ts'), '--tag', 'nightly', '--tag', 'board:spike', '--release', '13.0.0', '--policy', 'off', '--json'])).out) as { run: string };
    const list = async (...filters: string[]): Promise<{ run: string; release: string; tags: string[]; commit: string }[]> =>
      (JSON.parse((await sel4scope(['runs', '--json', ...filters])).out) as { runs: [] }).runs;
    expect(await list('--tag', 'board:spike')).toMatchObject([{ run, release: '13.0.0', tags: ['board:spike', 'nightly'] }]);
    expect((await list('--tag', 'board:spike'))[0]!.commit).toMatch(/^([0-9a-f]{40}(-dirty)?)?$/);
    expect(await list('--release', '9.9.9')).toEqual([]);
    expect(await sel4scope(['tag', run, '--add', 'good', '--remove', 'nightly'])).toMatchObject({ code: 0, out: `${run}: board:spike good\n` });
    expect(await list('--tag', 'nightly')).toEqual([]);
    expect((await sel4scope(['runs', '--tag', 'good'])).out).toMatch(/model 13\.0\.0 riscv64-mcs .* board:spike good/);
    expect(await sel4scope(['tag', run, '--add', 'not good'])).toMatchObject({ code: 2, err: expect.stringContaining('A tag has 1 to 64') as string });
    expect(await sel4scope(['tag', 'nothing', '--add', 'a'])).toMatchObject({ code: 3, err: expect.stringContaining('no run nothing') as string });
  });

  it('compares the runs of two kernels', async () => {
    const hello = testdata('hello.ts');
    const [clean, again, broken] = [await sel4scope(['run', hello, '--json']), await sel4scope(['run', hello, '--json']), await sel4scope(['run', hello, '--json', '--defect', 'sc-consumed', '--policy', 'off'])];
    const run = ({ out }: Ended): string => (JSON.parse(out) as { run: string }).run;
    expect(await sel4scope(['diff', run(clean), run(again)])).toMatchObject({ code: 0, out: expect.stringContaining('no difference in') as string });
    const diff = await sel4scope(['diff', run(clean), run(broken), '--json']);
    expect(diff.code).toBe(1);
    const { methods } = JSON.parse(diff.out) as { methods: { method: string; answers: number; first: unknown }[] };
    expect(methods.filter(({ first }) => first !== null)).toMatchObject([{ method: 'SchedContextConsumed', answers: 1 }]);
    expect((await sel4scope(['diff', run(clean), run(broken)])).out).toMatch(/first difference.*\(\w+: SchedContextConsumed\)/);
    expect(await sel4scope(['diff', run(clean), 'nothing'])).toMatchObject({ code: 3, err: expect.stringContaining('there is no run nothing') as string });
  });

  it('shows what a release had', async () => {
    const run = await sel4scope(['run', testdata('hello.ts'), '--release', '12.1.0', '--policy', 'warn']);
    expect(run.code).toBe(1);
    expect(run.out).toMatch(/with page-get-address, sc-consumed, /);
    const listed = JSON.parse((await sel4scope(['defects', '--json'])).out) as { name: string; releases: [string, string] | null }[];
    expect(listed.find(({ name }) => name === 'page-get-address')?.releases).toEqual(['9.0.1', '12.1.0']);
    expect((await sel4scope(['defects', 'sc-consumed'])).out).toContain('Found by K05, K09, N01');
  });

  it('finds a defect: the stubs throw, the rules name it, exit code 1', async () => {
    const run = await sel4scope(['run', testdata('hello.ts'), '--defect', 'sc-consumed']);
    expect(run.code).toBe(1);
    expect(run.err).toContain('K05 reply-short: SchedContextConsumed');
    const anomalies = await sel4scope(['anomalies', '--rule', 'k05', '--json']);
    expect(anomalies.code).toBe(1);
    expect(JSON.parse(anomalies.out)).toMatchObject({ anomalies: [{ rule: 'K05', method: 'SchedContextConsumed' }] });
  });

  it('prints its report as JSON, and nothing else on standard output', async () => {
    const run = await sel4scope(['run', testdata('hello.ts'), '--json']);
    expect(JSON.parse(run.out)).toMatchObject({ program: 'hello.ts', end: 'completed', configuration: 'riscv64-mcs', anomalies: [] });
    expect(run.err).toContain('sum 42n');
  });

  it('runs on a classic kernel', async () => {
    expect(await sel4scope(['run', testdata('classic.ts'), '--config', 'classic'])).toMatchObject({ code: 0 });
  });

  it('ends with 4 when the program throws, and says what the kernel said', async () => {
    const run = await sel4scope(['run', testdata('throws.ts')]);
    expect(run.code).toBe(4);
    expect(run.err).toMatch(/seL4_CNode_Delete failed with RangeError/);
    expect(run.err).toContain('throws.ts:5');
  });

  it('ends with 5 at the limit of virtual time', async () => {
    expect(await sel4scope(['run', testdata('forever.ts'), '--time-limit', '20'])).toMatchObject({ code: 5 });
  });

  it('ends with 130 when it is interrupted, and keeps what it has', async () => {
    const ended = await sel4scope(['run', testdata('forever.ts')], { pattern: /going on/, act: (child) => child.kill('SIGINT') });
    expect(ended.code).toBe(130);
    expect(ended.out).toMatch(/interrupted\n +[\d,]+ traps/);
  });

  it.each([
    ['no such file', ['run', 'missing.ts'], 3, /no such file: missing\.ts/],
    ['a file that does not compile', ['run', 'broken.ts'], 3, /broken\.ts:\d+:\d+: /],
    ['a file without a program', ['run', testdata('no-program.ts')], 3, /exports no program/],
    ['a configuration that does not exist', ['run', 'x.ts', '--config', 'smp'], 2, /Allowed choices are mcs, classic/],
    ['a defect that does not exist', ['run', 'x.ts', '--defect', 'sc-consume'], 2, /Choose from page-get-address/],
    ['a defect to describe that does not exist', ['defects', 'sc-consume'], 2, /no defect 'sc-consume'; choose from page-get-address/],
    ['a release that does not exist', ['run', 'x.ts', '--release', '12.2.0'], 2, /no release '12.2.0' for mcs; choose from .*12.1.0/],
    ['a seed that is no number', ['run', 'x.ts', '--seed', 'abc'], 2, /whole number/],
    ['no service at a URL', ['runs', '--server', 'http://127.0.0.1:1'], 3, /no sel4scope service answers/],
    ['an unknown command', ['walk'], 2, /unknown command 'walk'/],
    ['an unknown rule', ['explain', 'Z99'], 2, /there is no rule Z99/],
    ['an unknown run', ['records', '--run', 'nosuchrun'], 3, /nosuchrun/],
    ['a sequence number that is none', ['records', '0'], 2, /whole number from 1/],
    ['an outcome that does not exist', ['records', '--outcome', 'eror'], 2, /outcome/],
    ['a case that does not exist', ['audit', '--case', 'TCBSuspend/own'], 2, /no case TCBSuspend\/own/],
    ['a file of known findings that is none', ['audit', '--expect', 'known.json'], 3, /known\.json:2: an entry needs a "rule"/],
    ['interface files that are not there', ['generate', '--interfaces', 'nowhere'], 3, /nowhere/],
    ['no interface files', ['generate'], 2, /--interfaces/],
  ] as const)('refuses %s', async (_what, args, code, message) => {
    writeFileSync(join(folder, 'known.json'), '[\n{}]');
    if (args[1] === 'broken.ts') copyFileSync(testdata('broken.ts.txt'), join(folder, 'broken.ts'));
    const ended = await sel4scope(args);
    expect(ended).toMatchObject({ code });
    expect(ended.err).toMatch(message);
  });
});

describe('sel4scope audit', () => {
  it('reports a clean kernel in every format', async () => {
    const ended = await sel4scope(['audit', '--config', 'classic', '--json', '--markdown', 'a.md', '--html', 'a.html', '--junit', 'a.xml', '--sarif', 'a.sarif']);
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(ended.out)).toMatchObject({ configuration: 'riscv64-classic', verdicts: { finding: 0 }, coverage: { methods: { covered: 40, missing: [] } } });
    for (const [file, start] of [['a.md', '# Reply audit'], ['a.html', '<!doctype html>'], ['a.xml', '<?xml'], ['a.sarif', '{']] as const) {
      expect(readFileSync(join(folder, file), 'utf8').startsWith(start)).toBe(true);
    }
  });

  it('shows the records of one case, and ends with 1 when it has findings', async () => {
    const id = 'SchedContextConsumed/own/Call/rw';
    expect((await sel4scope(['audit', '--list'])).out.split('\n')).toContain(id);
    expect(await sel4scope(['audit', '--case', id])).toMatchObject({ code: 0, out: expect.stringMatching(/SchedContextConsumed .*→ replied/) as unknown });
    const ended = await sel4scope(['audit', '--case', id, '--release', '12.1.0', '--json']);
    expect(ended.code).toBe(1);
    const { findings, records } = JSON.parse(ended.out) as { findings: { rule: string; seq: number }[]; records: { seq: number; method: { name: string } }[] };
    expect(findings.map(({ rule }) => rule)).toEqual(['K05', 'K09']);
    expect(records.find(({ seq }) => seq === findings[0]!.seq)!.method.name).toBe('SchedContextConsumed');
  });
});

describe('sel4scope start', () => {
  it('names the way out when its port is taken', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => { squatter.listen(0, '127.0.0.1', resolve); });
    const { port } = squatter.address() as AddressInfo;
    const ended = await sel4scope(['start', '--once', '--port', String(port)]);
    squatter.close();
    expect(ended.code).toBe(2);
    expect(ended.err).toContain(`port ${port} is in use`);
    expect(ended.err).toContain('--port');
  });

  it('runs the audit, stays up with its dashboard, and ends in order', async () => {
    let page: Promise<string> | undefined;
    const ended = await sel4scope(['start', '--port', '0'], {
      pattern: /stop with/,
      act: (child, output) => {
        const url = /dashboard: (\S+)/.exec(output)![1]!;
        page = fetch(url).then((response) => response.text()).finally(() => child.kill('SIGTERM'));
      },
    });
    expect(ended.code).toBe(0);
    expect(ended.out).toMatch(/46 methods/);
    expect(await page).toContain('sel4scope');
  });
});

describe('sel4scope explain and generate', () => {
  it('explains a rule, and lists all', async () => {
    expect((await sel4scope(['explain', 'k05'])).out).toMatch(/^K05 reply-short \(error\)/);
    const all = await sel4scope(['explain', '--json']);
    expect((JSON.parse(all.out) as { id: string; decidedBy: string[] }[]).map(({ id }) => id)).toEqual([...RULES.keys()]);
    expect((await sel4scope(['explain', 'null-access'])).out).toContain('Found by traces of a kernel image.');
  });

  it('generates the checked-in stubs', async () => {
    expect(await sel4scope(['generate', '--checked-in', '--check'])).toMatchObject({ code: 0 });
    const file = join(folder, 'stubs.ts');
    expect(await sel4scope(['generate', '--interfaces', fileURLToPath(packageFile('schema/interfaces')), '--config', 'classic', '-o', file])).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'utf8')).toContain("from 'sel4scope/stubs'");
  });

  it('says where malformed interface files are wrong', async () => {
    const bad = join(folder, 'bad');
    mkdirSync(bad);
    for (const name of ['object-api.xml', 'object-api-sel4-arch.xml', 'object-api-arch.xml']) writeFileSync(join(bad, name), '<?xml version="1.0"?>\n<api name="ObjectApi" label_prefix="">\n  <interface>\n</api>\n');
    const ended = await sel4scope(['generate', '--interfaces', bad]);
    expect(ended.code).toBe(3);
    expect(ended.err).toMatch(/object-api\.xml:\d+:\d+: /);
  });
});
