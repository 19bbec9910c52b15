// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { INIT_CAP, SLOT, STATE, type Scheduling } from '../../../schema/abi/index.ts';
import { insertDerived } from '../cspace/derivation.ts';
import type { Notification } from '../objects.ts';
import { suspendThread } from '../object/tcb-lifecycle.ts';
import { setThreadState } from '../registers.ts';
import { World, type Placed, type TestThread } from '../testing-threads.ts';
import { TICK, TIMER_PRECISION, handlePreemption } from './budget.ts';
import { enterDomain, schedule, setDomain } from './scheduler.ts';

const CONFIGURATIONS: readonly Scheduling[] = ['mcs', 'classic'];

function pc(thread: { registers: Uint32Array }): number {
  return thread.registers[2 * SLOT.NextIP]!;
}

describe.each(CONFIGURATIONS)('the scheduler on %s', (scheduling) => {
  it('runs the highest priority', () => {
    const world = new World(scheduling);
    const low = world.thread('low', { priority: 1 });
    const high = world.thread('high', { priority: 200 });
    world.resume(high, low);
    world.rest();
    world.mustRun(high);
    world.wait(world.notification());
    world.mustRun(low);
    world.wait(world.notification());
    world.mustRun(world.kernel.idleThread);
  });

  it('lets a thread of equal priority wait until the running one gives way', () => {
    const world = new World(scheduling);
    const a = world.thread('a', { priority: 100, mcp: 100 });
    const b = world.thread('b', { priority: 50 });
    world.resume(a);
    world.rest();
    world.succeed(b.cptr, 'TCBSetPriority', [100], [a.cptr]);
    world.succeed(b.cptr, 'TCBResume');
    world.mustRun(a);
    world.trap('Yield');
    world.mustRun(b);
    world.trap('Yield');
    world.mustRun(a);
  });

  it('follows changes of priority', () => {
    const world = new World(scheduling);
    const a = world.thread('a', { priority: 100, mcp: 255 });
    const b = world.thread('b', { priority: 90 });
    world.resume(a, b);
    world.rest();
    world.mustRun(a);
    world.succeed(b.cptr, 'TCBSetPriority', [101], [a.cptr]);
    world.mustRun(b);
    world.wait(world.notification());
    world.succeed(a.cptr, 'TCBSetPriority', [10], [a.cptr]);
    world.mustRun(a);
  });

  it('reorders waiters by their new priority on MCS only', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const a = world.thread('a', { priority: 103, mcp: 255 });
    const b = world.thread('b', { priority: 102 });
    const c = world.thread('c', { priority: 101 });
    world.resume(a, b, c);
    world.rest();
    world.wait(endpoint);
    world.wait(endpoint);
    world.mustRun(c);
    world.succeed(b.cptr, 'TCBSetPriority', [110], [a.cptr]);
    expect(endpoint.object.queue.map((t) => t.name)).toEqual(scheduling === 'mcs' ? ['b', 'a'] : ['a', 'b']);
  });

  it('lets the threads of a priority take turns when their time slices end', () => {
    const world = new World(scheduling);
    const threads = ['a', 'b', 'c'].map((name) => world.thread(name, { priority: 60 }));
    world.resume(...threads);
    world.rest();
    const order: string[] = [];
    for (let i = 0; i < 6; i++) {
      order.push(world.current.name);
      world.runUntilSwitch();
    }
    expect(order.slice(0, 3).sort()).toEqual(['a', 'b', 'c']);
    expect(order.slice(3)).toEqual(order.slice(0, 3));
  });

  it('suspends and resumes a running thread where it would have gone on', () => {
    const world = new World(scheduling);
    const victim = world.thread('victim', { priority: 50 });
    const boss = world.thread('boss', { priority: 100 });
    const wakeUp = world.notification();
    world.resume(victim, boss);
    world.rest();
    world.wait(wakeUp);
    world.mustRun(victim);
    const before = pc(victim.object);
    world.trap('Send', { cptr: wakeUp.cptr });
    world.mustRun(boss);
    world.clear();
    world.succeed(victim.cptr, 'TCBSuspend');
    expect(victim.object.state).toBe(STATE.Inactive);
    world.succeed(victim.cptr, 'TCBResume');
    expect(victim.object.state).toBe(STATE.Restart);
    expect(world.transitions.filter((t) => t.startsWith('victim'))).toEqual(['victim: Running -> Inactive', 'victim: Inactive -> Restart']);
    world.wait(wakeUp);
    world.mustRun(victim);
    expect(victim.object.state).toBe(STATE.Running);
    expect(pc(victim.object)).toBe(before + 4);
  });

  it('suspends a thread that asks for it itself, without a reply, at its trap', () => {
    const world = new World(scheduling);
    const thread = world.thread('thread');
    world.resume(thread);
    world.rest();
    world.clear();
    world.call(thread.cptr, 'TCBSuspend');
    expect(world.transitions).toEqual(['thread: Running -> Restart', 'thread: Restart -> Inactive']);
    expect(world.events.filter((event) => event.includes('<-'))).toEqual([]);
    const { registers } = thread.object;
    expect(registers[2 * SLOT.NextIP]).toBe(registers[2 * SLOT.FaultIP]! + 4);
  });

  it('resumes a waiting thread, which then waits again', () => {
    const world = new World(scheduling);
    const endpoint = world.endpoint();
    const waiter = world.thread('waiter', { priority: 100 });
    const other = world.thread('other', { priority: 50 });
    world.resume(waiter, other);
    world.rest();
    world.wait(endpoint);
    world.mustRun(other);
    world.clear();
    world.succeed(waiter.cptr, 'TCBResume');
    world.mustRun(waiter);
    expect(world.transitions.filter((t) => t.startsWith('waiter'))).toEqual(
      ['waiter: BlockedOnReceive -> Inactive', 'waiter: Inactive -> Restart', 'waiter: Restart -> Running'],
    );
    world.host.syscall();
    expect(waiter.object.state).toBe(STATE.BlockedOnReceive);
  });

  it('lets a destroyed thread never run again', () => {
    const world = new World(scheduling);
    const victim = world.thread('victim', { priority: 100 });
    const other = world.thread('other', { priority: 50 });
    world.resume(other, victim);
    world.rest();
    world.invoke('Call', 2, 'CNodeDelete', [victim.cptr, 64]);
    expect(victim.object.alive).toBe(false);
    expect(victim.object.state).toBe(STATE.Inactive);
    world.mustRun(other);
  });
});

