// SPDX-License-Identifier: BSD-2-Clause
/** Everything beside the loop: one instruction in full, and what is looked at between instructions. */
import { atomic } from './atomic';
import { breakpointHere, bitsHere, decodeHere, enter } from './code';
import { accessible, readCsr, writeCsr } from './csr';
import { loadData, noticeMapping, storeData } from './data';
import {
  BREAKPOINT, clearFault, ENVIRONMENT_CALL, fault, faultCause, faulted, faultValue, ILLEGAL_INSTRUCTION,
} from './fault';
import { floatingPoint } from './float';
import {
  HART_INSTRET, HART_MIE, HART_MIP, HART_MSTATUS, HART_PC, HART_STOP_ON, HART_STORE_LOG_COUNT, HART_WAITING, LOG_ENTRIES, OP_AMOMAXU_D, OP_BEQ,
  OP_BGE, OP_BGEU, OP_BLT, OP_BLTU, OP_BNE, OP_CLEAR, OP_CSRRC, OP_CSRRCI, OP_CSRRS, OP_CSRRSI, OP_CSRRW, OP_CSRRWI, OP_DECODE, OP_DIV, OP_DIVUW,
  OP_DIVW, OP_EBREAK, OP_ECALL, OP_FENCE_I, OP_ILLEGAL, OP_JAL, OP_JALR, OP_LB, OP_LBU, OP_LD, OP_LEAVE, OP_LH, OP_LHU, OP_LR_W, OP_LW, OP_LWU,
  OP_MRET, OP_MULH, OP_MULHSU, OP_REM, OP_REMUW, OP_REMW, OP_SB, OP_SD, OP_SFENCE_VMA, OP_SH, OP_SRET, OP_SW, OP_WFI, RECORD_IMM, RECORD_LENGTH,
  RECORD_OP, RECORD_RS1, STOP_BREAKPOINT, STOP_BUDGET, STOP_ON_SUPERVISOR_CALL, STOP_STORE_LOG, STOP_SUPERVISOR_CALL, STOP_WAITING,
} from './generated';
import { divide, divideWord, divideWordUnsigned, multiplyHigh, multiplyHighMixed, remainder, remainderWord, remainderWordUnsigned } from './integer';
import { protectionChanged } from './pmp';
import { imm, rs1, rs2, setRd } from './record';
import { MACHINE, modeChanged, MSTATUS_TSR, MSTATUS_TVM, MSTATUS_TW, privilege, SUPERVISOR, USER } from './state';
import { stopWanted, takeStop, wantStop } from './stop';
import { flushAll } from './tlb';
import { returnFromMachine, returnFromSupervisor, takeInterrupt, trap } from './trap';

/** Nothing stops the hart. */
export const GO_ON: i32 = -1;

/** No instruction has an odd address. */
const NOWHERE: u64 = 1;

/** Instructions that may still be executed. */
export let budgetLeft: i32 = 0;

/** Address of the instruction behind the current one, or where it goes. */
let next: u64 = 0;
/** The breakpoint that stopped the last run, at which the next one may begin; `NOWHERE`. */
let stoppedAt: u64 = NOWHERE;
/** The same, for the first instruction of this run. */
let resumed: u64 = NOWHERE;

/** Prepares a run; returns why it ends at once, or `GO_ON`. */
export function begin(budget: i32): i32 {
  budgetLeft = budget;
  const breakpoint = stoppedAt;
  stoppedAt = NOWHERE;
  if (load<u32>(HART_STORE_LOG_COUNT) >= <u32>LOG_ENTRIES) return STOP_STORE_LOG;
  noticeMapping();
  modeChanged();
  protectionChanged();
  if (load<u32>(HART_WAITING) != 0) {
    if ((load<u64>(HART_MIP) & load<u64>(HART_MIE)) == 0) return STOP_WAITING;
    store<u32>(HART_WAITING, 0);
  }
  resumed = breakpoint;
  const stop = settle();
  if (load<u64>(HART_PC) != breakpoint) resumed = NOWHERE;
  return stop;
}

