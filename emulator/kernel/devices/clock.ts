// SPDX-License-Identifier: BSD-2-Clause
import type { Alarm } from '../../machine/devices/virtual-clock.ts';

/** The model's virtual time as its devices see it. */
export class DeviceClock {
  private readonly time: () => number;
  private readonly alarms: KernelAlarm[] = [];
  /** Virtual time of the next alarm, ns; Infinity with none. */
  next = Infinity;

  /** @param time virtual time, ns */
  constructor(time: () => number) {
    this.time = time;
  }

  now(): bigint {
    return BigInt(this.time());
  }

  /** An alarm, not set yet. Its action must clear it or set it anew. */
  alarm(action: () => void): Alarm {
    const alarm = new KernelAlarm(action, () => { this.next = Math.min(...this.alarms.map(({ due }) => due)); });
    this.alarms.push(alarm);
    return alarm;
  }

  /** Takes the actions that are due. */
  ring(): void {
    const now = this.time();
    if (now < this.next) return;
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
  private readonly changed: () => void;

  constructor(action: () => void, changed: () => void) {
    this.action = action;
    this.changed = changed;
  }

  set(deadline: bigint): void {
    this.deadline = deadline;
    this.due = deadline <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(deadline) : Infinity;
    this.changed();
  }

  clear(): void {
    this.deadline = undefined;
    this.due = Infinity;
    this.changed();
  }
}
