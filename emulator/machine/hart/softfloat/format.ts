// SPDX-License-Identifier: BSD-2-Clause
/** Binary interchange formats of IEEE 754-2019: bit patterns taken apart. Patterns are unsigned BigInts. */

export interface Format {
  readonly width: number;
  /** Bits of the significand, the hidden one included. */
  readonly precision: number;
  /** Exponent of the largest numbers; the smallest normal ones have `1 - maxExponent`. */
  readonly maxExponent: number;
  readonly canonicalNaN: bigint;
}

export const SINGLE: Format = Object.freeze({ width: 32, precision: 24, maxExponent: 127, canonicalNaN: 0x7fc0_0000n });
export const DOUBLE: Format = Object.freeze({ width: 64, precision: 53, maxExponent: 1023, canonicalNaN: 0x7ff8_0000_0000_0000n });

/** Exception flags, bits of `fflags`. */
export const FLAG = Object.freeze({ inexact: 1, underflow: 2, overflow: 4, divideByZero: 8, invalid: 16 });

/** Rounding modes as encoded in `rm` and `frm`. */
export const ROUND = Object.freeze({ nearestEven: 0, towardsZero: 1, down: 2, up: 3, nearestAway: 4 });

/** A pattern of a format and the flags that computing it raised. */
export interface Result {
  readonly bits: bigint;
  readonly flags: number;
}

/** A number taken apart. A finite one is `significand * 2^exponent`, not normalised; zero has the significand 0. */
export interface Unpacked {
  readonly kind: 'finite' | 'infinite' | 'quietNaN' | 'signallingNaN';
  readonly negative: boolean;
  readonly exponent: number;
  readonly significand: bigint;
}

const fractionBits = (format: Format): bigint => BigInt(format.precision - 1);
const exponentMask = (format: Format): bigint => BigInt(2 * format.maxExponent + 1);
const signBit = (format: Format): bigint => 1n << BigInt(format.width - 1);

/** Exponent of the last place of the smallest numbers. */
export const minQuantum = (format: Format): number => 2 - format.maxExponent - format.precision;

export function unpack(format: Format, bits: bigint): Unpacked {
  const negative = (bits & signBit(format)) !== 0n;
  const biased = (bits >> fractionBits(format)) & exponentMask(format);
  const fraction = BigInt.asUintN(format.precision - 1, bits);
  if (biased === exponentMask(format)) {
    const quiet = (fraction >> (fractionBits(format) - 1n)) === 1n;
    const kind = fraction === 0n ? 'infinite' : quiet ? 'quietNaN' : 'signallingNaN';
    return { kind, negative, exponent: 0, significand: 0n };
  }
  const hidden = biased === 0n ? 0n : 1n << fractionBits(format);
  const exponent = (biased === 0n ? 0 : Number(biased) - 1) + minQuantum(format);
  return { kind: 'finite', negative, exponent, significand: fraction | hidden };
}

export const isNaN = ({ kind }: Unpacked): boolean => kind === 'quietNaN' || kind === 'signallingNaN';
export const isZero = ({ kind, significand }: Unpacked): boolean => kind === 'finite' && significand === 0n;

export const zero = (format: Format, negative: boolean): bigint => negative ? signBit(format) : 0n;
export const infinity = (format: Format, negative: boolean): bigint =>
  zero(format, negative) | (exponentMask(format) << fractionBits(format));
/** The finite number of the largest magnitude. */
export const largest = (format: Format, negative: boolean): bigint => infinity(format, negative) - 1n;

/** The pattern of `significand * 2^exponent`, which the format must hold exactly with this exponent. */
export function pack(format: Format, negative: boolean, exponent: number, significand: bigint): bigint {
  const hidden = 1n << fractionBits(format);
  const biased = significand < hidden ? 0n : BigInt(exponent - minQuantum(format) + 1);
  return zero(format, negative) | (biased << fractionBits(format)) | (significand & (hidden - 1n));
}
