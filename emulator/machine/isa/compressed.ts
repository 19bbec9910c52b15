// SPDX-License-Identifier: BSD-2-Clause
/** The 16-bit instructions of RV64DC, as data: each row says which 32-bit instruction it stands for. */
import { encode, type Operands } from './decode.ts';
import { instructionOf } from './instructions.ts';

/**
 * Where a register number comes from: a fixed one, or a field named after its lowest bit: `r7` bits 11:7, `r2` bits 6:2,
 * `p7` bits 9:7 and `p2` bits 4:2, the last two numbering x8..x15 (or f8..f15).
 */
export type RegisterField = number | 'r7' | 'r2' | 'p7' | 'p2';

export interface CompressedInstruction {
  readonly name: string;
  /** A halfword is this instruction when `(half & mask) === match`, and no earlier row matched. */
  readonly match: number;
  readonly mask: number;
  /** Name of the 32-bit instruction. */
  readonly expansion: string;
  readonly rd?: RegisterField;
  readonly rs1?: RegisterField;
  readonly rs2?: RegisterField;
  /**
   * Immediate bits from the highest instruction bit of each run down, as the specification draws them:
   * `{ 12: '5', 6: '4:0' }` is bit 5 in bit 12 and bits 4 to 0 in bits 6 to 2.
   */
  readonly imm?: Readonly<Record<number, string>>;
  /** The highest bit of the immediate is its sign. */
  readonly signed?: boolean;
  /** Bits of the halfword that must not all be zero: such an encoding is reserved, and illegal here. */
  readonly reserved?: number;
}

const SHIFT = { 12: '5', 6: '4:0' };
const WORD = { 12: '5:3', 6: '2|6' };
const DOUBLEWORD = { 12: '5:3', 6: '7:6' };
const BRANCH = { 12: '8|4:3', 6: '7:6|2:1|5' };
const REGISTER = 0x0f80;
const IMMEDIATE = 0x107c;

/** First match wins. */
export const COMPRESSED: readonly CompressedInstruction[] = Object.freeze([
  // Quadrant 0
  { name: 'c.addi4spn', match: 0x0000, mask: 0xe003, expansion: 'addi', rd: 'p2', rs1: 2, imm: { 12: '5:4|9:6|2|3' }, reserved: 0x1fe0 },
  { name: 'c.fld', match: 0x2000, mask: 0xe003, expansion: 'fld', rd: 'p2', rs1: 'p7', imm: DOUBLEWORD },
  { name: 'c.lw', match: 0x4000, mask: 0xe003, expansion: 'lw', rd: 'p2', rs1: 'p7', imm: WORD },
  { name: 'c.ld', match: 0x6000, mask: 0xe003, expansion: 'ld', rd: 'p2', rs1: 'p7', imm: DOUBLEWORD },
  { name: 'c.fsd', match: 0xa000, mask: 0xe003, expansion: 'fsd', rs2: 'p2', rs1: 'p7', imm: DOUBLEWORD },
  { name: 'c.sw', match: 0xc000, mask: 0xe003, expansion: 'sw', rs2: 'p2', rs1: 'p7', imm: WORD },
  { name: 'c.sd', match: 0xe000, mask: 0xe003, expansion: 'sd', rs2: 'p2', rs1: 'p7', imm: DOUBLEWORD },
  // Quadrant 1
  { name: 'c.addi', match: 0x0001, mask: 0xe003, expansion: 'addi', rd: 'r7', rs1: 'r7', imm: SHIFT, signed: true },
  { name: 'c.addiw', match: 0x2001, mask: 0xe003, expansion: 'addiw', rd: 'r7', rs1: 'r7', imm: SHIFT, signed: true, reserved: REGISTER },
  { name: 'c.li', match: 0x4001, mask: 0xe003, expansion: 'addi', rd: 'r7', rs1: 0, imm: SHIFT, signed: true },
  { name: 'c.addi16sp', match: 0x6101, mask: 0xef83, expansion: 'addi', rd: 2, rs1: 2, imm: { 12: '9', 6: '4|6|8:7|5' }, signed: true, reserved: IMMEDIATE },
  { name: 'c.lui', match: 0x6001, mask: 0xe003, expansion: 'lui', rd: 'r7', imm: { 12: '17', 6: '16:12' }, signed: true, reserved: IMMEDIATE },
  { name: 'c.srli', match: 0x8001, mask: 0xec03, expansion: 'srli', rd: 'p7', rs1: 'p7', imm: SHIFT },
  { name: 'c.srai', match: 0x8401, mask: 0xec03, expansion: 'srai', rd: 'p7', rs1: 'p7', imm: SHIFT },
  { name: 'c.andi', match: 0x8801, mask: 0xec03, expansion: 'andi', rd: 'p7', rs1: 'p7', imm: SHIFT, signed: true },
  { name: 'c.sub', match: 0x8c01, mask: 0xfc63, expansion: 'sub', rd: 'p7', rs1: 'p7', rs2: 'p2' },
  { name: 'c.xor', match: 0x8c21, mask: 0xfc63, expansion: 'xor', rd: 'p7', rs1: 'p7', rs2: 'p2' },
  { name: 'c.or', match: 0x8c41, mask: 0xfc63, expansion: 'or', rd: 'p7', rs1: 'p7', rs2: 'p2' },
  { name: 'c.and', match: 0x8c61, mask: 0xfc63, expansion: 'and', rd: 'p7', rs1: 'p7', rs2: 'p2' },
  { name: 'c.subw', match: 0x9c01, mask: 0xfc63, expansion: 'subw', rd: 'p7', rs1: 'p7', rs2: 'p2' },
  { name: 'c.addw', match: 0x9c21, mask: 0xfc63, expansion: 'addw', rd: 'p7', rs1: 'p7', rs2: 'p2' },
  { name: 'c.j', match: 0xa001, mask: 0xe003, expansion: 'jal', rd: 0, imm: { 12: '11|4|9:8|10|6|7|3:1|5' }, signed: true },
  { name: 'c.beqz', match: 0xc001, mask: 0xe003, expansion: 'beq', rs1: 'p7', rs2: 0, imm: BRANCH, signed: true },
  { name: 'c.bnez', match: 0xe001, mask: 0xe003, expansion: 'bne', rs1: 'p7', rs2: 0, imm: BRANCH, signed: true },
  // Quadrant 2
  { name: 'c.slli', match: 0x0002, mask: 0xe003, expansion: 'slli', rd: 'r7', rs1: 'r7', imm: SHIFT },
  { name: 'c.fldsp', match: 0x2002, mask: 0xe003, expansion: 'fld', rd: 'r7', rs1: 2, imm: { 12: '5', 6: '4:3|8:6' } },
  { name: 'c.lwsp', match: 0x4002, mask: 0xe003, expansion: 'lw', rd: 'r7', rs1: 2, imm: { 12: '5', 6: '4:2|7:6' }, reserved: REGISTER },
  { name: 'c.ldsp', match: 0x6002, mask: 0xe003, expansion: 'ld', rd: 'r7', rs1: 2, imm: { 12: '5', 6: '4:3|8:6' }, reserved: REGISTER },
  { name: 'c.jr', match: 0x8002, mask: 0xf07f, expansion: 'jalr', rd: 0, rs1: 'r7', reserved: REGISTER },
  { name: 'c.mv', match: 0x8002, mask: 0xf003, expansion: 'add', rd: 'r7', rs1: 0, rs2: 'r2' },
  { name: 'c.ebreak', match: 0x9002, mask: 0xffff, expansion: 'ebreak' },
  { name: 'c.jalr', match: 0x9002, mask: 0xf07f, expansion: 'jalr', rd: 1, rs1: 'r7' },
  { name: 'c.add', match: 0x9002, mask: 0xf003, expansion: 'add', rd: 'r7', rs1: 'r7', rs2: 'r2' },
  { name: 'c.fsdsp', match: 0xa002, mask: 0xe003, expansion: 'fsd', rs2: 'r2', rs1: 2, imm: { 12: '5:3|8:6' } },
  { name: 'c.swsp', match: 0xc002, mask: 0xe003, expansion: 'sw', rs2: 'r2', rs1: 2, imm: { 12: '5:2|7:6' } },
  { name: 'c.sdsp', match: 0xe002, mask: 0xe003, expansion: 'sd', rs2: 'r2', rs1: 2, imm: { 12: '5:3|8:6' } },
]);

