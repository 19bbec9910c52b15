// SPDX-License-Identifier: BSD-2-Clause
/** Rounding of an exact value to a format. */
import { FLAG, infinity, largest, minQuantum, pack, ROUND, zero, type Format, type Result } from './format.ts';

/** How many bits a positive number has. */
export const bitLength = (value: bigint): number => value.toString(2).length;

/** Whether a magnitude between two neighbours goes to the upper one. `half` compares the part cut off with one half. */
function roundsUp(mode: number, negative: boolean, odd: boolean, half: -1 | 0 | 1): boolean {
  switch (mode) {
    case ROUND.nearestEven: return half > 0 || (half === 0 && odd);
    case ROUND.nearestAway: return half >= 0;
    case ROUND.down: return negative;
    case ROUND.up: return !negative;
    default: return false;
  }
}

/** Cuts the low `shift` bits of a magnitude and rounds. A `shift` of zero or less is exact. */
export function roundShift(significand: bigint, shift: number, mode: number, negative: boolean): { readonly value: bigint; readonly inexact: boolean } {
  if (shift <= 0) return { value: significand << BigInt(-shift), inexact: false };
  const cut = BigInt(shift);
  const value = significand >> cut;
  const lost = significand - (value << cut);
  if (lost === 0n) return { value, inexact: false };
  const middle = 1n << (cut - 1n);
  const half = lost < middle ? -1 : lost > middle ? 1 : 0;
  return { value: roundsUp(mode, negative, (value & 1n) === 1n, half) ? value + 1n : value, inexact: true };
}

/**
 * Rounds `significand * 2^exponent` (significand > 0). An inexact value is given with enough bits that the lowest is
 * below the last place of the format, and is 1 when anything lies below it. Tininess is detected after rounding.
 */
export function round(format: Format, mode: number, negative: boolean, exponent: number, significand: bigint): Result {
  const { precision, maxExponent } = format;
  const top = exponent + bitLength(significand) - 1;
  const smallestNormal = 1 - maxExponent;
  const quantum = Math.max(top - precision + 1, minQuantum(format));
  const { value, inexact } = roundShift(significand, quantum - exponent, mode, negative);
  if (value === 0n) return { bits: zero(format, negative), flags: FLAG.inexact | FLAG.underflow };
  // Rounding up to the next power of two moves the exponent.
  const carried = bitLength(value) > precision;
  const finalQuantum = carried ? quantum + 1 : quantum;
  if (finalQuantum + precision - 1 > maxExponent) return overflow(format, mode, negative);
  const tiny = top < smallestNormal && !roundsToNormal(format, mode, negative, exponent, significand, top);
  const flags = (inexact ? FLAG.inexact : 0) | (inexact && tiny ? FLAG.underflow : 0);
  return { bits: pack(format, negative, finalQuantum, carried ? value >> 1n : value), flags };
}

/** Whether a magnitude below the smallest normal one would reach it if exponents had no limit. */
function roundsToNormal(format: Format, mode: number, negative: boolean, exponent: number, significand: bigint, top: number): boolean {
  if (top !== -format.maxExponent) return false;
  const { value } = roundShift(significand, top - format.precision + 1 - exponent, mode, negative);
  return bitLength(value) > format.precision;
}

function overflow(format: Format, mode: number, negative: boolean): Result {
  const toInfinity = mode === ROUND.nearestEven || mode === ROUND.nearestAway || mode === (negative ? ROUND.down : ROUND.up);
  return { bits: toInfinity ? infinity(format, negative) : largest(format, negative), flags: FLAG.overflow | FLAG.inexact };
}
