// SPDX-License-Identifier: BSD-2-Clause
import { RegisterFile, type AccessBytes, type Peripheral, type Refusal } from './peripheral.ts';
import type { Alarm, VirtualClock } from './virtual-clock.ts';

const WORD = 0xffff_ffffn;

/** What it needs of a clock of virtual time. */
type Clock = Pick<VirtualClock, 'now' | 'alarm'>;

interface Saved {
  readonly offset: string;
  readonly timeHigh: number;
  readonly alarmHigh: number;
  readonly alarmLow: number;
  readonly deadline: string | null;
  readonly irqEnabled: number;
  readonly pending: boolean;
}

/**
 * Goldfish real-time clock (Android emulator, "goldfish real-time clock"): nanoseconds since 1970. It starts at 0 and
 * runs on virtual time, so what a guest reads is the same in every run.
 */
export class GoldfishRtc implements Peripheral {
  readonly name = 'rtc@101000';
  private readonly clock: Clock;
  private readonly line: (raised: boolean) => void;
  private readonly alarm: Alarm;
  /** What the guest has set the clock forward by, ns. */
  private offset = 0n;
  /** Upper half of the time of the last read of TIME_LOW. */
  private timeHigh = 0;
  private alarmHigh = 0;
  private alarmLow = 0;
  private irqEnabled = 0;
  private pending = false;
  private readonly registers: RegisterFile;

  constructor(clock: Clock, line: (raised: boolean) => void) {
    this.clock = clock;
    this.line = line;
    this.alarm = clock.alarm(() => {
      this.alarm.clear();
      this.pending = true;
      this.update();
    });
    this.registers = new RegisterFile([
      { name: 'TIME_LOW', offset: 0x00, read: () => this.readTime(), write: (value) => this.setTime((this.time() & ~WORD) | BigInt(value)) },
      { name: 'TIME_HIGH', offset: 0x04, read: () => this.timeHigh, write: (value) => this.setTime((this.time() & WORD) | (BigInt(value) << 32n)) },
      { name: 'ALARM_LOW', offset: 0x08, read: () => this.alarmLow, write: (value) => this.setAlarm(value) },
      { name: 'ALARM_HIGH', offset: 0x0c, read: () => this.alarmHigh, write: (value) => { this.alarmHigh = value; } },
      { name: 'IRQ_ENABLED', offset: 0x10, read: () => this.irqEnabled, write: (value) => { this.irqEnabled = value & 1; this.update(); } },
      { name: 'CLEAR_ALARM', offset: 0x14, write: () => this.alarm.clear() },
      { name: 'ALARM_STATUS', offset: 0x18, read: () => (this.alarm.deadline === undefined ? 0 : 1) },
      { name: 'CLEAR_INTERRUPT', offset: 0x1c, write: () => { this.pending = false; this.update(); } },
    ]);
  }

  load(offset: number, bytes: AccessBytes): bigint | Refusal {
    return this.registers.load(offset, bytes);
  }

  store(offset: number, bytes: AccessBytes, value: bigint): Refusal | undefined {
    return this.registers.store(offset, bytes, value);
  }

  save(): Saved {
    const { timeHigh, alarmHigh, alarmLow, irqEnabled, pending } = this;
    return { offset: this.offset.toString(), timeHigh, alarmHigh, alarmLow, deadline: this.alarm.deadline?.toString() ?? null, irqEnabled, pending };
  }

  restore(saved: unknown): void {
    const from = saved as Saved;
    this.offset = BigInt(from.offset);
    this.timeHigh = from.timeHigh;
    this.alarmHigh = from.alarmHigh;
    this.alarmLow = from.alarmLow;
    this.irqEnabled = from.irqEnabled;
    this.pending = from.pending;
    if (from.deadline === null) this.alarm.clear();
    else this.alarm.set(BigInt(from.deadline));
    this.update();
  }

  /** When the alarm goes off, virtual ns since power on; undefined when none is set. */
  get alarmAt(): bigint | undefined {
    return this.alarm.deadline;
  }

  private time(): bigint {
    return BigInt.asUintN(64, this.clock.now() + this.offset);
  }

  private readTime(): number {
    const time = this.time();
    this.timeHigh = Number(time >> 32n);
    return Number(time & WORD);
  }

  private setTime(time: bigint): void {
    this.offset = time - this.clock.now();
  }

  /** Writing the lower half arms the alarm. */
  private setAlarm(low: number): void {
    this.alarmLow = low;
    const deadline = ((BigInt(this.alarmHigh) << 32n) | BigInt(low)) - this.offset;
    this.alarm.set(deadline > 0n ? deadline : 0n);
  }

  private update(): void {
    this.line(this.pending && this.irqEnabled === 1);
  }
}
