// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMPRESSED, compressedOf, expand, expansionTable, isCompressed } from './compressed.ts';
import { CSRS, csrAt } from './csrs.ts';
import { decode, encode, immediateBits, immediateOf, IMMEDIATES, indexOf } from './decode.ts';
import { INSTRUCTIONS, instructionOf, type Format } from './instructions.ts';

describe('the instruction table', () => {
  it('has every instruction of RV64IMAFD, Zicsr, Zifencei and the privileged ones, once', () => {
    const counts: Record<string, number> = {};
    for (const { extension } of INSTRUCTIONS) counts[extension] = (counts[extension] ?? 0) + 1;
    // Counted from the instruction set listings of the specifications (RV32 + RV64 parts).
    expect(counts).toEqual({ I: 52, Zifencei: 1, M: 13, A: 22, F: 30, D: 32, Zicsr: 6, privileged: 4 });
    expect(new Set(INSTRUCTIONS.map(({ name }) => name)).size).toBe(INSTRUCTIONS.length);
  });

  it('has no two rows that match the same word', () => {
    for (const [index, one] of INSTRUCTIONS.entries()) {
      expect(one.match & ~one.mask, one.name).toBe(0);
      for (const other of INSTRUCTIONS.slice(index + 1)) {
        expect((one.match ^ other.match) & one.mask & other.mask, `${one.name} and ${other.name}`).not.toBe(0);
      }
    }
  });

  it('decodes what it encodes', () => {
    fc.assert(fc.property(fc.nat(INSTRUCTIONS.length - 1), fc.integer(), (index, bits) => {
      const row = INSTRUCTIONS[index]!;
      const word = ((bits & ~row.mask) | row.match) >>> 0;
      const decoded = decode(word)!;
      expect(decoded.index).toBe(index);
      expect(indexOf(word)).toBe(index);
      // Bits 31:20 hold the immediate of format I, and every field above rs1 of the formats without one.
      const { csr, ...others } = decoded;
      expect(encode(row, ['I', 'R', 'R4'].includes(row.format) ? { ...others, csr } : others)).toBe(word);
    }));
  });

  it('has immediates that come back, and refuses those that do not fit', () => {
    for (const format of ['I', 'S', 'B', 'U', 'J'] satisfies Format[]) {
      const { min, max, step } = IMMEDIATES[format];
      fc.assert(fc.property(fc.integer({ min: min / step, max: Math.floor(max / step) }), (units) => {
        expect(immediateOf(format, immediateBits(format, units * step))).toBe(units * step);
      }));
      expect(() => immediateBits(format, max + step)).toThrow(RangeError);
      expect(() => immediateBits(format, min - step)).toThrow(RangeError);
      if (step > 1) expect(() => immediateBits(format, 1)).toThrow(RangeError);
    }
  });

  it('knows instructions by name', () => {
    expect(instructionOf('amoadd.d').match).toBe(0x0000302f);
    expect(() => instructionOf('vadd.vv')).toThrow('no RV64 instruction is called vadd.vv');
  });
});

describe('compressed instructions', () => {
  it('expand as the specification says', () => {
    expect(expand(0x4501)).toBe(0x00000513); // c.li a0,0
    expect(expand(0x8082)).toBe(0x00008067); // ret
    expect(expand(0x1141)).toBe(0xff010113); // addi sp,sp,-16
    expect(expand(0xe406)).toBe(0x00113423); // sd ra,8(sp)
    expect(expand(0x9002)).toBe(0x00100073); // ebreak
    expect(expand(0xa001)).toBe(0x0000006f); // j .
    expect(expand(0x0001)).toBe(0x00000013); // nop
    expect(expand(0x7179)).toBe(0xfd010113); // addi16sp -48
    expect(expand(0x767d)).toBe(0xfffff637); // lui a2,0xfffff
  });

  it('are illegal where reserved', () => {
    for (const half of [0x0000, 0x2001, 0x6101, 0x6001, 0x8002, 0x4002, 0x6002, 0x9c41, 0x9c61, 0x8000]) {
      expect(expand(half), half.toString(16)).toBe(0);
    }
  });

  it('each have a row that is reached, and expand to a legal instruction', () => {
    const reached = new Set<string>();
    for (const [half, word] of expansionTable().entries()) {
      if (!isCompressed(half)) { expect(word).toBe(0); continue; }
      const row = compressedOf(half);
      expect(word === 0).toBe(row === undefined);
      if (row === undefined) continue;
      reached.add(row.name);
      if (decode(word)?.instruction.name !== row.expansion) throw new Error(`${half.toString(16)} is not ${row.expansion}`);
    }
    expect([...reached].sort()).toEqual(COMPRESSED.map(({ name }) => name).sort());
  });
});

describe('control and status registers', () => {
  it('are in order and unique', () => {
    expect(new Set(CSRS.map(({ name }) => name)).size).toBe(CSRS.length);
    const numbers = CSRS.map(({ number }) => number);
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
    expect(csrAt(0x180)?.name).toBe('satp');
    expect(csrAt(0x5c0)).toBeUndefined();
  });
});
