// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import {
  CAP_TYPE, CAP_TYPE_NAMES, OBJECT_TYPES, type ObjectTypeName, type Scheduling, type WordLike,
} from '../../../schema/abi/index.ts';
import type { CNodeCap, UntypedCap } from '../capability.ts';
import { insertRoot, replaceCapability } from '../cspace/derivation.ts';
import { revokeSlot } from '../cspace/delete.ts';
import { checkCSpace } from '../invariants/cspace.ts';
import { UntypedRegion } from '../objects.ts';
import type { Slot } from '../slot.ts';
import { bareCSpace, bareKernel, errorWords, place, request, run } from '../testing.ts';
import { decodeUntyped } from './untyped.ts';

const RADIX = 8;
const BASE = 0x8000_0000;

function setUp(scheduling: Scheduling = 'mcs', sizeBits = 20, isDevice = false) {
  const kernel = bareKernel(scheduling);
  const { cnode, root } = bareCSpace(kernel, RADIX);
  const slot = (i: number): Slot => cnode.slot(i);
  const untyped = slot(0);
  const region = kernel.register(new UntypedRegion(kernel.nextId(), BASE, sizeBits, isDevice));
  insertRoot(untyped, { type: CAP_TYPE.Untyped, object: region, freeIndex: 0 });
  const call = (words: WordLike[], extras: Slot[] = [root], from: Slot = untyped) =>
    run(kernel, decodeUntyped, request(kernel, from, 'UntypedRetype', words, extras));
  /** Creates objects in slots from `offset` on, in the root CNode. */
  const retype = (type: ObjectTypeName, bits: number, offset: number, count = 1, from: Slot = untyped) =>
    call([OBJECT_TYPES[scheduling][type]!, bits, 0, 0, offset, count], [root], from);
  const watermark = () => (untyped.cap as UntypedCap).freeIndex;
  return { kernel, root, slot, untyped, call, retype, watermark };
}

