// SPDX-License-Identifier: BSD-2-Clause
/** Findings from the command line: what releases had, what people decide, what comes back, what the rules say again. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FindingDetail, MethodHistory, RecheckResult } from '../../schema/api/index.ts';
import { packageFile } from '../package-paths.ts';
import { dataFile } from '../store/location.ts';
import { Sqlite } from '../store/sqlite.ts';

/** The built command: `npm test` builds first. */
const COMMAND = fileURLToPath(packageFile('dist/server/cli/main.js'));
const HELLO = fileURLToPath(new URL('./testdata/hello.ts', import.meta.url));
const SHORT = 'K05/SchedContextConsumed/Call/replied/rw';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let data: string;

function sel4scope(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [COMMAND, ...args], { env: { ...process.env, SEL4SCOPE_DATA: data, NO_COLOR: '1' } });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; });
  return new Promise((resolve) => { child.on('close', (code) => resolve({ code, out, err })); });
}

async function run(...args: string[]): Promise<string> {
  return (JSON.parse((await sel4scope('run', HELLO, '--policy', 'off', '--json', ...args)).out) as { run: string }).run;
}

const runs: string[] = [];

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'sel4scope-findings-'));
  for (const release of ['16.0.0', '12.1.0', '13.0.0']) runs.push(await run('--release', release));
}, 120_000);
afterAll(() => rmSync(data, { recursive: true, force: true }));

describe('sel4scope history', () => {
  it('draws which release mended a reply, and what was not tested', async () => {
    const { code, out } = await sel4scope('history', 'reply-short', 'SchedContextConsumed');
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^K05 .*: SchedContextConsumed$/),
      'embedded kernel, riscv64-mcs',
      '  12.1.0  ████████████████████  bad   1 in 1 records, 1 of 1 run',
      '  13.0.0  ████████████████████  bad   1 in 1 records, 1 of 1 run',
      '  14.0.0                        not tested',
      '  15.0.0                        not tested',
      '  16.0.0  ····················  good  none in 1 records, 1 run  ◀ mended',
      '  mended with 16.0.0: 13.0.0 was bad; 14.0.0, 15.0.0 not tested',
      '',
    ]);
  });

  it('as JSON, and for what was never invoked', async () => {
    const history = JSON.parse((await sel4scope('history', 'K05', 'SchedContextConsumed', '--json')).out) as MethodHistory;
    expect(history.lines[0]!.turns).toEqual([{ kind: 'mended', release: '16.0.0', after: '13.0.0', untested: ['14.0.0', '15.0.0'] }]);
    expect((await sel4scope('history', 'K05', 'RISCVPageUnmap')).out).toContain('no run invoked it');
  });

  it.each<[string[], number, RegExp]>([
    [['history', 'K05'], 2, /missing required argument 'method'/], [['history', 'X99', 'Send'], 3, /no rule X99/], [['history', 'K05', 'Sned'], 2, /no method "Sned"/],
  ])('%j is refused', async (args, code, message) => {
    expect(await sel4scope(...args)).toMatchObject({ code, err: expect.stringMatching(message) as string });
  });
});

