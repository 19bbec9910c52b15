// SPDX-License-Identifier: BSD-2-Clause
/** Rules over the progress of a thread: an operation is answered once, and executed again only when it was not. */
import { STATE } from '../abi/thread-state.ts';
import { lanesToHex } from '../abi/word.ts';
import { CAUSE, DELIVERY, FLAG, OUTCOME, TRANSITION_FLAG, type TrapRecord } from '../trace/trap-record.ts';
import { owesReply, type ThreadKnowledge } from './run-state.ts';
import { TRIGGER, type RuleInfo, type TraceRule } from './rule.ts';
import { BADGE_BIT, REPLY_BITS, TAG_BIT, anyBufferWord } from './written.ts';

/** Whether a direct reply to the invoker wrote any of these slots, or, if asked, its IPC buffer. */
function replyWrote(record: TrapRecord, slots: number, orBuffer: boolean): boolean {
  for (let i = 0; i < record.deliveryCount; i++) {
    const delivery = record.deliveries[i]!;
    if (delivery.kind !== DELIVERY.reply || delivery.thread !== record.thread) continue;
    if ((delivery.slots[0]! & slots) !== 0 || (orBuffer && anyBufferWord(delivery.bufferWords))) return true;
  }
  return false;
}

const replyThenRestart: RuleInfo = {
  id: 'K15', name: 'reply-then-restart', severity: 'error',
  title: 'A Call was answered and will be executed again',
  explanation:
    'The kernel wrote the badge or tag of a reply but left the pc at the trap. When the thread runs it executes the same instruction again, ' +
    'now with badge and tag of the reply in the place of capability and request, so it invokes something else. ' +
    'An operation that replies must leave its caller Running.',
  references: ['manual: System Calls', '7c1a70533'],
};
export const K15: TraceRule = {
  info: replyThenRestart, on: TRIGGER.stayed,
  check(context, report) {
    const { record } = context;
    if (!owesReply(context) || record.outcome === OUTCOME.preempted || (record.flags & FLAG.invokerDestroyed) !== 0) return;
    if (copiesOntoItself(record, context.method?.id) || !replyWrote(record, BADGE_BIT | TAG_BIT, false)) return;
    report(replyThenRestart, `A reply was written, but the pc stays at the trap, ${lanesToHex(record.pcBeforeLo, record.pcBeforeHi)}.`);
  },
};

/** CopyRegisters may move the pc of the thread that invokes it on itself. */
export function copiesOntoItself(record: TrapRecord, method: string | undefined): boolean {
  return method === 'TCBCopyRegisters' && record.object === record.thread;
}

const replyOnPreempt: RuleInfo = {
  id: 'K16', name: 'reply-on-preempt', severity: 'error',
  title: 'A preempted operation wrote a reply',
  explanation:
    'A preempted operation is executed again from its trap, with the registers of the request. Here the kernel wrote reply registers before it ' +
    'left, so the second execution starts from a damaged request. ' +
    'Nothing may be written before the operation is past its last preemption point.',
  references: ['manual: System Calls'],
};
export const K16: TraceRule = {
  info: replyOnPreempt, on: TRIGGER.preempted,
  check({ record }, report) {
    if (replyWrote(record, REPLY_BITS, true)) report(replyOnPreempt, 'Reply registers of the caller were written, although the operation was preempted and will start again.');
  },
};

const lostCall: RuleInfo = {
  id: 'S04', name: 'lost-call', severity: 'error',
  title: 'A preempted operation will not be continued',
  explanation:
    'The operation stopped at a preemption point, so the thread has to execute the same system call again. It was left Running or with its pc ' +
    'past the trap instead: the rest of the work is never done, and a Call never gets its reply. ' +
    'Leave the thread in Restart when an operation reports preemption.',
  references: ['manual: System Calls'],
};
export const S04: TraceRule = {
  info: lostCall, on: TRIGGER.preempted,
  check({ record, invokerState }, report) {
    if ((record.flags & FLAG.pcAdvanced) !== 0) {
      report(lostCall, `The operation was preempted, but the pc moved from ${lanesToHex(record.pcBeforeLo, record.pcBeforeHi)} to ${lanesToHex(record.pcAfterLo, record.pcAfterHi)}.`);
    } else if (invokerState === STATE.Running && record.next !== record.thread) {
      report(lostCall, 'The operation was preempted, but its thread is Running, expected Restart.');
    }
  },
};

