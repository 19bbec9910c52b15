// SPDX-License-Identifier: BSD-2-Clause
/** Attribute forms of DWARF 4 and 5, as far as C compilers use them. Source: DWARF 5 standard, section 7.5.6. */
import { ImageError } from '../image-error.ts';
import type { Cursor } from './cursor.ts';

/** How values are encoded in one unit. */
export interface UnitEncoding {
  readonly addressBytes: number;
  /** 4, or 8 in the 64-bit format. */
  readonly offsetBytes: number;
  /** Where the unit's header is in `.debug_info`: references within a unit count from there. */
  readonly start: number;
}

/** A number, or a place in a section of strings. */
export type Value =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'stringAt'; readonly section: '.debug_str' | '.debug_line_str'; readonly offset: number }
  /** Number of an entry of `.debug_str_offsets`. */
  | { readonly kind: 'stringIndex'; readonly index: number }
  /** Place of another entry in `.debug_info`. */
  | { readonly kind: 'reference'; readonly offset: number }
  | { readonly kind: 'block' };

const BLOCK: Value = { kind: 'block' };

const number = (value: number): Value => ({ kind: 'number', value });

/** Reads the value of an attribute. `constant` is the value of DW_FORM_implicit_const, from the abbreviation. */
export function readForm(cursor: Cursor, form: number, unit: UnitEncoding, constant: number): Value {
  switch (form) {
    case 0x01: return number(readWord(cursor, unit.addressBytes));
    case 0x03: return block(cursor, cursor.u16());
    case 0x04: return block(cursor, cursor.u32());
    case 0x05: return number(cursor.u16());
    case 0x06: return number(cursor.u32());
    case 0x07: return number(Number(BigInt.asIntN(64, cursor.u64())));
    case 0x08: return { kind: 'string', value: cursor.string() };
    case 0x09: case 0x18: return block(cursor, cursor.uleb());
    case 0x0a: return block(cursor, cursor.u8());
    case 0x0b: case 0x0c: return number(cursor.u8());
    case 0x0d: return number(cursor.sleb());
    case 0x0e: return { kind: 'stringAt', section: '.debug_str', offset: readWord(cursor, unit.offsetBytes) };
    case 0x0f: return number(cursor.uleb());
    case 0x10: case 0x17: case 0x1c: return number(readWord(cursor, unit.offsetBytes));
    case 0x11: return { kind: 'reference', offset: unit.start + cursor.u8() };
    case 0x12: return { kind: 'reference', offset: unit.start + cursor.u16() };
    case 0x13: return { kind: 'reference', offset: unit.start + cursor.u32() };
    case 0x14: return { kind: 'reference', offset: unit.start + Number(cursor.u64()) };
    case 0x15: return { kind: 'reference', offset: unit.start + cursor.uleb() };
    case 0x16: return readForm(cursor, cursor.uleb(), unit, constant);
    case 0x19: return number(1);
    case 0x1a: return { kind: 'stringIndex', index: cursor.uleb() };
    case 0x1b: case 0x22: case 0x23: return number(cursor.uleb());
    case 0x1e: return block(cursor, 16);
    case 0x1f: return { kind: 'stringAt', section: '.debug_line_str', offset: readWord(cursor, unit.offsetBytes) };
    case 0x20: return block(cursor, 8);
    case 0x21: return number(constant);
    case 0x25: return { kind: 'stringIndex', index: cursor.u8() };
    case 0x26: return { kind: 'stringIndex', index: cursor.u16() };
    case 0x27: return { kind: 'stringIndex', index: cursor.u8() + 0x100 * cursor.u16() };
    case 0x28: return { kind: 'stringIndex', index: cursor.u32() };
    case 0x29: return number(cursor.u8());
    case 0x2a: return number(cursor.u16());
    case 0x2b: return number(cursor.u8() + 0x100 * cursor.u16());
    case 0x2c: return number(cursor.u32());
    default: throw new ImageError(`debug information in a form that is not known here (0x${form.toString(16)})`);
  }
}

/** An address or offset. The high addresses of kernels lose low bits; no caller needs them. */
export function readWord(cursor: Cursor, bytes: number): number {
  return bytes === 8 ? Number(cursor.u64()) : cursor.u32();
}

function block(cursor: Cursor, bytes: number): Value {
  cursor.skip(bytes);
  return BLOCK;
}
