// SPDX-License-Identifier: BSD-2-Clause
/** Rules over fault messages. */
import { CAP_TYPE, CAP_TYPE_NONE } from '../abi/cap-types.ts';
import { LOOKUP } from '../abi/errors.ts';
import { CAP_FAULT_LENGTH, FAULT_LABELS, FAULT_WORDS, faultName, type FaultName } from '../abi/faults.ts';
import { BUFFER_RW } from '../abi/ipc-buffer.ts';
import { tagLabel, tagLength } from '../abi/message-info.ts';
import { CONTEXT_SLOTS, MESSAGE_REGISTERS, RISCV64_SLOTS, SLOT } from '../abi/registers.ts';
import { lanesToHex } from '../abi/word.ts';
import { CAUSE, CAUSES, DELIVERY, OUTCOME, type Delivery, type TrapRecord } from '../trace/trap-record.ts';
import { queuedSender } from './messages.ts';
import { words } from './reply-shape.ts';
import { TRIGGER, type Report, type RuleInfo, type TraceContext, type TraceRule } from './rule.ts';
import type { RunState } from './run-state.ts';
import { SYSCALL_CLASS } from './syscall-class.ts';
import { firstUnwritten } from './written.ts';

const faultLayout: RuleInfo = {
  id: 'F01', name: 'fault-layout', severity: 'error',
  title: 'A fault message does not have the layout of its fault',
  explanation:
    'Every fault has a label and a fixed list of words. With another length, an unknown label or a word that was not written, the handler decodes ' +
    'the wrong register, and its reply may overwrite registers of the faulting thread that it never saw. ' +
    'Compare the code that fills the message with the fault section of the manual for this architecture.',
  references: ['9f5733e15', '05a914b6f', 'd9dba5341', 'manual: Faults'],
};
export const F01: TraceRule = {
  info: faultLayout, on: TRIGGER.fault,
  check(context, report) {
    for (let i = 0; i < context.record.deliveryCount; i++) {
      const delivery = context.record.deliveries[i]!;
      if (delivery.kind !== DELIVERY.fault) continue;
      const problem = layoutProblem(context, delivery);
      if (problem !== '') report(faultLayout, problem, delivery.thread);
    }
  },
};

function layoutProblem({ record, model }: TraceContext, delivery: Delivery): string {
  const label = tagLabel(delivery.tagLo, delivery.tagHi);
  const fault = faultName(model.configuration.scheduling, label);
  if (fault === undefined || fault === 'NullFault') return `The fault message has label ${label}, which is no fault.`;
  const length = tagLength(delivery.tagLo);
  const expected = expectedLength(fault, delivery);
  if (expected < 0) return `The CapFault message has an unknown lookup failure.`;
  if (length !== expected && !mayBeCut(record, delivery, length, expected) && !(fault === 'Timeout' && length === 1)) {
    return `The ${fault} message has ${words(length)}, expected ${expected}.`;
  }
  const missing = firstUnwritten(delivery.slots, delivery.bufferWords, length);
  return missing < 0 ? '' : `Word ${missing} of the ${fault} message (${fieldName(fault, missing)}) was not written.`;
}

/** Length of a complete message; -1 for a CapFault whose lookup failure does not exist. */
function expectedLength(fault: FaultName, delivery: Delivery): number {
  const fields = FAULT_WORDS[fault];
  if (fault !== 'CapFault') return fields.length;
  const type = delivery.words[2 * fields.indexOf('LookupFailureType')]!;
  return CAP_FAULT_LENGTH[type] ?? -1;
}

function fieldName(fault: FaultName, word: number): string {
  return FAULT_WORDS[fault][word] ?? 'lookup failure';
}

/** Whether a receiver without a usable buffer explains that only the message registers arrived. */
function mayBeCut(record: TrapRecord, delivery: Delivery, length: number, expected: number): boolean {
  if (length !== MESSAGE_REGISTERS || expected <= MESSAGE_REGISTERS) return false;
  return delivery.thread !== record.thread || record.bufferKind !== BUFFER_RW;
}

