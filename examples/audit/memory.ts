// SPDX-License-Identifier: BSD-2-Clause
/** Untyped memory, address spaces, frames. */
import { CapRights, VMAttributes } from 'sel4scope';
import type { Auditor } from './auditor.ts';
import {
  DEPTH, KERNEL_ADDRESS, NO_SLOT, bareThread, deviceFrame, mappedFrame, objectType, otherVSpace, retypedUntyped, sameClass, smallCNode, unmappedRegion,
} from './objects.ts';
import type { Arguments } from './request.ts';
import { accepted, refused, type Built, type Variants } from './variant.ts';

/** Retypes fresh memory of 4 KiB, by default to one endpoint in an empty slot. */
async function retype(a: Auditor, args: Arguments = {}): Promise<Built> {
  return {
    cap: await a.create('Untyped', { sizeBits: 12 }),
    args: { type: objectType(a, 'Endpoint'), size_bits: 0, root: a.task.cnode, node_offset: a.emptySlot(), num_objects: 1, ...args },
  };
}

/** Maps a new frame beside one that is mapped already, so that all page tables exist. */
async function mapFrame(a: Auditor, args: Arguments = {}): Promise<Built> {
  const { frame, address } = await mappedFrame(a);
  await frame.unmap();
  return { cap: frame, args: { vspace: a.task.vspace, vaddr: address, rights: CapRights.readWrite, attr: VMAttributes.default, ...args } };
}

async function mapTable(a: Auditor, args: Arguments = {}): Promise<Built> {
  const vaddr = unmappedRegion(a);
  return { cap: await a.create('RISCV_PageTable'), args: { vspace: a.task.vspace, vaddr, attr: VMAttributes.default, ...args } };
}

/** An address space whose ASID is gone with its pool; a capability to its root remains. */
async function vspaceWithoutPool(a: Auditor): Promise<bigint> {
  const { task } = a;
  const memory = await a.create('Untyped', { sizeBits: 12 });
  const pool = task.slots.allocate();
  await task.asidControl.makePool(memory, task.cnode, pool, DEPTH);
  const root = await a.create('RISCV_PageTable');
  await sameClass(task.asidPool, pool).assign(root);
  await task.cnode.delete(pool, DEPTH);
  return root.cptr;
}

async function makePool(a: Auditor, args: Arguments = {}): Promise<Built> {
  const untyped = await a.create('Untyped', { sizeBits: 12 });
  return { cap: a.task.asidControl, args: { untyped, root: a.task.cnode, index: a.emptySlot(), depth: DEPTH, ...args } };
}