describe.each(CONFIGURATIONS)('domains on %s', (scheduling) => {
  /** Two domains that take turns of 10 and 20 ms, and a thread in each. */
  function twoDomains(): World {
    const world = new World(scheduling);
    const { kernel } = world;
    const zero = world.thread('zero', { priority: 50 });
    const one = world.thread('one', { priority: 60 });
    kernel.domainSchedule.splice(0, 2, { domain: 0, duration: 10_000_000 }, { domain: 1, duration: 20_000_000 });
    world.resume(zero, one);
    setDomain(kernel, one.object, 1);
    enterDomain(kernel, 0);
    world.rest();
    return world;
  }

  it('run their threads in turn, for as long as the schedule says', () => {
    const world = twoDomains();
    const turns: [string, number][] = [];
    for (let i = 0; i < 4; i++) {
      const start = world.kernel.time;
      const { name } = world.current;
      world.runUntilSwitch();
      turns.push([name, Math.round((world.kernel.time - start) / 1_000_000)]);
    }
    // The first turn has begun with the setup.
    expect(turns.map(([name]) => name)).toEqual(['zero', 'one', 'zero', 'one']);
    expect(turns.slice(1).map(([, ms]) => ms)).toEqual([20, 10, 20]);
  });

  it('leave the processor idle when the domain has no ready thread, and stand still when none has', () => {
    const world = twoDomains();
    world.wait(world.notification());
    world.mustRun(world.kernel.idleThread);
    world.runUntilSwitch();
    expect(world.current.name).toBe('one');
    world.wait(world.notification());
    world.mustRun(world.kernel.idleThread);
    expect(world.host.idle()).toBe(false);
  });
});

