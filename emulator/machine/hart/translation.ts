// SPDX-License-Identifier: BSD-2-Clause
/** Virtual to physical addresses: Sv39 and PMP (Privileged Architecture, "Virtual Address Translation Process"). */
import { MSTATUS } from '../isa/csrs.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import type { Protection } from './protection.ts';
import { PRIVILEGE, type HartState } from './state.ts';
import { ACCESS_FAULT, PAGE_FAULT, Trap, type Access } from './trap.ts';

const PTE = Object.freeze({
  valid: 1n << 0n, read: 1n << 1n, write: 1n << 2n, execute: 1n << 3n, user: 1n << 4n, accessed: 1n << 6n, dirty: 1n << 7n,
});
/** Reserved in entries that point to a table. */
const LEAF_ONLY = PTE.user | PTE.accessed | PTE.dirty;
/** Bits that this machine has no meaning for: extensions Svnapot and Svpbmt, and reserved ones. */
const RESERVED = 0x3ffn << 54n;
const LEVELS = 3;
/** Physical addresses have 56 bits. Each is exact as a number; what lies beyond RAM and devices is refused there. */
const PHYSICAL_END = 1n << 56n;
const SV39 = 8n;

/** Mode whose rules a load or store follows: that of `MPP` where `MPRV` says so. */
export function dataPrivilege(state: HartState): number {
  const mstatus = state.get('mstatus');
  return (mstatus & MSTATUS.mprv) === 0n ? state.privilege : Number((mstatus & MSTATUS.mpp) >> 11n);
}

export class Translation {
  private readonly state: HartState;
  private readonly memory: PhysicalMemory;
  private readonly protection: Protection;
  /** Where the page of the latest access of each kind lies: a translation buffer of one entry. */
  private readonly latest: Record<Access, { page: bigint; frame: number } | undefined> =
    { load: undefined, store: undefined, execute: undefined };

  constructor(state: HartState, memory: PhysicalMemory, protection: Protection) {
    this.state = state;
    this.memory = memory;
    this.protection = protection;
  }

  /** Forgets what it knows of page tables and modes. */
  flush(): void {
    this.latest.load = this.latest.store = this.latest.execute = undefined;
  }

  /**
   * Physical address of `bytes` at a virtual one, which lie in one page. Throws a Trap where the running mode may not
   * access them so; that the address exists is for who accesses it to find out.
   */
  translate(address: bigint, bytes: number, access: Access): number {
    const privilege = access === 'execute' ? this.state.privilege : dataPrivilege(this.state);
    const physical = this.physicalOf(address, access, privilege);
    if (!this.protection.allows(physical, bytes, access, privilege)) throw new Trap(ACCESS_FAULT[access], address);
    return physical;
  }

  private physicalOf(address: bigint, access: Access, privilege: number): number {
    const satp = this.state.get('satp');
    if (privilege === PRIVILEGE.machine || satp >> 60n !== SV39) {
      if (address >= PHYSICAL_END) throw new Trap(ACCESS_FAULT[access], address);
      return Number(address);
    }
    const page = address >> 12n;
    const offset = Number(address & 0xfffn);
    const known = this.latest[access];
    if (known !== undefined && known.page === page) return known.frame + offset;
    const frame = this.walk(address, access, privilege, satp);
    this.latest[access] = { page, frame };
    return frame + offset;
  }

  /** Physical address of the page that holds a virtual address. */
  private walk(address: bigint, access: Access, privilege: number, satp: bigint): number {
    const pageFault = new Trap(PAGE_FAULT[access], address);
    if (BigInt.asUintN(64, BigInt.asIntN(39, address)) !== address) throw pageFault;
    let table = Number((satp & ((1n << 44n) - 1n)) << 12n);
    for (let level = LEVELS - 1; level >= 0; level -= 1) {
      const index = Number((address >> BigInt(12 + 9 * level)) & 0x1ffn);
      const entry = this.entryAt(table + 8 * index, access, address);
      if ((entry & PTE.valid) === 0n || (entry & RESERVED) !== 0n) throw pageFault;
      if ((entry & (PTE.read | PTE.write)) === PTE.write) throw pageFault;
      const number = (entry >> 10n) & ((1n << 44n) - 1n);
      if ((entry & (PTE.read | PTE.execute)) === 0n) {
        if ((entry & LEAF_ONLY & ~this.state.get('pointerFlags')) !== 0n) throw pageFault;
        table = Number(number << 12n);
        continue;
      }
      const within = (1n << BigInt(9 * level)) - 1n;
      if (!this.leafAllows(entry, access, privilege) || (number & within) !== 0n) throw pageFault;
      return Number((number | ((address >> 12n) & within)) << 12n);
    }
    throw pageFault;
  }

  private entryAt(at: number, access: Access, address: bigint): bigint {
    if (!this.memory.contains(at, 8) || !this.protection.allows(at, 8, 'load', PRIVILEGE.supervisor)) {
      throw new Trap(ACCESS_FAULT[access], address);
    }
    return this.memory.readWord(at);
  }

  /** Rights of a leaf, and A and D: software sets them (Svade). */
  private leafAllows(entry: bigint, access: Access, privilege: number): boolean {
    const mstatus = this.state.get('mstatus');
    const userPage = (entry & PTE.user) !== 0n;
    if (privilege === PRIVILEGE.user ? !userPage : userPage && (access === 'execute' || (mstatus & MSTATUS.sum) === 0n)) return false;
    const readable = (mstatus & MSTATUS.mxr) === 0n ? PTE.read : PTE.read | PTE.execute;
    const rights = { load: readable, store: PTE.write, execute: PTE.execute }[access];
    const used = access === 'store' ? PTE.accessed | PTE.dirty : PTE.accessed;
    return (entry & rights) !== 0n && (entry & used) === used;
  }
}
