// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWord } from '../abi/word.ts';
import type { Word } from '../abi/word.ts';
import { readParameter, writeParameter } from './pack.ts';
import { isPackable, pack, packedLength } from './packing.ts';
import type { Parameter } from './model.ts';

const sizes = fc.array(fc.constantFrom(1, 2, 4, 8, 16, 32, 64, 128, 32 * 64), { maxLength: 24 });
const lane = fc.oneof(fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.integer({ min: 0, max: 0xffff_ffff }));
const word: fc.Arbitrary<Word> = fc.record({ lo: lane, hi: lane });

function parametersOf(bits: readonly number[]): Parameter[] {
  return pack(bits, 64).map((placement, i) => ({
    name: `p${i}`,
    type: { name: 'test', kind: placement.words > 1 ? 'struct' : 'value', bits: placement.bits, fields: [] },
    ...placement,
    description: '',
  }));
}

/** The value cut to what the parameter can hold. */
function fit(value: Word, p: Parameter): Word {
  if (p.bits >= 64) return value;
  return { lo: p.bits === 32 ? value.lo : value.lo & ((1 << p.bits) - 1), hi: 0 };
}

describe('pack', () => {
  it.each([32, 64])('places parameters in order, aligned and without overlap, in %i-bit words', (wordBits) => {
    fc.assert(fc.property(sizes, (bits) => {
      const placements = pack(bits, wordBits);
      let end = 0;
      placements.forEach((p, i) => {
        const first = p.word * wordBits + p.bit;
        expect(p.bits).toBe(bits[i]);
        expect(first).toBeGreaterThanOrEqual(end);
        expect(first - end).toBeLessThan(Math.min(p.bits, wordBits));
        expect(first % Math.min(p.bits, wordBits)).toBe(0);
        if (p.words > 1) expect(p.bit).toBe(0);
        expect(p.words).toBe(Math.ceil(p.bits / wordBits));
        end = first + p.bits;
      });
      expect(packedLength(placements)).toBe(Math.ceil(end / wordBits));
    }));
  });

  it('splits a 64-bit time over two 32-bit words', () => {
    expect(pack([8, 64, 1], 32)).toEqual([
      { word: 0, bit: 0, bits: 8, words: 1 }, { word: 1, bit: 0, bits: 64, words: 2 }, { word: 3, bit: 0, bits: 1, words: 1 },
    ]);
  });

  it('refuses sizes that cannot be aligned', () => {
    for (const bits of [0, 3, 24, 65, 96]) {
      expect(isPackable(bits, 64)).toBe(false);
      expect(() => pack([bits], 64)).toThrow(`a parameter of ${bits} bits cannot be packed into 64-bit words`);
    }
  });
});

describe('readParameter and writeParameter', () => {
  it('give back what was written, whatever the words held and in any order', () => {
    fc.assert(fc.property(sizes, fc.infiniteStream(word), fc.infiniteStream(lane), fc.boolean(), (bits, values, garbage, backwards) => {
      const parameters = parametersOf(bits);
      const words = Uint32Array.from({ length: 2 * packedLength(parameters) }, () => garbage.next().value as number);
      const written = parameters.flatMap((p) =>
        Array.from({ length: p.words }, (_, index) => ({ p, index, value: fit(values.next().value as Word, p) })));
      for (const { p, index, value } of backwards ? [...written].reverse() : written) writeParameter(words, p, value, index);
      for (const { p, index, value } of written) expect(readParameter(words, p, index)).toEqual(value);
    }));
  });

  it('leave all other bits as they are', () => {
    fc.assert(fc.property(sizes.filter((s) => s.length > 0), fc.nat(), word, (bits, pick, value) => {
      const parameters = parametersOf(bits);
      const p = parameters[pick % parameters.length]!;
      const ones = new Uint32Array(2 * packedLength(parameters)).fill(0xffff_ffff);
      const zeros = new Uint32Array(ones.length);
      writeParameter(ones, p, fit(value, p));
      writeParameter(zeros, p, fit(value, p));
      const mask = lowBits(Math.min(p.bits, 64)) << BigInt(p.bit);
      for (let w = 0; w < ones.length / 2; w++) {
        const changeable = w === p.word ? mask : 0n;
        expect(bigintOf(readWord(ones, w)) | changeable).toBe(lowBits(64));
        expect(bigintOf(readWord(zeros, w)) & ~changeable).toBe(0n);
      }
    }));
  });

  it('refuse a value that does not fit instead of cutting it', () => {
    fc.assert(fc.property(fc.constantFrom(1, 2, 4, 8, 16, 32), word, (bits, value) => {
      const [p] = parametersOf([bits]) as [Parameter];
      const write = (): void => writeParameter(new Uint32Array(2), p, value);
      if (bigintOf(value) >= 1n << BigInt(bits)) expect(write).toThrow(`does not fit the ${bits} bits of 'p0'`);
      else expect(write).not.toThrow();
    }));
  });

  it('refuse words that are not there', () => {
    const [, p] = parametersOf([64, 128]) as [Parameter, Parameter];
    const words = new Uint32Array(4);
    expect(readParameter(words, p, 0)).toEqual({ lo: 0, hi: 0 });
    expect(() => readParameter(words, p, 1)).toThrow("'p1' needs message word 2, but there are 2");
    expect(() => { writeParameter(words, p, { lo: 0, hi: 0 }, 2); }).toThrow("'p1' has 2 words; there is no word 2");
  });
});

function lowBits(bits: number): bigint {
  return (1n << BigInt(bits)) - 1n;
}

function bigintOf({ lo, hi }: Word): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}
