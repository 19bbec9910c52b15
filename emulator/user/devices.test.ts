// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { OBJECT_TYPES, type Scheduling } from '../../schema/abi/index.ts';
import { CAUSE, DELIVERY } from '../../schema/trace/trap-record.ts';
import { ClassicRootTask, RootTask, type IRQHandler, type Notification } from '../../stubs/index.ts';
import type { KernelObserver } from '../host.ts';
import { stopOnViolation } from '../kernel/invariants/index.ts';
import { ModelKernel, type ModelOptions } from '../kernel/model.ts';
import { SILENT } from '../kernel/observers.ts';
import { UserThreads, type RunEnd } from './threads.ts';

const CONFIGURATIONS: readonly Scheduling[] = ['mcs', 'classic'];
const RTC_IRQ = 11;
const UART_IRQ = 10;
const BADGE = 5n;

interface Ran {
  readonly end: RunEnd;
  readonly console: string;
}

async function run(scheduling: Scheduling, main: (task: RootTask, host: ModelKernel) => Promise<void>, model: Partial<ModelOptions> = {}): Promise<Ran> {
  let console = '';
  const host = new ModelKernel({ configuration: `riscv64-${scheduling}`, afterTrap: stopOnViolation(), console: (text) => { console += text; }, ...model });
  const end = await new UserThreads(host).run('root', (context, bootInfo) => {
    const task = scheduling === 'mcs' ? new RootTask(context, bootInfo) : new ClassicRootTask(context, bootInfo);
    return main(task as RootTask, host);
  });
  return { end, console };
}

/** A program that is nothing but its own expectations. */
async function check(scheduling: Scheduling, main: (task: RootTask) => Promise<void>): Promise<void> {
  expect(await run(scheduling, main)).toEqual({ end: 'completed', console: '' });
}

/** A thread's view of the real-time clock, whose registers are mapped. */
class Clock {
  readonly at: number;
  private readonly task: RootTask;

  private constructor(task: RootTask, at: number) {
    this.task = task;
    this.at = at;
  }

  static async map(task: RootTask): Promise<Clock> {
    return new Clock(task, await task.map(await task.devices.frame(0x10_1000n)));
  }

  async now(): Promise<number> {
    const low = await this.task.memory.load32(this.at);
    return low + await this.task.memory.load32(this.at + 4) * 2 ** 32;
  }

  async set(time: number): Promise<void> {
    await this.task.memory.store32(this.at + 0xc, Math.floor(time / 2 ** 32));
    await this.task.memory.store32(this.at + 0x8, time % 2 ** 32);
  }

  /** Sets an alarm that rings after so many ns. Returns when it rings. */
  async ringIn(ns: number): Promise<number> {
    const time = await this.now() + ns;
    await this.set(time);
    return time;
  }

  enable(on = 1): Promise<void> {
    return this.task.memory.store32(this.at + 0x10, on);
  }

  clearInterrupt(): Promise<void> {
    return this.task.memory.store32(this.at + 0x1c, 1);
  }

  status(): Promise<number> {
    return this.task.memory.load32(this.at + 0x18);
  }
}

interface Line {
  readonly handler: IRQHandler;
  readonly notification: Notification;
}

/** A handler for a line, which signals a notification. */
async function handle(task: RootTask, irq: number): Promise<Line> {
  const handler = await task.irqHandler(irq);
  const notification = await task.untyped.create('Notification');
  await handler.setNotification(await task.mint(notification, BADGE));
  return { handler, notification };
}

async function waitFor(task: RootTask, notification: Notification): Promise<bigint> {
  return (await task.syscalls[task.runtime.scheduling === 'mcs' ? 'wait' : 'recv'](notification)).badge;
}

async function poll(task: RootTask, notification: Notification): Promise<bigint> {
  return (await task.syscalls[task.runtime.scheduling === 'mcs' ? 'nbWait' : 'nbRecv'](notification)).badge;
}

