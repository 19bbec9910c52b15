// SPDX-License-Identifier: BSD-2-Clause
/** Loads and stores that are no plain TLB hit: page walks, devices, watched and absent pages, two pages at once. */
import { accessFault, LOAD, STORE } from './fault';
import {
  HART_MAPPING_EPOCH, HART_PC, HART_STORE_LOG_COUNT, LOG_ENTRIES, MAP_STORE_TLB, PAGE_CODE, PAGE_READ_ONLY, PAGE_WATCHED, RAM_BASE, STOP_DEVICE,
  STOP_STORE_LOG,
} from './generated';
import { hostLoad, hostOutcome, hostStore } from './host';
import { FAULT, storable, translate } from './mmu';
import { allowed, uniform } from './pmp';
import { attributesOf, frameOf, isWordWatched, logStore, NO_PAGE, pageOf, readableFrame, readPage, writePage } from './ram';
import { dataMode, dataPrivilege } from './state';
import { wantStop } from './stop';
import { ABSENT, fillLoad, fillStore, flushAll, indexOf, PAGE_MASK, PAGE_NUMBER, SPECIAL, WATCHED } from './tlb';

const REFUSED: u32 = 1;
const RETURN_WANTED: u32 = 2;

let epoch: u32 = 0;

/** Forgets translations if the host changed pages since. */
export function noticeMapping(): void {
  const now = load<u32>(HART_MAPPING_EPOCH);
  if (now == epoch) return;
  epoch = now;
  flushAll();
}

@inline function crosses(address: u64, size: u32): bool {
  return (<u32>address & 0xfff) + size > 0x1000;
}

/** Physical address that a data access may use; `FAULT` after a fault. */
function physicalOf(address: u64, size: u32, access: i32): u64 {
  const mode = dataPrivilege();
  const physical = translate(address, access, mode);
  if (physical == FAULT) return FAULT;
  if (!allowed(physical, size, access, mode)) {
    accessFault(access, address);
    return FAULT;
  }
  return physical;
}

/** `size` bytes, zero extended. */
export function loadData(address: u64, size: u32): u64 {
  if (crosses(address, size)) return loadAcross(address, size);
  const physical = physicalOf(address, size, LOAD);
  if (physical == FAULT) return 0;
  const page = pageOf(physical);
  if (page == NO_PAGE) return loadDevice(address, physical, size);
  if (uniform(physical)) {
    rememberLoad(address, page);
    if (storable && allowed(physical, size, STORE, dataPrivilege())) rememberStore(address, page);
  }
  return readPage(page, <usize>physical & 0xfff, size);
}

function loadAcross(address: u64, size: u32): u64 {
  const low = 0x1000 - (<u32>address & 0xfff);
  const first = physicalOf(address, low, LOAD);
  if (first == FAULT) return 0;
  const second = physicalOf(address + low, size - low, LOAD);
  if (second == FAULT) return 0;
  if (pageOf(first) == NO_PAGE || pageOf(second) == NO_PAGE) {
    accessFault(LOAD, pageOf(first) == NO_PAGE ? address : address + low);
    return 0;
  }
  return loadBytes(first, low) | (loadBytes(second, size - low) << (low << 3));
}

function loadBytes(physical: u64, count: u32): u64 {
  const page = pageOf(physical);
  let value: u64 = 0;
  for (let i: u32 = 0; i < count; i++) value |= readPage(page, (<usize>physical & 0xfff) + i, 1) << (i << 3);
  return value;
}

function loadDevice(address: u64, physical: u64, size: u32): u64 {
  if ((physical & (size - 1)) != 0) {
    accessFault(LOAD, address);
    return 0;
  }
  const value = hostLoad(<f64>physical, size);
  if (refusedByHost()) accessFault(LOAD, address);
  return value;
}

/** Whether the last device access was refused; remembers whether the host wants the hart to return. */
function refusedByHost(): bool {
  const outcome = hostOutcome();
  noticeMapping();
  if ((outcome & REFUSED) != 0) return true;
  if ((outcome & RETURN_WANTED) != 0) wantStop(STOP_DEVICE);
  return false;
}

@inline function truncated(value: u64, size: u32): u64 {
  return size < 8 ? value & ((<u64>1 << (size << 3)) - 1) : value;
}

/** Stores the low `size` bytes of a value. */
export function storeData(address: u64, size: u32, value: u64): void {
  if (crosses(address, size)) return storeAcross(address, size, truncated(value, size));
  const entry = MAP_STORE_TLB + dataMode + indexOf(address);
  if ((load<u64>(entry) & ~(SPECIAL | WATCHED)) == (address & PAGE_MASK)) {
    const page = load<u32>(entry, PAGE_NUMBER);
    return storeRam(address, page, <u32>address & 0xfff, size, truncated(value, size));
  }
  const physical = physicalOf(address, size, STORE);
  if (physical == FAULT) return;
  const page = pageOf(physical);
  if (page == NO_PAGE) return storeDevice(address, physical, size, truncated(value, size));
  storeRam(address, page, <u32>physical & 0xfff, size, truncated(value, size));
  if (uniform(physical)) {
    rememberStore(address, page);
    // What may be written may be read, unless protection says otherwise.
    if (allowed(physical, size, LOAD, dataPrivilege())) rememberLoad(address, page);
  }
}

