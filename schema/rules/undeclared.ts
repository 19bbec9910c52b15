// SPDX-License-Identifier: BSD-2-Clause
/** L05: a system call changes no register that its stub declares to keep. */
import { CAP_TYPE, CAP_TYPE_NONE } from '../abi/cap-types.ts';
import { CONTEXT_SLOTS, RISCV64_SLOTS } from '../abi/registers.ts';
import { syscallName } from '../abi/syscalls.ts';
import { CAUSE, DELIVERY, OUTCOME, type Delivery, type TrapRecord } from '../trace/trap-record.ts';
import { ANY_DELIVERY, TRIGGER, type RuleInfo, type TraceContext, type TraceRule } from './rule.ts';
import { SYSCALL_CLASS } from './syscall-class.ts';
import { REPLY_BITS, hasOtherSlot, isTrapSlot } from './written.ts';

const undeclaredOutput: RuleInfo = {
  id: 'L05', name: 'undeclared-output', severity: 'error',
  title: 'A system call changed a register that its stub declares unchanged',
  explanation:
    'Stubs tell the compiler which registers a system call changes: badge, tag and message registers for those that receive, none for Send, NBSend, ' +
    'Reply and Yield. A value that the compiler kept in another register is lost, and what happens then depends on how the program was compiled. ' +
    'Either the kernel must not write this register, or every stub has to declare it.',
  references: ['b316072da', '91718da4a', 'b62417a29', 'manual: System Calls'],
};
/** A Send to a kernel object that is answered in reply registers is N01, a late reply N02, and a tag from a debug call N05. */
export const L05: TraceRule = {
  info: undeclaredOutput, on: TRIGGER.otherSlots | ANY_DELIVERY,
  check(context, report) {
    const { record, run, model } = context;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.kind === DELIVERY.registers || delivery.thread === 0) continue;
      const keeps = keepsAll(context, delivery);
      if (!keeps && !hasOtherSlot(delivery.slots)) continue;
      const slot = firstSlot(delivery, keeps ? 0 : REPLY_BITS);
      if (slot < 0) continue;
      const known = run.thread(delivery.thread);
      const number = delivery.thread === record.thread ? record.syscall : known.lastSyscall;
      const call = syscallName(model.configuration.scheduling, number) ?? 'a trap that is no system call';
      report(undeclaredOutput, `Register ${RISCV64_SLOTS[slot]} of ${run.describe(delivery.thread)} was written for ${call}, which keeps it.`, delivery.thread);
    }
  },
};

/** Whether the stub of what the thread does declares every register as kept. */
function keepsAll(context: TraceContext, { kind, thread }: Delivery): boolean {
  const { record, run, syscallClass } = context;
  if (kind === DELIVERY.lateReply) return false;
  if (thread === record.thread) {
    if (record.cause !== CAUSE.syscall || !sends(syscallClass)) return false;
    return kind !== DELIVERY.reply || !isKernelObject(record);
  }
  const known = run.thread(thread);
  return known.lastTrap > 0 && known.lastOutcome === OUTCOME.blocked && sends(known.lastClass) && !known.registersWritten;
}

function sends(syscallClass: number): boolean {
  switch (syscallClass) {
    case SYSCALL_CLASS.send:
    case SYSCALL_CLASS.nbSend:
    case SYSCALL_CLASS.reply:
    case SYSCALL_CLASS.yield:
      return true;
    default:
      return false;
  }
}

function isKernelObject({ capType }: TrapRecord): boolean {
  return capType !== CAP_TYPE_NONE && capType !== CAP_TYPE.Endpoint;
}

/** First written slot besides those of the trap itself and `allowed` ones (bits below 32); -1 when there is none. */
function firstSlot({ slots }: Delivery, allowed: number): number {
  for (let slot = 0; slot < CONTEXT_SLOTS; slot++) {
    const set = slot < 32 ? slots[0]! & ~allowed : slots[1]!;
    if (((set >>> (slot & 31)) & 1) === 1 && !isTrapSlot(slot)) return slot;
  }
  return -1;
}
