// SPDX-License-Identifier: BSD-2-Clause
/** Whole register contexts: reading, writing and copying them, and the two program counters of a thread. */
import { FRAME_REGISTERS, SLOT, USER_CONTEXT_ORDER, type Word } from '../../../schema/abi/index.ts';
import { DELIVERY } from '../../../schema/trace/trap-record.ts';
import type { Invocation } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';
import { slotHi, slotLo, writeSlot } from '../registers.ts';
import { dropYieldReply } from './yield-to.ts';

/** Context slots in the order of Read/WriteRegisters: frame registers, then integer registers. */
export const USER_CONTEXT_SLOTS: readonly number[] = USER_CONTEXT_ORDER.map((name) => SLOT[name]);

/**
 * Lets a thread continue at its trap instruction. Which instruction comes next is bookkeeping of kernel entry and
 * exit, not a delivery: it is not observed as a write.
 */
export function resumeAtFaultIp(thread: Tcb): void {
  copyPc(thread, SLOT.FaultIP, SLOT.NextIP);
}

/** For a thread that stops while Running: when it is resumed it continues where it would have gone on now. */
export function keepPlace(thread: Tcb): void {
  copyPc(thread, SLOT.NextIP, SLOT.FaultIP);
}

function copyPc(thread: Tcb, from: number, to: number): void {
  thread.registers[2 * to] = thread.registers[2 * from]!;
  thread.registers[2 * to + 1] = thread.registers[2 * from + 1]!;
}

/** The first `count` words of the thread's user context. */
export function readRegisters(thread: Tcb, count: number): Word[] {
  return USER_CONTEXT_SLOTS.slice(0, count).map((slot) => ({ lo: slotLo(thread, slot), hi: slotHi(thread, slot) }));
}

/** Sets the first `count` words of a thread's user context from request words `from` on. */
export function writeRegisters(kernel: Kernel, thread: Tcb, count: number, invocation: Invocation, from: number): void {
  kernel.observer.delivery(thread.id, DELIVERY.registers);
  dropYieldReply(kernel, thread);
  USER_CONTEXT_SLOTS.slice(0, count).forEach((slot, i) => {
    writeSlot(kernel, thread, slot, invocation.argLo(from + i), invocation.argHi(from + i));
  });
  writeSlot(kernel, thread, SLOT.NextIP, slotLo(thread, SLOT.FaultIP), slotHi(thread, SLOT.FaultIP));
}

/** Copies the frame registers (with the program counter) and the integer registers, as asked for. */
export function copyRegisters(kernel: Kernel, from: Tcb, to: Tcb, frame: boolean, integer: boolean): void {
  kernel.observer.delivery(to.id, DELIVERY.registers);
  if (frame || integer) dropYieldReply(kernel, to);
  if (frame) {
    copySlots(kernel, from, to, USER_CONTEXT_SLOTS.slice(0, FRAME_REGISTERS));
    writeSlot(kernel, to, SLOT.NextIP, slotLo(to, SLOT.FaultIP), slotHi(to, SLOT.FaultIP));
  }
  if (integer) copySlots(kernel, from, to, USER_CONTEXT_SLOTS.slice(FRAME_REGISTERS));
}

function copySlots(kernel: Kernel, from: Tcb, to: Tcb, slots: readonly number[]): void {
  for (const slot of slots) writeSlot(kernel, to, slot, slotLo(from, slot), slotHi(from, slot));
}
