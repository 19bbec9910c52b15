// SPDX-License-Identifier: BSD-2-Clause
/** The platform `spike` as data: a hart, its timer, and a console that only firmware reaches. */
import { cells64, flatten } from './flattened-device-tree.ts';
import { ADDRESS_MAP, TIMEBASE } from './virt-platform.ts';

/** Phandle of the hart's interrupt controller. */
const HART_INTERRUPTS = 1;

/** Device tree of the machine with a size of RAM. */
export function spikeDeviceTree(ramBase: number, ramBytes: number): Uint8Array {
  const wide = { '#address-cells': [2], '#size-cells': [2] };
  const { clint } = ADDRESS_MAP;
  return flatten({
    name: '',
    properties: { ...wide, compatible: 'ucbbar,spike-bare-dev', model: 'ucbbar,spike-bare,qemu' },
    children: [
      { name: `memory@${ramBase.toString(16)}`, properties: { device_type: 'memory', reg: [...cells64(ramBase), ...cells64(ramBytes)] } },
      {
        name: 'cpus',
        properties: { '#address-cells': [1], '#size-cells': [0], 'timebase-frequency': [TIMEBASE] },
        children: [{
          name: 'cpu@0',
          properties: { device_type: 'cpu', reg: [0], status: 'okay', compatible: 'riscv', 'riscv,isa': 'rv64imafdc', 'mmu-type': 'riscv,sv39' },
          children: [{
            name: 'interrupt-controller',
            properties: { '#interrupt-cells': [1], 'interrupt-controller': true, compatible: 'riscv,cpu-intc', phandle: [HART_INTERRUPTS] },
          }],
        }],
      },
      {
        name: 'soc',
        properties: { ...wide, compatible: 'simple-bus', ranges: true },
        children: [{
          name: `clint@${clint.base.toString(16)}`,
          properties: { compatible: ['sifive,clint0', 'riscv,clint0'], reg: [...cells64(clint.base), ...cells64(clint.bytes)], 'interrupts-extended': [HART_INTERRUPTS, 3, HART_INTERRUPTS, 7] },
        }],
      },
    ],
  });
}
