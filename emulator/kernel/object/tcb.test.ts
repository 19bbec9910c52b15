// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import {
  CAP_TYPE, ERROR, INIT_CAP, SLOT, STATE, USER_CONTEXT_ORDER, type Scheduling, type WordLike,
} from '../../../schema/abi/index.ts';
import { NULL_CPTR, World, type Answer, type TestThread } from '../testing-threads.ts';

const CONFIGURATIONS: readonly Scheduling[] = ['mcs', 'classic'];

function outcome(answer: Answer): [number, ...bigint[]] {
  return [answer.label, ...answer.words];
}

function fillRegisters(thread: TestThread): void {
  USER_CONTEXT_ORDER.forEach((name, i) => { thread.object.registers[2 * SLOT[name]] = 0x100 + i; });
}

describe.each(CONFIGURATIONS)('TCB methods on %s', (scheduling) => {
  it('refuse unknown methods', () => {
    const world = new World(scheduling);
    expect(outcome(world.call(INIT_CAP.threadTCB, 'CNodeCopy'))).toEqual([ERROR.IllegalOperation]);
  });

  describe('ReadRegisters', () => {
    it('reads the first registers in user context order', () => {
      const world = new World(scheduling);
      const thread = world.thread('thread');
      fillRegisters(thread);
      world.clear();
      const answer = world.call(thread.cptr, 'TCBReadRegisters', [0, 32]);
      expect(answer).toMatchObject({ badge: 0n, label: 0, length: 32 });
      expect(answer.words).toEqual(USER_CONTEXT_ORDER.map((_, i) => BigInt(0x100 + i)));
      expect(world.writes(world.root, 'reply')).toHaveLength(2 + 32);
      expect(world.call(thread.cptr, 'TCBReadRegisters', [0, 1]).words).toEqual([0x100n]);
    });

    it('says 4 words to a caller without a buffer, whatever it asked for', () => {
      const world = new World(scheduling);
      const thread = world.thread('thread');
      const caller = world.thread('caller', { buffer: 'none' });
      world.resume(caller);
      world.rest();
      expect(world.call(thread.cptr, 'TCBReadRegisters', [0, 20]).length).toBe(4);
      expect(world.call(thread.cptr, 'TCBReadRegisters', [0, 3]).length).toBe(3);
    });

    it('checks length, count and thread, in this order, and suspends if asked', () => {
      const world = new World(scheduling);
      const read = (cptr: number, words: readonly WordLike[]): [number, ...bigint[]] => outcome(world.call(cptr, 'TCBReadRegisters', words));
      expect(read(INIT_CAP.threadTCB, [0])).toEqual([ERROR.TruncatedMessage]);
      expect(read(INIT_CAP.threadTCB, [0, 0])).toEqual([ERROR.RangeError, 1n, 32n]);
      expect(read(INIT_CAP.threadTCB, [0, 33])).toEqual([ERROR.RangeError, 1n, 32n]);
      expect(read(INIT_CAP.threadTCB, [0, 2n ** 32n + 1n])).toEqual([ERROR.RangeError, 1n, 32n]);
      expect(read(INIT_CAP.threadTCB, [0, 5])).toEqual([ERROR.IllegalOperation]);
      const thread = world.thread('thread');
      world.resume(thread);
      world.succeed(thread.cptr, 'TCBReadRegisters', [1, 1]);
      expect(thread.object.state).toBe(STATE.Inactive);
    });
  });

  describe('WriteRegisters', () => {
    it('writes what is there, and resumes if asked', () => {
      const world = new World(scheduling);
      const thread = world.thread('thread');
      world.clear();
      world.succeed(thread.cptr, 'TCBWriteRegisters', [1, 5, 0x4000, 1, 2, 3, 2n ** 63n + 4n]);
      expect(thread.object.state).toBe(STATE.Restart);
      expect(world.writes(thread.object, 'registers')).toEqual(['FaultIP', 'ra', 'sp', 'gp', 's0', 'NextIP']);
      expect(thread.object.registers[2 * SLOT.NextIP]).toBe(0x4000);
      expect(thread.object.registers[2 * SLOT.s0 + 1]).toBe(0x8000_0000);
    });

    it('takes no more than there are registers', () => {
      const world = new World(scheduling);
      const thread = world.thread('thread');
      world.succeed(thread.cptr, 'TCBWriteRegisters', [0, 40, ...Array.from({ length: 40 }, (_, i) => i)]);
      expect(thread.object.registers[2 * SLOT.tp]).toBe(31);
      expect(thread.object.state).toBe(STATE.Inactive);
    });

    it('checks the length against the count, and the thread', () => {
      const world = new World(scheduling);
      const write = (words: readonly WordLike[]): [number, ...bigint[]] => outcome(world.call(INIT_CAP.threadTCB, 'TCBWriteRegisters', words));
      expect(write([0])).toEqual([ERROR.TruncatedMessage]);
      expect(write([0, 2, 1])).toEqual([ERROR.TruncatedMessage]);
      expect(write([0, 1, 1])).toEqual([ERROR.IllegalOperation]);
    });
  });

  it('CopyRegisters copies frame and integer registers, suspends and resumes', () => {
    const world = new World(scheduling);
    const from = world.thread('from');
    const to = world.thread('to');
    fillRegisters(from);
    expect(outcome(world.call(to.cptr, 'TCBCopyRegisters', [0]))).toEqual([ERROR.TruncatedMessage]);
    expect(outcome(world.call(to.cptr, 'TCBCopyRegisters', [0], [INIT_CAP.threadCNode]))).toEqual([ERROR.InvalidCapability, 1n]);
    world.succeed(to.cptr, 'TCBCopyRegisters', [4], [from.cptr]);
    expect(to.object.registers[2 * SLOT.NextIP]).toBe(0x100);
    expect(to.object.registers[2 * SLOT.a0]).toBe(0);
    world.succeed(to.cptr, 'TCBCopyRegisters', [8], [from.cptr]);
    expect(to.object.registers[2 * SLOT.tp]).toBe(0x100 + 31);
    world.resume(from);
    world.succeed(to.cptr, 'TCBCopyRegisters', [3], [from.cptr]);
    expect([from.object.state, to.object.state]).toEqual([STATE.Inactive, STATE.Restart]);
  });

  it('SetPriority and SetMCPriority keep to the authority', () => {
    const world = new World(scheduling);
    const thread = world.thread('thread');
    const authority = world.thread('authority', { mcp: 77 });
    for (const method of ['TCBSetPriority', 'TCBSetMCPriority']) {
      const set = (words: readonly WordLike[], caps: readonly number[]): [number, ...bigint[]] => outcome(world.call(thread.cptr, method, words, caps));
      expect(set([], [authority.cptr])).toEqual([ERROR.TruncatedMessage]);
      expect(set([1], [])).toEqual([ERROR.TruncatedMessage]);
      expect(set([1], [INIT_CAP.threadCNode])).toEqual([ERROR.InvalidCapability, 1n]);
      expect(set([78], [authority.cptr])).toEqual([ERROR.RangeError, 0n, 77n]);
      expect(set([2n ** 40n], [authority.cptr])).toEqual([ERROR.RangeError, 0n, 77n]);
      expect(set([77], [authority.cptr])).toEqual([0]);
    }
    expect(thread.object).toMatchObject({ priority: 77, mcp: 77 });
  });

  it('SetTLSBase sets tp', () => {
    const world = new World(scheduling);
    const thread = world.thread('thread');
    expect(outcome(world.call(thread.cptr, 'TCBSetTLSBase'))).toEqual([ERROR.TruncatedMessage]);
    world.clear();
    world.succeed(thread.cptr, 'TCBSetTLSBase', [2n ** 40n + 8n]);
    expect(world.writes(thread.object, 'registers')).toEqual(['tp']);
    expect(thread.object.registers[2 * SLOT.tp + 1]).toBe(0x100);
  });

  it('SetFlags answers with the new flags; set wins, unknown flags are ignored', () => {
    const world = new World(scheduling);
    const thread = world.thread('thread');
    const flags = (clear: WordLike, set: WordLike): bigint => world.succeed(thread.cptr, 'TCBSetFlags', [clear, set]).words[0]!;
    expect(outcome(world.call(thread.cptr, 'TCBSetFlags', [0]))).toEqual([ERROR.TruncatedMessage]);
    expect(flags(0, 0)).toBe(0n);
    expect(flags(1, 2n ** 64n - 1n)).toBe(1n);
    expect(flags(2, 0)).toBe(1n);
    expect(flags(1, 0)).toBe(0n);
  });

  it('SetIPCBuffer checks the frame, then the address; address 0 takes the buffer away', () => {
    const world = new World(scheduling);
    const thread = world.thread('thread');
    const frame = world.create('RISCV_4K_Page', 'frame');
    const set = (words: readonly WordLike[], caps: readonly number[]): [number, ...bigint[]] => outcome(world.call(thread.cptr, 'TCBSetIPCBuffer', words, caps));
    expect(set([], [frame.cptr])).toEqual([ERROR.TruncatedMessage]);
    expect(set([0x1000], [])).toEqual([ERROR.TruncatedMessage]);
    expect(set([0x1001], [INIT_CAP.threadCNode])).toEqual([ERROR.IllegalOperation]);
    expect(set([0x1001], [frame.cptr])).toEqual([ERROR.AlignmentError]);
    expect(set([0x1400], [frame.cptr])).toEqual([0]);
    expect(thread.object.slots.ipcBuffer.cap.object).toBe(frame.object);
    expect(thread.object.ipcBufferAddress).toEqual({ lo: 0x1400, hi: 0 });
    expect(set([0], [INIT_CAP.threadCNode])).toEqual([0]);
    expect(thread.object.slots.ipcBuffer.cap.type).toBe(CAP_TYPE.Null);
  });

  it('SetSpace and Configure check the roots', () => {
    const world = new World(scheduling);
    const thread = world.thread('thread');
    const mcs = scheduling === 'mcs';
    const unassigned = world.create('RISCV_PageTable', 'unassigned');
    const words = (cspaceData: number): number[] => (mcs ? [cspaceData, 0] : [0, cspaceData, 0]);
    const setSpace = (cspaceData: number, cspace: number, vspace: number): [number, ...bigint[]] =>
      outcome(world.call(thread.cptr, 'TCBSetSpace', words(cspaceData), mcs ? [NULL_CPTR, cspace, vspace] : [cspace, vspace]));
    expect(outcome(world.call(thread.cptr, 'TCBSetSpace', words(0), [INIT_CAP.threadCNode]))).toEqual([ERROR.TruncatedMessage]);
    expect(outcome(world.call(thread.cptr, 'TCBConfigure', words(0), [INIT_CAP.threadCNode, INIT_CAP.threadVSpace]))).toEqual([ERROR.TruncatedMessage]);
    expect(setSpace(0, INIT_CAP.threadVSpace, INIT_CAP.threadVSpace)).toEqual([ERROR.IllegalOperation]);
    expect(setSpace(0, INIT_CAP.threadCNode, INIT_CAP.threadCNode)).toEqual([ERROR.IllegalOperation]);
    expect(setSpace(0, INIT_CAP.threadCNode, unassigned.cptr)).toEqual([ERROR.IllegalOperation]);
    // A guard of 63 bits does not fit a word together with the root CNode's own bits.
    expect(setSpace(63, INIT_CAP.threadCNode, INIT_CAP.threadVSpace)).toEqual([ERROR.IllegalOperation]);
    expect(setSpace(10, INIT_CAP.threadCNode, INIT_CAP.threadVSpace)).toEqual([0]);
    const { cap } = thread.object.slots.cspace;
    expect(cap.type === CAP_TYPE.CNode && cap.guardSize).toBe(10);
  });

  it('refuse to replace the last capability to a CNode', () => {
    const world = new World(scheduling);
    const thread = world.thread('thread');
    const cnode = world.create('CapTable', 'its own', 4);
    const mcs = scheduling === 'mcs';
    const setSpace = (cspace: number): [number, ...bigint[]] => outcome(world.call(
      thread.cptr, 'TCBSetSpace', mcs ? [0, 0] : [0, 0, 0], mcs ? [NULL_CPTR, cspace, INIT_CAP.threadVSpace] : [cspace, INIT_CAP.threadVSpace],
    ));
    expect(setSpace(cnode.cptr)).toEqual([0]);
    world.succeed(INIT_CAP.threadCNode, 'CNodeDelete', [cnode.cptr, 64]);
    expect(setSpace(INIT_CAP.threadCNode)).toEqual([ERROR.IllegalOperation]);
  });
});

