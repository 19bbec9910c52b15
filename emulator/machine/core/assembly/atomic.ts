// SPDX-License-Identifier: BSD-2-Clause
/** Load-reserved, store-conditional and the atomic memory operations. */
import { atomicAddress, loadAtomic, storeAtomic } from './data';
import { faulted, LOAD, misaligned, STORE } from './fault';
import {
  HART_RESERVATION, HART_RESERVED, OP_AMOADD_D, OP_AMOADD_W, OP_AMOAND_D, OP_AMOAND_W, OP_AMOMAX_D, OP_AMOMAX_W,
  OP_AMOMIN_D, OP_AMOMIN_W, OP_AMOMINU_D, OP_AMOMINU_W, OP_AMOOR_D, OP_AMOOR_W, OP_AMOSWAP_D, OP_AMOSWAP_W, OP_AMOXOR_D,
  OP_AMOXOR_W, OP_LR_D, OP_LR_W, OP_SC_D, OP_SC_W, RECORD_RM,
} from './generated';
import { rs1, rs2, setRd } from './record';

/** Width field of an instruction on 64-bit words. */
const DOUBLEWORD: u16 = 3;

export function atomic(op: i32, record: usize): void {
  const size: u32 = load<u16>(record, RECORD_RM) == DOUBLEWORD ? 8 : 4;
  const address = rs1(record);
  const operand = rs2(record);
  switch (op) {
    case OP_LR_W: case OP_LR_D: return loadReserved(record, address, size);
    case OP_SC_W: case OP_SC_D: return storeConditional(record, address, size, operand);
    default: return modify(op, record, address, size, operand);
  }
}

@inline function extended(value: u64, size: u32): u64 {
  return size == 4 ? <u64><i64><i32>value : value;
}

function loadReserved(record: usize, address: u64, size: u32): void {
  if ((address & (size - 1)) != 0) return misaligned(LOAD, address);
  const physical = atomicAddress(address, size, LOAD);
  if (faulted()) return;
  store<u32>(HART_RESERVED, 1);
  store<u64>(HART_RESERVATION, physical);
  setRd(record, extended(loadAtomic(physical, size), size));
}

function storeConditional(record: usize, address: u64, size: u32, operand: u64): void {
  if ((address & (size - 1)) != 0) return misaligned(STORE, address);
  const physical = atomicAddress(address, size, STORE);
  if (faulted()) return;
  const holds = load<u32>(HART_RESERVED) != 0 && load<u64>(HART_RESERVATION) == physical;
  store<u32>(HART_RESERVED, 0);
  if (holds) storeAtomic(physical, size, operand);
  setRd(record, holds ? 0 : 1);
}

function modify(op: i32, record: usize, address: u64, size: u32, operand: u64): void {
  if ((address & (size - 1)) != 0) return misaligned(STORE, address);
  const physical = atomicAddress(address, size, STORE);
  if (faulted()) return;
  const old = extended(loadAtomic(physical, size), size);
  storeAtomic(physical, size, combined(op, old, extended(operand, size)));
  setRd(record, old);
}

/** Words are sign extended, which keeps their order, also the unsigned one. */
function combined(op: i32, old: u64, operand: u64): u64 {
  switch (op) {
    case OP_AMOSWAP_W: case OP_AMOSWAP_D: return operand;
    case OP_AMOADD_W: case OP_AMOADD_D: return old + operand;
    case OP_AMOXOR_W: case OP_AMOXOR_D: return old ^ operand;
    case OP_AMOAND_W: case OP_AMOAND_D: return old & operand;
    case OP_AMOOR_W: case OP_AMOOR_D: return old | operand;
    case OP_AMOMIN_W: case OP_AMOMIN_D: return <i64>old < <i64>operand ? old : operand;
    case OP_AMOMAX_W: case OP_AMOMAX_D: return <i64>old > <i64>operand ? old : operand;
    case OP_AMOMINU_W: case OP_AMOMINU_D: return old < operand ? old : operand;
    default: return old > operand ? old : operand;
  }
}
