// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { assemble } from '../isa/assemble.ts';
import { HART } from '../memory/layout.ts';
import { BootError } from './boot-error.ts';
import { bootKernel } from './boot-kernel.ts';
import { readElf } from './elf64.ts';
import { HART_NAMES } from './harts.ts';
import { Machine } from './machine.ts';
import type { RootImage } from './root-image.ts';
import { elfOf, type TestSegment } from './testing/elf.ts';

const MIB = 2 ** 20;
const VIRTUAL = 0xffff_ffff_8020_0000n;
const PHYSICAL = 0x8020_0000n;
const rootImage: RootImage = { name: 'root', base: 0x1_0000n, entry: 0x1_0123n, data: Uint8Array.from({ length: 5000 }, (_, i) => i & 0xff) };

function kernel(...segments: TestSegment[]) {
  return readElf('kernel.elf', elfOf(VIRTUAL, segments));
}

/** Prints each of a0 to a7 as 16 hexadecimal digits and shuts down. */
const PRINTER = `
    ${[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `mv s${n + 2}, a${n}`).join('\n')}
    ${[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `mv a0, s${n + 2}\n call hex`).join('\n')}
    li a7, 8
    ecall
    hex:
    mv t0, a0
    li t1, 60
    next:
    srl a0, t0, t1
    andi a0, a0, 15
    slti t2, a0, 10
    addi a0, a0, 87
    beqz t2, put
    addi a0, a0, -39
    put:
    li a7, 1
    ecall
    addi t1, t1, -4
    bgez t1, next
    ret`;

describe.each(HART_NAMES)('boot of a kernel on the %s hart', (hart) => {
  it('starts it at its virtual address with the registers that it expects', () => {
    const bytes: number[] = [];
    const machine = new Machine({ hart, ramBytes: 64 * MIB, onConsole: (byte) => bytes.push(byte) });
    const image = kernel({ virtualAddress: VIRTUAL, physicalAddress: PHYSICAL, data: assemble(PRINTER, VIRTUAL).bytes, memoryBytes: 0x1800 });
    const dtb = Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed, 1);
    const placed = bootKernel(machine, { kernel: image, rootImage, dtb });
    expect(placed).toEqual({
      kernel: { start: 0x8020_0000, end: 0x8020_1800 }, deviceTree: { start: 0x8020_2000, end: 0x8020_2005 }, root: { start: 0x8020_3000, end: 0x8020_5000 },
    });
    expect([...machine.memory.read(0x8020_2000, 5)]).toEqual([...dtb]);
    expect(machine.memory.read(0x8020_3000, 5000)).toEqual(rootImage.data);
    machine.run(100_000);
    const words = [0x8020_3000n, 0x8020_5000n, 0x8020_3000n - 0x1_0000n, 0x1_0123n, 0x8020_2000n, 5n, 0n, 0n];
    expect(String.fromCharCode(...bytes).match(/.{16}/g)).toEqual(words.map((word) => word.toString(16).padStart(16, '0')));
    expect(machine.ended).toEqual({ kind: 'shutdown', by: 'SBI' });
  });

  it('puts the root task right behind the kernel when there is no device tree; its offset may be negative', () => {
    const machine = new Machine({ hart, ramBytes: 64 * MIB });
    const image = kernel({ virtualAddress: VIRTUAL, physicalAddress: PHYSICAL, data: Uint8Array.of(1) });
    const placed = bootKernel(machine, { kernel: image, rootImage: { ...rootImage, base: 0x4000_0000_0000n, entry: 0x4000_0000_0000n } });
    expect(placed.root.start).toBe(0x8020_1000);
    expect([machine.state.x(12), machine.state.x(14), machine.state.x(15)]).toEqual([BigInt.asUintN(64, 0x8020_1000n - 0x4000_0000_0000n), 0n, 0n]);
    expect(machine.pc).toBe(VIRTUAL);
    expect(machine.state.u32(HART.privilege)).toBe(1);
  });
});

describe('boot of a kernel', () => {
  const good: TestSegment = { virtualAddress: VIRTUAL, physicalAddress: PHYSICAL, data: Uint8Array.of(1) };
  it.each([
    ['outside RAM', { ...good, physicalAddress: 0x4020_0000n }, 'kernel.elf: loadable segment 0 at 0x40200000 to 0x40200001 lies outside RAM (0x80000000 to 0x84000000)'],
    ['partly outside RAM', { ...good, physicalAddress: 0x83ff_f000n, memoryBytes: 0x2000 }, 'kernel.elf: loadable segment 0 at 0x83fff000 to 0x84001000 lies outside RAM (0x80000000 to 0x84000000)'],
    ['larger than RAM', { ...good, memoryBytes: 0x800_0000 }, 'kernel.elf: needs 0x8000000 bytes, RAM has 0x4000000'],
    ['without room below', { ...good, physicalAddress: 0x8000_0000n }, 'kernel.elf: starts at 0x80000000: no room for firmware below it'],
    ['at another offset in its GiB', { ...good, physicalAddress: 0x8030_0000n }, 'kernel.elf: its segments do not lie in one GiB of virtual and of physical memory: not an seL4 kernel for this platform'],
    ['with an entry elsewhere', { ...good, virtualAddress: 0xffff_ffc0_8020_0000n }, 'kernel.elf: its entry 0xffffffff80200000 lies outside its segments'],
  ])('refuses one %s', (_what, segment, message) => {
    expect(() => bootKernel(new Machine({ ramBytes: 64 * MIB }), { kernel: kernel(segment), rootImage })).toThrow(new BootError(message));
  });

  it('refuses a root task that does not fit', () => {
    const large = { ...rootImage, data: new Uint8Array(63 * MIB) };
    expect(() => bootKernel(new Machine({ ramBytes: 64 * MIB }), { kernel: kernel(good), rootImage: large }))
      .toThrow(new BootError('root: 0x3f00000 bytes at 0x80201000 do not fit into RAM (0x80000000 to 0x84000000)'));
  });

  it('refuses a machine whose firmware is the guest\'s', () => {
    expect(() => bootKernel(new Machine({ ramBytes: 64 * MIB, firmware: 'guest' }), { kernel: kernel(good), rootImage })).toThrow(/needs the host to be the firmware/);
  });
});
