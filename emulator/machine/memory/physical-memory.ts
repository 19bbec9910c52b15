// SPDX-License-Identifier: BSD-2-Clause
/** Guest RAM as the host sees it; the harts have their own way to it, over the same frames. */

/**
 * Sparse guest RAM: a page that holds only zeros costs nothing. Addresses are physical, and must lie in RAM; pages are
 * counted from the start of RAM.
 */
export interface PhysicalMemory {
  readonly memory: WebAssembly.Memory;
  readonly base: number;
  readonly bytes: number;
  contains(address: number, bytes?: number): boolean;
  /** Copies of memory; crossing pages is fine. */
  read(address: number, bytes: number): Uint8Array;
  readWord(address: number): bigint;
  readU32(address: number): number;
  write(address: number, data: Uint8Array): void;
  writeWord(address: number, value: bigint): void;
  /**
   * Live lanes of memory inside one page: the page exists from now on, and the view stays valid as long as the memory.
   */
  lanes(address: number, words: number): Uint32Array;
  /** Turns watching of all words of a page on or off (`PAGE.watched`); the hart notices at once. */
  watch(page: number, watched: boolean): void;
  /** Turns watching of a word on or off, by an address in it; the others of its page stay as they are. */
  watchWord(address: number, watched: boolean): void;
  /** Pages that have a frame, ascending. */
  present(): Iterable<number>;
}
