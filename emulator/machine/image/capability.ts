// SPDX-License-Identifier: BSD-2-Clause
/** Capabilities as riscv64 kernels keep them: two words in a slot of four, the type in the five highest bits of the first. */
import { CAP_TYPE, PAGE_BITS, bitsOf, type Scheduling } from '../../../schema/abi/index.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import type { KernelLayout } from './layout.ts';
import { physicalOf } from './physical.ts';

/** Bytes of a slot: the capability, and its links in the derivation tree. */
export const SLOT_BYTES = 32;

/** Rights of a frame capability. */
export const FRAME_RIGHTS = Object.freeze({ kernelOnly: 1, readOnly: 2, readWrite: 3 });

/** Those of the format of three bits, which has a value for writing without reading. */
const OLD_FRAME_RIGHTS = [FRAME_RIGHTS.kernelOnly, FRAME_RIGHTS.readOnly, FRAME_RIGHTS.kernelOnly, FRAME_RIGHTS.readWrite];

const FRAME_BITS = [PAGE_BITS.small, PAGE_BITS.mega, PAGE_BITS.giga];
/** Type field of the zombie of a TCB; for a CNode it is its radix. */
const ZOMBIE_TCB = 0x40;
/** log2 of the slots of a TCB, rounded up. */
const TCB_RADIX = 4;

/** In place of an address, for capabilities without an object: some memory starts at address 0. */
export const NO_OBJECT = -1;

/** One capability, read again and again into the same object. Fields of other types than the capability's own are left over. */
export class Capability {
  /** `CAP_TYPE`. */
  type = 0;
  /** Physical address of the object, or {@link NO_OBJECT}. TCBs: where pointers to them point. */
  object = NO_OBJECT;
  /** log2 of the object's bytes: untyped memory and frames. */
  sizeBits = 0;
  /** CNode. */
  radix = 0;
  guardSize = 0;
  guardLo = 0;
  guardHi = 0;
  /** Frame, see {@link FRAME_RIGHTS}. */
  rights = 0;
  isDevice = false;
  /** Interrupt handler. */
  irq = 0;
  /** Classic reply: the one that sits in the caller's own TCB. */
  isMaster = false;
  /** Reply capabilities of this kernel lead to the thread that waits (classic), not to a reply object (MCS). */
  readonly repliesToThread: boolean;
  /** Zombie: what is left of a TCB, not of a CNode. */
  isTcbZombie = false;

  private readonly tcbPointerOffset: number;
  private readonly rightsOfThreeBits: boolean;

  constructor({ scheduling, layout }: { readonly scheduling: Scheduling; readonly layout: KernelLayout }) {
    this.repliesToThread = scheduling === 'classic';
    this.tcbPointerOffset = layout.tcb.pointerOffset;
    this.rightsOfThreeBits = layout.frameRights === 'three bits';
  }

  /** Reads the capability in the slot at a physical address. */
  read(memory: PhysicalMemory, slot: number): void {
    this.decode(memory.readU32(slot), memory.readU32(slot + 4), memory.readU32(slot + 8), memory.readU32(slot + 12));
  }

  /** Decodes the lanes of the two words. */
  decode(lo0: number, hi0: number, lo1: number, hi1: number): void {
    const type = hi0 >>> 27;
    this.type = type;
    this.object = NO_OBJECT;
    switch (type) {
      case CAP_TYPE.Untyped:
        this.object = physicalOf(lo0, hi0);
        this.sizeBits = lo1 & 0x3f;
        this.isDevice = (lo1 & 0x40) !== 0;
        return;
      case CAP_TYPE.Endpoint: case CAP_TYPE.Notification: case CAP_TYPE.Thread:
        this.object = physicalOf(lo0, hi0);
        return;
      case CAP_TYPE.Reply:
        this.object = physicalOf(lo1, hi1);
        this.isMaster = this.repliesToThread && (lo0 & 1) !== 0;
        return;
      case CAP_TYPE.CNode:
        this.object = physicalOf((lo0 << 1) >>> 0, (hi0 << 1) | (lo0 >>> 31));
        this.guardSize = bitsOf(lo0, hi0, 53, 6);
        this.radix = bitsOf(lo0, hi0, 47, 6);
        this.guardLo = lo1;
        this.guardHi = hi1;
        return;
      case CAP_TYPE.IRQHandler:
        this.irq = lo1 & 0xfff;
        return;
      case CAP_TYPE.Zombie:
        this.decodeZombie(lo0, lo1, hi1);
        return;
      case CAP_TYPE.SchedContext:
        this.object = physicalOf(((lo1 >>> 16) | (hi1 << 16)) >>> 0, (hi1 >>> 16) & 0x7f);
        this.sizeBits = (lo1 >>> 10) & 0x3f;
        return;
      case CAP_TYPE.Frame:
        this.object = physicalOf(((lo1 >>> 9) | (hi1 << 23)) >>> 0, (hi1 >>> 9) & 0x7f);
        this.sizeBits = FRAME_BITS[(hi0 >>> 25) & 3] ?? PAGE_BITS.small;
        this.rights = this.rightsOfThreeBits ? OLD_FRAME_RIGHTS[(hi0 >>> 22) & 7] ?? FRAME_RIGHTS.kernelOnly : (hi0 >>> 23) & 3;
        this.isDevice = (hi0 & (1 << (this.rightsOfThreeBits ? 21 : 22))) !== 0;
        return;
      case CAP_TYPE.PageTable:
        this.object = physicalOf(((lo1 >>> 9) | (hi1 << 23)) >>> 0, (hi1 >>> 9) & 0x7f);
        return;
      case CAP_TYPE.ASIDPool:
        this.object = physicalOf((lo0 << 2) >>> 0, (hi0 << 2) | (lo0 >>> 30));
        return;
    }
  }

  /** Its pointer is to the first slot, with the number of slots that are left in the bits below. */
  private decodeZombie(lo0: number, lo1: number, hi1: number): void {
    this.isTcbZombie = (lo0 & 0x7f) === ZOMBIE_TCB;
    const bits = (this.isTcbZombie ? TCB_RADIX : lo0 & 0x3f) + 1;
    if (bits >= 32) return;
    this.object = physicalOf((lo1 & ~(2 ** bits - 1)) >>> 0, hi1) + (this.isTcbZombie ? this.tcbPointerOffset : 0);
  }
}
