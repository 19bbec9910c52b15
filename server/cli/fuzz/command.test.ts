// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFile } from '../../package-paths.ts';

/** The built command: `npm test` builds first. */
const COMMAND = fileURLToPath(packageFile('dist/server/cli/main.js'));

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'sel4scope-fuzz-')); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sel4scope(...args: string[]): { code: number | null; out: string; err: string } {
  const env = { ...process.env, SEL4SCOPE_DATA: join(folder, 'data'), NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], { cwd: folder, encoding: 'utf8', env });
  return { code: status, out: stdout, err: stderr };
}

describe('sel4scope fuzz', () => {
  it.each(['mcs', 'classic'])('finds nothing in the kernel as it is, on %s', (config) => {
    const { code, out, err } = sel4scope('fuzz', '--config', config, '--programs', '100', '--seed', '3', '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({ configuration: `riscv64-${config}`, seed: 3, programs: 100, failure: null });
  });

  it('writes the smallest program that shows a defect, for run to show it again', () => {
    const fuzz = sel4scope('fuzz', '--defect', 'sc-consumed', '-o', 'failing.ts');
    expect(fuzz).toMatchObject({ code: 1, err: '' });
    expect(fuzz.out).toMatch(/program \d+ on riscv64-mcs: finding [KN]\d\d SchedContextConsumed/);
    expect(readFileSync(join(folder, 'failing.ts'), 'utf8')).toMatch(/^\/\/ finding: /);
    const run = sel4scope('run', 'failing.ts', '--defect', 'sc-consumed', '--check-invariants');
    expect(run.code).toBe(1);
    expect(run.out).toContain('SchedContextConsumed');
    expect(sel4scope('run', 'failing.ts', '--check-invariants').code).toBe(0);
  });

  it('says what is wrong with its options', () => {
    expect(sel4scope('fuzz', '--programs', '0').code).toBe(2);
    expect(sel4scope('fuzz', '--config', 'smp').code).toBe(2);
    const unwritable = sel4scope('fuzz', '--defect', 'sc-consumed', '-o', join('no', 'such', 'folder.ts'));
    expect(unwritable.code).toBe(2);
    expect(unwritable.err).toContain('cannot write');
  });
});
