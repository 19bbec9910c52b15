// SPDX-License-Identifier: BSD-2-Clause
/** Lockstep must find differences: a hart that is wrong now and then is run against one that is not. */
import { describe, expect, it } from 'vitest';
import { HART, RAM_BASE } from '../memory/layout.ts';
import { SparseMemory } from '../memory/sparse-memory.ts';
import type { Bus, Hart, Stop } from './hart.ts';
import { lockstep, LockstepDifference, type HartFactory } from './lockstep.ts';
import { randomProgram } from './random-program.ts';
import { TypeScriptHart } from './typescript-hart.ts';

/** The readable hart; `defect` spoils its memory after each run. */
const factory = (name: string, defect?: (memory: SparseMemory, state: DataView) => void): HartFactory => ({
  name,
  create: (ramBytes: number, bus: Bus) => {
    const memory = new SparseMemory({ ramBytes, frameBytes: ramBytes });
    const hart = new TypeScriptHart(memory, bus);
    if (defect === undefined) return { hart, memory };
    const state = new DataView(memory.memory.buffer);
    const spoilt = new Proxy<Hart>(hart, {
      get: (target, member: keyof Hart) => member === 'run' ? (instructions: number): Stop => {
        const stop = target.run(instructions);
        defect(memory, state);
        return stop;
      } : target[member].bind(target),
    });
    return { hart: spoilt, memory };
  },
});
const sound = factory('sound');
const OPTIONS = { instructions: 2000, stretch: 200 };

describe('lockstep', () => {
  it('finds nothing between equal harts, and says what it saw', () => {
    const report = lockstep(sound, factory('other'), randomProgram(7), OPTIONS);
    expect(report.retired).toBeGreaterThan(200);
    expect(report.stops.budget).toBeGreaterThan(0);
  });

  it.each([
    ['a register', (state: DataView): void => state.setBigUint64(HART.x + 8 * 17, 0x1234n, true), /x17 = /],
    ['a floating point register', (state: DataView): void => state.setBigUint64(HART.f + 8 * 3, 0x1234n, true), /f3 = /],
    ['a CSR', (state: DataView): void => state.setBigUint64(HART.stval, 0x1234n, true), /stval = /],
    ['the store log', (state: DataView): void => state.setUint32(HART.storeLogCount, 9, true), /stores logged/],
  ])('finds %s that differs', (_, spoil, message) => {
    const run = (): unknown => lockstep(sound, factory('wrong', (__, state) => spoil(state)), randomProgram(7), OPTIONS);
    expect(run).toThrow(LockstepDifference);
    expect(run).toThrow(message);
  });

  it('finds memory that differs', () => {
    const wrong = factory('wrong', (memory) => memory.write(RAM_BASE + 0xf_f000, new Uint8Array([1])));
    expect(() => lockstep(sound, wrong, randomProgram(7), OPTIONS)).toThrow('memory +0xff000: 0');
  });

  it('makes the same program of the same seed', () => {
    expect(randomProgram(3)).toEqual(randomProgram(3));
    expect(randomProgram(3).image).not.toEqual(randomProgram(4).image);
  });
});
