// SPDX-License-Identifier: BSD-2-Clause
/** Writes the packed columns of a batch in protobuf's wire form: the encoding half of the hot path. */

const VARINT = 0;
const LENGTH_DELIMITED = 2;
/** Most bytes of a varint of 32 and of 64 bits. */
const VARINT32_BYTES = 5;
const VARINT64_BYTES = 10;

/** Writes a varint of 32 bits at `at`; returns the place after it. The room must be there. */
function putVarint32(bytes: Uint8Array, at: number, value: number): number {
  while (value > 0x7f) {
    bytes[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  bytes[at++] = value;
  return at;
}

/** Writes a varint of 64 bits given as unsigned lanes. */
function putVarint64(bytes: Uint8Array, at: number, lo: number, hi: number): number {
  if (hi === 0) return putVarint32(bytes, at, lo);
  bytes[at] = lo | 0x80;
  bytes[at + 1] = (lo >>> 7) | 0x80;
  bytes[at + 2] = (lo >>> 14) | 0x80;
  bytes[at + 3] = (lo >>> 21) | 0x80;
  const fifth = (lo >>> 28) | ((hi & 7) << 4);
  const rest = hi >>> 3;
  if (rest === 0) {
    bytes[at + 4] = fifth;
    return at + 5;
  }
  bytes[at + 4] = fifth | 0x80;
  return putVarint32(bytes, at + 5, rest);
}

/** Writes a varint of a safe non-negative integer. */
function putVarintSafe(bytes: Uint8Array, at: number, value: number): number {
  return value <= 0xffff_ffff ? putVarint32(bytes, at, value) : putVarint64(bytes, at, value >>> 0, Math.floor(value / 0x1_0000_0000));
}

/** The unsigned form of a signed value in protobuf's sint32. */
export function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

/**
 * A growing buffer of protobuf fields, used again after {@link take}. A column is written in the shortest of
 * the three forms of `trace.proto`: nothing, one value, all values.
 */
export class ColumnWriter {
  private bytes = new Uint8Array(4096);
  private length = 0;

  /** Writes a single unsigned safe integer; nothing when it is 0. */
  safe(field: number, value: number): void {
    if (value === 0) return;
    this.reserve(VARINT32_BYTES + VARINT64_BYTES);
    this.length = putVarint32(this.bytes, this.length, (field << 3) | VARINT);
    this.length = putVarintSafe(this.bytes, this.length, value);
  }

  /** Writes a length-delimited field. */
  delimited(field: number, content: Uint8Array): void {
    this.reserve(2 * VARINT32_BYTES + content.length);
    this.length = putVarint32(this.bytes, this.length, (field << 3) | LENGTH_DELIMITED);
    this.length = putVarint32(this.bytes, this.length, content.length);
    this.bytes.set(content, this.length);
    this.length += content.length;
  }

  /** A column of the first `count` of `values`. */
  u32(field: number, values: Uint32Array, count: number): void {
    const written = writtenValues(values, count);
    if (written === 0) return;
    const start = this.open(field, written * VARINT32_BYTES);
    const bytes = this.bytes;
    let at = start;
    for (let i = 0; i < written; i++) at = putVarint32(bytes, at, values[i]!);
    this.close(start, at);
  }

  /** A column of safe non-negative integers. */
  safes(field: number, values: Float64Array, count: number): void {
    const written = writtenSafes(values, count);
    if (written === 0) return;
    const start = this.open(field, written * VARINT64_BYTES);
    const bytes = this.bytes;
    let at = start;
    for (let i = 0; i < written; i++) at = putVarintSafe(bytes, at, values[i]!);
    this.close(start, at);
  }

  /** A column of 64-bit words in lanes. */
  words(field: number, lanes: Uint32Array, count: number): void {
    const written = writtenWords(lanes, count);
    if (written === 0) return;
    const start = this.open(field, written * VARINT64_BYTES);
    const bytes = this.bytes;
    let at = start;
    for (let i = 0; i < 2 * written; i += 2) at = putVarint64(bytes, at, lanes[i]!, lanes[i + 1]!);
    this.close(start, at);
  }

  /** A copy of what was written; the writer is empty afterwards. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  /** Writes the key of a packed field and leaves room for its length; returns where its content starts. */
  private open(field: number, contentBound: number): number {
    this.reserve(2 * VARINT32_BYTES + contentBound);
    this.length = putVarint32(this.bytes, this.length, (field << 3) | LENGTH_DELIMITED);
    return this.length + VARINT32_BYTES;
  }

  /** Writes the length, which is known only now, and moves the content up to it. */
  private close(start: number, end: number): void {
    const content = putVarint32(this.bytes, this.length, end - start);
    this.bytes.copyWithin(content, start, end);
    this.length = content + (end - start);
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

/**
 * How many values the shortest form of a column has: none, one, or all. One function for each type of array: a
 * common one that sees them all is several times slower.
 */
function writtenValues(values: Uint32Array, count: number): number {
  if (count === 0) return 0;
  const first = values[0]!;
  for (let i = 1; i < count; i++) if (values[i] !== first) return count;
  return first === 0 ? 0 : 1;
}

function writtenSafes(values: Float64Array, count: number): number {
  if (count === 0) return 0;
  const first = values[0]!;
  for (let i = 1; i < count; i++) if (values[i] !== first) return count;
  return first === 0 ? 0 : 1;
}

function writtenWords(lanes: Uint32Array, count: number): number {
  if (count === 0) return 0;
  const lo = lanes[0]!;
  const hi = lanes[1]!;
  for (let i = 2; i < 2 * count; i += 2) if (lanes[i] !== lo || lanes[i + 1] !== hi) return count;
  return lo === 0 && hi === 0 ? 0 : 1;
}
