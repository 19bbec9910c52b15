// SPDX-License-Identifier: BSD-2-Clause
/** Comparisons, minimum and maximum, classes. */
import { FLAG, isNaN, isZero, minQuantum, unpack, type Format, type Result, type Unpacked } from './format.ts';

/** A number that orders patterns of a format like their values, NaNs apart: zeros are equal. */
function order(format: Format, bits: bigint): bigint {
  const magnitude = BigInt.asUintN(format.width - 1, bits);
  return bits >> BigInt(format.width - 1) === 0n ? magnitude : -magnitude;
}

const signals = (operands: readonly Unpacked[]): boolean => operands.some(({ kind }) => kind === 'signallingNaN');

/** Comparison of two patterns; with a NaN it is false. `result.bits` is 0 or 1. */
function compare(format: Format, one: bigint, other: bigint, quiet: boolean, holds: (one: bigint, other: bigint) => boolean): Result {
  const operands = [unpack(format, one), unpack(format, other)];
  if (operands.some(isNaN)) return { bits: 0n, flags: quiet && !signals(operands) ? 0 : FLAG.invalid };
  return { bits: holds(order(format, one), order(format, other)) ? 1n : 0n, flags: 0 };
}

/** Quiet: invalid only for signalling NaNs. */
export const equal = (format: Format, one: bigint, other: bigint): Result =>
  compare(format, one, other, true, (low, high) => low === high);
/** Signalling: invalid for any NaN. */
export const less = (format: Format, one: bigint, other: bigint): Result =>
  compare(format, one, other, false, (low, high) => low < high);
export const lessOrEqual = (format: Format, one: bigint, other: bigint): Result =>
  compare(format, one, other, false, (low, high) => low <= high);

/** IEEE 754-2019 minimumNumber and maximumNumber: a NaN loses against a number, and -0 lies below +0. */
function choose(format: Format, one: bigint, other: bigint, wantLarger: boolean): Result {
  const [first, second] = [unpack(format, one), unpack(format, other)];
  const flags = signals([first, second]) ? FLAG.invalid : 0;
  if (isNaN(first)) return { bits: isNaN(second) ? format.canonicalNaN : other, flags };
  if (isNaN(second)) return { bits: one, flags };
  const firstIsLess = isZero(first) && isZero(second) ? first.negative : order(format, one) < order(format, other);
  return { bits: firstIsLess === wantLarger ? other : one, flags };
}

export const minimum = (format: Format, one: bigint, other: bigint): Result => choose(format, one, other, false);
export const maximum = (format: Format, one: bigint, other: bigint): Result => choose(format, one, other, true);

/** The bit that fclass sets for a pattern. */
export function classOf(format: Format, bits: bigint): bigint {
  const value = unpack(format, bits);
  switch (value.kind) {
    case 'infinite': return value.negative ? 1n << 0n : 1n << 7n;
    case 'signallingNaN': return 1n << 8n;
    case 'quietNaN': return 1n << 9n;
    case 'finite': break;
  }
  const size = isZero(value) ? 2 : value.exponent === minQuantum(format) && value.significand < 1n << BigInt(format.precision - 1) ? 1 : 0;
  return value.negative ? 1n << BigInt(1 + size) : 1n << BigInt(6 - size);
}
