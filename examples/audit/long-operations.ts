// SPDX-License-Identifier: BSD-2-Clause
/**
 * Operations that take long: an interrupt preempts them at one of their preemption points, another thread runs, and
 * the system call is executed again when the caller goes on. Unless the other thread sees to it that it never does.
 */
import { CapRights, type Thread } from 'sel4scope';
import type { Auditor } from './auditor.ts';
import { DEPTH, objectType } from './objects.ts';
import { preempted, stops, type Built, type Variant, type Variants } from './variant.ts';

const PRIORITY = 100;
const ABOVE = 200;

/** MCS: a thread that acts while the operation is under way. */
async function startRival(a: Auditor, act: (self: Thread) => Promise<void>): Promise<void> {
  // Out of budget after 100 µs; the interrupt for its next period comes 20 µs later.
  await a.start({ name: 'rival', priority: ABOVE, budgetUs: 100, periodUs: 120, run: async (self) => {
    await self.compute(110_000);
    await act(self);
  } });
}

/** Untyped memory whose first half was used: it is cleared before it can be retyped again. */
async function usedMemory(a: Auditor): Promise<Built> {
  const memory = await a.create('Untyped', { sizeBits: 24 });
  const slot = a.emptySlot();
  await memory.retype(objectType(a, 'Untyped'), 23, a.task.cnode, 0, 0, slot, 1);
  await a.task.cnode.delete(slot, DEPTH);
  return { cap: memory, args: { type: objectType(a, 'Endpoint'), root: a.task.cnode, node_offset: slot, num_objects: 1 } };
}

/** An endpoint with many badged capabilities. */
async function manyCopies(a: Auditor): Promise<Built> {
  const endpoint = await a.create('Endpoint');
  const node = await a.create('CapTable', { sizeBits: COPIES_BITS });
  for (let i = 0; i < 2 ** COPIES_BITS; i++) await node.mint(i, COPIES_BITS, a.task.cnode, endpoint.cptr, DEPTH, CapRights.all, i + 1);
  return { cap: a.task.cnode, args: { index: endpoint.cptr, depth: DEPTH } };
}

/** A CNode full of capabilities. */
async function fullCNode(a: Auditor): Promise<Built> {
  const { args } = await manyCopies(a);
  const node = Number(args!['index']) + 1;
  return { cap: a.task.cnode, args: { index: node, depth: DEPTH } };
}

const COPIES_BITS = 9;

/** Classic: ns between two interrupts of the timer, and less than the operations take. */
const TICK = 2_000_000;
const REST = 20_000;

/** Classic: what the caller does so that the next interrupt of the timer is near, wherever the kernel's interrupts lie. */
async function waitForTick(a: Auditor): Promise<(self: Thread) => Promise<void>> {
  const ready = await a.create('Notification', { name: 'ready' });
  const signal = await a.task.mint(ready, 1);
  // As urgent as the caller, it has its turn when an interrupt of the timer ends the caller's.
  let tick = 0;
  await a.start({ name: 'witness', priority: PRIORITY, run: async (self) => {
    await self.use(ready).wait();
    tick = self.now();
  } });
  return async (self) => {
    await self.use(signal).signal();
    while (tick === 0) await self.compute(TICK);
    const since = self.now() - tick;
    await self.compute(TICK * Math.ceil((since + REST) / TICK) - REST - since);
  };
}

/**
 * A classic kernel does not charge the time slice of a thread that is preempted in a system call, so nobody else has a
 * turn: there the operation is only interrupted.
 */
function interrupted(build: (a: Auditor) => Promise<Built>): Readonly<Record<string, Variant>> {
  const withRival = (act: (self: Thread, a: Auditor) => Promise<void>) => async (a: Auditor): Promise<Built> => {
    const built = await build(a);
    await startRival(a, (self) => act(self, a));
    return built;
  };
  const options: Partial<Variant> = { caller: { priority: PRIORITY }, syscalls: ['Call', 'Send', 'NBSend'], alone: true };
  const mcs: Partial<Variant> = { ...options, only: 'mcs' };
  return {
    interrupted: preempted(async (a) => ({ ...await build(a), before: await waitForTick(a) }), { ...options, only: 'classic' }),
    preempted: preempted(withRival((self) => self.compute(10_000)), mcs),
    'preempted-caller-is-stopped-and-resumed': preempted(withRival(async (self, a) => {
      await self.use(a.caller.tcb).suspend();
      await self.use(a.caller.tcb).resume();
    }), mcs),
    'preempted-caller-is-suspended': stops(withRival((self, a) => self.use(a.caller.tcb).suspend()), mcs),
    'preempted-caller-is-deleted': stops(withRival((self, a) => self.cnode.delete(a.caller.tcb.cptr, DEPTH)), { ...mcs, kind: 'caller deleted' }),
  };
}

export const LONG_OPERATIONS: Variants = {
  UntypedRetype: interrupted(usedMemory),
  CNodeRevoke: interrupted(manyCopies),
  CNodeDelete: {
    ...interrupted(fullCNode),
    'own-tcb': stops(async (a) => ({ cap: a.task.cnode, args: { index: a.caller.tcb.cptr, depth: DEPTH } }), { kind: 'caller deleted', syscalls: ['Call', 'Send', 'NBSend'] }),
    'own-context': stops(async (a) => ({ cap: a.task.cnode, args: { index: a.caller.schedContext.cptr, depth: DEPTH } }), { only: 'mcs', syscalls: ['Call', 'Send', 'NBSend'] }),
  },
};
