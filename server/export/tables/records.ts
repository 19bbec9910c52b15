// SPDX-License-Identifier: BSD-2-Clause
import { tagCapsUnwrapped, tagExtraCaps, tagLabel, tagLength } from '../../../schema/abi/message-info.ts';
import { THREAD_STATES } from '../../../schema/abi/thread-state.ts';
import { CAUSES, FLAG, OUTCOMES, STRAYS, type Delivery, type TrapRecord } from '../../../schema/trace/trap-record.ts';
import { capTypeText, ownAnswer } from '../../query/record-row.ts';
import { errorOf, faultText, flagNames } from '../record-facts.ts';
import type { RunNames } from '../run-names.ts';
import { integer, optional, text, word, words, type Column, type Table } from './column.ts';

const BUFFERS = ['none', 'readOnly', 'readWrite'] as const;

/** A record, with what the invoker was given in this very trap. */
interface RecordInTable {
  record: TrapRecord;
  answer: Delivery | undefined;
  anomalies: number;
}

/** Table `records`: a row for each kernel entry. */
export function recordsTable(names: RunNames): Table<RecordInTable> {
  return {
    columns: [...entryColumns(names), ...requestColumns(names), ...exitColumns(names), ...answerColumns()],
    rows: (record, anomalies, visit) => visit({ record, answer: ownAnswer(record), anomalies: anomalies.length }),
  };
}

function entryColumns(names: RunNames): Column<RecordInTable>[] {
  return [
    integer('seq', 'sequence number in the run, from 1', ({ record }) => record.seq),
    integer('time', 'kernel entry, virtual ns', ({ record }) => record.entryTime),
    integer('duration', 'from entry to exit, virtual ns', ({ record }) => record.exitTime - record.entryTime),
    text('cause', 'why the kernel was entered', ({ record }) => CAUSES[record.cause]!),
    integer('thread', 'id of the thread that ran; 0 for the idle thread', ({ record }) => record.thread),
    text('thread_name', 'its name', ({ record }) => names.thread(record.thread)),
    text('activity', 'method; without one the system call; without one the cause', ({ record }) => names.activity(record)),
    text('syscall', 'system call; empty for other causes', ({ record }) => names.syscall(record.syscall)),
    text('method', 'method of the object API; empty for none', ({ record }) => names.method(record.method) ?? ''),
  ];
}

function requestColumns(names: RunNames): Column<RecordInTable>[] {
  return [
    word('cptr', 'capability pointer that was invoked', ({ record }) => record.cptrLo, ({ record }) => record.cptrHi),
    text('cap_type', 'type of the capability; empty when none was looked up', ({ record }) => capTypeText(record.capType)),
    integer('object', 'id of the object behind it; 0 for none', ({ record }) => record.object),
    text('object_name', 'its name; empty when none is known', ({ record }) => names.object(record.object)),
    word('tag', 'message info of the request', ({ record }) => record.tagLo, ({ record }) => record.tagHi),
    integer('label', 'label of the request', ({ record }) => tagLabel(record.tagLo, record.tagHi)),
    integer('length', 'words of the request, as its message info says', ({ record }) => tagLength(record.tagLo)),
    integer('extra_caps', 'extra caps of the request', ({ record }) => tagExtraCaps(record.tagLo)),
    integer('caps_unwrapped', 'capsUnwrapped of the request', ({ record }) => tagCapsUnwrapped(record.tagLo)),
    words('words', 'words of the request', ({ record }) => record.words, ({ record }) => record.wordCount),
    words('caps', 'extra caps as capability pointers', ({ record }) => record.caps, ({ record }) => record.capCount),
    word('reply_cptr', 'reply register at entry (MCS)', ({ record }) => record.replyLo, ({ record }) => record.replyHi),
    text('buffer', 'IPC buffer of the invoker: none, readOnly or readWrite', ({ record }) => BUFFERS[record.bufferKind]!),
  ];
}

function exitColumns(names: RunNames): Column<RecordInTable>[] {
  return [
    text('outcome', 'how the trap ended for its thread', ({ record }) => OUTCOMES[record.outcome]!),
    text('flags', 'flags of the record, with spaces between', ({ record }) => flagNames(FLAG, record.flags).join(' ')),
    text('fault', 'fault that the thread raised; empty for none', ({ record }) => faultText(names.scheduling, record.fault)),
    word('pc', 'pc of the trap', ({ record }) => record.pcBeforeLo, ({ record }) => record.pcBeforeHi),
    word('pc_after', 'pc at which the thread goes on', ({ record }) => record.pcAfterLo, ({ record }) => record.pcAfterHi),
    integer('next', 'id of the thread that runs next; 0 for the idle thread', ({ record }) => record.next),
    text('next_name', 'its name', ({ record }) => names.thread(record.next)),
    text('next_state', 'its state', ({ record }) => THREAD_STATES[record.nextState] ?? ''),
    integer('consumed', 'time charged at entry, ns (MCS)', ({ record }) => record.consumed),
    integer('budget', 'what is left of the budget at exit, ns (MCS)', ({ record }) => record.budget),
    text('stray', 'access of the kernel to memory that it has no business with; empty for none', ({ record }) => (record.stray === 0 ? '' : STRAYS[record.stray]!)),
    word('stray_address', 'its address', ({ record }) => record.strayAddressLo, ({ record }) => record.strayAddressHi),
    word('stray_pc', 'pc of the kernel at it', ({ record }) => record.strayPcLo, ({ record }) => record.strayPcHi),
  ];
}

function answerColumns(): Column<RecordInTable>[] {
  return [
    optional('reply_label', 'label of the message, reply or fault that the thread itself got in this trap; empty for none', ({ answer }) => (answer === undefined ? null : tagLabel(answer.tagLo, answer.tagHi))),
    optional('reply_length', 'length of it', ({ answer }) => (answer === undefined ? null : tagLength(answer.tagLo))),
    word('reply_badge', 'badge of it', ({ answer }) => answer?.badgeLo ?? 0, ({ answer }) => answer?.badgeHi ?? 0),
    text('error', 'error of a kernel reply; empty for success', ({ answer }) => (answer === undefined ? '' : errorOf(answer))),
    integer('deliveries', 'rows that the record has in `deliveries`', ({ record }) => record.deliveryCount),
    integer('transitions', 'rows that it has in `transitions`', ({ record }) => record.transitionCount),
    integer('anomalies', 'rows that it has in `anomalies`', ({ anomalies }) => anomalies),
  ];
}
