// SPDX-License-Identifier: BSD-2-Clause
/** Capability spaces. */
import { CNode, CapRights } from 'sel4scope';
import type { AuditCase } from './auditor.ts';
import { DEPTH, emptySlot } from './objects.ts';

const { methods } = CNode;

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
    title: 'move and mutate a capability',
    run: async (a) => {
      const { cptr } = await a.task.untyped.create('Endpoint');
      const moved = emptySlot(a);
      await a.accepted(a.task.cnode, methods.move, moved, DEPTH, a.task.cnode, cptr, DEPTH);
      await a.accepted(a.task.cnode, methods.mutate, cptr, DEPTH, a.task.cnode, moved, DEPTH, 7);
    },
  },
  {
    title: 'rotate two capabilities',
    run: async (a) => {
      const pivot = await a.task.untyped.create('Endpoint');
      const source = await a.task.untyped.create('Notification');
      await a.accepted(a.task.cnode, methods.rotate, emptySlot(a), DEPTH, 0, a.task.cnode, pivot.cptr, DEPTH, 0, a.task.cnode, source.cptr, DEPTH);
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
