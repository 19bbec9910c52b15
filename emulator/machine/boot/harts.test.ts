// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stateHash } from './snapshot.ts';
import { booted } from './testing/machines.ts';
import { SBI_LINES, sbiProgram } from './testing/sbi-program.ts';
import { EXPECTED_LINES, supervisorProgram } from './testing/supervisor-program.ts';

const PROGRAMS: readonly [string, Uint8Array, string, readonly string[]][] = [
  ['supervisor.elf', supervisorProgram(), 'none', EXPECTED_LINES], ['sbi.bin', sbiProgram(), 'default', SBI_LINES],
];

describe.each(PROGRAMS)('%s', (name, image, bios, lines) => {
  it('leads both harts through the same states', () => {
    const wasm = booted(name, image, { hart: 'wasm' }).machine;
    const oracle = booted(name, image, { hart: 'typescript' }).machine;
    for (let slice = 0; wasm.ended === undefined && slice < 1000; slice++) {
      expect([oracle.run(97), oracle.instructions, oracle.clock.now()]).toEqual([wasm.run(97), wasm.instructions, wasm.clock.now()]);
      expect(stateHash(oracle)).toBe(stateHash(wasm));
    }
    expect(oracle.ended).toEqual(wasm.ended);
    expect(wasm.ended).toMatchObject({ kind: 'shutdown' });
  });

  const qemu = spawnSync('qemu-system-riscv64', ['--version']).status === 0;
  if (!qemu) console.warn(`${name} does not run on QEMU: qemu-system-riscv64 is not installed`);
  let folder: string;
  beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'sel4scope-qemu-')); });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.skipIf(!qemu)('passes on QEMU too', () => {
    const file = join(folder, name);
    writeFileSync(file, image);
    const run = spawnSync('qemu-system-riscv64', ['-machine', 'virt', '-nographic', '-bios', bios, '-kernel', file], { encoding: 'utf8', input: '', timeout: 300_000 });
    // Firmware prints its own lines before.
    expect(run.stdout.replaceAll('\r', '').trimEnd().split('\n').slice(-lines.length)).toEqual(lines);
    expect(run.status).toBe(0);
  }, 300_000);
});
