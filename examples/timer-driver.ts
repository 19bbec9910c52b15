// SPDX-License-Identifier: BSD-2-Clause
/**
 * A driver for the real-time clock of QEMU's riscv `virt` board: maps its registers, waits for its interrupt, and lets a
 * client sleep. Virtual time skips what nobody uses: the hour costs nothing.
 *
 *   sel4scope run examples/timer-driver.ts             # or with --config classic
 */
import { Message, type Endpoint, type IRQHandler, type Notification, type Reply, type RootTask, type Thread } from 'sel4scope';

/** Physical address and interrupt line, from the board's device tree. */
const RTC = { paddr: 0x10_1000n, irq: 11 };

/** Registers of 32 bits, from the Goldfish RTC's specification. */
const TIME_LOW = 0x00;
const TIME_HIGH = 0x04;
const ALARM_LOW = 0x08;
const ALARM_HIGH = 0x0c;
const IRQ_ENABLED = 0x10;
const CLEAR_INTERRUPT = 0x1c;

const MS = 1_000_000n;

class ClockDriver {
  private readonly thread: Thread;
  private readonly registers: number;
  private readonly line: IRQHandler;
  private readonly interrupt: Notification;

  constructor(thread: Thread, registers: number, line: IRQHandler, interrupt: Notification) {
    this.thread = thread;
    this.registers = registers;
    this.line = thread.use(line);
    this.interrupt = thread.use(interrupt);
  }

  /** Nanoseconds. Reading the low half keeps the high half of the same moment. */
  async now(): Promise<bigint> {
    const low = await this.thread.memory.load32(this.registers + TIME_LOW);
    const high = await this.thread.memory.load32(this.registers + TIME_HIGH);
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** Waits until the clock shows this time. Writing the low half sets the alarm. */
  async waitUntil(time: bigint): Promise<void> {
    const { memory } = this.thread;
    await memory.store32(this.registers + ALARM_HIGH, Number(time >> 32n));
    await memory.store32(this.registers + ALARM_LOW, Number(time & 0xffff_ffffn));
    await memory.store32(this.registers + IRQ_ENABLED, 1);
    await this.interrupt.wait();
    await memory.store32(this.registers + CLEAR_INTERRUPT, 1);
    await this.line.ack();
  }

  /** Serves requests to sleep: a message with the time in nanoseconds, answered with the time on the clock. */
  async serve(service: Endpoint, reply: Reply | undefined): Promise<void> {
    let request = await service.recv(reply);
    for (;;) {
      await this.waitUntil(await this.now() + request.get(0));
      request = await service.replyRecv(Message.of(await this.now()), reply);
    }
  }
}

export default async function main(task: RootTask): Promise<void> {
  const frame = await task.devices.frame(RTC.paddr);
  const registers = await task.map(frame);
  const line = await task.irqHandler(RTC.irq);
  const interrupt = await task.untyped.create('Notification', { name: 'clock interrupt' });
  await line.setNotification(await task.mint(interrupt, 1));

  const service = await task.untyped.create('Endpoint', { name: 'clock service' });
  // What stands for the caller until it is answered. Classic kernels keep the caller themselves.
  const reply = task.runtime.scheduling === 'mcs' ? await task.untyped.create('Reply', { name: 'clock reply' }) : undefined;
  await task.startThread({
    name: 'clock driver',
    run: (self) => new ClockDriver(self, registers, line, interrupt).serve(self.use(service), reply && self.use(reply)),
  });

  for (const ms of [1n, 20n, 3_600_000n]) {
    const before = task.now();
    const answer = await service.call(Message.of(ms * MS));
    console.log(`slept ${ms} ms: the clock shows ${answer.get(0)} ns, ${task.now() - before} ns have passed`);
  }
}
