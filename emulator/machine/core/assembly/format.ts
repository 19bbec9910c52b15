// SPDX-License-Identifier: BSD-2-Clause
/** The two formats of numbers, their parts, and rounding. Bits of a single are the low half of a word. */

export const INEXACT: u32 = 1;
const UNDERFLOW: u32 = 2;
const OVERFLOW: u32 = 4;
export const DIVIDE_BY_ZERO: u32 = 8;
export const INVALID: u32 = 16;

/** Rounding modes by number. */
export const TO_NEAREST_EVEN: u32 = 0;
const TO_ZERO: u32 = 1;
export const DOWN: u32 = 2;
const UP: u32 = 3;
const TO_NEAREST_AWAY: u32 = 4;

/** Exceptions of the operation that is computed. */
export let flags: u32 = 0;

export function clearFlags(): void {
  flags = 0;
}

@inline export function raise(flag: u32): void {
  flags |= flag;
}

/** Bits of the significand, the leading one among them. */
@inline export function precisionOf(double: bool): u32 {
  return double ? 53 : 24;
}

/** Exponent of one; also the largest. */
@inline function biasOf(double: bool): i32 {
  return double ? 1023 : 127;
}

@inline export function signBit(double: bool): u64 {
  return double ? <u64>1 << 63 : <u64>1 << 31;
}

@inline export function infinity(double: bool): u64 {
  return double ? 0x7ff0_0000_0000_0000 : 0x7f80_0000;
}

@inline export function canonicalNan(double: bool): u64 {
  return double ? 0x7ff8_0000_0000_0000 : 0x7fc0_0000;
}

@inline export function magnitude(bits: u64, double: bool): u64 {
  return bits & (signBit(double) - 1);
}

@inline export function isNegative(bits: u64, double: bool): bool {
  return (bits & signBit(double)) != 0;
}

@inline export function isNan(bits: u64, double: bool): bool {
  return magnitude(bits, double) > infinity(double);
}

@inline export function isInfinite(bits: u64, double: bool): bool {
  return magnitude(bits, double) == infinity(double);
}

@inline export function isZero(bits: u64, double: bool): bool {
  return magnitude(bits, double) == 0;
}

@inline export function isSignaling(bits: u64, double: bool): bool {
  return isNan(bits, double) && (bits & (double ? <u64>1 << 51 : <u64>1 << 22)) == 0;
}

@inline export function withSign(bits: u64, negative: bool, double: bool): u64 {
  return negative ? bits | signBit(double) : bits;
}

/** The NaN that an operation with a NaN among its operands gives; a signaling one is an invalid operation. */
export function quiet(one: u64, other: u64, double: bool): u64 {
  if (isSignaling(one, double) || isSignaling(other, double)) raise(INVALID);
  return canonicalNan(double);
}

/** The NaN of an operation that has no result. */
export function invalid(double: bool): u64 {
  raise(INVALID);
  return canonicalNan(double);
}

/** Exponent of a finite number that is not zero, so that its significand is at least one and less than two. */
export function exponentOf(bits: u64, double: bool): i32 {
  const field = <i32>(magnitude(bits, double) >> (precisionOf(double) - 1));
  return field != 0 ? field - biasOf(double) : 65 - biasOf(double) - <i32>precisionOf(double) - <i32>clz(fraction(bits, double));
}

@inline function fraction(bits: u64, double: bool): u64 {
  return bits & ((<u64>1 << (precisionOf(double) - 1)) - 1);
}

/** Significand of a finite number that is not zero, the leading one in bit 63. */
export function significandOf(bits: u64, double: bool): u64 {
  const part = fraction(bits, double);
  if (magnitude(bits, double) >> (precisionOf(double) - 1) == 0) return part << clz(part);
  return (part | <u64>1 << (precisionOf(double) - 1)) << (64 - precisionOf(double));
}

/** Shifts right; the lowest bit says whether ones were lost, too. */
export function shiftRightSticky(value: u64, count: u32): u64 {
  if (count == 0) return value;
  if (count >= 64) return u64(value != 0);
  return value >> count | u64(value << (64 - count) != 0);
}

/** Whether the digits behind `kept`, of which `half` would be one half of its last digit, round it up. */
export function roundsUp(mode: u32, negative: bool, kept: u64, rest: u64, half: u64): bool {
  switch (mode) {
    case TO_NEAREST_EVEN: return rest > half || (rest == half && (kept & 1) != 0);
    case TO_NEAREST_AWAY: return rest >= half;
    case DOWN: return negative && rest != 0;
    case UP: return !negative && rest != 0;
    default: return false;
  }
}

/**
 * The number nearest to `significand * 2^(exponent - 63)` in the sense of a rounding mode. The leading one of the
 * significand is bit 63; its lowest bit says whether anything follows.
 */
export function rounded(mode: u32, negative: bool, exponent: i32, significand: u64, double: bool): u64 {
  const precision = precisionOf(double);
  const bias = biasOf(double);
  const dropped = 64 - precision;
  const half = <u64>1 << (dropped - 1);
  const smallest = 1 - bias;
  if (exponent < smallest) return roundedTiny(mode, negative, smallest - exponent, significand, double);
  const rest = significand & (2 * half - 1);
  if (rest != 0) raise(INEXACT);
  let kept = significand >> dropped;
  let power = exponent;
  if (roundsUp(mode, negative, kept, rest, half)) kept++;
  if (kept >> precision != 0) {
    kept >>= 1;
    power++;
  }
  if (power > bias) return overflow(mode, negative, double);
  return withSign((<u64>(power + bias) << (precision - 1)) + (kept - (<u64>1 << (precision - 1))), negative, double);
}

/** A number below the normal ones: `below` more digits are lost. Tininess is judged after rounding. */
function roundedTiny(mode: u32, negative: bool, below: i32, significand: u64, double: bool): u64 {
  const dropped = 64 - precisionOf(double);
  const half = <u64>1 << (dropped - 1);
  const mask = 2 * half - 1;
  const shifted = shiftRightSticky(significand, below);
  const rest = shifted & mask;
  let kept = shifted >> dropped;
  if (rest != 0) {
    const becomesNormal = below == 1 && significand >> dropped == (<u64>1 << precisionOf(double)) - 1
      && roundsUp(mode, negative, significand >> dropped, significand & mask, half);
    raise(becomesNormal ? INEXACT : INEXACT | UNDERFLOW);
  }
  if (roundsUp(mode, negative, kept, rest, half)) kept++;
  // A carry out of the fraction makes the smallest normal number.
  return withSign(kept, negative, double);
}

function overflow(mode: u32, negative: bool, double: bool): u64 {
  raise(OVERFLOW | INEXACT);
  const stays = mode == TO_ZERO || mode == (negative ? UP : DOWN);
  return withSign(stays ? infinity(double) - 1 : infinity(double), negative, double);
}
