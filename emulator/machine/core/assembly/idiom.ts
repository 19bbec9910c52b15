// SPDX-License-Identifier: BSD-2-Clause
/**
 * The loop with which memory is cleared, recognised where it is decoded:
 *
 *   loop: sd zero, imm(a);  addi a, a, 8;  bne a, b, loop
 *
 * Its first record does many turns at once. Kernels spend most of their instructions there when they make objects.
 */
import { decode, isShort } from './decode';
import {
  MAP_BREAKPOINT_OFFSETS, MAP_SCRATCH, OP_ADDI, OP_BNE_NEAR, OP_CLEAR, OP_SD, RECORD_BYTES, RECORD_IMM, RECORD_LENGTH, RECORD_OP,
  RECORD_RD, RECORD_RM, RECORD_RS1, RECORD_RS2,
} from './generated';
import { readPage } from './ram';

/** Bytes of the words that the loop clears, which are what it steps by. */
export const CLEAR_STEP: i32 = 8;
/** Instructions of a turn. */
export const CLEAR_INSTRUCTIONS: i32 = 3;
/** Where the other instructions of the loop are decoded. */
const OTHER: usize = MAP_SCRATCH + 3 * RECORD_BYTES;

/**
 * Turns the record of a store, at an offset of a page, into that of the loop if it begins one: rs2 is the register of
 * the end then, rm the distance to the record behind the loop.
 */
export function recogniseClearing(record: usize, page: u32, offset: u32): void {
  if (load<u16>(record, RECORD_OP) != OP_SD || load<u16>(record, RECORD_RS2) != 0) return;
  const pointer = load<u16>(record, RECORD_RS1);
  const step = offset + bytesOf(record);
  if (!decodeOther(page, step) || load<u16>(OTHER, RECORD_OP) != OP_ADDI || load<i32>(OTHER, RECORD_IMM) != CLEAR_STEP) return;
  if (load<u16>(OTHER, RECORD_RD) != pointer || load<u16>(OTHER, RECORD_RS1) != pointer) return;
  const branch = step + bytesOf(OTHER);
  if (!decodeOther(page, branch) || load<u16>(OTHER, RECORD_OP) != OP_BNE_NEAR) return;
  const one = load<u16>(OTHER, RECORD_RS1);
  const other = load<u16>(OTHER, RECORD_RS2);
  const back = load<i32>(OTHER, RECORD_IMM) + load<u16>(OTHER, RECORD_LENGTH);
  if ((one != pointer && other != pointer) || <i32>(branch - offset) << 3 != -back) return;
  store<u16>(record, one == pointer ? other : one, RECORD_RS2);
  store<u16>(record, (branch + bytesOf(OTHER) - offset) << 3, RECORD_RM);
  store<u16>(record, OP_CLEAR, RECORD_OP);
}

@inline function bytesOf(record: usize): u32 {
  return <u32>load<u16>(record, RECORD_LENGTH) >> 3;
}

/** Decodes an instruction of a page into `OTHER`, unless it crosses the end of the page or may have a breakpoint. */
function decodeOther(page: u32, offset: u32): bool {
  if (offset > 0xffc || load<u8>(MAP_BREAKPOINT_OFFSETS + (offset >> 1)) != 0) return false;
  const bits = <u32>readPage(page, offset, 4);
  decode(OTHER, isShort(bits) ? bits & 0xffff : bits, offset);
  return true;
}
