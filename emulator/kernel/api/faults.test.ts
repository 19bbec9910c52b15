// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { FAULT_LABELS, LOOKUP, ROLE, SLOT, STATE, type Riscv64Slot, type Scheduling } from '../../../schema/abi/index.ts';
import type { Endpoint } from '../objects.ts';
import { World, type Placed, type TestThread } from '../testing-threads.ts';

const CONFIGURATIONS: readonly Scheduling[] = ['mcs', 'classic'];

interface Scene {
  readonly world: World;
  readonly handler: TestThread;
  readonly faulter: TestThread;
  readonly endpoint: Placed<Endpoint>;
  readonly reply: number;
}

/** A handler that waits with means to reply, and a thread that runs and has it as its fault handler. */
function scene(scheduling: Scheduling, buffer: 'rw' | 'none' = 'rw'): Scene {
  const world = new World(scheduling);
  const endpoint = world.endpoint('faults');
  const badged = world.mint(endpoint, { badge: { lo: 0xbad, hi: 0 } });
  const reply = world.kernel.mcs ? world.reply().cptr : 0;
  const handler = world.thread('handler', { priority: 101, buffer });
  const faulter = world.thread('faulter', { priority: 100, faultHandler: badged });
  world.resume(handler, faulter);
  world.rest();
  world.trap('Recv', { cptr: endpoint.cptr, reply });
  world.mustRun(faulter);
  world.clear();
  return { world, handler, faulter, endpoint, reply };
}

function set(thread: TestThread, name: Riscv64Slot, value: number): void {
  thread.object.registers[2 * SLOT[name]] = value;
  thread.object.registers[2 * SLOT[name] + 1] = 0;
}

function get(thread: TestThread, name: Riscv64Slot): number {
  return thread.object.registers[2 * SLOT[name]]!;
}

function answerFault({ world, endpoint, reply, handler }: Scene, label: number, words: readonly number[] = []): void {
  world.mustRun(handler);
  world.trap('ReplyRecv', { cptr: endpoint.cptr, reply, label, words });
}

