// SPDX-License-Identifier: BSD-2-Clause
/** From an instruction word to a row of the table with its operands, and back. */
import { INSTRUCTIONS, type Format, type Instruction } from './instructions.ts';

/** The fields of an instruction word. Fields that the instruction does not have are read all the same. */
export interface Operands {
  readonly rd: number;
  readonly rs1: number;
  readonly rs2: number;
  readonly rs3: number;
  /** Sign extended to 32 bits; format U: the value that is added, low 12 bits zero; B and J: bytes relative to pc. */
  readonly imm: number;
  /** Bits 14:12: the rounding mode where the instruction has one. */
  readonly rm: number;
  /** Bits 31:20 unsigned: the number of a CSR; its low 6 bits are a shift amount. */
  readonly csr: number;
}

export interface Decoded extends Operands {
  readonly instruction: Instruction;
  /** Of `instruction` in the table. */
  readonly index: number;
  readonly word: number;
}

/** Rows by bits 6:2 of the word, so that a look-up compares a handful. */
const BUCKETS: readonly (readonly number[])[] = Array.from({ length: 32 }, (_, opcode) =>
  INSTRUCTIONS.flatMap(({ match }, index) => ((match >>> 2) & 31) === opcode ? [index] : []));

/** Index in the table of a 32-bit instruction word; -1 for one that is illegal on this machine. */
export function indexOf(word: number): number {
  for (const index of BUCKETS[(word >>> 2) & 31]!) {
    const { mask, match } = INSTRUCTIONS[index]!;
    if (((word & mask) >>> 0) === match) return index;
  }
  return -1;
}

/** Decodes a 32-bit instruction word; undefined for one that is illegal on this machine. */
export function decode(word: number): Decoded | undefined {
  const index = indexOf(word);
  if (index < 0) return undefined;
  const instruction = INSTRUCTIONS[index]!;
  return {
    instruction, index, word: word >>> 0,
    rd: (word >>> 7) & 31, rs1: (word >>> 15) & 31, rs2: (word >>> 20) & 31, rs3: (word >>> 27) & 31,
    imm: immediateOf(instruction.format, word), rm: (word >>> 12) & 7, csr: (word >>> 20) & 0xfff,
  };
}

/** The immediate of a word in a format, sign extended; 0 where the format has none. */
export function immediateOf(format: Format, word: number): number {
  switch (format) {
    case 'I': return word >> 20;
    case 'S': return ((word >> 25) << 5) | ((word >>> 7) & 31);
    case 'B': return ((word >> 31) << 12) | ((word << 4) & 0x800) | ((word >>> 20) & 0x7e0) | ((word >>> 7) & 0x1e);
    case 'U': return word & 0xfffff000;
    case 'J': return ((word >> 31) << 20) | (word & 0xff000) | ((word >>> 9) & 0x800) | ((word >>> 20) & 0x7fe);
    default: return 0;
  }
}

/** Limits of an immediate: smallest, largest, and what it must be a multiple of. */
export const IMMEDIATES: Readonly<Record<Format, { readonly min: number; readonly max: number; readonly step: number }>> = {
  R: { min: 0, max: 0, step: 1 },
  R4: { min: 0, max: 0, step: 1 },
  I: { min: -2048, max: 2047, step: 1 },
  S: { min: -2048, max: 2047, step: 1 },
  B: { min: -4096, max: 4094, step: 2 },
  U: { min: -0x8000_0000, max: 0x7fff_f000, step: 4096 },
  J: { min: -0x10_0000, max: 0xf_fffe, step: 2 },
};

/** The bits of an immediate in a format. Throws a RangeError on one that does not fit. */
export function immediateBits(format: Format, imm: number): number {
  const { min, max, step } = IMMEDIATES[format];
  if (!Number.isInteger(imm) || imm < min || imm > max || imm % step !== 0) {
    throw new RangeError(`immediate ${imm} does not fit: ${min} to ${max} in steps of ${step}`);
  }
  switch (format) {
    case 'I': return imm << 20;
    case 'S': return ((imm >> 5) << 25) | ((imm & 31) << 7);
    case 'B': return ((imm >> 12) << 31) | ((imm & 0x7e0) << 20) | ((imm & 0x1e) << 7) | ((imm & 0x800) >> 4);
    case 'U': return imm;
    case 'J': return ((imm >> 20) << 31) | ((imm & 0x7fe) << 20) | ((imm & 0x800) << 9) | (imm & 0xff000);
    default: return 0;
  }
}

/**
 * The word of an instruction with these operands; missing ones are 0. Only fields outside the instruction's mask are
 * filled, so an operand that the instruction does not have is ignored.
 */
export function encode(instruction: Instruction, operands: Partial<Operands>): number {
  const { rd = 0, rs1 = 0, rs2 = 0, rs3 = 0, rm = 0, csr, imm = 0 } = operands;
  const fields = { R: 'rd rs1 rs2', R4: 'rd rs1 rs2 rs3', I: 'rd rs1', S: 'rs1 rs2', B: 'rs1 rs2', U: 'rd', J: 'rd' }[instruction.format];
  const bits = (fields.includes('rd') ? rd << 7 : 0) | (fields.includes('rs1') ? rs1 << 15 : 0)
    | (fields.includes('rs2') ? rs2 << 20 : 0) | (fields.includes('rs3') ? rs3 << 27 : 0)
    | (instruction.format.startsWith('R') ? rm << 12 : 0)
    | (csr !== undefined ? csr << 20 : immediateBits(instruction.format, imm));
  return (((bits & ~instruction.mask) | instruction.match) >>> 0);
}
