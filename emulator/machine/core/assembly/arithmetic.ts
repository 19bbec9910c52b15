// SPDX-License-Identifier: BSD-2-Clause
/** Sum, product, quotient, root and multiply-add in every rounding mode, on bits. Exceptions go to `flags`. */
import {
  DIVIDE_BY_ZERO, DOWN, exponentOf, infinity, invalid, isInfinite, isNan, isNegative, isSignaling, isZero, INVALID, canonicalNan, quiet,
  raise, rounded, shiftRightSticky, signBit, significandOf, withSign,
} from './format';
import { multiplyHighUnsigned } from './integer';

export function add(mode: u32, one: u64, other: u64, double: bool): u64 {
  if (isNan(one, double) || isNan(other, double)) return quiet(one, other, double);
  const negative = isNegative(one, double);
  const opposed = negative != isNegative(other, double);
  if (isInfinite(one, double)) return opposed && isInfinite(other, double) ? invalid(double) : one;
  if (isInfinite(other, double)) return other;
  if (isZero(other, double)) return isZero(one, double) && opposed ? zeroOfDifference(mode, double) : one;
  if (isZero(one, double)) return other;
  return addFinite(mode, one, other, opposed, double);
}

/** Sign of a difference of equals. */
@inline function zeroOfDifference(mode: u32, double: bool): u64 {
  return withSign(0, mode == DOWN, double);
}

function addFinite(mode: u32, one: u64, other: u64, opposed: bool, double: bool): u64 {
  // By magnitude; a bit of room above the leading one.
  const swapped = (one & (signBit(double) - 1)) < (other & (signBit(double) - 1));
  const large = swapped ? other : one;
  const small = swapped ? one : other;
  const exponent = exponentOf(large, double);
  const base = significandOf(large, double) >> 1;
  const term = shiftRightSticky(significandOf(small, double) >> 1, exponent - exponentOf(small, double));
  const sum = opposed ? base - term : base + term;
  if (sum == 0) return zeroOfDifference(mode, double);
  const room = <i32>clz(sum);
  return rounded(mode, isNegative(large, double), exponent + 1 - room, sum << room, double);
}

export function multiply(mode: u32, one: u64, other: u64, double: bool): u64 {
  if (isNan(one, double) || isNan(other, double)) return quiet(one, other, double);
  const negative = isNegative(one, double) != isNegative(other, double);
  if (isInfinite(one, double) || isInfinite(other, double)) {
    return isZero(one, double) || isZero(other, double) ? invalid(double) : withSign(infinity(double), negative, double);
  }
  if (isZero(one, double) || isZero(other, double)) return withSign(0, negative, double);
  const a = significandOf(one, double);
  const b = significandOf(other, double);
  const high = multiplyHighUnsigned(a, b);
  const low = a * b;
  const exponent = exponentOf(one, double) + exponentOf(other, double);
  if (high >> 63 != 0) return rounded(mode, negative, exponent + 1, high | u64(low != 0), double);
  return rounded(mode, negative, exponent, high << 1 | low >> 63 | u64(low << 1 != 0), double);
}

/** Digits of a quotient or root that are computed, the leading one among them; the rest is one bit. */
const DIGITS: u32 = 56;
const STEP: u32 = 11;

export function divide(mode: u32, one: u64, other: u64, double: bool): u64 {
  if (isNan(one, double) || isNan(other, double)) return quiet(one, other, double);
  const negative = isNegative(one, double) != isNegative(other, double);
  if (isInfinite(one, double)) return isInfinite(other, double) ? invalid(double) : withSign(infinity(double), negative, double);
  if (isInfinite(other, double)) return withSign(0, negative, double);
  if (isZero(other, double)) {
    if (isZero(one, double)) return invalid(double);
    raise(DIVIDE_BY_ZERO);
    return withSign(infinity(double), negative, double);
  }
  if (isZero(one, double)) return withSign(0, negative, double);
  let exponent = exponentOf(one, double) - exponentOf(other, double);
  // 53 digits each, so that a remainder has room for the digits of a step.
  let rest = significandOf(one, double) >> 11;
  const divisor = significandOf(other, double) >> 11;
  if (rest < divisor) {
    rest <<= 1;
    exponent--;
  }
  rest -= divisor;
  let quotient: u64 = 1;
  for (let digits: u32 = 1; digits < DIGITS; digits += STEP) {
    rest <<= STEP;
    quotient = quotient << STEP | rest / divisor;
    rest %= divisor;
  }
  return rounded(mode, negative, exponent, quotient << (64 - DIGITS) | u64(rest != 0), double);
}

