// SPDX-License-Identifier: BSD-2-Clause
/** What a fault message says, and what a reply to it does to the faulter. Manual, "Faults"; `schema/abi/faults.ts`. */
import {
  FAULT_LABELS, IPC_BUFFER, MESSAGE_REGISTERS, MSG_MAX_LENGTH, ROLE, SLOT, tagLabel, tagLength,
  type FaultName, type Riscv64Slot,
} from '../../../schema/abi/index.ts';
import { DELIVERY } from '../../../schema/trace/trap-record.ts';
import { lookupFailureWords } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import type { Fault, Tcb } from '../objects.ts';
import { USER_CONTEXT_SLOTS } from '../object/user-context.ts';
import { receiveBuffer, sendBuffer, slotHi, slotLo, writeMessageWord, writeSlot } from '../registers.ts';
import { takeConsumed } from '../scheduling/consumed.ts';

/** Registers that stand at the start of UnknownSyscall and UserException messages, and that a reply sets. */
const UNKNOWN_SYSCALL_SLOTS = slots('FaultIP', 'sp', 'ra', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6');
const USER_EXCEPTION_SLOTS = slots('FaultIP', 'sp');

function userExceptionSlots(kernel: Kernel): readonly number[] {
  return kernel.defects.has('user-exception-layout') ? [...USER_EXCEPTION_SLOTS, SLOT.a7] : USER_EXCEPTION_SLOTS;
}

function slots(...names: Riscv64Slot[]): readonly number[] {
  return names.map((name) => SLOT[name]);
}

/** The label of a fault in the kernel's configuration. Throws for one that it does not have. */
export function faultLabel(kernel: Kernel, name: FaultName): number {
  const label = FAULT_LABELS[kernel.interfaces.configuration.scheduling][name];
  if (label === undefined) throw new RangeError(`no ${name} in this configuration`);
  return label;
}

function isFault(kernel: Kernel, fault: Fault, name: FaultName): boolean {
  return fault.label === FAULT_LABELS[kernel.interfaces.configuration.scheduling][name];
}

/** Message words in order: a register where it can be, then the buffer. */
class MessageWriter {
  private readonly kernel: Kernel;
  private readonly thread: Tcb;
  private readonly buffer: Uint32Array | undefined;
  private next = 0;
  /** Words that the receiver can see. */
  length = 0;

  constructor(kernel: Kernel, thread: Tcb) {
    this.kernel = kernel;
    this.thread = thread;
    this.buffer = receiveBuffer(thread);
  }

  add(lo: number, hi: number): void {
    this.length = writeMessageWord(this.kernel, this.thread, this.buffer, this.next++, lo, hi);
  }

  /** Leaves the next word as it is. */
  leaveOut(): void {
    this.next++;
  }

  addSlots(from: Tcb, fromSlots: readonly number[]): void {
    for (const slot of fromSlots) this.add(slotLo(from, slot), slotHi(from, slot));
  }
}

/** Writes the words of the faulter's fault to a receiver. Returns the length of the message. */
export function writeFaultMessage(kernel: Kernel, faulter: Tcb, receiver: Tcb): number {
  const fault = faulter.fault!;
  const message = new MessageWriter(kernel, receiver);
  if (isFault(kernel, fault, 'UnknownSyscall')) {
    message.addSlots(faulter, UNKNOWN_SYSCALL_SLOTS);
    message.add(fault.number.lo, fault.number.hi);
  } else if (isFault(kernel, fault, 'UserException')) {
    message.addSlots(faulter, userExceptionSlots(kernel));
    message.add(fault.number.lo, fault.number.hi);
    message.add(fault.code.lo, fault.code.hi);
  } else if (isFault(kernel, fault, 'Timeout')) {
    message.add(fault.number.lo, fault.number.hi);
    if (faulter.schedContext !== null) {
      const consumed = takeConsumed(kernel, faulter.schedContext);
      message.add(consumed.lo, consumed.hi);
    }
  } else {
    message.addSlots(faulter, [SLOT.FaultIP]);
    message.add(fault.address.lo, fault.address.hi);
    if (fault.lookupFailure === null && kernel.defects.has('vm-fault-prefetch')) message.leaveOut();
    else message.add(fault.flag ? 1 : 0, 0);
    const rest = fault.lookupFailure === null ? [fault.number] : lookupFailureWords(fault.lookupFailure);
    for (const w of rest) message.add(w.lo, w.hi);
  }
  return message.length;
}

/**
 * Lets the message in a replier's registers act on the thread whose fault it answers. True when the faulter is to be
 * restarted; otherwise it stays inactive.
 */
export function applyFaultReply(kernel: Kernel, replier: Tcb, faulter: Tcb): boolean {
  const fault = faulter.fault!;
  const settable = settableSlots(kernel, fault);
  if (settable === undefined) return true;
  const tagLo = slotLo(replier, ROLE.tag);
  setSlots(kernel, replier, faulter, settable, Math.min(tagLength(tagLo), MSG_MAX_LENGTH));
  return tagLabel(tagLo, slotHi(replier, ROLE.tag)) === 0;
}

/** Registers that a reply can set, in message order; `undefined` where it always just restarts the faulter. */
function settableSlots(kernel: Kernel, fault: Fault): readonly number[] | undefined {
  if (isFault(kernel, fault, 'UnknownSyscall')) return UNKNOWN_SYSCALL_SLOTS;
  if (isFault(kernel, fault, 'UserException')) return userExceptionSlots(kernel);
  return isFault(kernel, fault, 'Timeout') ? USER_CONTEXT_SLOTS : undefined;
}

function setSlots(kernel: Kernel, replier: Tcb, faulter: Tcb, settable: readonly number[], length: number): void {
  const buffer = sendBuffer(replier);
  const available = buffer === undefined ? MESSAGE_REGISTERS : MSG_MAX_LENGTH;
  const count = Math.min(length, settable.length, available);
  if (count > 0) kernel.observer.delivery(faulter.id, DELIVERY.registers);
  for (let i = 0; i < count; i++) {
    if (i < MESSAGE_REGISTERS) {
      writeSlot(kernel, faulter, settable[i]!, slotLo(replier, ROLE.mr0 + i), slotHi(replier, ROLE.mr0 + i));
    } else {
      const word = 2 * (IPC_BUFFER.msg + i);
      writeSlot(kernel, faulter, settable[i]!, buffer![word]!, buffer![word + 1]!);
    }
  }
}
