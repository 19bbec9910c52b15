// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { CAP_TYPE, OBJECT_TYPES, fromNumber, type Scheduling, type WordLike } from '../../../schema/abi/index.ts';
import { NULL_CAP, type UntypedCap, type ZombieCap } from '../capability.ts';
import { insertDerived, insertRoot, replaceCapability } from '../cspace/derivation.ts';
import { SyscallError } from '../errors.ts';
import { decodeCNode } from '../object/cnode.ts';
import { decodeUntyped } from '../object/untyped.ts';
import type { Slot } from '../slot.ts';
import { bareCSpace, bareKernel, place, request, run } from '../testing.ts';
import { checkCSpace } from './cspace.ts';

const BASE = 0x8000_0000;

function setUp(scheduling: Scheduling = 'mcs') {
  const kernel = bareKernel(scheduling);
  const { cnode, root } = bareCSpace(kernel);
  const slot = (i: number): Slot => cnode.slot(i);
  place(kernel, slot(0), 'Untyped', 16, BASE);
  const retype = (type: number, bits: number, offset: number, count: number, from: Slot = slot(0)) =>
    run(kernel, decodeUntyped, request(kernel, from, 'UntypedRetype', [type, bits, 0, 0, offset, count], [root]));
  const call = (method: string, words: WordLike[], extras: Slot[] = []) => run(kernel, decodeCNode, request(kernel, root, method, words, extras));
  return { kernel, root, slot, retype, call };
}

/** An untyped in slot 0 with two endpoints in slots 1 and 2, and a copy of the first in slot 3. */
function setUpTree() {
  const world = setUp();
  world.retype(OBJECT_TYPES.mcs.Endpoint!, 0, 1, 2);
  insertDerived(world.slot(3), world.slot(1).cap, world.slot(1));
  return world;
}