function rememberLoad(address: u64, page: u32): void {
  fillLoad(dataMode, address, readableFrame(page), page, frameOf(page) == 0);
}

/** Makes the store TLB know a page that may be written. */
function rememberStore(address: u64, page: u32): void {
  fillStore(dataMode, address, frameOf(page), page, kindOf(page));
}

/** What a store into a page needs beside the store itself. */
function kindOf(page: u32): u64 {
  const attributes = attributesOf(page);
  if ((attributes & (PAGE_CODE | PAGE_READ_ONLY)) != 0) return SPECIAL;
  const watched = (attributes & PAGE_WATCHED) != 0;
  if (frameOf(page) == 0) return watched ? SPECIAL : ABSENT;
  return watched ? WATCHED : 0;
}

/**
 * Whether a value may be stored at once, by the store entry of an address: the page is watched and needs nothing else. What
 * is to be logged is logged then. False also where there is more to it: a full log, bytes of two words.
 */
export function storesWatched(entry: usize, address: u64, size: u32, value: u64, pc: u64): bool {
  if (load<u64>(entry, MAP_STORE_TLB) != ((address & PAGE_MASK) | WATCHED)) return false;
  if ((<u32>address & 7) + size > 8) return false;
  const page = load<u32>(entry, MAP_STORE_TLB + PAGE_NUMBER);
  const offset = <u32>address & 0xfff;
  if (!isWordWatched(page, offset)) return true;
  if (load<u32>(HART_STORE_LOG_COUNT) + 1 >= <u32>LOG_ENTRIES) return false;
  logStore(placeOf(page, offset), size, truncated(value, size), pc);
  return true;
}

/** Physical address of an offset of a page. */
@inline function placeOf(page: u32, offset: u32): u64 {
  return RAM_BASE + (<u64>page << 12) + offset;
}

function storeRam(address: u64, page: u32, offset: u32, size: u32, value: u64): void {
  const attributes = attributesOf(page);
  if ((attributes & PAGE_READ_ONLY) != 0) return accessFault(STORE, address);
  writePage(page, offset, size, value);
  if (isWatched(page, offset, size)) log(page, offset, size, value);
}

/** Whether a watched word is among the bytes, which lie in one page. */
function isWatched(page: u32, offset: u32, size: u32): bool {
  return (attributesOf(page) & PAGE_WATCHED) != 0 && (isWordWatched(page, offset) || isWordWatched(page, offset + size - 1));
}

function log(page: u32, offset: u32, size: u32, value: u64): void {
  if (logStore(placeOf(page, offset), size, value, load<u64>(HART_PC))) wantStop(STOP_STORE_LOG);
}

/** Both pages are looked at before anything is written. */
function storeAcross(address: u64, size: u32, value: u64): void {
  const low = 0x1000 - (<u32>address & 0xfff);
  const first = physicalOf(address, low, STORE);
  if (first == FAULT) return;
  const second = physicalOf(address + low, size - low, STORE);
  if (second == FAULT) return;
  const firstPage = pageOf(first);
  const secondPage = pageOf(second);
  if (firstPage == NO_PAGE) return accessFault(STORE, address);
  if (secondPage == NO_PAGE) return accessFault(STORE, address + low);
  if ((attributesOf(firstPage) & PAGE_READ_ONLY) != 0) return accessFault(STORE, address);
  if ((attributesOf(secondPage) & PAGE_READ_ONLY) != 0) return accessFault(STORE, address + low);
  const offset = <u32>first & 0xfff;
  storeBytes(firstPage, offset, low, value);
  storeBytes(secondPage, 0, size - low, value >> (low << 3));
  if (isWatched(firstPage, offset, low) || isWatched(secondPage, 0, size - low)) log(firstPage, offset, size, value);
}

function storeBytes(page: u32, offset: u32, count: u32, value: u64): void {
  for (let i: u32 = 0; i < count; i++) writePage(page, offset + i, 1, value >> (i << 3) & 0xff);
}

function storeDevice(address: u64, physical: u64, size: u32, value: u64): void {
  if ((physical & (size - 1)) != 0) return accessFault(STORE, address);
  hostStore(<f64>physical, size, value);
  if (refusedByHost()) accessFault(STORE, address);
}

/** Physical address of an aligned access of an atomic instruction; `FAULT` after a fault, also outside RAM. */
export function atomicAddress(address: u64, size: u32, access: i32): u64 {
  const physical = physicalOf(address, size, access);
  if (physical == FAULT) return FAULT;
  const page = pageOf(physical);
  if (page == NO_PAGE || (access == STORE && (attributesOf(page) & PAGE_READ_ONLY) != 0)) {
    accessFault(access, address);
    return FAULT;
  }
  return physical;
}

/** Of an address that {@link atomicAddress} gave, zero extended. */
export function loadAtomic(physical: u64, size: u32): u64 {
  return readPage(pageOf(physical), <usize>physical & 0xfff, size);
}

export function storeAtomic(physical: u64, size: u32, value: u64): void {
  storeRam(0, pageOf(physical), <u32>physical & 0xfff, size, truncated(value, size));
}
