// SPDX-License-Identifier: BSD-2-Clause
/** Boots a complete image: one with its own firmware as QEMU's `-bios none -kernel IMAGE` would, or an elfloader without. */
import { HART, RAM_BASE } from '../memory/layout.ts';
import { assemble } from '../isa/assemble.ts';
import { a } from '../devices/hart-state.ts';
import { BootError, hex } from './boot-error.ts';
import { loadable, looksLikeElf, readElf, type ElfFile } from './elf64.ts';
import { loadBytes, loadSegments } from './load.ts';
import type { Firmware, Machine } from './machine.ts';
import { startSupervisor } from './supervisor.ts';

/** Where firmware hands over to its payload on this platform. */
const PAYLOAD = 0x8020_0000;
/** QEMU puts the device tree at the last multiple of 2 MiB below 3 GiB, or below the end of RAM. */
const DEVICE_TREE_LIMIT = 0xc000_0000;
const DEVICE_TREE_ALIGN = 0x20_0000;
const MACHINE_MODE = 3;

/** A complete image, and who must be its firmware. */
export interface BootImage {
  readonly name: string;
  readonly data: Uint8Array;
  /** undefined for a flat binary. */
  readonly elf: ElfFile | undefined;
  /** How far the image is moved from where it was linked. */
  readonly offset: bigint;
  readonly firmware: Firmware;
}

/**
 * Looks at a file: an ELF file that starts where RAM starts brings its firmware; one that starts higher, and a flat
 * binary, which belongs at 0x80200000, do not.
 */
export function readImage(name: string, data: Uint8Array): BootImage {
  if (data.length === 0) throw new BootError(`${name}: the file is empty`);
  if (!looksLikeElf(data)) return { name, data, elf: undefined, offset: 0n, firmware: 'host' };
  const elf = readElf(name, data);
  if (elf.entry >> 40n !== 0n) {
    throw new BootError(`${name}: its entry ${hex(elf.entry)} is a kernel's virtual address: give a kernel with --kernel and its root task with --root`);
  }
  // Newer OpenSBI is linked at 0 and finds its place itself.
  const offset = elf.positionIndependent && loadable(elf).some(({ physicalAddress }) => physicalAddress === 0n) ? BigInt(RAM_BASE) : 0n;
  const atReset = loadable(elf).some(({ physicalAddress: start, memoryBytes }) => start + offset <= BigInt(RAM_BASE) && start + offset + BigInt(memoryBytes) > BigInt(RAM_BASE));
  return { name, data, elf, offset, firmware: atReset ? 'guest' : 'host' };
}

/** Loads an image into a machine, which must have been made for its {@link BootImage.firmware}, and readies the hart. */
export function bootImage(machine: Machine, image: BootImage, dtb?: Uint8Array): void {
  const { memory, state, hart } = machine;
  if (machine.firmware !== image.firmware) throw new BootError(`${image.name}: the firmware of the machine must be the ${image.firmware}'s`);
  if (image.firmware === 'guest' && machine.platform.name === 'spike') {
    throw new BootError(`${image.name}: firmware for spike talks to a simulator (HTIF), which is not here: give the elfloader without firmware, or its kernel and root task`);
  }
  if (image.elf === undefined) loadBytes(image.name, image.data, PAYLOAD, memory);
  else loadSegments(image.elf, memory, image.offset);
  const blob = dtb ?? machine.platform.deviceTree(memory.base, memory.bytes);
  const top = Math.min(memory.base + memory.bytes, DEVICE_TREE_LIMIT);
  const at = Math.floor((top - blob.length) / DEVICE_TREE_ALIGN) * DEVICE_TREE_ALIGN;
  loadBytes('device tree', blob, at, memory);
  machine.rom.program(resetVector(at));
  if (image.firmware === 'host') {
    startSupervisor(machine, image.elf?.entry ?? BigInt(PAYLOAD));
  } else {
    state.setU32(HART.privilege, MACHINE_MODE);
    state.setWord(HART.pc, BigInt(RAM_BASE));
    hart.flush();
  }
  state.setX(a(0), 0n);
  state.setX(a(1), BigInt(at));
}

/** What the hart executes after reset on this platform; here it starts where this ends. */
function resetVector(deviceTree: number): Uint8Array {
  return assemble(`
    auipc t0, 0
    csrr a0, mhartid
    ld a1, 32(t0)
    ld t0, 24(t0)
    jr t0
    .align 3
    .dword ${RAM_BASE}, ${deviceTree}`).bytes;
}
