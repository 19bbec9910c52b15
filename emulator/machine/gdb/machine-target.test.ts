// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bootKernel } from '../boot/boot-kernel.ts';
import { readElf } from '../boot/elf64.ts';
import { HART_NAMES } from '../boot/harts.ts';
import { Machine } from '../boot/machine.ts';
import { bootedProgram } from '../boot/testing/machines.ts';
import { readKernelImage } from '../image/kernel-image.ts';
import { assemble } from '../isa/assemble.ts';
import { HART } from '../memory/layout.ts';
import { rootOf, walk } from './address-space.ts';
import { MachineTarget } from './machine-target.ts';
import { PC_REGISTER, type GdbStop } from './target.ts';

const HART_THREAD = 1;
const A0 = 10;

function untilStop(target: MachineTarget): GdbStop {
  for (let i = 0; i < 100; i++) {
    const stop = target.resume();
    if (stop !== undefined) return stop;
  }
  throw new Error('the machine does not stop');
}

describe.each(HART_NAMES)('a machine with the %s hart under the debugger', (hart) => {
  const program = 'li a0, 5\n loop: addi a0, a0, 1\n addi a1, a1, 2\n j loop';

  it('steps one instruction, and stops at a breakpoint each time it comes by', () => {
    const { machine } = bootedProgram('S', program, hart);
    const target = new MachineTarget(machine);
    const start = target.registers(HART_THREAD)![PC_REGISTER]!;
    expect(target.step()).toEqual({ kind: 'step', thread: HART_THREAD });
    expect(target.registers(HART_THREAD)![A0]).toBe(5n);
    const loop = target.registers(HART_THREAD)![PC_REGISTER]!;
    expect(loop).toBeGreaterThan(start);
    target.setBreakpoints([loop]);
    for (const a0 of [6n, 7n, 8n]) {
      expect(untilStop(target)).toEqual({ kind: 'breakpoint', thread: HART_THREAD });
      expect([target.registers(HART_THREAD)![PC_REGISTER], target.registers(HART_THREAD)![A0]]).toEqual([loop, a0]);
    }
    target.setBreakpoints([]);
    expect(target.resume()).toBeUndefined();
  });

  it('reads and writes registers and memory', () => {
    const { machine } = bootedProgram('S', program, hart);
    const target = new MachineTarget(machine);
    expect(target.setRegister(HART_THREAD, A0, 0xfedc_ba98_7654_3210n)).toBe(true);
    expect(target.registers(HART_THREAD)![A0]).toBe(0xfedc_ba98_7654_3210n);
    expect(target.setRegister(HART_THREAD, 0, 1n)).toBe(false);
    expect(target.setRegister(7, A0, 1n)).toBe(false);
    const at = BigInt(machine.memory.base + 0x10_0ffe);
    expect(target.writeMemory(HART_THREAD, at, Uint8Array.of(1, 2, 3, 4))).toBe(true);
    expect([...target.readMemory(HART_THREAD, at, 4)!]).toEqual([1, 2, 3, 4]);
    expect(target.readMemory(HART_THREAD, 0x5000n, 4)).toBeUndefined();
    expect(target.readMemory(HART_THREAD, BigInt(machine.memory.base + machine.memory.bytes - 2), 2)).toHaveLength(2);
    expect(target.writeMemory(HART_THREAD, 0x5000n, Uint8Array.of(1))).toBe(false);
    expect([target.csr('satp'), target.csr('nothing')]).toEqual([0n, undefined]);
    expect(target.floatRegisters(HART_THREAD)).toHaveLength(32);
  });

  it('executes an instruction that the debugger has written', () => {
    const { machine } = bootedProgram('S', 'loop: addi a0, a0, 1\n j loop', hart);
    const target = new MachineTarget(machine);
    const pc = target.registers(HART_THREAD)![PC_REGISTER]!;
    target.step();
    target.setRegister(HART_THREAD, PC_REGISTER, pc);
    target.writeMemory(HART_THREAD, pc, assemble('addi a0, a0, 100', 0n).bytes.subarray(0, 4));
    target.setRegister(HART_THREAD, A0, 0n);
    target.step();
    expect(target.registers(HART_THREAD)![A0]).toBe(100n);
  });

  it('says how the run ended', () => {
    const target = new MachineTarget(bootedProgram('S', 'li a7, 8\n ecall', hart).machine);
    expect(untilStop(target)).toEqual({ kind: 'exited', status: 0 });
    expect(target.threads()).toEqual([{ id: HART_THREAD, name: 'hart 0', state: 'the guest shut the machine down (SBI)' }]);
    expect(target.monitor('end')).toContain('shut the machine down');
    expect(target.monitor('help')).toContain('console');
    expect(target.monitor('dance')).toBeUndefined();
  });
});

