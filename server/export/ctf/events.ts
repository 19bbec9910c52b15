// SPDX-License-Identifier: BSD-2-Clause
/** The event classes of a CTF trace: what is declared of each, and written for each. */
import type { Delivery, Transition, TrapRecord } from '../../../schema/trace/trap-record.ts';
import type { KeptAnomaly } from '../run-source.ts';
import { natural, small, text, word, words, type Field } from './field.ts';

/**
 * A kind of event. Its number is the one in the event header. Flags are less than a byte, so they never come last: readers
 * would take the content of a packet to end within its last byte.
 */
export interface EventClass<Row> {
  readonly id: number;
  readonly name: string;
  readonly fields: readonly Field<Row>[];
}

/** A part of a record. */
export interface PartOf<P> {
  readonly record: TrapRecord;
  readonly part: P;
}

/** A kernel entry, at its time; `exit_time` says when the kernel was left. */
export const TRAP: EventClass<TrapRecord> = {
  id: 0,
  name: 'trap',
  fields: [
    natural('seq', (r) => r.seq),
    natural('exit_time', (r) => r.exitTime),
    small('thread_t', 32, 'thread', (r) => r.thread),
    small('cause_t', 8, 'cause', (r) => r.cause),
    small('syscall_t', 32, 'syscall', (r) => r.syscall),
    small('method_t', 32, 'method', (r) => r.method),
    word('cptr', (r) => r.cptrLo, (r) => r.cptrHi),
    small('cap_t', 8, 'cap_type', (r) => r.capType),
    small('object_t', 32, 'object', (r) => r.object),
    word('request', (r) => r.tagLo, (r) => r.tagHi, 'message_info_t'),
    words('words', (r) => r.words, (r) => r.wordCount),
    words('caps', (r) => r.caps, (r) => r.capCount),
    word('reply', (r) => r.replyLo, (r) => r.replyHi),
    small('buffer_t', 8, 'buffer', (r) => r.bufferKind),
    small('outcome_t', 8, 'outcome', (r) => r.outcome),
    small('record_flags_t', 8, 'flags', (r) => r.flags),
    small('fault_t', 32, 'fault', (r) => r.fault),
    word('pc_before', (r) => r.pcBeforeLo, (r) => r.pcBeforeHi),
    word('pc_after', (r) => r.pcAfterLo, (r) => r.pcAfterHi),
    small('thread_t', 32, 'next_thread', (r) => r.next),
    small('state_t', 8, 'next_state', (r) => r.nextState),
    natural('consumed', (r) => r.consumed),
    natural('budget', (r) => r.budget),
    small('stray_t', 8, 'stray', (r) => r.stray),
    word('stray_address', (r) => r.strayAddressLo, (r) => r.strayAddressHi),
    word('stray_pc', (r) => r.strayPcLo, (r) => r.strayPcHi),
  ],
};

/** What the kernel wrote for one thread under one cause, at the exit of its trap. */
export const DELIVERY_EVENT: EventClass<PartOf<Delivery>> = {
  id: 1,
  name: 'delivery',
  fields: [
    natural('seq', ({ record }) => record.seq),
    small('thread_t', 32, 'thread', ({ part }) => part.thread),
    small('thread_t', 32, 'sender', ({ record }) => record.thread),
    small('delivery_t', 8, 'kind', ({ part }) => part.kind),
    natural('answers', ({ part }) => part.answers),
    word('badge', ({ part }) => part.badgeLo, ({ part }) => part.badgeHi),
    word('message', ({ part }) => part.tagLo, ({ part }) => part.tagHi, 'message_info_t'),
    words('words', ({ part }) => part.words, ({ part }) => part.wordCount),
    word('written_slots', ({ part }) => part.slots[0]!, ({ part }) => part.slots[1]!),
    word('written_buffer_low', ({ part }) => part.bufferWords[0]!, ({ part }) => part.bufferWords[1]!),
    word('written_buffer_high', ({ part }) => part.bufferWords[2]!, ({ part }) => part.bufferWords[3]!),
  ],
};

/** A write of a thread's state, at the exit of its trap. */
export const TRANSITION_EVENT: EventClass<PartOf<Transition>> = {
  id: 2,
  name: 'transition',
  fields: [
    natural('seq', ({ record }) => record.seq),
    small('thread_t', 32, 'thread', ({ part }) => part.thread),
    small('transition_flags_t', 8, 'flags', ({ part }) => part.flags),
    small('state_t', 8, 'from_state', ({ part }) => part.from),
    small('state_t', 8, 'to_state', ({ part }) => part.to),
  ],
};

/** A finding, at the exit of its trap. */
export const ANOMALY_EVENT: EventClass<KeptAnomaly> = {
  id: 3,
  name: 'anomaly',
  fields: [
    natural('seq', ({ seq }) => seq),
    small('thread_t', 32, 'thread', ({ thread }) => thread),
    text('rule', ({ rule }) => rule),
    text('severity', ({ severity }) => severity),
    text('method', ({ method }) => method),
    text('detail', ({ detail }) => detail),
    text('fingerprint', ({ fingerprint }) => fingerprint),
  ],
};

export const EVENT_CLASSES = [TRAP, DELIVERY_EVENT, TRANSITION_EVENT, ANOMALY_EVENT] as const;
