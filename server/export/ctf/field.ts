// SPDX-License-Identifier: BSD-2-Clause
/**
 * Fields of CTF events. Each says how it is declared in the metadata and how it is written to the stream, so that the two
 * cannot disagree. All begin at a byte; integers are little-endian; the bits of a byte are taken from the lowest.
 */
import type { ByteBuffer } from '../byte-buffer.ts';

export interface Field<Row> {
  /** Declarations in TSDL (CTF 1.8, section 7). */
  readonly declaration: string;
  write(out: ByteBuffer, row: Row): void;
}

/** An unsigned integer of 8 or 32 bits, or an enumeration or bit field of that size. */
export function small<Row>(type: string, bits: 8 | 32, name: string, of: (row: Row) => number): Field<Row> {
  return { declaration: `${type} ${name};`, write: (out, row) => (bits === 8 ? out.u8(of(row)) : out.u32(of(row))) };
}

/** A count, a sequence number or a time: a safe integer in 64 bits. */
export function natural<Row>(name: string, of: (row: Row) => number): Field<Row> {
  return { declaration: `uint64_t ${name};`, write: (out, row) => out.safe(of(row)) };
}

/** A 64-bit word, shown in hexadecimal unless another type says otherwise. */
export function word<Row>(name: string, lo: (row: Row) => number, hi: (row: Row) => number, type = 'word_t'): Field<Row> {
  return { declaration: `${type} ${name};`, write: (out, row) => out.word(lo(row), hi(row)) };
}

/** Words, after their number. */
export function words<Row>(name: string, lanes: (row: Row) => Uint32Array, count: (row: Row) => number): Field<Row> {
  return {
    declaration: `uint8_t _${name}_length; word_t ${name}[_${name}_length];`,
    write: (out, row) => {
      const from = lanes(row);
      const n = count(row);
      out.u8(n);
      for (let i = 0; i < n; i++) out.word(from[2 * i]!, from[2 * i + 1]!);
    },
  };
}

/** UTF-8 text with a zero byte at its end; zero characters in it are left out. */
export function text<Row>(name: string, of: (row: Row) => string): Field<Row> {
  return {
    declaration: `string ${name};`,
    write: (out, row) => {
      out.text(of(row).replaceAll('\0', ''));
      out.u8(0);
    },
  };
}
