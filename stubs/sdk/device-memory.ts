// SPDX-License-Identifier: BSD-2-Clause
import type { UntypedDescription } from '../../schema/abi/boot-info.ts';
import { OBJECT_TYPES, PAGE_BITS, type ObjectTypeName } from '../../schema/abi/objects.ts';
import type { ThreadRuntime } from '../runtime/thread-runtime.ts';
import type { ClassesOf, KernelObjects } from './kernel-objects.ts';
import type { SlotAllocator } from './slot-allocator.ts';
import { OutOfMemoryError } from './untyped-allocator.ts';

/** Physical memory of devices that nothing was made of yet: an untyped capability and where its region lies. */
interface DeviceRegion {
  readonly slot: number;
  readonly paddr: bigint;
  readonly sizeBits: number;
}

/** The device memory of a task, shared by its threads. */
export class DeviceRegions {
  private readonly regions: DeviceRegion[];

  constructor(untypeds: readonly UntypedDescription[]) {
    this.regions = untypeds.filter(({ isDevice }) => isDevice);
  }

  /** Takes the region that an aligned block lies in out of the list. */
  take(paddr: bigint, sizeBits: number): DeviceRegion | undefined {
    const i = this.regions.findIndex((region) => region.sizeBits >= sizeBits && contains(region, paddr));
    return i < 0 ? undefined : this.regions.splice(i, 1)[0];
  }

  give(region: DeviceRegion): void {
    this.regions.push(region);
  }
}

/** Names of frame types by the bits of their size. */
const FRAME_TYPES: ReadonlyMap<number, ObjectTypeName & keyof KernelObjects> = new Map([
  [PAGE_BITS.small, 'RISCV_4K_Page'], [PAGE_BITS.mega, 'RISCV_Mega_Page'], [PAGE_BITS.giga, 'RISCV_Giga_Page'],
]);

/** Makes frames of device memory, by invocations of one thread. */
export class DeviceAllocator<O extends KernelObjects> {
  private readonly runtime: ThreadRuntime;
  private readonly classes: ClassesOf<O>;
  private readonly regions: DeviceRegions;
  private readonly slots: SlotAllocator;
  private readonly rootCNode: number;

  constructor(runtime: ThreadRuntime, classes: ClassesOf<O>, regions: DeviceRegions, slots: SlotAllocator, rootCNode: number) {
    this.runtime = runtime;
    this.classes = classes;
    this.regions = regions;
    this.slots = slots;
    this.rootCNode = rootCNode;
  }

  /**
   * The frame of the device memory at a physical address, which is aligned to its size. Each can be made once; copy its
   * capability to share it.
   *
   * Throws a RangeError for an address that is not aligned, an {@link OutOfMemoryError} when the task has no device
   * memory there (left), and the kernel's error if it refuses for another reason.
   */
  async frame(paddr: bigint, sizeBits: number = PAGE_BITS.small): Promise<O['RISCV_4K_Page']> {
    const type = FRAME_TYPES.get(sizeBits);
    if (type === undefined) throw new RangeError(`there are no frames of 2^${sizeBits} bytes`);
    if (BigInt.asUintN(sizeBits, paddr) !== 0n) throw new RangeError(`0x${paddr.toString(16)} is not aligned to a frame of 2^${sizeBits} bytes`);
    let region = this.regions.take(paddr, sizeBits);
    if (region === undefined) throw new OutOfMemoryError(`the task has no device memory of 2^${sizeBits} bytes at 0x${paddr.toString(16)}`);
    while (region.sizeBits > sizeBits) region = await this.halve(region, paddr);
    const slot = this.slots.allocate();
    await this.retype(region, type, 0, slot, 1);
    return new this.classes[type](this.runtime, slot) as O['RISCV_4K_Page'];
  }

  /** Splits a region and gives the half with this address; the other stays in the list. */
  private async halve(region: DeviceRegion, paddr: bigint): Promise<DeviceRegion> {
    const sizeBits = region.sizeBits - 1;
    const slot = this.slots.allocateRange(2);
    await this.retype(region, 'Untyped', sizeBits, slot, 2);
    const lower = { slot, paddr: region.paddr, sizeBits };
    const upper = { slot: slot + 1, paddr: region.paddr + (1n << BigInt(sizeBits)), sizeBits };
    const [wanted, other] = contains(lower, paddr) ? [lower, upper] : [upper, lower];
    this.regions.give(other);
    return wanted;
  }

  private retype(region: DeviceRegion, type: ObjectTypeName, sizeBits: number, slot: number, count: number): Promise<void> {
    const untyped = new this.classes.Untyped(this.runtime, region.slot);
    return untyped.retype(OBJECT_TYPES[this.runtime.scheduling][type]!, sizeBits, this.rootCNode, 0, 0, slot, count);
  }
}

function contains({ paddr, sizeBits }: DeviceRegion, address: bigint): boolean {
  return address >= paddr && address < paddr + (1n << BigInt(sizeBits));
}