/** What happens between two instructions; returns why the run ends, or `GO_ON` with the next record set. */
function settle(): i32 {
  while (true) {
    if (stopWanted()) return takeStop();
    if (budgetLeft == 0) return STOP_BUDGET;
    if (takeInterrupt()) continue;
    if (enter()) return GO_ON;
    if (stopsHere()) {
      clearFault();
      return STOP_BREAKPOINT;
    }
    takeFault();
  }
}

/** The instruction at pc does not retire: its exception is taken. It counts as one of the budget all the same. */
function takeFault(): void {
  const cause = faultCause;
  clearFault();
  budgetLeft--;
  trap(cause, faultValue, false);
}

/** Executes the instruction of a record; pc and instret are in the hart state. */
export function slow(record: usize, left: i32): i32 {
  budgetLeft = left;
  const op: i32 = load<u16>(record, RECORD_OP);
  if (op == OP_DECODE) return decodeNext(record);
  if (op == OP_LEAVE) return settle();
  next = load<u64>(HART_PC) + (<u64>load<u16>(record, RECORD_LENGTH) >> 3);
  if (op == OP_ECALL && privilege() == SUPERVISOR && (load<u32>(HART_STOP_ON) & STOP_ON_SUPERVISOR_CALL) != 0) return STOP_SUPERVISOR_CALL;
  perform(op, record);
  if (faulted()) {
    takeFault();
  } else {
    store<u64>(HART_PC, next);
    store<u64>(HART_INSTRET, load<u64>(HART_INSTRET) + 1);
    budgetLeft--;
  }
  return settle();
}

/** Whether a breakpoint stops the run before the instruction at pc, also before one that cannot be fetched. */
function stopsHere(): bool {
  const pc = load<u64>(HART_PC);
  if (pc == resumed || !breakpointHere()) return false;
  stoppedAt = pc;
  return true;
}

function decodeNext(record: usize): i32 {
  if (stopsHere()) return STOP_BREAKPOINT;
  resumed = NOWHERE;
  if (decodeHere(record)) return GO_ON;
  takeFault();
  return settle();
}

export function illegal(): void {
  fault(ILLEGAL_INSTRUCTION, bitsHere());
}

