// SPDX-License-Identifier: BSD-2-Clause
/** The platform's interrupt controller (PLIC), as far as the kernel uses it: one target, all lines of one priority. */

/** Lines 1..95; 0 is none. */
export const LINES = 95;

/**
 * When the kernel tells the controller that an interrupt is taken care of. `atClaim`: as soon as it has it, as kernels for
 * qemu-riscv-virt do; acknowledging a handler then changes nothing. `byAck`: when the handler is acknowledged, as on other
 * boards; until then the line does not interrupt again.
 */
export type IrqCompletion = 'atClaim' | 'byAck';

export class InterruptController {
  completion: IrqCompletion = 'atClaim';
  /** Whether an interrupt waits for the hart to take it. */
  signalled = false;
  private readonly high = new Uint8Array(LINES + 1);
  private readonly pending = new Uint8Array(LINES + 1);
  private readonly enabled = new Uint8Array(LINES + 1);
  private readonly claimed = new Uint8Array(LINES + 1);

  isEnabled(irq: number): boolean {
    return this.enabled[irq] === 1;
  }

  /** A device drives its line. Driving it high again is a new interrupt where interrupts are completed at once. */
  drive(irq: number, high: boolean): void {
    this.high[irq] = high ? 1 : 0;
    if (this.completion === 'atClaim') this.pending[irq] = this.high[irq]!;
    else if (high && this.claimed[irq] === 0) this.pending[irq] = 1;
    this.update();
  }

  /**
   * Lets a line interrupt. One that was driven before is noticed only with the next change of any line: so does QEMU's
   * controller, observed with an alarm that rang before its handler was issued.
   */
  enable(irq: number): void {
    this.enabled[irq] = 1;
    if (this.completion === 'byAck') this.update();
  }

  /** Masks a line, and forgets that it was claimed. */
  disable(irq: number): void {
    this.enabled[irq] = 0;
    this.claimed[irq] = 0;
    this.update();
  }

  /** Takes the pending interrupt with the lowest number; 0 when there is none. */
  claim(): number {
    const irq = this.first();
    if (irq !== 0) {
      this.pending[irq] = 0;
      if (this.completion === 'byAck') this.claimed[irq] = 1;
    }
    this.update();
    return irq;
  }

  /** The handler of a line was acknowledged: a line that is still high interrupts again. */
  acknowledge(irq: number): void {
    if (this.completion === 'atClaim' || this.claimed[irq] === 0) return;
    this.claimed[irq] = 0;
    if (this.high[irq] === 1) this.pending[irq] = 1;
    this.update();
  }

  private first(): number {
    for (let irq = 1; irq <= LINES; irq++) {
      if ((this.pending[irq]! & this.enabled[irq]!) === 1) return irq;
    }
    return 0;
  }

  private update(): void {
    this.signalled = this.first() !== 0;
  }
}
