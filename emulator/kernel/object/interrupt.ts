// SPDX-License-Identifier: BSD-2-Clause
/** IRQControl and IRQHandler methods. Manual, "Interrupt Delivery". */
import { CAP_TYPE, fromNumber } from '../../../schema/abi/index.ts';
import type { IrqControlCap, IrqHandlerCap } from '../capability.ts';
import { deleteSlotNow } from '../cspace/delete.ts';
import { insertDerived } from '../cspace/derivation.ts';
import {
  DELETE_FIRST, ILLEGAL_OPERATION, REVOKE_FIRST, SyscallError, TRUNCATED_MESSAGE, invalidCapability, rangeError,
} from '../errors.ts';
import type { Decode, Invocation, Perform } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import { IrqLine } from '../objects.ts';
import { chargeForInterrupt, handlePreemption, handleTimerInterrupt } from '../scheduling/budget.ts';
import { argNumber, argSlot, extraSlot } from './arguments.ts';
import { sendSignal } from './notification.ts';

/** Interrupts 1..95 come from the platform's interrupt controller; 0 is none. The last is the kernel's own timer. */
const FIRST_IRQ = 1;
const TIMER_IRQ = 96;

const IRQ_OUT_OF_RANGE = rangeError(fromNumber(FIRST_IRQ), fromNumber(TIMER_IRQ));

export const decodeIrqControl: Decode<IrqControlCap> = (kernel, invocation) => {
  switch (invocation.method) {
    case 'IRQIssueIRQHandler':
      return decodeIssue(kernel, invocation, 1);
    case 'RISCVIRQIssueIRQHandlerTrigger':
      // The trigger stands before the slot. The platform's interrupt controller accepts any, and has none to set.
      return decodeIssue(kernel, invocation, 2);
    default:
      return ILLEGAL_OPERATION;
  }
};

/** @param slotWord message word of the target slot's index; its depth follows */
function decodeIssue(kernel: Kernel, invocation: Invocation, slotWord: number): SyscallError | Perform {
  const root = extraSlot(invocation, 0);
  if (invocation.length < slotWord + 2 || root === undefined) return TRUNCATED_MESSAGE;
  const irq = argNumber(invocation, 0);
  if (irq < FIRST_IRQ || irq > TIMER_IRQ) return IRQ_OUT_OF_RANGE;
  if (irq === TIMER_IRQ || kernel.irqLines.has(irq)) return REVOKE_FIRST;
  const dest = argSlot(invocation, false, root.cap, slotWord);
  if (dest instanceof SyscallError) return dest;
  if (dest.cap.type !== CAP_TYPE.Null) return DELETE_FIRST;
  const { slot } = invocation;
  return () => {
    const line = kernel.register(new IrqLine(kernel.nextId(), irq));
    kernel.irqLines.set(irq, line);
    line.active = true;
    kernel.board.interrupts.enable(irq);
    insertDerived(dest, { type: CAP_TYPE.IRQHandler, object: line }, slot);
    return 'done';
  };
}

export const decodeIrqHandler: Decode<IrqHandlerCap> = (kernel, invocation, cap) => {
  const line = cap.object;
  switch (invocation.method) {
    case 'IRQAckIRQ':
      return () => {
        kernel.board.interrupts.acknowledge(line.irq);
        return 'done';
      };
    case 'IRQSetIRQHandler':
      return decodeSetNotification(kernel, invocation, line);
    case 'IRQClearIRQHandler':
      return () => {
        deleteSlotNow(kernel, line.notificationSlot);
        return 'done';
      };
    default:
      return ILLEGAL_OPERATION;
  }
};

function decodeSetNotification(kernel: Kernel, invocation: Invocation, line: IrqLine): SyscallError | Perform {
  const source = extraSlot(invocation, 0);
  if (source === undefined) return TRUNCATED_MESSAGE;
  const { cap } = source;
  // The error names the invoked capability, not the extra cap.
  if (cap.type !== CAP_TYPE.Notification || !cap.canSend) return invalidCapability(0);
  return () => {
    deleteSlotNow(kernel, line.notificationSlot);
    insertDerived(line.notificationSlot, cap, source);
    return 'done';
  };
}

/** The last handler capability of a line is gone: the interrupt may be issued again. */
export function retireIrqLine(kernel: Kernel, line: IrqLine): void {
  line.active = false;
  kernel.irqLines.delete(line.irq);
  kernel.board.interrupts.disable(line.irq);
}

/** Handles the interrupt that waits, the device's before the timer's: without the choice of the next thread. */
export function handleInterrupt(kernel: Kernel): void {
  if (!kernel.board.interrupting()) return handleTimerInterrupt(kernel);
  chargeForInterrupt(kernel);
  deliverInterrupt(kernel);
}

/** Handles the interrupt at which a long operation stopped. */
export function handleInterruptAtPreemption(kernel: Kernel): void {
  const isOfDevice = kernel.board.interrupting();
  handlePreemption(kernel, isOfDevice);
  if (isOfDevice) deliverInterrupt(kernel);
}

/** Signals the notification of the line that interrupts. */
function deliverInterrupt(kernel: Kernel): void {
  const irq = kernel.board.interrupts.claim();
  const cap = kernel.irqLines.get(irq)?.notificationSlot.cap;
  if (cap?.type === CAP_TYPE.Notification && cap.canSend) sendSignal(kernel, cap.object, cap.badge);
  else kernel.console(`Undelivered IRQ: ${irq}\n`);
}
