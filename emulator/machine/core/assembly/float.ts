// SPDX-License-Identifier: BSD-2-Clause
/** Instructions of the extensions F and D: by the processor below where that is known to be right, else on bits. */
import { add, divide, multiply, multiplyAdd, squareRoot } from './arithmetic';
import { classOf, equal, fromInteger, less, lessOrEqual, maximum, minimum, toFormat, toInteger } from './convert';
import { floatChanged } from './csr';
import { loadData, storeData } from './data';
import { faulted } from './fault';
import { canonicalNan, clearFlags, flags, signBit } from './format';
import {
  HART_FCSR, HART_MSTATUS, OP_FADD_D, OP_FADD_S, OP_FCLASS_D, OP_FCLASS_S, OP_FCVT_D_L, OP_FCVT_D_LU, OP_FCVT_D_S, OP_FCVT_D_W, OP_FCVT_D_WU,
  OP_FCVT_L_D, OP_FCVT_L_S, OP_FCVT_LU_D, OP_FCVT_LU_S, OP_FCVT_S_D, OP_FCVT_S_L, OP_FCVT_S_LU, OP_FCVT_S_W, OP_FCVT_S_WU, OP_FCVT_W_D,
  OP_FCVT_W_S, OP_FCVT_WU_D, OP_FCVT_WU_S, OP_FDIV_D, OP_FDIV_S, OP_FEQ_D, OP_FEQ_S, OP_FLD, OP_FLE_D, OP_FLE_S, OP_FLT_D, OP_FLT_S,
  OP_FLW, OP_FMADD_D, OP_FMADD_S, OP_FMAX_D, OP_FMAX_S, OP_FMIN_D, OP_FMIN_S, OP_FMSUB_D, OP_FMSUB_S, OP_FMUL_D, OP_FMUL_S, OP_FMV_D_X,
  OP_FMV_W_X, OP_FMV_X_D, OP_FMV_X_W, OP_FNMADD_D, OP_FNMADD_S, OP_FNMSUB_D, OP_FNMSUB_S, OP_FSD, OP_FSGNJ_D, OP_FSGNJ_S, OP_FSGNJN_D,
  OP_FSGNJN_S, OP_FSGNJX_D, OP_FSGNJX_S, OP_FSQRT_D, OP_FSQRT_S, OP_FSUB_D, OP_FSUB_S, OP_FSW, RECORD_IMM, RECORD_RM,
  RECORD_RS1, RECORD_RS2,
} from './generated';
import { computesNatively, isPlainDouble, isPlainSingle } from './native-float';
import { imm, rs1, rs2, setRd } from './record';
import { illegal } from './slow';
import { MSTATUS_FS } from './state';

const BOX: u64 = 0xffff_ffff_0000_0000;
const DYNAMIC: u32 = 7;
const MODES: u32 = 5;
/** Mode and rounding field in one: an illegal mode. */
const NO_MODE: u32 = 8;

const LONG_LOWEST: u64 = 0x8000_0000_0000_0000;
const LONG_HIGHEST: u64 = 0x7fff_ffff_ffff_ffff;
const WORD_LOWEST: u64 = 0x8000_0000;
const WORD_HIGHEST: u64 = 0x7fff_ffff;
const WORD_ALL: u64 = 0xffff_ffff;

export function floatingPoint(op: i32, record: usize): void {
  if ((load<u64>(HART_MSTATUS) & MSTATUS_FS) == 0) return illegal();
  clearFlags();
  switch (op) {
    case OP_FLW: return loadFloat(record, 4);
    case OP_FLD: return loadFloat(record, 8);
    case OP_FSW: return storeData(rs1(record) + imm(record), 4, rs2(record));
    case OP_FSD: return storeData(rs1(record) + imm(record), 8, rs2(record));

    case OP_FSGNJ_S: return setSign(record, b(record, false), false);
    case OP_FSGNJ_D: return setSign(record, b(record, true), true);
    case OP_FSGNJN_S: return setSign(record, ~b(record, false), false);
    case OP_FSGNJN_D: return setSign(record, ~b(record, true), true);
    case OP_FSGNJX_S: return setSign(record, a(record, false) ^ b(record, false), false);
    case OP_FSGNJX_D: return setSign(record, a(record, true) ^ b(record, true), true);
    case OP_FMIN_S: return setFloat(record, minimum(a(record, false), b(record, false), false), false);
    case OP_FMIN_D: return setFloat(record, minimum(a(record, true), b(record, true), true), true);
    case OP_FMAX_S: return setFloat(record, maximum(a(record, false), b(record, false), false), false);
    case OP_FMAX_D: return setFloat(record, maximum(a(record, true), b(record, true), true), true);
    case OP_FEQ_S: return setInteger(record, u64(equal(a(record, false), b(record, false), false)));
    case OP_FEQ_D: return setInteger(record, u64(equal(a(record, true), b(record, true), true)));
    case OP_FLT_S: return setInteger(record, u64(less(a(record, false), b(record, false), false)));
    case OP_FLT_D: return setInteger(record, u64(less(a(record, true), b(record, true), true)));
    case OP_FLE_S: return setInteger(record, u64(lessOrEqual(a(record, false), b(record, false), false)));
    case OP_FLE_D: return setInteger(record, u64(lessOrEqual(a(record, true), b(record, true), true)));
    case OP_FCLASS_S: return setInteger(record, classOf(a(record, false), false));
    case OP_FCLASS_D: return setInteger(record, classOf(a(record, true), true));
    case OP_FMV_X_W: return setInteger(record, <i64><i32>rs1(record));
    case OP_FMV_X_D: return setInteger(record, rs1(record));
    case OP_FMV_W_X: return setFloat(record, rs1(record), false);
    case OP_FMV_D_X: return setFloat(record, rs1(record), true);
    default: return withRounding(op, record);
  }
}

