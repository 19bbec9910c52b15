// SPDX-License-Identifier: BSD-2-Clause
/** Interrupts of a device, the board's real-time clock: whom they reach, and what a handler can do about them. */
import type { IRQHandler, Notification, RootTask, Thread } from 'sel4scope';
import { MAX_PRIORITY, OBJECT_TYPES } from 'sel4scope/schema';
import { THREAD_PRIORITY, expect, type Scenario, type Scenarios } from './scenario.ts';

const RTC = { paddr: 0x10_1000n, irq: 11 };
/** Registers. */
const TIME_LOW = 0x00, TIME_HIGH = 0x04, ALARM_LOW = 0x08, ALARM_HIGH = 0x0c, IRQ_ENABLED = 0x10, CLEAR_INTERRUPT = 0x1c;

const BADGE = 0x40n;
/** ns to an alarm, and a time after which it has rung. */
const SOON = 20_000;
const LATER = 60_000;

/** The clock, its handler, and the notification that it signals. */
class Clock {
  readonly handler: IRQHandler;
  readonly notification: Notification;
  private readonly task: RootTask;
  private readonly registers: number;

  private constructor(task: RootTask, registers: number, handler: IRQHandler, notification: Notification) {
    this.task = task;
    this.registers = registers;
    this.handler = handler;
    this.notification = notification;
  }

  static async open(task: RootTask): Promise<Clock> {
    const registers = await task.map(await task.devices.frame(RTC.paddr));
    const handler = await task.irqHandler(RTC.irq);
    const notification = await task.untyped.create('Notification', { name: 'clock interrupt' });
    await handler.setNotification(await task.mint(notification, BADGE));
    await task.memory.store32(registers + IRQ_ENABLED, 1);
    return new Clock(task, registers, handler, notification);
  }

  async ringSoon(): Promise<void> {
    const { memory } = this.task;
    const low = await memory.load32(this.registers + TIME_LOW);
    const time = low + await memory.load32(this.registers + TIME_HIGH) * 2 ** 32 + SOON;
    await memory.store32(this.registers + ALARM_HIGH, Math.floor(time / 2 ** 32));
    await memory.store32(this.registers + ALARM_LOW, time % 2 ** 32);
  }

  /** Sets the alarm and lets it ring while this thread computes. */
  async ring(): Promise<void> {
    await this.ringSoon();
    await this.task.compute(LATER);
  }

  async clear(): Promise<void> {
    await this.task.memory.store32(this.registers + CLEAR_INTERRUPT, 1);
    await this.handler.ack();
  }

  /** The notification word, which is taken; 0 for none. */
  poll(): Promise<bigint> {
    return this.notification.poll();
  }
}

/** A scenario with the clock. */
function withClock(run: (task: RootTask, clock: Clock) => Promise<void>): Scenario {
  return { run: async (task) => run(task, await Clock.open(task)) };
}

/** Starts a thread that waits for a number of signals and keeps their badges. */
async function waiter(task: RootTask, signals: number, wait: (self: Thread) => Promise<bigint>, priority = THREAD_PRIORITY): Promise<bigint[]> {
  const badges: bigint[] = [];
  await task.startThread({
    name: 'driver', priority, maxControlledPriority: priority, run: async (self) => {
      while (badges.length < signals) badges.push(await wait(self));
    },
  });
  return badges;
}

/** Lets everything below the root task run for a while. */
async function letOthersRun(task: RootTask): Promise<void> {
  const done = await task.untyped.create('Notification', { name: 'done' });
  const signal = await task.mint(done, 1);
  await task.startThread({ name: 'last', priority: 1, run: async (self) => {
    await self.compute(LATER);
    await self.use(signal).signal();
  } });
  await done.wait();
}

