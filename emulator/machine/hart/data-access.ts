// SPDX-License-Identifier: BSD-2-Clause
/** Loads and stores of the running program: translation, RAM, devices, watched pages, misaligned accesses. */
import { memoryMap, PAGE, PAGE_BYTES, WATCHED_WORDS_BYTES } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import type { Bus } from './hart.ts';
import type { HartState } from './state.ts';
import { appendStore } from './store-log.ts';
import type { Translation } from './translation.ts';
import { ACCESS_FAULT, CAUSE, Trap, type Access } from './trap.ts';

export type AccessBytes = 1 | 2 | 4 | 8;

/** A word of RAM that an atomic instruction may read and write. */
export interface AtomicPlace {
  readonly address: number;
  /** Unsigned. */
  readonly value: bigint;
  store(value: bigint): void;
}

export class DataAccess {
  private readonly state: HartState;
  private readonly memory: PhysicalMemory;
  private readonly translation: Translation;
  private readonly bus: Bus;
  private readonly attributes: Uint8Array;
  private readonly watchedWords: Uint8Array;
  private readonly log: DataView;
  /** Set by an access after which the bus wants the hart to return. */
  stopRequested = false;

  constructor(state: HartState, memory: PhysicalMemory, translation: Translation, bus: Bus) {
    this.state = state;
    this.memory = memory;
    this.translation = translation;
    this.bus = bus;
    const { buffer } = memory.memory;
    const { attributes, watchedWords } = memoryMap(memory.bytes);
    this.attributes = new Uint8Array(buffer, attributes, memory.bytes / PAGE_BYTES);
    this.watchedWords = new Uint8Array(buffer, watchedWords, (memory.bytes / PAGE_BYTES) * WATCHED_WORDS_BYTES);
    this.log = new DataView(buffer);
  }

  /** Loads an unsigned value. Misaligned is fine in RAM. */
  load(address: bigint, bytes: AccessBytes): bigint {
    const [first, second] = this.place(address, bytes, 'load');
    if (second === undefined) return this.loadPhysical(first, bytes, address);
    const low = this.memory.read(first.physical, first.bytes);
    const high = this.memory.read(second.physical, second.bytes);
    return fromBytes([...low, ...high]);
  }

  /** Stores the low `bytes` of an unsigned value that has no more. */
  store(address: bigint, bytes: AccessBytes, value: bigint): void {
    const [first, second] = this.place(address, bytes, 'store');
    if (second === undefined) {
      this.storePhysical(first.physical, bytes, value, address);
      return;
    }
    const data = toBytes(value, bytes);
    for (const part of [first, second]) this.checkWritable(part.physical, part.address);
    this.memory.write(first.physical, data.subarray(0, first.bytes));
    this.memory.write(second.physical, data.subarray(first.bytes));
    if ([first, second].some((part) => this.isWatched(part.physical, part.bytes))) appendStore(this.log, this.state, first.physical, bytes, value);
  }

  /** The word of an atomic instruction, which must be aligned and in RAM. `access` says what it raises where not. */
  atomic(address: bigint, bytes: 4 | 8, access: 'load' | 'store'): AtomicPlace {
    if (address % BigInt(bytes) !== 0n) {
      throw new Trap(access === 'load' ? CAUSE.loadMisaligned : CAUSE.storeMisaligned, address);
    }
    const physical = this.translation.translate(address, bytes, access);
    if (!this.memory.contains(physical, bytes)) throw new Trap(ACCESS_FAULT[access], address);
    if (access === 'store') this.checkWritable(physical, address);
    return {
      address: physical, value: this.ramLoad(physical, bytes),
      store: (value) => this.storePhysical(physical, bytes, value, address),
    };
  }

  /** The one or two parts of an access, one for each page. All are checked before any is touched. */
  private place(address: bigint, bytes: number, access: Access): readonly [Part, Part?] {
    const inPage = PAGE_BYTES - Number(address & 0xfffn);
    if (bytes <= inPage) return [{ address, physical: this.translation.translate(address, bytes, access), bytes }];
    const border = BigInt.asUintN(64, address + BigInt(inPage));
    const parts = [
      { address, physical: this.translation.translate(address, inPage, access), bytes: inPage },
      { address: border, physical: this.translation.translate(border, bytes - inPage, access), bytes: bytes - inPage },
    ] as const;
    for (const part of parts) {
      if (!this.memory.contains(part.physical, part.bytes)) throw new Trap(ACCESS_FAULT[access], part.address);
    }
    return parts;
  }

  private loadPhysical({ physical }: Part, bytes: AccessBytes, address: bigint): bigint {
    if (this.memory.contains(physical, bytes)) return this.ramLoad(physical, bytes);
    const value = physical % bytes === 0 ? this.bus.load(physical, bytes) : undefined;
    if (value === undefined) throw new Trap(CAUSE.loadAccess, address);
    this.stopRequested ||= this.bus.stopRequested();
    return value;
  }

  private storePhysical(physical: number, bytes: AccessBytes, value: bigint, address: bigint): void {
    if (this.memory.contains(physical, bytes)) {
      this.checkWritable(physical, address);
      if (bytes === 8) this.memory.writeWord(physical, value); else this.memory.write(physical, toBytes(value, bytes));
      if (this.isWatched(physical, bytes)) appendStore(this.log, this.state, physical, bytes, value);
      return;
    }
    if (physical % bytes !== 0 || !this.bus.store(physical, bytes, value)) throw new Trap(CAUSE.storeAccess, address);
    this.stopRequested ||= this.bus.stopRequested();
  }

  private ramLoad(physical: number, bytes: AccessBytes): bigint {
    const inWord = physical % 8;
    if (inWord + bytes > 8) return fromBytes(this.memory.read(physical, bytes));
    return BigInt.asUintN(8 * bytes, this.memory.readWord(physical - inWord) >> BigInt(8 * inWord));
  }

  /** Throws for a page that is read only. */
  private checkWritable(physical: number, address: bigint): void {
    if ((this.attributesAt(physical) & PAGE.readOnly) !== 0) throw new Trap(CAUSE.storeAccess, address);
  }

  /** Whether a watched word is among the bytes, which lie in one page. */
  private isWatched(physical: number, bytes: number): boolean {
    return (this.attributesAt(physical) & PAGE.watched) !== 0 && (this.isWordWatched(physical) || this.isWordWatched(physical + bytes - 1));
  }

  private isWordWatched(physical: number): boolean {
    const word = Math.floor((physical - this.memory.base) / 8);
    return ((this.watchedWords[Math.floor(word / 8)]! >> (word % 8)) & 1) !== 0;
  }

  private attributesAt(physical: number): number {
    return this.attributes[Math.floor((physical - this.memory.base) / PAGE_BYTES)]!;
  }
}

interface Part {
  readonly address: bigint;
  readonly physical: number;
  readonly bytes: number;
}

function toBytes(value: bigint, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

function fromBytes(bytes: ArrayLike<number>): bigint {
  return Array.from(bytes).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
