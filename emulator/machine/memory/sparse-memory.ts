// SPDX-License-Identifier: BSD-2-Clause
/** Guest RAM whose pages of zeros cost nothing, in one linear memory that both harts use. */
import { DIRECTORY, HART, memoryMap, PAGE, PAGE_BYTES, RAM_BASE, WATCHED_WORDS_BYTES, type MemoryMap } from './layout.ts';
import type { PhysicalMemory } from './physical-memory.ts';

export interface MemoryOptions {
  /** Size of guest RAM; a multiple of 4 KiB, at most 4 GiB. */
  readonly ramBytes?: number;
  /**
   * How many bytes of guest RAM may be non-zero. Only address space is reserved, so a large number is cheap: the
   * operating system provides a frame when it is first touched.
   */
  readonly frameBytes?: number;
}

const GIB = 2 ** 30;
const PAGE_BITS = Math.log2(PAGE_BYTES);
const WASM_PAGE_BYTES = 65_536;
const DEFAULT_RAM_BYTES = 3 * GIB;
/** The fast core's tables have room for so many pages. */
const MAX_RAM_BYTES = 4 * GIB;
const DEFAULT_FRAME_BYTES = GIB;
/** Linear memory ends at 4 GiB, and the tables take their part. */
const MAX_FRAME_BYTES = 3.5 * GIB;

/** More pages of guest RAM are non-zero than {@link MemoryOptions.frameBytes} allows. */
export class OutOfFrames extends Error {
  constructor(frameBytes: number) {
    super(`guest RAM holds more than ${frameBytes / 2 ** 20} MiB of non-zero pages: raise the option frameBytes`);
    this.name = 'OutOfFrames';
  }
}

/**
 * Guest RAM over one `WebAssembly.Memory`. The memory is reserved in full when it is made and never grows, so views
 * of it stay valid.
 *
 * A page without a frame reads as zero. It gets one with the first store of something else; a frame is never given back.
 *
 * @throws RangeError for sizes that are no multiple of 4 KiB or too large.
 */
export class SparseMemory implements PhysicalMemory {
  readonly memory: WebAssembly.Memory;
  readonly base = RAM_BASE;
  readonly bytes: number;
  readonly map: MemoryMap;
  private readonly frameBytes: number;
  private readonly view: DataView;
  private readonly octets: Uint8Array;
  private readonly directory: Uint32Array;
  private readonly attributes: Uint8Array;
  private readonly watchedWords: Uint8Array;
  private readonly listeners: ((page: number) => void)[] = [];

  constructor(options: MemoryOptions = {}) {
    this.bytes = checkedSize('ramBytes', options.ramBytes ?? DEFAULT_RAM_BYTES, MAX_RAM_BYTES);
    this.frameBytes = checkedSize('frameBytes', options.frameBytes ?? DEFAULT_FRAME_BYTES, MAX_FRAME_BYTES);
    this.map = memoryMap(this.bytes);
    const total = Math.ceil((this.map.frames + this.frameBytes) / WASM_PAGE_BYTES);
    this.memory = new WebAssembly.Memory({ initial: total, maximum: total });
    const { buffer } = this.memory;
    this.view = new DataView(buffer);
    this.octets = new Uint8Array(buffer);
    this.directory = new Uint32Array(buffer, DIRECTORY, this.bytes / PAGE_BYTES);
    this.attributes = new Uint8Array(buffer, this.map.attributes, this.bytes / PAGE_BYTES);
    this.watchedWords = new Uint8Array(buffer, this.map.watchedWords, (this.bytes / PAGE_BYTES) * WATCHED_WORDS_BYTES);
    this.writeState(HART.ramPages, this.bytes / PAGE_BYTES);
    this.writeState(HART.attributes, this.map.attributes);
    this.writeState(HART.watchedWords, this.map.watchedWords);
    this.writeState(HART.nextFrame, this.map.frames);
    this.writeState(HART.frameEnd, this.map.frames + this.frameBytes);
  }

  contains(address: number, bytes = 1): boolean {
    return address >= this.base && address + bytes <= this.base + this.bytes;
  }

  /** Number of the page that holds an address, counted from the start of RAM. */
  pageOf(address: number): number {
    this.check(address, 1);
    return Math.floor((address - this.base) / PAGE_BYTES);
  }

  read(address: number, bytes: number): Uint8Array {
    this.check(address, bytes);
    const result = new Uint8Array(bytes);
    this.eachPart(address, bytes, (page, offset, done, length) => {
      const frame = this.directory[page]!;
      if (frame !== 0) result.set(this.octets.subarray(frame + offset, frame + offset + length), done);
    });
    return result;
  }

  readWord(address: number): bigint {
    const at = this.frameAddress(address, 8);
    if (at === undefined) return new DataView(this.read(address, 8).buffer).getBigUint64(0, true);
    return at === 0 ? 0n : this.view.getBigUint64(at, true);
  }

  readU32(address: number): number {
    const at = this.frameAddress(address, 4);
    if (at === undefined) return new DataView(this.read(address, 4).buffer).getUint32(0, true);
    return at === 0 ? 0 : this.view.getUint32(at, true);
  }

  /** Writes as the loader of the machine does: also to read-only pages, and without an entry in the store log. */
  write(address: number, data: Uint8Array): void {
    this.check(address, data.length);
    this.eachPart(address, data.length, (page, offset, done, length) => {
      const part = data.subarray(done, done + length);
      if (this.directory[page] === 0 && part.every((byte) => byte === 0)) return;
      this.octets.set(part, this.materialise(page) + offset);
      this.notify(page);
    });
  }

