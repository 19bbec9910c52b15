// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { ERROR, STATE } from '../../../schema/abi/index.ts';
import { World, type Placed, type TestThread } from '../testing-threads.ts';
import type { Endpoint, Reply } from '../objects.ts';

interface Server extends TestThread {
  readonly endpoint: Placed<Endpoint>;
  readonly reply: Placed<Reply>;
}

/** Passive servers that wait, and a client with time that runs. */
function callChain(world: World, names: readonly string[]): { client: TestThread; servers: Server[] } {
  const servers = names.map((name, i): Server => {
    const endpoint = world.endpoint(`${name} endpoint`);
    const reply = world.reply(`${name} reply`);
    // Each server starts on a context of its own, and gives it up once it waits.
    const thread = world.thread(name, { priority: 120 - i });
    return { ...thread, endpoint, reply };
  });
  const client = world.thread('client', { priority: 100 });
  const ready = world.notification('ready');
  world.resume(...servers, client);
  world.succeed(client.cptr, 'TCBSetPriority', [10], [1]);
  world.trap('Wait', { cptr: ready.cptr });
  for (const server of servers) {
    world.mustRun(server);
    world.trap('Recv', { cptr: server.endpoint.cptr, reply: server.reply.cptr });
  }
  world.mustRun(client);
  world.trap('Send', { cptr: ready.cptr });
  world.mustRun(world.root);
  for (const server of servers) {
    world.succeed(server.context!.cptr, 'SchedContextUnbind');
    expect(server.object.schedContext).toBeNull();
  }
  world.rest();
  world.mustRun(client);
  return { client, servers };
}

function call(world: World, server: Server): void {
  world.trap('Call', { cptr: server.endpoint.cptr, words: [1] });
  world.mustRun(server);
}

function reply(world: World, server: Server): void {
  world.trap('ReplyRecv', { cptr: server.endpoint.cptr, reply: server.reply.cptr });
}

describe('a call to a passive server', () => {
  it('lends the scheduling context until the reply', () => {
    const world = new World('mcs');
    const { client, servers: [server] } = callChain(world, ['server']);
    const context = client.object.schedContext!;
    call(world, server!);
    expect(client.object.schedContext).toBeNull();
    expect(server!.object.schedContext).toBe(context);
    expect(context.reply).toBe(server!.reply.object);
    reply(world, server!);
    world.mustRun(client);
    expect(client.object.schedContext).toBe(context);
    expect(server!.object.schedContext).toBeNull();
    expect(context.reply).toBeNull();
  });

  it('goes down a chain and back up', () => {
    const world = new World('mcs');
    const { client, servers } = callChain(world, ['a', 'b', 'c']);
    const context = client.object.schedContext!;
    for (const server of servers) call(world, server);
    expect(context.reply).toBe(servers[2]!.reply.object);
    expect(context.reply!.previous!.previous!.previous).toBeNull();
    reply(world, servers[2]!);
    world.mustRun(servers[1]!);
    reply(world, servers[1]!);
    world.mustRun(servers[0]!);
    reply(world, servers[0]!);
    world.mustRun(client);
    expect(client.object.schedContext).toBe(context);
  });

  it('leaves the caller inactive without a reply object, and the context with it', () => {
    const world = new World('mcs');
    const endpoint = world.endpoint();
    const server = world.thread('server', { priority: 110 });
    const client = world.thread('client');
    world.resume(server, client);
    world.rest();
    world.wait(endpoint);
    world.clear();
    world.trap('Call', { cptr: endpoint.cptr });
    world.mustRun(server);
    expect(world.transitions).toContain('client: Restart -> Inactive');
    expect(client.object.schedContext).toBe(client.context!.object);
  });

  it('does not move the context to a server that has one', () => {
    const world = new World('mcs');
    const endpoint = world.endpoint();
    const replyObject = world.reply();
    const server = world.thread('server', { priority: 110 });
    const client = world.thread('client');
    world.resume(server, client);
    world.rest();
    world.trap('Recv', { cptr: endpoint.cptr, reply: replyObject.cptr });
    world.trap('Call', { cptr: endpoint.cptr });
    world.mustRun(server);
    expect(client.object.state).toBe(STATE.BlockedOnReply);
    expect(client.object.schedContext).toBe(client.context!.object);
    expect(replyObject.object.next).toBeNull();
  });
});

