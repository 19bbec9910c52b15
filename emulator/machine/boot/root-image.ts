// SPDX-License-Identifier: BSD-2-Clause
import { BootError, hex } from './boot-error.ts';
import { loadable, segmentData, type ElfFile } from './elf64.ts';
import { PAGE_BYTES } from '../memory/layout.ts';

/** Memory of the root task as the kernel is given it: contiguous, mapped page by page from `base` up. */
export interface RootImage {
  /** For messages. */
  readonly name: string;
  /** Lowest virtual address; a multiple of 4 KiB. */
  readonly base: bigint;
  /** Virtual address of the first instruction. */
  readonly entry: bigint;
  /** Contents from `base` on; zeros follow to the end of the page. */
  readonly data: Uint8Array;
}

/** The image of an ELF file: its segments from the lowest to the end of the highest, what lies between filled with zeros. */
export function rootImageOf(file: ElfFile, mostBytes: number): RootImage {
  const segments = loadable(file);
  const low = segments.reduce((least, each) => (each.virtualAddress < least ? each.virtualAddress : least), segments[0]!.virtualAddress);
  const high = segments.reduce((most, each) => (endOf(each) > most ? endOf(each) : most), 0n);
  if (low % BigInt(PAGE_BYTES) !== 0n) throw new BootError(`${file.name}: its lowest segment starts at ${hex(low)}, which is no multiple of ${PAGE_BYTES}`);
  if (high - low > BigInt(mostBytes)) throw new BootError(`${file.name}: takes up ${hex(high - low)} bytes from ${hex(low)} on, RAM has ${hex(mostBytes)}`);
  if (file.entry < low || file.entry >= high) throw new BootError(`${file.name}: its entry ${hex(file.entry)} lies outside its segments`);
  const data = new Uint8Array(Number(high - low));
  for (const segment of segments) data.set(segmentData(file, segment), Number(segment.virtualAddress - low));
  return { name: file.name, base: low, entry: file.entry, data };
}

function endOf({ virtualAddress, memoryBytes }: { readonly virtualAddress: bigint; readonly memoryBytes: number }): bigint {
  return virtualAddress + BigInt(memoryBytes);
}
