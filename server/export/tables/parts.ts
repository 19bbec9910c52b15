// SPDX-License-Identifier: BSD-2-Clause
import { tagCapsUnwrapped, tagExtraCaps, tagLabel, tagLength } from '../../../schema/abi/message-info.ts';
import { THREAD_STATES } from '../../../schema/abi/thread-state.ts';
import { DELIVERY_KINDS, TRANSITION_FLAG, type Delivery, type Transition, type TrapRecord } from '../../../schema/trace/trap-record.ts';
import { errorOf, setBits, writtenRegisters } from '../record-facts.ts';
import type { RunNames } from '../run-names.ts';
import type { KeptAnomaly } from '../run-source.ts';
import { integer, optional, text, word, words, type Column, type Table } from './column.ts';

/** A part of a record, with its number in it. */
interface Part<P> {
  readonly record: TrapRecord;
  readonly index: number;
  readonly part: P;
}

/** Table `deliveries`: a row for all that the kernel wrote for one thread in one trap, under one cause. */
export function deliveriesTable(names: RunNames): Table<Part<Delivery>> {
  return {
    columns: [
      integer('seq', 'record', ({ record }) => record.seq),
      integer('delivery', 'number of the delivery in its record, from 0', ({ index }) => index),
      integer('time', 'kernel entry of the record, virtual ns', ({ record }) => record.entryTime),
      integer('thread', 'id of the thread that was given it', ({ part }) => part.thread),
      text('thread_name', 'its name', ({ part }) => names.thread(part.thread)),
      integer('invoker', 'id of the thread that made the trap', ({ record }) => record.thread),
      text('kind', 'what it is', ({ part }) => DELIVERY_KINDS[part.kind]!),
      optional('answers', 'sequence number of the trap that it answers; empty for none', ({ part }) => (part.answers === 0 ? null : part.answers)),
      word('badge', 'badge', ({ part }) => part.badgeLo, ({ part }) => part.badgeHi),
      word('tag', 'message info', ({ part }) => part.tagLo, ({ part }) => part.tagHi),
      integer('label', 'label', ({ part }) => tagLabel(part.tagLo, part.tagHi)),
      integer('length', 'length, as its message info says', ({ part }) => tagLength(part.tagLo)),
      integer('extra_caps', 'extra caps', ({ part }) => tagExtraCaps(part.tagLo)),
      integer('caps_unwrapped', 'caps that were unwrapped to badges', ({ part }) => tagCapsUnwrapped(part.tagLo)),
      text('error', 'error of a kernel reply; empty for success and for what is none', ({ part }) => errorOf(part)),
      words('words', 'words as they stand after the trap', ({ part }) => part.words, ({ part }) => part.wordCount),
      text('written_registers', 'registers that were really written, with spaces between', ({ part }) => writtenRegisters(part).join(' ')),
      text('written_buffer_words', 'words of the IPC buffer that were really written, with spaces between', ({ part }) => setBits(part.bufferWords).join(' ')),
    ],
    rows: (record, _anomalies, visit) => {
      for (let index = 0; index < record.deliveryCount; index++) visit({ record, index, part: record.deliveries[index]! });
    },
  };
}

/** Table `transitions`: a row for each write of a thread's state. */
export function transitionsTable(names: RunNames): Table<Part<Transition>> {
  return {
    columns: [
      integer('seq', 'record', ({ record }) => record.seq),
      integer('transition', 'number of the transition in its record, from 0', ({ index }) => index),
      integer('time', 'kernel entry of the record, virtual ns', ({ record }) => record.entryTime),
      integer('invoker', 'id of the thread that made the trap', ({ record }) => record.thread),
      integer('thread', 'id of the thread whose state it is', ({ part }) => part.thread),
      text('thread_name', 'its name', ({ part }) => names.thread(part.thread)),
      text('from_state', 'state before', ({ part }) => THREAD_STATES[part.from]!),
      text('to_state', 'state after', ({ part }) => THREAD_STATES[part.to]!),
      flag('pc_behind', 'resumed by Restart, the thread would trap again', TRANSITION_FLAG.pcBehind),
      flag('destroyed', 'the thread was destroyed in this trap', TRANSITION_FLAG.destroyed),
      flag('fault_recorded', 'a fault is recorded for the thread', TRANSITION_FLAG.faultRecorded),
      flag('orphaned', 'it waits for a reply that nothing can give', TRANSITION_FLAG.orphaned),
      flag('misqueued', 'it stands in a queue of the scheduler where it does not belong', TRANSITION_FLAG.misqueued),
    ],
    rows: (record, _anomalies, visit) => {
      for (let index = 0; index < record.transitionCount; index++) visit({ record, index, part: record.transitions[index]! });
    },
  };
}

function flag(name: string, meaning: string, bit: number): Column<Part<Transition>> {
  return integer(name, `1: ${meaning}`, ({ part }) => ((part.flags & bit) === 0 ? 0 : 1));
}

/** Table `anomalies`: a row for each that is kept. */
export function anomalyColumns(names: RunNames): Column<KeptAnomaly>[] {
  return [
    integer('id', 'number of the anomaly, over all runs', ({ id }) => id),
    integer('seq', 'record', ({ seq }) => seq),
    integer('time', 'kernel entry of the record, virtual ns', ({ time }) => time),
    text('rule', 'rule, e.g. K05', ({ rule }) => rule),
    text('severity', 'error, warning or info', ({ severity }) => severity),
    integer('thread', 'id of the thread that it is about', ({ thread }) => thread),
    text('thread_name', 'its name', ({ thread }) => names.thread(thread)),
    text('method', 'method, or system call', ({ method }) => method),
    text('detail', 'what was seen and what was expected', ({ detail }) => detail),
    text('fingerprint', 'the same for the same rule, method and situation', ({ fingerprint }) => fingerprint),
  ];
}
