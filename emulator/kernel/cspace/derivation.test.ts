// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { CAP_TYPE, fromNumber } from '../../../schema/abi/index.ts';
import type { EndpointCap } from '../capability.ts';
import { checkCSpace } from '../invariants/cspace.ts';
import { createObject } from '../object/object-types.ts';
import type { Slot } from '../slot.ts';
import { bareCSpace, bareKernel, place } from '../testing.ts';
import {
  capabilityChanges, hasChildren, insertChild, insertDerived, insertRoot, isFinal, moveCapability, removeCapability, replaceCapability, swapCapabilities,
} from './derivation.ts';

function setUp() {
  const kernel = bareKernel('classic');
  const { cnode } = bareCSpace(kernel);
  const slot = (i: number): Slot => cnode.slot(i);
  const endpoint = place(kernel, slot(0), 'Endpoint') as EndpointCap;
  return { kernel, slot, endpoint };
}

function children(slot: Slot): number[] {
  const found: number[] = [];
  for (let child = slot.firstChild; child !== null; child = child.nextSibling) found.push(child.index);
  return found;
}

describe('the derivation tree', () => {
  it('counts every change of a slot, and nothing else', () => {
    const { slot, endpoint } = setUp();
    const count = (change: () => void): number => {
      const before = capabilityChanges();
      change();
      return capabilityChanges() - before;
    };
    expect([
      count(() => insertDerived(slot(1), endpoint, slot(0))), count(() => insertChild(slot(2), endpoint, slot(0))), count(() => moveCapability(slot(2), slot(3), endpoint)),
      count(() => swapCapabilities(slot(1), slot(3))), count(() => replaceCapability(slot(1), endpoint)), count(() => removeCapability(slot(1))),
      count(() => insertRoot(slot(5), endpoint)), count(() => isFinal(endpoint)), count(() => hasChildren(slot(0))),
    ]).toEqual([1, 1, 1, 1, 1, 1, 1, 0, 0]);
  });

  it('makes a copy of an original its child, and a copy of a copy a sibling', () => {
    const { slot, endpoint } = setUp();
    insertDerived(slot(1), endpoint, slot(0));
    insertDerived(slot(2), endpoint, slot(1));
    insertDerived(slot(3), endpoint, slot(0));
    expect(children(slot(0))).toEqual([3, 1, 2]);
    expect(hasChildren(slot(1))).toBe(false);
  });

  it('makes a badged capability an original of its own', () => {
    const { slot, endpoint } = setUp();
    const badged = { ...endpoint, badge: fromNumber(7) };
    insertDerived(slot(1), endpoint, slot(0));
    insertDerived(slot(2), badged, slot(1));
    insertDerived(slot(3), badged, slot(2));
    insertDerived(slot(4), badged, slot(3));
    expect(children(slot(0))).toEqual([1, 2]);
    expect(children(slot(2))).toEqual([3, 4]);
  });

  it('moves what was derived up one level when a capability goes', () => {
    const { slot, endpoint } = setUp();
    const badged = { ...endpoint, badge: fromNumber(7) };
    for (const i of [1, 2, 3]) insertDerived(slot(i), i === 2 ? badged : endpoint, slot(0));
    insertDerived(slot(4), badged, slot(2));
    insertDerived(slot(5), badged, slot(2));
    removeCapability(slot(2));
    expect(children(slot(0))).toEqual([3, 5, 4, 1]);
    removeCapability(slot(0));
    expect([3, 5, 4, 1].map((i) => slot(i).parent)).toEqual([null, null, null, null]);
  });

  it('leaves an untyped without free memory when it is copied', () => {
    const kernel = bareKernel('mcs');
    const { cnode } = bareCSpace(kernel);
    const cap = place(kernel, cnode.slot(0), 'Untyped', 12);
    insertDerived(cnode.slot(1), cap, cnode.slot(0));
    expect(cnode.slot(0).cap).toMatchObject({ freeIndex: 4096 });
    expect(cnode.slot(1).cap).toMatchObject({ freeIndex: 0 });
    expect(cnode.slot(1).revocable).toBe(true);
  });

  it('counts capabilities: the last one is final', () => {
    const { slot, endpoint } = setUp();
    expect(isFinal(endpoint)).toBe(true);
    insertDerived(slot(1), endpoint, slot(0));
    expect(isFinal(endpoint)).toBe(false);
    expect(removeCapability(slot(0))).toBeNull();
    expect(removeCapability(slot(1))).toBe(endpoint.object);
  });

  it('does not count a reply capability of a classic kernel as one to the thread', () => {
    const { kernel, slot } = setUp();
    const thread = place(kernel, slot(10), 'TCB');
    if (thread.type !== CAP_TYPE.Thread) throw new Error('not a thread');
    const { reply, caller } = thread.object.slots;
    insertRoot(reply, { type: CAP_TYPE.Reply, object: thread.object, canGrant: true, master: true });
    insertDerived(caller, { type: CAP_TYPE.Reply, object: thread.object, canGrant: true, master: false }, reply);
    expect(isFinal(thread)).toBe(true);
    expect(removeCapability(caller)).toBeNull();
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('exchanges a parent with its own child', () => {
    const { kernel, slot, endpoint } = setUp();
    insertDerived(slot(1), endpoint, slot(0));
    insertDerived(slot(2), endpoint, slot(0));
    swapCapabilities(slot(0), slot(1));
    expect(children(slot(1))).toEqual([2, 0]);
    expect(slot(1).revocable).toBe(true);
    expect(slot(0).revocable).toBe(false);
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('exchanges a capability with an empty slot', () => {
    const { kernel, slot, endpoint } = setUp();
    insertDerived(slot(1), endpoint, slot(0));
    swapCapabilities(slot(9), slot(0));
    expect(slot(0).cap.type).toBe(CAP_TYPE.Null);
    expect(children(slot(9))).toEqual([1]);
    expect(checkCSpace(kernel)).toEqual([]);
  });
});

/** A tree as the list of its slots in the order of a revocation, each with its depth. */
type Outline = { index: number; depth: number }[];

function outlineOf(slots: readonly Slot[]): Outline {
  const outline: Outline = [];
  const add = (slot: Slot, depth: number): void => {
    outline.push({ index: slot.index, depth });
    for (let child = slot.firstChild; child !== null; child = child.nextSibling) add(child, depth + 1);
  };
  slots.filter((s) => s.cap.type !== CAP_TYPE.Null && s.parent === null).forEach((s) => add(s, 0));
  return outline;
}

type Step = { op: 'copy' | 'badge' | 'create' | 'move' | 'swap' | 'remove'; a: number; b: number };

describe('random changes of the derivation tree', () => {
  const SLOTS = 24;
  const step = fc.record({
    op: fc.constantFrom<Step['op']>('copy', 'badge', 'create', 'move', 'swap', 'remove'), a: fc.nat(SLOTS - 1), b: fc.nat(SLOTS - 1),
  });

  it('keep it the tree that its outline says', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const kernel = bareKernel('mcs');
      const { cnode } = bareCSpace(kernel);
      const slots = Array.from({ length: SLOTS }, (_, i) => cnode.slot(i));
      const untyped = place(kernel, slots[0]!, 'Untyped', 20, 0x8000_0000);
      replaceCapability(slots[0]!, { ...untyped, freeIndex: 2 ** 20 } as typeof untyped);
      let outline: Outline = [{ index: 0, depth: 0 }];
      let made = 0;

      const at = (index: number): number => outline.findIndex((e) => e.index === index);
      const insertAfter = (source: number, index: number, asChild: boolean): void => {
        const place = at(source);
        outline.splice(place + 1, 0, { index, depth: outline[place]!.depth + (asChild ? 1 : 0) });
      };
      const subtreeEnd = (start: number): number => {
        let end = start + 1;
        while (end < outline.length && outline[end]!.depth > outline[start]!.depth) end++;
        return end;
      };

      for (const { op, a, b } of steps) {
        const [source, dest] = [slots[a]!, slots[b]!];
        const isEmpty = dest.cap.type === CAP_TYPE.Null;
        const cap = source.cap;
        if (op === 'swap') {
          if (a === b) continue;
          swapCapabilities(source, dest);
          outline = outline.map((e) => ({ ...e, index: e.index === a ? b : e.index === b ? a : e.index }));
        } else if (cap.type === CAP_TYPE.Null) {
          continue;
        } else if (op === 'remove') {
          if (cap.type === CAP_TYPE.Untyped) continue;
          const start = at(a);
          const end = subtreeEnd(start);
          for (let i = start + 1; i < end; i++) outline[i] = { ...outline[i]!, depth: outline[i]!.depth - 1 };
          outline.splice(start, 1);
          const last = removeCapability(source);
          if (last !== null) kernel.destroy(last);
        } else if (!isEmpty) {
          continue;
        } else if (op === 'move') {
          moveCapability(source, dest, cap);
          outline[at(a)]!.index = b;
        } else if (op === 'create') {
          if (cap.type !== CAP_TYPE.Untyped) continue;
          insertChild(dest, createObject(kernel, 'Endpoint', 0, 0x8000_0000 + 16 * made++, false), source);
          insertAfter(a, b, true);
        } else if (cap.type === CAP_TYPE.Endpoint) {
          const derived = op === 'badge' && cap.badge.lo === 0 ? { ...cap, badge: fromNumber(1 + b) } : cap;
          const asChild = source.revocable;
          insertDerived(dest, derived, source);
          insertAfter(a, b, asChild);
        }
      }
      expect(checkCSpace(kernel)).toEqual([]);
      expect(outlineOf(slots)).toEqual(outline);
    }), { numRuns: 300, seed: 1 });
  });
});
