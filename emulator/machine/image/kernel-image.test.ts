// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { interfacesOf } from '../../../schema/idl/load.ts';
import { readKernelImage } from './kernel-image.ts';
import { knownLayout } from './layout.ts';
import { labelsOfRelease } from './release-labels.ts';
import { relabel } from './relabel.ts';
import { elfWith, type TestSymbol } from './testing/make-elf.ts';

const BASE = 0xffff_ffff_8020_0000n;

/** Symbols of a release kernel. */
function kernelSymbols(...more: TestSymbol[]): TestSymbol[] {
  const variables = ['ksCurThread', 'ksIdleThread', 'current_fault', 'ksWorkUnitsCompleted', 'ksCurFPUOwner'];
  return [
    { name: 'trap_entry', value: BASE + 0x3000n, size: 232 }, { name: 'c_handle_fastpath_call', value: BASE + 0x3740n, size: 948 },
    ...variables.map((name, i) => ({ name, value: BASE + 0x1_0000n + 8n * BigInt(i), type: 1 })),
    { name: 'ksDomScheduleStart', value: BASE + 0x1_2000n, type: 1 },
    { name: 'ksReadyQueues', value: BASE + 0x2_0000n, size: 4096, type: 1 }, { name: 'ksIdleThreadTCB', value: BASE + 0x2_1000n, size: 2048, type: 1 },
    ...more,
  ];
}

const CUR_SC: TestSymbol = { name: 'ksCurSC', value: BASE + 0x1_1000n, type: 1 };

describe('readKernelImage', () => {
  it('knows a kernel without debug information by its symbols', () => {
    const image = readKernelImage('kernel.elf', elfWith({}, kernelSymbols(CUR_SC)));
    expect(image).toMatchObject({ scheduling: 'mcs', releases: ['15.0.0', '16.0.0'], release: '16.0.0', debug: false, fpu: true, domains: 1 });
    expect(image.layout).toEqual(knownLayout({ scheduling: 'mcs', debug: false, fpu: true, release: '16.0.0' }));
    expect(image.globals).toMatchObject({ curThread: 0x8021_0000, curSchedContext: 0x8021_1000, debugTcbs: undefined });
    expect(image.trapEntry).toEqual({ from: BASE + 0x3000n, to: BASE + 0x30e8n });
    expect(image.fastpaths).toEqual([{ from: BASE + 0x3740n, to: BASE + 0x3af4n }]);
    expect(image.interfaces).toBe(interfacesOf('riscv64-mcs'));
    expect(image.notes).toEqual(['release 15.0.0 or 16.0.0, layouts: known layout of release 16.0.0', 'labels: known of release 16.0.0']);
    expect(readKernelImage('kernel.elf', elfWith({}, kernelSymbols())).scheduling).toBe('classic');
  });

  it.each([
    ['no symbols', elfWith({}), 'kernel.elf has no symbols (it is stripped): give the kernel.elf of the build directory'],
    ['several cores', elfWith({}, kernelSymbols({ name: 'ksSMP', value: BASE })), 'kernel.elf is a kernel for several cores (it has ksSMP)'],
    ['another program', elfWith({}, [{ name: 'main', value: 1n }]), 'it has no symbol ksCurThread, ksIdleThread, ksReadyQueues, trap_entry; is it an seL4 kernel?'],
    ['no current thread', elfWith({}, kernelSymbols().filter(({ name }) => name !== 'ksCurThread')), 'it has no symbol ksCurThread; is it an seL4 kernel?'],
    ['TCBs of another size', elfWith({}, [...kernelSymbols().filter(({ name }) => name !== 'ksIdleThreadTCB'), { name: 'ksIdleThreadTCB', value: BASE, size: 4096 }]),
      'it has no debug information, and TCBs of 4096 bytes, where 2048 are known of release 16.0.0'],
    ['symbols of several releases', elfWith({}, kernelSymbols().filter(({ name }) => name !== 'ksDomScheduleStart')),
      'its symbols fit releases 14.0.0, 15.0.0, 16.0.0, which differ: say which it is with --release'],
    ['symbols that contradict each other', elfWith({}, kernelSymbols({ name: 'create_kernel_untypeds', value: BASE })),
      'its symbols fit no release: create_kernel_untypeds (releases up to 12.1.0), ksCurFPUOwner (releases from 14.0.0), ksDomScheduleStart (releases from 15.0.0); say which it is'],
    ['a kernel before release 11.0.0', elfWith({}, kernelSymbols(), { virtualAddress: 0xffff_ffff_8000_0000n, physicalAddress: 0xc000_0000n }),
      'it runs at 0xffffffff80000000 and lies at 0xc0000000, as kernels before release 11.0.0 did'],
    ['another file', new TextEncoder().encode('#!/bin/sh'), 'kernel.elf: not an ELF file'],
    ['another machine', patched(18, 62), 'kernel.elf: built for machine 62, not for RISC-V'],
    ['a file that is cut off', elfWith({}, kernelSymbols()).subarray(0, 600), 'truncated'],
    ['damaged debug information', elfWith({ '.debug_info': Uint8Array.of(40, 0, 0, 0, 5) }, kernelSymbols()), '.debug_info is cut off'],
  ])('refuses %s', (_, data, message) => {
    expect(() => readKernelImage('kernel.elf', data)).toThrow(message);
  });
});

