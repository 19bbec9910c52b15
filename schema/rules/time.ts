// SPDX-License-Identifier: BSD-2-Clause
/** Rules over time on MCS kernels. */
import { tagLength } from '../abi/message-info.ts';
import { lanesToHex, lanesToNumber } from '../abi/word.ts';
import { STATE } from '../abi/thread-state.ts';
import { DELIVERY, OUTCOME, TRANSITION_FLAG, type TrapRecord } from '../trace/trap-record.ts';
import { TRIGGER, type RuleInfo, type TraceRule } from './rule.ts';

/** Consumed time comes in whole microseconds. */
const NS_PER_US = 1000;

const consumedSanity: RuleInfo = {
  id: 'T01', name: 'consumed-sanity', severity: 'warning',
  title: 'More time was consumed than has passed',
  explanation:
    'The consumed time of a scheduling context counts microseconds since it was last read, and one core cannot spend more than the time that has ' +
    'passed since then. A larger value is in another unit, overflowed, or was not reset by the last read. ' +
    'Check the conversion from timer ticks and the place that clears the counter.',
  references: ['1db081075', 'manual: Scheduling Contexts'],
};
export const T01: TraceRule = {
  info: consumedSanity, on: ['SchedContextConsumed', 'SchedContextYieldTo'],
  check({ record, run }, report) {
    if (record.outcome !== OUTCOME.replied || record.object === 0) return;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.kind !== DELIVERY.reply || delivery.thread !== record.thread || tagLength(delivery.tagLo) === 0) continue;
      const lo = delivery.words[0]!;
      const hi = delivery.words[1]!;
      const elapsed = record.exitTime - run.consumedReadAt(record.object);
      const consumed = (lanesToNumber(lo, hi) ?? Infinity) * NS_PER_US;
      if (consumed <= elapsed + NS_PER_US) continue;
      report(consumedSanity, `The scheduling context claims ${lanesToHex(lo, hi)} us, but only ${Math.floor(elapsed / NS_PER_US)} us have passed since it was read.`);
    }
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
