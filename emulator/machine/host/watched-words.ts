// SPDX-License-Identifier: BSD-2-Clause
import type { SparseMemory } from '../memory/sparse-memory.ts';
import { PAGE_BYTES, RAM_BASE } from '../memory/layout.ts';

const WORDS = PAGE_BYTES / 8;
const PAGE_BITS = Math.log2(PAGE_BYTES);

/** A page with watched words: what each of them is, 0 for a word that nobody asked about. */
interface Page {
  readonly codes: Int32Array;
  count: number;
}

/** Words of guest memory whose stores are of interest, each with a code that says what it is. */
export class WatchedWords {
  private readonly memory: SparseMemory;
  private readonly pages: (Page | undefined)[] = [];

  constructor(memory: SparseMemory) {
    this.memory = memory;
  }

  /** Code of the word at a physical address in RAM, whose low lane says all; 0 if it is not watched. */
  codeAt(addressLo: number): number {
    const page = this.pages[((addressLo - RAM_BASE) >>> 0) >>> PAGE_BITS];
    return page === undefined ? 0 : page.codes[(addressLo & (PAGE_BYTES - 1)) >>> 3]!;
  }

  /** Watches the word at a physical address, or with code 0 no longer. */
  set(address: number, code: number): void {
    const number = this.memory.pageOf(address);
    let page = this.pages[number];
    if (page === undefined) {
      if (code === 0) return;
      // No holes: the array is looked at for each entry of the store log.
      while (this.pages.length < number) this.pages.push(undefined);
      this.pages[number] = page = { codes: new Int32Array(WORDS), count: 0 };
    }
    const index = (address % PAGE_BYTES) >>> 3;
    const before = page.codes[index]!;
    page.codes[index] = code;
    page.count += Number(code !== 0) - Number(before !== 0);
    this.memory.watchWord(address, code !== 0);
    if (page.count === 0) this.pages[number] = undefined;
  }
}
