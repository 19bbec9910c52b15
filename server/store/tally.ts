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

  add(key: number, count = 1): void {
    const at = key - this.from;
    if (at >= 0 && at < this.dense.length) {
      if (this.dense[at] === 0) this.seen.push(key);
      this.dense[at]! += count;
    } else {
      this.sparse.set(key, (this.sparse.get(key) ?? 0) + count);
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

/** As {@link Tally}, with the sum and the longest of a time that comes with each occurrence. */
export class TimeTally {
  private readonly from: number;
  private readonly counts: Tally;
  private readonly times: Float64Array;
  private readonly longest: Float64Array;
  private readonly sparse = new Map<number, { time: number; longest: number }>();

  /** The window is from <= key < to. */
  constructor(from: number, to: number) {
    this.from = from;
    this.counts = new Tally(from, to);
    this.times = new Float64Array(to - from);
    this.longest = new Float64Array(to - from);
  }

  /** Adds one occurrence, or several at once with the sum of their times and the longest. */
  add(key: number, time: number, count = 1, longest = time): void {
    this.counts.add(key, count);
    const at = key - this.from;
    if (at >= 0 && at < this.times.length) {
      this.times[at]! += time;
      if (longest > this.longest[at]!) this.longest[at] = longest;
    } else {
      const known = this.sparse.get(key);
      this.sparse.set(key, { time: (known?.time ?? 0) + time, longest: Math.max(known?.longest ?? 0, longest) });
    }
  }

  forEach(visit: (key: number, count: number, time: number, longest: number) => void): void {
    this.counts.forEach((key, count) => {
      const at = key - this.from;
      const far = this.sparse.get(key);
      visit(key, count, far?.time ?? this.times[at]!, far?.longest ?? this.longest[at]!);
    });
  }

  /** Forgets all. */
  clear(): void {
    this.counts.forEach((key) => {
      const at = key - this.from;
      if (at >= 0 && at < this.times.length) this.times[at] = this.longest[at] = 0;
    });
    this.counts.clear();
    this.sparse.clear();
  }
}
