// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { HART } from '../memory/layout.ts';
import { deviceTreeBytes } from '../devices/flattened-device-tree.ts';
import { BootError } from './boot-error.ts';
import { bootImage, readImage } from './boot-image.ts';
import { Machine } from './machine.ts';
import { elfOf, patched } from './testing/elf.ts';

const MIB = 2 ** 20;
const data = Uint8Array.of(0x6f, 0, 0, 0);
const image = (entry: bigint, at = entry) => readImage('image', elfOf(entry, [{ virtualAddress: at, data }]));

function boot(read: ReturnType<typeof readImage>, ramBytes = 64 * MIB): Machine {
  const machine = new Machine({ ramBytes, firmware: read.firmware });
  bootImage(machine, read);
  return machine;
}

const start = ({ state, pc }: Machine) => ({ pc, privilege: state.u32(HART.privilege), a0: state.x(10) });

describe('boot of an image', () => {
  it('starts one with firmware in M mode where RAM starts', () => {
    expect(start(boot(image(0x8000_0000n)))).toEqual({ pc: 0x8000_0000n, privilege: 3, a0: 0n });
  });

  it('moves position-independent firmware that was linked at 0', () => {
    const file = readImage('image', patched(elfOf(0n, [{ virtualAddress: 0n, data }]), 16, 3));
    const machine = boot(file);
    expect(start(machine)).toEqual({ pc: 0x8000_0000n, privilege: 3, a0: 0n });
    expect(machine.memory.readU32(0x8000_0000)).toBe(0x6f);
  });

  it('starts an elfloader without firmware in S mode at its entry', () => {
    expect(start(boot(image(0x8100_0000n)))).toEqual({ pc: 0x8100_0000n, privilege: 1, a0: 0n });
  });

  it('starts a flat binary in S mode at 0x80200000', () => {
    const machine = boot(readImage('image', data));
    expect(start(machine)).toEqual({ pc: 0x8020_0000n, privilege: 1, a0: 0n });
    expect(machine.memory.readU32(0x8020_0000)).toBe(0x6f);
  });

  it('shows the reset vector, which names start and device tree', () => {
    const { rom, state } = boot(image(0x8000_0000n));
    expect(rom.load(0, 4)).toBe(0x297n);
    expect([rom.load(24, 8), rom.load(32, 8)]).toEqual([0x8000_0000n, state.x(11)]);
  });

  it('passes a device tree in a1', () => {
    const machine = boot(readImage('image', data));
    const at = Number(machine.state.x(11));
    expect(at).toBe(0x83e0_0000);
    expect(deviceTreeBytes(machine.memory.read(at, 0x1000))).toBeGreaterThan(1000);
    expect(Number(boot(readImage('image', data), 2048 * MIB).state.x(11))).toBe(0xbfe0_0000);
  });

  it('gives the device tree of the platform', () => {
    const machine = new Machine({ platform: 'spike' });
    bootImage(machine, readImage('image', data));
    const text = new TextDecoder('latin1').decode(machine.memory.read(Number(machine.state.x(11)), 0x1000));
    expect([text.includes('ucbbar,spike-bare'), text.includes('plic')]).toEqual([true, false]);
  });

  it.each([
    ['firmware for spike', () => { const read = image(0x8000_0000n); bootImage(new Machine({ platform: 'spike', firmware: read.firmware }), read); }, 'image: firmware for spike talks to a simulator (HTIF), which is not here: give the elfloader without firmware, or its kernel and root task'],
    ['an empty file', () => readImage('image', new Uint8Array(0)), 'image: the file is empty'],
    ['a kernel', () => image(0xffff_ffff_8020_0000n), 'image: its entry 0xffffffff80200000 is a kernel\'s virtual address: give a kernel with --kernel and its root task with --root'],
    ['one outside RAM', () => boot(image(0x1000n)), 'image: loadable segment 0 at 0x1000 to 0x1004 lies outside RAM (0x80000000 to 0x84000000)'],
    ['a flat one larger than RAM', () => boot(readImage('image', new Uint8Array(65 * MIB))), 'image: 0x4100000 bytes at 0x80200000 do not fit into RAM (0x80000000 to 0x84000000)'],
  ])('refuses %s', (_what, make, message) => {
    expect(make).toThrow(new BootError(message));
  });
});
