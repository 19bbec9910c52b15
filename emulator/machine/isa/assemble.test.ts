// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble, AssemblyError } from './assemble.ts';
import { compressedOf, isCompressed } from './compressed.ts';
import { csrAt } from './csrs.ts';
import { decode } from './decode.ts';
import { disassemble } from './disassemble.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { ROUNDING_MODES } from './registers.ts';

const wordsOf = (source: string, origin = 0n): number[] => [...new Uint32Array(assemble(source, origin).bytes.buffer)];
const hex = (words: number[]): string[] => words.map((word) => word.toString(16));

/** Random words of every instruction, without those whose fields have no name: reserved rounding modes, unknown CSRs. */
const namedWord = fc.tuple(fc.nat(INSTRUCTIONS.length - 1), fc.integer()).map(([index, bits]) => {
  const row = INSTRUCTIONS[index]!;
  return ((bits & ~row.mask) | row.match) >>> 0;
}).filter((word) => {
  const { instruction, rm, csr, rd, rs1 } = decode(word)!;
  if (instruction.syntax.includes('rm')) return ROUNDING_MODES[rm] !== undefined;
  if (instruction.syntax.includes('csr')) return csrAt(csr) !== undefined;
  // Ignored fields of fences are not shown.
  if (instruction.name === 'fence') return rd === 0 && rs1 === 0 && csr >>> 8 === 0;
  return instruction.name !== 'fence.i' || (word >>> 0) === 0x100f;
});

describe('assembler and disassembler', () => {
  it('agree on every instruction', () => {
    fc.assert(fc.property(namedWord, (word) => {
      const text = disassemble(word, 0x8000_0000n);
      expect(hex(wordsOf(text, 0x8000_0000n)), text).toEqual(hex([word]));
    }), { numRuns: 3000 });
  });

  it('reads labels, data and pseudo instructions', () => {
    const { bytes, symbols } = assemble(`
      .equ   four, 4
      start: li   a0, 1          # a comment
             la   a1, data + four
             beqz a0, end
      loop:  j    loop
             call start
      end:   ret
             .align 3
      data:  .dword loop, -1
             .half 0x8082, .-data
             .byte 1, 0b10
    `, 0x1000n);
    expect(symbols.get('data')).toBe(0x1020n);
    const text = Array.from({ length: 8 }, (_, index) => disassemble(new DataView(bytes.buffer).getUint32(4 * index, true), 0x1000n + 4n * BigInt(index)));
    expect(text).toEqual(['li\ta0,1', 'auipc\ta1,0x0', 'addi\ta1,a1,32', 'beqz\ta0,0x101c', 'j\t0x1010', 'auipc\tra,0x0', 'jalr\t-20(ra)', 'ret']);
    expect([...bytes.subarray(0x20)]).toEqual([0x10, 0x10, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0x82, 0x80, 16, 0, 1, 2]);
  });

  it('loads every constant', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }), fc.nat(63), (wide, shift) => {
      const value = BigInt.asIntN(64, wide) >> BigInt(shift);
      let a0 = 0n;
      for (const word of wordsOf(`li a0, ${value}`)) {
        const { instruction: { name }, imm, rs1, csr } = decode(word)!;
        const source = rs1 === 0 ? 0n : a0;
        if (name === 'lui') a0 = BigInt(imm);
        else if (name === 'addi') a0 = BigInt.asIntN(64, source + BigInt(imm));
        else if (name === 'addiw') a0 = BigInt.asIntN(32, source + BigInt(imm));
        else if (name === 'slli') a0 = BigInt.asIntN(64, source << BigInt(csr & 63));
        else throw new Error(name);
      }
      expect(a0).toBe(value);
    }));
  });

  it.each([
    ['add a0, a1', 'line 1: add takes rd,rs1,rs2, not \'a0,a1\''],
    ['frob', 'line 1: no instruction is called frob'],
    ['addi a0, a0, 2048', 'line 1: addi: immediate 2048 does not fit: -2048 to 2047 in steps of 1'],
    ['addi a0, f1, 0', 'line 1: \'f1\' is no register of this kind'],
    ['\nj nowhere', 'line 2: nowhere is not defined'],
    ['here: here:', 'line 1: here is defined twice'],
    ['0x: nop', 'line 1: \'0x\' is no name'],
    ['slli a0, a0, 64', 'line 1: shamt 64 does not fit: 0 to 63'],
    ['fadd.s fa0, fa1, fa2, up', 'line 1: \'up\' is no rounding mode: choose from rne, rtz, rdn, rup, rmm, dyn'],
    ['fence w, rx', 'line 1: \'rx\' is no set of a fence: letters of iorw, in this order'],
    ['.word 1 2 +', 'line 1: \'1 2 +\' is no value'],
  ])('refuses %s', (source, message) => {
    expect(() => assemble(source)).toThrow(message);
    expect(() => assemble(source)).toThrow(AssemblyError);
  });
});

