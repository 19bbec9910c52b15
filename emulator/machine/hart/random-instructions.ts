// SPDX-License-Identifier: BSD-2-Clause
/** Random instruction words, weighted so that most do something and none leads nowhere for ever. */
import { expand, isCompressed } from '../isa/compressed.ts';
import { CSRS } from '../isa/csrs.ts';
import { decode, encode } from '../isa/decode.ts';
import { INSTRUCTIONS, instructionOf, type Instruction } from '../isa/instructions.ts';
import type { RandomSource } from './random-source.ts';

/** Integer registers that random code does not write: they hold addresses. */
export type AddressUse = 'aligned' | 'border' | 'code' | 'window' | 'leaves' | 'device';
export const BASE_REGISTERS: ReadonlyMap<number, AddressUse> = new Map([
  [2, 'aligned'], [8, 'aligned'], [9, 'border'], [24, 'aligned'], [25, 'aligned'], [26, 'aligned'], [27, 'border'],
  [28, 'device'], [29, 'code'], [30, 'window'], [31, 'leaves'],
]);
const DATA_REGISTERS = [2, 8, 9, 24, 25, 26, 27, 28, 30];
const ALIGNED_REGISTERS = [2, 8, 24, 25, 26];
const FREE_REGISTERS = Array.from({ length: 32 }, (_, register) => register).filter((register) => !BASE_REGISTERS.has(register));

/** Random code must leave these to the handler: a wrong value would be the end. */
const UNTOUCHED_CSRS = /^(mtvec|pmp|mcountinhibit|mcycle|minstret)/;

const memory = INSTRUCTIONS.filter(({ syntax, name }) => syntax.includes('imm(rs1)') && name !== 'jalr');
const rows = (predicate: (row: Instruction) => boolean): readonly Instruction[] => INSTRUCTIONS.filter(predicate);
const computing = rows(({ extension, name, format }) => (extension === 'I' || extension === 'M') && !memory.some((row) => row.name === name)
  && !['B', 'J'].includes(format) && !['jalr', 'ecall', 'ebreak', 'fence'].includes(name));
const floating = rows(({ extension, name }) => (extension === 'F' || extension === 'D') && !memory.some((row) => row.name === name));
const atomic = rows(({ extension }) => extension === 'A');
const branches = rows(({ format }) => format === 'B');
const control = rows(({ extension }) => extension === 'Zicsr');
const rare = ['ecall', 'ebreak', 'fence', 'fence.i', 'sret', 'mret', 'wfi', 'sfence.vma', 'jalr'].map(instructionOf);

const WORDS: Readonly<Record<string, (random: RandomSource) => readonly number[]>> = {
  computing: (random) => [anyFields(random, random.pick(computing))],
  memory: (random) => [access(random, random.pick(memory))],
  atomic: (random) => [encode(random.pick(atomic), {
    rd: random.pick(FREE_REGISTERS), rs1: random.pick(random.chance(90) ? ALIGNED_REGISTERS : DATA_REGISTERS), rs2: random.below(32),
  }) | (random.below(4) << 25)],
  floating: (random) => [anyFields(random, random.pick(floating))],
  branch: (random) => [encode(random.pick(branches), { rs1: random.below(32), rs2: random.below(32), imm: distance(random, 64) })],
  jump: (random) => [encode(instructionOf('jal'), { rd: random.pick(FREE_REGISTERS), imm: distance(random, 512) })],
  control: (random) => [controlAccess(random)],
  rare: (random) => [anyFields(random, random.pick(rare))],
  pageTable: (random) => changeLeaf(random),
  garbage: (random) => [random.bits() | 3],
};
/** How often each kind is drawn. */
const WEIGHTS = Object.entries({
  computing: 30, memory: 22, atomic: 5, floating: 18, branch: 8, jump: 2, control: 5, rare: 2, pageTable: 1, garbage: 1,
}).flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind));

