// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { ByteBuffer } from './byte-buffer.ts';

const lane = fc.integer({ min: 0, max: 0xffff_ffff });
const safe = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 0x7f, 0x80, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER));

describe('ByteBuffer', () => {
  it('writes varints of safe integers that protobuf reads', () => {
    fc.assert(fc.property(fc.array(safe), (values) => {
      const buffer = new ByteBuffer(1);
      for (const value of values) buffer.varint(value);
      const reader = protobuf.Reader.create(buffer.take());
      expect(values.map(() => Number(String(reader.uint64())))).toEqual(values);
    }));
  });

  it('writes varints of words that protobuf reads', () => {
    fc.assert(fc.property(lane, lane, (lo, hi) => {
      const buffer = new ByteBuffer(1);
      buffer.varintWord(lo, hi);
      expect(BigInt(String(protobuf.Reader.create(buffer.take()).uint64()))).toBe((BigInt(hi) << 32n) | BigInt(lo));
    }));
  });

  it('writes little-endian words, and writes over them', () => {
    fc.assert(fc.property(lane, lane, safe, (lo, hi, value) => {
      const buffer = new ByteBuffer(1);
      buffer.word(lo, hi);
      buffer.safe(value);
      buffer.safe(0);
      buffer.patchSafe(16, value);
      const taken = Buffer.from(buffer.take());
      expect([taken.readBigUInt64LE(0), taken.readBigUInt64LE(8), taken.readBigUInt64LE(16)]).toEqual([(BigInt(hi) << 32n) | BigInt(lo), BigInt(value), BigInt(value)]);
    }));
  });

  it('keeps bytes and text of any kind in order, and begins anew after it was taken', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.nat(255)), { maxLength: 20 }), (items) => {
      const buffer = new ByteBuffer(1);
      const other = new ByteBuffer(1);
      for (const item of items) {
        if (typeof item === 'number') other.u8(item);
        else expect(other.text(item)).toBe(Buffer.byteLength(item));
      }
      buffer.append(other);
      const expected = Buffer.concat(items.map((item) => (typeof item === 'number' ? Buffer.of(item) : Buffer.from(item))));
      expect(buffer.length).toBe(expected.length);
      expect(Buffer.from(buffer.take()).equals(expected)).toBe(true);
      expect(buffer.length).toBe(0);
    }));
  });
});
