// SPDX-License-Identifier: BSD-2-Clause
import type { KernelImage } from '../image/kernel-image.ts';
import { HART, STORE_LOG } from '../memory/layout.ts';
import type { SparseMemory } from '../memory/sparse-memory.ts';
import type { WatchedWords } from './watched-words.ts';
import { WORD, wordCode } from './word-codes.ts';

/** Lanes of an entry of the store log. */
const ENTRY = STORE_LOG.entryBytes / 4;
const AT = { addressLo: 0, valueLo: 2, valueHi: 3, pcLo: 6, pcHi: 7 };
/** Lanes of an event here: code, value, low lane of the pc. */
const EVENT = 4;
const FIRST_CAPACITY = 1024;

/**
 * What the kernel stored to watched words in the current trap, in order: the store log without the stores of user code. The
 * hart leaves out the saving of registers at entry, and keeps of the counter of preemption points its last value alone.
 */
export class TrapLog {
  private readonly words: WatchedWords;
  private readonly image: KernelImage;
  private readonly hart: DataView;
  private readonly log: Uint32Array;
  private events = new Uint32Array(FIRST_CAPACITY * EVENT);
  length = 0;

  constructor(memory: SparseMemory, image: KernelImage, words: WatchedWords) {
    const { buffer } = memory.memory;
    this.words = words;
    this.image = image;
    this.hart = new DataView(buffer, 0, HART.end);
    this.log = new Uint32Array(buffer, STORE_LOG.offset, STORE_LOG.entries * ENTRY);
  }

  /** Tells the hart what is not to be logged. */
  start(): void {
    const { hart, image } = this;
    hart.setBigUint64(HART.unloggedFrom, image.trapEntry.from, true);
    hart.setBigUint64(HART.unloggedTo, image.trapEntry.to, true);
    const { workUnits } = image.globals;
    if (workUnits === undefined) return;
    hart.setBigUint64(HART.latestAddress, BigInt(workUnits), true);
    this.words.set(workUnits, wordCode(WORD.workUnits, 0));
  }

  /** Low lane of the last value of the counter of preemption points; -1 when it was not stored. */
  get workUnits(): number {
    return this.hart.getUint32(HART.latestStored, true) === 0 ? -1 : this.hart.getUint32(HART.latestValue, true);
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
    this.hart.setUint32(HART.storeLogCount, 0, true);
    this.hart.setUint32(HART.latestStored, 0, true);
    this.length = 0;
  }

  /** Takes over what the hart has logged. */
  drain(): void {
    const { log, words } = this;
    const count = this.hart.getUint32(HART.storeLogCount, true);
    this.hart.setUint32(HART.storeLogCount, 0, true);
    for (let i = 0; i < count * ENTRY; i += ENTRY) {
      // User code runs at addresses of the lower half.
      if (log[i + AT.pcHi]! >>> 31 === 0) continue;
      const code = words.codeAt(log[i + AT.addressLo]!);
      if (code !== 0) this.push(code, log[i + AT.valueLo]!, log[i + AT.valueHi]!, log[i + AT.pcLo]!);
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
