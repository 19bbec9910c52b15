// SPDX-License-Identifier: BSD-2-Clause
/** From instruction words to records. */
import {
  HART_F, HART_SINK, MAP_BUCKETS, MAP_EXPANSIONS, MAP_ROWS, OP_BEQ, OP_BEQ_NEAR, OP_BGE, OP_BGE_NEAR, OP_BGEU, OP_BGEU_NEAR, OP_BLT,
  OP_BLT_NEAR, OP_BLTU, OP_BLTU_NEAR, OP_BNE, OP_BNE_NEAR, OP_ILLEGAL, OP_J_NEAR, OP_JAL_NEAR, OP_SPIN, RECORD_IMM,
  RECORD_LENGTH, RECORD_OP, RECORD_RD, RECORD_RM, RECORD_RS1, RECORD_RS2, ROW_BYTES, ROW_FORMAT, ROW_MASK, ROW_MATCH, ROW_OP,
  ROW_OPERAND, ROW_REGISTERS,
} from './generated';

const FORMAT_R4: u32 = 1;
const FORMAT_I: u32 = 2;
const FORMAT_S: u32 = 3;
const FORMAT_B: u32 = 4;
const FORMAT_U: u32 = 5;
const FORMAT_J: u32 = 6;

const OPERAND_CSR: u32 = 1;
const OPERAND_SHAMT: u32 = 2;
const OPERAND_SHAMT5: u32 = 3;

const FLOATING_RD: u32 = 1;
const FLOATING_RS1: u32 = 2;
const FLOATING_RS2: u32 = 4;

/** Says that a branch may not stay in its page. */
export const ANYWHERE: i32 = -1;

/** Bytes of records that stand for a 16-bit instruction; a 32-bit one has twice as many. */
const SHORT: u32 = 16;

@inline export function isShort(half: u32): bool {
  return (half & 3) != 3;
}

/**
 * Fills in a record. `bits` is a 16-bit instruction, or a 32-bit one; `offset` its place in its page, for branches that
 * stay in it, or `ANYWHERE`.
 */
export function decode(record: usize, bits: u32, offset: i32): void {
  const short = isShort(bits);
  const word = short ? load<u32>(MAP_EXPANSIONS + (<usize>(bits & 0xffff) << 2)) : bits;
  const length = short ? SHORT : 2 * SHORT;
  store<u16>(record, length, RECORD_LENGTH);
  const row = rowOf(word);
  if (row == 0) {
    store<u32>(record, short ? bits & 0xffff : bits, RECORD_IMM);
    store<u16>(record, OP_ILLEGAL, RECORD_OP);
    return;
  }
  const format: u32 = load<u8>(row, ROW_FORMAT);
  const floating: u32 = load<u8>(row, ROW_REGISTERS);
  const rd = word >> 7 & 31;
  store<u16>(record, destination(rd, format, floating), RECORD_RD);
  store<u16>(record, register(word >> 15 & 31, floating & FLOATING_RS1), RECORD_RS1);
  store<u16>(record, register(word >> 20 & 31, floating & FLOATING_RS2), RECORD_RS2);
  store<u16>(record, word >> 12 & 7, RECORD_RM);
  const imm = immediateOf(word, format, load<u8>(row, ROW_OPERAND));
  store<u32>(record, imm, RECORD_IMM);
  store<u16>(record, load<u16>(row, ROW_OP), RECORD_OP);
  if ((format == FORMAT_B || format == FORMAT_J) && offset != ANYWHERE) stayNear(record, rd, offset, imm, length);
}

/** Turns a branch or jump whose target is in the same page into its near operation. */
function stayNear(record: usize, rd: u32, offset: i32, imm: i32, length: u32): void {
  if (<u32>(offset + imm) >= 0x1000) return;
  const near = nearOperation(load<u16>(record, RECORD_OP), rd);
  store<u16>(record, imm == 0 && near == OP_J_NEAR ? OP_SPIN : near, RECORD_OP);
  store<u32>(record, (imm << 3) - length, RECORD_IMM);
}

function nearOperation(op: i32, rd: u32): i32 {
  switch (op) {
    case OP_BEQ: return OP_BEQ_NEAR;
    case OP_BNE: return OP_BNE_NEAR;
    case OP_BLT: return OP_BLT_NEAR;
    case OP_BGE: return OP_BGE_NEAR;
    case OP_BLTU: return OP_BLTU_NEAR;
    case OP_BGEU: return OP_BGEU_NEAR;
    default: return rd == 0 ? OP_J_NEAR : OP_JAL_NEAR;
  }
}

/** The row of the instruction table that a word matches; 0: illegal. */
function rowOf(word: u32): usize {
  const bucket = MAP_BUCKETS + (<usize>(word >> 2 & 31) << 1);
  const end = MAP_ROWS + <usize>load<u16>(bucket, 2) * ROW_BYTES;
  for (let row = MAP_ROWS + <usize>load<u16>(bucket) * ROW_BYTES; row < end; row += ROW_BYTES) {
    if ((word & load<u32>(row, ROW_MASK)) == load<u32>(row, ROW_MATCH)) return row;
  }
  return 0;
}

function destination(rd: u32, format: u32, floating: u32): u32 {
  if ((floating & FLOATING_RD) != 0) return floatRegister(rd);
  return rd == 0 || format == FORMAT_S || format == FORMAT_B ? <u32>HART_SINK : rd << 3;
}

@inline function register(number: u32, floating: u32): u32 {
  return floating != 0 ? floatRegister(number) : number << 3;
}

@inline function floatRegister(number: u32): u32 {
  return <u32>HART_F + (number << 3);
}

function immediateOf(word: u32, format: u32, operand: u32): i32 {
  if (operand == OPERAND_CSR) return word >> 20;
  if (operand == OPERAND_SHAMT) return word >> 20 & 63;
  if (operand == OPERAND_SHAMT5) return word >> 20 & 31;
  const sign = <i32>word >> 31;
  switch (format) {
    case FORMAT_R4: return floatRegister(word >> 27);
    case FORMAT_I: return <i32>word >> 20;
    case FORMAT_S: return (<i32>word >> 25 << 5) | (word >> 7 & 31);
    case FORMAT_B: return (sign << 12) | (word << 4 & 0x800) | (word >> 20 & 0x7e0) | (word >> 7 & 0x1e);
    case FORMAT_U: return word & 0xffff_f000;
    case FORMAT_J: return (sign << 20) | (word & 0xff000) | (word >> 9 & 0x800) | (word >> 20 & 0x7fe);
    default: return 0;
  }
}
