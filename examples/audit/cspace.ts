// SPDX-License-Identifier: BSD-2-Clause
/** Capability spaces. */
import { CapRights, type CapabilityRef } from 'sel4scope';
import type { Auditor } from './auditor.ts';
import { DEPTH, NO_SLOT, bareThread, retypedUntyped, smallCNode } from './objects.ts';
import type { Arguments } from './request.ts';
import { accepted, refused, type Built, type Variant, type Variants } from './variant.ts';

/** Capability data of a CNode: guard bits above its size. Manual, "CNode"; `seL4_CNode_CapData_t`. */
function guard(bits: number, size: number): number {
  return (bits << 6) | size;
}

/** Revoke, Delete, CancelBadgedSends, SaveCaller: one slot of the root CNode. */
function atSlot(a: Auditor, index: CapabilityRef, depth = DEPTH): Built {
  return { cap: a.task.cnode, args: { index, depth } };
}

const SLOT_ERRORS: Readonly<Record<string, Variant>> = {
  'no-slot': refused('FailedLookup', async (a) => atSlot(a, NO_SLOT)),
  'depth-0': refused('RangeError', async (a) => atSlot(a, a.emptySlot(), 0)),
};

/** Copy, Mint, Move, Mutate of a new endpoint to an empty slot. */
async function transfer(a: Auditor, args: Arguments = {}, hasRights = false): Promise<Built> {
  const { cptr } = await a.create('Endpoint');
  return {
    cap: a.task.cnode,
    args: {
      dest_index: a.emptySlot(), dest_depth: DEPTH, src_root: a.task.cnode, src_index: cptr, src_depth: DEPTH,
      ...(hasRights ? { rights: CapRights.all } : {}), ...args,
    },
  };
}

/** Refusals that the four transfers share. Mutate gets a CNode to work on, which accepts its data. */
function transferErrors(hasRights: boolean): Readonly<Record<string, Variant>> {
  const move = (a: Auditor, args: Arguments): Promise<Built> => transfer(a, args, hasRights);
  return {
    occupied: refused('DeleteFirst', async (a) => move(a, { dest_index: (await bareThread(a)).cptr })),
    'no-destination': refused('FailedLookup', (a) => move(a, { dest_index: NO_SLOT })),
    'empty-source': refused('FailedLookup', (a) => move(a, { src_index: a.emptySlot() })),
    'source-root-is-tcb': refused('FailedLookup', async (a) => move(a, { src_root: await bareThread(a) })),
    'source-depth-0': refused('RangeError', (a) => move(a, { src_depth: 0 })),
  };
}

async function rotate(a: Auditor, args: Arguments = {}): Promise<Built> {
  const pivot = await smallCNode(a);
  const source = await a.create('TCB');
  const { cnode } = a.task;
  return {
    cap: cnode,
    args: {
      dest_index: a.emptySlot(), dest_depth: DEPTH, dest_badge: guard(0, 0), pivot_root: cnode, pivot_index: pivot.cptr,
      pivot_depth: DEPTH, pivot_badge: guard(1, 1), src_root: cnode, src_index: source.cptr, src_depth: DEPTH, ...args,
    },
  };
}

