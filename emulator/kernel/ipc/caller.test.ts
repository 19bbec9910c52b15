// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { CAP_TYPE, INIT_CAP, STATE } from '../../../schema/abi/index.ts';
import type { Endpoint } from '../objects.ts';
import { World, setReceiveSlot, type Placed, type TestThread } from '../testing-threads.ts';

/** A server that has received the call of a client and runs, and another client that is ready. */
function served(): { world: World; server: TestThread; client: TestThread; other: TestThread; endpoint: Placed<Endpoint> } {
  const world = new World('classic');
  const endpoint = world.endpoint();
  const server = world.thread('server', { priority: 110 });
  const client = world.thread('client', { priority: 105 });
  const other = world.thread('other', { priority: 100 });
  world.resume(server, client, other);
  world.rest();
  world.wait(endpoint);
  world.mustRun(client);
  world.trap('Call', { cptr: endpoint.cptr, words: [1] });
  world.mustRun(server);
  return { world, server, client, other, endpoint };
}

function saveCaller(world: World): { cptr: number; type: () => number } {
  const { cptr, slot } = world.emptySlot();
  world.succeed(INIT_CAP.threadCNode, 'CNodeSaveCaller', [cptr, 64]);
  return { cptr, type: () => slot.cap.type };
}

describe('classic reply capabilities', () => {
  it('answer once with Reply', () => {
    const { world, server, client } = served();
    expect(server.object.slots.caller.cap).toMatchObject({ type: CAP_TYPE.Reply, object: client.object, master: false });
    world.trap('Reply', { label: 4, words: [9] });
    expect(client.object.state).toBe(STATE.Running);
    expect(world.answer(client.object)).toMatchObject({ badge: 0n, label: 4, words: [9n] });
    expect(server.object.slots.caller.cap.type).toBe(CAP_TYPE.Null);
    world.clear();
    world.trap('Reply', { words: [9] });
    expect(world.events).toEqual([]);
  });

  it('can be saved, and answer later, out of order', () => {
    const { world, server, client, other, endpoint } = served();
    const saved = saveCaller(world);
    world.wait(endpoint);
    world.mustRun(other);
    world.trap('Call', { cptr: endpoint.cptr });
    world.mustRun(server);
    world.trap('Reply', { words: [2] });
    expect(other.object.state).toBe(STATE.Running);
    expect(client.object.state).toBe(STATE.BlockedOnReply);
    world.trap('Send', { cptr: saved.cptr, words: [3] });
    expect(world.answer(client.object).words).toEqual([3n]);
    expect(saved.type()).toBe(CAP_TYPE.Null);
  });

  it('answer a Call through them with an empty success', () => {
    const { world, client } = served();
    const saved = saveCaller(world);
    expect(world.trap('Call', { cptr: saved.cptr, words: [3] })).toMatchObject({ badge: 0n, label: 0, length: 0 });
    expect(client.object.state).toBe(STATE.Running);
  });

  it('are lost by the next receive from an endpoint, not from a notification', () => {
    const { world, server, client, endpoint } = served();
    world.trap('NBRecv', { cptr: world.notification().cptr });
    expect(server.object.slots.caller.cap.type).toBe(CAP_TYPE.Reply);
    world.wait(endpoint);
    expect(server.object.slots.caller.cap.type).toBe(CAP_TYPE.Null);
    expect(client.object.state).toBe(STATE.BlockedOnReply);
  });

  it('go with a caller that is suspended or resumed', () => {
    for (const method of ['TCBSuspend', 'TCBResume']) {
      const { world, client } = served();
      const saved = saveCaller(world);
      world.succeed(client.cptr, method);
      expect(saved.type()).toBe(CAP_TYPE.Null);
    }
  });

  it('go with a caller that is destroyed', () => {
    const { world, server, client } = served();
    world.succeed(INIT_CAP.threadCNode, 'CNodeDelete', [client.cptr, 64]);
    expect(client.object.alive).toBe(false);
    expect(server.object.slots.caller.cap.type).toBe(CAP_TYPE.Null);
  });

  it('carry capabilities if the receiver could grant', () => {
    for (const canGrant of [true, false]) {
      const world = new World('classic');
      const endpoint = world.endpoint();
      const receiveOnly = world.mint(endpoint, { canGrant });
      const server = world.thread('server', { priority: 110 });
      const client = world.thread('client', { priority: 105 });
      const given = world.notification('given');
      const free = world.emptySlot();
      setReceiveSlot(client.object, free.cptr);
      world.resume(server, client);
      world.rest();
      world.wait(receiveOnly);
      world.trap('Call', { cptr: endpoint.cptr, words: [1] });
      world.mustRun(server);
      world.trap('Reply', { words: [1], caps: [given.cptr] });
      expect(world.answer(client.object)).toMatchObject({ extraCaps: canGrant ? 1 : 0, words: [1n] });
      expect(free.slot.cap.object).toBe(canGrant ? given.object : null);
    }
  });
});