describe('creation', () => {
  it('fills slots in order with objects that follow each other', () => {
    const { kernel, slot, retype, watermark } = setUp();
    expect(retype('TCB', 0, 10, 3)).toBe('done');
    expect([10, 11, 12].map((i) => slot(i).cap.object!.paddr)).toEqual([BASE, BASE + 2048, BASE + 4096]);
    expect(watermark()).toBe(3 * 2048);
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('aligns objects to their size', () => {
    const { slot, retype, watermark } = setUp();
    retype('Endpoint', 0, 10);
    retype('RISCV_4K_Page', 0, 11);
    expect(slot(11).cap.object!.paddr).toBe(BASE + 4096);
    expect(watermark()).toBe(8192);
  });

  it.each(['mcs', 'classic'] as const)('knows every type of a %s kernel', (scheduling) => {
    const types = Object.keys(OBJECT_TYPES[scheduling]) as ObjectTypeName[];
    const { kernel, slot, retype } = setUp(scheduling, 33);
    const bits: Partial<Record<ObjectTypeName, number>> = { Untyped: 4, CapTable: 1, SchedContext: 7 };
    const made = types.map((type, i) => {
      expect(retype(type, bits[type] ?? 0, 10 + i)).toBe('done');
      return CAP_TYPE_NAMES.get(slot(10 + i).cap.type);
    });
    expect(made).toEqual(scheduling === 'mcs'
      ? ['Untyped', 'Thread', 'Endpoint', 'Notification', 'CNode', 'SchedContext', 'Reply', 'Frame', 'Frame', 'Frame', 'PageTable']
      : ['Untyped', 'Thread', 'Endpoint', 'Notification', 'CNode', 'Frame', 'Frame', 'Frame', 'PageTable']);
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('goes on at the watermark while there are children, and starts again without', () => {
    const { kernel, slot, untyped, retype } = setUp();
    retype('TCB', 0, 10);
    retype('TCB', 0, 11);
    expect(slot(11).cap.object!.paddr).toBe(BASE + 2048);
    revokeSlot(kernel, untyped);
    retype('Endpoint', 0, 12);
    expect(slot(12).cap.object!.paddr).toBe(BASE);
  });

  it('puts objects into a CNode at a depth', () => {
    const { kernel, root, call, retype, slot } = setUp();
    retype('CapTable', 4, 10);
    const inner = (slot(10).cap as CNodeCap).object;
    expect(call([OBJECT_TYPES.mcs.Endpoint!, 0, 10, 64, 3, 2])).toBe('done');
    expect([3, 4].map((i) => inner.slot(i).cap.type)).toEqual([CAP_TYPE.Endpoint, CAP_TYPE.Endpoint]);
    expect(root.cap.type).toBe(CAP_TYPE.CNode);
    expect(checkCSpace(kernel)).toEqual([]);
  });
});

describe('checks', () => {
  const { TCB, Untyped, CapTable, SchedContext } = OBJECT_TYPES.mcs as Record<ObjectTypeName, number>;
  const error = (words: WordLike[], extras?: Slot[]) => {
    const { call, root, slot, kernel } = setUp();
    place(kernel, slot(20), 'Endpoint');
    return errorWords(call(words, extras ?? [root]));
  };

  it('want a known method, six words and a root', () => {
    const { kernel, untyped } = setUp();
    expect(errorWords(run(kernel, decodeUntyped, request(kernel, untyped, 'CNodeCopy'))).error).toBe('IllegalOperation');
    expect(error([TCB, 0, 0, 0, 1]).error).toBe('TruncatedMessage');
    expect(error([TCB, 0, 0, 0, 1, 1], []).error).toBe('TruncatedMessage');
  });

  it('come in the order type, size, least size, node, offset, count, window, occupied slots', () => {
    const bad = { type: 11, bits: 64, depth: 65, offset: 256, count: 257 };
    expect(error([bad.type, bad.bits, 0, bad.depth, bad.offset, bad.count])).toEqual({ error: 'InvalidArgument', words: [0n] });
    expect(error([TCB, bad.bits, 0, bad.depth, bad.offset, bad.count])).toEqual({ error: 'RangeError', words: [0n, 38n] });
    expect(error([CapTable, 0, 0, bad.depth, bad.offset, bad.count])).toEqual({ error: 'InvalidArgument', words: [1n] });
    expect(error([TCB, 0, 0, bad.depth, bad.offset, bad.count])).toEqual({ error: 'RangeError', words: [1n, 64n] });
    expect(error([TCB, 0, 20, 64, bad.offset, bad.count])).toEqual({ error: 'FailedLookup', words: [0n, 2n, 64n] });
    expect(error([TCB, 0, 0, 0, bad.offset, bad.count])).toEqual({ error: 'RangeError', words: [0n, 255n] });
    expect(error([TCB, 0, 0, 0, 250, bad.count])).toEqual({ error: 'RangeError', words: [1n, 256n] });
    expect(error([TCB, 0, 0, 0, 250, 0])).toEqual({ error: 'RangeError', words: [1n, 256n] });
    expect(error([TCB, 0, 0, 0, 250, 7])).toEqual({ error: 'RangeError', words: [1n, 6n] });
    expect(error([TCB, 0, 0, 0, 18, 3])).toEqual({ error: 'DeleteFirst', words: [] });
  });

  it.each([
    [Untyped, 3, 'InvalidArgument', [1n]], [Untyped, 39, 'RangeError', [0n, 38n]], [CapTable, 34, 'RangeError', [0n, 38n]],
    [SchedContext, 6, 'InvalidArgument', [1n]], [TCB, 2n ** 64n - 1n, 'RangeError', [0n, 38n]],
  ] as const)('refuse type %d with size_bits %d', (type, bits, name, words) => {
    expect(error([type, bits, 0, 0, 1, 1])).toEqual({ error: name, words });
  });

  it('say that a root which is no CNode has no such node', () => {
    const { kernel, slot, call } = setUp();
    place(kernel, slot(20), 'Endpoint');
    expect(errorWords(call([TCB, 0, 0, 0, 1, 1], [slot(20)]))).toEqual({ error: 'FailedLookup', words: [0n, 2n, 0n] });
    expect(errorWords(call([TCB, 0, 0, 8, 1, 1], [slot(20)]))).toEqual({ error: 'FailedLookup', words: [0n, 1n] });
  });

  it('report the memory that is left', () => {
    const { retype } = setUp('mcs', 12);
    expect(errorWords(retype('TCB', 0, 10, 3))).toEqual({ error: 'NotEnoughMemory', words: [4096n] });
    retype('Endpoint', 0, 10);
    expect(errorWords(retype('TCB', 0, 11, 2))).toEqual({ error: 'NotEnoughMemory', words: [4080n] });
    expect(retype('TCB', 0, 11, 1)).toBe('done');
  });

  it('allow device memory to become frames and untypeds only', () => {
    const { kernel, slot, retype } = setUp('mcs', 22, true);
    expect(errorWords(retype('TCB', 0, 10))).toEqual({ error: 'InvalidArgument', words: [1n] });
    expect(retype('Untyped', 12, 10)).toBe('done');
    expect(retype('RISCV_Mega_Page', 0, 11)).toBe('done');
    expect(slot(11).cap.object).toMatchObject({ isDevice: true });
    expect(errorWords(retype('RISCV_Giga_Page', 0, 12)).error).toBe('NotEnoughMemory');
    expect(checkCSpace(kernel)).toEqual([]);
  });
});

describe('clearing', () => {
  const full = (slot: Slot): void => {
    const cap = slot.cap as UntypedCap;
    replaceCapability(slot, { ...cap, freeIndex: 2 ** cap.object.sizeBits });
  };

  it('takes a unit of work for each 256 bytes that were in use', () => {
    const { kernel, untyped, retype } = setUp('mcs', 16);
    full(untyped);
    retype('TCB', 0, 10);
    expect(kernel.time).toBe(256 * kernel.timing.workUnit);
  });

  it('costs nothing for device memory', () => {
    const { kernel, untyped, retype } = setUp('mcs', 16, true);
    full(untyped);
    expect(retype('RISCV_4K_Page', 0, 10)).toBe('done');
    expect(kernel.time).toBe(0);
  });

  it('stops at a preemption point, and goes on from there', () => {
    const { kernel, slot, untyped, retype, watermark } = setUp('mcs', 20);
    full(untyped);
    kernel.timerDeadline = 0;
    const marks: number[] = [];
    while (retype('TCB', 0, 10) === 'preempted') {
      marks.push(watermark());
      expect(slot(10).cap.type).toBe(CAP_TYPE.Null);
    }
    expect(marks).toHaveLength(40);
    expect(marks[0]).toBe(2 ** 20 - 100 * 256);
    marks.forEach((mark, i) => { if (i > 0) expect(mark).toBe(marks[i - 1]! - 100 * 256); });
    expect(slot(10).cap.object!.paddr).toBe(BASE);
    expect(watermark()).toBe(2048);
  });
});

describe('random retypes', () => {
  const step = fc.record({
    type: fc.constantFrom<ObjectTypeName>('Untyped', 'TCB', 'Endpoint', 'Notification', 'CapTable', 'Reply', 'RISCV_4K_Page', 'RISCV_PageTable', 'SchedContext'),
    bits: fc.integer({ min: 0, max: 14 }), offset: fc.integer({ min: 0, max: 63 }), count: fc.integer({ min: 0, max: 9 }), from: fc.nat(63), revokes: fc.boolean(),
  });

  it('never overlap, and never leave the untyped', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const { kernel, slot, untyped, retype } = setUp('mcs', 16);
      for (const { type, bits, offset, count, from, revokes } of steps) {
        const source = slot(from).cap.type === CAP_TYPE.Untyped ? slot(from) : untyped;
        if (revokes && bits === 0) revokeSlot(kernel, source);
        else retype(type, bits, offset, count, source);
        expect(checkCSpace(kernel)).toEqual([]);
      }
    }), { numRuns: 100, seed: 1 });
  });
});
