// SPDX-License-Identifier: BSD-2-Clause
/** Where the columns of a decoded batch lie. */

/** Gives arrays with any content. */
export interface ColumnMemory {
  u32(length: number): Uint32Array;
  f64(length: number): Float64Array;
}

/** Every array is the caller's own. */
export const OWN_MEMORY: ColumnMemory = {
  u32: (length) => new Uint32Array(length),
  f64: (length) => new Float64Array(length),
};

const FIRST_BYTES = 1 << 20;

/**
 * The same memory for one batch after the other: less to clear, to collect, and to fetch into the caches. What was given
 * before {@link begin} must not be read after it.
 */
export class ReusedMemory implements ColumnMemory {
  private buffer = new ArrayBuffer(FIRST_BYTES);
  private used = 0;

  /** Another batch begins. */
  begin(): this {
    this.used = 0;
    return this;
  }

  u32(length: number): Uint32Array {
    const at = this.take(4 * length);
    return new Uint32Array(this.buffer, at, length);
  }

  f64(length: number): Float64Array {
    const at = this.take(8 * length);
    return new Float64Array(this.buffer, at, length);
  }

  /** Returns where that many bytes begin in `buffer`, which may be another one afterwards: at a multiple of 8. */
  private take(bytes: number): number {
    if (this.used + bytes > this.buffer.byteLength) {
      this.buffer = new ArrayBuffer(2 * Math.max(bytes, this.buffer.byteLength));
      this.used = 0;
    }
    const at = this.used;
    this.used += (bytes + 7) & ~7;
    return at;
  }
}

/** Columns of which all values are 0 are many: they share this memory, up to the longest column of a batch of records. */
const ZEROS = new ArrayBuffer(1 << 18);

export function zeros32(length: number): Uint32Array {
  return 4 * length <= ZEROS.byteLength ? new Uint32Array(ZEROS, 0, length) : new Uint32Array(length);
}

export function zeros64(length: number): Float64Array {
  return 8 * length <= ZEROS.byteLength ? new Float64Array(ZEROS, 0, length) : new Float64Array(length);
}
