// SPDX-License-Identifier: BSD-2-Clause
/** Traps of a batch that differ in nothing that counts for the history of threads are counted, and looked at once. */
import type { BatchReader } from '../../../schema/trace/batch.ts';

/** Kinds of traps that are told apart at a time; a power of two. */
const PLACES = 512;
const PLACE_SHIFT = 32 - Math.log2(PLACES);

export class AlikeTraps {
  /** Row of the last trap of each kind plus one, 0 for none. */
  private readonly last = new Uint32Array(PLACES);
  private readonly counts = new Uint32Array(PLACES);
  private readonly used = new Uint32Array(PLACES);
  private kinds = 0;
  private columns: BatchReader['records'] | undefined;

  /** The traps that follow are of this batch. */
  begin(batch: BatchReader): void {
    this.columns = batch.records;
  }

  /** Counts a trap. False when traps of another kind are in its place: then it is to be added again after {@link flush}. */
  add(row: number): boolean {
    const { thread, cause, syscall, cptr, capType, object, method, outcome } = this.columns!;
    const hash = Math.imul(thread[row]! ^ Math.imul(cptr[2 * row]!, 31) ^ Math.imul(object[row]!, 131) ^ Math.imul(method[row]!, 1031) ^ (syscall[row]! << 4) ^ outcome[row]!, 0x9e37_79b1);
    const place = hash >>> PLACE_SHIFT;
    const last = this.last[place]!;
    if (last === 0) {
      this.used[this.kinds++] = place;
    } else {
      const other = last - 1;
      if (thread[row] !== thread[other] || object[row] !== object[other] || cptr[2 * row] !== cptr[2 * other] || cptr[2 * row + 1] !== cptr[2 * other + 1]
        || method[row] !== method[other] || syscall[row] !== syscall[other] || outcome[row] !== outcome[other] || capType[row] !== capType[other] || cause[row] !== cause[other]) return false;
    }
    this.last[place] = row + 1;
    this.counts[place]!++;
    return true;
  }

  /** Gives the last row of each kind and how many there were, and forgets them. */
  flush(visit: (row: number, count: number) => void): void {
    for (let i = 0; i < this.kinds; i++) {
      const place = this.used[i]!;
      visit(this.last[place]! - 1, this.counts[place]!);
      this.last[place] = this.counts[place] = 0;
    }
    this.kinds = 0;
  }
}
