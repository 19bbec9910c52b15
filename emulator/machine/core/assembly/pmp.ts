// SPDX-License-Identifier: BSD-2-Clause
/** Physical memory protection: sixteen regions, the lowest that matches decides; none is nothing, but all for M mode. */
import { EXECUTE, LOAD } from './fault';
import { HART_PMPADDR, HART_PMPCFG0, HART_PMPCFG2 } from './generated';
import { MACHINE } from './state';

const REGIONS: usize = 16;
const READ: u32 = 1;
const WRITE: u32 = 2;
const RUN: u32 = 4;
const LOCKED: u32 = 0x80;

/** The first region gives every mode every right to all memory. */
let open: bool = false;
const EVERYTHING: u32 = READ | WRITE | RUN | 3 << 3;
/** Address registers whose region of a power of two holds all physical addresses. */
const ALL_ADDRESSES: u64 = (1 << 53) - 1;
const ALL_ADDRESSES_TWICE: u64 = (1 << 54) - 1;

/** To be called when registers of the protection may have changed. */
export function protectionChanged(): void {
  const first = addressRegister(0);
  open = (configuration(0) & EVERYTHING) == EVERYTHING && (first == ALL_ADDRESSES || first == ALL_ADDRESSES_TWICE);
}

/** Of the region that `setRegion` looked at; the end is exclusive. */
let start: u64 = 0;
let end: u64 = 0;

@inline function configuration(region: usize): u32 {
  return load<u8>((region < 8 ? HART_PMPCFG0 : HART_PMPCFG2 - 8) + region);
}

@inline function addressRegister(region: usize): u64 {
  return load<u64>(HART_PMPADDR + (region << 3));
}

/** Sets `start` and `end`; whether the region is on. */
function setRegion(region: usize): bool {
  const register = addressRegister(region);
  switch ((configuration(region) >> 3) & 3) {
    case 1: {
      start = region == 0 ? 0 : addressRegister(region - 1) << 2;
      end = register << 2;
      return true;
    }
    case 2: {
      start = register << 2;
      end = start + 4;
      return true;
    }
    case 3: {
      const size = (register ^ (register + 1)) + 1;
      start = (register & ~(size - 1)) << 2;
      end = start + (size << 2);
      return true;
    }
    default: return false;
  }
}

/** Whether the regions let a mode use bytes of memory. */
export function allowed(address: u64, size: u64, access: i32, privilege: u32): bool {
  if (open) return true;
  for (let region: usize = 0; region < REGIONS; region++) {
    if (!setRegion(region) || address + size <= start || address >= end) continue;
    if (address < start || address + size > end) return false;
    const bits = configuration(region);
    if (privilege == MACHINE && (bits & LOCKED) == 0) return true;
    return (bits & (access == LOAD ? READ : access == EXECUTE ? RUN : WRITE)) != 0;
  }
  return privilege == MACHINE;
}

/** Whether the same answer holds for all bytes of the page of an address. */
export function uniform(address: u64): bool {
  if (open) return true;
  const page = address & ~0xfff;
  for (let region: usize = 0; region < REGIONS; region++) {
    if (!setRegion(region) || page + 0x1000 <= start || page >= end) continue;
    return page >= start && page + 0x1000 <= end;
  }
  return true;
}
