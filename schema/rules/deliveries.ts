// SPDX-License-Identifier: BSD-2-Clause
/** Rules over who gets what: deliveries to the wrong thread, at the wrong time, or without a reason. */
import { STATE } from '../abi/thread-state.ts';
import { syscallName } from '../abi/syscalls.ts';
import { DELIVERY, DELIVERY_KINDS, OUTCOME, type Delivery, type TrapRecord } from '../trace/trap-record.ts';
import { owesReply } from './run-state.ts';
import { ANY_DELIVERY, TRIGGER, type RuleInfo, type TraceContext, type TraceRule } from './rule.ts';
import { MESSAGE_REGISTER_BITS, REPLY_BITS, TAG_BIT, anyBufferWord } from './written.ts';

/** Whether a delivery is the late answer to the very trap in which it is made. */
export function answersThisTrap(delivery: Delivery, record: TrapRecord): boolean {
  return delivery.kind === DELIVERY.lateReply && delivery.thread === record.thread && delivery.answers === record.seq;
}

const lateReply: RuleInfo = {
  id: 'N02', name: 'late-reply', severity: 'error',
  title: 'A late reply reached a thread that does not wait for it',
  explanation:
    'The kernel completed an earlier invocation of this thread by writing reply registers, but that invocation was no Call, or the ' +
    'registers of the thread were set by somebody else in the meantime. Values that the thread needs are overwritten. ' +
    'Remember with the pending operation whether a reply is owed, and drop it when the registers are written.',
  references: ['seL4#1471', '90dafb2e7'],
};
export const N02: TraceRule = {
  info: lateReply, on: TRIGGER.lateReply,
  check(context, report) {
    const { record, run, model } = context;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.kind !== DELIVERY.lateReply || (delivery.slots[0]! & REPLY_BITS) === 0 || delivery.thread === 0) continue;
      // For the thread that trapped, this trap is the last one.
      const own = delivery.thread === record.thread;
      const known = run.thread(delivery.thread);
      const method = own ? context.method : model.byLabel[known.lastMethod];
      if (own ? !owesReply(context) : known.lastTrap > 0 && !known.lastWasKernelCall) {
        report(lateReply, `A reply was written to ${run.describe(delivery.thread)}, whose trap ${own ? record.seq : known.lastTrap} was no Call.`, delivery.thread, method);
      } else if (!own && known.registersWritten) {
        report(lateReply, `A reply was written to ${run.describe(delivery.thread)}, whose registers were set after its trap ${known.lastTrap}.`, delivery.thread, method);
      }
    }
  },
};

const wrongThreadWrite: RuleInfo = {
  id: 'N03', name: 'wrong-thread-write', severity: 'error',
  title: 'The kernel wrote to a thread that has no part in the operation',
  explanation:
    'Registers or IPC buffer words were written for a thread that is neither the caller nor the receiver of a message, reply, fault or signal, ' +
    'nor the target of a register operation, nor waiting for a YieldTo; or the words of one answer went to another thread than its tag. ' +
    'Look for code that means the current thread and the completed one as the same.',
  references: ['seL4#1435', 'seL4#1148', '90dafb2e7', '7252ab185', 'c8ae3010b'],
};
export const N03: TraceRule = {
  info: wrongThreadWrite, on: ANY_DELIVERY,
  check(context, report) {
    const { record, run } = context;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if ((delivery.slots[0]! | delivery.slots[1]!) === 0 && !anyBufferWord(delivery.bufferWords)) continue;
      const kind = DELIVERY_KINDS[delivery.kind] ?? 'unknown';
      if (isSplit(delivery)) {
        report(wrongThreadWrite, `IPC buffer words of ${run.describe(delivery.thread)} were written for a delivery (${kind}) whose registers are elsewhere.`, delivery.thread);
      } else if (!hasPart(context, delivery)) {
        report(wrongThreadWrite, `${run.describe(delivery.thread)} was written to (${kind}) in a trap of ${run.describe(record.thread)} that does not concern it.`, delivery.thread);
      }
    }
  },
};