const ghostFault: RuleInfo = {
  id: 'F04', name: 'ghost-fault', severity: 'error',
  title: 'A thread that sent a message was received as a faulter',
  explanation:
    'The receiver was given a fault message, but the thread it came from had sent an ordinary message and has no fault. A fault record was ' +
    'left behind when an earlier fault of that thread was cancelled, so the real message is lost and the reply restarts the sender. ' +
    'Clear the fault record whenever a thread stops waiting for its handler.',
  references: ['12be24951'],
};
export const F04: TraceRule = {
  info: ghostFault, on: TRIGGER.message | TRIGGER.fault,
  check({ record, run, model, syscallClass }, report) {
    if (record.cause !== CAUSE.syscall) return;
    if (sendsMessage(record, syscallClass) && record.fault === 0) checkOwnMessage(record, run, report);
    const sender = queuedSender(record);
    if (sender === 0) return;
    const known = run.thread(sender);
    const sent = known.lastClass === SYSCALL_CLASS.send || known.lastClass === SYSCALL_CLASS.call;
    if (!sent || known.lastOutcome !== OUTCOME.blocked || known.pendingFault !== 0 || known.registersWritten) return;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.thread !== record.thread || (delivery.kind !== DELIVERY.message && delivery.kind !== DELIVERY.fault)) continue;
      const label = tagLabel(delivery.tagLo, delivery.tagHi);
      const own = tagLabel(known.lastTagLo, known.lastTagHi);
      const fault = faultName(model.configuration.scheduling, label);
      if (delivery.kind !== DELIVERY.fault && (label === own || label === 0 || fault === undefined)) continue;
      report(ghostFault, `${run.describe(sender)} sent a message with label ${own} in trap ${known.lastTrap}; it arrived as ${fault ?? 'fault'} with label ${label}.`, sender);
    }
  },
};

/** A message to an endpoint, by Call, Send or NBSend. */
function sendsMessage(record: TrapRecord, syscallClass: number): boolean {
  return record.capType === CAP_TYPE.Endpoint && syscallClass >= SYSCALL_CLASS.call && syscallClass <= SYSCALL_CLASS.nbSend;
}

function checkOwnMessage(record: TrapRecord, run: RunState, report: Report): void {
  for (let i = 0; i < record.deliveryCount; i++) {
    const { kind, thread, tagLo, tagHi } = record.deliveries[i]!;
    if (kind !== DELIVERY.fault) continue;
    report(ghostFault, `${run.describe(record.thread)} sent a message with label ${tagLabel(record.tagLo, record.tagHi)}; ${run.describe(thread)} received a fault with label ${tagLabel(tagLo, tagHi)}.`);
  }
}

const faultCause: RuleInfo = {
  id: 'F02', name: 'fault-cause', severity: 'error',
  title: 'A fault message does not fit the trap that raised it',
  explanation:
    'The fault message and the trap are told apart by their label, program counter or address: the handler is sent to another instruction or another ' +
    'capability pointer than the one that failed. ' +
    'Fill the message from the context of the thread that faulted, untranslated.',
  references: ['b8ef00e09', 'manual: Faults'],
};
/** Over fault messages that are delivered in the trap that raised them. */
export const F02: TraceRule = {
  info: faultCause, on: TRIGGER.fault,
  check({ record, model, syscallClass }, report) {
    if (record.fault === 0) return;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.kind !== DELIVERY.fault) continue;
      const label = tagLabel(delivery.tagLo, delivery.tagHi);
      const fault = faultName(model.configuration.scheduling, label);
      if (label !== record.fault) report(faultCause, `The fault has label ${record.fault}, the message ${label}.`, delivery.thread);
      else if (fault !== undefined && fault !== 'Timeout') checkFaultWords(record, delivery, fault, syscallClass === SYSCALL_CLASS.combined, report);
    }
  },
};

function checkFaultWords(record: TrapRecord, { thread, words: w, wordCount }: Delivery, fault: FaultName, isCombined: boolean, report: Report): void {
  const cause = fault === 'VMFault' ? CAUSE.vmFault : fault === 'UserException' ? CAUSE.userException : fault === 'UnknownSyscall' ? CAUSE.unknownSyscall : CAUSE.syscall;
  if (record.cause !== cause) report(faultCause, `${fault} was raised by a trap with cause ${CAUSES[record.cause] ?? record.cause}.`, thread);
  if (wordCount < 2) return;
  if (w[0] !== record.pcBeforeLo || w[1] !== record.pcBeforeHi) {
    report(faultCause, `${fault} says that the thread is at ${lanesToHex(w[0]!, w[1]!)}, it trapped at ${lanesToHex(record.pcBeforeLo, record.pcBeforeHi)}.`, thread);
  }
  // The source of a combined system call is not always in the record.
  if (fault !== 'CapFault' || isCombined || usesPointer(record, w[2]!, w[3]!)) return;
  report(faultCause, `CapFault tells of the capability pointer ${lanesToHex(w[2]!, w[3]!)}, which the system call did not use.`, thread);
}