describe('a long revocation', () => {
  /** A worker that is about to revoke 3000 copies, shortly before the timer interrupt; another thread of its priority is ready. */
  function scene(scheduling: Scheduling): { world: World; worker: TestThread; other: TestThread; original: Placed<Notification> } {
    const world = new World(scheduling);
    const original = world.notification('original');
    for (let i = 0; i < 3000; i++) insertDerived(world.emptySlot().slot, original.slot.cap, original.slot);
    const worker = world.thread('worker', { priority: 50 });
    const other = world.thread('other', { priority: 50 });
    world.resume(other, worker);
    world.rest();
    world.host.compute(world.kernel.timerDeadline - world.kernel.time - 100_000);
    world.mustRun(worker);
    world.clear();
    world.call(INIT_CAP.threadCNode, 'CNodeRevoke', [original.cptr, 64]);
    expect(world.events).toContain('preempted');
    expect(world.writes(worker.object, 'reply')).toEqual([]);
    expect(original.object.capCount).toBeGreaterThan(1);
    return { world, worker, other, original };
  }

  function finish(world: World, worker: TestThread, original: Placed<Notification>): void {
    world.mustRun(worker);
    for (let i = 0; i < 10 && original.object.capCount > 1; i++) world.host.syscall();
    expect(original.object.capCount).toBe(1);
    expect(world.answer(worker.object)).toMatchObject({ badge: 0n, label: 0, length: 0 });
  }

  it('lets others run when the time slice ends, and goes on afterwards', () => {
    const { world, worker, other, original } = scene('mcs');
    world.mustRun(other);
    expect(worker.object.state).toBe(STATE.Restart);
    world.wait(world.notification('silence'));
    finish(world, worker, original);
  });

  it('goes on at once on a classic kernel, where a stopped system call does not use up the time slice', () => {
    const { world, worker, original } = scene('classic');
    expect(world.kernel.timerDeadline).toBeGreaterThan(world.kernel.time);
    finish(world, worker, original);
  });
});

describe('the timer interrupt at a preemption point', () => {
  it('charges the thread that was preempted', () => {
    const world = new World('mcs');
    const busy = world.thread('busy', { time: { budget: 1000, period: 10_000 } });
    world.resume(busy);
    world.rest();
    const { kernel } = world;
    kernel.time += 1_000_000;
    setThreadState(kernel, busy.object, STATE.Restart);
    handlePreemption(kernel);
    schedule(kernel);
    expect(kernel.releaseQueue).toEqual([busy.object]);
    expect(busy.context!.object.consumed).toBeGreaterThanOrEqual(1_000_000);
  });

  it('charges the context of a thread that stopped itself', () => {
    const world = new World('mcs');
    const busy = world.thread('busy', { time: { budget: 1000, period: 10_000 } });
    world.resume(busy);
    world.rest();
    const { kernel } = world;
    kernel.time += 300_000;
    suspendThread(kernel, busy.object);
    handlePreemption(kernel);
    schedule(kernel);
    world.mustRun(kernel.idleThread);
    expect(busy.context!.object.consumed).toBeGreaterThanOrEqual(300_000);
    expect(kernel.uncharged).toBe(0);
  });

  it('is a tick of a classic kernel', () => {
    const world = new World('classic');
    const { timeSlice } = world.root;
    world.kernel.time += TICK;
    handlePreemption(world.kernel);
    expect(world.root.timeSlice).toBe(timeSlice - 1);
    handlePreemption(world.kernel);
    expect(world.root.timeSlice).toBe(timeSlice - 1);
  });
});

