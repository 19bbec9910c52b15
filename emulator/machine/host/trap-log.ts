// SPDX-License-Identifier: BSD-2-Clause
import type { KernelImage } from '../image/kernel-image.ts';
import { HART, STORE_LOG } from '../memory/layout.ts';
import type { SparseMemory } from '../memory/sparse-memory.ts';
import type { WatchedWords } from './watched-words.ts';
import { WORD, kindOfCode } from './word-codes.ts';

/** Lanes of an entry of the store log. */
const ENTRY = STORE_LOG.entryBytes / 4;
const AT = { addressLo: 0, addressHi: 1, valueLo: 2, valueHi: 3, pcLo: 6, pcHi: 7 };
/** Lanes of an event here: code, value, low lane of the pc. */
const EVENT = 4;
const FIRST_CAPACITY = 1024;

/**
 * What the kernel stored to watched words in the current trap, in order: the store log without the stores of user code and
 * without the saving of registers at entry.
 */
export class TrapLog {
  private readonly words: WatchedWords;
  private readonly count: Uint32Array;
  private readonly log: Uint32Array;
  private readonly entryFrom: number;
  private readonly entryTo: number;
  private events = new Uint32Array(FIRST_CAPACITY * EVENT);
  length = 0;
  /** Low lane of the last value of the counter of preemption points; -1 when it was not stored. */
  workUnits = -1;

  constructor(memory: SparseMemory, image: KernelImage, words: WatchedWords) {
    const { buffer } = memory.memory;
    this.words = words;
    this.count = new Uint32Array(buffer, HART.storeLogCount, 1);
    this.log = new Uint32Array(buffer, STORE_LOG.offset, STORE_LOG.entries * ENTRY);
    // The kernel's code lies in the highest 2 GiB, so that the low lane says all.
    this.entryFrom = Number(image.trapEntry.from & 0xffff_ffffn);
    this.entryTo = Number(image.trapEntry.to & 0xffff_ffffn);
  }

  code(i: number): number {
    return this.events[EVENT * i]!;
  }

  valueLo(i: number): number {
    return this.events[EVENT * i + 1]!;
  }

  valueHi(i: number): number {
    return this.events[EVENT * i + 2]!;
  }

  /** Low lane of the pc of the store. */
  pc(i: number): number {
    return this.events[EVENT * i + 3]!;
  }

  /** Forgets all, also what the hart has logged. */
  clear(): void {
    this.count[0] = 0;
    this.length = 0;
    this.workUnits = -1;
  }

  /** Takes over what the hart has logged. */
  drain(): void {
    const { log, words } = this;
    const count = this.count[0]!;
    this.count[0] = 0;
    for (let i = 0; i < count * ENTRY; i += ENTRY) {
      // User code runs at addresses of the lower half.
      if (log[i + AT.pcHi]! >>> 31 === 0) continue;
      const code = words.codeAt(log[i + AT.addressLo]!, log[i + AT.addressHi]!);
      if (code === 0) continue;
      const pc = log[i + AT.pcLo]!;
      if (pc >= this.entryFrom && pc < this.entryTo) continue;
      if (kindOfCode(code) === WORD.workUnits) this.workUnits = log[i + AT.valueLo]!;
      else this.push(code, log[i + AT.valueLo]!, log[i + AT.valueHi]!, pc);
    }
  }

  private push(code: number, lo: number, hi: number, pc: number): void {
    const at = EVENT * this.length++;
    if (at === this.events.length) {
      const larger = new Uint32Array(2 * this.events.length);
      larger.set(this.events);
      this.events = larger;
    }
    const { events } = this;
    events[at] = code;
    events[at + 1] = lo;
    events[at + 2] = hi;
    events[at + 3] = pc;
  }
}
