// SPDX-License-Identifier: BSD-2-Clause
/** Sv39: from virtual to physical addresses. */
import { accessFault, EXECUTE, LOAD, pageFault, STORE } from './fault';
import { HART_MSTATUS, HART_POINTER_FLAGS, HART_SATP } from './generated';
import { allowed } from './pmp';
import { NO_PAGE, pageOf, readPage } from './ram';
import { MACHINE, MSTATUS_MXR, MSTATUS_SUM, SUPERVISOR, USER } from './state';

const VALID: u64 = 1;
const READ: u64 = 2;
const WRITE: u64 = 4;
const RUN: u64 = 8;
const USER_PAGE: u64 = 16;
const ACCESSED: u64 = 64;
const DIRTY: u64 = 128;
/** Reserved in entries that point to a table. */
const LEAF_ONLY: u64 = USER_PAGE | ACCESSED | DIRTY;
/** Reserved bits 63 to 54 of an entry: nothing that is implemented here uses them. */
const RESERVED: u64 = 0xffc0_0000_0000_0000;

/** Physical addresses have 56 bits. */
const PHYSICAL_END: u64 = 1 << 56;
const LEVELS: i32 = 3;
const SV39: u64 = 8;

/** Result of `translate` for an address that faults; the fault is set. */
export const FAULT: u64 = ~0;

/** Whether the address that was translated last may be stored to as well, for all that page tables say. */
export let storable: bool = false;

/** Physical address of a virtual one. Protection of the physical address is not looked at. */
export function translate(address: u64, access: i32, mode: u32): u64 {
  const satp = load<u64>(HART_SATP);
  if (mode == MACHINE || satp >> 60 != SV39) {
    storable = true;
    if (address < PHYSICAL_END) return address;
    accessFault(access, address);
    return FAULT;
  }
  if (<u64>(<i64>(address << 25) >> 25) != address) return refused(access, address);
  let table = (satp & 0xfff_ffff_ffff) << 12;
  for (let level = LEVELS - 1; level >= 0; level--) {
    const shift: u64 = 12 + 9 * <u64>level;
    const place = table + ((address >> shift & 0x1ff) << 3);
    const page = pageOf(place);
    if (page == NO_PAGE || !allowed(place, 8, LOAD, SUPERVISOR)) {
      accessFault(access, address);
      return FAULT;
    }
    const entry = readPage(page, <usize>place & 0xfff, 8);
    if ((entry & VALID) == 0 || (entry & RESERVED) != 0 || (entry & (READ | WRITE)) == WRITE) return refused(access, address);
    const target = (entry >> 10) << 12;
    if ((entry & (READ | WRITE | RUN)) == 0) {
      if ((entry & LEAF_ONLY & ~load<u64>(HART_POINTER_FLAGS)) != 0) return refused(access, address);
      table = target;
      continue;
    }
    const inside: u64 = (<u64>1 << shift) - 1;
    if (!permits(entry, access, mode) || (target & inside) != 0) return refused(access, address);
    storable = (entry & (WRITE | DIRTY)) == (WRITE | DIRTY);
    return target | (address & inside);
  }
  return refused(access, address);
}

/** Rights of a leaf. Software keeps the bits Accessed and Dirty: where they are missing, the access faults. */
function permits(entry: u64, access: i32, mode: u32): bool {
  const used = access == STORE ? ACCESSED | DIRTY : ACCESSED;
  if ((entry & used) != used) return false;
  const status = load<u64>(HART_MSTATUS);
  const user = (entry & USER_PAGE) != 0;
  if (mode == USER && !user) return false;
  if (mode == SUPERVISOR && user && (access == EXECUTE || (status & MSTATUS_SUM) == 0)) return false;
  if (access == EXECUTE) return (entry & RUN) != 0;
  if (access == STORE) return (entry & WRITE) != 0;
  return (entry & READ) != 0 || ((status & MSTATUS_MXR) != 0 && (entry & RUN) != 0);
}

function refused(access: i32, address: u64): u64 {
  pageFault(access, address);
  return FAULT;
}
