// SPDX-License-Identifier: BSD-2-Clause
/**
 * Translations, direct mapped: three tables (load, store, execute), each once for every way to look at memory. A hit is
 * one compare of the tag and one add of the addend. A flush empties the entries that were filled since the last one:
 * its cost was paid by their page walks already.
 */
import {
  MAP_EXECUTE_FILLS, MAP_EXECUTE_TLB, MAP_LOAD_FILLS, MAP_LOAD_TLB, MAP_STORE_FILLS, MAP_STORE_TLB, TLB_ENTRIES,
} from './generated';

export const PAGE_MASK: u64 = ~0xfff;
/** Of the byte offset of an entry in its table, from an address shifted right by 8. */
export const INDEX_MASK: usize = (TLB_ENTRIES - 1) << 4;
export const TABLE_BYTES: usize = TLB_ENTRIES << 4;
export const ADDEND: usize = 8;
export const PAGE_NUMBER: usize = 12;

/** Equals no page address, plain or special. */
const EMPTY: u64 = ~0;
/** In the tag of a store entry whose page needs the slow path beside it. */
export const SPECIAL: u64 = 1;
/** In the tag of a store entry whose page is absent and needs nothing else: a zero may be stored by doing nothing. */
export const ABSENT: u64 = 2;
/** In the tag of a store entry whose page is there and watched, and needs nothing else. */
export const WATCHED: u64 = 4;

let loads: u32 = 0;
let stores: u32 = 0;
let executes: u32 = 0;
/** Whether some load entry shows the frame of zeros for an absent page. */
let zeroShown: bool = false;
/** Whether some store entry says that a page is absent. */
let absentShown: bool = false;

@inline export function indexOf(address: u64): usize {
  return <usize>(address >> 8) & INDEX_MASK;
}

/** `mode` is the byte offset of the tables of a mode. */
export function fillLoad(mode: usize, address: u64, linear: usize, page: u32, absent: bool): void {
  const entry = MAP_LOAD_TLB + mode + indexOf(address);
  if (load<u64>(entry) == EMPTY) store<u32>(MAP_LOAD_FILLS + (<usize>(loads++) << 2), <u32>entry);
  write(entry, address & PAGE_MASK, linear, address, page);
  if (absent) zeroShown = true;
}

/** `kind`: `SPECIAL`, `ABSENT`, `WATCHED` or 0. */
export function fillStore(mode: usize, address: u64, linear: usize, page: u32, kind: u64): void {
  if (kind == ABSENT) absentShown = true;
  const entry = MAP_STORE_TLB + mode + indexOf(address);
  if (load<u64>(entry) == EMPTY) store<u32>(MAP_STORE_FILLS + (<usize>(stores++) << 2), <u32>entry);
  write(entry, (address & PAGE_MASK) | kind, linear, address, page);
}

/** The addend of an execute entry is the linear offset of the records of the page, not a difference. */
export function fillExecute(mode: usize, address: u64, records: usize, page: u32): void {
  const entry = MAP_EXECUTE_TLB + mode + indexOf(address);
  if (load<u64>(entry) == EMPTY) store<u32>(MAP_EXECUTE_FILLS + (<usize>(executes++) << 2), <u32>entry);
  store<u64>(entry, address & PAGE_MASK);
  store<u32>(entry, <u32>records, ADDEND);
  store<u32>(entry, page, PAGE_NUMBER);
}

export function flushLoads(): void {
  empty(MAP_LOAD_FILLS, loads);
  loads = 0;
  zeroShown = false;
}

export function flushStores(): void {
  empty(MAP_STORE_FILLS, stores);
  stores = 0;
  absentShown = false;
}

export function flushExecutes(): void {
  empty(MAP_EXECUTE_FILLS, executes);
  executes = 0;
}

export function flushAll(): void {
  flushLoads();
  flushStores();
  flushExecutes();
}

/** An absent page got a frame: what took it for zeros is wrong. */
export function pageAppeared(): void {
  if (zeroShown) flushLoads();
  if (absentShown) flushStores();
}

/** Empties tables of unknown contents. */
export function resetTables(): void {
  memory.fill(MAP_LOAD_TLB, 0xff, 4 * TABLE_BYTES);
  memory.fill(MAP_STORE_TLB, 0xff, 4 * TABLE_BYTES);
  memory.fill(MAP_EXECUTE_TLB, 0xff, 4 * TABLE_BYTES);
  loads = 0;
  stores = 0;
  executes = 0;
}

@inline function write(entry: usize, tag: u64, linear: usize, address: u64, page: u32): void {
  store<u64>(entry, tag);
  store<u32>(entry, <u32>linear - <u32>(address & PAGE_MASK), ADDEND);
  store<u32>(entry, page, PAGE_NUMBER);
}

function empty(fills: usize, count: u32): void {
  const end = fills + (<usize>count << 2);
  for (let at = fills; at < end; at += 4) store<u64>(load<u32>(at), EMPTY);
}