const repeatedCall: RuleInfo = {
  id: 'S02', name: 'repeated-call', severity: 'error',
  title: 'A finished system call was executed a second time',
  explanation:
    'The thread had its answer, was taken out of Running before it could run, and now makes the same system call at the same pc, with badge and tag ' +
    'of that answer where capability and request belong. It acts on a capability that nobody named. ' +
    'When a Running thread is suspended, its restart pc has to move past the finished call first.',
  references: ['7c1a70533'],
};
export const S02: TraceRule = {
  info: repeatedCall, on: TRIGGER.takenFromAnswer,
  check({ record, invoker }, report) {
    if (!invoker.mayRepeat || record.cause !== CAUSE.syscall || record.syscall !== invoker.lastSyscall || !atLastPc(record, invoker)) return;
    if (record.cptrLo !== invoker.badgeLo || record.cptrHi !== invoker.badgeHi || record.tagLo !== invoker.tagLo || record.tagHi !== invoker.tagHi) return;
    report(repeatedCall, `The system call of trap ${invoker.lastTrap} was answered and is executed again at ${lanesToHex(record.pcBeforeLo, record.pcBeforeHi)}, with the answer as request.`);
  },
};

function atLastPc(record: TrapRecord, thread: ThreadKnowledge): boolean {
  return record.pcBeforeLo === thread.lastPcLo && record.pcBeforeHi === thread.lastPcHi;
}

const answeredButBehind: RuleInfo = {
  id: 'S03', name: 'answered-but-behind', severity: 'error',
  title: 'An answered thread was stopped with its trap still ahead',
  explanation:
    'The system call of this thread is finished, but before it ran on it was suspended or restarted, and its restart pc still points at the trap. ' +
    'Once resumed it executes the call a second time. ' +
    'Whoever takes a Running thread out of that state has to copy its next pc to the restart pc.',
  references: ['7c1a70533'],
};
export const S03: TraceRule = {
  info: answeredButBehind, on: TRIGGER.flagged,
  check({ record, run }, report) {
    for (let i = 0; i < record.transitionCount; i++) {
      const { thread, from, to, flags } = record.transitions[i]!;
      if (from !== STATE.Running || (to !== STATE.Inactive && to !== STATE.Restart) || (flags & TRANSITION_FLAG.pcBehind) === 0) continue;
      if (thread === record.thread || thread === 0) continue;
      const known = run.thread(thread);
      if (!known.answeredNotRun || known.registersWritten) continue;
      report(answeredButBehind, `${run.describe(thread)} was answered (its trap ${known.lastTrap}) and stopped before it ran, with its restart pc at the trap.`, thread);
    }
  },
};

const selfSuspendLoop: RuleInfo = {
  id: 'S10', name: 'self-suspend-loop', severity: 'warning',
  title: 'A thread suspends itself again each time it is resumed',
  explanation:
    'A thread that suspends itself stops with its pc at the trap, so a plain Resume executes the suspension again and the thread never gets past it. ' +
    'Let the thread wait on a notification instead, or have the one who resumes it set its pc with WriteRegisters.',
  references: ['manual: Threads and Execution'],
};
export const S10: TraceRule = {
  info: selfSuspendLoop, on: ['TCBSuspend'],
  check({ record, invoker }, report) {
    if (record.outcome !== OUTCOME.stopped || record.object !== record.thread) return;
    if (!invoker.lastWasSelfSuspend || invoker.registersWritten || !atLastPc(record, invoker)) return;
    report(selfSuspendLoop, `The suspension of trap ${invoker.lastTrap} was executed again at ${lanesToHex(record.pcBeforeLo, record.pcBeforeHi)} after a resume.`);
  },
};