describe('a release that is given', () => {
  const undecided = elfWith({}, kernelSymbols().filter(({ name }) => name !== 'ksDomScheduleStart'));

  it('decides where symbols do not', () => {
    const image = readKernelImage('kernel.elf', undecided, { release: '14.0.0' });
    expect(image).toMatchObject({ releases: ['14.0.0'], layout: { source: 'known layout of release 14.0.0' } });
    expect(image.interfaces.byId.has('TCBSetFlags')).toBe(true);
    expect(image.interfaces.byId.has('DomainScheduleConfigure')).toBe(false);
    expect(image.notes[1]).toMatch(/^labels: known of release 14\.0\.0; \d+ differ from those of the interface files; the kernel does not have Domain/);
  });

  it('is refused where symbols speak against it', () => {
    expect(() => readKernelImage('kernel.elf', undecided, { release: '13.0.0' }))
      .toThrow('kernel.elf cannot be observed: it is not of release 13.0.0: it has ksCurFPUOwner (releases from 14.0.0)');
    expect(() => readKernelImage('kernel.elf', elfWith({}, kernelSymbols().filter(({ name }) => !name.startsWith('ks') || name === 'ksCurThread' || name === 'ksIdleThread' || name === 'ksReadyQueues')), { release: '11.0.0' }))
      .toThrow('it does not have seL4_CapFault_Msg (releases up to 11.0.0)');
  });

  it('does not matter for labels where interface files are given', () => {
    const interfaces = interfacesOf('riscv64-classic');
    const image = readKernelImage('kernel.elf', undecided, { release: '14.0.0', interfaces: () => interfaces });
    expect(image.interfaces).toBe(interfaces);
    expect(image.notes[1]).toContain('labels of the given interface files');
  });
});

function patched(at: number, value: number): Uint8Array {
  const data = elfWith({}, kernelSymbols());
  data[at] = value;
  return data;
}

describe('knownLayout', () => {
  it('is smaller without a floating-point unit', () => {
    const layout = knownLayout({ scheduling: 'classic', debug: true, fpu: false, release: '16.0.0' });
    expect(layout.tcb).toMatchObject({ objectBytes: 1024, pointerOffset: 512, state: 280, ipcBuffer: 392 });
    expect(layout.tcb.debug).toEqual({ next: 160, previous: 168, name: 176 });
  });
});

describe('relabel', () => {
  const model = interfacesOf('riscv64-mcs');
  const labels = new Map(model.methods.map(({ id, label }) => [id, label]));

  it('leaves a model with the same labels alone', () => {
    expect(relabel(model, labels)).toEqual({ interfaces: model, unknown: [], absent: [], moved: [] });
  });

  it('takes the labels of the kernel, and names what differs', () => {
    const others = new Map([...labels].filter(([id]) => id !== 'TCBSetFlags').map(([id, label]) => [id, label > labels.get('TCBSetFlags')! ? label - 1 : label]));
    others.set('TCBOldMethod', 60);
    const { interfaces, unknown, absent, moved } = relabel(model, others);
    expect([unknown, absent]).toEqual([['TCBOldMethod'], ['TCBSetFlags']]);
    expect(moved).toContain('CNodeRevoke');
    expect(interfaces.byLabel[labels.get('CNodeRevoke')! - 1]?.id).toBe('CNodeRevoke');
    expect(interfaces.byId.has('TCBSetFlags')).toBe(false);
  });

  it('takes a method that a kernel has under a former name', () => {
    const before = relabel(model, labelsOfRelease('12.0.0', 'mcs'));
    expect(before.interfaces.byId.get('SchedControlConfigureFlags')?.label).toBe(labelsOfRelease('12.0.0', 'mcs').get('SchedControlConfigure'));
    expect([...before.unknown, ...before.absent].filter((id) => id.startsWith('SchedControl'))).toEqual([]);
  });
});

describe.each(['mcs', 'classic'] as const)('a real %s kernel', (scheduling) => {
  const path = process.env[`SEL4SCOPE_KERNEL_${scheduling.toUpperCase()}`];
  if (path === undefined) console.warn(`reading a real ${scheduling} kernel is not tested: SEL4SCOPE_KERNEL_${scheduling.toUpperCase()} is not set`);

  it.skipIf(path === undefined)('has the known layout and labels', () => {
    const image = readKernelImage(path!, readFileSync(path!));
    expect(image.scheduling).toBe(scheduling);
    expect({ ...image.layout, source: '' }).toEqual({ ...knownLayout(image), source: '' });
    expect(image.interfaces).toBe(interfacesOf(`riscv64-${scheduling}`));
    expect(image.symbols.at(image.trapEntry.from + 8n)?.name).toBe('trap_entry');
  });
});
