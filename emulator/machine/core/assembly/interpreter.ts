// SPDX-License-Identifier: BSD-2-Clause
/**
 * The loop over decoded instructions. What is here is what programs do all the time; everything else, and every access
 * that is no plain TLB hit, goes through `slow`.
 */
import {
  HART_INSTRET, HART_MSTATUS, HART_PC, MAP_EXECUTE_TLB, MAP_LOAD_TLB, MAP_STORE_TLB, OP_ADD, OP_ADDI, OP_ADDIW, OP_ADDW, OP_AND, OP_ANDI,
  OP_AUIPC, OP_BEQ, OP_BEQ_NEAR, OP_BGE, OP_BGEU, OP_BGEU_NEAR, OP_BGE_NEAR, OP_BLT, OP_BLTU, OP_BLTU_NEAR, OP_BLT_NEAR, OP_BNE, OP_BNE_NEAR,
  OP_CLEAR, OP_DIVU, OP_FADD_D, OP_FCVT_D_W, OP_FDIV_D, OP_FENCE, OP_FEQ_D, OP_FLD, OP_FLE_D, OP_FLT_D, OP_FMUL_D, OP_FMV_D_X, OP_FMV_X_D, OP_FSD,
  OP_FSGNJ_D, OP_FSUB_D, OP_JAL, OP_JALR, OP_JAL_NEAR, OP_J_NEAR, OP_LB, OP_LBU, OP_LD, OP_LH, OP_LHU, OP_LUI, OP_LW, OP_LWU, OP_MUL, OP_MULHU,
  OP_MULW, OP_OR, OP_ORI, OP_REMU, OP_SB, OP_SD, OP_SH, OP_SLL, OP_SLLI, OP_SLLIW, OP_SLLW, OP_SLT, OP_SLTI, OP_SLTIU, OP_SLTU, OP_SPIN, OP_SRA,
  OP_SRAI, OP_SRAIW, OP_SRAW, OP_SRL, OP_SRLI, OP_SRLIW, OP_SRLW, OP_SUB, OP_SUBW, OP_SW, OP_XOR, OP_XORI, RECORD_OP, RECORD_RM, RECORD_RS1,
  STOP_BUDGET,
} from './generated';
import { nextBias, nextRecord } from './code';
import { storesWatched } from './data';
import { CLEAR_INSTRUCTIONS, CLEAR_STEP } from './idiom';
import { multiplyHighUnsigned } from './integer';
import { isPlainDouble, roundsNatively } from './native-float';
import { after, afterResult, imm, rs1, rs2, setRd, target } from './record';
import { begin, budgetLeft, GO_ON, slow } from './slow';
import { dataMode, executeMode, MSTATUS_FS } from './state';
import { ABSENT, ADDEND, INDEX_MASK, PAGE_MASK } from './tlb';

@inline function extended(value: u32): u64 {
  return <u64><i64><i32>value;
}

/** Entry of the load or store tables for an address: `table` with the offset of the mode. */
@inline function place(mode: usize, address: u64): usize {
  return mode + (<usize>(address >> 8) & INDEX_MASK);
}

/** Whether an entry translates all `size` bytes at an address. */
@inline function hitsLoad(entry: usize, address: u64, size: u64): bool {
  return load<u64>(entry, MAP_LOAD_TLB) == ((address + (size - 1)) & PAGE_MASK);
}

@inline function hitsStore(entry: usize, address: u64, size: u64): bool {
  return load<u64>(entry, MAP_STORE_TLB) == ((address + (size - 1)) & PAGE_MASK);
}

/** Whether the bytes lie in a page that is absent, so that a zero is there already. */
@inline function hitsAbsent(entry: usize, address: u64, size: u64): bool {
  return load<u64>(entry, MAP_STORE_TLB) == (((address + (size - 1)) & PAGE_MASK) | ABSENT);
}

@inline function loadPlace(entry: usize, address: u64): usize {
  return <usize>(load<u32>(entry, MAP_LOAD_TLB + ADDEND) + <u32>address);
}

@inline function storePlace(entry: usize, address: u64): usize {
  return <usize>(load<u32>(entry, MAP_STORE_TLB + ADDEND) + <u32>address);
}

@inline function floatsDirty(): bool {
  return (load<u64>(HART_MSTATUS) & MSTATUS_FS) == MSTATUS_FS;
}

/** How many turns of a clearing loop fit in its page, its range and the instructions that are left. */
function turnsToClear(record: usize, address: u64, left: i32): u32 {
  const room: u64 = (0x1000 - (address & 0xfff)) / CLEAR_STEP;
  const distance = rs2(record) - rs1(record);
  const wanted = distance == 0 || distance % CLEAR_STEP != 0 ? room : distance / CLEAR_STEP;
  return <u32>min(min(room, wanted), <u64>(left / CLEAR_INSTRUCTIONS));
}

