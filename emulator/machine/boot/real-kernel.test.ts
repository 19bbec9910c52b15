// SPDX-License-Identifier: BSD-2-Clause
/**
 * Real kernels, built outside the checkout with debug printing for qemu-riscv-virt. The environment names them:
 * `SEL4SCOPE_KERNEL_MCS` and `SEL4SCOPE_KERNEL_CLASSIC` a kernel.elf, `SEL4SCOPE_SEL4TEST_MCS` and
 * `SEL4SCOPE_SEL4TEST_CLASSIC` a complete sel4test image (minutes each).
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assemble } from '../isa/assemble.ts';
import { deviceTreeBytes } from '../devices/flattened-device-tree.ts';
import { virtDeviceTree } from '../devices/virt-platform.ts';
import { bootImage, readImage } from './boot-image.ts';
import { bootKernel } from './boot-kernel.ts';
import { readElf } from './elf64.ts';
import { readElfloaderArchive } from './elfloader-archive.ts';
import { HART_NAMES } from './harts.ts';
import { Machine, type MachineOptions } from './machine.ts';
import { rootImageOf, type RootImage } from './root-image.ts';
import { restoreMachine, saveMachine, stateHash } from './snapshot.ts';

/** Numbers of the system calls DebugPutChar and DebugHalt. */
const SYSCALLS = { MCS: { putChar: -12, halt: -14 }, CLASSIC: { putChar: -9, halt: -11 } } as const;
type Kind = keyof typeof SYSCALLS;
const KINDS = Object.keys(SYSCALLS) as Kind[];
const LAST_LINE = 'All is well in the universe';
const MINUTE = 60_000;

function named(variable: string): string | undefined {
  const path = process.env[variable];
  if (path === undefined) console.warn(`tests of a real kernel are skipped: ${variable} is not set`);
  return path;
}

/** A root task that says hello and halts the kernel. */
function helloRoot({ putChar, halt }: typeof SYSCALLS[Kind]): RootImage {
  const base = 0x1_0000n;
  const text = [...new TextEncoder().encode('hello from the root task\n')];
  const { bytes } = assemble(`${text.map((byte) => `li a0, ${byte}\n li a7, ${putChar}\n ecall`).join('\n')}\n li a7, ${halt}\n ecall\n j .`, base);
  return { name: 'hello', base, entry: base, data: bytes };
}

function bootHello(kind: Kind, kernel: string, options: MachineOptions): Machine {
  const machine = new Machine(options);
  const { memory } = machine;
  bootKernel(machine, { kernel: readElf(kernel, readFileSync(kernel)), rootImage: helloRoot(SYSCALLS[kind]), dtb: virtDeviceTree(memory.base, memory.bytes) });
  return machine;
}

describe.each(KINDS)('%s kernel', (kind) => {
  const kernel = named(`SEL4SCOPE_KERNEL_${kind}`);

  it.skipIf(kernel === undefined).each(HART_NAMES)('runs its root task on the %s hart until that halts it', (hart) => {
    const machine = bootHello(kind, kernel!, { hart });
    machine.run(2_000_000);
    expect(machine.console.lines()).toEqual(expect.arrayContaining(['Booting all finished, dropped to user space', 'hello from the root task']));
    expect(machine.console.panic).toBeUndefined();
    expect(machine.ended).toEqual({ kind: 'shutdown', by: 'SBI' });
    expect(machine.bus.diagnostics()).toEqual([]);
    expect([...machine.sbi.unsupported]).toEqual([]);
  }, 5 * MINUTE);

  it.skipIf(kernel === undefined)('goes on from a save in the middle as if nothing had happened', () => {
    const whole = bootHello(kind, kernel!, {});
    whole.run(2_000_000);
    for (const at of [50_000, 120_000, 160_000]) {
      const first = bootHello(kind, kernel!, {});
      first.run(at);
      const machine = restoreMachine('saved', saveMachine(first));
      machine.run(2_000_000);
      expect([machine.instructions, machine.console.lines(), stateHash(machine)]).toEqual([whole.instructions, whole.console.lines(), stateHash(whole)]);
    }
  }, 5 * MINUTE);

  it.skipIf(kernel === undefined)('leads both harts through the same states', () => {
    const wasm = bootHello(kind, kernel!, { hart: 'wasm' });
    const oracle = bootHello(kind, kernel!, { hart: 'typescript' });
    while (wasm.ended === undefined) {
      expect([oracle.run(10_007), oracle.instructions]).toEqual([wasm.run(10_007), wasm.instructions]);
      expect(stateHash(oracle)).toBe(stateHash(wasm));
    }
  }, 5 * MINUTE);

  it.skipIf(kernel === undefined)('gives up with a root task that lies where no user memory can be, and says so', () => {
    const machine = new Machine();
    bootKernel(machine, { kernel: readElf(kernel!, readFileSync(kernel!)), rootImage: { ...helloRoot(SYSCALLS[kind]), base: 0x80_0000_0000n, entry: 0x80_0000_0000n } });
    machine.run(2_000_000);
    expect(machine.console.panic).toMatch(/^seL4 called fail at .* kernel init failed/);
    expect(machine.ended).toEqual({ kind: 'shutdown', by: 'SBI' });
  });

  it.skipIf(kernel === undefined)('is refused as a complete image', () => {
    expect(() => readImage(kernel!, readFileSync(kernel!))).toThrow(/give a kernel with --kernel/);
  });

  const image = named(`SEL4SCOPE_SEL4TEST_${kind}`);
  it.skipIf(image === undefined)('lies in an elfloader image with its root task', () => {
    const { kernel: kernelData, dtb, root } = readElfloaderArchive(image!, readFileSync(image!));
    expect(readElf('kernel', kernelData).entry).toBe(0xffff_ffff_8020_0000n);
    expect(deviceTreeBytes(dtb!)).toBeGreaterThan(1000);
    expect(rootImageOf(readElf('root', root), 2 ** 30).data.length).toBeGreaterThan(2 ** 20);
  });

  it.skipIf(image === undefined)('passes sel4test', () => {
    const lines: string[] = [];
    let line = '';
    const read = readImage(image!, readFileSync(image!));
    const machine = new Machine({
      firmware: read.firmware,
      onConsole: (byte) => {
        line += byte === 10 ? '' : String.fromCharCode(byte);
        if (line.endsWith(LAST_LINE)) machine.pause();
        if (byte !== 10) return;
        lines.push(line);
        line = '';
      },
    });
    bootImage(machine, read);
    expect(machine.run(60e9)).toBe('paused');
    expect(lines.filter((each) => /^Test \w+ failed/.test(each))).toEqual([]);
    expect(lines.at(-1)).toMatch(/^Test suite passed\. \d+ tests passed\./);
  }, 60 * MINUTE);
});
