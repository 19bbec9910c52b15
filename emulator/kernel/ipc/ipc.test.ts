// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { CAP_TYPE, SLOT, STATE, type Scheduling } from '../../../schema/abi/index.ts';
import { World, setReceiveSlot, type TestThread } from '../testing-threads.ts';

const CONFIGURATIONS: readonly Scheduling[] = ['mcs', 'classic'];

/** Two threads that are ready to run, `first` above `second`; the root task rests. */
function pair(world: World, prepare: (first: TestThread, second: TestThread) => void = () => {}): [TestThread, TestThread] {
  const first = world.thread('first', { priority: 101 });
  const second = world.thread('second', { priority: 100 });
  prepare(first, second);
  world.resume(first, second);
  world.rest();
  return [first, second];
}

describe.each(CONFIGURATIONS)('messages on %s', (scheduling) => {
  it('go from a sender to a waiting receiver, words, label and badge', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const badged = world.mint(endpoint, { badge: { lo: 7, hi: 1 } });
    const [receiver, sender] = pair(world);
    world.wait(endpoint);
    expect(receiver.object.state).toBe(STATE.BlockedOnReceive);
    world.mustRun(sender);
    world.clear();
    world.trap('Send', { cptr: badged.cptr, label: 0x12345, words: [1n, 2n ** 63n, 3n, 4n, 5n, 6n] });
    world.mustRun(receiver);
    expect(world.answer(receiver.object)).toEqual({
      badge: 2n ** 32n + 7n, label: 0x12345, length: 6, extraCaps: 0, capsUnwrapped: 0, words: [1n, 2n ** 63n, 3n, 4n, 5n, 6n],
    });
    expect(world.writes(receiver.object, 'message').sort()).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'word 5', 'word 6']);
    expect(world.transitions.filter((t) => t.startsWith('first'))).toEqual(['first: BlockedOnReceive -> Running']);
    expect(sender.object.state).toBe(STATE.Running);
  });

  it('wait with their sender until somebody receives', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const [sender, receiver] = pair(world);
    world.trap('Send', { cptr: endpoint.cptr, label: 3, words: [9] });
    world.mustRun(receiver);
    expect(sender.object.state).toBe(STATE.BlockedOnSend);
    world.clear();
    const answer = world.wait(endpoint);
    expect(answer).toMatchObject({ label: 3, length: 1, words: [9n] });
    expect(world.transitions).toContain('first: BlockedOnSend -> Running');
    world.mustRun(sender);
  });

  it('are clamped to 4 words when either side has no buffer, and to read-write for the receiver', () => {
    const cases = [['none', 'rw', 4], ['rw', 'none', 4], ['rw', 'ro', 4], ['ro', 'rw', 6], ['rw', 'rw', 6]] as const;
    for (const [from, to, length] of cases) {
      const world = new World(scheduling);
      const endpoint = world.endpoint();
      const receiver = world.thread('receiver', { priority: 101, buffer: to });
      const sender = world.thread('sender', { buffer: from });
      world.resume(receiver, sender);
      world.rest();
      world.wait(endpoint);
      world.mustRun(sender);
      world.trap('Send', { cptr: endpoint.cptr, words: [1, 2, 3, 4, 5, 6] });
      expect(world.answer(receiver.object).length, `${from} to ${to}`).toBe(length);
    }
  });

  it('are dropped by NBSend when nobody waits', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const [sender] = pair(world);
    world.trap('NBSend', { cptr: endpoint.cptr, words: [1] });
    world.mustRun(sender);
    expect(endpoint.object.queue).toEqual([]);
  });

  it('leave a polling receiver with badge 0 and nothing else', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const [receiver] = pair(world);
    world.clear();
    const answer = world.trap('NBRecv', { cptr: endpoint.cptr, reply: world.kernel.mcs ? replyOf(world) : 0 });
    world.mustRun(receiver);
    expect(answer.badge).toBe(0n);
    expect(world.writes(receiver.object, 'other')).toEqual(['a0']);
  });

  it('bring a call to its receiver and the answer back', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const reply = world.kernel.mcs ? world.reply() : undefined;
    const [server, client] = pair(world);
    world.trap('Recv', { cptr: endpoint.cptr, reply: reply?.cptr ?? 0 });
    world.clear();
    world.trap('Call', { cptr: endpoint.cptr, label: 5, words: [1, 2] });
    world.mustRun(server);
    expect(client.object.state).toBe(STATE.BlockedOnReply);
    expect(world.transitions.sort()).toEqual([
      ...(scheduling === 'mcs' ? ['first: BlockedOnReceive -> Inactive', 'first: Inactive -> Running'] : ['first: BlockedOnReceive -> Running']),
      'second: Restart -> BlockedOnReply', 'second: Running -> Restart',
    ]);
    world.clear();
    if (reply === undefined) world.trap('ReplyRecv', { cptr: endpoint.cptr, label: 8, words: [4, 3, 2] });
    else world.trap('ReplyRecv', { cptr: endpoint.cptr, label: 8, words: [4, 3, 2], reply: reply.cptr });
    world.mustRun(client);
    expect(server.object.state).toBe(STATE.BlockedOnReceive);
    expect(world.answer(client.object)).toMatchObject({ badge: 0n, label: 8, length: 3, words: [4n, 3n, 2n] });
    expect(world.transitions).toContain(scheduling === 'mcs' ? 'second: Inactive -> Running' : 'second: BlockedOnReply -> Running');
  });

  it('make a caller inactive whose endpoint capability does not let the receiver reply', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const sendOnly = world.mint(endpoint, { canGrant: false, canGrantReply: false });
    const reply = world.kernel.mcs ? world.reply() : undefined;
    const [server, client] = pair(world);
    world.trap('Recv', { cptr: endpoint.cptr, reply: reply?.cptr ?? 0 });
    world.trap('Call', { cptr: sendOnly.cptr, words: [1] });
    world.mustRun(server);
    expect(client.object.state).toBe(STATE.Inactive);
    expect(world.answer(server.object).words).toEqual([1n]);
  });

  it('carry capabilities: unwrapped to badges, or one into the receive slot', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const badged = world.mint(endpoint, { badge: { lo: 77, hi: 0 } });
    const other = world.notification('other');
    const free = world.emptySlot();
    const [receiver] = pair(world);
    setReceiveSlot(receiver.object, free.cptr);
    world.wait(endpoint);
    world.trap('Send', { cptr: endpoint.cptr, words: [1], caps: [badged.cptr, other.cptr, badged.cptr] });
    expect(world.answer(receiver.object)).toMatchObject({ extraCaps: 3, capsUnwrapped: 0b101, length: 1 });
    expect(free.slot.cap.type === CAP_TYPE.Notification && free.slot.cap.object).toBe(other.object);
    expect(other.object.capCount).toBe(2);
  });

  it('stop carrying capabilities where the first cannot be delivered', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const other = world.notification('other');
    const [receiver] = pair(world);
    world.wait(endpoint);
    world.trap('Send', { cptr: endpoint.cptr, caps: [endpoint.cptr, other.cptr, endpoint.cptr] });
    expect(world.answer(receiver.object)).toMatchObject({ extraCaps: 1, capsUnwrapped: 1 });
  });

  it('carry no capabilities without the grant right', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const noGrant = world.mint(endpoint, { canGrant: false });
    const [receiver] = pair(world);
    world.wait(endpoint);
    world.trap('Send', { cptr: noGrant.cptr, words: [1], caps: [endpoint.cptr] });
    expect(world.answer(receiver.object)).toMatchObject({ extraCaps: 0, capsUnwrapped: 0, words: [1n] });
  });

  it('are served first come first served, on MCS by priority first', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const low = world.thread('low', { priority: 10 });
    const lowToo = world.thread('low too', { priority: 10 });
    const high = world.thread('high', { priority: 20 });
    world.resume(low);
    world.rest();
    for (const thread of [low, lowToo, high]) {
      world.mustRun(thread);
      // Each sender gets the next one going with its last breath.
      const next = thread === low ? lowToo : high;
      if (thread !== high) world.succeed(next.cptr, 'TCBSetPriority', [0], [thread.cptr]);
      if (thread !== high) world.succeed(next.cptr, 'TCBResume');
      world.trap('Send', { cptr: endpoint.cptr });
    }
    expect(endpoint.object.queue.map((t) => t.name)).toEqual(['low', 'low too', 'high']);
  });

  it('begin again when the endpoint is destroyed', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const [sender, other] = pair(world);
    world.trap('Send', { cptr: endpoint.cptr });
    world.mustRun(other);
    world.succeed(2, 'CNodeDelete', [endpoint.cptr, 64]);
    world.mustRun(sender);
    expect(sender.object.state).toBe(STATE.Running);
    // The send is executed again, on an empty slot: an error that a Send is not told of.
    const pc = sender.object.registers[2 * SLOT.NextIP]!;
    expect(sender.object.registers[2 * SLOT.FaultIP]).toBe(pc);
    world.host.syscall();
    expect(sender.object.registers[2 * SLOT.NextIP]).toBe(pc + 4);
  });

  it('with one badge can be cancelled', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const one = world.mint(endpoint, { badge: { lo: 1, hi: 0 } });
    const two = world.mint(endpoint, { badge: { lo: 2, hi: 0 } });
    const a = world.thread('a', { priority: 103 });
    const b = world.thread('b', { priority: 102 });
    const canceller = world.thread('canceller', { priority: 101 });
    world.resume(a, b, canceller);
    world.rest();
    world.trap('Send', { cptr: one.cptr });
    world.trap('Send', { cptr: two.cptr });
    world.mustRun(canceller);
    world.clear();
    world.succeed(2, 'CNodeCancelBadgedSends', [one.cptr, 64]);
    world.mustRun(a);
    expect(world.transitions).toContain('a: BlockedOnSend -> Restart');
    expect(endpoint.object.queue.map((t) => t.name)).toEqual(['b']);
    expect(b.object.state).toBe(STATE.BlockedOnSend);
  });
});

function replyOf(world: World): number {
  return world.reply('spare reply').cptr;
}