function withRounding(op: i32, record: usize): void {
  const mode = modeOf(record);
  if (mode == NO_MODE) return illegal();
  switch (op) {
    case OP_FADD_S: return setFloat(record, addSingle(mode, a(record, false), b(record, false)), false);
    case OP_FADD_D: return setFloat(record, addDouble(mode, a(record, true), b(record, true)), true);
    case OP_FSUB_S: return setFloat(record, addSingle(mode, a(record, false), b(record, false) ^ signBit(false)), false);
    case OP_FSUB_D: return setFloat(record, addDouble(mode, a(record, true), b(record, true) ^ signBit(true)), true);
    case OP_FMUL_S: return setFloat(record, multiplySingle(mode, a(record, false), b(record, false)), false);
    case OP_FMUL_D: return setFloat(record, multiplyDouble(mode, a(record, true), b(record, true)), true);
    case OP_FDIV_S: return setFloat(record, divideSingle(mode, a(record, false), b(record, false)), false);
    case OP_FDIV_D: return setFloat(record, divideDouble(mode, a(record, true), b(record, true)), true);
    case OP_FSQRT_S: return setFloat(record, rootSingle(mode, a(record, false)), false);
    case OP_FSQRT_D: return setFloat(record, rootDouble(mode, a(record, true)), true);
    case OP_FMADD_S: return fused(record, mode, 0, 0, false);
    case OP_FMADD_D: return fused(record, mode, 0, 0, true);
    case OP_FMSUB_S: return fused(record, mode, 0, signBit(false), false);
    case OP_FMSUB_D: return fused(record, mode, 0, signBit(true), true);
    case OP_FNMSUB_S: return fused(record, mode, signBit(false), 0, false);
    case OP_FNMSUB_D: return fused(record, mode, signBit(true), 0, true);
    case OP_FNMADD_S: return fused(record, mode, signBit(false), signBit(false), false);
    case OP_FNMADD_D: return fused(record, mode, signBit(true), signBit(true), true);
    case OP_FCVT_D_S: return setFloat(record, toFormat(mode, a(record, false), false), true);
    case OP_FCVT_S_D: return setFloat(record, toFormat(mode, a(record, true), true), false);
    case OP_FCVT_W_S: return setWord(record, toInteger(mode, a(record, false), false, WORD_LOWEST, WORD_HIGHEST));
    case OP_FCVT_W_D: return setWord(record, toInteger(mode, a(record, true), true, WORD_LOWEST, WORD_HIGHEST));
    case OP_FCVT_WU_S: return setWord(record, toInteger(mode, a(record, false), false, 0, WORD_ALL));
    case OP_FCVT_WU_D: return setWord(record, toInteger(mode, a(record, true), true, 0, WORD_ALL));
    case OP_FCVT_L_S: return setInteger(record, toInteger(mode, a(record, false), false, LONG_LOWEST, LONG_HIGHEST));
    case OP_FCVT_L_D: return setInteger(record, toInteger(mode, a(record, true), true, LONG_LOWEST, LONG_HIGHEST));
    case OP_FCVT_LU_S: return setInteger(record, toInteger(mode, a(record, false), false, 0, ~0));
    case OP_FCVT_LU_D: return setInteger(record, toInteger(mode, a(record, true), true, 0, ~0));
    case OP_FCVT_S_W: return setFloat(record, fromSigned(mode, <i32>rs1(record), false), false);
    case OP_FCVT_D_W: return setFloat(record, fromSigned(mode, <i32>rs1(record), true), true);
    case OP_FCVT_S_WU: return setFloat(record, fromInteger(mode, false, rs1(record) & WORD_ALL, false), false);
    case OP_FCVT_D_WU: return setFloat(record, fromInteger(mode, false, rs1(record) & WORD_ALL, true), true);
    case OP_FCVT_S_L: return setFloat(record, fromSigned(mode, rs1(record), false), false);
    case OP_FCVT_D_L: return setFloat(record, fromSigned(mode, rs1(record), true), true);
    case OP_FCVT_S_LU: return setFloat(record, fromInteger(mode, false, rs1(record), false), false);
    case OP_FCVT_D_LU: return setFloat(record, fromInteger(mode, false, rs1(record), true), true);
    default: illegal();
  }
}

