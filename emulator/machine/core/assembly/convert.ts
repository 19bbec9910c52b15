// SPDX-License-Identifier: BSD-2-Clause
/** Conversions, comparisons and classes of floating point numbers, on bits. Exceptions go to `flags`. */
import {
  canonicalNan, exponentOf, INEXACT, infinity, INVALID, isInfinite, isNan, isNegative, isSignaling, isZero, magnitude, precisionOf, quiet,
  raise, rounded, roundsUp, significandOf, withSign,
} from './format';

/** To the other format. */
export function toFormat(mode: u32, bits: u64, fromDouble: bool): u64 {
  const double = !fromDouble;
  const negative = isNegative(bits, fromDouble);
  if (isNan(bits, fromDouble)) {
    quiet(bits, bits, fromDouble);
    return canonicalNan(double);
  }
  if (isInfinite(bits, fromDouble)) return withSign(infinity(double), negative, double);
  if (isZero(bits, fromDouble)) return withSign(0, negative, double);
  return rounded(mode, negative, exponentOf(bits, fromDouble), significandOf(bits, fromDouble), double);
}

/** From an integer of which sign and magnitude are given. */
export function fromInteger(mode: u32, negative: bool, value: u64, double: bool): u64 {
  if (value == 0) return 0;
  const room = <i32>clz(value);
  return rounded(mode, negative, 63 - room, value << room, double);
}

/**
 * To an integer between `-lowest` and `highest`, in two's complement. What does not fit is invalid and gives the nearer
 * limit; no number gives the upper one.
 */
export function toInteger(mode: u32, bits: u64, double: bool, lowest: u64, highest: u64): u64 {
  if (isNan(bits, double)) {
    raise(INVALID);
    return highest;
  }
  if (isZero(bits, double)) return 0;
  const negative = isNegative(bits, double);
  const limit = negative ? lowest : highest;
  const exponent = isInfinite(bits, double) ? 64 : exponentOf(bits, double);
  if (exponent > 63) return outOfRange(negative, limit);
  const significand = significandOf(bits, double);
  let whole: u64 = exponent < 0 ? 0 : significand >> (63 - exponent);
  // Digits behind the point, scaled so that bit 63 is one half.
  const rest = exponent == 63 ? 0 : exponent >= -1 ? significand << (exponent + 1) : 1;
  if (roundsUp(mode, negative, whole, rest, <u64>1 << 63)) {
    whole++;
    if (whole == 0) return outOfRange(negative, limit);
  }
  if (whole > limit) return outOfRange(negative, limit);
  if (rest != 0) raise(INEXACT);
  return negative ? 0 - whole : whole;
}

function outOfRange(negative: bool, limit: u64): u64 {
  raise(INVALID);
  return negative ? 0 - limit : limit;
}

/** Whether two numbers, none of them a NaN, are in order; zeros are equal. */
function isLess(one: u64, other: u64, double: bool): bool {
  if (isZero(one, double) && isZero(other, double)) return false;
  return isBelow(one, other, double);
}

/** The same with a negative zero below the positive one. */
function isBelow(one: u64, other: u64, double: bool): bool {
  const negative = isNegative(one, double);
  if (negative != isNegative(other, double)) return negative;
  return negative ? one > other : one < other;
}

export function equal(one: u64, other: u64, double: bool): bool {
  if (isNan(one, double) || isNan(other, double)) {
    quiet(one, other, double);
    return false;
  }
  return one == other || (isZero(one, double) && isZero(other, double));
}

export function less(one: u64, other: u64, double: bool): bool {
  if (isNan(one, double) || isNan(other, double)) {
    raise(INVALID);
    return false;
  }
  return isLess(one, other, double);
}

export function lessOrEqual(one: u64, other: u64, double: bool): bool {
  if (isNan(one, double) || isNan(other, double)) {
    raise(INVALID);
    return false;
  }
  return !isLess(other, one, double);
}

export function minimum(one: u64, other: u64, double: bool): u64 {
  if (isNan(one, double) || isNan(other, double)) return theNumber(one, other, double);
  return isBelow(one, other, double) ? one : other;
}

export function maximum(one: u64, other: u64, double: bool): u64 {
  if (isNan(one, double) || isNan(other, double)) return theNumber(one, other, double);
  return isBelow(one, other, double) ? other : one;
}

/** The operand that is no NaN. */
function theNumber(one: u64, other: u64, double: bool): u64 {
  quiet(one, other, double);
  if (!isNan(one, double)) return one;
  return isNan(other, double) ? canonicalNan(double) : other;
}

/** One bit of ten: the class of a number. */
export function classOf(bits: u64, double: bool): u64 {
  if (isNan(bits, double)) return isSignaling(bits, double) ? 1 << 8 : 1 << 9;
  const size = magnitude(bits, double);
  const negative = isNegative(bits, double);
  if (size == infinity(double)) return negative ? 1 << 0 : 1 << 7;
  if (size == 0) return negative ? 1 << 3 : 1 << 4;
  const subnormal = size >> (precisionOf(double) - 1) == 0;
  if (subnormal) return negative ? 1 << 2 : 1 << 5;
  return negative ? 1 << 1 : 1 << 6;
}
