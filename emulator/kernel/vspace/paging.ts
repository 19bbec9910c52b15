// SPDX-License-Identifier: BSD-2-Clause
/** Address spaces: three levels of page tables, each indexed by nine bits (Sv39). Manual, "Virtual Memory Objects". */
import { RISCV64_USER_TOP, bitsOf, compare, lowMask, and, not, type Word } from '../../../schema/abi/index.ts';
import type { PageTable, PageTableEntry } from '../objects.ts';

const INDEX_BITS = 9;
const ROOT_SHIFT = 30;
const PAGE_SHIFT = 12;

/** Whether an address is out of reach of user code. */
export function isKernelAddress(address: Word): boolean {
  return compare(address, RISCV64_USER_TOP) >= 0;
}

/** Where a walk ended: the entry of the lowest table that there is for an address. */
export interface Walk {
  readonly table: PageTable;
  readonly index: number;
  /** Address bits that the entry covers: 30, 21 or 12. */
  readonly bitsLeft: number;
}

/** Follows the tables of an address space as far as they go. */
export function walk(root: PageTable, address: Word): Walk {
  let table = root;
  let bitsLeft = ROOT_SHIFT;
  for (;;) {
    const index = bitsOf(address.lo, address.hi, bitsLeft, INDEX_BITS);
    const entry = table.entries.get(index);
    if (entry === undefined || !('table' in entry) || bitsLeft === PAGE_SHIFT) return { table, index, bitsLeft };
    table = entry.table;
    bitsLeft -= INDEX_BITS;
  }
}

export function entryAt(place: Walk): PageTableEntry | undefined {
  return place.table.entries.get(place.index);
}

/** Takes a table out of the address space that it is mapped in at an address, if it still is. */
export function detachTable(root: PageTable, address: Word, target: PageTable): void {
  let table = root;
  for (let shift = ROOT_SHIFT; shift > PAGE_SHIFT; shift -= INDEX_BITS) {
    const index = bitsOf(address.lo, address.hi, shift, INDEX_BITS);
    const entry = table.entries.get(index);
    if (entry === undefined || !('table' in entry)) return;
    if (entry.table === target) {
      table.entries.delete(index);
      return;
    }
    table = entry.table;
  }
}

/** The address without its lowest bits. */
export function alignDown(address: Word, bits: number): Word {
  return and(address, not(lowMask(bits)));
}
