// SPDX-License-Identifier: BSD-2-Clause
/** Guest RAM: frames, attributes of pages, the store log. Pages are numbered from the start of RAM. */
import { outOfFrames } from './host';
import {
  DIRECTORY, HART_ATTRIBUTES, HART_FRAME_END, HART_LATEST_ADDRESS, HART_LATEST_STORED, HART_LATEST_VALUE, HART_NEXT_FRAME, HART_RAM_PAGES,
  HART_STORE_LOG_COUNT, HART_UNLOGGED_FROM, HART_UNLOGGED_TO, HART_WATCHED_WORDS, LOG_ADDRESS, LOG_ENTRIES, LOG_ENTRY_BYTES, LOG_OFFSET,
  LOG_PC, LOG_SIZE, LOG_VALUE, MAP_PAGE_SLOTS, MAP_SLOTS, MAP_ZERO_FRAME, PAGE_CODE, RAM_BASE, RECORD_BYTES, SLOT_BYTES, WATCHED_WORDS_BYTES,
} from './generated';
import { pageAppeared } from './tlb';

export const NO_PAGE: u32 = ~0;

/** Page of a physical address, `NO_PAGE` outside RAM. */
@inline export function pageOf(address: u64): u32 {
  const page = (address - RAM_BASE) >> 12;
  return page < <u64>load<u32>(HART_RAM_PAGES) ? <u32>page : NO_PAGE;
}

/** Linear offset of the frame of a page; 0: absent. */
@inline export function frameOf(page: u32): usize {
  return load<u32>(DIRECTORY + (<usize>page << 2));
}

/** Linear offset of what a page reads as. */
@inline export function readableFrame(page: u32): usize {
  const frame = frameOf(page);
  return frame == 0 ? MAP_ZERO_FRAME : frame;
}

@inline export function attributesOf(page: u32): u32 {
  return load<u8>(<usize>load<u32>(HART_ATTRIBUTES) + page);
}

export function setAttributes(page: u32, attributes: u32): void {
  store<u8>(<usize>load<u32>(HART_ATTRIBUTES) + page, attributes);
}

/** Frame of a page, which it has from now on. */
function materialise(page: u32): usize {
  const frame = frameOf(page);
  if (frame != 0) return frame;
  const fresh = load<u32>(HART_NEXT_FRAME);
  if (fresh >= load<u32>(HART_FRAME_END)) outOfFrames();
  store<u32>(HART_NEXT_FRAME, fresh + 4096);
  store<u32>(DIRECTORY + (<usize>page << 2), fresh);
  pageAppeared();
  return fresh;
}

/** `size` bytes of a page, zero extended. */
export function readPage(page: u32, offset: usize, size: u32): u64 {
  const at = readableFrame(page) + offset;
  switch (size) {
    case 1: return load<u8>(at);
    case 2: return load<u16>(at);
    case 4: return load<u32>(at);
    default: return load<u64>(at);
  }
}

/** Writes `size` bytes into a page that may be written; decoded instructions there are forgotten. */
export function writePage(page: u32, offset: usize, size: u32, value: u64): void {
  let frame = frameOf(page);
  if (frame == 0) {
    if (value == 0) return;
    frame = materialise(page);
  }
  const at = frame + offset;
  switch (size) {
    case 1: store<u8>(at, <u8>value); break;
    case 2: store<u16>(at, <u16>value); break;
    case 4: store<u32>(at, <u32>value); break;
    default: store<u64>(at, value);
  }
  if ((attributesOf(page) & PAGE_CODE) != 0) forget(page, <u32>offset, size);
}

/** Bytes of code that a decoded instruction may have looked at behind its first halfword: three instructions. */
const LOOKED_AT: i32 = 10;

/** Forgets the decoded instructions that depend on bytes of a page. */
function forget(page: u32, offset: u32, size: u32): void {
  const records = MAP_SLOTS + <usize>(slotOf(page) - 1) * SLOT_BYTES;
  const last = (offset + size - 1) >> 1;
  for (let half = max<i32>(<i32>offset - LOOKED_AT, 0) >> 1; half <= <i32>last; half++) {
    store<u16>(records + <usize>half * RECORD_BYTES, 0);
  }
}

/** Slot plus one of a page with `PAGE_CODE`. */
@inline export function slotOf(page: u32): u32 {
  return load<u16>(MAP_PAGE_SLOTS + (<usize>page << 1));
}

/** Whether the word at an offset of a watched page is watched. */
@inline export function isWordWatched(page: u32, offset: u32): bool {
  const eight = <usize>load<u32>(HART_WATCHED_WORDS) + <usize>page * WATCHED_WORDS_BYTES + (offset >> 6);
  return (load<u8>(eight) >> (offset >> 3 & 7) & 1) != 0;
}

/** Appends a store into a watched word to the log, unless it is of code or of a word that are not logged; returns whether the log is full now. */
export function logStore(address: u64, size: u32, value: u64, pc: u64): bool {
  const count = load<u32>(HART_STORE_LOG_COUNT);
  if (pc >= load<u64>(HART_UNLOGGED_FROM) && pc < load<u64>(HART_UNLOGGED_TO)) return false;
  if (address == load<u64>(HART_LATEST_ADDRESS)) {
    store<u64>(HART_LATEST_VALUE, value);
    store<u32>(HART_LATEST_STORED, 1);
    return false;
  }
  const entry = LOG_OFFSET + <usize>(count % <u32>LOG_ENTRIES) * LOG_ENTRY_BYTES;
  store<u64>(entry, address, LOG_ADDRESS);
  store<u64>(entry, value, LOG_VALUE);
  store<u64>(entry, size, LOG_SIZE);
  store<u64>(entry, pc, LOG_PC);
  store<u32>(HART_STORE_LOG_COUNT, count + 1);
  return count + 1 >= <u32>LOG_ENTRIES;
}
