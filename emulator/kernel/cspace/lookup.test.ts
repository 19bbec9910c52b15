// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { CAP_TYPE, ERROR, SLOT_BITS, fromBigInt, toBigInt } from '../../../schema/abi/index.ts';
import type { CNodeCap } from '../capability.ts';
import { SyscallError, depthMismatch, guardMismatch, invalidRoot } from '../errors.ts';
import { CNode } from '../objects.ts';
import { Slot } from '../slot.ts';
import { bareKernel, place } from '../testing.ts';
import { lookupCapability, lookupSlotForCNodeOp } from './lookup.ts';

const kernel = bareKernel('mcs');

function cnodeCap(radix: number, guardSize: number, guard: bigint): CNodeCap {
  return { type: CAP_TYPE.CNode, object: new CNode(kernel.nextId(), 0, radix, SLOT_BITS), guardSize, guard: fromBigInt(guard) };
}

function lookup(root: CNodeCap, index: bigint, depth: number, isSource = false) {
  const { lo, hi } = fromBigInt(index);
  return lookupSlotForCNodeOp(isSource, root, lo, hi, depth);
}

function words(result: Slot | SyscallError): bigint[] {
  if (result instanceof Slot) throw new Error('found a slot');
  return [BigInt(result.label), ...result.words.map(toBigInt)];
}

describe('lookup of a slot at a depth', () => {
  it('takes the index after the guard', () => {
    const root = cnodeCap(8, 56, 0n);
    expect(lookup(root, 0x2an, 64)).toBe(root.object.slot(0x2a));
  });

  it('walks from CNode to CNode until the depth is used up', () => {
    const root = cnodeCap(4, 3, 0b101n);
    const inner = cnodeCap(8, 2, 0b10n);
    root.object.slot(9).cap = inner;
    expect(lookup(root, 0b101_1001_10_00000111n, 17)).toBe(inner.object.slot(7));
    expect(lookup(root, 0b101_1001n, 7)).toBe(root.object.slot(9));
  });

  it('uses only the lowest bits of the index', () => {
    const root = cnodeCap(4, 0, 0n);
    expect(lookup(root, 0xffff_ffff_ffff_fff3n, 4)).toBe(root.object.slot(3));
  });

  it('says InvalidRoot before it looks at the depth', () => {
    const result = lookupSlotForCNodeOp(true, { type: CAP_TYPE.Domain, object: null }, 0, 0, 65);
    expect(words(result)).toEqual([BigInt(ERROR.FailedLookup), 1n, 1n]);
  });

  it.each([0, 65, Infinity])('refuses depth %d with the range 1..64', (depth) => {
    expect(words(lookup(cnodeCap(8, 56, 0n), 0n, depth))).toEqual([BigInt(ERROR.RangeError), 1n, 64n]);
  });

  it('reports a wrong guard with the bits that were left, the guard and its size', () => {
    const root = cnodeCap(8, 4, 0b0110n);
    expect(words(lookup(root, 0b0111_00000000n, 12, true))).toEqual([BigInt(ERROR.FailedLookup), 1n, 4n, 12n, 0b0110n, 4n]);
  });

  it('reports a guard that is longer than what is left as a guard mismatch', () => {
    expect(words(lookup(cnodeCap(8, 4, 0n), 0n, 3))).toEqual([BigInt(ERROR.FailedLookup), 0n, 4n, 3n, 0n, 4n]);
  });

  it('reports a level that resolves more than is left, with what it would resolve', () => {
    expect(words(lookup(cnodeCap(8, 4, 0n), 0n, 7))).toEqual([BigInt(ERROR.FailedLookup), 0n, 3n, 7n, 12n]);
  });

  it('reports bits that are left over, with nothing found', () => {
    expect(words(lookup(cnodeCap(8, 4, 0n), 0n, 20))).toEqual([BigInt(ERROR.FailedLookup), 0n, 3n, 8n, 0n]);
  });

  it('finds every slot that a random path of CNodes leads to', () => {
    const level = fc.record({ radix: fc.integer({ min: 1, max: 9 }), guardSize: fc.integer({ min: 0, max: 40 }), seed: fc.bigInt({ min: 0n, max: 2n ** 58n - 1n }) });
    fc.assert(fc.property(fc.array(level, { minLength: 1, maxLength: 6 }), (levels) => {
      let bits = 0;
      let index = 0n;
      const path: { cap: CNodeCap; slot: number }[] = [];
      for (const { radix, guardSize, seed } of levels) {
        if (bits + radix + guardSize > 64) break;
        bits += radix + guardSize;
        const guard = seed & ((1n << BigInt(guardSize)) - 1n);
        const slot = Number((seed >> 7n) & ((1n << BigInt(radix)) - 1n));
        index = (((index << BigInt(guardSize)) | guard) << BigInt(radix)) | BigInt(slot);
        const cap = cnodeCap(radix, guardSize, guard);
        const above = path.at(-1);
        if (above !== undefined) above.cap.object.slot(above.slot).cap = cap;
        path.push({ cap, slot });
      }
      const last = path.at(-1)!;
      expect(lookup(path[0]!.cap, index, bits)).toBe(last.cap.object.slot(last.slot));
    }), { seed: 1 });
  });

  it('finds a guard of every size that a 64-bit index can hold, and misses any other', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 63 }), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), fc.nat(62), (guardSize, seed, flip) => {
      const guard = seed & ((1n << BigInt(guardSize)) - 1n);
      const root = cnodeCap(1, guardSize, guard);
      expect(lookup(root, guard << 1n, guardSize + 1)).toBe(root.object.slot(0));
      const wrong = guard ^ (1n << BigInt(flip % guardSize));
      expect(lookup(root, wrong << 1n, guardSize + 1)).toBeInstanceOf(SyscallError);
    }), { seed: 1 });
  });
});

describe('lookup for an invocation', () => {
  const owner = bareKernel('mcs');
  const holder = new CNode(owner.nextId(), 0, 4, SLOT_BITS);
  const thread = place(owner, holder.slot(0), 'TCB');
  if (thread.type !== CAP_TYPE.Thread) throw new Error('not a thread');
  const find = (index: bigint) => {
    const { lo, hi } = fromBigInt(index);
    return lookupCapability(owner, thread.object, lo, hi);
  };

  it('fails without a CSpace', () => {
    expect(find(0n)).toEqual(invalidRoot());
  });

  it('ignores bits that are left when there is no CNode to go on with', () => {
    const root = cnodeCap(8, 0, 0n);
    thread.object.slots.cspace.cap = root;
    expect(find(0x05ff_ffff_ffff_ffffn)).toBe(root.object.slot(5));
  });

  it('reports failures with what was left', () => {
    const root = cnodeCap(8, 4, 0b1111n);
    thread.object.slots.cspace.cap = root;
    expect(find(0n)).toEqual(guardMismatch(64, { lo: 0xf, hi: 0 }, 4));
    const inner = cnodeCap(20, 20, 0n);
    root.object.slot(0).cap = inner;
    inner.object.slot(0).cap = cnodeCap(24, 0, 0n);
    expect(find(0xf000_0000_0000_0000n)).toEqual(depthMismatch(12, 24));
  });
});
