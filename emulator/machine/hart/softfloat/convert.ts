// SPDX-License-Identifier: BSD-2-Clause
/** Conversions between the formats, and from and to integers. */
import { FLAG, infinity, isNaN, isZero, unpack, zero, type Format, type Result } from './format.ts';
import { round, roundShift } from './round.ts';

/** An integer type: two's complement when signed. */
export interface IntegerType {
  readonly bits: 32 | 64;
  readonly signed: boolean;
}

/**
 * To an integer, as a signed or unsigned number. What does not fit, and a NaN, is invalid and gives the nearest limit (a
 * NaN the upper one); only a result that fits can be inexact.
 */
export function toInteger(format: Format, mode: number, bits: bigint, type: IntegerType): { readonly value: bigint; readonly flags: number } {
  const operand = unpack(format, bits);
  const max = (1n << BigInt(type.signed ? type.bits - 1 : type.bits)) - 1n;
  const min = type.signed ? -max - 1n : 0n;
  if (isNaN(operand)) return { value: max, flags: FLAG.invalid };
  if (operand.kind === 'infinite') return { value: operand.negative ? min : max, flags: FLAG.invalid };
  const { value: magnitude, inexact } = roundShift(operand.significand, -operand.exponent, mode, operand.negative);
  const value = operand.negative ? -magnitude : magnitude;
  if (value < min || value > max) return { value: value < min ? min : max, flags: FLAG.invalid };
  return { value, flags: inexact ? FLAG.inexact : 0 };
}

/** From a signed or unsigned number. */
export function fromInteger(format: Format, mode: number, value: bigint): Result {
  if (value === 0n) return { bits: 0n, flags: 0 };
  return round(format, mode, value < 0n, 0, value < 0n ? -value : value);
}

/** From one format to another. */
export function toFormat(from: Format, to: Format, mode: number, bits: bigint): Result {
  const operand = unpack(from, bits);
  if (isNaN(operand)) return { bits: to.canonicalNaN, flags: operand.kind === 'signallingNaN' ? FLAG.invalid : 0 };
  if (operand.kind === 'infinite') return { bits: infinity(to, operand.negative), flags: 0 };
  if (isZero(operand)) return { bits: zero(to, operand.negative), flags: 0 };
  return round(to, mode, operand.negative, operand.exponent, operand.significand);
}
