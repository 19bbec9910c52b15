// SPDX-License-Identifier: BSD-2-Clause
/**
 * Physical memory of the modelled machine: laid out like QEMU's riscv `virt` board, with 512 MiB of RAM.
 * Everything that is not RAM and not the kernel's own is given away as device memory.
 */
import { MAX_UNTYPED_BITS, MIN_UNTYPED_BITS } from '../../../schema/abi/index.ts';

/** Physical addresses from `start` up to but not including `end`. */
export interface Region {
  readonly start: number;
  readonly end: number;
}

/** A power of two of bytes, aligned to its size. */
export interface Block {
  readonly paddr: number;
  readonly sizeBits: number;
}

const RAM: Region = { start: 0x8000_0000, end: 0xa000_0000 };
/** Firmware and the kernel image lie below; the root task's objects follow. */
export const FREE_RAM_START = 0x8040_0000;
const INTERRUPT_CONTROLLER: Region = { start: 0xc00_0000, end: 0x1000_0000 };
const CORE_TIMER: Region = { start: 0x200_0000, end: 0x201_0000 };
/** End of the addresses that the kernel can reach. */
const PHYSICAL_END = 254 * 2 ** 30;

const DEVICES: readonly Region[] = [
  { start: 0, end: CORE_TIMER.start },
  { start: CORE_TIMER.end, end: INTERRUPT_CONTROLLER.start },
  { start: INTERRUPT_CONTROLLER.end, end: RAM.start },
  { start: RAM.end, end: PHYSICAL_END },
];

/** Device memory that the root task gets. */
export function deviceBlocks(): Block[] {
  return DEVICES.flatMap(blocksOf);
}

/** RAM that the root task gets when its own objects end at `used`. */
export function ramBlocks(used: number): Block[] {
  return blocksOf({ start: used, end: RAM.end });
}

/** The fewest blocks that make up a region. */
export function blocksOf(region: Region): Block[] {
  const blocks: Block[] = [];
  let paddr = region.start;
  while (paddr < region.end) {
    let sizeBits = MIN_UNTYPED_BITS;
    while (sizeBits < MAX_UNTYPED_BITS && paddr % 2 ** (sizeBits + 1) === 0 && paddr + 2 ** (sizeBits + 1) <= region.end) sizeBits++;
    blocks.push({ paddr, sizeBits });
    paddr += 2 ** sizeBits;
  }
  return blocks;
}

/** Gives out aligned memory from an address on. */
export class BootMemory {
  next: number;

  constructor(start: number) {
    this.next = start;
  }

  /** Address of 2^bits bytes. */
  allocate(bits: number): number {
    const size = 2 ** bits;
    const paddr = Math.ceil(this.next / size) * size;
    this.next = paddr + size;
    return paddr;
  }
}