describe('budgets', () => {
  it('end: a sporadic thread waits until its refill', () => {
    const world = new World('mcs');
    const busy = world.thread('busy', { time: { budget: 1000, period: 10_000 } });
    world.resume(busy);
    world.rest();
    const start = world.kernel.time;
    world.mustRun(busy);
    world.runUntilSwitch();
    world.mustRun(world.kernel.idleThread);
    expect(world.kernel.releaseQueue).toEqual([busy.object]);
    expect(busy.object.state).toBe(STATE.Running);
    expect(world.kernel.time - start).toBeLessThan(1_001_000);
    world.runUntilSwitch();
    world.mustRun(busy);
    const waited = world.kernel.time - start;
    expect(waited).toBeGreaterThan(9_980_000);
    expect(waited).toBeLessThan(10_020_000);
  });

  it('without enough left for a kernel entry keep the system call from being executed', () => {
    const world = new World('mcs');
    const busy = world.thread('busy', { time: { budget: 1000, period: 10_000 } });
    world.resume(busy);
    world.rest();
    world.host.compute(990_000);
    world.mustRun(busy);
    const notification = world.notification();
    const at = pc(busy.object);
    world.clear();
    world.trap('Send', { cptr: notification.cptr });
    expect(world.events).toEqual(['busy: Running -> Restart', 'out of budget']);
    expect(notification.object.state).toBe(0);
    world.runUntilSwitch();
    world.mustRun(busy);
    expect(pc(busy.object)).toBe(at);
    world.host.syscall();
    expect(notification.object.state).toBe(2);
  });

  it('are given up by Yield until the next refill, and only what was used counts as consumed', () => {
    const world = new World('mcs');
    const busy = world.thread('busy', { time: { budget: 1000, period: 10_000 } });
    world.resume(busy);
    world.rest();
    world.host.compute(100_000);
    world.trap('Yield');
    world.mustRun(world.kernel.idleThread);
    expect(busy.context!.object.consumed).toBeGreaterThanOrEqual(100_000);
    expect(busy.context!.object.consumed).toBeLessThan(102_000);
    expect(busy.context!.object.refills).toHaveLength(1);
  });

  it('interrupt a lower thread when a refill is ready', () => {
    const world = new World('mcs');
    const periodic = world.thread('periodic', { priority: 200, time: { budget: 100, period: 1000 } });
    const background = world.thread('background', { priority: 1 });
    world.resume(background, periodic);
    world.rest();
    world.mustRun(periodic);
    const starts: number[] = [];
    for (let i = 0; i < 5; i++) {
      starts.push(world.kernel.time);
      world.trap('Yield');
      world.mustRun(background);
      world.runUntilSwitch();
      world.mustRun(periodic);
    }
    for (let i = 1; i < starts.length; i++) {
      expect(starts[i]! - starts[i - 1]!).toBeGreaterThan(980_000);
      expect(starts[i]! - starts[i - 1]!).toBeLessThan(1_020_000);
    }
  });

  it('leave a rest of the head refill when the timer ends them: a thread that was preempted runs again later', () => {
    const MS = 1_000_000;
    const world = new World('mcs');
    const urgent = world.thread('urgent', { priority: 200, time: { budget: 1000, period: 2000 } });
    const busy = world.thread('busy', { priority: 100, time: { budget: 3000, period: 7000 } });
    world.resume(urgent, busy);
    world.rest();
    world.trap('Yield');
    world.mustRun(busy);
    const start = world.kernel.timestamp;
    world.runUntilSwitch();
    world.mustRun(urgent);
    const used = world.kernel.timestamp - start;
    world.wait(world.notification());
    world.mustRun(busy);
    const again = world.kernel.timestamp;
    world.runUntilSwitch();
    world.mustRun(world.kernel.idleThread);
    // There is no room for a third refill: what was used first comes as late as lets the joined refill end in time.
    const { refills } = busy.context!.object;
    expect(refills).toHaveLength(1);
    expect(refills[0]!.amount).toBe(3 * MS);
    expect(Math.abs(refills[0]!.time - (again + 7 * MS - used))).toBeLessThan(2 * TIMER_PRECISION);
  });

  it('are not used before the time of the refill', () => {
    const world = new World('mcs');
    const periodic = world.thread('periodic', { time: { budget: 100, period: 1000 } });
    world.resume(periodic);
    world.rest();
    world.trap('Yield');
    const { time } = periodic.context!.object.refills[0]!;
    expect(world.kernel.timerDeadline).toBe(time - TIMER_PRECISION);
    world.host.idle();
    world.mustRun(world.kernel.idleThread);
    expect(world.kernel.timestamp).toBeLessThan(time);
    world.host.idle();
    world.mustRun(periodic);
    expect(world.kernel.timestamp).toBeGreaterThanOrEqual(time);
  });

  it('are reported by Consumed in µs since the last time, and reset', () => {
    const world = new World('mcs');
    const worker = world.thread('worker', { priority: 50 });
    const asker = world.thread('asker', { priority: 100 });
    const wakeUp = world.notification();
    world.resume(worker, asker);
    world.rest();
    world.wait(wakeUp);
    world.mustRun(worker);
    world.host.compute(250_000);
    world.trap('Send', { cptr: wakeUp.cptr });
    world.mustRun(asker);
    world.clear();
    const answer = world.call(worker.context!.cptr, 'SchedContextConsumed');
    expect(answer).toMatchObject({ badge: 0n, label: 0, length: 1 });
    expect(Number(answer.words[0])).toBeGreaterThanOrEqual(250);
    expect(Number(answer.words[0])).toBeLessThan(255);
    expect(world.writes(asker.object, 'reply').sort()).toEqual(['a0', 'a1', 'a2']);
    expect(world.call(worker.context!.cptr, 'SchedContextConsumed').words).toEqual([0n]);
    world.clear();
    world.invoke('NBSend', worker.context!.cptr, 'SchedContextConsumed');
    expect(world.writes(asker.object, 'reply')).toEqual([]);
  });

  it('are reported without message info with the defect', () => {
    const world = new World('mcs', { defects: ['sc-consumed'] });
    const other = world.schedContext('other');
    world.clear();
    expect(world.call(other.cptr, 'SchedContextConsumed')).toMatchObject({ badge: 0n, label: 0, length: 0 });
    expect(world.writes(world.root, 'reply')).toEqual(['a2', 'a1', 'a0', 'a1']);
    world.clear();
    world.invoke('Send', other.cptr, 'SchedContextConsumed');
    expect(world.writes(world.root, 'reply')).toEqual(['a2', 'a1']);
  });

  it('are needed to run: a resumed thread without one runs when it gets one', () => {
    const world = new World('mcs');
    const passive = world.thread('passive', { time: null, priority: 50 });
    const other = world.thread('other', { priority: 40 });
    const context = world.schedContext('context');
    world.configure(context, { budget: 1000, period: 2000 });
    world.resume(passive, other);
    world.rest();
    world.mustRun(other);
    expect(passive.object.state).toBe(STATE.Restart);
    world.succeed(context.cptr, 'SchedContextBind', [], [passive.cptr]);
    world.mustRun(passive);
  });
});

describe('ticks of a classic kernel', () => {
  it('come every 2 ms, and end a time slice after 5', () => {
    const world = new World('classic');
    const a = world.thread('a', { priority: 60 });
    const b = world.thread('b', { priority: 60 });
    world.resume(a, b);
    world.rest();
    const first = world.current;
    const switches: number[] = [];
    for (let i = 0; i < 3; i++) {
      world.runUntilSwitch();
      switches.push(world.kernel.time);
    }
    expect(world.current).not.toBe(first);
    expect(switches[1]! - switches[0]!).toBe(5 * TICK);
    expect(switches[2]! - switches[1]!).toBe(5 * TICK);
  });

  it('do not come while nothing can run', () => {
    const world = new World('classic');
    world.rest();
    expect(world.host.idle()).toBe(false);
  });
});