describe.each(CONFIGURATIONS)('faults on %s', (scheduling) => {
  const labels = FAULT_LABELS[scheduling];

  it('UnknownSyscall: registers and number, and a reply that sets them', () => {
    const s = scene(scheduling);
    const { world, handler, faulter } = s;
    const ip = get(faulter, 'NextIP');
    const named: [Riscv64Slot, number][] = [['sp', 1], ['ra', 2], ['a0', 3], ['a1', 4], ['a2', 5], ['a3', 6], ['a4', 7], ['a5', 8], ['a6', 9]];
    for (const [name, value] of named) set(faulter, name, value);
    set(faulter, 'a7', 12345);
    world.host.syscall();
    world.mustRun(handler);
    expect(faulter.object.state).toBe(STATE.BlockedOnReply);
    expect(world.answer(handler.object)).toEqual({
      badge: 0xbadn, label: labels.UnknownSyscall, length: 11, extraCaps: 0, capsUnwrapped: 0,
      words: [BigInt(ip), 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 12345n],
    });
    expect(world.writes(handler.object, 'fault')).toContain('word 11');
    world.clear();
    answerFault(s, 0, [ip + 4, 21, 22, 23]);
    world.mustRun(faulter);
    expect(world.writes(faulter.object, 'registers')).toEqual(['FaultIP', 'sp', 'ra', 'a0']);
    expect([get(faulter, 'NextIP'), get(faulter, 'sp'), get(faulter, 'ra'), get(faulter, 'a0'), get(faulter, 'a1')]).toEqual([ip + 4, 21, 22, 23, 4]);
    expect(world.transitions).toContain(scheduling === 'mcs' ? 'faulter: Inactive -> Restart' : 'faulter: BlockedOnReply -> Restart');
  });

  it('UserException: number and code; an empty reply repeats the trap, another label leaves the thread inactive', () => {
    const s = scene(scheduling);
    const { world, handler, faulter } = s;
    const ip = get(faulter, 'NextIP');
    set(faulter, 'sp', 77);
    world.host.exception({ cause: 2, valueLo: 0, valueHi: 0 });
    expect(world.answer(handler.object)).toMatchObject({ badge: 0xbadn, label: labels.UserException, length: 4, words: [BigInt(ip), 77n, 2n, 0n] });
    answerFault(s, 0);
    world.mustRun(faulter);
    expect(get(faulter, 'NextIP')).toBe(ip);
    world.host.exception({ cause: 2, valueLo: 0, valueHi: 0 });
    answerFault(s, 1, [ip, 78]);
    expect(faulter.object.state).toBe(STATE.Inactive);
    expect(get(faulter, 'sp')).toBe(78);
  });

  it('VMFault: address, fetch, cause; a reply only restarts', () => {
    const s = scene(scheduling);
    const { world, handler, faulter } = s;
    const ip = get(faulter, 'NextIP');
    world.host.exception({ cause: 13, valueLo: 0xdead_b000, valueHi: 0x12 });
    expect(world.answer(handler.object)).toMatchObject({
      label: labels.VMFault, length: 4, words: [BigInt(ip), 0x12_dead_b000n, 0n, 5n],
    });
    world.clear();
    answerFault(s, 5, [1, 2, 3]);
    world.mustRun(faulter);
    expect(world.writes(faulter.object, 'registers')).toEqual([]);
    expect(get(faulter, 'NextIP')).toBe(ip);
    world.host.exception({ cause: 12, valueLo: 1, valueHi: 0 });
    expect(world.answer(handler.object).words.slice(2)).toEqual([1n, 1n]);
  });

  it('CapFault: phase and lookup failure', () => {
    const s = scene(scheduling);
    const { world, handler, faulter } = s;
    const ip = BigInt(get(faulter, 'NextIP'));
    // The root CNode has a guard of zeros; this pointer does not match it.
    world.trap('Call', { cptr: 0x4000_0000 });
    expect(world.answer(handler.object)).toMatchObject({
      label: labels.CapFault, length: 7, words: [ip, 0x4000_0000n, 0n, BigInt(LOOKUP.GuardMismatch), 64n, 0n, 51n],
    });
    answerFault(s, 0);
    world.mustRun(faulter);
    world.wait({ cptr: 0 });
    world.mustRun(handler);
    expect(world.answer(handler.object)).toMatchObject({
      label: labels.CapFault, length: 5, words: [ip, 0n, 1n, BigInt(LOOKUP.MissingCapability), 0n],
    });
  });

  it('show 4 words to a handler without a buffer', () => {
    const { world, handler, faulter } = scene(scheduling, 'none');
    set(faulter, 'a7', 12345);
    world.host.syscall();
    expect(world.answer(handler.object)).toMatchObject({ label: labels.UnknownSyscall, length: 4 });
  });

  it('leave a thread without a handler inactive', () => {
    const world = new World(scheduling);
    const lonely = world.thread('lonely');
    world.resume(lonely);
    world.rest();
    world.clear();
    world.host.exception({ cause: 2, valueLo: 0, valueHi: 0 });
    expect(world.events).toContain('lonely: Running -> Inactive');
    expect(world.events.some((event) => event.startsWith('lonely: fault'))).toBe(true);
  });

  it('wait with the faulter until the handler receives, and end with a handler endpoint that goes', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint('faults');
    const faulter = world.thread('faulter', { priority: 101, faultHandler: endpoint });
    const other = world.thread('other', { priority: 100 });
    world.resume(other, faulter);
    world.rest();
    world.host.exception({ cause: 2, valueLo: 0, valueHi: 0 });
    expect(faulter.object.state).toBe(STATE.BlockedOnSend);
    world.mustRun(other);
    world.clear();
    world.succeed(2, 'CNodeRevoke', [endpoint.cptr, 64]);
    world.succeed(2, 'CNodeDelete', [endpoint.cptr, 64]);
    expect(world.transitions).toContain(scheduling === 'mcs' ? 'faulter: BlockedOnSend -> Inactive' : 'faulter: BlockedOnSend -> Restart');
  });

  it('are forgotten by a thread that is suspended and resumed', () => {
    const s = scene(scheduling);
    const { world, faulter } = s;
    world.host.exception({ cause: 2, valueLo: 0, valueHi: 0 });
    world.succeed(faulter.cptr, 'TCBResume');
    expect(faulter.object.fault).toBeNull();
    // The answer reaches nobody.
    answerFault(s, 0, [1, 2]);
    world.mustRun(faulter);
    expect(get(faulter, 'sp')).not.toBe(2);
  });
});

