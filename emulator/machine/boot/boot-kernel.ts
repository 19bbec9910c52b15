// SPDX-License-Identifier: BSD-2-Clause
/**
 * Boots a kernel without a boot loader: puts kernel, device tree and root task where the elfloader would, and starts the
 * hart at the entry of the kernel with its address translation on, as the kernel expects.
 */
import { HART, PAGE_BYTES } from '../memory/layout.ts';
import { a } from '../devices/hart-state.ts';
import { BootError, hex } from './boot-error.ts';
import { loadable, type ElfFile } from './elf64.ts';
import { loadBytes, loadSegments, type Placement } from './load.ts';
import type { Machine } from './machine.ts';
import type { RootImage } from './root-image.ts';
import { startSupervisor } from './supervisor.ts';

export interface KernelBoot {
  readonly kernel: ElfFile;
  readonly rootImage: RootImage;
  /** Device tree blob that the kernel passes on to the root task; none if not given. */
  readonly dtb?: Uint8Array;
}

/** Where {@link bootKernel} has put things, physical. */
export interface KernelPlacement {
  readonly kernel: Placement;
  /** undefined without a device tree. */
  readonly deviceTree: Placement | undefined;
  /** Whole pages. */
  readonly root: Placement;
}

const GIGAPAGE_BITS = 30n;
const GIGAPAGE = 1n << GIGAPAGE_BITS;
/** Valid, readable, writable, executable, accessed, dirty. */
const KERNEL_LEAF = 0xcfn;
const SV39 = 8n << 60n;

/**
 * Loads a kernel and its root task into a machine and readies the hart to enter the kernel. Throws {@link BootError} for
 * a kernel that is none, and for what does not fit.
 */
export function bootKernel(machine: Machine, { kernel, rootImage, dtb }: KernelBoot): KernelPlacement {
  const { memory, state } = machine;
  if (machine.firmware !== 'host') throw new BootError(`${kernel.name}: a kernel without its firmware needs the host to be the firmware`);
  const placedKernel = loadSegments(kernel, memory);
  // The page table lies below the kernel, where firmware would be: the kernel does not own that memory.
  const pageTable = memory.base;
  if (placedKernel.start < pageTable + PAGE_BYTES) throw new BootError(`${kernel.name}: starts at ${hex(placedKernel.start)}: no room for firmware below it`);
  const deviceTree = dtb === undefined ? undefined : loadBytes('device tree', dtb, pageUp(placedKernel.end), memory);
  const root = loadBytes(rootImage.name, rootImage.data, pageUp((deviceTree ?? placedKernel).end), memory);
  const placement = { kernel: placedKernel, deviceTree, root: { start: root.start, end: pageUp(root.end) } };

  const { virtualIndex, leaf } = kernelWindow(kernel);
  memory.writeWord(pageTable + 8 * virtualIndex, leaf);
  startSupervisor(machine, kernel.entry);
  state.setWord(HART.satp, SV39 | BigInt(pageTable / PAGE_BYTES));
  const values = [
    BigInt(root.start), BigInt(placement.root.end), BigInt(root.start) - rootImage.base, rootImage.entry,
    BigInt(deviceTree?.start ?? 0), BigInt(dtb?.length ?? 0), 0n, 0n,
  ];
  values.forEach((value, n) => state.setX(a(n), value));
  machine.hart.flush();
  return placement;
}

/** The root page table entry that maps the kernel's virtual addresses to its physical ones: one of 1 GiB. */
function kernelWindow(kernel: ElfFile): { readonly virtualIndex: number; readonly leaf: bigint } {
  const segments = loadable(kernel);
  const first = segments[0]!;
  const virtualBase = first.virtualAddress >> GIGAPAGE_BITS;
  const physicalBase = first.physicalAddress >> GIGAPAGE_BITS;
  for (const { virtualAddress, physicalAddress, memoryBytes } of segments) {
    const last = virtualAddress + BigInt(memoryBytes) - 1n;
    const sameOffset = virtualAddress % GIGAPAGE === physicalAddress % GIGAPAGE;
    if (!sameOffset || virtualAddress >> GIGAPAGE_BITS !== virtualBase || last >> GIGAPAGE_BITS !== virtualBase || physicalAddress >> GIGAPAGE_BITS !== physicalBase) {
      throw new BootError(`${kernel.name}: its segments do not lie in one GiB of virtual and of physical memory: not an seL4 kernel for this platform`);
    }
  }
  if (kernel.entry >> GIGAPAGE_BITS !== virtualBase) throw new BootError(`${kernel.name}: its entry ${hex(kernel.entry)} lies outside its segments`);
  if (BigInt.asUintN(64, BigInt.asIntN(39, first.virtualAddress)) !== first.virtualAddress) {
    throw new BootError(`${kernel.name}: ${hex(first.virtualAddress)} is no virtual address of Sv39`);
  }
  return { virtualIndex: Number(BigInt.asUintN(9, virtualBase)), leaf: ((physicalBase << GIGAPAGE_BITS) >> 2n) | KERNEL_LEAF };
}

function pageUp(address: number): number {
  return Math.ceil(address / PAGE_BYTES) * PAGE_BYTES;
}
