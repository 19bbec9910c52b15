// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { BootError } from './boot-error.ts';
import { HART } from '../memory/layout.ts';
import { HART_NAMES } from './harts.ts';
import { Machine } from './machine.ts';
import { readSnapshotHeader, restoreMachine, saveMachine, stateHash } from './snapshot.ts';
import { booted, bootedProgram } from './testing/machines.ts';
import { sbiProgram } from './testing/sbi-program.ts';
import { supervisorProgram } from './testing/supervisor-program.ts';

const LIMIT = 2_000_000;

describe.each(HART_NAMES)('saved machine with the %s hart', (hart) => {
  it.each([
    ['supervisor.elf', supervisorProgram()], ['sbi.bin', sbiProgram()],
  ])('goes on as if nothing had happened, wherever %s was interrupted', (name, image) => {
    const whole = booted(name, image, { hart });
    whole.machine.run(LIMIT);
    const length = whole.machine.instructions;
    for (let at = 1; at < length; at += Math.ceil(length / 12)) {
      const first = booted(name, image, { hart });
      first.machine.run(at);
      const file = saveMachine(first.machine);
      const rest: number[] = [];
      const machine = restoreMachine('saved', file, { onConsole: (byte) => rest.push(byte) });
      expect(stateHash(machine)).toBe(stateHash(first.machine));
      machine.run(LIMIT);
      expect(first.text() + String.fromCharCode(...rest)).toBe(whole.text());
      expect([machine.instructions, machine.clock.now(), machine.ended]).toEqual([length, whole.machine.clock.now(), whole.machine.ended]);
      expect(stateHash(machine)).toBe(stateHash(whole.machine));
    }
  });
});

describe('save file', () => {
  const machine = bootedProgram('S', 'loop: addi a0, a0, 1\n j loop', 'typescript').machine;
  machine.run(10);
  const file = saveMachine(machine);

  it('says what it belongs to', () => {
    expect(readSnapshotHeader('x', file)).toEqual({ firmware: 'host', platform: 'qemu-riscv-virt', ramBytes: 64 * 2 ** 20, nsPerInstruction: 8, hart: 'typescript', instructions: 10, pages: 2 });
  });

  it('keeps the platform', () => {
    const spike = new Machine({ platform: 'spike' });
    const { platform, memory, state } = restoreMachine('x', saveMachine(spike));
    expect([platform.name, memory.bytes, state.word(HART.pointerFlags)]).toEqual(['spike', 4095 * 2 ** 20, 0xd0n]);
    expect(machine.state.word(HART.pointerFlags)).toBe(0n);
  });

  it('tells states apart', () => {
    const before = stateHash(machine);
    expect(stateHash(restoreMachine('x', file))).toBe(before);
    const other = restoreMachine('x', file);
    other.memory.writeWord(0x8100_0000, 1n);
    expect(stateHash(other)).not.toBe(before);
  });

  it.each([
    ['another file', new TextEncoder().encode('#!/bin/sh\nexec something else'), /^x: not a save file of a machine$/],
    ['another version', ((): Uint8Array => { const copy = Uint8Array.from(file); copy[18] = 99; return copy; })(), /^x: version 99 of the save format, this program reads version 2$/],
    ['a file cut short in its header', file.subarray(0, 40), /^x: truncated$/],
    ['a file cut short in its body', file.subarray(0, file.length - 40), /^x: damaged or truncated: /],
    ['a damaged body', ((): Uint8Array => { const copy = Uint8Array.from(file); copy[copy.length - 12]! ^= 0x55; return copy; })(), /^x: damaged/],
  ])('is refused: %s', (_what, data, message) => {
    expect(() => restoreMachine('x', data)).toThrow(BootError);
    expect(() => restoreMachine('x', data)).toThrow(message);
  });

  it('is not made of a run that is over', () => {
    const ended = bootedProgram('S', 'li a7, 8\n ecall', 'typescript').machine;
    ended.run(10);
    expect(() => saveMachine(ended)).toThrow(new BootError('nothing to save: the guest shut the machine down (SBI)'));
  });
});