describe('timeout faults', () => {
  function timeoutScene(): Scene & { badge: number } {
    const world = new World('mcs');
    const endpoint = world.endpoint('timeouts');
    const reply = world.reply().cptr;
    const handler = world.thread('handler', { priority: 101 });
    const faulter = world.thread('faulter', { priority: 100, time: { budget: 1000, period: 10_000 }, timeoutHandler: endpoint });
    world.succeed(world.schedControl, 'SchedControlConfigureFlags', [1000, 10_000, 0, 0x77, 0], [faulter.context!.cptr]);
    world.resume(handler, faulter);
    world.rest();
    world.trap('Recv', { cptr: endpoint.cptr, reply });
    world.mustRun(faulter);
    world.clear();
    return { world, handler, faulter, endpoint, reply, badge: 0x77 };
  }

  it('tell the handler the badge of the context and the time consumed; a reply sets registers', () => {
    const s = timeoutScene();
    const { world, handler, faulter } = s;
    world.runUntilSwitch();
    world.mustRun(handler);
    const message = world.answer(handler.object);
    expect(message).toMatchObject({ label: 5, length: 2 });
    expect(message.words[0]).toBe(0x77n);
    expect(Number(message.words[1])).toBeGreaterThanOrEqual(999);
    expect(Number(message.words[1])).toBeLessThan(1002);
    expect(faulter.object.state).toBe(STATE.BlockedOnReply);
    expect(faulter.object.schedContext).toBe(faulter.context!.object);
    answerFault(s, 0, [0x5000, 0x11, 0x22]);
    expect(faulter.object.state).toBe(STATE.Restart);
    expect(faulter.object.inReleaseQueue).toBe(true);
    expect([get(faulter, 'FaultIP'), get(faulter, 'ra'), get(faulter, 'sp')]).toEqual([0x5000, 0x11, 0x22]);
    expect(get(faulter, 'a0')).not.toBe(0x11);
    world.runUntilSwitch();
    world.mustRun(faulter);
    expect(get(faulter, 'NextIP')).toBe(0x5000);
  });

  it('at a system call keep it from being executed', () => {
    const { world, handler, faulter } = timeoutScene();
    world.host.compute(985_000);
    world.mustRun(faulter);
    world.trap('Send', { cptr: world.notification().cptr });
    world.mustRun(handler);
    expect(world.transitions.filter((t) => t.startsWith('faulter'))).toEqual(['faulter: Running -> BlockedOnReply']);
    expect(world.events).toContain('out of budget');
  });

  it.each([true, false])('come to a client that gets an exhausted context back (timeout handler: %s)', (hasHandler) => {
    const world = new World('mcs');
    const endpoint = world.endpoint('service');
    const timeouts = world.endpoint('timeouts');
    const reply = world.reply('service reply').cptr;
    const ready = world.notification('ready');
    const server = world.thread('server', { priority: 110 });
    const client = world.thread('client', {
      priority: 100, time: { budget: 1000, period: 10_000 }, ...(hasHandler ? { timeoutHandler: timeouts } : {}),
    });
    const other = world.thread('other', { priority: 50 });
    world.resume(server);
    world.trap('Wait', { cptr: ready.cptr });
    world.trap('NBSendRecv', { destination: ready.cptr, cptr: endpoint.cptr, reply });
    world.mustRun(world.root);
    world.succeed(server.context!.cptr, 'SchedContextUnbind');
    world.resume(other, client);
    world.rest();
    world.mustRun(client);
    world.trap('Call', { cptr: endpoint.cptr });
    world.mustRun(server);
    world.runUntilSwitch();
    // The server used up the client's budget. Somebody else answers the client.
    world.mustRun(other);
    world.clear();
    world.trap('Send', { cptr: reply, words: [1] });
    world.mustRun(other);
    expect(client.object.schedContext).toBe(client.context!.object);
    expect(world.answer(client.object).words).toEqual([1n]);
    expect(world.transitions.filter((t) => t.startsWith('client'))).toEqual([
      'client: BlockedOnReply -> Inactive', 'client: Inactive -> Running', ...(hasHandler ? ['client: Running -> BlockedOnSend'] : []),
    ]);
    expect(client.object.inReleaseQueue).toBe(!hasHandler);
  });
});

describe('the badge and tag registers of a faulter', () => {
  it('are not overwritten by the reply to its fault', () => {
    const s = scene('mcs');
    set(s.faulter, 'a0', 41);
    set(s.faulter, 'a1', 42);
    s.world.host.exception({ cause: 2, valueLo: 0, valueHi: 0 });
    s.world.clear();
    answerFault(s, 0, [0x9000]);
    expect([s.faulter.object.registers[2 * ROLE.badge], s.faulter.object.registers[2 * ROLE.tag]]).toEqual([41, 42]);
  });
});
