// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { STATE, type Scheduling } from '../../../schema/abi/index.ts';
import { World } from '../testing-threads.ts';

const CONFIGURATIONS: readonly Scheduling[] = ['mcs', 'classic'];

describe.each(CONFIGURATIONS)('notifications on %s', (scheduling) => {
  it('collect badges until somebody polls', () => {
    const world = new World(scheduling);
    const notification = world.notification();
    const one = world.mint(notification, { badge: { lo: 1, hi: 0 } });
    const high = world.mint(notification, { badge: { lo: 4, hi: 0x8000_0000 } });
    world.trap('Send', { cptr: one.cptr });
    world.trap('Send', { cptr: high.cptr });
    world.clear();
    const answer = world.trap('NBRecv', { cptr: notification.cptr });
    expect(answer.badge).toBe((1n << 63n) | 5n);
    expect(world.writes(world.root, 'signal')).toEqual(['a0']);
    expect(world.trap('NBRecv', { cptr: notification.cptr }).badge).toBe(0n);
  });

  it('answer a Call with an empty success', () => {
    const world = new World(scheduling);
    const notification = world.notification();
    world.clear();
    expect(world.trap('Call', { cptr: notification.cptr, words: [1, 2] })).toMatchObject({ badge: 0n, label: 0, length: 0 });
    expect(world.writes(world.root, 'reply')).toEqual(['a0', 'a1']);
  });

  it('wake a waiter through its badge register only', () => {
    const world = new World(scheduling);
    const notification = world.notification();
    const badged = world.mint(notification, { badge: { lo: 9, hi: 0 } });
    const waiter = world.thread('waiter', { priority: 101 });
    const signaller = world.thread('signaller');
    world.resume(waiter, signaller);
    world.rest();
    world.wait(notification);
    world.mustRun(signaller);
    world.clear();
    world.trap('Send', { cptr: badged.cptr });
    world.mustRun(waiter);
    expect(world.answer(waiter.object).badge).toBe(9n);
    expect(world.events).toContain('waiter: BlockedOnNotification -> Running');
    expect(world.writes(waiter.object, 'signal')).toEqual(['a0']);
    expect(notification.object.state).toBe(0);
  });

  it('wake the bound thread out of a receive, with the endpoint left idle', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const notification = world.notification();
    const waiter = world.thread('waiter', { priority: 101 });
    const signaller = world.thread('signaller');
    world.succeed(waiter.cptr, 'TCBBindNotification', [], [notification.cptr]);
    world.resume(waiter, signaller);
    world.rest();
    world.wait(endpoint);
    world.mustRun(signaller);
    world.clear();
    world.trap('Send', { cptr: notification.cptr });
    world.mustRun(waiter);
    expect(world.transitions.filter((t) => t.startsWith('waiter'))).toEqual(['waiter: BlockedOnReceive -> Inactive', 'waiter: Inactive -> Running']);
    expect(endpoint.object.queue).toEqual([]);
  });

  it('are received instead of a message when they are bound and active', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const notification = world.notification();
    const badged = world.mint(notification, { badge: { lo: 3, hi: 0 } });
    const receiver = world.thread('receiver', { priority: 101 });
    world.succeed(receiver.cptr, 'TCBBindNotification', [], [notification.cptr]);
    world.trap('Send', { cptr: badged.cptr });
    world.resume(receiver);
    world.rest();
    expect(world.wait(endpoint).badge).toBe(3n);
    world.mustRun(receiver);
  });

  it('let their waiters begin again when they are destroyed', () => {
    const world = new World(scheduling);
    const notification = world.notification();
    const waiter = world.thread('waiter', { priority: 101 });
    const other = world.thread('other');
    world.resume(waiter, other);
    world.rest();
    world.wait(notification);
    world.mustRun(other);
    world.clear();
    world.succeed(2, 'CNodeDelete', [notification.cptr, 64]);
    world.mustRun(waiter);
    expect(world.transitions).toContain('waiter: BlockedOnNotification -> Restart');
  });

  it('can be bound once, by a thread that has none, with the right to receive', () => {
    const world = new World(scheduling);
    const notification = world.notification();
    const sendOnly = world.mint(world.notification('send only'), { canReceive: false });
    const thread = world.thread('thread');
    const other = world.thread('other');
    const bind = (tcb: number, cptr: number): number => world.call(tcb, 'TCBBindNotification', [], [cptr]).label;
    expect(world.call(thread.cptr, 'TCBBindNotification').label).toBe(7);
    expect(bind(thread.cptr, sendOnly.cptr)).toBe(3);
    expect(bind(thread.cptr, world.endpoint().cptr)).toBe(3);
    expect(world.call(thread.cptr, 'TCBUnbindNotification').label).toBe(3);
    expect(bind(thread.cptr, notification.cptr)).toBe(0);
    expect(bind(other.cptr, notification.cptr)).toBe(3);
    expect(bind(thread.cptr, world.notification('second').cptr)).toBe(3);
    expect(world.call(thread.cptr, 'TCBUnbindNotification').label).toBe(0);
    expect(notification.object.boundThread).toBeNull();
  });
});

describe('a notification with a scheduling context', () => {
  it('lends it to a passive thread that it wakes, and takes it back when the thread waits again', () => {
    const world = new World('mcs');
    const notification = world.notification();
    const context = world.schedContext('lent');
    world.configure(context, { budget: 1000, period: 10_000 });
    world.succeed(context.cptr, 'SchedContextBind', [], [notification.cptr]);
    const server = world.thread('server', { priority: 101 });
    const signaller = world.thread('signaller');
    world.resume(server, signaller);
    const ready = world.notification('ready');
    world.trap('Wait', { cptr: ready.cptr });
    world.trap('Wait', { cptr: notification.cptr });
    world.trap('Send', { cptr: ready.cptr });
    world.mustRun(world.root);
    world.succeed(server.context!.cptr, 'SchedContextUnbindObject', [], [server.cptr]);
    world.rest();
    world.mustRun(signaller);
    world.trap('Send', { cptr: notification.cptr });
    world.mustRun(server);
    expect(server.object.schedContext).toBe(context.object);
    world.trap('Wait', { cptr: notification.cptr });
    expect(server.object.schedContext).toBeNull();
    expect(context.object.thread).toBeNull();
    expect(server.object.state).toBe(STATE.BlockedOnNotification);
    world.mustRun(signaller);
  });
});
