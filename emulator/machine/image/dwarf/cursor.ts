// SPDX-License-Identifier: BSD-2-Clause
import { ImageError } from '../image-error.ts';

/** Reads the little-endian values of DWARF one after the other. */
export class Cursor {
  readonly data: Uint8Array;
  readonly section: string;
  at: number;
  private readonly view: DataView;

  constructor(data: Uint8Array, section: string, at = 0) {
    this.data = data;
    this.section = section;
    this.at = at;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get done(): boolean {
    return this.at >= this.data.length;
  }

  u8(): number {
    return this.view.getUint8(this.need(1));
  }

  u16(): number {
    return this.view.getUint16(this.need(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.need(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.need(8), true);
  }

  /** An unsigned LEB128 number; beyond 2^53 it loses its low bits, which no offset or size does. */
  uleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  /** A signed LEB128 number. */
  sleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return byte & 0x40 ? value - scale * 128 : value;
    }
  }

  /** A zero-terminated string. */
  string(): string {
    const end = this.data.indexOf(0, this.at);
    const text = new TextDecoder().decode(this.data.subarray(this.at, end < 0 ? this.data.length : end));
    this.skip((end < 0 ? this.data.length : end + 1) - this.at);
    return text;
  }

  skip(bytes: number): void {
    this.need(bytes);
  }

  /** Steps over bytes; returns where they were. */
  private need(bytes: number): number {
    const { at } = this;
    if (at + bytes > this.data.length) throw new ImageError(`${this.section} is cut off at byte ${at}`);
    this.at = at + bytes;
    return at;
  }
}