describe.each(CONFIGURATIONS)('the real-time clock on %s', (scheduling) => {
  it('tells virtual time, and wakes who waits for its interrupt: idle time is skipped', async () => {
    const { end } = await run(scheduling, async (task, host) => {
      const clock = await Clock.map(task);
      const { handler, notification } = await handle(task, RTC_IRQ);
      expect(Math.abs(await clock.now() - task.now())).toBeLessThan(100);
      await clock.enable();
      for (const ns of [1_000_000, 3_600_000_000_000]) {
        const due = await clock.ringIn(ns);
        expect(await clock.status()).toBe(1);
        const before = host.kernel.time;
        expect(await waitFor(task, notification)).toBe(BADGE);
        expect(task.now()).toBeGreaterThanOrEqual(due);
        expect(task.now() - due).toBeLessThan(100_000);
        expect(host.kernel.time - before).toBeGreaterThan(0.9 * ns);
        expect(await clock.status()).toBe(0);
        await clock.clearInterrupt();
        await handler.ack();
      }
    });
    expect(end).toBe('completed');
  });

  it('interrupts a thread that computes, and the thread that waits runs at once if it has the higher priority', async () => {
    await run(scheduling, async (task) => {
      const clock = await Clock.map(task);
      const { notification } = await handle(task, RTC_IRQ);
      const order: [string, number][] = [];
      await task.startThread({ name: 'driver', priority: 200, run: async (self) => {
        await self.use(notification).wait();
        order.push(['driver', self.now()]);
      } });
      await task.startThread({ name: 'busy', priority: 100, run: async (self) => {
        await self.compute(1_000_000);
        order.push(['busy', self.now()]);
      } });
      await clock.enable();
      const due = await clock.ringIn(400_000);
      await task.tcb.setPriority(task.tcb, 50);
      await task.compute(10);
      expect(order.map(([name]) => name)).toEqual(['driver', 'busy']);
      expect(order[0]![1] - due).toBeLessThan(20_000);
      expect(order[1]![1] - due).toBeGreaterThan(500_000);
    });
  });

  it('can be set, and rings at once for an alarm that is past', () => check(scheduling, async (task) => {
    const clock = await Clock.map(task);
    const { notification } = await handle(task, RTC_IRQ);
    await clock.enable();
    await task.memory.store32(clock.at + 4, 0x1000);
    expect(Math.floor(await clock.now() / 2 ** 32)).toBe(0x1000);
    await clock.set(5);
    expect([await clock.status(), await poll(task, notification)]).toEqual([0, BADGE]);
    await clock.ringIn(50_000);
    await task.memory.store32(clock.at + 0x14, 1);
    expect(await clock.status()).toBe(0);
    await task.compute(100_000);
    expect(await poll(task, notification)).toBe(0n);
  }));

  it('rings into the void when its line has no handler, or its handler no notification', async () => {
    const { end, console } = await run(scheduling, async (task) => {
      const clock = await Clock.map(task);
      await clock.enable();
      await clock.ringIn(1000);
      await task.compute(5000);
      const handler = await task.irqHandler(RTC_IRQ);
      await task.compute(5000);
      await clock.ringIn(1000);
      await task.compute(5000);
      const notification = await task.untyped.create('Notification');
      await handler.setNotification(await task.mint(notification, BADGE));
      expect(await poll(task, notification)).toBe(0n);
      await clock.ringIn(1000);
      await task.compute(5000);
      expect(await poll(task, notification)).toBe(BADGE);
      await handler.clear();
      await clock.ringIn(1000);
      await task.compute(5000);
      expect(await poll(task, notification)).toBe(0n);
      await task.delete(handler);
      await clock.ringIn(1000);
      await task.compute(5000);
    });
    expect(end).toBe('completed');
    expect(console).toBe('Undelivered IRQ: 11\nUndelivered IRQ: 11\n');
  });

  it('leaves a system that waits for a masked line without anything to run', async () => {
    const { end } = await run(scheduling, async (task) => {
      const clock = await Clock.map(task);
      await clock.enable();
      await clock.ringIn(1_000_000);
      await waitFor(task, await task.untyped.create('Notification'));
    });
    expect(end).toBe('stalled');
  });

  it('interrupts again without an acknowledgement, as on qemu-riscv-virt', () => check(scheduling, async (task) => {
    const clock = await Clock.map(task);
    const { notification } = await handle(task, RTC_IRQ);
    await clock.enable();
    for (let i = 0; i < 3; i++) {
      await clock.ringIn(1000);
      expect(await waitFor(task, notification)).toBe(BADGE);
      await task.compute(5000);
      expect(await poll(task, notification)).toBe(0n);
    }
    await clock.enable(0);
    expect(await poll(task, notification)).toBe(0n);
    await clock.enable();
    expect(await poll(task, notification)).toBe(BADGE);
  }));

  it('interrupts again only after the acknowledgement where interrupts are completed by it', async () => {
    await run(scheduling, async (task) => {
      const clock = await Clock.map(task);
      const { handler, notification } = await handle(task, RTC_IRQ);
      await clock.enable();
      await clock.ringIn(1000);
      expect(await waitFor(task, notification)).toBe(BADGE);
      await clock.ringIn(1000);
      await task.compute(5000);
      expect(await poll(task, notification)).toBe(0n);
      // The line is still high.
      await handler.ack();
      expect(await poll(task, notification)).toBe(BADGE);
      await clock.clearInterrupt();
      await handler.ack();
      expect(await poll(task, notification)).toBe(0n);
      await clock.ringIn(1000);
      expect(await waitFor(task, notification)).toBe(BADGE);
    }, { irqCompletion: 'byAck' });
  });

  it('stops a long operation at a preemption point, whose thread goes on with it afterwards', async () => {
    const preempted: number[] = [];
    const served: number[] = [];
    const { end } = await run(scheduling, async (task, host) => {
      const clock = await Clock.map(task);
      const { notification } = await handle(task, RTC_IRQ);
      await task.startThread({ name: 'driver', priority: 255, maxControlledPriority: 255, run: async (self) => {
        await self.use(notification).wait();
        served.push(host.kernel.time);
      } });
      await task.tcb.setPriority(task.tcb, 200);
      host.observe({ ...SILENT, preempted: () => preempted.push(host.kernel.time) });
      const untyped = await task.untyped.create('Untyped', { sizeBits: 16 });
      const first = task.slots.allocateRange(200);
      await untyped.retype(OBJECT_TYPES[scheduling].Endpoint!, 0, task.cnode, 0, 0, first, 200);
      await clock.enable();
      await clock.ringIn(200_000);
      await task.revoke(untyped);
      expect(served).toHaveLength(1);
      await untyped.retype(OBJECT_TYPES[scheduling].Endpoint!, 0, task.cnode, 0, 0, first, 200);
    }, { timing: { workUnit: 2_000 } });
    expect(end).toBe('completed');
    expect(preempted.length).toBeGreaterThan(0);
  });

  it('comes before the kernel\'s own timer, which comes next', async () => {
    const entries: string[] = [];
    await run(scheduling, async (task, host) => {
      const clock = await Clock.map(task);
      const { notification } = await handle(task, RTC_IRQ);
      const waiting = await task.startThread({ name: 'driver', priority: 255, maxControlledPriority: 255, run: async (self) => { await self.use(notification).wait(); } });
      await task.startThread({ name: 'busy', priority: 100, run: (self) => self.compute(50_000_000) });
      await clock.enable();
      const observer: KernelObserver = {
        ...SILENT,
        entry: (cause) => { entries.push(cause === CAUSE.interrupt ? 'interrupt' : 'other'); },
        delivery: (_thread, kind) => { if (kind === DELIVERY.signal) entries.push('signal'); },
      };
      await task.tcb.setPriority(task.tcb, 150);
      await clock.set(host.kernel.timerDeadline);
      host.observe(observer);
      await task.compute(20_000_000);
      expect(waiting.name).toBe('driver');
    });
    const first = entries.indexOf('interrupt');
    expect(entries.slice(first, first + 2)).toEqual(['interrupt', 'signal']);
    expect(entries.slice(first + 2)).toContain('interrupt');
  });
});

describe.each(CONFIGURATIONS)('the UART on %s', (scheduling) => {
  it('prints, and interrupts when it is through', async () => {
    const { console } = await run(scheduling, async (task) => {
      const { memory } = task;
      const at = await task.map(await task.devices.frame(0x1000_0000n));
      const { handler, notification } = await handle(task, UART_IRQ);
      expect(await memory.load8(at + 5) & 0x20).toBe(0x20);
      await memory.store8(at, 'H'.charCodeAt(0));
      expect(await poll(task, notification)).toBe(0n);
      await memory.store8(at + 1, 2);
      expect(await waitFor(task, notification)).toBe(BADGE);
      for (const letter of 'ello\n') {
        await memory.store8(at, letter.charCodeAt(0));
        expect(await waitFor(task, notification)).toBe(BADGE);
        expect([await memory.load8(at + 2), await memory.load8(at + 2)]).toEqual([2, 1]);
        await handler.ack();
      }
      expect(await poll(task, notification)).toBe(0n);
    });
    expect(console).toBe('Hello\n');
  });
});
