// SPDX-License-Identifier: BSD-2-Clause
/** Pages of decoded instructions: which slot holds which page, and where execution goes on. */
import { ANYWHERE, decode, isShort } from './decode';
import { accessFault, EXECUTE, faulted } from './fault';
import {
  BREAKPOINTS, HART_PC, MAP_BREAKPOINT_OFFSETS, MAP_BREAKPOINTS, MAP_EXECUTE_TLB, MAP_PAGE_SLOTS, MAP_SCRATCH, MAP_SLOT_PAGES,
  MAP_SLOTS, OP_LEAVE, PAGE_CODE, RECORD_BYTES, SLOT_BYTES, SLOTS, HART_STOP_ON, STOP_ON_BREAKPOINTS, HART_STOP_CAUSE, HART_STOP_VALUE,
} from './generated';
import { recogniseClearing } from './idiom';
import { FAULT, translate } from './mmu';
import { allowed, uniform } from './pmp';
import { attributesOf, NO_PAGE, pageOf, readPage, setAttributes, slotOf } from './ram';
import { executeMode, privilege } from './state';
import { ADDEND, fillExecute, flushExecutes, flushStores, indexOf, PAGE_MASK } from './tlb';

/** Where execution goes on: the record, and what is to be added to its offset shifted right by 3 to get pc. */
export let nextRecord: usize = 0;
export let nextBias: u64 = 0;

/** The slot to be given away next. */
let turn: u32 = 0;
/** Breakpoints that are set. */
let breakpoints: u32 = 0;

/** Sets where execution goes on from pc; false if the instruction cannot be fetched: the fault is set. */
export function enter(): bool {
  const pc = load<u64>(HART_PC);
  const entry = MAP_EXECUTE_TLB + executeMode + indexOf(pc);
  if (load<u64>(entry) != (pc & PAGE_MASK)) return enterUnknown(pc);
  goTo(load<u32>(entry, ADDEND), pc);
  return true;
}

@inline function goTo(records: usize, pc: u64): void {
  nextRecord = records + (<usize>(pc & 0xffe) << 3);
  nextBias = (pc & PAGE_MASK) - <u64>(records >> 3);
}

function enterUnknown(pc: u64): bool {
  const physical = translate(pc, EXECUTE, privilege());
  if (physical == FAULT) return false;
  const page = pageOf(physical);
  if (page == NO_PAGE) {
    accessFault(EXECUTE, pc);
    return false;
  }
  if (!uniform(physical)) return enterProtected(pc, physical, page);
  if (!allowed(physical, 2, EXECUTE, privilege())) {
    accessFault(EXECUTE, pc);
    return false;
  }
  const records = recordsOf(page);
  fillExecute(executeMode, pc, records, page);
  goTo(records, pc);
  return true;
}

/** A page whose bytes are not all protected alike: each instruction is fetched for itself. */
function enterProtected(pc: u64, physical: u64, page: u32): bool {
  if (!allowed(physical, 2, EXECUTE, privilege())) {
    accessFault(EXECUTE, pc);
    return false;
  }
  return fetchOnce(pc, page, <u32>physical & 0xfff);
}

/** Records of a page, which has a slot from now on. */
function recordsOf(page: u32): usize {
  if ((attributesOf(page) & PAGE_CODE) != 0) return MAP_SLOTS + <usize>(slotOf(page) - 1) * SLOT_BYTES;
  const slot = turn;
  turn = turn + 1 == SLOTS ? 0 : turn + 1;
  if (freeSlot(slot)) flushExecutes();
  store<u32>(MAP_SLOT_PAGES + (<usize>slot << 2), page + 1);
  store<u16>(MAP_PAGE_SLOTS + (<usize>page << 1), slot + 1);
  setAttributes(page, attributesOf(page) | PAGE_CODE);
  flushStores();
  const records = MAP_SLOTS + <usize>slot * SLOT_BYTES;
  clear(records);
  return records;
}

/** Takes a slot from the page that has it; whether there was one. */
function freeSlot(slot: u32): bool {
  const slotPage = MAP_SLOT_PAGES + (<usize>slot << 2);
  const page = load<u32>(slotPage) - 1;
  if (page == NO_PAGE) return false;
  store<u32>(slotPage, 0);
  store<u16>(MAP_PAGE_SLOTS + (<usize>page << 1), 0);
  setAttributes(page, attributesOf(page) & ~PAGE_CODE);
  return true;
}

