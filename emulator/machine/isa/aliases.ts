// SPDX-License-Identifier: BSD-2-Clause
/** Other names of single instructions, as data: what an assembler accepts and a disassembler shows instead. */
import { csrNamed } from './csrs.ts';
import { encode, type Operands } from './decode.ts';
import { instructionOf, type Instruction } from './instructions.ts';

export interface Alias {
  readonly name: string;
  readonly instruction: Instruction;
  /** As `Instruction.syntax`, with the operands that are left to choose. */
  readonly syntax: string;
  /** Bits of the word that the alias fixes, beyond those of the instruction. */
  readonly match: number;
  readonly mask: number;
  /** rs2 is the same register as rs1. */
  readonly sameSources: boolean;
  /** Objdump uses the name only for a 16-bit instruction. */
  readonly compressedOnly: boolean;
}

/** Fields that an alias can fix, as bits of the word. */
const FIELD = {
  rd: 0x0000_0f80, rs1: 0x000f_8000, rs2: 0x01f0_0000, imm: 0xfff0_0000, csr: 0xfff0_0000,
} as const;
type Fixed = Partial<Record<keyof typeof FIELD, number>>;

function alias(name: string, target: string, syntax: string, fixed: Fixed, extra: Partial<Alias> = {}): Alias {
  const instruction = instructionOf(target);
  const fields = Object.keys(fixed) as (keyof typeof FIELD)[];
  const mask = fields.reduce((sum, field) => sum | FIELD[field], instruction.mask) >>> 0;
  const match = encode(instruction, fixed as Partial<Operands>);
  return Object.freeze({ name, instruction, syntax, match, mask, sameSources: false, compressedOnly: false, ...extra });
}

const csr = (name: string): number => csrNamed(name)!.number;

/** `fcsr` and its two parts have names of their own. */
const floatStatus = (register: string, read: string, write: string): readonly Alias[] => [
  alias(read, 'csrrs', 'rd', { csr: csr(register), rs1: 0 }),
  alias(write, 'csrrw', 'rs1', { csr: csr(register), rd: 0 }),
  alias(write, 'csrrw', 'rd,rs1', { csr: csr(register) }),
];
const floatStatusImmediate = (register: string, write: string): readonly Alias[] => [
  alias(write, 'csrrwi', 'uimm', { csr: csr(register), rd: 0 }),
  alias(write, 'csrrwi', 'rd,uimm', { csr: csr(register) }),
];

const signs = (suffix: string): readonly Alias[] => [
  alias(`fmv.${suffix}`, `fsgnj.${suffix}`, 'fd,fs1', {}, { sameSources: true }),
  alias(`fneg.${suffix}`, `fsgnjn.${suffix}`, 'fd,fs1', {}, { sameSources: true }),
  alias(`fabs.${suffix}`, `fsgnjx.${suffix}`, 'fd,fs1', {}, { sameSources: true }),
];

/** First match wins. */
export const ALIASES: readonly Alias[] = Object.freeze([
  alias('nop', 'addi', '', { rd: 0, rs1: 0, imm: 0 }),
  alias('li', 'addi', 'rd,imm', { rs1: 0 }),
  alias('mv', 'addi', 'rd,rs1', { imm: 0 }),
  alias('mv', 'add', 'rd,rs2', { rs1: 0 }, { compressedOnly: true }),
  alias('not', 'xori', 'rd,rs1', { imm: -1 }),
  alias('zext.b', 'andi', 'rd,rs1', { imm: 255 }),
  alias('sext.w', 'addiw', 'rd,rs1', { imm: 0 }),
  alias('neg', 'sub', 'rd,rs2', { rs1: 0 }),
  alias('negw', 'subw', 'rd,rs2', { rs1: 0 }),
  alias('seqz', 'sltiu', 'rd,rs1', { imm: 1 }),
  alias('snez', 'sltu', 'rd,rs2', { rs1: 0 }),
  alias('sltz', 'slt', 'rd,rs1', { rs2: 0 }),
  alias('sgtz', 'slt', 'rd,rs2', { rs1: 0 }),
  alias('beqz', 'beq', 'rs1,target', { rs2: 0 }),
  alias('bnez', 'bne', 'rs1,target', { rs2: 0 }),
  alias('blez', 'bge', 'rs2,target', { rs1: 0 }),
  alias('bgez', 'bge', 'rs1,target', { rs2: 0 }),
  alias('bltz', 'blt', 'rs1,target', { rs2: 0 }),
  alias('bgtz', 'blt', 'rs2,target', { rs1: 0 }),
  alias('j', 'jal', 'target', { rd: 0 }),
  alias('jal', 'jal', 'target', { rd: 1 }),
  alias('ret', 'jalr', '', { rd: 0, rs1: 1, imm: 0 }),
  alias('jr', 'jalr', 'rs1', { rd: 0, imm: 0 }),
  alias('jr', 'jalr', 'imm(rs1)', { rd: 0 }),
  alias('jalr', 'jalr', 'rs1', { rd: 1, imm: 0 }),
  alias('jalr', 'jalr', 'imm(rs1)', { rd: 1 }),
  ...signs('s'), ...signs('d'),
  alias('unimp', 'csrrw', '', { rd: 0, rs1: 0, csr: csr('cycle') }),
  ...floatStatus('fcsr', 'frcsr', 'fscsr'), ...floatStatus('frm', 'frrm', 'fsrm'), ...floatStatus('fflags', 'frflags', 'fsflags'),
  ...floatStatusImmediate('frm', 'fsrmi'), ...floatStatusImmediate('fflags', 'fsflagsi'),
  alias('rdcycle', 'csrrs', 'rd', { csr: csr('cycle'), rs1: 0 }),
  alias('rdtime', 'csrrs', 'rd', { csr: csr('time'), rs1: 0 }),
  alias('rdinstret', 'csrrs', 'rd', { csr: csr('instret'), rs1: 0 }),
  alias('csrr', 'csrrs', 'rd,csr', { rs1: 0 }),
  alias('csrw', 'csrrw', 'csr,rs1', { rd: 0 }),
  alias('csrs', 'csrrs', 'csr,rs1', { rd: 0 }),
  alias('csrc', 'csrrc', 'csr,rs1', { rd: 0 }),
  alias('csrwi', 'csrrwi', 'csr,uimm', { rd: 0 }),
  alias('csrsi', 'csrrsi', 'csr,uimm', { rd: 0 }),
  alias('csrci', 'csrrci', 'csr,uimm', { rd: 0 }),
  alias('fence', 'fence', '', { rd: 0, rs1: 0, imm: 0xff }),
  alias('fence.tso', 'fence', '', { rd: 0, rs1: 0, imm: 0x833 - 0x1000 }),
  alias('sfence.vma', 'sfence.vma', '', { rs1: 0, rs2: 0 }),
  alias('sfence.vma', 'sfence.vma', 'rs1', { rs2: 0 }),
]);
