// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, divide, fused, multiply, squareRoot, subtract, type Arithmetic } from './arithmetic.ts';
import { classOf, equal, less, lessOrEqual, maximum, minimum } from './compare.ts';
import { fromInteger, toFormat, toInteger } from './convert.ts';
import { DOUBLE, FLAG, ROUND, SINGLE } from './format.ts';

const view = new DataView(new ArrayBuffer(8));
const bitsOf = (value: number): bigint => { view.setFloat64(0, value); return view.getBigUint64(0); };
const numberOf = (bits: bigint): number => { view.setBigUint64(0, bits); return view.getFloat64(0); };
const singleBitsOf = (value: number): bigint => { view.setFloat32(0, value); return BigInt(view.getUint32(0)); };
const singleOf = (bits: bigint): number => { view.setUint32(0, Number(bits)); return view.getFloat32(0); };
const canonical = (value: number): bigint => Number.isNaN(value) ? DOUBLE.canonicalNaN : bitsOf(value);
const canonicalSingle = (value: number): bigint => Number.isNaN(value) ? SINGLE.canonicalNaN : singleBitsOf(value);

/** Patterns of all exponents alike, and close ones, so that sums cancel. */
const pattern = (bits: bigint): fc.Arbitrary<bigint> => fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << bits) - 1n }),
  fc.bigInt({ min: -64n, max: 64n }).map((offset) => BigInt.asUintN(Number(bits), (bits === 64n ? 0x3ff0_0000_0000_0000n : 0x3f80_0000n) + offset)),
  fc.bigInt({ min: 0n, max: 64n }),
);
const nearest = ROUND.nearestEven;

describe('arithmetic against the one of this computer, rounding to nearest', () => {
  const operations: readonly (readonly [string, Arithmetic, (one: number, other: number) => number])[] = [
    ['add', add, (one, other) => one + other], ['subtract', subtract, (one, other) => one - other],
    ['multiply', multiply, (one, other) => one * other], ['divide', divide, (one, other) => one / other],
  ];

  it.each(operations)('%s', (_, operation, native) => {
    fc.assert(fc.property(pattern(64n), pattern(64n), (one, other) => {
      expect(operation(DOUBLE, nearest, one, other).bits).toBe(canonical(native(numberOf(one), numberOf(other))));
    }), { numRuns: 2000 });
    // A double holds every exact product and enough of the others: rounding twice is rounding once.
    fc.assert(fc.property(pattern(32n), pattern(32n), (one, other) => {
      expect(operation(SINGLE, nearest, one, other).bits).toBe(canonicalSingle(native(singleOf(one), singleOf(other))));
    }), { numRuns: 2000 });
  });

  it('square root', () => {
    fc.assert(fc.property(pattern(64n), (bits) => {
      expect(squareRoot(DOUBLE, nearest, bits).bits).toBe(canonical(Math.sqrt(numberOf(bits))));
    }), { numRuns: 2000 });
  });

  it('conversions', () => {
    fc.assert(fc.property(pattern(64n), (bits) => {
      expect(toFormat(DOUBLE, SINGLE, nearest, bits).bits).toBe(canonicalSingle(numberOf(bits)));
    }), { numRuns: 2000 });
    fc.assert(fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }), (value) => {
      expect(fromInteger(DOUBLE, nearest, value).bits).toBe(bitsOf(Number(value)));
    }));
    fc.assert(fc.property(fc.integer(), (value) => {
      expect(toInteger(DOUBLE, nearest, bitsOf(value), { bits: 32, signed: true })).toEqual({ value: BigInt(value), flags: 0 });
    }));
  });

  it('comparisons', () => {
    fc.assert(fc.property(pattern(64n), pattern(64n), (one, other) => {
      const [left, right] = [numberOf(one), numberOf(other)];
      expect(equal(DOUBLE, one, other).bits).toBe(left === right ? 1n : 0n);
      expect(less(DOUBLE, one, other).bits).toBe(left < right ? 1n : 0n);
      expect(lessOrEqual(DOUBLE, one, other).bits).toBe(left <= right ? 1n : 0n);
      if (Number.isNaN(left) || Number.isNaN(right)) return;
      expect(minimum(DOUBLE, one, other).bits).toBe(bitsOf(Math.min(left, right)));
      expect(maximum(DOUBLE, one, other).bits).toBe(bitsOf(Math.max(left, right)));
    }));
  });
});

