// SPDX-License-Identifier: BSD-2-Clause
/** Page table methods. Manual, "Virtual Memory Objects". */
import { CAP_TYPE, ERROR, PAGE_BITS, STATE } from '../../../schema/abi/index.ts';
import type { PageTableCap } from '../capability.ts';
import { isFinal, replaceCapability } from '../cspace/derivation.ts';
import {
  DELETE_FIRST, ILLEGAL_OPERATION, REVOKE_FIRST, SyscallError, TRUNCATED_MESSAGE, failedLookup, invalidArgument, invalidCapability,
  missingCapability,
} from '../errors.ts';
import type { Decode, Invocation, Perform } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import { argWord, extraSlot } from '../object/arguments.ts';
import { setThreadState } from '../registers.ts';
import { findVSpace, missingVSpace, releaseAsid } from './asid.ts';
import { alignDown, detachTable, entryAt, isKernelAddress, walk } from './paging.ts';

export const decodePageTable: Decode<PageTableCap> = (kernel, invocation, cap) => {
  switch (invocation.method) {
    case 'RISCVPageTableMap': return decodeMap(kernel, invocation, cap);
    case 'RISCVPageTableUnmap': return decodeUnmap(kernel, invocation, cap);
    default: return ILLEGAL_OPERATION;
  }
};

function decodeMap(kernel: Kernel, invocation: Invocation, cap: PageTableCap): SyscallError | Perform {
  const vspace = extraSlot(invocation, 0);
  if (invocation.length < 2 || vspace === undefined) return TRUNCATED_MESSAGE;
  if (cap.mapping !== null) return invalidCapability(0);
  const root = vspace.cap;
  if (root.type !== CAP_TYPE.PageTable || root.mapping === null) {
    return kernel.defects.has('page-table-map-vspace') ? new SyscallError(ERROR.InvalidArgument, [kernel.lastArgument]) : invalidCapability(1);
  }
  const address = argWord(invocation, 0);
  if (isKernelAddress(address)) return invalidArgument(0);
  const { asid } = root.mapping;
  const found = findVSpace(kernel, asid);
  if (found === null) return failedLookup(false, missingVSpace(kernel));
  if (found !== root.object) return invalidCapability(1);
  const place = walk(found, address);
  if (place.bitsLeft === PAGE_BITS.small || entryAt(place) !== undefined) {
    return kernel.defects.has('page-table-map-occupied') ? failedLookup(false, missingCapability(place.bitsLeft)) : DELETE_FIRST;
  }
  const { slot } = invocation;
  return () => {
    replaceCapability(slot, { ...cap, mapping: { asid, address: alignDown(address, place.bitsLeft) } });
    place.table.entries.set(place.index, { table: cap.object });
    return 'done';
  };
}

function decodeUnmap(kernel: Kernel, invocation: Invocation, cap: PageTableCap): SyscallError | Perform {
  if (!isFinal(cap)) return REVOKE_FIRST;
  const { mapping } = cap;
  if (mapping !== null && findVSpace(kernel, mapping.asid) === cap.object) return REVOKE_FIRST;
  const { slot } = invocation;
  return () => {
    if (mapping !== null && kernel.defects.has('page-table-unmap')) {
      setThreadState(kernel, invocation.thread, STATE.Running);
    } else if (mapping !== null) {
      detach(kernel, cap);
      cap.object.entries.clear();
      replaceCapability(slot, { ...cap, mapping: null });
    }
    return 'done';
  };
}

/** The last capability to a table goes: a root gives its ASID back, any other table is taken out of its address space. */
export function destroyPageTable(kernel: Kernel, cap: PageTableCap): void {
  const { mapping } = cap;
  if (mapping === null) return;
  if (findVSpace(kernel, mapping.asid) === cap.object) releaseAsid(kernel, mapping.asid, cap.object);
  else detach(kernel, cap);
}

function detach(kernel: Kernel, cap: PageTableCap): void {
  const root = findVSpace(kernel, cap.mapping!.asid);
  if (root !== null) detachTable(root, cap.mapping!.address, cap.object);
}
