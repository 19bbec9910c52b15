// SPDX-License-Identifier: BSD-2-Clause
/**
 * The fast hart against the readable one on random programs of all modes. `SEL4SCOPE_LOCKSTEP` makes it a long run: the
 * number of instructions in millions.
 */
import { describe, expect, it } from 'vitest';
import { createHart, HART_NAMES, type HartName } from '../boot/harts.ts';
import { lockstep, type HartFactory } from '../hart/lockstep.ts';
import { randomProgram } from '../hart/random-program.ts';
import type { Stop } from '../hart/hart.ts';
import { SparseMemory } from '../memory/sparse-memory.ts';

const factory = (name: HartName): HartFactory => ({
  name,
  create: (ramBytes, bus) => {
    const memory = new SparseMemory({ ramBytes, frameBytes: ramBytes });
    return { hart: createHart(name, memory, bus), memory };
  },
});
const [fast, readable] = HART_NAMES.map(factory) as [HartFactory, HartFactory];
const long = process.env['SEL4SCOPE_LOCKSTEP'];
const PER_PROGRAM = 20_000;

describe('lockstep of the harts', () => {
  it.each([
    { stretch: 1, what: 'after each instruction', seed: 1, programs: 4 },
    { stretch: 7, what: 'every 7 instructions', seed: 100, programs: 6 },
    { stretch: 211, what: 'every 211 instructions', seed: 200, programs: 10 },
  ])('same state $what', ({ stretch, seed, programs }) => {
    const count = long === undefined ? programs : Math.ceil(Number(long) * 1e6 / 3 / PER_PROGRAM);
    let retired = 0;
    const stops = new Set<Stop>();
    for (let program = seed * 1000; program < seed * 1000 + count; program++) {
      const report = lockstep(fast, readable, randomProgram(program), { instructions: PER_PROGRAM, stretch });
      retired += report.retired;
      for (const stop of Object.keys(report.stops) as Stop[]) stops.add(stop);
    }
    if (long !== undefined) console.info(`${retired} instructions retired in ${count} programs, compared every ${stretch}`);
    // Random programs that only trapped, or never left M mode, would show little.
    expect(retired).toBeGreaterThan(count * PER_PROGRAM / 20);
    expect([...stops]).toEqual(expect.arrayContaining(['budget', 'userTrap', 'userReturn', 'ownTrap'] satisfies Stop[]));
  }, 3_600_000);
});
