// SPDX-License-Identifier: BSD-2-Clause
/**
 * Loads and stores of user code, as the hart of the modelled machine executes them. Misaligned accesses work, as they do
 * on QEMU's harts: a load is two aligned ones, a store to memory is one, a store to a device is one of each byte.
 */
import { add, and, bitsOf, fromBigInt, lanesToBigInt, lowMask, not, word, type Word } from '../../../schema/abi/word.ts';
import type { AccessBytes } from '../../host.ts';
import type { Kernel } from '../kernel.ts';
import { Frame, type PageTable, type Tcb } from '../objects.ts';
import { ACCESS, ACCESS_FAULT, PAGE_FAULT, addressSpaceOf, translate, type Access, type Place } from './translate.ts';

const PAGE_MASK = 0xfff;
const NOWHERE = new Frame(0, 0, 0, true);

export class Hart {
  /** The value of the last load, as lanes. */
  lo = 0;
  hi = 0;
  /** Of the last access that failed: scause and stval. */
  cause = 0;
  value: Word = word(0);
  private readonly kernel: Kernel;
  private readonly place: Place = { frame: NOWHERE, offset: 0 };
  private root: PageTable | null = null;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Loads from a virtual address of a thread. False: it raises an exception, {@link cause}. */
  load(thread: Tcb, address: Word, bytes: AccessBytes): boolean {
    this.root = addressSpaceOf(this.kernel, thread);
    const misalignment = address.lo & (bytes - 1);
    if (misalignment === 0) return this.loadAligned(address, bytes);
    if (!this.find(address, ACCESS.load)) return false;
    const first = and(address, not(word(bytes - 1)));
    if (!this.loadAligned(first, bytes)) return false;
    const low = lanesToBigInt(this.lo, this.hi);
    if (!this.loadAligned(add(first, word(bytes)), bytes)) return false;
    const bits = BigInt(8 * misalignment);
    const value = BigInt.asUintN(8 * bytes, (low >> bits) | (lanesToBigInt(this.lo, this.hi) << (BigInt(8 * bytes) - bits)));
    ({ lo: this.lo, hi: this.hi } = fromBigInt(value));
    return true;
  }

  /** Stores to a virtual address of a thread. False: it raises an exception, {@link cause}. */
  store(thread: Tcb, address: Word, bytes: AccessBytes, lo: number, hi: number): boolean {
    this.root = addressSpaceOf(this.kernel, thread);
    if ((address.lo & (bytes - 1)) === 0) return this.storeAligned(address, bytes, lo, hi);
    if (!this.find(address, ACCESS.store)) return false;
    // Where a store reaches a second page, that page is looked at before anything is written.
    const last = add(address, word(bytes - 1));
    if (((last.lo ^ address.lo) & ~PAGE_MASK) !== 0 && !this.find(and(last, not(lowMask(12))), ACCESS.store)) return false;
    for (let i = 0; i < bytes; i++) {
      const byte = bitsOf(lo, hi, 8 * i, 8);
      if (!this.storeAligned(add(address, word(i)), 1, byte, 0)) return false;
    }
    return true;
  }

  /** Whether a thread can fetch an instruction from a virtual address. False: it raises an exception, {@link cause}. */
  fetch(thread: Tcb, address: Word): boolean {
    this.root = addressSpaceOf(this.kernel, thread);
    if (!this.find(address, ACCESS.fetch)) return false;
    return this.place.frame.isDevice ? this.fail(ACCESS_FAULT, ACCESS.fetch, address) : true;
  }

  private loadAligned(address: Word, bytes: AccessBytes): boolean {
    if (!this.find(address, ACCESS.load)) return false;
    const { frame, offset } = this.place;
    if (frame.isDevice) {
      return this.kernel.board.load(frame.paddr + offset, bytes, this) || this.fail(ACCESS_FAULT, ACCESS.load, address);
    }
    const page = frame.page(Math.floor(offset / (PAGE_MASK + 1)));
    const lane = (offset & PAGE_MASK) >>> 2;
    const bits = 8 * (offset & 3);
    this.lo = bytes >= 4 ? page[lane]! : (page[lane]! >>> bits) & (2 ** (8 * bytes) - 1);
    this.hi = bytes === 8 ? page[lane + 1]! : 0;
    return true;
  }

  private storeAligned(address: Word, bytes: AccessBytes, lo: number, hi: number): boolean {
    if (!this.find(address, ACCESS.store)) return false;
    const { frame, offset } = this.place;
    if (frame.isDevice) {
      return this.kernel.board.store(frame.paddr + offset, bytes, lo, hi) || this.fail(ACCESS_FAULT, ACCESS.store, address);
    }
    const page = frame.page(Math.floor(offset / (PAGE_MASK + 1)));
    const lane = (offset & PAGE_MASK) >>> 2;
    if (bytes >= 4) {
      page[lane] = lo;
      if (bytes === 8) page[lane + 1] = hi;
    } else {
      const bits = 8 * (offset & 3);
      const mask = (2 ** (8 * bytes) - 1) << bits;
      page[lane] = (page[lane]! & ~mask) | ((lo << bits) & mask);
    }
    return true;
  }

  private find(address: Word, access: Access): boolean {
    return translate(this.root, address.lo, address.hi, access, this.place) || this.fail(PAGE_FAULT, access, address);
  }

  private fail(causes: readonly number[], access: Access, address: Word): false {
    this.cause = causes[access]!;
    this.value = address;
    return false;
  }
}