  writeWord(address: number, value: bigint): void {
    const data = new Uint8Array(8);
    new DataView(data.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
    this.write(address, data);
  }

  /** Throws RangeError for an address that is not a multiple of 4 and for lanes that leave the page. */
  lanes(address: number, words: number): Uint32Array {
    this.check(address, words * 4);
    const offset = (address - this.base) % PAGE_BYTES;
    if (offset % 4 !== 0 || offset + words * 4 > PAGE_BYTES) {
      throw new RangeError(`${words} lanes at ${hex(address)} do not lie in one page, on a multiple of 4`);
    }
    return new Uint32Array(this.memory.buffer, this.materialise(this.pageOf(address)) + offset, words);
  }

  watch(page: number, watched: boolean): void {
    this.setAttribute(page, PAGE.watched, watched);
    this.wordsOf(page).fill(watched ? 0xff : 0);
  }

  watchWord(address: number, watched: boolean): void {
    const page = this.pageOf(address);
    const words = this.wordsOf(page);
    const word = ((address - this.base) % PAGE_BYTES) >>> 3;
    const bit = 1 << (word & 7);
    if (watched) words[word >>> 3]! |= bit;
    else words[word >>> 3]! &= ~bit;
    const isWatched = watched || words.some((each) => each !== 0);
    if (isWatched !== ((this.attributes[page]! & PAGE.watched) !== 0)) this.setAttribute(page, PAGE.watched, isWatched);
  }

  /** Makes stores of the guest into a page an access fault, or allows them again. */
  protect(page: number, readOnly: boolean): void {
    this.setAttribute(page, PAGE.readOnly, readOnly);
  }

  *present(): Iterable<number> {
    for (let page = 0; page < this.directory.length; page++) if (this.directory[page] !== 0) yield page;
  }

  /**
   * `listener` hears of pages with decoded instructions (`PAGE.code`) that the host writes through this class. Who writes
   * instructions into {@link lanes} tells the hart itself.
   */
  onWritten(listener: (page: number) => void): void {
    this.listeners.push(listener);
  }

  /** Linear offset of the frame of a page, made of zeros when there is none yet. Throws {@link OutOfFrames}. */
  materialise(page: number): number {
    const frame = this.directory[page]!;
    if (frame !== 0) return frame;
    const fresh = this.view.getUint32(HART.nextFrame, true);
    if (fresh >= this.view.getUint32(HART.frameEnd, true)) throw this.outOfFrames();
    this.writeState(HART.nextFrame, fresh + PAGE_BYTES);
    this.directory[page] = fresh;
    this.mappingChanged();
    return fresh;
  }

  outOfFrames(): OutOfFrames {
    return new OutOfFrames(this.frameBytes);
  }

  private setAttribute(page: number, attribute: number, on: boolean): void {
    const old = this.attributes[page];
    if (old === undefined || !Number.isInteger(page)) throw new RangeError(`RAM has no page ${page}`);
    this.attributes[page] = on ? old | attribute : old & ~attribute;
    this.mappingChanged();
  }

  /** The bits of the words of a page. */
  private wordsOf(page: number): Uint8Array {
    return this.watchedWords.subarray(page * WATCHED_WORDS_BYTES, (page + 1) * WATCHED_WORDS_BYTES);
  }

  private notify(page: number): void {
    if ((this.attributes[page]! & PAGE.code) !== 0) for (const listener of this.listeners) listener(page);
  }

  /** Harts that remember where pages are look at this count. */
  private mappingChanged(): void {
    this.writeState(HART.mappingEpoch, this.view.getUint32(HART.mappingEpoch, true) + 1);
  }

  private writeState(offset: number, value: number): void {
    this.view.setUint32(offset, value, true);
  }

  /** Linear offset of bytes inside one page; 0 for an absent page, undefined for bytes of two pages. */
  private frameAddress(address: number, bytes: number): number | undefined {
    const place = (address - this.base) >>> 0;
    if (this.base + place !== address || place + bytes > this.bytes) this.check(address, bytes);
    const offset = place & (PAGE_BYTES - 1);
    if (offset + bytes > PAGE_BYTES) return undefined;
    const frame = this.directory[place >>> PAGE_BITS]!;
    return frame === 0 ? 0 : frame + offset;
  }

  private eachPart(
    address: number, bytes: number, visit: (page: number, offset: number, done: number, length: number) => void,
  ): void {
    for (let done = 0; done < bytes;) {
      const offset = (address + done - this.base) % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - offset, bytes - done);
      visit((address + done - this.base - offset) / PAGE_BYTES, offset, done, length);
      done += length;
    }
  }

  private check(address: number, bytes: number): void {
    if (!Number.isInteger(address) || !this.contains(address, bytes)) {
      throw new RangeError(`${bytes} bytes at ${hex(address)} do not lie in RAM (${hex(this.base)} to ${hex(this.base + this.bytes)})`);
    }
  }
}

function checkedSize(option: string, bytes: number, most: number): number {
  if (Number.isInteger(bytes) && bytes > 0 && bytes % PAGE_BYTES === 0 && bytes <= most) return bytes;
  throw new RangeError(`${option} is ${bytes}: give a multiple of ${PAGE_BYTES} up to ${most}`);
}

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