describe('address spaces', () => {
  it('are walked through all levels, large pages included, rights aside', () => {
    const { memory } = new Machine();
    const root = memory.base;
    const [middle, leaf] = [root + 0x1000, root + 0x2000];
    const pointer = (to: number, bits: bigint): bigint => (BigInt(to / 4096) << 10n) | bits;
    memory.writeWord(root + 8 * 1, pointer(middle, 1n));
    memory.writeWord(root + 8 * 2, pointer(0x4000_0000, 0x3n));
    memory.writeWord(middle + 8 * 3, pointer(leaf, 1n));
    memory.writeWord(middle + 8 * 4, pointer(0x8020_0000, 0x9n));
    memory.writeWord(leaf + 8 * 5, pointer(0x8000_7000, 0x5n));
    memory.writeWord(leaf + 8 * 6, pointer(0x8000_7000, 0x4n));
    expect(walk(memory, root, 0x4060_5abcn)).toBe(0x8000_7abc);
    expect(walk(memory, root, 0x4081_2345n)).toBe(0x8021_2345);
    expect(walk(memory, root, 0x8123_4567n)).toBe(0x4123_4567);
    expect(walk(memory, root, 0x4060_6000n)).toBeUndefined();
    expect(walk(memory, root, 0n)).toBeUndefined();
    expect(walk(memory, root, 0x40_0000_0000n)).toBeUndefined();
    expect(rootOf((8n << 60n) | 0x8_0000n)).toBe(0x8000_0000);
    expect(rootOf(0x8_0000n)).toBeUndefined();
  });
});

const kernel = process.env['SEL4SCOPE_KERNEL_MCS'];
if (kernel === undefined) console.warn('the debugger is NOT tested with a real kernel: SEL4SCOPE_KERNEL_MCS is not set');

describe.skipIf(kernel === undefined)('a real kernel under the debugger', () => {
  it('shows its threads by name, with registers and memory of their own, and stops at its symbols', () => {
    const data = readFileSync(kernel!);
    const image = readKernelImage(kernel!, data);
    const machine = new Machine();
    const base = 0x1_0000n;
    const rootImage = { name: 'spins', base, entry: base, data: assemble('li s1, 77\n loop: li a7, -11\n ecall\n j loop', base).bytes };
    bootKernel(machine, { kernel: readElf(kernel!, data), rootImage });
    const target = new MachineTarget(machine, image);
    expect(target.threads().map(({ name, state }) => [name, state])).toEqual([['hart 0', 'S mode']]);
    target.setBreakpoints([base + 4n, image.symbols.get('trap_entry')!.address]);
    expect(untilStop(target)).toMatchObject({ kind: 'breakpoint' });
    const thread = target.current();
    expect(thread).toBeGreaterThan(HART_THREAD);
    expect(target.threads().find(({ id }) => id === thread)).toEqual({ id: thread, name: 'rootserver', state: 'Running, priority 255' });
    expect(untilStop(target)).toEqual({ kind: 'breakpoint', thread: HART_THREAD });
    expect(machine.state.u32(HART.privilege)).toBe(1);
    // In the kernel the thread has what the kernel saved; its address space shows what it always does.
    expect(Buffer.from(target.readMemory(thread, base, 4)!)).toEqual(Buffer.from(rootImage.data.subarray(0, 4)));
    target.setBreakpoints([base + 4n, image.symbols.get('slowpath')?.address ?? image.symbols.get('handleSyscall')!.address]);
    untilStop(target);
    expect(target.registers(thread)![9]).toBe(77n);
  });
});