const OBJDUMP = 'riscv64-linux-gnu-objdump';
const hasObjdump = spawnSync(OBJDUMP, ['--version']).status === 0;
if (!hasObjdump) console.warn(`SKIPPED: ${OBJDUMP} is not installed; the disassembler is not compared with it`);

/** The texts that objdump has for a sequence of instructions at address 0. */
function objdump(image: Uint8Array): ReadonlyMap<number, string> {
  const folder = mkdtempSync(join(tmpdir(), 'sel4scope-objdump-'));
  try {
    const path = join(folder, 'image.bin');
    writeFileSync(path, image);
    const { stdout } = spawnSync(OBJDUMP, ['-D', '-b', 'binary', '-m', 'riscv:rv64', path], { encoding: 'utf8', maxBuffer: 1 << 28 });
    return new Map([...stdout.matchAll(/^ *([0-9a-f]+):\t[0-9a-f]+ +\t(.*)$/gm)].map(([, address, text]) =>
      [Number.parseInt(address!, 16), text!.replace(/ *(#|<).*$/, '').replace(/\t$/, '')] as const));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(!hasObjdump)('the disassembler against objdump', () => {
  /** Ours for a text of objdump: it numbers targets without 0x only where we write 0x. */
  const same = (ours: string, theirs: string): boolean => ours === theirs || ours.replace(/0x([0-9a-f]+)$/, '$1') === theirs
    || ours === theirs.replace(/(^|[\t,])0x0*([0-9a-f]+)$/, '$1$2')
    // Binutils 2.40 writes immediate forms by the name of the register form.
    || ours.replace(/^(addi?|andi|ori|xori|s[rl][la]i|csrr[wsc]i)(w?)\t/, (_, name: string, wide: string) => `${name.slice(0, -1)}${wide}\t`) === theirs
    || /^add\t(\w+),\1,0$/.test(theirs)
    // Hints keep the name of the 16-bit instruction.
    || /^c\.(nop|addi|li|lui|mv|add|slli|srli|srai|slli64|srli64|srai64)\t/.test(theirs)
    // It knows exact conversions only with the rounding mode that its assembler gives them.
    || (/^fcvt\.d\.(s|wu?)\t.*,/.test(ours) && theirs.startsWith('.4byte'));

  it('writes every 32-bit instruction as it does', () => {
    const words = fc.sample(namedWord, { numRuns: 4000, seed: 1 });
    const theirs = objdump(new Uint8Array(Uint32Array.from(words).buffer));
    const different = words.flatMap((word, index) => {
      const ours = disassemble(word, BigInt(4 * index));
      const text = theirs.get(4 * index) ?? '(none)';
      return same(ours, text) ? [] : [`${word.toString(16)}: ${ours} | ${text}`];
    });
    expect(different).toEqual([]);
  });

  it('writes every 16-bit instruction as it does, and knows the same ones', () => {
    const halves = Array.from({ length: 0x1_0000 }, (_, half) => half).filter(isCompressed);
    const theirs = objdump(new Uint8Array(Uint16Array.from(halves).buffer));
    const different = halves.flatMap((half, index) => {
      const ours = disassemble(half, BigInt(2 * index));
      const text = theirs.get(2 * index) ?? '(none)';
      if (compressedOf(half) === undefined) return [];
      return same(ours, text) ? [] : [`${half.toString(16)}: ${ours} | ${text}`];
    });
    expect(different).toEqual([]);
  });
});