describe('the check of the CSpace', () => {
  it('finds nothing in a sound one', () => {
    expect(checkCSpace(setUpTree().kernel)).toEqual([]);
  });

  it.each<[string, RegExp, (world: ReturnType<typeof setUpTree>) => void]>([
    ['a capability that is not counted', /counts 1 capabilities, there are 2/, ({ slot }) => { slot(1).cap.object!.capCount--; }],
    ['a capability that vanished', /slot 3 .*empty, but in the tree/, ({ slot }) => { slot(3).cap = NULL_CAP; }],
    ['a slot that its parent does not know', /not linked from its parent/, ({ slot }) => { slot(1).firstChild = null; }],
    ['siblings that disagree', /next sibling does not link back/, ({ slot }) => { slot(1).previousSibling = null; }],
    ['siblings with two parents', /next sibling has another parent/, ({ slot }) => { slot(1).parent = slot(2); }],
    ['children of what cannot be revoked', /has children, but is not revocable/, ({ slot }) => { slot(1).revocable = false; }],
    ['an empty slot that is revocable', /empty, but revocable/, ({ slot }) => { slot(9).revocable = true; }],
    ['a capability below one to another object', /not covered by/, ({ slot }) => { slot(3).parent = slot(2); }],
    ['a capability to a destroyed object', /refers to a destroyed object/, ({ kernel, slot }) => { kernel.destroy(slot(1).cap.object!); }],
    ['an object above the watermark', /lies above the watermark/, ({ slot }) => { replaceCapability(slot(0), { ...(slot(0).cap as UntypedCap), freeIndex: 16 }); }],
    ['a watermark outside the region', /watermark 65552 out of range/, ({ slot }) => { replaceCapability(slot(0), { ...(slot(0).cap as UntypedCap), freeIndex: 2 ** 16 + 16 }); }],
    ['objects in the same place', /overlaps/, ({ slot }) => { Object.assign(slot(2).cap.object!, { paddr: BASE }); }],
    ['a ring', /above is a ring/, ({ slot }) => { slot(0).parent = slot(3); }],
    ['a root with siblings', /a root with siblings/, ({ slot }) => { slot(0).nextSibling = slot(9); }],
  ])('finds %s', (_what, message, spoil) => {
    const world = setUpTree();
    spoil(world);
    expect(checkCSpace(world.kernel).join('\n')).toMatch(message);
  });

  it('finds nothing wrong with copies of capabilities that have no object', () => {
    const { kernel, slot } = setUp();
    insertRoot(slot(8), { type: CAP_TYPE.ASIDControl, object: null });
    slot(8).revocable = true;
    insertDerived(slot(9), slot(8).cap, slot(8));
    expect(slot(9).parent).toBe(slot(8));
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('finds a zombie with slots that should be empty', () => {
    const { kernel, slot, retype } = setUp();
    retype(OBJECT_TYPES.mcs.CapTable!, 2, 1, 1);
    const zombie: ZombieCap = { type: CAP_TYPE.Zombie, object: slot(1).cap.object as ZombieCap['object'], remaining: 2 };
    replaceCapability(slot(1), zombie);
    expect(checkCSpace(kernel)).toEqual([]);
    place(kernel, (zombie.object as { slot(i: number): Slot }).slot(3), 'Endpoint');
    expect(checkCSpace(kernel).join()).toMatch(/slot 3 of the zombie is not empty/);
  });
});

describe('random sequences of CNode methods and retypes', () => {
  /** Where a slot is: in the root, or (with `inner`) in what that slot of the root should be, a CNode of 8 slots. */
  interface Place {
    readonly index: number;
    readonly inner?: number;
  }
  const OPERATIONS = [
    'CNodeCopy', 'CNodeMint', 'CNodeMove', 'CNodeMutate', 'CNodeRotate', 'CNodeDelete', 'CNodeRevoke', 'CNodeCancelBadgedSends',
    'CNodeSaveCaller', 'UntypedRetype',
  ] as const;
  const anywhere = fc.oneof<fc.WeightedArbitrary<Place>[]>(
    { weight: 12, arbitrary: fc.record({ index: fc.nat(15) }) },
    { weight: 6, arbitrary: fc.record({ index: fc.integer({ min: 1, max: 3 }), inner: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.record({ index: fc.nat(15), inner: fc.nat(7) }) },
    { weight: 1, arbitrary: fc.record({ index: fc.constant(200) }) },
  );
  const step = fc.record({
    op: fc.constantFrom(...OPERATIONS), a: anywhere, b: anywhere, c: anywhere, data: fc.constantFrom(0, 1, 2, 64 + 3),
    rights: fc.oneof(fc.constant(15), fc.nat(15)), type: fc.nat(10), bits: fc.constantFrom(3, 4, 7, 12), count: fc.integer({ min: 1, max: 3 }),
  });
  const seed = 1;

  it('keep the invariants, and a method that fails changes nothing', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.constantFrom<Scheduling>('mcs', 'classic'), fc.boolean(), (steps, scheduling, preempts) => {
      const { kernel, root, slot, call, retype } = setUp(scheduling);
      const types = OBJECT_TYPES[scheduling];
      retype(types.CapTable!, 3, 1, 3);
      retype(types.Endpoint!, 0, 4, 1);
      retype(types.Notification!, 0, 5, 1);
      retype(types.TCB!, 0, 6, 1);
      retype(types.Untyped!, 13, 7, 1);
      if (preempts) kernel.timerDeadline = 0;
      // A guard of 50 bits leaves room below the root: an index alone has depth 58, one with `inner` three bits more.
      replaceCapability(root, { ...root.cap, guardSize: 50, guard: fromNumber(0) } as typeof root.cap);
      const words = ({ index, inner }: Place): WordLike[] => (inner === undefined ? [index, 58] : [8 * index + inner, 61]);
      for (const { op, a, b, c, data, rights, type, bits, count } of steps) {
        const untyped = Array.from({ length: 16 }, (_, i) => slot((b.index + i) % 16)).find((s) => s.cap.type === CAP_TYPE.Untyped);
        const perform = () => {
          switch (op) {
            case 'UntypedRetype': return untyped === undefined ? 'done' : retype(type, bits, a.index, count, untyped);
            case 'CNodeCopy': return call(op, [...words(b), ...words(a), rights], [root]);
            case 'CNodeMint': return call(op, [...words(b), ...words(a), rights, data], [root]);
            case 'CNodeMove': return call(op, [...words(b), ...words(a)], [root]);
            case 'CNodeMutate': return call(op, [...words(b), ...words(a), data], [root]);
            case 'CNodeRotate': return call(op, [...words(c), data, ...words(b), data, ...words(a)], [root, root]);
            default: return call(op, words(a));
          }
        };
        const before = describeSlots(slot);
        let result = perform();
        if (result instanceof SyscallError) expect(describeSlots(slot)).toEqual(before);
        for (let tries = 0; result === 'preempted'; tries++) {
          expect(checkCSpace(kernel)).toEqual([]);
          expect(tries).toBeLessThan(1000);
          result = perform();
        }
        expect(checkCSpace(kernel)).toEqual([]);
      }
    }), { numRuns: 300, seed });
  });

  function describeSlots(slot: (i: number) => Slot): unknown[] {
    return Array.from({ length: 16 }, (_, i) => {
      const { cap, parent, firstChild, nextSibling } = slot(i);
      return [cap, parent?.index, firstChild?.index, nextSibling?.index];
    });
  }
});
