// SPDX-License-Identifier: BSD-2-Clause

/** Counts how often integers occur. Those in a window around 0 cost an array access, all others a map. */
export class Tally {
  private readonly from: number;
  private readonly dense: Uint32Array;
  private readonly seen: number[] = [];
  private readonly sparse = new Map<number, number>();

  /** The window is from <= key < to. */
  constructor(from: number, to: number) {
    this.from = from;
    this.dense = new Uint32Array(to - from);
  }

  add(key: number): void {
    const at = key - this.from;
    if (at >= 0 && at < this.dense.length) {
      if (this.dense[at]!++ === 0) this.seen.push(key);
    } else {
      this.sparse.set(key, (this.sparse.get(key) ?? 0) + 1);
    }
  }

  forEach(visit: (key: number, count: number) => void): void {
    for (const key of this.seen) visit(key, this.dense[key - this.from]!);
    this.sparse.forEach((count, key) => visit(key, count));
  }

  /** Forgets all counts. */
  clear(): void {
    for (const key of this.seen) this.dense[key - this.from] = 0;
    this.seen.length = 0;
    this.sparse.clear();
  }
}
