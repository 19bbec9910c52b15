// SPDX-License-Identifier: BSD-2-Clause
/** What the hart finds for a virtual address: Sv39 on the model's page tables. RISC-V privileged specification, "Sv39". */
import { CAP_TYPE, bitsOf } from '../../../schema/abi/index.ts';
import { VM_RIGHTS, type Capability } from '../capability.ts';
import type { Kernel } from '../kernel.ts';
import type { Frame, PageTable, PageTableEntry, Tcb } from '../objects.ts';
import { findVSpace } from '../vspace/asid.ts';

export const ACCESS = Object.freeze({ fetch: 0, load: 1, store: 2 });
/** One of {@link ACCESS}. */
export type Access = (typeof ACCESS)[keyof typeof ACCESS];

/** scause of the page fault and of the access fault of each kind of access. */
export const PAGE_FAULT: readonly number[] = [12, 13, 15];
export const ACCESS_FAULT: readonly number[] = [1, 5, 7];

const ROOT_SHIFT = 30;
const INDEX_BITS = 9;
const PAGE_SHIFT = 12;
/** Upper lanes from here on are of addresses above the lower half, where user code has nothing. */
const USER_END_HI = 0x40;

/** Where a translation led. */
export interface Place {
  frame: Frame;
  /** Bytes from the start of the frame. */
  offset: number;
}

/**
 * The address space that the hart has for a thread: `null` unless its VSpace is a root table that still has its ASID.
 * The kernel gives the hart an address space without user memory then.
 */
export function addressSpaceOf(kernel: Kernel, thread: Tcb): PageTable | null {
  const { cap } = thread.slots.vspace;
  if (thread.addressSpaceCap !== cap || thread.addressSpaceEpoch !== kernel.asidEpoch) {
    thread.addressSpaceCap = cap;
    thread.addressSpaceEpoch = kernel.asidEpoch;
    thread.addressSpace = rootOf(kernel, cap);
  }
  return thread.addressSpace;
}

function rootOf(kernel: Kernel, cap: Capability): PageTable | null {
  if (cap.type !== CAP_TYPE.PageTable || cap.mapping === null) return null;
  return findVSpace(kernel, cap.mapping.asid) === cap.object ? cap.object : null;
}

/** Translates a virtual address, given by its lanes, for one kind of access. False: a page fault; `place` is as it was. */
export function translate(root: PageTable | null, lo: number, hi: number, access: Access, place: Place): boolean {
  if (hi >= USER_END_HI) return false;
  let table = root;
  for (let shift = ROOT_SHIFT; table !== null; shift -= INDEX_BITS) {
    const entry: PageTableEntry | undefined = table.entries.get(bitsOf(lo, hi, shift, INDEX_BITS));
    if (entry === undefined) return false;
    if ('frame' in entry) {
      if (!permits(entry, access)) return false;
      place.frame = entry.frame;
      place.offset = bitsOf(lo, hi, 0, shift);
      return true;
    }
    table = shift === PAGE_SHIFT ? null : entry.table;
  }
  return false;
}

function permits(entry: { readonly rights: number; readonly executable: boolean }, access: Access): boolean {
  switch (access) {
    case ACCESS.fetch: return entry.executable;
    case ACCESS.load: return entry.rights >= VM_RIGHTS.readOnly;
    case ACCESS.store: return entry.rights === VM_RIGHTS.readWrite;
  }
}
