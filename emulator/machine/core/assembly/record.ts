// SPDX-License-Identifier: BSD-2-Clause
/** Fields of a decoded instruction, and the registers that it names. */
import { RECORD_IMM, RECORD_LENGTH, RECORD_RD, RECORD_RS1, RECORD_RS2 } from './generated';

@inline export function rs1(record: usize): u64 {
  return load<u64>(load<u16>(record, RECORD_RS1));
}

@inline export function rs2(record: usize): u64 {
  return load<u64>(load<u16>(record, RECORD_RS2));
}

/** Sign extended. */
@inline export function imm(record: usize): u64 {
  return <u64>load<i32>(record, RECORD_IMM);
}

@inline export function setRd(record: usize, value: u64): void {
  store<u64>(load<u16>(record, RECORD_RD), value);
}

/** The record of the instruction behind. */
@inline export function after(record: usize): usize {
  return record + <usize>load<u16>(record, RECORD_LENGTH);
}

/** Ends an instruction that has a result. */
@inline export function afterResult(record: usize, value: u64): usize {
  setRd(record, value);
  return after(record);
}

/** Where a near branch goes when it is taken. */
@inline export function target(record: usize): usize {
  return after(record) + <usize>load<i32>(record, RECORD_IMM);
}