export const MEMORY: Variants = {
  UntypedRetype: {
    ok: accepted((a) => retype(a)),
    'cnode-below-root': accepted(async (a) => {
      const inner = await smallCNode(a);
      return retype(a, { node_index: inner.cptr, node_depth: DEPTH, node_offset: 3, num_objects: 4 });
    }),
    occupied: refused('DeleteFirst', async (a) => retype(a, { node_offset: (await bareThread(a)).cptr })),
    'no-cnode': refused('FailedLookup', async (a) => retype(a, { node_index: NO_SLOT, node_depth: DEPTH })),
    'cnode-is-tcb': refused('FailedLookup', async (a) => retype(a, { root: await bareThread(a) })),
    'no-such-type': refused('InvalidArgument', (a) => retype(a, { type: 200 })),
    'too-small': refused('InvalidArgument', (a) => retype(a, { type: objectType(a, 'Untyped'), size_bits: 3 })),
    'kernel-object-in-device-memory': refused('InvalidArgument', async (a) => {
      const at = a.task.bootInfo.untypedList.findIndex(({ isDevice }) => isDevice);
      return { ...await retype(a), cap: a.task.initialUntypeds[at]! };
    }),
    'out-of-memory': refused('NotEnoughMemory', (a) => retype(a, { type: objectType(a, 'RISCV_4K_Page'), node_offset: a.task.slots.allocateRange(2), num_objects: 2 })),
    'too-big': refused('RangeError', (a) => retype(a, { type: objectType(a, 'Untyped'), size_bits: 64 })),
    'above-the-largest-untyped': refused('RangeError', (a) => retype(a, { type: objectType(a, 'Untyped'), size_bits: 50 })),
    'no-objects': refused('RangeError', (a) => retype(a, { num_objects: 0 })),
    'offset-outside': refused('RangeError', (a) => retype(a, { node_offset: 1 << 20 })),
  },
  RISCVPageTableMap: {
    ok: accepted((a) => mapTable(a)),
    occupied: refused('DeleteFirst', async (a) => mapTable(a, { vaddr: (await mappedFrame(a)).address })),
    'no-asid': refused('FailedLookup', async (a) => mapTable(a, { vspace: await vspaceWithoutPool(a) })),
    'kernel-address': refused('InvalidArgument', (a) => mapTable(a, { vaddr: KERNEL_ADDRESS })),
    'mapped-already': refused('InvalidCapability', async (a) => {
      const built = await mapTable(a);
      const table = await a.create('RISCV_PageTable');
      await table.map(a.task.vspace, unmappedRegion(a), VMAttributes.default);
      return { ...built, cap: table };
    }),
    'vspace-is-tcb': refused('InvalidCapability', async (a) => mapTable(a, { vspace: await bareThread(a) })),
  },
  RISCVPageTableUnmap: {
    mapped: accepted(async (a) => {
      const table = await a.create('RISCV_PageTable');
      await table.map(a.task.vspace, unmappedRegion(a), VMAttributes.default);
      return { cap: table };
    }),
    'not-mapped': accepted(async (a) => ({ cap: await a.create('RISCV_PageTable') })),
    root: refused('RevokeFirst', async (a) => ({ cap: await otherVSpace(a) })),
    copied: refused('RevokeFirst', async (a) => {
      const table = await a.create('RISCV_PageTable');
      await table.map(a.task.vspace, unmappedRegion(a), VMAttributes.default);
      await a.task.copy(table);
      return { cap: table };
    }),
  },
  RISCVPageMap: {
    ok: accepted((a) => mapFrame(a)),
    remap: accepted(async (a) => {
      const { frame, address } = await mappedFrame(a);
      return { cap: frame, args: { vspace: a.task.vspace, vaddr: address, rights: CapRights.read } };
    }),
    'no-rights': accepted((a) => mapFrame(a, { rights: CapRights.none })),
    unaligned: refused('AlignmentError', async (a) => mapFrame(a, { vaddr: unmappedRegion(a) + 8 })),
    occupied: refused('DeleteFirst', async (a) => mapFrame(a, { vaddr: (await mappedFrame(a)).address })),
    'no-page-table': refused('FailedLookup', (a) => mapFrame(a, { vaddr: unmappedRegion(a) })),
    'no-asid': refused('FailedLookup', async (a) => mapFrame(a, { vspace: await vspaceWithoutPool(a) })),
    'kernel-address': refused('InvalidArgument', (a) => mapFrame(a, { vaddr: KERNEL_ADDRESS })),
    'mapped-elsewhere': refused('InvalidArgument', async (a) => {
      const { frame } = await mappedFrame(a);
      const beside = await mappedFrame(a);
      await beside.frame.unmap();
      return { cap: frame, args: { vspace: a.task.vspace, vaddr: beside.address, rights: CapRights.readWrite } };
    }),
    'mapped-elsewhere-by-the-caller': refused('InvalidArgument', async (a) => {
      const { task } = a;
      const { frame, address } = await mappedFrame(a);
      const beside = await mappedFrame(a);
      await frame.unmap();
      await beside.frame.unmap();
      return {
        cap: frame, args: { vspace: task.vspace, vaddr: beside.address, rights: CapRights.readWrite },
        before: (self) => self.use(frame).map(task.vspace, address, CapRights.readWrite, VMAttributes.default),
      };
    }, { buffers: ['rw'] }),
    'other-vspace': refused('InvalidCapability', async (a) => {
      const { frame, address } = await mappedFrame(a);
      const vspace = await otherVSpace(a);
      for (let level = 0; level < 2; level++) await (await a.create('RISCV_PageTable')).map(vspace, address, VMAttributes.default);
      return { cap: frame, args: { vspace, vaddr: address, rights: CapRights.readWrite } };
    }),
    'vspace-is-tcb': refused('InvalidCapability', async (a) => mapFrame(a, { vspace: await bareThread(a) })),
  },
  RISCVPageUnmap: {
    mapped: accepted(async (a) => ({ cap: (await mappedFrame(a)).frame })),
    'not-mapped': accepted(async (a) => ({ cap: await a.create('RISCV_4K_Page') })),
  },
  RISCVPageGetAddress: {
    ok: accepted(async (a) => ({ cap: await a.create('RISCV_4K_Page') })),
    device: accepted(async (a) => ({ cap: await deviceFrame(a) })),
  },
  RISCVASIDControlMakePool: {
    ok: accepted((a) => makePool(a)),
    occupied: refused('DeleteFirst', async (a) => makePool(a, { index: (await bareThread(a)).cptr })),
    'no-slot': refused('FailedLookup', (a) => makePool(a, { index: NO_SLOT })),
    'not-4k': refused('InvalidCapability', async (a) => makePool(a, { untyped: await a.create('Untyped', { sizeBits: 13 }) })),
    retyped: refused('RevokeFirst', async (a) => makePool(a, { untyped: await retypedUntyped(a) })),
  },
  RISCVASIDPoolAssign: {
    ok: accepted(async (a) => ({ cap: a.task.asidPool, args: { vspace: await a.create('RISCV_PageTable') } })),
    full: refused('DeleteFirst', async (a) => {
      const { asidPool } = a.task;
      for (;;) {
        const vspace = await a.create('RISCV_PageTable');
        const result = await asidPool.tryAssign(vspace);
        if (!result.ok) return { cap: asidPool, args: { vspace } };
      }
    }, { alone: true }),
    assigned: refused('InvalidCapability', async (a) => ({ cap: a.task.asidPool, args: { vspace: await otherVSpace(a) } })),
    'vspace-is-tcb': refused('InvalidCapability', async (a) => ({ cap: a.task.asidPool, args: { vspace: await bareThread(a) } })),
  },
};
