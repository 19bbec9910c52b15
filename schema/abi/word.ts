// SPDX-License-Identifier: BSD-2-Clause
/**
 * 64-bit machine words without BigInt.
 *
 * A word is two unsigned 32-bit lanes. Registers, IPC buffers and message words are `Uint32Array`s in
 * which word `i` has its low lane at `2 * i` and its high lane at `2 * i + 1`; a single word that is kept
 * (a badge, a guard, an address) is a {@link Word}. BigInt appears only at the public API, through
 * {@link fromBigInt} and {@link toBigInt}.
 */

/** One 64-bit word. Both lanes are unsigned 32-bit integers. Immutable. */
export interface Word {
  readonly lo: number;
  readonly hi: number;
}

/** What the public API accepts as a 64-bit word: a BigInt in 0..2^64-1, or a safe non-negative integer. */
export type WordLike = number | bigint;

export const ZERO: Word = Object.freeze({ lo: 0, hi: 0 });

/** A word from its lanes; each lane is taken modulo 2^32. */
export function word(lo: number, hi = 0): Word {
  return { lo: lo >>> 0, hi: hi >>> 0 };
}

/** Whether a number is a safe non-negative integer, so that it is a word without loss. */
export function isWordNumber(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** The word of a safe non-negative integer. Throws a RangeError for anything else. */
export function fromNumber(value: number): Word {
  if (!isWordNumber(value)) throw new RangeError(`not a 64-bit word: ${value} (a number must be a safe non-negative integer; pass a bigint)`);
  return { lo: value >>> 0, hi: Math.floor(value / 0x1_0000_0000) };
}

/** The word of a BigInt in 0..2^64-1. Throws a RangeError outside. */
export function fromBigInt(value: bigint): Word {
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError(`not a 64-bit word: ${value}`);
  return { lo: Number(value & 0xffff_ffffn), hi: Number(value >> 32n) };
}

/** The word of a number or BigInt. Throws a RangeError outside 0..2^64-1. */
export function fromWordLike(value: WordLike): Word {
  return typeof value === 'bigint' ? fromBigInt(value) : fromNumber(value);
}

/** The BigInt of two lanes. */
export function lanesToBigInt(lo: number, hi: number): bigint {
  return hi === 0 ? BigInt(lo >>> 0) : (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

export function toBigInt(w: Word): bigint {
  return lanesToBigInt(w.lo, w.hi);
}

/** The number of two lanes if it is safe (< 2^53), otherwise `undefined`: the caller must have an answer for large words. */
export function lanesToNumber(lo: number, hi: number): number | undefined {
  return hi < 0x20_0000 ? hi * 0x1_0000_0000 + (lo >>> 0) : undefined;
}

export function equal(a: Word, b: Word): boolean {
  return a.lo === b.lo && a.hi === b.hi;
}

export function isZero(w: Word): boolean {
  return w.lo === 0 && w.hi === 0;
}

/** Unsigned order: negative, zero or positive as a < b, a = b, a > b. */
export function compare(a: Word, b: Word): number {
  return a.hi === b.hi ? a.lo - b.lo : a.hi - b.hi;
}

/** a + b modulo 2^64. */
export function add(a: Word, b: Word): Word {
  const lo = a.lo + b.lo;
  return { lo: lo >>> 0, hi: (a.hi + b.hi + (lo > 0xffff_ffff ? 1 : 0)) >>> 0 };
}

/** a - b modulo 2^64. */
export function subtract(a: Word, b: Word): Word {
  const lo = a.lo - b.lo;
  return { lo: lo >>> 0, hi: (a.hi - b.hi - (lo < 0 ? 1 : 0)) >>> 0 };
}

export function and(a: Word, b: Word): Word {
  return { lo: (a.lo & b.lo) >>> 0, hi: (a.hi & b.hi) >>> 0 };
}

export function or(a: Word, b: Word): Word {
  return { lo: (a.lo | b.lo) >>> 0, hi: (a.hi | b.hi) >>> 0 };
}

export function not(a: Word): Word {
  return { lo: ~a.lo >>> 0, hi: ~a.hi >>> 0 };
}

/** Logical shift right by 0..64 bits. */
export function shiftRight(w: Word, bits: number): Word {
  if (bits === 0) return w;
  if (bits >= 64) return ZERO;
  if (bits >= 32) return { lo: w.hi >>> (bits - 32), hi: 0 };
  return { lo: ((w.lo >>> bits) | (w.hi << (32 - bits))) >>> 0, hi: w.hi >>> bits };
}

/** Shift left by 0..64 bits, modulo 2^64. */
export function shiftLeft(w: Word, bits: number): Word {
  if (bits === 0) return w;
  if (bits >= 64) return ZERO;
  if (bits >= 32) return { lo: 0, hi: (w.lo << (bits - 32)) >>> 0 };
  return { lo: (w.lo << bits) >>> 0, hi: ((w.hi << bits) | (w.lo >>> (32 - bits))) >>> 0 };
}

/** A mask of the lowest 0..64 bits. */
export function lowMask(bits: number): Word {
  if (bits >= 64) return { lo: 0xffff_ffff, hi: 0xffff_ffff };
  if (bits >= 32) return { lo: 0xffff_ffff, hi: bits === 32 ? 0 : 0xffff_ffff >>> (64 - bits) };
  return { lo: bits === 0 ? 0 : 0xffff_ffff >>> (32 - bits), hi: 0 };
}

/**
 * Bits [shift, shift + count) of two lanes as an unsigned number; count is 0..32.
 * The hot-path form: no allocation.
 */
export function bitsOf(lo: number, hi: number, shift: number, count: number): number {
  if (count === 0 || shift >= 64) return 0;
  let value: number;
  if (shift >= 32) value = hi >>> (shift - 32);
  else if (shift === 0) value = lo >>> 0;
  else value = ((lo >>> shift) | (hi << (32 - shift))) >>> 0;
  return count >= 32 ? value : (value & ((1 << count) - 1)) >>> 0;
}

/** `0x` and at least one hexadecimal digit. */
export function toHex(w: Word): string {
  return lanesToHex(w.lo, w.hi);
}

export function lanesToHex(lo: number, hi: number): string {
  return hi === 0 ? `0x${(lo >>> 0).toString(16)}` : `0x${(hi >>> 0).toString(16)}${(lo >>> 0).toString(16).padStart(8, '0')}`;
}

/** Word `index` of an array of lanes. */
export function readWord(lanes: Uint32Array, index: number): Word {
  return { lo: lanes[2 * index]!, hi: lanes[2 * index + 1]! };
}

export function writeWord(lanes: Uint32Array, index: number, w: Word): void {
  lanes[2 * index] = w.lo;
  lanes[2 * index + 1] = w.hi;
}