describe('UnbindObject of a lent context', () => {
  it('takes it from the server that runs on it, not from its owner, who gets it with the answer', () => {
    const world = new World('mcs');
    const boss = world.thread('boss', { priority: 200 });
    const { client, servers: [server] } = callChain(world, ['server']);
    const context = client.context!;
    const unbind = (thread: TestThread): number => world.call(context.cptr, 'SchedContextUnbindObject', [], [thread.cptr]).label;
    call(world, server!);
    expect(unbind(server!)).toBe(ERROR.IllegalOperation);
    world.call(boss.cptr, 'TCBResume');
    world.mustRun(boss);
    expect(unbind(client)).toBe(ERROR.IllegalOperation);
    expect(unbind(server!)).toBe(0);
    expect([server!.object.schedContext, context.object.thread, context.object.reply]).toEqual([null, null, server!.reply.object]);
    world.succeed(server!.context!.cptr, 'SchedContextBind', [], [server!.cptr]);
    world.wait(world.notification());
    world.mustRun(server!);
    reply(world, server!);
    world.mustRun(client);
    expect(client.object.schedContext).toBe(context.object);
  });
});

describe('a reply object that goes', () => {
  it('on top of the stack gives the context back to a caller that stops', () => {
    const world = new World('mcs');
    const { client, servers: [server] } = callChain(world, ['server']);
    const context = client.object.schedContext!;
    call(world, server!);
    world.clear();
    world.trap('Call', { cptr: 2, label: world.kernel.interfaces.byId.get('CNodeDelete')!.label, words: [server!.reply.cptr, 64] });
    expect(world.transitions).toContain('client: BlockedOnReply -> Inactive');
    expect(client.object.schedContext).toBe(context);
    expect(server!.object.schedContext).toBeNull();
    expect(server!.object.state).toBe(STATE.Running);
    world.mustRun(world.kernel.idleThread);
  });

  it('within the stack leaves the context where it is', () => {
    const world = new World('mcs');
    const { client, servers } = callChain(world, ['a', 'b', 'c']);
    const context = client.object.schedContext!;
    for (const server of servers) call(world, server);
    const [a, b, c] = servers as [Server, Server, Server];
    world.succeed(2, 'CNodeDelete', [b.reply.cptr, 64]);
    expect(a.object.state).toBe(STATE.Inactive);
    expect(c.object.schedContext).toBe(context);
    expect(context.reply).toBe(c.reply.object);
    expect(c.reply.object.previous).toBeNull();
    expect(client.object.state).toBe(STATE.BlockedOnReply);
    reply(world, c);
    world.mustRun(b);
  });

  it('used again while a caller waits for it makes that caller inactive', () => {
    const world = new World('mcs');
    const endpoint = world.endpoint();
    const replyObject = world.reply();
    const server = world.thread('server', { priority: 110 });
    const client = world.thread('client');
    world.resume(server, client);
    world.rest();
    world.trap('Recv', { cptr: endpoint.cptr, reply: replyObject.cptr });
    world.trap('Call', { cptr: endpoint.cptr });
    world.mustRun(server);
    world.clear();
    world.trap('Recv', { cptr: endpoint.cptr, reply: replyObject.cptr });
    expect(world.transitions).toEqual(['client: BlockedOnReply -> Inactive', 'server: Running -> BlockedOnReceive']);
    expect(replyObject.object.thread).toBe(server.object);
  });

  it('under a waiting receiver makes it inactive', () => {
    const world = new World('mcs');
    const endpoint = world.endpoint();
    const replyObject = world.reply();
    const server = world.thread('server', { priority: 110 });
    const other = world.thread('other');
    world.resume(server, other);
    world.rest();
    world.trap('Recv', { cptr: endpoint.cptr, reply: replyObject.cptr });
    world.mustRun(other);
    world.clear();
    world.succeed(2, 'CNodeDelete', [replyObject.cptr, 64]);
    expect(world.transitions).toContain('server: BlockedOnReceive -> Inactive');
    expect(endpoint.object.queue).toEqual([]);
  });
});

describe('a caller that is suspended', () => {
  it('loses its place in the call stack; the context stays with the server', () => {
    const world = new World('mcs');
    const { client, servers: [server] } = callChain(world, ['server']);
    const context = client.object.schedContext!;
    call(world, server!);
    world.succeed(client.cptr, 'TCBSuspend');
    expect(client.object.state).toBe(STATE.Inactive);
    expect(server!.object.schedContext).toBe(context);
    expect(context.reply).toBeNull();
    // The answer reaches nobody, and the server waits with the context.
    reply(world, server!);
    expect(server!.object.state).toBe(STATE.BlockedOnReceive);
    expect(server!.object.schedContext).toBe(context);
  });
});

describe('NBSendRecv and NBSendWait', () => {
  it('hand the context on to a passive receiver', () => {
    const world = new World('mcs');
    const { client, servers: [server] } = callChain(world, ['server']);
    const context = client.object.schedContext!;
    const silence = world.notification('silence');
    world.trap('NBSendWait', { cptr: silence.cptr, reply: server!.endpoint.cptr, words: [5] });
    world.mustRun(server!);
    expect(server!.object.schedContext).toBe(context);
    expect(client.object.schedContext).toBeNull();
    expect(client.object.state).toBe(STATE.BlockedOnNotification);
    expect(server!.reply.object.thread).toBeNull();
  });
});