export const INTERRUPTS: Scenarios = {
  'collected-while-nobody-waits': withClock(async (_task, clock) => {
    expect(await clock.poll() === 0n, 'nothing has happened yet');
    await clock.ring();
    expect(await clock.poll() === BADGE, 'the notification has the badge');
    await clock.clear();
    expect(await clock.poll() === 0n, 'a word is taken once');
  }),
  'wakes-who-waits-while-another-computes': withClock(async (task, clock) => {
    const badges = await waiter(task, 2, (self) => self.use(clock.notification).wait());
    await clock.ringSoon();
    await letOthersRun(task);
    await clock.clear();
    await clock.ringSoon();
    await letOthersRun(task);
    expect(badges.join() === `${BADGE},${BADGE}`, 'the driver got both signals');
  }),
  'wakes-who-waits-while-nothing-runs': withClock(async (_task, clock) => {
    await clock.ringSoon();
    expect(await clock.notification.wait() === BADGE, 'the root task got its signal');
    await clock.clear();
  }),
  'reaches-a-bound-thread-that-receives': withClock(async (task, clock) => {
    const endpoint = await task.untyped.create('Endpoint', { name: 'service' });
    const badges: bigint[] = [];
    const { tcb } = await task.startThread({
      name: 'server', priority: THREAD_PRIORITY, start: false, run: async (self) => { badges.push((await self.use(endpoint).recv()).badge); },
    });
    await tcb.bindNotification(clock.notification);
    await tcb.resume();
    await clock.ringSoon();
    await letOthersRun(task);
    expect(badges.join() === `${BADGE}`, 'the receiver got the signal');
  }),
  'lends-time-to-a-passive-driver': {
    only: 'mcs',
    run: async (task) => {
      const clock = await Clock.open(task);
      const times: number[] = [];
      const { tcb, schedContext } = await task.startThread({
        name: 'driver', priority: THREAD_PRIORITY, run: async (self) => {
          for (;;) {
            await self.use(clock.notification).wait();
            times.push(self.now());
          }
        },
      });
      await letOthersRun(task);
      await schedContext.unbindObject(tcb);
      await schedContext.bind(clock.notification);
      for (let i = 1; i <= 2; i++) {
        await clock.ringSoon();
        await letOthersRun(task);
        expect(times.length === i, 'the passive driver ran on the time of the notification');
        await clock.clear();
      }
    },
  },
  'ends-for-nobody-without-a-notification': withClock(async (task, clock) => {
    await clock.handler.clear();
    await clock.ring();
    expect(await clock.poll() === 0n, 'the handler signals nothing');
    await clock.handler.setNotification(await task.mint(clock.notification, BADGE + 1n));
    expect(await clock.poll() === 0n, 'a signal that nobody took is lost');
    await clock.clear();
    await clock.ring();
    expect(await clock.poll() === BADGE + 1n, 'the next one has the new badge');
  }),
  'is-masked-without-a-handler': withClock(async (task, clock) => {
    await task.delete(clock.handler);
    await clock.ring();
    expect(await clock.poll() === 0n, 'a line without a handler does not interrupt');
  }),
  'signals-nothing-when-the-notification-is-deleted': withClock(async (task, clock) => {
    await task.revoke(clock.notification);
    await clock.ring();
    expect(await clock.poll() === 0n, 'the handler lost its capability');
  }),
  'preempts-a-long-operation': withClock(async (task, clock) => {
    const badges = await waiter(task, 1, (self) => self.use(clock.notification).wait(), MAX_PRIORITY);
    await task.tcb.setPriority(task.tcb, MAX_PRIORITY - 1);
    const count = 256;
    const untyped = await task.untyped.create('Untyped', { sizeBits: 12 });
    const slots = task.slots.allocateRange(count);
    const { runtime: { scheduling } } = task;
    await untyped.retype(OBJECT_TYPES[scheduling].Endpoint!, 0, task.cnode, 0, 0, slots, count);
    await clock.ringSoon();
    // Two units of work for each: longer than the alarm takes.
    await task.revoke(untyped);
    expect(badges.join() === `${BADGE}`, 'the driver ran before the operation was through');
    await untyped.retype(OBJECT_TYPES[scheduling].Endpoint!, 0, task.cnode, 0, 0, slots, count);
  }),
};