/** Whether an instruction that begins with this halfword is 16 bits long. */
export const isCompressed = (half: number): boolean => (half & 3) !== 3;

/** The row of a 16-bit instruction; undefined for one that is reserved or illegal. */
export function compressedOf(half: number): CompressedInstruction | undefined {
  const found = COMPRESSED.find(({ mask, match }) => (half & mask) === match);
  return found?.reserved !== undefined && (half & found.reserved) === 0 ? undefined : found;
}

function registerOf(field: RegisterField, half: number): number {
  switch (field) {
    case 'r7': return (half >>> 7) & 31;
    case 'r2': return (half >>> 2) & 31;
    case 'p7': return 8 + ((half >>> 7) & 7);
    case 'p2': return 8 + ((half >>> 2) & 7);
    default: return field;
  }
}

/** Pairs (bit of the halfword, bit of the immediate) of an immediate's layout. */
function* immediateBitsOf(layout: Readonly<Record<number, string>>): Generator<readonly [number, number]> {
  for (const [first, runs] of Object.entries(layout)) {
    let bit = Number(first);
    for (const run of runs.split('|')) {
      const [high = 0, low = high] = run.split(':').map(Number);
      for (let place = high; place >= low; place -= 1) yield [bit--, place];
    }
  }
}

function immediateOf(row: CompressedInstruction, half: number): number {
  if (row.imm === undefined) return 0;
  let value = 0;
  let highest = 0;
  for (const [bit, place] of immediateBitsOf(row.imm)) {
    value |= ((half >>> bit) & 1) << place;
    highest = Math.max(highest, place);
  }
  return row.signed === true ? (value << (31 - highest)) >> (31 - highest) : value;
}

function expandRow(row: CompressedInstruction, half: number): number {
  const operands: { -readonly [K in keyof Operands]?: Operands[K] } = {};
  for (const field of ['rd', 'rs1', 'rs2'] as const) {
    const source = row[field];
    if (source !== undefined) operands[field] = registerOf(source, half);
  }
  const imm = immediateOf(row, half);
  const target = instructionOf(row.expansion);
  if (target.syntax.includes('shamt')) operands.csr = imm; else operands.imm = imm;
  return encode(target, operands);
}

let expansions: Uint32Array | undefined;

/**
 * The expansion of every halfword: 65,536 words, 0 for a reserved or illegal one and for a halfword that begins a 32-bit
 * instruction. (The word 0 is itself illegal.) Made at the first call; do not write into it.
 */
export function expansionTable(): Uint32Array {
  expansions ??= Uint32Array.from({ length: 0x1_0000 }, (_, half) => {
    const row = isCompressed(half) ? compressedOf(half) : undefined;
    return row === undefined ? 0 : expandRow(row, half);
  });
  return expansions;
}

/** The 32-bit instruction that a 16-bit one stands for; 0 for a reserved or illegal one. */
export const expand = (half: number): number => expansionTable()[half & 0xffff]!;
