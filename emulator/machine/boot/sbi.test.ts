// SPDX-License-Identifier: BSD-2-Clause
/** Calls that sbi-program.ts leaves out, since firmware elsewhere has them not or answers them otherwise. */
import { describe, expect, it } from 'vitest';
import { HART } from '../memory/layout.ts';
import { a } from '../devices/hart-state.ts';
import { bootedProgram } from './testing/machines.ts';
import type { Machine } from './machine.ts';

const IPI = 0x735049;
const HSM = 0x48534d;
const RESET = 0x53525354;
const CONSOLE = 0x4442434e;
const SSIP = 2n;

/** A machine that has made one call with arguments and stands behind it; the text "seL4" lies at `text`. */
function called(extension: number, number: number, args: readonly (number | string)[], prepare: (machine: Machine) => void = () => undefined) {
  const { machine, text } = bootedProgram('S', `
    ${args.map((value, n) => (typeof value === 'number' ? `li a${n}, ${value}` : `la a${n}, ${value}`)).join('\n')}
    li a7, ${extension}
    li a6, ${number}
    ecall
    ebreak
    .align 3
    text: .byte 115, 101, 76, 52, 0, 0, 0, 0
    self: .dword 1
    other: .dword 2`, 'typescript');
  prepare(machine);
  while (machine.ended === undefined && machine.memory.readU32(Number(machine.pc)) !== 0x0010_0073) machine.run(1);
  const signed = (n: number): bigint => BigInt.asIntN(64, machine.state.x(a(n)));
  return { machine, text, error: signed(0), value: signed(1), mip: machine.state.word(HART.mip) };
}

describe('SBI', () => {
  it('writes a buffer and a byte to the debug console', () => {
    expect(called(CONSOLE, 0, [4, 'text', 0])).toMatchObject({ error: 0n, value: 4n });
    expect(called(CONSOLE, 0, [4, 'text', 0]).text()).toBe('seL4');
    expect(called(CONSOLE, 2, [0x41]).text()).toBe('A');
  });

  it('reads what was typed from the debug console', () => {
    const { machine, error, value } = called(CONSOLE, 1, [100, 0x8100_0000, 0], (m) => m.type(Buffer.from('typed')));
    expect([error, value, Buffer.from(machine.memory.read(0x8100_0000, 6)).toString()]).toEqual([0n, 5n, 'typed\0']);
  });

  it.each([[4, 0x1000, 0], [4, 0x8100_0000, 1], [0x1000_0000, 0x8100_0000, 0]])('refuses a console buffer of 0x%s bytes at 0x%s and 0x%s', (...args) => {
    expect(called(CONSOLE, 0, args)).toMatchObject({ error: -5n });
    expect(called(CONSOLE, 1, args)).toMatchObject({ error: -5n });
  });

  it('sends and clears interrupts by a mask in memory, as kernels for several harts do', () => {
    expect(called(4, 0, ['self'])).toMatchObject({ error: 0n, mip: SSIP });
    expect(called(4, 0, ['other'])).toMatchObject({ error: 0n, mip: 0n });
    expect(called(4, 0, [0])).toMatchObject({ mip: SSIP });
    expect(called(3, 0, [0], ({ state }) => state.setPending(1, true))).toMatchObject({ mip: 0n });
  });

  it('refuses a hart that is not there', () => {
    expect(called(IPI, 0, [2, 0])).toMatchObject({ error: -3n, mip: 0n });
    expect(called(IPI, 0, [0, -1])).toMatchObject({ error: 0n, mip: SSIP });
    expect(called(HSM, 0, [1, 0, 0])).toMatchObject({ error: -3n });
    expect(called(HSM, 2, [1])).toMatchObject({ error: -3n });
  });

  it('stops the only hart for good, and suspends it until an interrupt', () => {
    expect(called(HSM, 1, []).machine.ended).toMatchObject({ kind: 'waitForever' });
    expect(called(HSM, 3, [0]).machine.state.u32(HART.waiting)).toBe(1);
    expect(called(HSM, 3, [0x8000_0000 - 2 ** 32])).toMatchObject({ error: -2n });
  });

  it.each([
    [0, { kind: 'shutdown', by: 'SBI' }], [1, { kind: 'reset', by: 'SBI' }], [2, { kind: 'reset', by: 'SBI' }],
  ])('ends the machine by a reset of type %s', (type, end) => {
    expect(called(RESET, 0, [type, 0]).machine.ended).toEqual(end);
  });

  it('refuses another reset', () => {
    expect(called(RESET, 0, [3, 0])).toMatchObject({ error: -3n });
  });

  it('does not know functions that an extension has not', () => {
    expect(called(HSM, 9, [])).toMatchObject({ error: -2n });
  });
});
