// SPDX-License-Identifier: BSD-2-Clause
import { HART } from '../memory/layout.ts';
import type { HartState } from './hart-state.ts';

/** Nanoseconds that a 64-bit clock can count to: a deadline at or beyond it never comes. */
const NEVER = 1n << 64n;

/** Something that happens at a point of virtual time. */
export interface Alarm {
  /** Sets the deadline in virtual ns; one in the past is due at once, one that a clock of 64 bits cannot reach is none. */
  set(deadline: bigint): void;
  clear(): void;
  /** undefined when no alarm is set. */
  readonly deadline: bigint | undefined;
}

/**
 * Virtual time of the machine: `instret * nsPerInstruction + skipped` nanoseconds. Waiting for the next alarm skips
 * time; nothing else does.
 */
export class VirtualClock {
  private readonly state: HartState;
  private readonly alarms: ClockAlarm[] = [];
  /** Value of `instret` at which the next alarm is due, Infinity with none. */
  private dueAt = Infinity;

  constructor(state: HartState) {
    this.state = state;
  }

  /** Virtual ns since power on. */
  now(): bigint {
    return this.state.word(HART.instret) * this.state.word(HART.nsPerInstruction) + this.state.word(HART.skipped);
  }

  /** Ticks of the time CSR and `mtime`. */
  ticks(): bigint {
    return this.now() / this.nsPerTick;
  }

  get nsPerTick(): bigint {
    return this.state.word(HART.nsPerTick);
  }

  /** An alarm, not set yet. Its action must clear it or set it anew, or it goes off again. */
  alarm(action: () => void): Alarm {
    const alarm = new ClockAlarm(action, () => this.reschedule());
    this.alarms.push(alarm);
    return alarm;
  }

  /** Instructions that may run before the next alarm is due; Infinity with no alarm. */
  instructionsLeft(): number {
    return this.dueAt - this.state.count(HART.instret);
  }

  /** Instructions that may run before virtual time reaches `time` ns. */
  instructionsUntil(time: bigint): number {
    return this.instretAt(time) - this.state.count(HART.instret);
  }

  /** Whether an alarm is set. */
  get armed(): boolean {
    return this.dueAt !== Infinity;
  }

  /** Virtual ns to the next alarm; undefined with none. */
  toNextAlarm(): bigint | undefined {
    const next = this.next();
    if (next === undefined) return undefined;
    const left = next - this.now();
    return left > 0n ? left : 0n;
  }

  /** Skips time to the next alarm, or to a limit in virtual ns that comes before it. Returns false with no alarm. */
  skipToNextAlarm(limit?: bigint): boolean {
    const next = this.next();
    if (next === undefined) return false;
    const now = this.now();
    const to = limit !== undefined && limit < next ? limit : next;
    if (to > now) this.skip(to - now);
    return true;
  }

  /** Lets time pass without instructions. */
  skip(ns: bigint): void {
    this.state.setWord(HART.skipped, this.state.word(HART.skipped) + ns);
    this.reschedule();
  }

  /** Takes the actions that are due. */
  ring(): void {
    if (this.instructionsLeft() > 0) return;
    const now = this.now();
    for (const alarm of this.alarms) {
      if (alarm.deadline !== undefined && alarm.deadline <= now) alarm.action();
    }
  }

  /** Recomputes what follows from the words of the hart state; for after these were restored. */
  reschedule(): void {
    const next = this.next();
    if (next === undefined) {
      this.dueAt = Infinity;
      return;
    }
    this.dueAt = this.instretAt(next);
  }

  /** Value of `instret` at which a time is reached if nothing is skipped; 0 for a time in the past. */
  private instretAt(time: bigint): number {
    const perInstruction = this.state.word(HART.nsPerInstruction);
    const ns = time - this.state.word(HART.skipped);
    return ns <= 0n ? 0 : Number((ns + perInstruction - 1n) / perInstruction);
  }

  private next(): bigint | undefined {
    let next: bigint | undefined;
    for (const { deadline } of this.alarms) {
      if (deadline !== undefined && (next === undefined || deadline < next)) next = deadline;
    }
    return next;
  }
}

class ClockAlarm implements Alarm {
  readonly action: () => void;
  deadline: bigint | undefined;
  private readonly changed: () => void;

  constructor(action: () => void, changed: () => void) {
    this.action = action;
    this.changed = changed;
  }

  set(deadline: bigint): void {
    this.deadline = deadline < NEVER ? deadline : undefined;
    this.changed();
  }

  clear(): void {
    this.deadline = undefined;
    this.changed();
  }
}
