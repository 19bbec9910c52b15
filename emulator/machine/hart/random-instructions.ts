// SPDX-License-Identifier: BSD-2-Clause
/** Random instruction words, weighted so that most do something and none leads nowhere for ever. */
import { expand, isCompressed } from '../isa/compressed.ts';
import { CSRS } from '../isa/csrs.ts';
import { decode, encode } from '../isa/decode.ts';
import { INSTRUCTIONS, instructionOf, type Instruction } from '../isa/instructions.ts';
import type { RandomSource } from './random-source.ts';

/**
 * What a program changes behind the back of a hart that remembers: its own instructions, or its page tables. Not both:
 * an overwritten `sfence.vma` would leave it to the hart which translation is used.
 */
export type Changes = 'code' | 'pageTables';

/** Integer registers that random code does not write: they hold addresses. */
export type AddressUse = 'aligned' | 'border' | 'changed' | 'window' | 'device';
export const BASE_REGISTERS: ReadonlyMap<number, AddressUse> = new Map([
  [2, 'aligned'], [8, 'aligned'], [9, 'border'], [24, 'aligned'], [25, 'aligned'], [26, 'aligned'], [27, 'border'],
  [28, 'device'], [29, 'aligned'], [30, 'window'], [31, 'changed'],
]);
const DATA_REGISTERS = [2, 8, 9, 24, 25, 26, 27, 28, 29, 30];
const ALIGNED_REGISTERS = [2, 8, 24, 25, 26, 29];
/** Holds an address of what the program changes: only the sequences made for that store there. */
const CHANGED = 31;
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

type Draw = (random: RandomSource) => readonly number[];
const WORDS: Readonly<Record<string, Draw>> = {
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
  garbage: (random) => [garbage(random)],
};
/** How often each kind is drawn. */
const WEIGHTS = Object.entries({
  computing: 30, memory: 22, atomic: 5, floating: 18, branch: 8, jump: 2, control: 5, rare: 2, change: 1, garbage: 1,
}).flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind));

/** Fills `bytes` with random code, a third of it compressed. */
export function randomCode(random: RandomSource, bytes: number, changes: Changes): Uint8Array {
  const words: Readonly<Record<string, Draw>> = { ...WORDS, change: changes === 'code' ? changeCode : changeLeaf };
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
    for (const word of words[random.pick(WEIGHTS)]!(random)) {
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
  const rs1 = random.chance(95) ? random.pick(DATA_REGISTERS) : random.below(CHANGED);
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
const changeLeaf: Draw = (random) => {
  const imm = 8 * (random.below(64) - 32);
  return [
    encode(instructionOf('ld'), { rd: 5, rs1: CHANGED, imm }),
    encode(instructionOf('xori'), { rd: 5, rs1: 5, imm: 1 << random.pick([0, 1, 2, 3, 4, 6, 7]) }),
    encode(instructionOf('sd'), { rs1: CHANGED, rs2: 5, imm }),
    encode(instructionOf('sfence.vma'), {}),
  ];
};

/** Stores into the code, sometimes with a fence. */
const changeCode: Draw = (random) => {
  const rows = ['sb', 'sh', 'sw', 'sd'].map(instructionOf);
  const store = encode(random.pick(rows), { rs1: CHANGED, rs2: random.below(32), imm: random.below(4096) - 2048 });
  return random.chance(50) ? [store] : [store, encode(instructionOf('fence.i'), {})];
};

/** Any bits, but no store to what the program changes. */
function garbage(random: RandomSource): number {
  for (;;) {
    const word = (random.bits() | 3) >>> 0;
    const decoded = decode(word);
    if (decoded?.rs1 !== CHANGED || !(decoded.instruction.format === 'S' || decoded.instruction.extension === 'A')) return word;
  }
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
