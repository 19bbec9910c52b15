// SPDX-License-Identifier: BSD-2-Clause
/**
 * The public riscv-tests, built outside the checkout. `SEL4SCOPE_RISCV_TESTS` names the folder with the binaries, called
 * `rv64ui-p-add` and so on: physical (`-p`) and virtual memory (`-v`) environments of the families below.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readElf } from '../boot/elf64.ts';
import { createHart, HART_NAMES, type HartName } from '../boot/harts.ts';
import { loadSegments } from '../boot/load.ts';
import { HART } from '../memory/layout.ts';
import { SparseMemory } from '../memory/sparse-memory.ts';
import type { Bus } from './hart.ts';

const FAMILIES = ['ui', 'um', 'ua', 'uf', 'ud', 'uc', 'mi', 'si'] as const;
const folder = process.env['SEL4SCOPE_RISCV_TESTS'];
if (folder === undefined) console.warn('SKIPPED: riscv-tests; set SEL4SCOPE_RISCV_TESTS to the folder of their binaries');

const MIB = 2 ** 20;
const CHUNK = 20_000;
const MOST_INSTRUCTIONS = 20_000_000;
const NO_DEVICES: Bus = { load: () => undefined, store: () => false, stopRequested: () => false };

/** Runs a test to its write to `tohost`, and returns what it wrote: 1 when it passed. */
function outcomeOf(path: string, name: HartName): number {
  const memory = new SparseMemory({ ramBytes: 16 * MIB, frameBytes: 8 * MIB });
  const hart = createHart(name, memory, NO_DEVICES);
  const state = new DataView(memory.memory.buffer);
  state.setBigUint64(HART.nsPerInstruction, 10n, true);
  state.setBigUint64(HART.nsPerTick, 100n, true);
  const file = readElf(path, readFileSync(path));
  loadSegments(file, memory);
  const toHost = file.sections.find((section) => section.name === '.tohost');
  if (toHost === undefined) throw new Error(`${path} has no section .tohost`);
  state.setBigUint64(HART.pc, file.entry, true);
  for (let done = 0; done < MOST_INSTRUCTIONS; done += CHUNK) {
    hart.run(CHUNK);
    const written = memory.readU32(Number(toHost.address));
    if (written !== 0) return written;
  }
  throw new Error(`${path} wrote nothing to tohost; pc 0x${state.getBigUint64(HART.pc, true).toString(16)}`);
}

function testsOf(family: string, environment: string): readonly string[] {
  const prefix = `rv64${family}-${environment}-`;
  return folder === undefined ? [] : readdirSync(folder).filter((file) => file.startsWith(prefix) && !file.includes('.'));
}

describe.skipIf(folder === undefined).each(HART_NAMES)('riscv-tests on the %s hart', (name) => {
  it.each(FAMILIES.flatMap((family) => ['p', 'v'].map((environment) => [family, environment] as const)))(
    'rv64%s in -%s', (family, environment) => {
      const tests = testsOf(family, environment);
      // The families of M and S mode exist for the physical environment only.
      if (environment === 'p' || !['mi', 'si'].includes(family)) expect(tests.length).toBeGreaterThan(0);
      const outcomes = tests.map((test) => [test, outcomeOf(join(folder!, test), name)] as const);
      console.info(`rv64${family}-${environment}: ${outcomes.filter(([, written]) => written === 1).length} of ${tests.length} pass`);
      expect(outcomes.filter(([, written]) => written !== 1).map(([test, written]) => `${test} failed in case ${written >> 1}`)).toEqual([]);
    }, 600_000);
});
