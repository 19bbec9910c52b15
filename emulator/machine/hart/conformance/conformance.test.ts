// SPDX-License-Identifier: BSD-2-Clause
/** The conformance programs on both harts and on QEMU: equal results everywhere. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createHart, HART_NAMES } from '../../boot/harts.ts';
import { SparseMemory } from '../../memory/sparse-memory.ts';
import { hartDriver, PROGRAM_RAM_BYTES, type ConformanceProgram, type Driver } from './driver.ts';
import { PAGING_CASES } from './paging-cases.ts';
import { PRIVILEGED_CASES } from './privileged-cases.ts';
import { hasQemu, QEMU_DRIVER } from './qemu-driver.ts';
import { SWEEPS } from './sweeps.ts';
import { casesProgram } from './trap-cases.ts';

/**
 * Digest of each sweep's results, as QEMU 7.2 computed them: they hold where QEMU is not installed. A digest that has to
 * change means that a program or the arithmetic has.
 */
const DIGESTS: Readonly<Record<string, string>> = {
  'I: register operations and branches': '4058fd9dcf6a620d',
  'I: immediate operations': 'b81167d5611448cd',
  'M': 'bf41cd27985ca3be',
  'A': '2ff57c985f6a20f0',
  'loads and stores': 'ae89142d6f2a7bb1',
  'C': '1777a6d47647bc6b',
  'F: two operands': '77f5e4bb615e5457',
  'F: fused': 'f92692da80e4a2cb',
  'F: one operand': '68d8b47aefbb60d0',
  'F: from integers': '3c02005c778358e5',
  'D: two operands': '2a95eb3ddfb700ac',
  'D: fused': '08e672ebefd29038',
  'D: one operand': 'd92ceedf77928154',
  'D: from integers': 'de19f535690b9849',
};

const withQemu = hasQemu();
if (!withQemu) console.warn('SKIPPED: qemu-system-riscv64 is not installed; the conformance programs run on our harts only');

const harts: readonly Driver[] = HART_NAMES.map((name) => hartDriver(name, (bus) => {
  const memory = new SparseMemory({ ramBytes: PROGRAM_RAM_BYTES, frameBytes: PROGRAM_RAM_BYTES });
  return { hart: createHart(name, memory, bus), memory };
}));
const drivers = withQemu ? [...harts, QEMU_DRIVER] : harts;
const MOST_MS = 600_000;

const digestOf = (results: readonly bigint[]): string =>
  createHash('sha256').update(BigUint64Array.from(results)).digest('hex').slice(0, 16);

/** The first results that differ, named. */
function differences(program: ConformanceProgram, one: readonly bigint[], other: readonly bigint[]): readonly string[] {
  return one.flatMap((value, index) => value === other[index] ? []
    : [`${program.describe(index)}: 0x${value.toString(16)}, 0x${other[index]?.toString(16)}`]).slice(0, 10);
}

describe.each(SWEEPS.map((program) => [program.name, program] as const))('sweep %s', (name, program) => {
  let oracle: readonly bigint[] = [];
  beforeAll(async () => { oracle = await harts.find((driver) => driver.name === 'typescript')!.run(program); }, MOST_MS);

  it('gives what it gave', () => expect(digestOf(oracle)).toBe(DIGESTS[name]));

  it.each(drivers.filter((driver) => driver.name !== 'typescript').map((driver) => [driver.name, driver] as const))(
    'is the same on %s', async (_, driver) => {
      const results = await driver.run(program);
      expect(differences(program, oracle, results)).toEqual([]);
    }, MOST_MS);
});

it('cases fail on a machine that does nothing', () => {
  const program = casesProgram('Sv39', PAGING_CASES);
  expect(program.check(Array.from({ length: program.resultWords }, () => 0n), false).length).toBeGreaterThanOrEqual(PAGING_CASES.length);
});

describe.each([casesProgram('modes and registers', PRIVILEGED_CASES), casesProgram('Sv39', PAGING_CASES)].map((program) => [program.name, program] as const))(
  'cases of %s', (_, program) => {
    it.each(drivers.map((driver) => [driver.name, driver] as const))('end in the right traps on %s', async (name, driver) => {
      expect(program.check(await driver.run(program), name === QEMU_DRIVER.name)).toEqual([]);
    }, MOST_MS);
  });
