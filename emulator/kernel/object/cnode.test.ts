// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { CAP_TYPE, RIGHTS, STATE, fromNumber, type ObjectTypeName, type Scheduling, type WordLike } from '../../../schema/abi/index.ts';
import type { EndpointCap, ThreadCap } from '../capability.ts';
import { insertDerived, insertRoot } from '../cspace/derivation.ts';
import { checkCSpace } from '../invariants/cspace.ts';
import type { Slot } from '../slot.ts';
import { bareCSpace, bareKernel, errorWords, place, request, run } from '../testing.ts';
import { decodeCNode } from './cnode.ts';

const DEPTH = 64;

function setUp(scheduling: Scheduling = 'mcs') {
  const kernel = bareKernel(scheduling);
  const { cnode, root } = bareCSpace(kernel);
  const slot = (i: number): Slot => cnode.slot(i);
  const put = (i: number, type: ObjectTypeName = 'TCB', bits = 0) => place(kernel, slot(i), type, bits);
  const call = (method: string, words: WordLike[], extras: Slot[] = []) => run(kernel, decodeCNode, request(kernel, root, method, words, extras));
  const copy = (from: number, to: number, rights: number = RIGHTS.all) => call('CNodeCopy', [to, DEPTH, from, DEPTH, rights], [root]);
  const mint = (from: number, to: number, data: WordLike, rights: number = RIGHTS.all) =>
    call('CNodeMint', [to, DEPTH, from, DEPTH, rights, data], [root]);
  const move = (from: number, to: number) => call('CNodeMove', [to, DEPTH, from, DEPTH], [root]);
  const mutate = (from: number, to: number, data: WordLike) => call('CNodeMutate', [to, DEPTH, from, DEPTH, data], [root]);
  const rotate = (from: number, pivot: number, to: number, toData = 0, pivotData = 0) =>
    call('CNodeRotate', [to, DEPTH, toData, pivot, DEPTH, pivotData, from, DEPTH], [root, root]);
  const isEmpty = (i: number): boolean => slot(i).cap.type === CAP_TYPE.Null;
  return { kernel, root, slot, put, call, copy, mint, move, mutate, rotate, isEmpty };
}

const failedLookup = (isSource: 0n | 1n) => ({ error: 'FailedLookup', words: [isSource, 2n, 64n] });

describe('every CNode method', () => {
  it('is refused for a label of another interface', () => {
    const { call } = setUp();
    expect(errorWords(call('TCBSuspend', []))).toEqual({ error: 'IllegalOperation', words: [] });
  });

  it('wants two words before anything else', () => {
    const { call } = setUp();
    for (const method of ['CNodeRevoke', 'CNodeDelete', 'CNodeCancelBadgedSends', 'CNodeCopy', 'CNodeRotate']) {
      expect(errorWords(call(method, [1]))).toEqual({ error: 'TruncatedMessage', words: [] });
    }
  });

  it('reports a bad depth, the high lane included', () => {
    const { call } = setUp();
    for (const depth of [0, 65, 2 ** 32 + 8]) {
      expect(errorWords(call('CNodeDelete', [1, depth]))).toEqual({ error: 'RangeError', words: [1n, 64n] });
    }
  });

  it('looks the first slot up before it misses the rest of the message', () => {
    const { call } = setUp();
    expect(errorWords(call('CNodeCopy', [1, 65])).error).toBe('RangeError');
    expect(errorWords(call('CNodeCopy', [1, DEPTH])).error).toBe('TruncatedMessage');
  });
});

