// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { elfWith, type TestSymbol } from '../../emulator/machine/image/testing/make-elf.ts';
import { askedConfiguration, wantsKernel, withKernelOption, type KernelOptions } from './commands/kernel-options.ts';
import { withDefectOption, type DefectOptions } from './commands/options.ts';
import { readKernelFile, schedulingOf, identityOf } from './kernel-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'sel4scope-kernel-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, data: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, data);
  return path;
}

const BASE = 0xffff_ffff_8020_0000n;
const classicKernel = kernelWith('ksDomScheduleStart');

/** With what every kernel has, and symbols that say of which release it is. */
function kernelWith(...symbols: readonly (string | TestSymbol)[]): Uint8Array {
  return elfWith({}, ['ksCurThread', 'ksIdleThread', 'ksReadyQueues', 'trap_entry', ...symbols]
    .map((each, i) => (typeof each === 'string' ? { name: each, value: BASE + BigInt(8 * i), size: 4096 } : each)));
}

describe('--kernel', () => {
  it('reads a kernel, and names it by its contents', () => {
    const file = readKernelFile({ kernel: fileOf('kernel.elf', classicKernel) });
    expect(file.image.scheduling).toBe('classic');
    expect(schedulingOf(file, undefined)).toBe('classic');
    expect(schedulingOf(file, 'classic')).toBe('classic');
    expect(() => schedulingOf(file, 'mcs')).toThrow(/^--config mcs: .*kernel\.elf is a classic kernel$/);
    expect(identityOf(file)).toEqual({ kernel: 'image', kernelVersion: expect.stringMatching(/^kernel\.elf [0-9a-f]{12}$/), release: '', build: expect.stringMatching(/^[0-9a-f]{64}$/), machine: 'qemu-riscv-virt' });
  });

  it.each([
    ['that does not exist', () => join(folder, 'none.elf'), /none\.elf cannot be read: ENOENT/],
    ['that is no ELF file', () => fileOf('text', new TextEncoder().encode('text')), /text: not an ELF file/],
    ['without symbols', () => fileOf('stripped.elf', elfWith({})), /stripped\.elf has no symbols/],
  ])('refuses a file %s', (_, path, message) => {
    expect(() => readKernelFile({ kernel: path() })).toThrow(message);
  });

  it('takes a release that is given, and refuses what it cannot be', () => {
    const kernel = fileOf('kernel.elf', classicKernel);
    expect(identityOf(readKernelFile({ kernel, release: '15.0.0' })).release).toBe('15.0.0');
    expect(() => readKernelFile({ kernel, release: '13.0.0' })).toThrow(/it is not of release 13\.0\.0: it has ksDomScheduleStart \(releases from 15\.0\.0\)$/);
    expect(() => readKernelFile({ kernel, release: '1.2' })).toThrow(/kernels of release '1\.2' are not known; choose from 11\.0\.0, .*16\.0\.0$/);
  });

  it('runs kernels for spike, and of old ones no others', () => {
    const old = ['ksDomScheduleLength', 'handle_syscall', 'create_kernel_untypeds'];
    expect(() => readKernelFile({ kernel: fileOf('old.elf', kernelWith(...old)) })).toThrow(/old\.elf is of release 12\.1\.0: kernels for qemu-riscv-virt came with 13\.0\.0; before, those for spike start here/);
    const kernel = fileOf('spike.elf', kernelWith(...old, { name: 'intStateIRQTable', value: BASE, size: 16 }));
    expect(identityOf(readKernelFile({ kernel }))).toMatchObject({ release: '12.1.0', machine: 'spike' });
    expect([readKernelFile({ kernel }).hasInterrupts, readKernelFile({ kernel: fileOf('kernel.elf', classicKernel) }).hasInterrupts]).toEqual([false, true]);
    expect(readKernelFile({ kernel: fileOf('kernel.elf', classicKernel), platform: 'spike' }).platform).toBe('spike');
  });

  it('reads labels from interface files', () => {
    const kernel = fileOf('kernel.elf', classicKernel);
    const { image, missing } = readKernelFile({ kernel, interfaces: fileURLToPath(new URL('../../schema/interfaces', import.meta.url)) });
    expect(image.notes.at(-1)).toContain('labels of the given interface files');
    expect(missing.size).toBe(0);
    expect(() => readKernelFile({ kernel, interfaces: folder })).toThrow(/no interface files here/);
  });

  it('knows the methods that came later than the kernel', () => {
    const { missing } = readKernelFile({ kernel: fileOf('old.elf', kernelWith('ksDomScheduleLength', 'create_untypeds', 'tlbLockCount')) });
    expect([...missing]).toEqual(['TCBSetFlags', 'DomainScheduleConfigure', 'DomainScheduleSetStart']);
  });

  it('refuses a device tree that is none', () => {
    const kernel = fileOf('kernel.elf', classicKernel);
    expect(() => readKernelFile({ kernel, dtb: fileOf('tree', new Uint8Array(8)) })).toThrow(/tree: not a device tree blob/);
  });

  it.each([
    [['--dtb', 'tree'], '--dtb, --hart, --platform and --interfaces go with --kernel'],
    [['--interfaces', 'seL4'], '--dtb, --hart, --platform and --interfaces go with --kernel'],
    [['--platform', 'spike'], '--dtb, --hart, --platform and --interfaces go with --kernel'],
    [['--kernel', 'k', '--defect', 'sc-consumed'], '--defect changes the model'],
    [['--kernel', 'k', '--check-invariants'], '--check-invariants looks into the model'],
  ])('refuses %s', (words, message) => {
    expect(() => wantsKernel(optionsOf(words))).toThrow(message);
  });

  it('knows whether a configuration was asked for', () => {
    expect(wantsKernel(optionsOf(['--kernel', 'k']))).toBe(true);
    expect(wantsKernel(optionsOf([]))).toBe(false);
    expect(askedConfiguration(parsed(['--kernel', 'k']))).toBeUndefined();
    expect(askedConfiguration(parsed(['--config', 'mcs']))).toBe('mcs');
  });
});

type Options = KernelOptions & DefectOptions & { readonly checkInvariants?: boolean };

function parsed(words: readonly string[]): Command {
  const command = withKernelOption(withDefectOption(new Command('test'))).option('--config <name>', '', 'mcs').option('--check-invariants');
  return command.parse([...words], { from: 'user' });
}

function optionsOf(words: readonly string[]): Options {
  return parsed(words).opts<Options>();
}