/** Messages and late replies always come with a tag; buffer words without any register are half of another delivery. */
function isSplit(delivery: Delivery): boolean {
  if (delivery.kind !== DELIVERY.message && delivery.kind !== DELIVERY.fault && delivery.kind !== DELIVERY.lateReply) return false;
  return (delivery.slots[0]! & REPLY_BITS) === 0 && anyBufferWord(delivery.bufferWords);
}

function hasPart({ record, run, method }: TraceContext, delivery: Delivery): boolean {
  const thread = delivery.thread;
  switch (delivery.kind) {
    case DELIVERY.lateReply: {
      // A thread that traps has been running, so no earlier yield of it can be pending.
      if (thread === record.thread) return answersThisTrap(delivery, record);
      const known = run.thread(thread);
      return known.yieldPending || known.lastTrap === 0;
    }
    case DELIVERY.message:
    case DELIVERY.signal:
    case DELIVERY.fault:
      return thread === record.thread || changesState(record, thread);
    case DELIVERY.registers:
      return thread === record.thread || thread === record.object || changesState(record, thread) || method?.id === 'TCBCopyRegisters';
    default:
      return thread === record.thread;
  }
}

function changesState(record: TrapRecord, thread: number): boolean {
  for (let i = 0; i < record.transitionCount; i++) if (record.transitions[i]!.thread === thread) return true;
  return false;
}

const interimSuccess: RuleInfo = {
  id: 'N04', name: 'interim-success', severity: 'warning',
  title: 'A thread was stopped or read while its YieldTo was pending',
  explanation:
    'Until a YieldTo completes, the registers of its caller hold an interim empty success. Suspending the thread drops the real reply, so it reads ' +
    'a success without a result; reading its registers shows that interim state; writing them loses to the late reply. ' +
    'Wait until the yield is complete before you touch the thread.',
  references: ['seL4#1471', 'seL4#1435'],
};
export const N04: TraceRule = {
  info: interimSuccess, on: ['TCBSuspend', 'TCBReadRegisters', 'TCBWriteRegisters', 'TCBCopyRegisters'],
  check({ record, run, method }, report) {
    const target = record.object;
    if (target === record.thread || target === 0) return;
    const known = run.thread(target);
    if (!known.yieldPending || !known.lastWasKernelCall || !reached(record, target)) return;
    report(interimSuccess, `${method!.id} reached ${run.describe(target)} before the YieldTo of its trap ${known.lastTrap} was complete.`, target);
  },
};

/** Whether an operation on a thread took place: an invocation without Call may have failed unseen. */
function reached(record: TrapRecord, target: number): boolean {
  if (record.outcome === OUTCOME.replied) return true;
  if (record.outcome !== OUTCOME.completed) return false;
  for (let i = 0; i < record.deliveryCount; i++) if (record.deliveries[i]!.thread === target) return true;
  return changesState(record, target);
}

const debugReply: RuleInfo = {
  id: 'N05', name: 'debug-reply', severity: 'warning',
  title: 'A debug system call wrote a reply or changed a state',
  explanation:
    'Debug and benchmark system calls return at most a value in the capability register. Their stubs declare the tag and message registers as ' +
    'unchanged, and a program must behave alike with and without them. ' +
    'Here such a call wrote a tag or message register, or changed the state of a thread.',
  references: ['manual: Debugging System Calls'],
};
export const N05: TraceRule = {
  info: debugReply, on: TRIGGER.debug,
  check({ record, model, run }, report) {
    if (record.outcome !== OUTCOME.completed && record.outcome !== OUTCOME.replied) return;
    const name = syscallName(model.configuration.scheduling, record.syscall);
    if (name === 'X86DangerousRDMSR' || name === 'VMEnter') return;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if ((delivery.slots[0]! & (TAG_BIT | MESSAGE_REGISTER_BITS)) === 0) continue;
      report(debugReply, `${name} wrote the tag or message registers of ${run.describe(delivery.thread)}.`, delivery.thread);
      return;
    }
    for (let i = 0; i < record.transitionCount; i++) {
      const { thread, from, to } = record.transitions[i]!;
      if (from === to || (from === STATE.Restart && to === STATE.Running)) continue;
      report(debugReply, `${name} changed the state of ${run.describe(thread)} from ${from} to ${to}.`, thread);
      return;
    }
  },
};
