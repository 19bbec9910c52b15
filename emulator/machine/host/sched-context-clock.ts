// SPDX-License-Identifier: BSD-2-Clause
import type { Machine } from '../boot/machine.ts';
import type { KernelImage } from '../image/kernel-image.ts';
import type { SchedContextLayout } from '../image/layout.ts';
import { physicalOf } from '../image/physical.ts';

/** MCS: time charged in a trap, and time that is left after it. Guest times are in ticks of the timer. */
export class SchedContextClock {
  private readonly machine: Machine;
  private readonly layout: SchedContextLayout;
  private readonly current: number;
  private readonly nsPerTick: number;
  private context = 0;
  private before = 0;

  constructor(machine: Machine, image: KernelImage) {
    this.machine = machine;
    this.layout = image.layout.schedContext!;
    this.current = image.globals.curSchedContext!;
    this.nsPerTick = Number(machine.clock.nsPerTick);
  }

  /** Kernel entry. */
  enter(): void {
    this.context = this.currentContext();
    this.before = this.consumedTicks();
  }

  /** ns charged since entry to the scheduling context that was running then. */
  consumed(): number {
    const after = this.consumedTicks();
    // The count begins anew when somebody asks for it.
    return (after >= this.before ? after - this.before : after) * this.nsPerTick;
  }

  /** ns that the scheduling context which runs now has in its head refill. */
  budget(): number {
    const context = this.currentContext();
    if (context === 0) return 0;
    const { refillHead, refills, refillBytes, refillAmount } = this.layout;
    return this.word(context + refills + this.word(context + refillHead) * refillBytes + refillAmount) * this.nsPerTick;
  }

  private consumedTicks(): number {
    return this.context === 0 ? 0 : this.word(this.context + this.layout.consumed);
  }

  private currentContext(): number {
    const { memory } = this.machine;
    const address = physicalOf(memory.readU32(this.current), memory.readU32(this.current + 4));
    return memory.contains(address, this.layout.refills) ? address : 0;
  }

  /** Times and counts stay far below 2^53. */
  private word(address: number): number {
    const { memory } = this.machine;
    if (!memory.contains(address, 8)) return 0;
    return memory.readU32(address) + memory.readU32(address + 4) * 0x1_0000_0000;
  }
}