/** The rounding mode of an instruction, its own or that of frm. */
function modeOf(record: usize): u32 {
  const own: u32 = load<u16>(record, RECORD_RM);
  const mode = own == DYNAMIC ? <u32>(load<u64>(HART_FCSR) >> 5) & 7 : own;
  return mode < MODES ? mode : NO_MODE;
}

/** Value of a register; a single that is not boxed in ones is no number. */
@inline function value(register: usize, double: bool): u64 {
  const bits = load<u64>(register);
  if (double) return bits;
  return (bits & BOX) == BOX ? bits & ~BOX : canonicalNan(false);
}

@inline function a(record: usize, double: bool): u64 {
  return value(load<u16>(record, RECORD_RS1), double);
}

@inline function b(record: usize, double: bool): u64 {
  return value(load<u16>(record, RECORD_RS2), double);
}

function raiseFlags(): void {
  if (flags == 0) return;
  store<u64>(HART_FCSR, load<u64>(HART_FCSR) | flags);
  floatChanged();
}

function setFloat(record: usize, bits: u64, double: bool): void {
  setRd(record, double ? bits : bits | BOX);
  raiseFlags();
  floatChanged();
}

function setInteger(record: usize, result: u64): void {
  setRd(record, result);
  raiseFlags();
}

/** 32-bit results, unsigned ones too, are sign extended. */
function setWord(record: usize, result: u64): void {
  setInteger(record, <i64><i32>result);
}

function loadFloat(record: usize, size: u32): void {
  const bits = loadData(rs1(record) + imm(record), size);
  if (!faulted()) setFloat(record, bits, size == 8);
}

/** The magnitude of the first operand with the sign of some bits. */
function setSign(record: usize, sign: u64, double: bool): void {
  const place = signBit(double);
  setFloat(record, (a(record, double) & (place - 1)) | (sign & place), double);
}

function fromSigned(mode: u32, integer: i64, double: bool): u64 {
  return fromInteger(mode, integer < 0, integer < 0 ? <u64>0 - <u64>integer : integer, double);
}

function fused(record: usize, mode: u32, productSign: u64, addendSign: u64, double: bool): void {
  const addend = value(load<u32>(record, RECORD_IMM), double) ^ addendSign;
  setFloat(record, multiplyAdd(mode, a(record, double) ^ productSign, b(record, double), addend, double), double);
}

@inline function double(bits: u64): f64 {
  return reinterpret<f64>(bits);
}

@inline function single(bits: u64): f32 {
  return reinterpret<f32>(<u32>bits);
}

function addDouble(mode: u32, one: u64, other: u64): u64 {
  if (computesNatively(mode)) {
    const result = reinterpret<u64>(double(one) + double(other));
    if (isPlainDouble(result)) return result;
  }
  return add(mode, one, other, true);
}

function addSingle(mode: u32, one: u64, other: u64): u64 {
  if (computesNatively(mode)) {
    const result = reinterpret<u32>(single(one) + single(other));
    if (isPlainSingle(result)) return result;
  }
  return add(mode, one, other, false);
}

function multiplyDouble(mode: u32, one: u64, other: u64): u64 {
  if (computesNatively(mode)) {
    const result = reinterpret<u64>(double(one) * double(other));
    if (isPlainDouble(result)) return result;
  }
  return multiply(mode, one, other, true);
}

function multiplySingle(mode: u32, one: u64, other: u64): u64 {
  if (computesNatively(mode)) {
    const result = reinterpret<u32>(single(one) * single(other));
    if (isPlainSingle(result)) return result;
  }
  return multiply(mode, one, other, false);
}

function divideDouble(mode: u32, one: u64, other: u64): u64 {
  if (computesNatively(mode)) {
    const result = reinterpret<u64>(double(one) / double(other));
    if (isPlainDouble(result)) return result;
  }
  return divide(mode, one, other, true);
}

function divideSingle(mode: u32, one: u64, other: u64): u64 {
  if (computesNatively(mode)) {
    const result = reinterpret<u32>(single(one) / single(other));
    if (isPlainSingle(result)) return result;
  }
  return divide(mode, one, other, false);
}

function rootDouble(mode: u32, bits: u64): u64 {
  if (computesNatively(mode)) {
    const result = reinterpret<u64>(sqrt<f64>(double(bits)));
    if (isPlainDouble(result)) return result;
  }
  return squareRoot(mode, bits, true);
}

function rootSingle(mode: u32, bits: u64): u64 {
  if (computesNatively(mode)) {
    const result = reinterpret<u32>(sqrt<f32>(single(bits)));
    if (isPlainSingle(result)) return result;
  }
  return squareRoot(mode, bits, false);
}
