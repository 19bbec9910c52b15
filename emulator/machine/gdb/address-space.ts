// SPDX-License-Identifier: BSD-2-Clause
/** Sv39 as a debugger wants it: whatever is mapped can be looked at, rights and modes aside. */
import { PAGE_BYTES } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';

/** Bits of an entry of a page table. */
const VALID = 1n;
const READ_WRITE_EXECUTE = 0xen;
const PPN_SHIFT = 10n;
const PPN_MASK = (1n << 44n) - 1n;
const LEVELS = 3;
const SV39 = 8n;

/** Physical address of the root page table that `satp` names; undefined where nothing is translated. */
export function rootOf(satp: bigint): number | undefined {
  return satp >> 60n === SV39 ? Number(satp & PPN_MASK) * PAGE_BYTES : undefined;
}

/** Physical address of a virtual one; undefined where nothing is mapped. */
export function walk(memory: PhysicalMemory, root: number, address: bigint): number | undefined {
  if (BigInt.asUintN(64, BigInt.asIntN(39, address)) !== address) return undefined;
  let table = root;
  for (let level = LEVELS - 1; level >= 0; level--) {
    const shift = BigInt(12 + 9 * level);
    const entryAt = table + 8 * Number((address >> shift) & 0x1ffn);
    if (!memory.contains(entryAt, 8)) return undefined;
    const entry = memory.readWord(entryAt);
    if ((entry & VALID) === 0n) return undefined;
    const target = Number((entry >> PPN_SHIFT) & PPN_MASK) * PAGE_BYTES;
    if ((entry & READ_WRITE_EXECUTE) !== 0n) return target + Number(address & ((1n << shift) - 1n));
    table = target;
  }
  return undefined;
}