const LONG_MAGNITUDE: u64 = 0x7fff_ffff_ffff_ffff;

/** No instruction has an odd address. */
const NOWHERE: u64 = 1;

/** Executes up to `budget` instructions, at least 1; returns the number of the reason why it stopped. */
export function execute(budget: i32): i32 {
  const stop = begin(budget);
  if (stop != GO_ON) return stop;
  let left = budgetLeft;
  /** instret is `limit - left`. */
  let limit = load<u64>(HART_INSTRET) + left;
  let record = nextRecord;
  /** pc is `bias + (record >> 3)`. */
  let bias = nextBias;
  let mode = dataMode;
  let executing = executeMode;
  do {
    let to = NOWHERE;
    switch (<i32>load<u16>(record, RECORD_OP)) {
      case OP_LUI: record = afterResult(record, imm(record)); continue;
      case OP_AUIPC: record = afterResult(record, bias + <u64>(record >> 3) + imm(record)); continue;
      case OP_ADDI: record = afterResult(record, rs1(record) + imm(record)); continue;
      case OP_SLTI: record = afterResult(record, u64(<i64>rs1(record) < <i64>imm(record))); continue;
      case OP_SLTIU: record = afterResult(record, u64(rs1(record) < imm(record))); continue;
      case OP_XORI: record = afterResult(record, rs1(record) ^ imm(record)); continue;
      case OP_ORI: record = afterResult(record, rs1(record) | imm(record)); continue;
      case OP_ANDI: record = afterResult(record, rs1(record) & imm(record)); continue;
      case OP_SLLI: record = afterResult(record, rs1(record) << imm(record)); continue;
      case OP_SRLI: record = afterResult(record, rs1(record) >> imm(record)); continue;
      case OP_SRAI: record = afterResult(record, <u64>(<i64>rs1(record) >> <i64>imm(record))); continue;
      case OP_ADD: record = afterResult(record, rs1(record) + rs2(record)); continue;
      case OP_SUB: record = afterResult(record, rs1(record) - rs2(record)); continue;
      case OP_SLL: record = afterResult(record, rs1(record) << (rs2(record) & 63)); continue;
      case OP_SLT: record = afterResult(record, u64(<i64>rs1(record) < <i64>rs2(record))); continue;
      case OP_SLTU: record = afterResult(record, u64(rs1(record) < rs2(record))); continue;
      case OP_XOR: record = afterResult(record, rs1(record) ^ rs2(record)); continue;
      case OP_SRL: record = afterResult(record, rs1(record) >> (rs2(record) & 63)); continue;
      case OP_SRA: record = afterResult(record, <u64>(<i64>rs1(record) >> <i64>(rs2(record) & 63))); continue;
      case OP_OR: record = afterResult(record, rs1(record) | rs2(record)); continue;
      case OP_AND: record = afterResult(record, rs1(record) & rs2(record)); continue;
      case OP_ADDIW: record = afterResult(record, extended(<u32>(rs1(record) + imm(record)))); continue;
      case OP_SLLIW: record = afterResult(record, extended(<u32>rs1(record) << <u32>imm(record))); continue;
      case OP_SRLIW: record = afterResult(record, extended(<u32>rs1(record) >> <u32>imm(record))); continue;
      case OP_SRAIW: record = afterResult(record, <u64><i64>(<i32>rs1(record) >> <i32>imm(record))); continue;
      case OP_ADDW: record = afterResult(record, extended(<u32>(rs1(record) + rs2(record)))); continue;
      case OP_SUBW: record = afterResult(record, extended(<u32>(rs1(record) - rs2(record)))); continue;
      case OP_SLLW: record = afterResult(record, extended(<u32>rs1(record) << (<u32>rs2(record) & 31))); continue;
      case OP_SRLW: record = afterResult(record, extended(<u32>rs1(record) >> (<u32>rs2(record) & 31))); continue;
      case OP_SRAW: record = afterResult(record, <u64><i64>(<i32>rs1(record) >> (<i32>rs2(record) & 31))); continue;
      case OP_MUL: record = afterResult(record, rs1(record) * rs2(record)); continue;
      case OP_MULW: record = afterResult(record, extended(<u32>(rs1(record) * rs2(record)))); continue;
      case OP_MULHU: record = afterResult(record, multiplyHighUnsigned(rs1(record), rs2(record))); continue;
      case OP_FENCE: record = after(record); continue;
      case OP_BEQ_NEAR: record = rs1(record) == rs2(record) ? target(record) : after(record); continue;
      case OP_BNE_NEAR: record = rs1(record) != rs2(record) ? target(record) : after(record); continue;
      case OP_BLT_NEAR: record = <i64>rs1(record) < <i64>rs2(record) ? target(record) : after(record); continue;
      case OP_BGE_NEAR: record = <i64>rs1(record) >= <i64>rs2(record) ? target(record) : after(record); continue;
      case OP_BLTU_NEAR: record = rs1(record) < rs2(record) ? target(record) : after(record); continue;
      case OP_BGEU_NEAR: record = rs1(record) >= rs2(record) ? target(record) : after(record); continue;
      case OP_J_NEAR: record = target(record); continue;
      case OP_JAL_NEAR: {
        setRd(record, bias + <u64>(after(record) >> 3));
        record = target(record);
        continue;
      }
      case OP_SPIN: {
        left = 1;
        continue;
      }
      case OP_BEQ: {
        if (rs1(record) == rs2(record)) {
          to = bias + <u64>(record >> 3) + imm(record);
          break;
        }
        record = after(record);
        continue;
      }
      case OP_BNE: {
        if (rs1(record) != rs2(record)) {
          to = bias + <u64>(record >> 3) + imm(record);
          break;
        }
        record = after(record);
        continue;
      }
      case OP_BLT: {
        if (<i64>rs1(record) < <i64>rs2(record)) {
          to = bias + <u64>(record >> 3) + imm(record);
          break;
        }
        record = after(record);
        continue;
      }
      case OP_BGE: {
        if (<i64>rs1(record) >= <i64>rs2(record)) {
          to = bias + <u64>(record >> 3) + imm(record);
          break;
        }
        record = after(record);
        continue;
      }
      case OP_BLTU: {
        if (rs1(record) < rs2(record)) {
          to = bias + <u64>(record >> 3) + imm(record);
          break;
        }
        record = after(record);
        continue;
      }
      case OP_BGEU: {
        if (rs1(record) >= rs2(record)) {
          to = bias + <u64>(record >> 3) + imm(record);
          break;
        }
        record = after(record);
        continue;
      }
      case OP_JAL: to = bias + <u64>(record >> 3) + imm(record); break;
      case OP_JALR: to = (rs1(record) + imm(record)) & ~1; break;
      case OP_LB: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        if (!hitsLoad(entry, address, 1)) break;
        record = afterResult(record, <u64><i64>load<i8>(loadPlace(entry, address)));
        continue;
      }
      case OP_LH: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        if (!hitsLoad(entry, address, 2)) break;
        record = afterResult(record, <u64><i64>load<i16>(loadPlace(entry, address)));
        continue;
      }
      case OP_LW: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        if (!hitsLoad(entry, address, 4)) break;
        record = afterResult(record, <u64><i64>load<i32>(loadPlace(entry, address)));
        continue;
      }
      case OP_LD: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        if (!hitsLoad(entry, address, 8)) break;
        record = afterResult(record, load<u64>(loadPlace(entry, address)));
        continue;
      }
      case OP_LBU: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        if (!hitsLoad(entry, address, 1)) break;
        record = afterResult(record, load<u8>(loadPlace(entry, address)));
        continue;
      }
      case OP_LHU: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        if (!hitsLoad(entry, address, 2)) break;
        record = afterResult(record, load<u16>(loadPlace(entry, address)));
        continue;
      }
      case OP_LWU: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        if (!hitsLoad(entry, address, 4)) break;
        record = afterResult(record, load<u32>(loadPlace(entry, address)));
        continue;
      }
      case OP_SB: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        if (!hitsStore(entry, address, 1) && !storesWatched(entry, address, 1, rs2(record), bias + <u64>(record >> 3))) break;
        store<u8>(storePlace(entry, address), <u8>rs2(record));
        record = after(record);
        continue;
      }
      case OP_SH: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        if (!hitsStore(entry, address, 2) && !storesWatched(entry, address, 2, rs2(record), bias + <u64>(record >> 3))) break;
        store<u16>(storePlace(entry, address), <u16>rs2(record));
        record = after(record);
        continue;
      }
      case OP_SW: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        if (!hitsStore(entry, address, 4) && !storesWatched(entry, address, 4, rs2(record), bias + <u64>(record >> 3))) break;
        store<u32>(storePlace(entry, address), <u32>rs2(record));
        record = after(record);
        continue;
      }
      case OP_SD: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        const value = rs2(record);
        if (hitsStore(entry, address, 8) || storesWatched(entry, address, 8, value, bias + <u64>(record >> 3))) {
          store<u64>(storePlace(entry, address), value);
        } else if (value != 0 || !hitsAbsent(entry, address, 8)) {
          break;
        }
        record = after(record);
        continue;
      }
      case OP_CLEAR: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        const plain = hitsStore(entry, address, 8);
        if (!plain && !hitsAbsent(entry, address, 8)) break;
        const turns = turnsToClear(record, address, left);
        if (turns == 0) break;
        if (plain) memory.fill(storePlace(entry, address), 0, turns * CLEAR_STEP);
        store<u64>(load<u16>(record, RECORD_RS1), rs1(record) + turns * CLEAR_STEP);
        left -= <i32>turns * CLEAR_INSTRUCTIONS - 1;
        if (rs1(record) == rs2(record)) record += <usize>load<u16>(record, RECORD_RM);
        continue;
      }
      case OP_FLD: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        if (!hitsLoad(entry, address, 8) || !floatsDirty()) break;
        record = afterResult(record, load<u64>(loadPlace(entry, address)));
        continue;
      }
      case OP_FSD: {
        const address = rs1(record) + imm(record);
        const entry = place(mode, address);
        if (!hitsStore(entry, address, 8) || !floatsDirty()) break;
        store<u64>(storePlace(entry, address), rs2(record));
        record = after(record);
        continue;
      }
      case OP_DIVU: record = afterResult(record, rs2(record) == 0 ? ~0 : rs1(record) / rs2(record)); continue;
      case OP_REMU: record = afterResult(record, rs2(record) == 0 ? rs1(record) : rs1(record) % rs2(record)); continue;
      case OP_FADD_D: {
        if (!roundsNatively(record) || !floatsDirty()) break;
        const result = reinterpret<u64>(reinterpret<f64>(rs1(record)) + reinterpret<f64>(rs2(record)));
        if (!isPlainDouble(result)) break;
        record = afterResult(record, result);
        continue;
      }
      case OP_FSUB_D: {
        if (!roundsNatively(record) || !floatsDirty()) break;
        const result = reinterpret<u64>(reinterpret<f64>(rs1(record)) - reinterpret<f64>(rs2(record)));
        if (!isPlainDouble(result)) break;
        record = afterResult(record, result);
        continue;
      }
      case OP_FMUL_D: {
        if (!roundsNatively(record) || !floatsDirty()) break;
        const result = reinterpret<u64>(reinterpret<f64>(rs1(record)) * reinterpret<f64>(rs2(record)));
        if (!isPlainDouble(result)) break;
        record = afterResult(record, result);
        continue;
      }
      case OP_FDIV_D: {
        if (!roundsNatively(record) || !floatsDirty()) break;
        const result = reinterpret<u64>(reinterpret<f64>(rs1(record)) / reinterpret<f64>(rs2(record)));
        if (!isPlainDouble(result)) break;
        record = afterResult(record, result);
        continue;
      }
      case OP_FEQ_D: {
        const one = reinterpret<f64>(rs1(record));
        const other = reinterpret<f64>(rs2(record));
        if (one != one || other != other || !floatsDirty()) break;
        record = afterResult(record, u64(one == other));
        continue;
      }
      case OP_FLT_D: {
        const one = reinterpret<f64>(rs1(record));
        const other = reinterpret<f64>(rs2(record));
        if (one != one || other != other || !floatsDirty()) break;
        record = afterResult(record, u64(one < other));
        continue;
      }
      case OP_FLE_D: {
        const one = reinterpret<f64>(rs1(record));
        const other = reinterpret<f64>(rs2(record));
        if (one != one || other != other || !floatsDirty()) break;
        record = afterResult(record, u64(one <= other));
        continue;
      }
      case OP_FSGNJ_D: {
        if (!floatsDirty()) break;
        record = afterResult(record, (rs1(record) & LONG_MAGNITUDE) | (rs2(record) & ~LONG_MAGNITUDE));
        continue;
      }
      case OP_FMV_X_D: case OP_FMV_D_X: {
        if (!floatsDirty()) break;
        record = afterResult(record, rs1(record));
        continue;
      }
      case OP_FCVT_D_W: {
        if (!floatsDirty() || load<u16>(record, RECORD_RM) != 0) break;
        record = afterResult(record, reinterpret<u64>(<f64><i32>rs1(record)));
        continue;
      }
      default: break;
    }
    if (to != NOWHERE) {
      const entry = MAP_EXECUTE_TLB + place(executing, to);
      if (load<u64>(entry) == (to & PAGE_MASK)) {
        setRd(record, bias + <u64>(after(record) >> 3));
        const records: usize = load<u32>(entry, ADDEND);
        record = records + (<usize>(to & 0xffe) << 3);
        bias = (to & PAGE_MASK) - <u64>(records >> 3);
        continue;
      }
    }
    store<u64>(HART_PC, bias + <u64>(record >> 3));
    store<u64>(HART_INSTRET, limit - left);
    const reason = slow(record, left);
    if (reason != GO_ON) return reason;
    left = budgetLeft;
    limit = load<u64>(HART_INSTRET) + left;
    record = nextRecord;
    bias = nextBias;
    mode = dataMode;
    executing = executeMode;
    // `slow` has counted its instruction.
    left++;
  } while (--left != 0);
  store<u64>(HART_PC, bias + <u64>(record >> 3));
  store<u64>(HART_INSTRET, limit);
  return STOP_BUDGET;
}
