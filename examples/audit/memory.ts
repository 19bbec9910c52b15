// SPDX-License-Identifier: BSD-2-Clause
/** Untyped memory, address spaces, frames. */
import { CapRights, RISCVASIDControl, RISCVASIDPool, RISCVPage, RISCVPageTable, Untyped, VMAttributes, type RootTask } from 'sel4scope';
import type { AuditCase, Auditor } from './auditor.ts';
import { DEPTH, ENDPOINT, PAGE, emptySlot, stoppedThread } from './objects.ts';

/** An address whose page table does not exist: the start of a 2 MiB region that nothing else uses. */
function unmappedRegion(a: Auditor): number {
  return a.task.resources.addresses.allocate(21);
}

/** A frame that is mapped, in a region whose page table exists. */
async function mappedFrame(task: RootTask): Promise<{ frame: RISCVPage; address: number }> {
  const frame = await task.untyped.create('RISCV_4K_Page');
  return { frame, address: await task.map(frame) };
}

export const MEMORY_CASES: readonly AuditCase[] = [
  {
    title: 'retype into an empty slot',
    run: async (a) => {
      const untyped = await a.task.untyped.create('Untyped', { sizeBits: 12 });
      await a.accepted(untyped, Untyped.methods.retype, ENDPOINT, 0, a.task.cnode, 0, 0, emptySlot(a), 1);
    },
  },
  {
    title: 'retype into an occupied slot',
    run: async (a) => {
      const untyped = await a.task.untyped.create('Untyped', { sizeBits: 12 });
      const occupied = await a.task.untyped.create('Endpoint');
      await a.refused('DeleteFirst', untyped, Untyped.methods.retype, ENDPOINT, 0, a.task.cnode, 0, 0, occupied.cptr, 1);
    },
  },
  {
    title: 'retype more than there is room for',
    run: async (a) => {
      const untyped = await a.task.untyped.create('Untyped', { sizeBits: 12 });
      await a.refused('NotEnoughMemory', untyped, Untyped.methods.retype, PAGE, 0, a.task.cnode, 0, 0, a.task.slots.allocateRange(2), 2);
    },
  },
  {
    title: 'retype to a type that does not exist',
    run: async (a) => {
      const untyped = await a.task.untyped.create('Untyped', { sizeBits: 12 });
      await a.refused('InvalidArgument', untyped, Untyped.methods.retype, 200, 0, a.task.cnode, 0, 0, emptySlot(a), 1);
    },
  },
  {
    title: 'physical address of a frame',
    run: async (a) => a.accepted(await a.task.untyped.create('RISCV_4K_Page'), RISCVPage.methods.getAddress),
  },
  {
    title: 'map and unmap a page table',
    run: async (a) => {
      const table = await a.task.untyped.create('RISCV_PageTable');
      const address = unmappedRegion(a);
      await a.accepted(table, RISCVPageTable.methods.map, a.task.vspace, address, VMAttributes.default);
      await a.accepted(table, RISCVPageTable.methods.unmap);
    },
  },
  {
    title: 'map a page table outside user memory',
    run: async (a) => {
      const table = await a.task.untyped.create('RISCV_PageTable');
      await a.refused('InvalidArgument', table, RISCVPageTable.methods.map, a.task.vspace, 0xffff_ffff_8000_0000n, VMAttributes.default);
    },
  },
  {
    title: 'map, remap and unmap a frame',
    run: async (a) => {
      const { frame, address } = await mappedFrame(a.task);
      await a.accepted(frame, RISCVPage.methods.map, a.task.vspace, address, CapRights.read, VMAttributes.default);
      await a.accepted(frame, RISCVPage.methods.unmap);
    },
  },
  {
    title: 'map a frame where no page table is',
    run: async (a) => {
      const frame = await a.task.untyped.create('RISCV_4K_Page');
      await a.refused('FailedLookup', frame, RISCVPage.methods.map, a.task.vspace, unmappedRegion(a), CapRights.readWrite, VMAttributes.default);
    },
  },
  {
    title: 'map a frame at an unaligned address',
    run: async (a) => {
      const frame = await a.task.untyped.create('RISCV_4K_Page');
      await a.refused('AlignmentError', frame, RISCVPage.methods.map, a.task.vspace, unmappedRegion(a) + 8, CapRights.readWrite, VMAttributes.default);
    },
  },
  {
    title: 'make an ASID pool and assign an address space to it',
    run: async (a) => {
      const untyped = await a.task.untyped.create('Untyped', { sizeBits: 12 });
      await a.accepted(a.task.asidControl, RISCVASIDControl.methods.makePool, untyped, a.task.cnode, emptySlot(a), DEPTH);
      const vspace = await a.task.untyped.create('RISCV_PageTable');
      await a.accepted(a.task.asidPool, RISCVASIDPool.methods.assign, vspace);
    },
  },
  {
    title: 'assign something that is no address space',
    run: async (a) => a.refused('InvalidCapability', a.task.asidPool, RISCVASIDPool.methods.assign, await stoppedThread(a)),
  },
];
