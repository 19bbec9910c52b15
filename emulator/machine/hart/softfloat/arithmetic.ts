// SPDX-License-Identifier: BSD-2-Clause
/** Sums, products, quotients and roots, rounded once. Operands and results are bit patterns of one format. */
import { FLAG, infinity, isNaN, isZero, ROUND, unpack, zero, type Format, type Result, type Unpacked } from './format.ts';
import { bitLength, round } from './round.ts';

export type Arithmetic = (format: Format, mode: number, one: bigint, other: bigint) => Result;

const exact = (bits: bigint): Result => ({ bits, flags: 0 });
const invalid = (format: Format): Result => ({ bits: format.canonicalNaN, flags: FLAG.invalid });

/** The result for operands with a NaN among them: always the canonical one. */
const nanResult = (format: Format, operands: readonly Unpacked[]): Result =>
  ({ bits: format.canonicalNaN, flags: operands.some(({ kind }) => kind === 'signallingNaN') ? FLAG.invalid : 0 });

const negated = (value: Unpacked): Unpacked => ({ ...value, negative: !value.negative });

export const add: Arithmetic = (format, mode, one, other) => sum(format, mode, unpack(format, one), unpack(format, other));
export const subtract: Arithmetic = (format, mode, one, other) =>
  sum(format, mode, unpack(format, one), negatedUnlessNaN(unpack(format, other)));

const negatedUnlessNaN = (value: Unpacked): Unpacked => isNaN(value) ? value : negated(value);

function sum(format: Format, mode: number, one: Unpacked, other: Unpacked): Result {
  if (isNaN(one) || isNaN(other)) return nanResult(format, [one, other]);
  if (one.kind === 'infinite' || other.kind === 'infinite') {
    if (one.kind === other.kind && one.negative !== other.negative) return invalid(format);
    return exact(infinity(format, one.kind === 'infinite' ? one.negative : other.negative));
  }
  const exponent = Math.min(one.exponent, other.exponent);
  const total = signedSignificand(one, exponent) + signedSignificand(other, exponent);
  if (total === 0n) {
    // Zeros of one sign keep it; otherwise the sum is +0, but -0 when rounding down.
    const negative = one.negative === other.negative ? one.negative : mode === ROUND.down;
    return exact(zero(format, negative));
  }
  return round(format, mode, total < 0n, exponent, total < 0n ? -total : total);
}

/** As a multiple of 2^exponent, which is not larger than its own. */
function signedSignificand(value: Unpacked, exponent: number): bigint {
  const magnitude = value.significand << BigInt(value.exponent - exponent);
  return value.negative ? -magnitude : magnitude;
}

/** The exact product; `invalid` for infinity times zero. NaNs are dealt with before. */
function product(one: Unpacked, other: Unpacked): Unpacked | 'invalid' {
  const negative = one.negative !== other.negative;
  if (one.kind === 'infinite' || other.kind === 'infinite') {
    return isZero(one) || isZero(other) ? 'invalid' : { kind: 'infinite', negative, exponent: 0, significand: 0n };
  }
  return { kind: 'finite', negative, exponent: one.exponent + other.exponent, significand: one.significand * other.significand };
}

export const multiply: Arithmetic = (format, mode, one, other) => {
  const operands = [unpack(format, one), unpack(format, other)] as const;
  if (operands.some(isNaN)) return nanResult(format, operands);
  const result = product(...operands);
  if (result === 'invalid') return invalid(format);
  if (result.kind === 'infinite') return exact(infinity(format, result.negative));
  if (isZero(result)) return exact(zero(format, result.negative));
  return round(format, mode, result.negative, result.exponent, result.significand);
};

/** `(one * other) + addend` with one rounding, product and addend negated as asked for. */
export function fused(
  format: Format, mode: number, one: bigint, other: bigint, addend: bigint, negateProduct: boolean, negateAddend: boolean,
): Result {
  const factors = [unpack(format, one), unpack(format, other)] as const;
  const third = unpack(format, addend);
  // Infinity times zero is invalid even when a quiet NaN is added.
  const made = factors.some(isNaN) ? undefined : product(...factors);
  if (made === 'invalid') return invalid(format);
  if (made === undefined || isNaN(third)) return nanResult(format, [...factors, third]);
  return sum(format, mode, negateProduct ? negated(made) : made, negateAddend ? negated(third) : third);
}

export const divide: Arithmetic = (format, mode, one, other) => {
  const [dividend, divisor] = [unpack(format, one), unpack(format, other)];
  if (isNaN(dividend) || isNaN(divisor)) return nanResult(format, [dividend, divisor]);
  const negative = dividend.negative !== divisor.negative;
  if (dividend.kind === 'infinite') return divisor.kind === 'infinite' ? invalid(format) : exact(infinity(format, negative));
  if (divisor.kind === 'infinite') return exact(zero(format, negative));
  if (isZero(divisor)) {
    return isZero(dividend) ? invalid(format) : { bits: infinity(format, negative), flags: FLAG.divideByZero };
  }
  if (isZero(dividend)) return exact(zero(format, negative));
  // Two bits more than the precision, and one that says whether there is a rest.
  const shift = Math.max(0, format.precision + 3 + bitLength(divisor.significand) - bitLength(dividend.significand));
  const scaled = dividend.significand << BigInt(shift);
  const quotient = scaled / divisor.significand;
  const sticky = quotient * divisor.significand === scaled ? 0n : 1n;
  return round(format, mode, negative, dividend.exponent - divisor.exponent - shift - 1, (quotient << 1n) | sticky);
};

export function squareRoot(format: Format, mode: number, operand: bigint): Result {
  const value = unpack(format, operand);
  if (isNaN(value)) return nanResult(format, [value]);
  if (isZero(value)) return exact(operand);
  if (value.negative) return invalid(format);
  if (value.kind === 'infinite') return exact(operand);
  // An even exponent, and a significand whose root has more bits than the format.
  const wanted = 2 * (format.precision + 3);
  const missing = Math.max(0, wanted - bitLength(value.significand));
  const shift = (value.exponent - missing) % 2 === 0 ? missing : missing + 1;
  const scaled = value.significand << BigInt(shift);
  const root = integerRoot(scaled);
  const sticky = root * root === scaled ? 0n : 1n;
  return round(format, mode, false, (value.exponent - shift) / 2 - 1, (root << 1n) | sticky);
}

/** The largest integer whose square is not larger, by Newton's method from above. */
function integerRoot(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(bitLength(value) / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