function perform(op: i32, record: usize): void {
  switch (op) {
    case OP_BEQ: return branch(record, rs1(record) == rs2(record));
    case OP_BNE: return branch(record, rs1(record) != rs2(record));
    case OP_BLT: return branch(record, <i64>rs1(record) < <i64>rs2(record));
    case OP_BGE: return branch(record, <i64>rs1(record) >= <i64>rs2(record));
    case OP_BLTU: return branch(record, rs1(record) < rs2(record));
    case OP_BGEU: return branch(record, rs1(record) >= rs2(record));
    case OP_JAL: return jump(record, load<u64>(HART_PC) + imm(record));
    case OP_JALR: return jump(record, (rs1(record) + imm(record)) & ~1);
    case OP_CLEAR: return storeData(rs1(record) + imm(record), 8, 0);
    case OP_LB: return loadInto(record, 1, 56);
    case OP_LH: return loadInto(record, 2, 48);
    case OP_LW: return loadInto(record, 4, 32);
    case OP_LD: return loadInto(record, 8, 0);
    case OP_LBU: return loadInto(record, 1, 0);
    case OP_LHU: return loadInto(record, 2, 0);
    case OP_LWU: return loadInto(record, 4, 0);
    case OP_SB: return storeData(rs1(record) + imm(record), 1, rs2(record));
    case OP_SH: return storeData(rs1(record) + imm(record), 2, rs2(record));
    case OP_SW: return storeData(rs1(record) + imm(record), 4, rs2(record));
    case OP_SD: return storeData(rs1(record) + imm(record), 8, rs2(record));
    case OP_MULH: return setRd(record, multiplyHigh(rs1(record), rs2(record)));
    case OP_MULHSU: return setRd(record, multiplyHighMixed(rs1(record), rs2(record)));
    case OP_DIV: return setRd(record, divide(rs1(record), rs2(record)));
    case OP_REM: return setRd(record, remainder(rs1(record), rs2(record)));
    case OP_DIVW: return setRd(record, divideWord(<i32>rs1(record), <i32>rs2(record)));
    case OP_REMW: return setRd(record, remainderWord(<i32>rs1(record), <i32>rs2(record)));
    case OP_DIVUW: return setRd(record, <i32>divideWordUnsigned(<u32>rs1(record), <u32>rs2(record)));
    case OP_REMUW: return setRd(record, <i32>remainderWordUnsigned(<u32>rs1(record), <u32>rs2(record)));
    case OP_CSRRW: return csr(record, true, true, rs1(record), op);
    case OP_CSRRWI: return csr(record, true, true, immediateOperand(record), op);
    case OP_CSRRS: case OP_CSRRC: return csr(record, false, load<u16>(record, RECORD_RS1) != 0, rs1(record), op);
    case OP_CSRRSI: case OP_CSRRCI: return csr(record, false, load<u16>(record, RECORD_RS1) != 0, immediateOperand(record), op);
    case OP_ECALL: return fault(ENVIRONMENT_CALL + privilege(), 0);
    case OP_EBREAK: return fault(BREAKPOINT, 0);
    case OP_SRET: return supervisorReturn();
    case OP_MRET: return machineReturn();
    case OP_WFI: return waitForInterrupt();
    case OP_SFENCE_VMA: return fenceTranslations();
    // Decoded instructions follow stores at once.
    case OP_FENCE_I: return;
    case OP_ILLEGAL: return fault(ILLEGAL_INSTRUCTION, load<u32>(record, RECORD_IMM));
    default:
      if (op >= OP_LR_W && op <= OP_AMOMAXU_D) atomic(op, record);
      else floatingPoint(op, record);
  }
}

/** The five bits in the place of a source register, which the decoder took for one. */
@inline function immediateOperand(record: usize): u64 {
  return <u64>load<u16>(record, RECORD_RS1) >> 3;
}

function branch(record: usize, taken: bool): void {
  if (taken) next = load<u64>(HART_PC) + imm(record);
}

function jump(record: usize, to: u64): void {
  setRd(record, next);
  next = to;
}

/** Loads `size` bytes; sign extends from `64 - shift` bits. */
function loadInto(record: usize, size: u32, shift: i64): void {
  const value = loadData(rs1(record) + imm(record), size);
  if (!faulted()) setRd(record, <i64>(value << <u64>shift) >> shift);
}

function csr(record: usize, replaces: bool, writes: bool, operand: u64, op: i32): void {
  const number = load<u32>(record, RECORD_IMM);
  if (!accessible(number, writes)) return illegal();
  const old = readCsr(number);
  if (writes) writeCsr(number, replaces ? operand : op == OP_CSRRS || op == OP_CSRRSI ? old | operand : old & ~operand);
  setRd(record, old);
}

function supervisorReturn(): void {
  const mode = privilege();
  if (mode == USER || (mode == SUPERVISOR && (load<u64>(HART_MSTATUS) & MSTATUS_TSR) != 0)) return illegal();
  returnFromSupervisor();
  next = load<u64>(HART_PC);
}

function machineReturn(): void {
  if (privilege() != MACHINE) return illegal();
  returnFromMachine();
  next = load<u64>(HART_PC);
}

function waitForInterrupt(): void {
  const mode = privilege();
  if (mode == USER || (mode == SUPERVISOR && (load<u64>(HART_MSTATUS) & MSTATUS_TW) != 0)) return illegal();
  if ((load<u64>(HART_MIP) & load<u64>(HART_MIE)) != 0) return;
  store<u32>(HART_WAITING, 1);
  wantStop(STOP_WAITING);
}

function fenceTranslations(): void {
  const mode = privilege();
  if (mode == USER || (mode == SUPERVISOR && (load<u64>(HART_MSTATUS) & MSTATUS_TVM) != 0)) return illegal();
  flushAll();
}
