// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { createHart, HART_NAMES } from '../emulator/machine/boot/harts.ts';
import { assemble } from '../emulator/machine/isa/assemble.ts';
import { HART, RAM_BASE } from '../emulator/machine/memory/layout.ts';
import { SparseMemory } from '../emulator/machine/memory/sparse-memory.ts';
import { HART_PROGRAMS } from './hart-programs.ts';

const MIB = 2 ** 20;

it.each(Object.keys(HART_PROGRAMS))('%s: runs on, and the same on both harts', (name) => {
  const states = HART_NAMES.map((hartName) => {
    const memory = new SparseMemory({ ramBytes: 4 * MIB, frameBytes: 4 * MIB });
    const hart = createHart(hartName, memory, { load: () => undefined, store: () => false, stopRequested: () => false });
    memory.write(RAM_BASE, assemble(HART_PROGRAMS[name]!, BigInt(RAM_BASE)).bytes);
    const state = new DataView(memory.memory.buffer);
    state.setBigUint64(HART.pc, BigInt(RAM_BASE), true);
    expect(hart.run(20_000)).toBe('budget');
    // No trap into M mode: nothing is wrong with the program.
    expect(state.getBigUint64(HART.mcause, true)).toBe(0n);
    return Buffer.from(state.buffer, 0, HART.stopOn).toString('hex');
  });
  expect(states[0]).toBe(states[1]);
}, 600_000);
