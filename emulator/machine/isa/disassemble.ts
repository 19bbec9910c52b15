// SPDX-License-Identifier: BSD-2-Clause
/** Instructions as text, the way GNU objdump writes them for rv64gc. */
import { ALIASES } from './aliases.ts';
import { compressedOf, expand, isCompressed } from './compressed.ts';
import { csrAt } from './csrs.ts';
import { decode, type Decoded } from './decode.ts';
import { FLOAT_REGISTERS, fenceSet, impliedRounding, INTEGER_REGISTERS, ROUNDING_MODES } from './registers.ts';

/**
 * The text of the instruction whose first bits are `word` (of a 16-bit one the low half counts) at address `pc`: mnemonic,
 * and after a tab the operands. Branch targets are absolute. An illegal instruction is its bits, `.word 0x...` or `.half 0x...`.
 */
export function disassemble(word: number, pc = 0n): string {
  if (!isCompressed(word)) return textOf(decode(word), false, pc) ?? `.word\t0x${(word >>> 0).toString(16).padStart(8, '0')}`;
  const half = word & 0xffff;
  const text = compressedOf(half) === undefined ? undefined : textOf(decode(expand(half)), true, pc);
  return text ?? `.half\t0x${half.toString(16).padStart(4, '0')}`;
}

function textOf(decoded: Decoded | undefined, compressed: boolean, pc: bigint): string | undefined {
  if (decoded === undefined) return undefined;
  const { instruction, word } = decoded;
  const alias = ALIASES.find((candidate) => ((word & candidate.mask) >>> 0) === candidate.match
    && (!candidate.sameSources || decoded.rs1 === decoded.rs2) && (!candidate.compressedOnly || compressed));
  const { name, syntax } = alias ?? instruction;
  const operands = operandTexts(syntax, decoded, pc);
  const mnemonic = instruction.extension === 'A' ? name + orderingSuffix(word) : name;
  return operands === '' ? mnemonic : `${mnemonic}\t${operands}`;
}

function orderingSuffix(word: number): string {
  return ['', '.rl', '.aq', '.aqrl'][(word >>> 25) & 3]!;
}

function operandTexts(syntax: string, decoded: Decoded, pc: bigint): string {
  const text = syntax.replaceAll(/[a-z]+[0-9]?/g, (operand) => operandText(operand, decoded, pc));
  return syntax.endsWith(',rm') && decoded.rm === impliedRounding(decoded.instruction.name) ? text.slice(0, text.lastIndexOf(',')) : text;
}

function operandText(operand: string, decoded: Decoded, pc: bigint): string {
  switch (operand) {
    case 'rd': case 'rs1': case 'rs2': return INTEGER_REGISTERS[decoded[operand]]!;
    case 'fd': return FLOAT_REGISTERS[decoded.rd]!;
    case 'fs1': return FLOAT_REGISTERS[decoded.rs1]!;
    case 'fs2': return FLOAT_REGISTERS[decoded.rs2]!;
    case 'fs3': return FLOAT_REGISTERS[decoded.rs3]!;
    case 'imm': return String(decoded.imm);
    case 'upper': return hex((decoded.imm >>> 12));
    case 'target': return `0x${BigInt.asUintN(64, pc + BigInt(decoded.imm)).toString(16)}`;
    case 'shamt': return hex(decoded.csr & 63);
    case 'shamt5': return hex(decoded.csr & 31);
    case 'csr': return csrAt(decoded.csr)?.name ?? hex(decoded.csr);
    case 'uimm': return String(decoded.rs1);
    case 'rm': return ROUNDING_MODES[decoded.rm] ?? 'unknown';
    case 'pred': return fenceSet((decoded.csr >>> 4) & 15);
    case 'succ': return fenceSet(decoded.csr & 15);
    default: throw new Error(`the syntax of ${decoded.instruction.name} has an unknown operand ${operand}`);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
