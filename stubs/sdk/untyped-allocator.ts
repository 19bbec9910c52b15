// SPDX-License-Identifier: BSD-2-Clause
import type { BootInfo } from '../../schema/abi/boot-info.ts';
import { MIN_SCHED_CONTEXT_BITS, OBJECT_BITS, OBJECT_TYPES, SLOT_BITS, type ObjectTypeName } from '../../schema/abi/objects.ts';
import type { Scheduling } from '../../schema/abi/syscalls.ts';
import { NotEnoughMemoryError } from '../runtime/kernel-error.ts';
import type { ThreadRuntime } from '../runtime/thread-runtime.ts';
import type { ClassesOf, Creatable, KernelObjects } from './kernel-objects.ts';
import type { SlotAllocator } from './slot-allocator.ts';

/** No untyped memory of the task has room for an object. */
export class OutOfMemoryError extends Error {
  override readonly name = 'OutOfMemoryError';
}

/** One region of untyped memory and how much of it is used, as far as the task knows. */
interface Pool {
  readonly slot: number;
  readonly bytes: number;
  /** Bytes used from the start. The kernel keeps the real watermark; this one only chooses where to try. */
  used: number;
}

/** The untyped memory of a task, shared by its threads. */
export class UntypedPools {
  readonly list: readonly Pool[];
  /** log2 of the bytes of the smallest scheduling context. */
  readonly minSchedContextBits: number;

  /** Device memory is left out: only frames can be made of it. */
  constructor({ untypedList, minSchedContextBits = MIN_SCHED_CONTEXT_BITS }: Pick<BootInfo, 'untypedList' | 'minSchedContextBits'>) {
    this.minSchedContextBits = minSchedContextBits;
    this.list = untypedList
      .filter(({ isDevice }) => !isDevice)
      .map(({ slot, sizeBits }) => ({ slot, bytes: 2 ** sizeBits, used: 0 }))
      .sort((a, b) => a.bytes - b.bytes);
  }

  /** The regions with room for an object of `bytes`, a power of two; the smallest region first. */
  fitting(bytes: number): Pool[] {
    return this.list.filter((pool) => alignUp(pool.used, bytes) + bytes <= pool.bytes);
  }
}

export interface CreateOptions {
  /** log2 of the slots of a CapTable, of the bytes of an Untyped or SchedContext. Needed for CapTable and Untyped. */
  readonly sizeBits?: number;
  /** Name for observers. */
  readonly name?: string;
}

/** Creates kernel objects from the untyped memory of a task, by invocations of one thread. */
export class UntypedAllocator<O extends KernelObjects> {
  private readonly runtime: ThreadRuntime;
  private readonly classes: ClassesOf<O>;
  private readonly pools: UntypedPools;
  private readonly slots: SlotAllocator;
  private readonly rootCNode: number;

  constructor(runtime: ThreadRuntime, classes: ClassesOf<O>, pools: UntypedPools, slots: SlotAllocator, rootCNode: number) {
    this.runtime = runtime;
    this.classes = classes;
    this.pools = pools;
    this.slots = slots;
    this.rootCNode = rootCNode;
  }

  /**
   * Creates one object and gives its capability, which is in a new slot of the root CNode.
   *
   * Throws an {@link OutOfMemoryError} when no untyped memory has room, and the kernel's error if it refuses for
   * another reason.
   */
  async create<K extends Creatable<O>>(type: K, options: CreateOptions = {}): Promise<O[K]> {
    const { scheduling } = this.runtime;
    const sizeBits = this.sizeBitsOf(type, options.sizeBits);
    const bytes = 2 ** objectBits(scheduling, type, sizeBits);
    const slot = this.slots.allocate();
    try {
      await this.retype(type, sizeBits, bytes, slot);
    } catch (error) {
      this.slots.free(slot);
      throw error;
    }
    if (options.name !== undefined) this.runtime.context.hint(BigInt(slot), options.name);
    return new this.classes[type](this.runtime, slot);
  }

  private async retype(type: Creatable<O>, sizeBits: number, bytes: number, slot: number): Promise<void> {
    const number = OBJECT_TYPES[this.runtime.scheduling][type]!;
    for (const pool of this.pools.fitting(bytes)) {
      const untyped = new this.classes.Untyped(this.runtime, pool.slot);
      const result = await untyped.tryRetype(number, sizeBits, this.rootCNode, 0, 0, slot, 1);
      if (result.ok) {
        pool.used = alignUp(pool.used, bytes) + bytes;
        return;
      }
      if (!(result.error instanceof NotEnoughMemoryError)) throw result.error;
      // Somebody retyped this region by other means: now we know how much is left.
      pool.used = Math.max(pool.used, pool.bytes - Number(result.error.bytes));
    }
    throw new OutOfMemoryError(this.describeShortage(type, bytes));
  }

  private sizeBitsOf(type: string, given: number | undefined): number {
    if (given !== undefined) return given;
    if (type === 'CapTable' || type === 'Untyped') throw new RangeError(`a ${type} needs sizeBits`);
    return type === 'SchedContext' ? this.pools.minSchedContextBits : 0;
  }

  private describeShortage(type: string, bytes: number): string {
    const { list } = this.pools;
    const largest = Math.max(0, ...list.map((pool) => pool.bytes - pool.used));
    return `no untyped memory has ${bytes} aligned bytes for a ${type}: ${list.length} regions, at most ${largest} bytes free in one`;
  }
}

/** log2 of an object's bytes. */
function objectBits(scheduling: Scheduling, type: ObjectTypeName, sizeBits: number): number {
  if (type === 'CapTable') return sizeBits + SLOT_BITS;
  return OBJECT_BITS[scheduling][type] ?? sizeBits;
}

function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
