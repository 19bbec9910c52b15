// SPDX-License-Identifier: BSD-2-Clause
import { INTERRUPT } from '../isa/csrs.ts';
import { RegisterFile, type AccessBytes, type Peripheral, type Refusal } from './peripheral.ts';
import type { Alarm, VirtualClock } from './virtual-clock.ts';

/** Raises or lowers a pending bit of `mip`. */
export type PendingLine = (interrupt: number, pending: boolean) => void;

interface Saved {
  readonly msip: number;
  readonly mtimecmp: string;
}

/**
 * Core-local interruptor of one hart (SiFive FU540 manual, "Core-Local Interruptor"): software interrupt, `mtime` and
 * the timer of M mode. `mtime` is the machine's clock and cannot be written.
 */
export class Clint implements Peripheral {
  readonly name = 'clint@2000000';
  private readonly clock: VirtualClock;
  private readonly line: PendingLine;
  private readonly timer: Alarm;
  private msip = 0;
  /** In ticks. All ones after reset, so no timer interrupt is pending. */
  private mtimecmp = 0xffff_ffff_ffff_ffffn;
  private readonly registers: RegisterFile;

  constructor(clock: VirtualClock, line: PendingLine) {
    this.clock = clock;
    this.line = line;
    this.timer = clock.alarm(() => {
      this.timer.clear();
      line(INTERRUPT.machineTimer, true);
    });
    this.registers = new RegisterFile([
      { name: 'msip', offset: 0, read: () => this.msip, write: (value) => this.setSoftware(value & 1) },
      { name: 'mtimecmp', offset: 0x4000, read: () => low(this.mtimecmp), write: (value) => this.compare((this.mtimecmp & ~0xffff_ffffn) | BigInt(value)) },
      { name: 'mtimecmph', offset: 0x4004, read: () => low(this.mtimecmp >> 32n), write: (value) => this.compare((this.mtimecmp & 0xffff_ffffn) | (BigInt(value) << 32n)) },
      { name: 'mtime', offset: 0xbff8, read: () => low(clock.ticks()) },
      { name: 'mtimeh', offset: 0xbffc, read: () => low(clock.ticks() >> 32n) },
    ]);
  }

  load(offset: number, bytes: AccessBytes): bigint | Refusal {
    return this.registers.load(offset, bytes);
  }

  store(offset: number, bytes: AccessBytes, value: bigint): Refusal | undefined {
    return this.registers.store(offset, bytes, value);
  }

  save(): Saved {
    return { msip: this.msip, mtimecmp: this.mtimecmp.toString() };
  }

  restore(saved: unknown): void {
    const { msip, mtimecmp } = saved as Saved;
    this.setSoftware(msip);
    this.compare(BigInt(mtimecmp));
  }

  private setSoftware(value: number): void {
    this.msip = value;
    this.line(INTERRUPT.machineSoftware, value === 1);
  }

  private compare(ticks: bigint): void {
    this.mtimecmp = ticks;
    const due = this.clock.ticks() >= ticks;
    this.line(INTERRUPT.machineTimer, due);
    if (due) this.timer.clear();
    else this.timer.set(ticks * this.clock.nsPerTick);
  }
}

function low(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}