export const CSPACE: Variants = {
  CNodeRevoke: {
    ok: accepted(async (a) => {
      const endpoint = await a.create('Endpoint');
      await a.task.mint(endpoint, 1);
      return atSlot(a, endpoint.cptr);
    }),
    empty: accepted(async (a) => atSlot(a, a.emptySlot())),
    'untyped-with-threads': accepted(async (a) => {
      const untyped = await a.create('Untyped', { sizeBits: 14 });
      await untyped.retype(1, 0, a.task.cnode, 0, 0, a.task.slots.allocateRange(4), 4);
      return atSlot(a, untyped.cptr);
    }),
    ...SLOT_ERRORS,
  },
  CNodeDelete: {
    ok: accepted(async (a) => atSlot(a, (await a.create('Endpoint')).cptr)),
    empty: accepted(async (a) => atSlot(a, a.emptySlot())),
    'cnode-with-capabilities': accepted(async (a) => {
      const inner = await a.create('CapTable', { sizeBits: 6 });
      const endpoint = await a.create('Endpoint');
      await inner.copy(5, 6, a.task.cnode, endpoint.cptr, DEPTH, CapRights.all);
      return atSlot(a, inner.cptr);
    }),
    ...SLOT_ERRORS,
  },
  CNodeCancelBadgedSends: {
    ok: accepted(async (a) => atSlot(a, (await a.task.mint(await a.create('Endpoint'), 3)).cptr)),
    'waiting-senders': accepted(async (a) => {
      const endpoint = await a.task.mint(await a.create('Endpoint'), 3);
      await a.start({ name: 'sender', priority: 200, run: (self) => self.use(endpoint).send() });
      return atSlot(a, endpoint.cptr);
    }, { caller: { priority: 100 } }),
    'not-an-endpoint': refused('IllegalOperation', async (a) => atSlot(a, (await bareThread(a)).cptr)),
    'fewer-rights': refused('IllegalOperation', async (a) => atSlot(a, (await a.task.mint(await a.create('Endpoint'), 3, CapRights.readWrite)).cptr)),
    ...SLOT_ERRORS,
  },
  CNodeCopy: {
    ok: accepted((a) => transfer(a, {}, true)),
    retyped: refused('RevokeFirst', async (a) => transfer(a, { src_index: (await retypedUntyped(a)).cptr }, true)),
    'cannot-be-copied': refused('IllegalOperation', (a) => transfer(a, { src_index: a.task.irqControl.cptr }, true)),
    ...transferErrors(true),
  },
  CNodeMint: {
    ok: accepted((a) => transfer(a, { badge: 0xfeed_face_cafe_f00dn }, true)),
    'guard': accepted(async (a) => transfer(a, { src_index: (await smallCNode(a)).cptr, badge: guard(0b101, 3) }, true)),
    'badged-already': refused('IllegalOperation', async (a) => transfer(a, { src_index: (await a.task.mint(await a.create('Endpoint'), 1)).cptr, badge: 2 }, true)),
    retyped: refused('RevokeFirst', async (a) => transfer(a, { src_index: (await retypedUntyped(a)).cptr }, true)),
    ...transferErrors(true),
  },
  CNodeMove: { ok: accepted((a) => transfer(a)), ...transferErrors(false) },
  CNodeMutate: {
    ok: accepted(async (a) => transfer(a, { src_index: (await smallCNode(a)).cptr, badge: guard(0b101, 3) })),
    'takes-no-data': refused('IllegalOperation', (a) => transfer(a, { badge: 7 })),
    'guard-does-not-fit': refused('IllegalOperation', async (a) => transfer(a, { src_index: (await smallCNode(a)).cptr, badge: guard(0, 63) })),
    ...transferErrors(false),
  },
  CNodeRotate: {
    ok: accepted((a) => rotate(a)),
    occupied: refused('DeleteFirst', async (a) => rotate(a, { dest_index: (await bareThread(a)).cptr })),
    'no-destination': refused('FailedLookup', (a) => rotate(a, { dest_index: NO_SLOT })),
    'empty-pivot': refused('FailedLookup', (a) => rotate(a, { pivot_index: a.emptySlot() })),
    'pivot-is-source': refused('IllegalOperation', async (a) => {
      const { cptr } = await a.create('Endpoint');
      return rotate(a, { pivot_index: cptr, src_index: cptr });
    }),
  },
  CNodeSaveCaller: {
    'no-caller': accepted(async (a) => atSlot(a, a.emptySlot())),
    occupied: refused('DeleteFirst', async (a) => atSlot(a, (await bareThread(a)).cptr)),
    ...SLOT_ERRORS,
  },
};