describe('Copy', () => {
  it('fills an empty slot', () => {
    const { kernel, slot, put, copy } = setUp();
    const cap = put(1);
    expect(copy(1, 2)).toBe('done');
    expect(slot(2).cap).toBe(cap);
    expect(slot(2).parent).toBe(slot(1));
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('masks rights', () => {
    const { slot, put, copy } = setUp();
    put(1, 'Endpoint');
    copy(1, 2, RIGHTS.write);
    expect(slot(2).cap).toMatchObject({ canSend: true, canReceive: false, canGrant: false, canGrantReply: false });
  });

  it('finds an occupied destination before a bad source, and the source before the missing words', () => {
    const { call, put, copy, root } = setUp();
    put(1);
    expect(errorWords(copy(9, 1)).error).toBe('DeleteFirst');
    expect(errorWords(copy(9, 2))).toEqual(failedLookup(1n));
    expect(errorWords(call('CNodeCopy', [2, DEPTH, 9, DEPTH], [root]))).toEqual(failedLookup(1n));
    expect(errorWords(call('CNodeCopy', [2, DEPTH, 1, DEPTH], [root])).error).toBe('TruncatedMessage');
    expect(errorWords(call('CNodeCopy', [2, DEPTH, 1, DEPTH, 15], [])).error).toBe('TruncatedMessage');
  });

  it('says that the lookup of the source failed when its root is no CNode', () => {
    const { call, put, slot } = setUp();
    put(1);
    expect(errorWords(call('CNodeCopy', [2, DEPTH, 1, DEPTH, 15], [slot(1)]))).toEqual({ error: 'FailedLookup', words: [1n, 1n] });
  });

  it('is illegal for what cannot be copied', () => {
    const { slot, copy } = setUp();
    insertRoot(slot(1), { type: CAP_TYPE.IRQControl, object: null });
    expect(errorWords(copy(1, 2)).error).toBe('IllegalOperation');
  });

  it('wants an untyped with children to be revoked first', () => {
    const { put, copy } = setUp();
    put(1, 'Untyped', 12);
    expect(copy(1, 2)).toBe('done');
    expect(errorWords(copy(1, 3)).error).toBe('RevokeFirst');
    expect(copy(2, 3)).toBe('done');
  });
});

describe('Mint', () => {
  it('badges once', () => {
    const { slot, put, mint } = setUp();
    put(1, 'Endpoint');
    expect(mint(1, 2, 0xffff_ffff_ffff_ffffn)).toBe('done');
    expect(slot(2).cap).toMatchObject({ badge: { lo: 0xffff_ffff, hi: 0xffff_ffff } });
    expect(slot(2).revocable).toBe(true);
    expect(errorWords(mint(2, 3, 1)).error).toBe('IllegalOperation');
    expect(errorWords(mint(2, 3, 0)).error).toBe('IllegalOperation');
  });

  it('is illegal with a guard that is too long', () => {
    const { put, mint } = setUp();
    put(1, 'CapTable', 4);
    expect(errorWords(mint(1, 2, 61)).error).toBe('IllegalOperation');
    expect(mint(1, 2, 60)).toBe('done');
  });

  it('wants six words', () => {
    const { put, call, root } = setUp();
    put(1);
    expect(errorWords(call('CNodeMint', [2, DEPTH, 1, DEPTH, 15], [root])).error).toBe('TruncatedMessage');
  });
});

describe('Move and Mutate', () => {
  it('keep the place in the derivation tree', () => {
    const { kernel, slot, put, copy, move, isEmpty } = setUp();
    put(1, 'Endpoint');
    copy(1, 2);
    expect(move(1, 3)).toBe('done');
    expect(isEmpty(1)).toBe(true);
    expect(slot(2).parent).toBe(slot(3));
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('do not move a capability to where it is', () => {
    const { put, move } = setUp();
    put(1);
    expect(errorWords(move(1, 1)).error).toBe('DeleteFirst');
  });

  it('move what cannot be copied', () => {
    const { slot, move } = setUp();
    insertRoot(slot(1), { type: CAP_TYPE.IRQControl, object: null });
    expect(move(1, 2)).toBe('done');
  });

  it('set the guard of a CNode, and do not badge', () => {
    const { slot, put, mutate } = setUp();
    put(1, 'CapTable', 4);
    put(2, 'Endpoint');
    put(3);
    expect(mutate(1, 4, (0b101n << 6n) | 3n)).toBe('done');
    expect(slot(4).cap).toMatchObject({ guardSize: 3, guard: fromNumber(0b101) });
    expect(errorWords(mutate(2, 5, 0)).error).toBe('IllegalOperation');
    expect(mutate(3, 6, 0)).toBe('done');
  });

  it('wants five words for Mutate', () => {
    const { put, call, root } = setUp();
    put(1);
    expect(errorWords(call('CNodeMutate', [2, DEPTH, 1, DEPTH], [root])).error).toBe('TruncatedMessage');
  });
});

describe('Rotate', () => {
  it('moves the pivot to the destination and the source to the pivot', () => {
    const { kernel, slot, put, rotate, isEmpty } = setUp();
    const [a, b] = [put(1), put(2)];
    expect(rotate(1, 2, 3)).toBe('done');
    expect([isEmpty(1), slot(2).cap, slot(3).cap]).toEqual([true, a, b]);
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('exchanges two capabilities when source and destination are one slot, a parent with its child too', () => {
    const { kernel, slot, put, copy, rotate } = setUp();
    const cap = put(1, 'CapTable', 4);
    copy(1, 2);
    expect(rotate(1, 2, 1, 4, 5)).toBe('done');
    expect([slot(1).cap, slot(2).cap]).toEqual([{ ...cap, guardSize: 4 }, { ...cap, guardSize: 5 }]);
    expect(slot(1).parent).toBe(slot(2));
    expect(checkCSpace(kernel)).toEqual([]);
  });

  it('checks in order: message, source, pivot, equal slots, destination, empty source, empty pivot, data', () => {
    const { call, put, rotate, slot, root } = setUp();
    put(1);
    put(2);
    put(3);
    put(4, 'Endpoint');
    expect(errorWords(call('CNodeRotate', [3, DEPTH, 0, 2, DEPTH, 0, 1, DEPTH], [root])).error).toBe('TruncatedMessage');
    expect(errorWords(call('CNodeRotate', [3, DEPTH, 0, 2, DEPTH, 0, 1], [root, root])).error).toBe('TruncatedMessage');
    expect(errorWords(call('CNodeRotate', [3, DEPTH, 0, 2, 65, 0, 1, DEPTH], [root, slot(1)]))).toEqual({ error: 'FailedLookup', words: [1n, 1n] });
    expect(errorWords(call('CNodeRotate', [3, DEPTH, 0, 2, DEPTH, 0, 1, DEPTH], [slot(1), root]))).toEqual({ error: 'FailedLookup', words: [1n, 1n] });
    expect(errorWords(rotate(1, 1, 9)).error).toBe('IllegalOperation');
    expect(errorWords(rotate(1, 3, 3)).error).toBe('IllegalOperation');
    expect(errorWords(rotate(1, 2, 3)).error).toBe('DeleteFirst');
    expect(errorWords(rotate(20, 21, 22))).toEqual(failedLookup(1n));
    expect(errorWords(rotate(1, 21, 22))).toEqual(failedLookup(0n));
    expect(errorWords(rotate(4, 1, 22)).error).toBe('IllegalOperation');
    expect(errorWords(rotate(1, 4, 22)).error).toBe('IllegalOperation');
  });
});

describe('Delete and Revoke', () => {
  it('succeed on an empty slot', () => {
    const { call } = setUp();
    expect(call('CNodeDelete', [9, DEPTH])).toBe('done');
    expect(call('CNodeRevoke', [9, DEPTH])).toBe('done');
  });

  it('delete one capability, or everything derived from it', () => {
    const { kernel, call, put, copy, isEmpty } = setUp();
    put(1, 'Endpoint');
    copy(1, 2);
    copy(2, 3);
    call('CNodeDelete', [2, DEPTH]);
    expect([1, 2, 3].map(isEmpty)).toEqual([false, true, false]);
    call('CNodeRevoke', [1, DEPTH]);
    expect([1, 2, 3].map(isEmpty)).toEqual([false, true, true]);
    expect(checkCSpace(kernel)).toEqual([]);
  });
});

describe('CancelBadgedSends', () => {
  it('is illegal without all rights to an endpoint', () => {
    const { call, put, copy } = setUp();
    put(1, 'Endpoint');
    put(2);
    copy(1, 3, RIGHTS.all & ~RIGHTS.grantReply);
    for (const i of [2, 3, 9]) expect(errorWords(call('CNodeCancelBadgedSends', [i, DEPTH])).error).toBe('IllegalOperation');
    expect(call('CNodeCancelBadgedSends', [1, DEPTH])).toBe('done');
  });

  it('restarts the senders that wait with the badge, and no others', () => {
    const { call, put, mint } = setUp('classic');
    const endpoint = (put(1, 'Endpoint') as EndpointCap).object;
    mint(1, 2, 7);
    const senders = [7, 8].map((badge, i) => {
      const { object } = put(10 + i) as ThreadCap;
      Object.assign(object, { state: STATE.BlockedOnSend, blockedOn: endpoint, blockedBadge: fromNumber(badge) });
      endpoint.queue.push(object);
      return object;
    });
    endpoint.state = 1;
    expect(call('CNodeCancelBadgedSends', [2, DEPTH])).toBe('done');
    expect(senders.map((t) => t.state)).toEqual([STATE.Restart, STATE.BlockedOnSend]);
    expect(call('CNodeCancelBadgedSends', [1, DEPTH])).toBe('done');
    expect(senders[1]!.state).toBe(STATE.BlockedOnSend);
  });
});

describe('SaveCaller', () => {
  it('does not exist on MCS', () => {
    expect(setUp('mcs').kernel.interfaces.byId.has('CNodeSaveCaller')).toBe(false);
  });

  it('moves the reply capability of the last caller, and succeeds without one', () => {
    const { kernel, root, slot, put, isEmpty } = setUp('classic');
    const { object: caller } = put(1) as ThreadCap;
    const { object: callee } = put(2) as ThreadCap;
    const save = (i: number) => run(kernel, decodeCNode, request(kernel, root, 'CNodeSaveCaller', [i, DEPTH], [], { thread: callee }));
    expect(save(3)).toBe('done');
    expect(isEmpty(3)).toBe(true);
    insertRoot(caller.slots.reply, { type: CAP_TYPE.Reply, object: caller, master: true, canGrant: true });
    insertDerived(callee.slots.caller, { type: CAP_TYPE.Reply, object: caller, master: false, canGrant: true }, caller.slots.reply);
    expect(errorWords(save(1)).error).toBe('DeleteFirst');
    expect(save(3)).toBe('done');
    expect(slot(3).cap).toMatchObject({ type: CAP_TYPE.Reply, master: false });
    expect(slot(3).parent).toBe(caller.slots.reply);
    expect(checkCSpace(kernel)).toEqual([]);
  });
});
