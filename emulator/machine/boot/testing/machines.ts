// SPDX-License-Identifier: BSD-2-Clause
/** Machines for tests. */
import { assemble } from '../../isa/assemble.ts';
import { bootImage, readImage } from '../boot-image.ts';
import type { HartName } from '../harts.ts';
import { Machine, type MachineOptions } from '../machine.ts';
import { elfOf } from './elf.ts';

const MIB = 2 ** 20;

/** A machine with an image, and what it has written to its console. */
export interface Booted {
  readonly machine: Machine;
  readonly text: () => string;
}

/** Boots a complete image on a machine of 64 MiB. */
export function booted(name: string, data: Uint8Array, options: Omit<MachineOptions, 'firmware' | 'onConsole'> = {}): Booted {
  const image = readImage(name, data);
  const bytes: number[] = [];
  const machine = new Machine({ ramBytes: 64 * MIB, ...options, firmware: image.firmware, onConsole: (byte) => bytes.push(byte) });
  bootImage(machine, image);
  return { machine, text: () => String.fromCharCode(...bytes) };
}

/** Boots a program in assembly language: in M mode as firmware, or in S mode over the firmware of the host. */
export function bootedProgram(mode: 'M' | 'S', source: string, hart: HartName, options: Pick<MachineOptions, 'stuckAfter'> = {}): Booted {
  const base = mode === 'M' ? 0x8000_0000n : 0x8020_0000n;
  const { bytes } = assemble(source, base);
  return booted('program', mode === 'M' ? elfOf(base, [{ virtualAddress: base, data: bytes }]) : bytes, { ...options, hart });
}