function usesPointer(record: TrapRecord, lo: number, hi: number): boolean {
  if ((lo === record.cptrLo && hi === record.cptrHi) || (lo === record.replyLo && hi === record.replyHi)) return true;
  for (let i = 0; i < record.capCount; i++) if (record.caps[2 * i] === lo && record.caps[2 * i + 1] === hi) return true;
  return false;
}

const staleLookup: RuleInfo = {
  id: 'F03', name: 'stale-lookup', severity: 'error',
  title: 'A CapFault gives a reason that cannot be true',
  explanation:
    'The fault says that the thread has no valid CSpace root, but the thread has found capabilities through it, and no CSpace was changed since. ' +
    'The words are those of another lookup, or were never set. ' +
    'Record the failure of this very lookup with the fault, on every path that raises one.',
  references: ['c119df035', '5d371316f'],
};
export const F03: TraceRule = {
  info: staleLookup, on: TRIGGER.fault,
  check({ record, run, model }, report) {
    const capFault = FAULT_LABELS[model.configuration.scheduling].CapFault!;
    for (let i = 0; i < record.deliveryCount; i++) {
      const { kind, thread, tagLo, tagHi, words: w, wordCount } = record.deliveries[i]!;
      if (kind !== DELIVERY.fault || wordCount < 4 || tagLabel(tagLo, tagHi) !== capFault || w[6] !== LOOKUP.InvalidRoot) continue;
      const faulter = record.fault === capFault ? record.thread : queuedSender(record);
      if (faulter === 0) continue;
      const found = faulter === record.thread && record.capType !== CAP_TYPE_NONE ? record.seq : run.thread(faulter).lastLookup;
      if (found <= run.lastSpaceChange) continue;
      report(staleLookup, `CapFault says that the CSpace root of ${run.describe(faulter)} is invalid, but in trap ${found} it led to a capability.`, thread);
    }
  },
};

const faultReplyScope: RuleInfo = {
  id: 'F05', name: 'fault-reply-scope', severity: 'error',
  title: 'The answer to a fault sets registers that the fault message does not have',
  explanation:
    'The reply to UnknownSyscall, UserException and Timeout sets the registers that the fault message showed, that to other faults sets none. ' +
    'Another register of the faulter changed, or badge and tag of the reply, so it goes on with a value that its handler did not mean for it. ' +
    'Use the same list of registers for the message and for the reply.',
  references: ['9f5733e15', 'manual: Faults'],
};
export const F05: TraceRule = {
  info: faultReplyScope, on: TRIGGER.message | TRIGGER.otherDelivery,
  check({ record, run, model, syscallClass }, report) {
    // Methods of a TCB set what they like.
    if (record.cause !== CAUSE.syscall || record.capType === CAP_TYPE.Thread) return;
    if (syscallClass === SYSCALL_CLASS.none || syscallClass === SYSCALL_CLASS.debug) return;
    for (let i = 0; i < record.deliveryCount; i++) {
      const { kind, thread, slots } = record.deliveries[i]!;
      if (thread === record.thread || (kind !== DELIVERY.registers && kind !== DELIVERY.message)) continue;
      const fault = faultName(model.configuration.scheduling, run.thread(thread).pendingFault);
      if (fault === undefined || fault === 'NullFault' || fault === 'Timeout') continue;
      const foreign = firstForeignSlot(slots, SETTABLE[fault] ?? NO_SLOTS);
      if (foreign < 0) continue;
      report(faultReplyScope, `The answer to the ${fault} of ${run.describe(thread)} wrote register ${RISCV64_SLOTS[foreign] ?? foreign}.`, thread);
    }
  },
};

const NO_SLOTS: readonly number[] = [];
/** Registers that the reply to a fault can set. */
const SETTABLE: Partial<Record<FaultName, readonly number[]>> = {
  UnknownSyscall: [SLOT.FaultIP, SLOT.sp, SLOT.ra, SLOT.a0, SLOT.a1, SLOT.a2, SLOT.a3, SLOT.a4, SLOT.a5, SLOT.a6],
  UserException: [SLOT.FaultIP, SLOT.sp],
};

/** First written context slot that is not among these; -1 when there is none. */
function firstForeignSlot(slots: Uint32Array, allowed: readonly number[]): number {
  for (let slot = 0; slot < CONTEXT_SLOTS; slot++) {
    if (((slots[slot >>> 5]! >>> (slot & 31)) & 1) === 1 && !allowed.includes(slot)) return slot;
  }
  return -1;
}
