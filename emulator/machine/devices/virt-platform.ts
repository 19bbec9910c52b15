// SPDX-License-Identifier: BSD-2-Clause
/** The platform `qemu-riscv-virt` as data: where devices lie, which interrupts they raise, what its device tree says. */
import { cells64, flatten, type DeviceTreeNode } from './flattened-device-tree.ts';
import { PLIC_SOURCES } from './plic.ts';

/** Physical addresses and sizes. */
export const ADDRESS_MAP = Object.freeze({
  rom: { base: 0x1000, bytes: 0xf000 },
  finisher: { base: 0x10_0000, bytes: 0x1000 },
  rtc: { base: 0x10_1000, bytes: 0x1000 },
  clint: { base: 0x200_0000, bytes: 0x1_0000 },
  plic: { base: 0xc00_0000, bytes: 0x60_0000 },
  uart: { base: 0x1000_0000, bytes: 0x100 },
});

/** Sources of the PLIC. */
export const IRQ = Object.freeze({ uart: 10, rtc: 11 });

/** Frequency of the time CSR, Hz. */
export const TIMEBASE = 10_000_000;
export const NS_PER_TICK = 1_000_000_000 / TIMEBASE;
/** Input clock of the UART, Hz. */
const UART_CLOCK = 3_686_400;

/** Phandles of nodes that others refer to. */
const HANDLE = Object.freeze({ cpu: 1, cpuInterrupts: 2, plic: 3, finisher: 4 });

function reg({ base, bytes }: { readonly base: number; readonly bytes: number }): number[] {
  return [...cells64(base), ...cells64(bytes)];
}

/** Device tree of the machine with a size of RAM. */
export function virtDeviceTree(ramBase: number, ramBytes: number): Uint8Array {
  const wide = { '#address-cells': [2], '#size-cells': [2] };
  const bySource = (source: number) => ({ interrupts: [source], 'interrupt-parent': [HANDLE.plic] });
  const syscon = (value: number) => ({ value: [value], offset: [0], regmap: [HANDLE.finisher] });
  const cpu: DeviceTreeNode = {
    name: 'cpu@0',
    properties: { phandle: [HANDLE.cpu], device_type: 'cpu', reg: [0], status: 'okay', compatible: 'riscv', 'riscv,isa': 'rv64imafdc_zicsr_zifencei', 'mmu-type': 'riscv,sv39' },
    children: [{
      name: 'interrupt-controller',
      properties: { '#interrupt-cells': [1], 'interrupt-controller': true, compatible: 'riscv,cpu-intc', phandle: [HANDLE.cpuInterrupts] },
    }],
  };
  const soc: readonly DeviceTreeNode[] = [
    { name: 'rtc@101000', properties: { ...bySource(IRQ.rtc), reg: reg(ADDRESS_MAP.rtc), compatible: 'google,goldfish-rtc' } },
    { name: 'serial@10000000', properties: { ...bySource(IRQ.uart), 'clock-frequency': [UART_CLOCK], reg: reg(ADDRESS_MAP.uart), compatible: 'ns16550a' } },
    { name: 'test@100000', properties: { phandle: [HANDLE.finisher], reg: reg(ADDRESS_MAP.finisher), compatible: ['sifive,test1', 'sifive,test0', 'syscon'] } },
    {
      name: 'plic@c000000',
      properties: {
        phandle: [HANDLE.plic], 'riscv,ndev': [PLIC_SOURCES], reg: reg(ADDRESS_MAP.plic), 'interrupts-extended': [HANDLE.cpuInterrupts, 11, HANDLE.cpuInterrupts, 9],
        'interrupt-controller': true, compatible: ['sifive,plic-1.0.0', 'riscv,plic0'], '#address-cells': [0], '#interrupt-cells': [1],
      },
    },
    {
      name: 'clint@2000000',
      properties: { 'interrupts-extended': [HANDLE.cpuInterrupts, 3, HANDLE.cpuInterrupts, 7], reg: reg(ADDRESS_MAP.clint), compatible: ['sifive,clint0', 'riscv,clint0'] },
    },
  ];
  return flatten({
    name: '',
    properties: { ...wide, compatible: 'riscv-virtio', model: 'riscv-virtio,qemu' },
    children: [
      { name: 'chosen', properties: { 'stdout-path': '/soc/serial@10000000' } },
      { name: 'poweroff', properties: { ...syscon(0x5555), compatible: 'syscon-poweroff' } },
      { name: 'reboot', properties: { ...syscon(0x7777), compatible: 'syscon-reboot' } },
      { name: `memory@${ramBase.toString(16)}`, properties: { device_type: 'memory', reg: reg({ base: ramBase, bytes: ramBytes }) } },
      {
        name: 'cpus',
        properties: { '#address-cells': [1], '#size-cells': [0], 'timebase-frequency': [TIMEBASE] },
        children: [cpu, { name: 'cpu-map', properties: {}, children: [{ name: 'cluster0', properties: {}, children: [{ name: 'core0', properties: { cpu: [HANDLE.cpu] } }] }] }],
      },
      { name: 'soc', properties: { ...wide, compatible: 'simple-bus', ranges: true }, children: soc },
    ],
  });
}
