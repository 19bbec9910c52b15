// SPDX-License-Identifier: BSD-2-Clause
/** Rules over time on MCS kernels. */
import { STATE } from '../abi/thread-state.ts';
import { TRANSITION_FLAG, type TrapRecord } from '../trace/trap-record.ts';
import { READS_CONSUMED, consumedTime } from './consumed.ts';
import { TRIGGER, type RuleInfo, type TraceRule } from './rule.ts';

/** Consumed times are rounded down to microseconds, each. */
const ROUNDING = 1000;

const consumedSanity: RuleInfo = {
  id: 'T01', name: 'consumed-sanity', severity: 'warning',
  title: 'More time was consumed than has passed',
  explanation:
    'The consumed time of a scheduling context counts microseconds since it was last read, so on one core all values that were read add up to no ' +
    'more than the time since boot. A single value may reach back before the last read, because running time is charged late. ' +
    'A larger sum is in another unit, overflowed, or was not reset by a read: check the conversion from timer ticks and the place that clears the counter.',
  references: ['1db081075', 'manual: Scheduling Contexts'],
};
export const T01: TraceRule = {
  info: consumedSanity, on: READS_CONSUMED,
  check({ record, run, method }, report) {
    const consumed = consumedTime(record, method);
    const total = run.consumedBy(record.object) + consumed;
    if (consumed < 0 || total <= record.exitTime + ROUNDING) return;
    report(consumedSanity, `The scheduling context claims ${consumed / 1000} us, ${total / 1000} us with what was read before, but only ${record.exitTime / 1000} us have passed.`);
  },
};

const timeoutAfterAnswer: RuleInfo = {
  id: 'T02', name: 'timeout-after-answer', severity: 'error',
  title: 'A Timeout fault points at a system call that is already finished',
  explanation:
    'The thread was answered, and before it ran a Timeout fault was raised for it while its restart pc still points at the trap. When the handler ' +
    'replies, the thread restarts there and makes the finished call again. ' +
    'Move the restart pc past the call before raising the fault.',
  references: ['manual: Timeout Faults', '7c1a70533'],
};
export const T02: TraceRule = {
  info: timeoutAfterAnswer, on: TRIGGER.flagged,
  check({ record, run, mcs }, report) {
    if (!mcs) return;
    for (let i = 0; i < record.transitionCount; i++) {
      const { thread, from, to, flags } = record.transitions[i]!;
      if (from !== STATE.Running || (to !== STATE.BlockedOnSend && to !== STATE.BlockedOnReply)) continue;
      if (thread === record.thread || thread === 0 || (flags & TRANSITION_FLAG.pcBehind) === 0) continue;
      if (!run.thread(thread).answeredNotRun && !answeredHere(record, thread, i)) continue;
      report(timeoutAfterAnswer, `${run.describe(thread)} was answered and then got a Timeout fault with its restart pc at the answered trap.`, thread);
    }
  },
};

/** Whether a thread became Running in this trap before its transition `index`. */
function answeredHere(record: TrapRecord, thread: number, index: number): boolean {
  for (let i = 0; i < index; i++) {
    const earlier = record.transitions[i]!;
    if (earlier.thread === thread && earlier.from === STATE.BlockedOnReply && earlier.to === STATE.Running) return true;
  }
  return false;
}
