// SPDX-License-Identifier: BSD-2-Clause
/**
 * Devices of the modelled machine that user code can drive, at the places of QEMU's riscv `virt` board: a real-time clock
 * and a UART. What the board has besides does not answer here.
 */
import { fromBigInt, lanesToBigInt } from '../../../schema/abi/word.ts';
import { SystemBus, diagnosticText } from '../../machine/devices/bus.ts';
import { GoldfishRtc } from '../../machine/devices/goldfish-rtc.ts';
import type { AccessBytes } from '../../host.ts';
import { Uart16550 } from '../../machine/devices/uart16550.ts';
import { DeviceClock } from './clock.ts';
import { InterruptController } from './interrupt-controller.ts';

/** Physical addresses, bytes and interrupt lines. Source: device tree of the board. */
export const RTC_DEVICE = Object.freeze({ base: 0x10_1000, bytes: 0x24, irq: 11 });
export const UART_DEVICE = Object.freeze({ base: 0x1000_0000, bytes: 8, irq: 10 });

/** What a board knows of the system that it is part of. */
export interface BoardSystem {
  /** Virtual time, ns. */
  readonly time: () => number;
  /** pc of the running thread. */
  readonly pc: () => bigint;
  /** Takes what is printed on the UART. */
  readonly console: (text: string) => void;
  /** Hears once of each kind of access that nothing answered. */
  readonly diagnose: (text: string) => void;
}

export class Board {
  readonly interrupts = new InterruptController();
  private readonly clock: DeviceClock;
  private readonly bus: SystemBus;

  constructor(system: BoardSystem) {
    this.clock = new DeviceClock(system.time);
    const line = (irq: number) => (raised: boolean): void => this.interrupts.drive(irq, raised);
    const mappings = [
      { ...RTC_DEVICE, device: new GoldfishRtc(this.clock, line(RTC_DEVICE.irq)) },
      { ...UART_DEVICE, device: new Uart16550((byte) => system.console(String.fromCharCode(byte)), line(UART_DEVICE.irq)) },
    ];
    this.bus = new SystemBus(mappings, system.pc, (diagnostic) => system.diagnose(diagnosticText(diagnostic)));
  }

  /** Virtual time at which a device may next want to interrupt, ns; -Infinity while one does, Infinity when none will by itself. */
  get deadline(): number {
    return this.interrupts.signalled ? -Infinity : this.clock.next;
  }

  /** Whether a device interrupts now. */
  interrupting(): boolean {
    this.clock.ring();
    return this.interrupts.signalled;
  }

  /** An aligned load; its value goes to `into`. False: nothing answers, an access fault. */
  load(paddr: number, bytes: AccessBytes, into: { lo: number; hi: number }): boolean {
    this.clock.ring();
    const value = this.bus.load(paddr, bytes);
    if (value === undefined) return false;
    const { lo, hi } = fromBigInt(value);
    into.lo = lo;
    into.hi = hi;
    return true;
  }

  /** An aligned store. False: nothing answers, an access fault. */
  store(paddr: number, bytes: AccessBytes, lo: number, hi: number): boolean {
    this.clock.ring();
    return this.bus.store(paddr, bytes, lanesToBigInt(lo, hi));
  }
}
