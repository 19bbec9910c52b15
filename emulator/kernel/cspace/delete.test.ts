// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { CAP_TYPE, STATE, fromNumber, type ObjectTypeName, type Scheduling } from '../../../schema/abi/index.ts';
import type { CNodeCap, EndpointCap, ThreadCap, ZombieCap } from '../capability.ts';
import { checkCSpace } from '../invariants/cspace.ts';
import { createObject } from '../object/object-types.ts';
import type { Slot } from '../slot.ts';
import { bareCSpace, bareKernel, place } from '../testing.ts';
import { deleteSlot, deleteSlotNow, revokeSlot } from './delete.ts';
import { insertChild, insertDerived, moveCapability, replaceCapability } from './derivation.ts';

function setUp(scheduling: Scheduling = 'mcs') {
  const kernel = bareKernel(scheduling);
  const { cnode } = bareCSpace(kernel);
  const slot = (i: number): Slot => cnode.slot(i);
  let next = 0x8000_0000;
  const put = (at: Slot, type: ObjectTypeName, bits = 0) => {
    const cap = place(kernel, at, type, bits, next);
    next += 2 ** cap.object!.sizeBits;
    return cap;
  };
  const isEmpty = (at: Slot): boolean => at.cap.type === CAP_TYPE.Null;
  return { kernel, slot, put, isEmpty };
}

