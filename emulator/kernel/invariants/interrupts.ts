// SPDX-License-Identifier: BSD-2-Clause
/** What always holds of interrupt lines: those that may interrupt are those with a handler. */
import { CAP_TYPE } from '../../../schema/abi/index.ts';
import { LINES } from '../devices/interrupt-controller.ts';
import type { Kernel } from '../kernel.ts';
import type { Violation } from './violation.ts';

export function interruptViolations(kernel: Kernel): Violation[] {
  const violations: Violation[] = [];
  const expect = (condition: boolean, irq: number, problem: string): void => {
    if (!condition) violations.push({ name: 'irq-line', detail: `interrupt line ${irq} ${problem}` });
  };
  const { interrupts } = kernel.board;
  for (let irq = 1; irq <= LINES; irq++) {
    if (interrupts.isEnabled(irq)) expect(kernel.irqLines.has(irq), irq, 'may interrupt, but has no handler');
  }
  for (const [irq, line] of kernel.irqLines) {
    expect(line.alive && line.active && line.irq === irq, irq, 'has the handler of another line, or a destroyed one');
    expect(interrupts.isEnabled(irq), irq, 'has a handler, but is masked');
    const { cap } = line.notificationSlot;
    expect(cap.type === CAP_TYPE.Null || (cap.type === CAP_TYPE.Notification && cap.canSend), irq, 'signals what it cannot signal');
  }
  return violations;
}