/** Fills `bytes` with random code, a third of it compressed. */
export function randomCode(random: RandomSource, bytes: number): Uint8Array {
  const code = new DataView(new ArrayBuffer(bytes));
  let at = 0;
  const half = (value: number): void => {
    if (at < bytes) code.setUint16(at, value, true);
    at += 2;
  };
  while (at < bytes) {
    if (random.chance(35)) {
      half(compressed(random));
      continue;
    }
    for (const word of WORDS[random.pick(WEIGHTS)]!(random)) {
      half(word & 0xffff);
      half(word >>> 16);
    }
  }
  return new Uint8Array(code.buffer);
}

const distance = (random: RandomSource, most: number): number => 4 + 2 * (random.below(most) - (random.chance(25) ? most : 0));

/** Any value in the fields that are left open, but no address register is written. */
function anyFields(random: RandomSource, row: Instruction): number {
  const word = ((random.bits() & ~row.mask) | row.match) >>> 0;
  const mode = row.syntax.endsWith('rm') && random.chance(97) ? random.pick([0, 1, 2, 3, 4, 7]) << 12 : undefined;
  const withMode = mode === undefined ? word : (word & ~0x7000) | mode;
  return withDestination(random, row, withMode >>> 0);
}

function withDestination(random: RandomSource, row: Instruction, word: number): number {
  if (!row.syntax.startsWith('rd')) return word;
  return ((word & ~0xf80) | (random.pick(FREE_REGISTERS) << 7)) >>> 0;
}

function access(random: RandomSource, row: Instruction): number {
  const store = row.format === 'S';
  const code = store && random.chance(3);
  const rs1 = code ? 29 : random.chance(95) ? random.pick(DATA_REGISTERS) : random.below(31);
  const near = random.chance(70);
  const imm = random.chance(30) ? 0 : near ? random.below(32) - 16 : random.below(4096) - 2048;
  const aligned = random.chance(60) ? imm & ~7 : imm;
  return store ? encode(row, { rs1, rs2: random.below(32), imm: aligned })
    : encode(row, { rd: row.syntax.startsWith('fd') ? random.below(32) : random.pick(FREE_REGISTERS), rs1, imm: aligned });
}

function controlAccess(random: RandomSource): number {
  const row = random.pick(control);
  const { number, name } = random.pick(CSRS);
  const rd = random.pick(FREE_REGISTERS);
  // x0 as the operand of set and clear only reads.
  if (UNTOUCHED_CSRS.test(name)) return encode(instructionOf('csrrs'), { rd, rs1: 0, csr: number });
  return encode(row, { rd, rs1: random.below(32), csr: random.chance(97) ? number : random.below(0x1000) });
}

/** Flips a right of a page and says so to the hart. U mode cannot, and M mode does not see the window. */
function changeLeaf(random: RandomSource): readonly number[] {
  const imm = 8 * (random.below(64) - 32);
  const flip = 1 << random.pick([0, 1, 2, 3, 4, 6, 7]);
  return [
    encode(instructionOf('ld'), { rd: 5, rs1: 31, imm }),
    encode(instructionOf('xori'), { rd: 5, rs1: 5, imm: flip }),
    encode(instructionOf('sd'), { rs1: 31, rs2: 5, imm }),
    encode(instructionOf('sfence.vma'), {}),
  ];
}

/** A legal 16-bit instruction that does not write an address register; jumps to nowhere are rare. */
function compressed(random: RandomSource): number {
  for (;;) {
    const half = random.bits() & 0xffff;
    const decoded = isCompressed(half) ? decode(expand(half)) : undefined;
    if (decoded === undefined) continue;
    const { instruction: { syntax, name }, rd, imm } = decoded;
    if (syntax.startsWith('rd') && BASE_REGISTERS.has(rd)) continue;
    if (name === 'jalr' && !random.chance(2)) continue;
    if (syntax.includes('target') && (Math.abs(imm) > 128 || (imm <= 0 && !random.chance(20)))) continue;
    return half;
  }
}
