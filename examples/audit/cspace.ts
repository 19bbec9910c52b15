// SPDX-License-Identifier: BSD-2-Clause
/** Capability spaces. */
import { CNode, CapRights } from 'sel4scope';
import type { AuditCase } from './auditor.ts';
import { DEPTH, emptySlot } from './objects.ts';

const { methods } = CNode;

/** Capability data of a CNode: guard bits above its size. Manual, "CNode"; `seL4_CNode_CapData_t`. */
function guard(bits: number, size: number): number {
  return (bits << 6) | size;
}

export const CSPACE_CASES: readonly AuditCase[] = [
  {
    title: 'copy a capability to an empty slot',
    run: async (a) => {
      const { cptr } = await a.task.untyped.create('Endpoint');
      await a.accepted(a.task.cnode, methods.copy, emptySlot(a), DEPTH, a.task.cnode, cptr, DEPTH, CapRights.all);
    },
  },
  {
    title: 'copy from an empty slot',
    run: async (a) => a.refused('FailedLookup', a.task.cnode, methods.copy, emptySlot(a), DEPTH, a.task.cnode, emptySlot(a), DEPTH, CapRights.all),
  },
  {
    title: 'copy to an occupied slot',
    run: async (a) => {
      const { cptr } = await a.task.untyped.create('Endpoint');
      await a.refused('DeleteFirst', a.task.cnode, methods.copy, cptr, DEPTH, a.task.cnode, cptr, DEPTH, CapRights.all);
    },
  },
  {
    title: 'copy at a depth that does not exist',
    run: async (a) => a.refused('RangeError', a.task.cnode, methods.copy, emptySlot(a), 65, a.task.cnode, emptySlot(a), DEPTH, CapRights.all),
  },
  {
    title: 'mint a badged capability',
    run: async (a) => {
      const { cptr } = await a.task.untyped.create('Endpoint');
      await a.accepted(a.task.cnode, methods.mint, emptySlot(a), DEPTH, a.task.cnode, cptr, DEPTH, CapRights.all, 0xfeed_face_cafe_f00dn);
    },
  },
  {
    title: 'move a capability, mutate the guard of one to a CNode',
    run: async (a) => {
      const { cptr } = await a.task.untyped.create('CapTable', { sizeBits: 4 });
      const moved = emptySlot(a);
      await a.accepted(a.task.cnode, methods.move, moved, DEPTH, a.task.cnode, cptr, DEPTH);
      await a.accepted(a.task.cnode, methods.mutate, cptr, DEPTH, a.task.cnode, moved, DEPTH, guard(0b101, 3));
    },
  },
  {
    title: 'mutate a capability that takes no such data',
    run: async (a) => {
      const { cptr } = await a.task.untyped.create('Endpoint');
      await a.refused('IllegalOperation', a.task.cnode, methods.mutate, emptySlot(a), DEPTH, a.task.cnode, cptr, DEPTH, 7);
    },
  },
  {
    title: 'rotate two capabilities',
    run: async (a) => {
      const pivot = await a.task.untyped.create('CapTable', { sizeBits: 4 });
      const source = await a.task.untyped.create('TCB');
      await a.accepted(a.task.cnode, methods.rotate, emptySlot(a), DEPTH, guard(0, 0), a.task.cnode, pivot.cptr, DEPTH, guard(1, 1), a.task.cnode, source.cptr, DEPTH);
    },
  },
  {
    title: 'revoke and delete a capability',
    run: async (a) => {
      const endpoint = await a.task.untyped.create('Endpoint');
      await a.task.mint(endpoint, 1);
      await a.accepted(a.task.cnode, methods.revoke, endpoint.cptr, DEPTH);
      await a.accepted(a.task.cnode, methods.delete, endpoint.cptr, DEPTH);
    },
  },
  {
    title: 'delete a CNode with capabilities in it',
    run: async (a) => {
      const inner = await a.task.untyped.create('CapTable', { sizeBits: 6 });
      const endpoint = await a.task.untyped.create('Endpoint');
      await inner.copy(5, 6, a.task.cnode, endpoint.cptr, DEPTH, CapRights.all);
      await a.accepted(a.task.cnode, methods.delete, inner.cptr, DEPTH);
    },
  },
  {
    title: 'revoke untyped memory with many objects: the kernel may be preempted on the way',
    run: async (a) => {
      const untyped = await a.task.untyped.create('Untyped', { sizeBits: 14 });
      await untyped.retype(2, 0, a.task.cnode, 0, 0, a.task.slots.allocateRange(200), 200);
      await a.accepted(a.task.cnode, methods.revoke, untyped.cptr, DEPTH);
    },
  },
  {
    title: 'cancel badged sends of an endpoint',
    run: async (a) => {
      const endpoint = await a.task.untyped.create('Endpoint');
      const badged = await a.task.mint(endpoint, 3);
      await a.accepted(a.task.cnode, methods.cancelBadgedSends, badged.cptr, DEPTH);
    },
  },
];
