// SPDX-License-Identifier: BSD-2-Clause
/** A growing buffer for binary formats: little-endian integers, varints, text. Used again after `take`. */
export class ByteBuffer {
  private bytes: Buffer;
  private end = 0;

  constructor(capacity = 1 << 16) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Bytes written since the last `take` or `clear`. */
  get length(): number {
    return this.end;
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.end++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.end = this.bytes.writeUInt32LE(value >>> 0, this.end);
  }

  /** A 64-bit word from its lanes. */
  word(lo: number, hi: number): void {
    this.u32(lo);
    this.u32(hi);
  }

  /** A safe non-negative integer as a 64-bit word. */
  safe(value: number): void {
    this.word(value, Math.floor(value / 0x1_0000_0000));
  }

  /** A safe non-negative integer, seven bits a byte, least significant first. */
  varint(value: number): void {
    if (value > 0xffff_ffff) return this.varintWord(value, Math.floor(value / 0x1_0000_0000));
    this.reserve(5);
    let rest = value >>> 0;
    for (; rest > 0x7f; rest >>>= 7) this.bytes[this.end++] = (rest & 0x7f) | 0x80;
    this.bytes[this.end++] = rest;
  }

  /** A 64-bit word from its lanes, seven bits a byte. */
  varintWord(lo: number, hi: number): void {
    this.reserve(10);
    let low = lo >>> 0;
    let high = hi >>> 0;
    while (high !== 0 || low > 0x7f) {
      this.bytes[this.end++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.bytes[this.end++] = low;
  }

  /** UTF-8, without a length or an end mark. Returns how many bytes it took. */
  text(value: string): number {
    this.reserve(3 * value.length);
    const written = this.bytes.write(value, this.end, 'utf8');
    this.end += written;
    return written;
  }

  /** What another buffer has. */
  append(other: ByteBuffer): void {
    this.reserve(other.end);
    other.bytes.copy(this.bytes, this.end, 0, other.end);
    this.end += other.end;
  }

  /** Writes a safe non-negative integer over the eight bytes at `offset`. */
  patchSafe(offset: number, value: number): void {
    this.bytes.writeUInt32LE(value % 0x1_0000_0000, offset);
    this.bytes.writeUInt32LE(Math.floor(value / 0x1_0000_0000), offset + 4);
  }

  clear(): void {
    this.end = 0;
  }

  /** A copy of what was written, in memory of its own; the buffer is empty afterwards. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.end);
    taken.set(this.bytes.subarray(0, this.end));
    this.end = 0;
    return taken;
  }

  private reserve(bytes: number): void {
    const needed = this.end + bytes;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, needed));
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
  }
}
