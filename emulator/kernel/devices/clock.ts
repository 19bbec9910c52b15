// SPDX-License-Identifier: BSD-2-Clause
import type { Alarm } from '../../machine/devices/virtual-clock.ts';

/** The model's virtual time as its devices see it. */
export class DeviceClock {
  private readonly time: () => number;
  private readonly alarms: KernelAlarm[] = [];

  /** @param time virtual time, ns */
  constructor(time: () => number) {
    this.time = time;
  }

  now(): bigint {
    return BigInt(this.time());
  }

  /** An alarm, not set yet. Its action must clear it or set it anew. */
  alarm(action: () => void): Alarm {
    const alarm = new KernelAlarm(action);
    this.alarms.push(alarm);
    return alarm;
  }

  /** Virtual time of the next alarm, ns; Infinity with none. */
  get next(): number {
    let next = Infinity;
    for (const { due } of this.alarms) next = Math.min(next, due);
    return next;
  }

  /** Takes the actions that are due. */
  ring(): void {
    const now = this.time();
    for (const alarm of this.alarms) {
      if (alarm.due <= now) alarm.action();
    }
  }
}

class KernelAlarm implements Alarm {
  readonly action: () => void;
  deadline: bigint | undefined;
  /** {@link deadline} as a number: virtual times are safe integers, so one beyond them never comes. */
  due = Infinity;

  constructor(action: () => void) {
    this.action = action;
  }

  set(deadline: bigint): void {
    this.deadline = deadline;
    this.due = deadline <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(deadline) : Infinity;
  }

  clear(): void {
    this.deadline = undefined;
    this.due = Infinity;
  }
}
