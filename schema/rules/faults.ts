// SPDX-License-Identifier: BSD-2-Clause
/** Rules over fault messages. */
import { CAP_FAULT_LENGTH, FAULT_WORDS, faultName, type FaultName } from '../abi/faults.ts';
import { BUFFER_RW } from '../abi/ipc-buffer.ts';
import { tagLabel, tagLength } from '../abi/message-info.ts';
import { MESSAGE_REGISTERS } from '../abi/registers.ts';
import { CAUSE, DELIVERY, OUTCOME, type Delivery, type TrapRecord } from '../trace/trap-record.ts';
import { queuedSender } from './messages.ts';
import { words } from './reply-shape.ts';
import { TRIGGER, type RuleInfo, type TraceContext, type TraceRule } from './rule.ts';
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
  check({ record, run, model }, report) {
    const sender = queuedSender(record);
    if (sender === 0 || record.cause !== CAUSE.syscall) return;
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
