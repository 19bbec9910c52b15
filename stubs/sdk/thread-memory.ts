// SPDX-License-Identifier: BSD-2-Clause
import { SLOT } from '../../schema/abi/registers.ts';
import { fromWordLike, lanesToBigInt, type WordLike } from '../../schema/abi/word.ts';
import type { AccessBytes, UserContext, UserMemory } from '../runtime/user-context.ts';

const VALUE = 2 * SLOT.t5;
/** Bytes of the accesses that whole regions are moved with. */
const WORD_BYTES = 8;

/**
 * The memory of a thread's own address space: little-endian loads and stores at virtual addresses, each one instruction
 * of the thread. An access that is not allowed is a VM fault of the thread: it is made again if the fault handler
 * restarts the thread, and never returns if nobody does.
 */
export class ThreadMemory {
  private readonly context: UserContext;

  constructor(context: UserContext) {
    this.context = context;
  }

  /** An unsigned number of 8 bits. */
  load8(address: WordLike): Promise<number> {
    return this.loadNumber(address, 1);
  }

  /** An unsigned number of 16 bits. */
  load16(address: WordLike): Promise<number> {
    return this.loadNumber(address, 2);
  }

  /** An unsigned number of 32 bits. */
  load32(address: WordLike): Promise<number> {
    return this.loadNumber(address, 4);
  }

  /** A word of 64 bits. */
  async load64(address: WordLike): Promise<bigint> {
    await this.load(address, 8);
    return lanesToBigInt(this.context.registers[VALUE]!, this.context.registers[VALUE + 1]!);
  }

  store8(address: WordLike, value: number): Promise<void> {
    return this.storeNumber(address, 1, value);
  }

  store16(address: WordLike, value: number): Promise<void> {
    return this.storeNumber(address, 2, value);
  }

  store32(address: WordLike, value: number): Promise<void> {
    return this.storeNumber(address, 4, value);
  }

  /** @param value a word of 64 bits */
  async store64(address: WordLike, value: WordLike): Promise<void> {
    const { lo, hi } = fromWordLike(value);
    await this.store(address, 8, lo, hi);
  }

  /** Reads bytes from memory, with as many loads as it takes: of words where they are aligned, of bytes before and after. */
  async read(address: WordLike, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    for (const { at, count } of pieces(address, length)) {
      const from = BigInt(address) + BigInt(at);
      if (count === WORD_BYTES) view.setBigUint64(at, await this.load64(from), true);
      else view.setUint8(at, await this.load8(from));
    }
    return bytes;
  }

  /** Writes bytes to memory; as {@link read}. */
  async write(address: WordLike, bytes: Uint8Array): Promise<void> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const { at, count } of pieces(address, bytes.length)) {
      const to = BigInt(address) + BigInt(at);
      if (count === WORD_BYTES) await this.store64(to, view.getBigUint64(at, true));
      else await this.store8(to, view.getUint8(at));
    }
  }

  private async loadNumber(address: WordLike, bytes: AccessBytes): Promise<number> {
    await this.load(address, bytes);
    return this.context.registers[VALUE]!;
  }

  private async storeNumber(address: WordLike, bytes: AccessBytes, value: number): Promise<void> {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * bytes)) throw new RangeError(`${value} is no unsigned number of ${8 * bytes} bits`);
    await this.store(address, bytes, value, 0);
  }

  private load(address: WordLike, bytes: AccessBytes): Promise<void> | undefined {
    const { lo, hi } = fromWordLike(address);
    return this.port.load(lo, hi, bytes);
  }

  private store(address: WordLike, bytes: AccessBytes, lo: number, hi: number): Promise<void> | undefined {
    const to = fromWordLike(address);
    return this.port.store(to.lo, to.hi, bytes, lo, hi);
  }

  private get port(): UserMemory {
    const { memory } = this.context;
    if (memory === undefined) throw new Error('this kernel host has no memory for threads to load from and store to');
    return memory;
  }
}

/** Cuts a region into words that are aligned and single bytes. `at`: bytes from its start. */
function* pieces(address: WordLike, length: number): Iterable<{ at: number; count: number }> {
  const misalignment = fromWordLike(address).lo % WORD_BYTES;
  let at = 0;
  while (at < length) {
    const count = (misalignment + at) % WORD_BYTES === 0 && length - at >= WORD_BYTES ? WORD_BYTES : 1;
    yield { at, count };
    at += count;
  }
}