describe('what every rounding mode has in common', () => {
  const modes = Object.values(ROUND);

  it('lies between down and up, and exact results are the same in all modes', () => {
    const order = (bits: bigint): bigint => bits >> 63n === 0n ? bits : -BigInt.asUintN(63, bits);
    fc.assert(fc.property(pattern(64n), pattern(64n), pattern(64n), (one, other, addend) => {
      const results = modes.map((mode) => fused(DOUBLE, mode, one, other, addend, false, false));
      if (results.some(({ bits }) => bits === DOUBLE.canonicalNaN)) return;
      const [down, up] = [results[ROUND.down]!, results[ROUND.up]!];
      for (const { bits } of results) {
        expect(order(bits) >= order(down.bits) && order(bits) <= order(up.bits)).toBe(true);
      }
      if ((down.flags & FLAG.inexact) === 0 && order(down.bits) !== 0n) expect(new Set(results.map(({ bits }) => bits)).size).toBe(1);
      else if (order(down.bits) !== 0n) expect(order(up.bits) - order(down.bits)).toBe(1n);
    }), { numRuns: 1000 });
  });

  it('fused with one is a sum, with a zero addend a product', () => {
    fc.assert(fc.property(pattern(64n), pattern(64n), fc.constantFrom(...modes), (one, other, mode) => {
      expect(fused(DOUBLE, mode, one, bitsOf(1), other, false, false)).toEqual(add(DOUBLE, mode, one, other));
      const product = multiply(DOUBLE, mode, one, other);
      if (BigInt.asUintN(63, product.bits) !== 0n) expect(fused(DOUBLE, mode, one, other, 0n, false, false)).toEqual(product);
    }));
  });
});

describe('flags', () => {
  const smallest = 1n;
  const normal = 0x0010_0000_0000_0000n;
  it.each([
    ['division by zero', divide(DOUBLE, nearest, bitsOf(1), 0n), FLAG.divideByZero],
    ['zero by zero', divide(DOUBLE, nearest, 0n, 0n), FLAG.invalid],
    ['infinities that cancel', subtract(DOUBLE, nearest, bitsOf(Infinity), bitsOf(Infinity)), FLAG.invalid],
    ['root of a negative number', squareRoot(DOUBLE, nearest, bitsOf(-1)), FLAG.invalid],
    ['overflow', multiply(DOUBLE, nearest, bitsOf(1e300), bitsOf(1e300)), FLAG.overflow | FLAG.inexact],
    ['underflow', multiply(DOUBLE, nearest, smallest, bitsOf(0.5)), FLAG.underflow | FLAG.inexact],
    ['an exact subnormal number', multiply(DOUBLE, nearest, normal, bitsOf(0.5)), 0],
    // Tiny before rounding, not after: no underflow.
    ['rounding up to the smallest normal number', multiply(DOUBLE, ROUND.up, normal - 1n, bitsOf(1 + 2 ** -52)), FLAG.inexact],
    ['a signalling NaN', add(DOUBLE, nearest, 0x7ff0_0000_0000_0001n, 0n), FLAG.invalid],
    ['a quiet NaN', add(DOUBLE, nearest, DOUBLE.canonicalNaN, 0n), 0],
    ['infinity times zero plus a quiet NaN', fused(DOUBLE, nearest, bitsOf(Infinity), 0n, DOUBLE.canonicalNaN, false, false), FLAG.invalid],
    ['a signalling comparison of a quiet NaN', less(DOUBLE, DOUBLE.canonicalNaN, 0n), FLAG.invalid],
    ['a quiet comparison of a quiet NaN', equal(DOUBLE, DOUBLE.canonicalNaN, 0n), 0],
  ])('of %s', (_, result, flags) => expect(result.flags).toBe(flags));

  it('of integers that do not fit', () => {
    const type = { bits: 32, signed: false } as const;
    expect(toInteger(DOUBLE, nearest, bitsOf(-1), type)).toEqual({ value: 0n, flags: FLAG.invalid });
    expect(toInteger(DOUBLE, ROUND.towardsZero, bitsOf(-0.9), type)).toEqual({ value: 0n, flags: FLAG.inexact });
    expect(toInteger(DOUBLE, nearest, DOUBLE.canonicalNaN, type)).toEqual({ value: 0xffff_ffffn, flags: FLAG.invalid });
  });
});

it('classes', () => {
  const patterns = [-Infinity, -1, -(2 ** -1074), -0, 0, 2 ** -1074, 1, Infinity].map(bitsOf);
  expect([...patterns, 0x7ff0_0000_0000_0001n, DOUBLE.canonicalNaN].map((bits) => classOf(DOUBLE, bits)))
    .toEqual(Array.from({ length: 10 }, (_, bit) => 1n << BigInt(bit)));
});