function clear(records: usize): void {
  memory.fill(records, 0, SLOT_BYTES);
  store<u16>(records + 2048 * RECORD_BYTES, OP_LEAVE);
  store<u16>(records + 2049 * RECORD_BYTES, OP_LEAVE);
}

/** Forgets what is decoded of a page. */
export function drop(page: u32): void {
  if ((attributesOf(page) & PAGE_CODE) != 0) clear(MAP_SLOTS + <usize>(slotOf(page) - 1) * SLOT_BYTES);
}

/** Forgets everything that is decoded. */
export function dropAll(): void {
  for (let slot: u32 = 0; slot < SLOTS; slot++) freeSlot(slot);
  turn = 0;
  flushExecutes();
}

/** Decodes the instruction at pc for the record that stands for it; false if it cannot be fetched: the fault is set. */
export function decodeHere(record: usize): bool {
  const pc = load<u64>(HART_PC);
  const slot = (record - MAP_SLOTS) / SLOT_BYTES;
  const page = load<u32>(MAP_SLOT_PAGES + (slot << 2)) - 1;
  const offset = <u32>pc & 0xfff;
  const half = <u32>readPage(page, offset, 2);
  if ((offset == 0xffe && !isShort(half)) || load<u8>(MAP_BREAKPOINT_OFFSETS + (offset >> 1)) != 0) return fetchOnce(pc, page, offset);
  decode(record, isShort(half) ? half : <u32>readPage(page, offset, 4), offset);
  recogniseClearing(record, page, offset);
  nextRecord = record;
  nextBias = pc - <u64>(record >> 3);
  return true;
}

/** Decodes the instruction at pc without remembering it. */
function fetchOnce(pc: u64, page: u32, offset: u32): bool {
  const half = <u32>readPage(page, offset, 2);
  let bits = half;
  if (!isShort(half)) {
    const second = secondHalf(pc + 2);
    if (faulted()) return false;
    bits |= second << 16;
  }
  decode(MAP_SCRATCH, bits, ANYWHERE);
  store<u16>(MAP_SCRATCH + RECORD_BYTES, OP_LEAVE);
  store<u16>(MAP_SCRATCH + 2 * RECORD_BYTES, OP_LEAVE);
  nextRecord = MAP_SCRATCH;
  nextBias = pc - <u64>(MAP_SCRATCH >> 3);
  return true;
}

function secondHalf(address: u64): u32 {
  const physical = translate(address, EXECUTE, privilege());
  if (physical == FAULT) return 0;
  const page = pageOf(physical);
  if (page == NO_PAGE || !allowed(physical, 2, EXECUTE, privilege())) {
    accessFault(EXECUTE, address);
    return 0;
  }
  return <u32>readPage(page, <usize>physical & 0xfff, 2);
}

/** The bits of the instruction at pc, which was fetched already. */
export function bitsHere(): u32 {
  const pc = load<u64>(HART_PC);
  const physical = translate(pc, EXECUTE, privilege());
  const half = <u32>readPage(pageOf(physical), <usize>physical & 0xfff, 2);
  return isShort(half) ? half : half | (secondHalf(pc + 2) << 16);
}

/** Takes over the breakpoints that the host wrote into the list. */
export function setBreakpoints(count: u32): void {
  breakpoints = min(count, BREAKPOINTS);
  memory.fill(MAP_BREAKPOINT_OFFSETS, 0, 2048);
  for (let i: u32 = 0; i < breakpoints; i++) {
    store<u8>(MAP_BREAKPOINT_OFFSETS + (<usize>(load<u64>(MAP_BREAKPOINTS + (<usize>i << 3)) & 0xffe) >> 1), 1);
  }
  dropAll();
}

/** Whether there is a breakpoint at pc that the host wants to hear of; its number is in the hart state then. */
export function breakpointHere(): bool {
  if (breakpoints == 0 || (load<u32>(HART_STOP_ON) & STOP_ON_BREAKPOINTS) == 0) return false;
  const pc = load<u64>(HART_PC);
  for (let i: u32 = 0; i < breakpoints; i++) {
    if (load<u64>(MAP_BREAKPOINTS + (<usize>i << 3)) == pc) {
      store<u32>(HART_STOP_CAUSE, i);
      store<u64>(HART_STOP_VALUE, pc);
      return true;
    }
  }
  return false;
}