describe('sel4scope findings', () => {
  it('lists them, and shows one with a record to look at', async () => {
    const list = await sel4scope('findings', '--rule', 'k05');
    expect(list.code).toBe(0);
    expect(list.out).toMatch(new RegExp(`open +error +${SHORT} +2 +2 +12\\.1\\.0 13\\.0\\.0 +16\\.0\\.0`));
    expect((await sel4scope('findings', '--release', '16.0.0', '--rule', 'K05')).out).toBe('no finding\n');
    const { out } = await sel4scope('findings', SHORT);
    expect(out).toContain('not found in    16.0.0 riscv64-mcs (1 records)');
    const [, seq, id] = /sel4scope records (\d+) --run (\S+)/.exec(out)!;
    expect((await sel4scope('records', seq!, '--run', id!)).out).toContain('K05');
  });

  it('decides, marks what was decided, and lets a run pass that shows nothing else', async () => {
    const all = JSON.parse((await sel4scope('findings', '--json', '--limit', '0')).out) as { findings: { fingerprint: string }[] };
    for (const { fingerprint } of all.findings) expect((await sel4scope('findings', 'set', fingerprint, 'acknowledged', '--reason', 'seL4#1435')).code).toBe(0);
    expect((await sel4scope('findings', 'set', SHORT, 'fixed', '--release', '14.0.0')).out).toBe(`${SHORT}: fixed in 14.0.0\n`);
    expect((await sel4scope('anomalies', '--run', runs[2]!)).out).toMatch(/K05 +error .* fixed /);
    expect(await sel4scope('run', HELLO, '--policy', 'off', '--release', '13.0.0', '--fail-on', 'open')).toMatchObject({ code: 0, out: expect.stringMatching(/K05 +SchedContextConsumed .* fixed/) as string });
    expect((await sel4scope('run', HELLO, '--policy', 'off', '--release', '13.0.0')).code).toBe(1);
    expect((await sel4scope('findings', '--state', 'fixed')).out).toContain(SHORT);
    // A kernel of no release at all has the fix or ought to.
    expect((await sel4scope('run', HELLO, '--policy', 'off', '--defect', 'sc-consumed', '--fail-on', 'open')).code).toBe(1);
    const { finding, changes } = JSON.parse((await sel4scope('findings', SHORT, '--json')).out) as FindingDetail;
    expect([finding.state, finding.fixedIn, changes.map(({ state }) => state)]).toEqual(['regressed', '14.0.0', ['regressed', 'fixed', 'acknowledged']]);
  }, 180_000);

  it.each<[string[], number, RegExp]>([
    [['findings', 'K05/nothing'], 3, /no finding K05\/nothing/],
    [['findings', '--state', 'opened'], 2, /Choose from open, acknowledged/],
    [['findings', 'set', SHORT], 2, /missing required argument 'state'/],
    [['findings', 'set', SHORT, 'regressed'], 2, /Allowed choices are open, acknowledged, expected, fixed/],
    [['findings', 'set', SHORT, 'expected'], 2, /expected for a reason/],
    [['findings', 'set', SHORT, 'fixed', '--release', 'soon'], 2, /a release such as 13\.0\.0/],
  ])('%j is refused', async (args, code, message) => {
    expect(await sel4scope(...args)).toMatchObject({ code, err: expect.stringMatching(message) as string });
  });
});

describe('sel4scope recheck', () => {
  it('finds again what another revision of the rules had not found', async () => {
    const db = new Sqlite(dataFile(data));
    const id = db.prepare('SELECT id FROM run WHERE name = ?').pluck().get(runs[1]) as number;
    for (const table of ['anomaly', 'anomaly_group']) db.prepare(`DELETE FROM ${table} WHERE run = ? AND rule = 'K05'`).run(id);
    db.prepare("UPDATE run SET rules = '0' WHERE id = ?").run(id);
    db.close();
    const { code, out } = await sel4scope('recheck', '--outdated');
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+ records of 1 run checked\n/);
    expect(out).toMatch(/K05 +0 +1 +0 /);
    expect(out).toContain(`run ${runs[1]}: 0 gone, 1 new`);
    const again = JSON.parse((await sel4scope('recheck', runs[1]!, '--rule', 'K05', '--json')).out) as RecheckResult;
    expect(again).toMatchObject({ checked: 1, rules: [{ rule: 'K05', gone: 0, added: 0, same: 1 }], changedRuns: [], notChecked: [] });
  });

  it.each<[string[], number, RegExp]>([
    [['recheck'], 2, /which runs\?/], [['recheck', 'a', '--all'], 2, /one of them only/], [['recheck', 'nobody'], 3, /no run nobody/], [['recheck', '--all', '--rule', 'X99'], 2, /no rule X99/],
  ])('%j is refused', async (args, code, message) => {
    expect(await sel4scope(...args)).toMatchObject({ code, err: expect.stringMatching(message) as string });
  });
});