describe('MCS TCB methods', () => {
  it('SetSchedParams checks authority, priorities, context and fault handler', () => {
    const world = new World('mcs');
    const thread = world.thread('thread', { time: null });
    const authority = world.thread('authority', { mcp: 50 });
    const context = world.schedContext('context');
    const endpoint = world.endpoint();
    const noReply = world.mint(endpoint, { canGrant: false, canGrantReply: false });
    const set = (words: readonly WordLike[], caps: readonly number[]): [number, ...bigint[]] =>
      outcome(world.call(thread.cptr, 'TCBSetSchedParams', words, caps));
    expect(set([1], [authority.cptr, context.cptr, NULL_CPTR])).toEqual([ERROR.TruncatedMessage]);
    expect(set([1, 1], [authority.cptr, context.cptr])).toEqual([ERROR.TruncatedMessage]);
    expect(set([51, 52], [context.cptr, context.cptr, NULL_CPTR])).toEqual([ERROR.InvalidCapability, 1n]);
    expect(set([51, 1], [authority.cptr, context.cptr, NULL_CPTR])).toEqual([ERROR.RangeError, 0n, 50n]);
    expect(set([1, 51], [authority.cptr, context.cptr, NULL_CPTR])).toEqual([ERROR.RangeError, 0n, 50n]);
    expect(set([1, 1], [authority.cptr, authority.cptr, authority.cptr])).toEqual([ERROR.InvalidCapability, 2n]);
    expect(set([1, 1], [authority.cptr, authority.context!.cptr, NULL_CPTR])).toEqual([ERROR.IllegalOperation]);
    expect(set([1, 1], [authority.cptr, context.cptr, authority.cptr])).toEqual([ERROR.InvalidCapability, 3n]);
    expect(set([1, 1], [authority.cptr, context.cptr, noReply.cptr])).toEqual([ERROR.InvalidCapability, 3n]);
    expect(thread.object.schedContext).toBeNull();
    expect(set([40, 30], [authority.cptr, context.cptr, endpoint.cptr])).toEqual([0]);
    expect(thread.object).toMatchObject({ mcp: 40, priority: 30, schedContext: context.object });
    expect(thread.object.slots.faultHandler.cap.object).toBe(endpoint.object);
    // The context that it has already stays.
    expect(set([41, 31], [authority.cptr, context.cptr, endpoint.cptr])).toEqual([0]);
    expect(thread.object).toMatchObject({ mcp: 41, priority: 31, schedContext: context.object });
    expect(set([40, 30], [authority.cptr, NULL_CPTR, NULL_CPTR])).toEqual([0]);
    expect(thread.object.schedContext).toBeNull();
    expect(thread.object.slots.faultHandler.cap.type).toBe(CAP_TYPE.Null);
    expect(outcome(world.call(INIT_CAP.threadTCB, 'TCBSetSchedParams', [255, 255], [INIT_CAP.threadTCB, NULL_CPTR, NULL_CPTR]))).toEqual([ERROR.IllegalOperation]);
  });

  it('SetTimeoutEndpoint and SetSpace check the handler', () => {
    const world = new World('mcs');
    const thread = world.thread('thread');
    const endpoint = world.endpoint();
    const set = (caps: readonly number[]): [number, ...bigint[]] => outcome(world.call(thread.cptr, 'TCBSetTimeoutEndpoint', [], caps));
    expect(set([])).toEqual([ERROR.TruncatedMessage]);
    expect(set([thread.cptr])).toEqual([ERROR.InvalidCapability, 1n]);
    expect(set([endpoint.cptr])).toEqual([0]);
    expect(thread.object.slots.timeoutHandler.cap.object).toBe(endpoint.object);
    expect(set([NULL_CPTR])).toEqual([0]);
    expect(thread.object.slots.timeoutHandler.cap.type).toBe(CAP_TYPE.Null);
    const spaces = [INIT_CAP.threadCNode, INIT_CAP.threadVSpace];
    expect(outcome(world.call(thread.cptr, 'TCBSetSpace', [0, 0], [thread.cptr, ...spaces]))).toEqual([ERROR.InvalidCapability, 1n]);
    expect(outcome(world.call(thread.cptr, 'TCBSetSpace', [0, 0], [endpoint.cptr, ...spaces]))).toEqual([0]);
    expect(thread.object.slots.faultHandler.cap.object).toBe(endpoint.object);
  });
});