describe('deleting a capability', () => {
  it('destroys the object with the last one only', () => {
    const { kernel, slot, put, isEmpty } = setUp();
    const cap = put(slot(1), 'Endpoint');
    insertDerived(slot(2), cap, slot(1));
    expect(deleteSlot(kernel, slot(1))).toBe('done');
    expect([isEmpty(slot(1)), cap.object!.alive]).toEqual([true, true]);
    expect(deleteSlot(kernel, slot(2))).toBe('done');
    expect(cap.object!.alive).toBe(false);
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('restarts threads that wait at an endpoint which goes', () => {
    const { kernel, slot, put } = setUp('classic');
    const { object: endpoint } = put(slot(1), 'Endpoint') as EndpointCap;
    const { object: thread } = put(slot(2), 'TCB') as ThreadCap;
    Object.assign(thread, { state: STATE.BlockedOnReceive, blockedOn: endpoint });
    endpoint.state = 2;
    endpoint.queue.push(thread);
    deleteSlot(kernel, slot(1));
    expect(thread.state).toBe(STATE.Restart);
    expect(endpoint.queue).toEqual([]);
  });

  it('stops a thread that goes, and deletes what its slots hold', () => {
    const { kernel, slot, put } = setUp();
    const { object: thread } = put(slot(1), 'TCB') as ThreadCap;
    const cspace = put(slot(2), 'CapTable', 4);
    const frame = put(slot(3), 'RISCV_4K_Page');
    insertDerived(thread.slots.cspace, cspace, slot(2));
    moveCapability(slot(3), thread.slots.ipcBuffer, frame);
    thread.state = STATE.Running;
    expect(deleteSlot(kernel, slot(1))).toBe('done');
    expect([thread.state, thread.alive, frame.object!.alive, cspace.object!.alive]).toEqual([STATE.Inactive, false, false, true]);
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('deletes what a CNode holds, one unit of work for each slot', () => {
    const { kernel, slot, put } = setUp();
    const { object: inner } = put(slot(1), 'CapTable', 6) as CNodeCap;
    const held = put(inner.slot(33), 'Endpoint');
    const kept = put(slot(2), 'Endpoint');
    insertDerived(inner.slot(5), kept, slot(2));
    expect(deleteSlot(kernel, slot(1))).toBe('done');
    expect([inner.alive, held.object!.alive, kept.object!.alive]).toEqual([false, false, true]);
    expect(kernel.time).toBe(64 * kernel.timing.workUnit);
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('leaves a CNode alone while there is another capability to it', () => {
    const { kernel, slot, put, isEmpty } = setUp();
    const cap = put(slot(1), 'CapTable', 4) as CNodeCap;
    put(cap.object.slot(3), 'Endpoint');
    insertDerived(slot(2), cap, slot(1));
    deleteSlot(kernel, slot(1));
    expect(isEmpty(cap.object.slot(3))).toBe(false);
    expect(kernel.time).toBe(0);
  });
});

describe('containers within containers', () => {
  it('makes the inner CNode unreachable instead of descending into it', () => {
    const { kernel, slot, put, isEmpty } = setUp();
    const { object: outer } = put(slot(1), 'CapTable', 2) as CNodeCap;
    const { object: inner } = put(outer.slot(2), 'CapTable', 2) as CNodeCap;
    const first = put(inner.slot(0), 'Endpoint');
    const second = put(inner.slot(1), 'Endpoint');
    expect(deleteSlot(kernel, slot(1))).toBe('done');
    expect([outer.alive, inner.alive, first.object!.alive, second.object!.alive]).toEqual([false, true, false, true]);
    expect(inner.slot(0).cap).toEqual({ type: CAP_TYPE.Zombie, object: inner, remaining: 4 });
    expect(isEmpty(inner.slot(1))).toBe(false);
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('cleans the unreachable CNode up when the untyped is revoked', () => {
    const { kernel, slot, put, isEmpty } = setUp();
    const untyped = put(slot(0), 'Untyped', 16);
    replaceCapability(slot(0), { ...untyped, freeIndex: 2 ** 16 } as typeof untyped);
    const { paddr } = untyped.object!;
    const outer = createObject(kernel, 'CapTable', 2, paddr, false) as CNodeCap;
    insertChild(slot(1), outer, slot(0));
    const inner = createObject(kernel, 'CapTable', 2, paddr + 128, false) as CNodeCap;
    insertChild(outer.object.slot(2), inner, slot(0));
    const held = createObject(kernel, 'Endpoint', 0, paddr + 256, false);
    insertChild(inner.object.slot(1), held, slot(0));
    deleteSlot(kernel, slot(1));
    expect([outer, inner, held].map((c) => c.object!.alive)).toEqual([false, true, true]);
    expect(revokeSlot(kernel, slot(0))).toBe('done');
    expect([inner, held].map((c) => c.object!.alive)).toEqual([false, false]);
    expect(isEmpty(slot(0))).toBe(false);
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('destroys a CNode that contains its own last other capability', () => {
    const { kernel, slot, put } = setUp();
    const cap = put(slot(1), 'CapTable', 2) as CNodeCap;
    insertDerived(cap.object.slot(3), cap, slot(1));
    deleteSlot(kernel, slot(1));
    expect(cap.object.alive).toBe(true);
    deleteSlot(kernel, cap.object.slot(3));
    expect(cap.object.alive).toBe(true);
    expect(cap.object.slot(0).cap).toMatchObject({ type: CAP_TYPE.Zombie });
    expect(checkCSpace(kernel)).toEqual([]);
    const { time } = kernel;
    expect(deleteSlot(kernel, cap.object.slot(0))).toBe('done');
    expect(kernel.time - time).toBe(3 * kernel.timing.workUnit);
    expect(cap.object.alive).toBe(false);
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it.each([[0, [false, false]], [2, [true, false]]])('ends when two CNodes hold each other, one in slot %d', (index, alive) => {
    const { kernel, slot, put } = setUp();
    const a = put(slot(1), 'CapTable', 2) as CNodeCap;
    const b = put(a.object.slot(index), 'CapTable', 2) as CNodeCap;
    moveCapability(slot(1), b.object.slot(0), a);
    expect(deleteSlot(kernel, b.object.slot(0))).toBe('done');
    expect([a.object.alive, b.object.alive]).toEqual(alive);
    expect(checkCSpace(kernel)).toEqual([]);
  });
});

describe('preemption', () => {
  it('stops a deletion and lets it go on where it stopped', () => {
    const { kernel, slot, put } = setUp();
    const { object: inner } = put(slot(1), 'CapTable', 10) as CNodeCap;
    for (const i of [5, 500, 1023]) put(inner.slot(i), 'Endpoint');
    kernel.timerDeadline = 0;
    const remaining: number[] = [];
    while (deleteSlot(kernel, slot(1)) === 'preempted') {
      expect(checkCSpace(kernel)).toEqual([]);
      remaining.push((slot(1).cap as ZombieCap).remaining);
    }
    expect(remaining).toHaveLength(10);
    expect(remaining.slice(1).every((n, i) => n < remaining[i]!)).toBe(true);
    expect(remaining[0]).toBeLessThanOrEqual(924);
    expect(kernel.time).toBe(1024 * kernel.timing.workUnit);
    expect(inner.alive).toBe(false);
  });

  it('stops a revocation after the child that was being deleted', () => {
    const { kernel, slot, put, isEmpty } = setUp();
    const cap = put(slot(1), 'Endpoint');
    for (let i = 2; i < 202; i++) insertDerived(slot(i), cap, slot(1));
    kernel.timerDeadline = 0;
    expect(revokeSlot(kernel, slot(1))).toBe('preempted');
    expect(isEmpty(slot(102))).toBe(true);
    expect(isEmpty(slot(101))).toBe(false);
    kernel.timerDeadline = Infinity;
    expect(revokeSlot(kernel, slot(1))).toBe('done');
    expect(slot(1).firstChild).toBeNull();
  });
});

describe('deleting at once', () => {
  it('works for anything without slots of its own', () => {
    const { kernel, slot, put, isEmpty } = setUp();
    put(slot(1), 'Endpoint');
    deleteSlotNow(kernel, slot(1));
    deleteSlotNow(kernel, slot(1));
    expect(isEmpty(slot(1))).toBe(true);
  });

  it('throws for the last capability to a CNode', () => {
    const { kernel, slot, put } = setUp();
    put(slot(1), 'CapTable', 4);
    expect(() => deleteSlotNow(kernel, slot(1))).toThrow(/container/);
  });
});

describe('random webs of CNodes and threads', () => {
  const NODES = 5;
  const where = fc.record({ node: fc.nat(NODES - 1), index: fc.nat(7) });
  const step = fc.record({ op: fc.constantFrom('copy', 'badge', 'move', 'delete', 'revoke'), a: where, b: where });

  it('keep the invariants through every deletion, preempted or not, and go with their untyped', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.constantFrom<Scheduling>('mcs', 'classic'), fc.boolean(), (steps, scheduling, preempts) => {
      const { kernel, slot, put } = setUp(scheduling);
      if (preempts) kernel.timerDeadline = 0;
      const untyped = put(slot(0), 'Untyped', 16);
      replaceCapability(slot(0), { ...untyped, freeIndex: 2 ** 16 } as typeof untyped);
      let next = untyped.object!.paddr;
      const create = (at: Slot, type: ObjectTypeName, bits = 0) => {
        const cap = createObject(kernel, type, bits, next, false);
        next += 2 ** Math.max(11, cap.object!.sizeBits);
        insertChild(at, cap, slot(0));
        return cap;
      };
      const nodes = Array.from({ length: NODES }, (_, i) => (create(slot(i + 1), 'CapTable', 3) as CNodeCap).object);
      nodes.forEach((node) => {
        create(node.slot(1), 'Endpoint');
        const { object: thread } = create(node.slot(2), 'TCB') as ThreadCap;
        insertDerived(thread.slots.cspace, slot(1).cap, slot(1));
      });
      const finish = (operation: () => 'done' | 'preempted'): void => {
        for (let tries = 0; operation() === 'preempted'; tries++) {
          expect(checkCSpace(kernel)).toEqual([]);
          expect(tries).toBeLessThan(1000);
        }
      };

      for (const { op, a, b } of steps) {
        const source = (a.node === 0 ? slot(1 + a.index) : nodes[a.node]!.slot(a.index));
        const dest = nodes[b.node]!.slot(b.index);
        if (!nodes[b.node]!.alive || (a.node !== 0 && !nodes[a.node]!.alive)) continue;
        const { cap } = source;
        if (op === 'delete') {
          finish(() => deleteSlot(kernel, source));
        } else if (op === 'revoke') {
          finish(() => revokeSlot(kernel, source));
        } else if (cap.type !== CAP_TYPE.Null && dest.cap.type === CAP_TYPE.Null) {
          if (op === 'move') moveCapability(source, dest, cap);
          else if (cap.type === CAP_TYPE.Zombie) continue;
          else if (op === 'badge' && cap.type === CAP_TYPE.Endpoint && cap.badge.lo === 0) insertDerived(dest, { ...cap, badge: fromNumber(b.index + 1) }, source);
          else insertDerived(dest, cap, source);
        }
        expect(checkCSpace(kernel)).toEqual([]);
      }
      finish(() => revokeSlot(kernel, slot(0)));
      expect(checkCSpace(kernel)).toEqual([]);
      expect(nodes.map((node) => node.alive)).toEqual(nodes.map(() => false));
    }), { numRuns: 200, seed: 1 });
  });
});