export function squareRoot(mode: u32, bits: u64, double: bool): u64 {
  if (isNan(bits, double)) return quiet(bits, bits, double);
  if (isZero(bits, double)) return bits;
  if (isNegative(bits, double)) return invalid(double);
  if (isInfinite(bits, double)) return bits;
  const exponent = exponentOf(bits, double);
  // Two digits of the radicand give one of the root; an odd exponent leaves one more before the point.
  let radicand = significandOf(bits, double) >> ((exponent & 1) ^ 1);
  let root: u64 = 0;
  let rest: u64 = 0;
  for (let digits: u32 = 0; digits < DIGITS; digits++) {
    rest = rest << 2 | radicand >> 62;
    radicand <<= 2;
    const trial = root << 2 | 1;
    root <<= 1;
    if (rest >= trial) {
      rest -= trial;
      root |= 1;
    }
  }
  return rounded(mode, false, exponent >> 1, root << (64 - DIGITS) | u64(rest != 0), double);
}

/** `one * other + addend` rounded once. */
export function multiplyAdd(mode: u32, one: u64, other: u64, addend: u64, double: bool): u64 {
  const endless = isInfinite(one, double) || isInfinite(other, double);
  const nothing = isZero(one, double) || isZero(other, double);
  if (isNan(one, double) || isNan(other, double) || isNan(addend, double)) {
    // Infinity times zero is invalid also where a quiet NaN is added.
    if ((endless && nothing) || isSignaling(one, double) || isSignaling(other, double) || isSignaling(addend, double)) raise(INVALID);
    return canonicalNan(double);
  }
  if (endless && nothing) return invalid(double);
  const negative = isNegative(one, double) != isNegative(other, double);
  const opposed = negative != isNegative(addend, double);
  if (endless) return isInfinite(addend, double) && opposed ? invalid(double) : withSign(infinity(double), negative, double);
  if (isInfinite(addend, double)) return addend;
  if (nothing) return isZero(addend, double) && opposed ? zeroOfDifference(mode, double) : addend;
  return multiplyAddFinite(mode, one, other, addend, negative, opposed, double);
}

/** Numbers of 128 digits in two halves; the leading one of each is bit 126 at most, so that a sum has room. */
function multiplyAddFinite(mode: u32, one: u64, other: u64, addend: u64, negative: bool, opposed: bool, double: bool): u64 {
  const a = significandOf(one, double);
  const b = significandOf(other, double);
  let high = multiplyHighUnsigned(a, b);
  let low = a * b;
  let exponent = exponentOf(one, double) + exponentOf(other, double);
  // No digit is lost: the lowest twenty are zero.
  if (high >> 63 != 0) {
    low = low >> 1 | high << 63;
    high >>= 1;
    exponent++;
  }
  if (isZero(addend, double)) return normalised(mode, negative, exponent, high, low, double);
  const term = significandOf(addend, double);
  const termExponent = exponentOf(addend, double);
  return addWide(mode, negative, opposed, exponent, high, low, termExponent, term >> 1, term << 63, double);
}

function addWide(
  mode: u32, negative: bool, opposed: bool, exponent: i32, high: u64, low: u64, termExponent: i32, termHigh: u64, termLow: u64, double: bool,
): u64 {
  const productIsLarger = exponent > termExponent
    || (exponent == termExponent && (high > termHigh || (high == termHigh && low >= termLow)));
  const shift: u32 = productIsLarger ? exponent - termExponent : termExponent - exponent;
  const largeHigh = productIsLarger ? high : termHigh;
  const largeLow = productIsLarger ? low : termLow;
  const smallHigh = productIsLarger ? termHigh : high;
  const smallLow = productIsLarger ? termLow : low;
  const partHigh = shift >= 64 ? 0 : smallHigh >> shift;
  const partLow = shiftedLow(smallHigh, smallLow, shift);
  const top = productIsLarger ? exponent : termExponent;
  const sign = productIsLarger ? negative : negative != opposed;
  if (!opposed) {
    const sum = largeLow + partLow;
    return normalised(mode, sign, top, largeHigh + partHigh + u64(sum < partLow), sum, double);
  }
  const difference = largeLow - partLow;
  const rest = largeHigh - partHigh - u64(largeLow < partLow);
  if ((rest | difference) == 0) return zeroOfDifference(mode, double);
  return normalised(mode, sign, top, rest, difference, double);
}

/** Low half of 128 digits shifted right; the lowest bit says whether ones were lost, too. */
function shiftedLow(high: u64, low: u64, shift: u32): u64 {
  if (shift == 0) return low;
  if (shift < 64) return high << (64 - shift) | low >> shift | u64(low << (64 - shift) != 0);
  if (shift == 64) return high | u64(low != 0);
  return shiftRightSticky(high, shift - 64) | u64(low != 0);
}

/** Rounds 128 digits; the value of bit 126 is two to the power of the exponent. */
function normalised(mode: u32, negative: bool, exponent: i32, high: u64, low: u64, double: bool): u64 {
  if (high == 0) {
    const room = <i32>clz(low);
    return rounded(mode, negative, exponent - 63 - room, low << room, double);
  }
  const room = <i32>clz(high);
  const upper = room == 0 ? high : high << room | low >> (64 - room);
  return rounded(mode, negative, exponent + 1 - room, upper | u64(low << room != 0), double);
}
