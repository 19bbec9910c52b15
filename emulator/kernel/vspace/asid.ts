// SPDX-License-Identifier: BSD-2-Clause
/** Address space identifiers, their pools, and the methods that make pools and assign identifiers. Manual, "ASID Control". */
import { CAP_TYPE, ZERO } from '../../../schema/abi/index.ts';
import type { AsidControlCap, AsidPoolCap } from '../capability.ts';
import { hasChildren, insertDerived, replaceCapability } from '../cspace/derivation.ts';
import {
  DELETE_FIRST, ILLEGAL_OPERATION, REVOKE_FIRST, SyscallError, TRUNCATED_MESSAGE, failedLookup, invalidCapability, invalidRoot, missingCapability, type LookupFailure,
} from '../errors.ts';
import type { Decode } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import { AsidPool, type PageTable } from '../objects.ts';
import { argSlot, extraSlot } from '../object/arguments.ts';

const POOLS = 128;
/** Bits of an identifier. */
const ASID_BITS = 16;
/** Identifiers of one pool. */
const POOL_SIZE = 512;
export const ASID_POOL_BITS = 12;

/** The root of the address space with this identifier. */
export function findVSpace(kernel: Kernel, asid: number): PageTable | null {
  return kernel.asidPools.get(asid - asid % POOL_SIZE)?.vspaces.get(asid) ?? null;
}

/** Why an address space is not found by its identifier. */
export function missingVSpace(kernel: Kernel): LookupFailure {
  return kernel.defects.has('asid-lookup') ? missingCapability(ASID_BITS) : invalidRoot();
}

/** Makes the pool of the identifiers from `base` on. */
export function createAsidPool(kernel: Kernel, base: number, paddr: number): AsidPool {
  const pool = kernel.register(new AsidPool(kernel.nextId(), paddr, ASID_POOL_BITS));
  pool.base = base;
  kernel.asidPools.set(base, pool);
  kernel.asidEpoch++;
  return pool;
}

export const decodeAsidControl: Decode<AsidControlCap> = (kernel, invocation) => {
  if (invocation.method !== 'RISCVASIDControlMakePool') return ILLEGAL_OPERATION;
  const untyped = extraSlot(invocation, 0);
  const root = extraSlot(invocation, 1);
  if (invocation.length < 2 || untyped === undefined || root === undefined) return TRUNCATED_MESSAGE;
  const base = freePool(kernel);
  if (base === undefined) return DELETE_FIRST;
  const memory = untyped.cap;
  if (memory.type !== CAP_TYPE.Untyped || memory.object.sizeBits !== ASID_POOL_BITS || memory.object.isDevice) return invalidCapability(1);
  if (hasChildren(untyped)) return REVOKE_FIRST;
  const dest = argSlot(invocation, false, root.cap, 0);
  if (dest instanceof SyscallError) return dest;
  if (dest.cap.type !== CAP_TYPE.Null) return DELETE_FIRST;
  return () => {
    replaceCapability(untyped, { ...memory, freeIndex: 2 ** ASID_POOL_BITS });
    insertDerived(dest, { type: CAP_TYPE.ASIDPool, object: createAsidPool(kernel, base, memory.object.paddr) }, untyped);
    return 'done';
  };
};

/** First identifier of the first pool that does not exist. */
function freePool(kernel: Kernel): number | undefined {
  for (let base = 0; base < POOLS * POOL_SIZE; base += POOL_SIZE) {
    if (!kernel.asidPools.has(base)) return base;
  }
  return undefined;
}

export const decodeAsidPool: Decode<AsidPoolCap> = (kernel, invocation, cap) => {
  if (invocation.method !== 'RISCVASIDPoolAssign') return ILLEGAL_OPERATION;
  const slot = extraSlot(invocation, 0);
  if (slot === undefined) return TRUNCATED_MESSAGE;
  const vspace = slot.cap;
  if (vspace.type !== CAP_TYPE.PageTable || vspace.mapping !== null) return invalidCapability(1);
  const pool = cap.object;
  const current = kernel.asidPools.get(pool.base);
  if (current === undefined) return failedLookup(false, invalidRoot());
  if (current !== pool) return invalidCapability(0);
  const asid = freeAsid(pool);
  if (asid === undefined) return DELETE_FIRST;
  return () => {
    replaceCapability(slot, { ...vspace, mapping: { asid, address: ZERO } });
    pool.vspaces.set(asid, vspace.object);
    kernel.asidEpoch++;
    return 'done';
  };
};

/** The lowest free identifier of a pool; 0 is never given out. */
function freeAsid(pool: AsidPool): number | undefined {
  for (let asid = pool.base; asid < pool.base + POOL_SIZE; asid++) {
    if (asid !== 0 && !pool.vspaces.has(asid)) return asid;
  }
  return undefined;
}

/** The identifier no longer means this address space. */
export function releaseAsid(kernel: Kernel, asid: number, vspace: PageTable): void {
  if (findVSpace(kernel, asid) !== vspace) return;
  kernel.asidPools.get(asid - asid % POOL_SIZE)!.vspaces.delete(asid);
  kernel.asidEpoch++;
}

/** The last capability to a pool is gone: its address spaces lose their identifiers. */
export function destroyAsidPool(kernel: Kernel, pool: AsidPool): void {
  if (kernel.asidPools.get(pool.base) !== pool) return;
  kernel.asidPools.delete(pool.base);
  kernel.asidEpoch++;
}
