// SPDX-License-Identifier: BSD-2-Clause
/** Rules over messages between threads: their length, their words, and the tag of a receiver that got none. */
import { BUFFER_NONE, BUFFER_RW } from '../abi/ipc-buffer.ts';
import { CAP_TYPE } from '../abi/cap-types.ts';
import { MSG_MAX_LENGTH, tagLength } from '../abi/message-info.ts';
import { MESSAGE_REGISTERS } from '../abi/registers.ts';
import { STATE } from '../abi/thread-state.ts';
import { lanesToHex } from '../abi/word.ts';
import { CAUSE, DELIVERY, type Delivery, type TrapRecord } from '../trace/trap-record.ts';
import { K08, words } from './reply-shape.ts';
import { TRIGGER, type RuleInfo, type TraceContext, type TraceRule } from './rule.ts';
import { SYSCALL_CLASS } from './syscall-class.ts';
import { BADGE_BIT, TAG_BIT, firstUnwritten } from './written.ts';

/** Thread whose queued message or fault this trap took: it leaves BlockedOnSend. 0 when there is none. */
export function queuedSender(record: TrapRecord): number {
  for (let i = 0; i < record.transitionCount; i++) {
    const transition = record.transitions[i]!;
    if (transition.from === STATE.BlockedOnSend && transition.thread !== record.thread) return transition.thread;
  }
  return 0;
}

/** K08 over messages and fault messages. */
export const K08_MESSAGES: TraceRule = {
  info: K08.info, on: TRIGGER.message | TRIGGER.fault,
  check({ record, run }, report) {
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.kind !== DELIVERY.message && delivery.kind !== DELIVERY.fault) continue;
      const length = tagLength(delivery.tagLo);
      const missing = firstUnwritten(delivery.slots, delivery.bufferWords, length);
      if (missing < 0) continue;
      report(K08.info, `The message to ${run.describe(delivery.thread)} claims ${words(length)}, but word ${missing} was not written.`, delivery.thread);
    }
  },
};

const staleTag: RuleInfo = {
  id: 'I01', name: 'stale-tag', severity: 'info',
  title: 'A receive on an endpoint returned without a tag',
  explanation:
    'A signal of a bound notification, or the failure of a non-blocking receive, sets the badge register only. The tag register keeps what the thread ' +
    'had in it, which here looks like a message. ' +
    'Look at the badge before you use the tag, and clear the tag before such a receive.',
  references: ['seL4#114', '97042a0f0'],
};
export const I01: TraceRule = {
  info: staleTag, on: TRIGGER.otherDelivery,
  check(context, report) {
    const { record, run } = context;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.kind === DELIVERY.registers || delivery.kind === DELIVERY.reply || (delivery.slots[0]! & (BADGE_BIT | TAG_BIT)) !== BADGE_BIT) continue;
      if (!receivesFromEndpoint(context, delivery.thread)) continue;
      const own = delivery.thread === record.thread;
      const known = run.thread(delivery.thread);
      const lo = own ? record.tagLo : known.tagLo;
      const hi = own ? record.tagHi : known.tagHi;
      if ((lo | hi) === 0) continue;
      report(staleTag, `${run.describe(delivery.thread)} got badge ${lanesToHex(delivery.badgeLo, delivery.badgeHi)} and no tag; its tag register still holds ${lanesToHex(lo, hi)}.`, delivery.thread);
    }
  },
};

/** Whether a thread is at the end of a receive that may return a message: on an endpoint, by a call with a tag. */
function receivesFromEndpoint({ record, syscallClass }: TraceContext, thread: number): boolean {
  if (thread !== record.thread) return leavesReceive(record, thread);
  if (record.cause !== CAUSE.syscall || record.capType === CAP_TYPE.Notification) return false;
  if (syscallClass === SYSCALL_CLASS.combined) return true;
  return record.capType === CAP_TYPE.Endpoint && (syscallClass === SYSCALL_CLASS.receive || syscallClass === SYSCALL_CLASS.nbReceive);
}

function leavesReceive(record: TrapRecord, thread: number): boolean {
  for (let i = 0; i < record.transitionCount; i++) {
    const transition = record.transitions[i]!;
    if (transition.thread === thread && transition.from === STATE.BlockedOnReceive) return true;
  }
  return false;
}

const messageLength: RuleInfo = {
  id: 'I02', name: 'message-length', severity: 'error',
  title: 'A message arrived with another length than it was sent with',
  explanation:
    'The receiver gets as many words as the sender stated, at most 120; words from the fifth on need an IPC buffer on both sides, and without one ' +
    'the length is 4. With another length the receiver misses words or reads words that nobody sent. ' +
    'Compare what the transfer copied with the length that it put into the tag.',
  references: ['manual: Message Passing', 'manual: IPC Buffer'],
};
export const I02: TraceRule = {
  info: messageLength, on: TRIGGER.message,
  check(context, report) {
    const { record, run } = context;
    if (record.cause !== CAUSE.syscall) return;
    for (let i = 0; i < record.deliveryCount; i++) {
      const delivery = record.deliveries[i]!;
      if (delivery.kind !== DELIVERY.message || (delivery.slots[0]! & TAG_BIT) === 0) continue;
      const sent = sentLength(context, delivery);
      if (sent < 0) continue;
      const length = tagLength(delivery.tagLo);
      // Another thread than the invoker may have no buffer, or have lost it while it waited.
      if (length === sent || (sent > MESSAGE_REGISTERS && length === MESSAGE_REGISTERS)) continue;
      report(messageLength, `${run.describe(delivery.thread)} received ${words(length)}, expected ${sent}.`, delivery.thread);
    }
  },
};

/** Words that the sender of a message can bring across; -1 when the sender is not known. */
function sentLength({ record, run }: TraceContext, delivery: Delivery): number {
  if (delivery.thread !== record.thread) return brought(record.tagLo, record.bufferKind);
  const sender = queuedSender(record);
  if (sender === 0) return -1;
  const known = run.thread(sender);
  if (known.lastTrap === 0 || known.registersWritten) return -1;
  const length = brought(known.lastTagLo, known.lastBufferKind);
  return record.bufferKind === BUFFER_RW ? length : Math.min(length, MESSAGE_REGISTERS);
}

function brought(tagLo: number, bufferKind: number): number {
  return Math.min(tagLength(tagLo), bufferKind === BUFFER_NONE ? MESSAGE_REGISTERS : MSG_MAX_LENGTH);
}
