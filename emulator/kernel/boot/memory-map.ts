// SPDX-License-Identifier: BSD-2-Clause
/**
 * Physical memory of the modelled machine, QEMU's riscv `virt` board with 1 GiB of RAM, and what is where after boot.
 * As kernels of commit 1326364b (debug builds) lay it out when they are given no device tree.
 */
import { MAX_UNTYPED_BITS, MIN_UNTYPED_BITS, OBJECT_BITS, MIN_SCHED_CONTEXT_BITS, PAGE_BITS, SLOT_BITS, type Scheduling } from '../../../schema/abi/index.ts';

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

/** Where the objects of the root task are. */
export interface RootObjects {
  readonly cnode: number;
  readonly vspace: number;
  readonly asidPool: number;
  readonly ipcBuffer: number;
  readonly bootInfo: number;
  readonly pageTables: readonly [number, number];
  readonly tcb: number;
  /** MCS only; on a classic kernel the end of the objects. */
  readonly schedContext: number;
  /** All of them together. */
  readonly region: Region;
}

const RAM_END = 0xc000_0000;
/** The firmware's memory ends here; to the kernel all below is a device. */
const KERNEL_START = 0x8020_0000;
/** Code of the kernel that has done its work after boot. */
const BOOT_CODE: Region = { start: KERNEL_START, end: 0x8020_3000 };
const KERNEL_END: Readonly<Record<Scheduling, number>> = { mcs: 0x8022_8000, classic: 0x8022_1000 };
/** Where the root task's image is loaded. */
export const USER_IMAGE_START = 0x8040_0000;

const CORE_TIMER: Region = { start: 0x200_0000, end: 0x220_0000 };
/** The part of the interrupt controller that the kernel uses; the rest of it is given away. */
const INTERRUPT_CONTROLLER: Region = { start: 0xc00_0000, end: 0xc60_0000 };
const PHYSICAL_END = 2 ** 39;

const DEVICES: readonly Region[] = [
  { start: 0, end: CORE_TIMER.start },
  { start: CORE_TIMER.end, end: INTERRUPT_CONTROLLER.start },
  { start: INTERRUPT_CONTROLLER.end, end: KERNEL_START },
  { start: RAM_END, end: PHYSICAL_END },
];

/** Device memory that the root task gets. */
export function deviceBlocks(): Block[] {
  return DEVICES.flatMap(blocksOf);
}

/**
 * RAM that the root task gets: the boot code's, then what is free between kernel, image and the root task's objects.
 * @param imageEnd end of the root task's image
 * @param objects its objects
 */
export function ramBlocks(scheduling: Scheduling, imageEnd: number, objects: Region): Block[] {
  return [
    BOOT_CODE,
    { start: KERNEL_END[scheduling], end: USER_IMAGE_START },
    { start: imageEnd, end: objects.start },
    { start: objects.end, end: RAM_END },
  ].flatMap(blocksOf);
}

/** Places the root task's objects: at the end of RAM, the largest first. */
export function placeRootObjects(scheduling: Scheduling, cnodeBits: number): RootObjects {
  const cnodeSize = 2 ** (cnodeBits + SLOT_BITS);
  const pageSize = 2 ** PAGE_BITS.small;
  const tcbSize = 2 ** OBJECT_BITS[scheduling].TCB!;
  const size = cnodeSize + 6 * pageSize + tcbSize + (scheduling === 'mcs' ? 2 ** MIN_SCHED_CONTEXT_BITS : 0);
  const start = Math.floor((RAM_END - size) / cnodeSize) * cnodeSize;
  const page = (i: number): number => start + cnodeSize + i * pageSize;
  return {
    cnode: start, vspace: page(0), asidPool: page(1), ipcBuffer: page(2), bootInfo: page(3), pageTables: [page(4), page(5)],
    tcb: page(6), schedContext: page(6) + tcbSize, region: { start, end: start + size },
  };
}

/** Blocks of regions that were asked for before: kernels boot with the same few over and over. */
const known = new Map<string, readonly Block[]>();

/** The fewest blocks that make up a region, in the order of their addresses. */
export function blocksOf(region: Region): readonly Block[] {
  const key = `${region.start} ${region.end}`;
  let blocks = known.get(key);
  if (blocks === undefined) known.set(key, (blocks = cutIntoBlocks(region)));
  return blocks;
}

function cutIntoBlocks(region: Region): readonly Block[] {
  const blocks: Block[] = [];
  let paddr = region.start;
  while (paddr < region.end) {
    let sizeBits = MIN_UNTYPED_BITS;
    let size = 2 ** sizeBits;
    while (sizeBits < MAX_UNTYPED_BITS && paddr % (2 * size) === 0 && paddr + 2 * size <= region.end) {
      sizeBits++;
      size *= 2;
    }
    blocks.push({ paddr, sizeBits });
    paddr += size;
  }
  return blocks;
}
