// SPDX-License-Identifier: BSD-2-Clause
/** The columns of `records`, `deliveries` and `transitions`: what each says, and how it is read from a chunk. */
import { ERRORS } from '../../schema/abi/errors.ts';
import { faultName } from '../../schema/abi/faults.ts';
import { tagLabel, tagLength } from '../../schema/abi/message-info.ts';
import { THREAD_STATES } from '../../schema/abi/thread-state.ts';
import { lanesToHex } from '../../schema/abi/word.ts';
import { unzigzag } from '../../schema/trace/batch.ts';
import { STATE_AFTER } from '../../schema/trace/batch-layout.ts';
import { CAUSE, CAUSES, DELIVERY_KINDS, FLAG, OUTCOME, OUTCOMES, STRAYS, TRANSITION_FLAG, TrapRecord } from '../../schema/trace/trap-record.ts';
import { activityName, activityOf } from '../store/activity.ts';
import { capTypeText, syscallText } from '../query/record-row.ts';
import type { Chunk } from './chunk.ts';

/** A value as a table gives it. */
export type Cell = string | number | null;

/** A column of a table that is decoded from chunks. */
export interface ChunkColumn {
  readonly name: string;
  readonly type: 'INTEGER' | 'TEXT';
  readonly about: string;
  /** Reads the column of a chunk, row by row; asked for only when a query uses the column. */
  readonly of: (chunk: Chunk) => (row: number) => Cell;
}

const integer = (name: string, about: string, of: ChunkColumn['of']): ChunkColumn => ({ name, type: 'INTEGER', about, of });
const text = (name: string, about: string, of: ChunkColumn['of']): ChunkColumn => ({ name, type: 'TEXT', about, of });

/** The number at each row of an array. */
const at = (values: ArrayLike<number>): ((row: number) => number) => (row) => values[row]!;
/** The word at each row of an array of lanes. */
const wordAt = (lanes: Uint32Array): ((row: number) => string) => (row) => lanesToHex(lanes[2 * row]!, lanes[2 * row + 1]!);
/** A name for each small number, made once. */
function named(values: ArrayLike<number>, name: (value: number) => Cell): (row: number) => Cell {
  const known = new Map<number, Cell>();
  return (row) => {
    const value = values[row]!;
    let found = known.get(value);
    if (found === undefined) known.set(value, (found = name(value)));
    return found;
  };
}

function hexWords(lanes: Uint32Array, count: number): string {
  return JSON.stringify(Array.from({ length: count }, (_, i) => lanesToHex(lanes[2 * i]!, lanes[2 * i + 1]!)));
}

/** Reads records in full, for columns of which each row has any number of words. */
function fromRecord(chunk: Chunk, value: (record: TrapRecord) => Cell): (row: number) => Cell {
  const record = new TrapRecord();
  return (row) => {
    chunk.reader.read(row, record);
    return value(record);
  };
}

function syscallsOf(chunk: Chunk): Int32Array {
  return Int32Array.from(chunk.scan.column('syscall'), unzigzag);
}

function activities(chunk: Chunk): (row: number) => Cell {
  const cause = chunk.scan.column('cause');
  const syscall = syscallsOf(chunk);
  const method = chunk.scan.column('method');
  const codes = Int32Array.from(method, (label, i) => activityOf(cause[i]!, syscall[i]!, label));
  return named(codes, (code) => activityName(code, chunk.interfaces));
}

function syscalls(chunk: Chunk): (row: number) => Cell {
  const cause = chunk.scan.column('cause');
  const name = named(syscallsOf(chunk), (syscall) => syscallText(syscall, chunk.interfaces));
  return (row) => (cause[row] === CAUSE.syscall ? name(row) : null);
}

function ofOwnReply(chunk: Chunk, value: (tagLo: number, tagHi: number) => number): (row: number) => Cell {
  const replies = chunk.ownReplies;
  const { tag } = chunk.reader.deliveries;
  return (row) => {
    const i = replies[row]!;
    return i < 0 ? null : value(tag[2 * i]!, tag[2 * i + 1]!);
  };
}

function errors(chunk: Chunk): (row: number) => Cell {
  const outcome = chunk.scan.column('outcome');
  const label = ofOwnReply(chunk, tagLabel);
  return (row) => {
    if (outcome[row] !== OUTCOME.error) return null;
    const error = label(row);
    return error === null ? null : ERRORS[error as number] ?? `label ${error}`;
  };
}

function flagNames(flags: ArrayLike<number>, names: Readonly<Record<string, number>>): (row: number) => Cell {
  return named(flags, (set) => Object.entries(names).filter(([, bit]) => (set & bit) !== 0).map(([name]) => name).join(' '));
}

const label = (tag: Uint32Array) => (row: number): number => tagLabel(tag[2 * row]!, tag[2 * row + 1]!);
const length = (tag: Uint32Array) => (row: number): number => tagLength(tag[2 * row]!);
const bit = (flags: Uint32Array, mask: number) => (row: number): number => ((flags[row]! & mask) === 0 ? 0 : 1);
const stateName = (state: number): string => THREAD_STATES[state] ?? `state ${state}`;

/** Table `records`: one row a kernel entry and exit. */
export const RECORD_COLUMNS: readonly ChunkColumn[] = [
  integer('seq', 'sequence number in the run, from 1 without gaps', ({ scan: { header } }) => (row) => header.firstSeq + row),
  integer('time', 'virtual time of kernel entry, ns', (chunk) => at(chunk.entryTimes)),
  integer('duration', 'virtual time from entry to exit, ns', (chunk) => at(chunk.reader.records.duration)),
  integer('thread', 'invoking thread; 0 for the idle thread', (chunk) => at(chunk.scan.column('thread'))),
  text('thread_name', 'its name; NULL when none is known', (chunk) => named(chunk.scan.column('thread'), chunk.nameOf)),
  text('cause', CAUSES.join(', '), (chunk) => named(chunk.scan.column('cause'), (cause) => CAUSES[cause]!)),
  text('activity', 'method; without one the system call; without one the cause', activities),
  text('method', 'method id, e.g. TCBResume; NULL when the capability has no such method', (chunk) => named(chunk.scan.column('method'), (method) => chunk.interfaces.byLabel[method]?.id ?? null)),
  text('syscall', 'name of the system call; NULL when the trap is none', syscalls),
  text('cptr', 'capability pointer', (chunk) => wordAt(chunk.reader.records.cptr)),
  text('cap_type', 'type of the invoked capability; NULL when none was looked up', (chunk) => named(chunk.scan.column('capType'), (type) => capTypeText(type) || null)),
  integer('object', 'object behind the capability; 0 for none', (chunk) => at(chunk.scan.column('object'))),
  text('object_name', 'its name; NULL when none is known', (chunk) => named(chunk.scan.column('object'), chunk.nameOf)),
  text('tag', 'message info of the request', (chunk) => wordAt(chunk.reader.records.tag)),
  integer('label', 'label of the request', (chunk) => label(chunk.reader.records.tag)),
  integer('length', 'length of the request', (chunk) => length(chunk.reader.records.tag)),
  text('words', 'request words, a JSON array', (chunk) => fromRecord(chunk, ({ words, wordCount }) => hexWords(words, wordCount))),
  text('caps', 'extra capability pointers, a JSON array', (chunk) => fromRecord(chunk, ({ caps, capCount }) => hexWords(caps, capCount))),
  text('reply_cptr', 'reply register at entry (MCS)', (chunk) => wordAt(chunk.reader.records.reply)),
  text('buffer', 'the invoker\'s IPC buffer: none, readOnly, readWrite', (chunk) => named(chunk.reader.records.bufferKind, (kind) => ['none', 'readOnly', 'readWrite'][kind]!)),
  text('outcome', OUTCOMES.join(', '), (chunk) => named(chunk.scan.column('outcome'), (outcome) => OUTCOMES[outcome]!)),
  integer('reply_label', 'label that the invoker received in this trap; NULL for no message', (chunk) => ofOwnReply(chunk, tagLabel)),
  integer('reply_length', 'length that it received', (chunk) => ofOwnReply(chunk, tagLength)),
  text('error', 'error of the kernel\'s reply; NULL for none', errors),
  text('fault', 'fault that the invoker raised; NULL for none', (chunk) => {
    const { scheduling } = chunk.interfaces.configuration;
    return named(chunk.scan.column('fault'), (fault) => (fault === 0 ? null : faultName(scheduling, fault) ?? `fault ${fault}`));
  }),
  text('pc', 'pc of the trapping instruction', (chunk) => wordAt(chunk.reader.records.pcBefore)),
  integer('next', 'thread that runs next; 0 for the idle thread', (chunk) => at(chunk.scan.column('next'))),
  text('next_name', 'its name', (chunk) => named(chunk.scan.column('next'), chunk.nameOf)),
  text('next_state', 'its state', (chunk) => named(chunk.reader.records.nextState, stateName)),
  integer('consumed', 'MCS: time charged at entry, ns', (chunk) => at(chunk.reader.records.consumed)),
  integer('budget', 'MCS: left of the head refill at exit, ns', (chunk) => at(chunk.reader.records.budget)),
  integer('deliveries', 'rows of `deliveries` of this record', (chunk) => at(chunk.scan.column('deliveryCount'))),
  text('flags', Object.keys(FLAG).join(', '), (chunk) => flagNames(chunk.scan.column('flags'), FLAG)),
  text('stray', 'access of the kernel to memory that it has no business with; NULL for none', (chunk) => named(chunk.reader.records.stray, (stray) => (stray === 0 ? null : STRAYS[stray]!))),
];

/** Table `deliveries`: one row for each thread that a trap gave something to. */
export const DELIVERY_COLUMNS: readonly ChunkColumn[] = [
  integer('seq', 'record that made the delivery', (chunk) => (row) => chunk.scan.header.firstSeq + chunk.recordOfDelivery[row]!),
  integer('time', 'virtual time of that kernel entry, ns', (chunk) => (row) => chunk.entryTimes[chunk.recordOfDelivery[row]!]!),
  integer('invoker', 'thread that made the trap', (chunk) => {
    const thread = chunk.scan.column('thread');
    return (row) => thread[chunk.recordOfDelivery[row]!]!;
  }),
  text('kind', DELIVERY_KINDS.join(', '), (chunk) => named(chunk.reader.deliveries.kind, (kind) => DELIVERY_KINDS[kind]!)),
  integer('thread', 'receiving thread', (chunk) => at(chunk.reader.deliveries.thread)),
  text('thread_name', 'its name; NULL when none is known', (chunk) => named(chunk.reader.deliveries.thread, chunk.nameOf)),
  integer('answers', 'record that this answers; NULL for none', (chunk) => {
    const { answers } = chunk.reader.deliveries;
    return (row) => (answers[row] === 0 ? null : chunk.scan.header.firstSeq + chunk.recordOfDelivery[row]! - answers[row]! + 1);
  }),
  text('badge', 'badge', (chunk) => wordAt(chunk.reader.deliveries.badge)),
  text('tag', 'message info', (chunk) => wordAt(chunk.reader.deliveries.tag)),
  integer('label', 'label', (chunk) => label(chunk.reader.deliveries.tag)),
  integer('length', 'length', (chunk) => length(chunk.reader.deliveries.tag)),
  text('words', 'message words, a JSON array', (chunk) => {
    const record = new TrapRecord();
    return (row) => {
      const index = chunk.recordOfDelivery[row]!;
      chunk.reader.read(index, record);
      const { words, wordCount } = record.deliveries[row - chunk.reader.firstDelivery[index]!]!;
      return hexWords(words, wordCount);
    };
  }),
];

/** Table `transitions`: one row for each write of a thread's state. */
export const TRANSITION_COLUMNS: readonly ChunkColumn[] = [
  integer('seq', 'record in which the state was written', (chunk) => (row) => chunk.scan.header.firstSeq + chunk.recordOfTransition[row]!),
  integer('time', 'virtual time of that kernel entry, ns', (chunk) => (row) => chunk.entryTimes[chunk.recordOfTransition[row]!]!),
  integer('invoker', 'thread that made the trap', (chunk) => {
    const thread = chunk.scan.column('thread');
    return (row) => thread[chunk.recordOfTransition[row]!]!;
  }),
  integer('thread', 'thread whose state was written', (chunk) => at(chunk.transitions.thread)),
  text('thread_name', 'its name; NULL when none is known', (chunk) => named(chunk.transitions.thread, chunk.nameOf)),
  text('from_state', 'state before', (chunk) => named(chunk.transitions.change, (change) => stateName(change % STATE_AFTER))),
  text('to_state', 'state after', (chunk) => named(chunk.transitions.change, (change) => stateName(Math.floor(change / STATE_AFTER)))),
  integer('pc_behind', '1: resumed by Restart, the thread would trap again', (chunk) => bit(chunk.transitions.flags, TRANSITION_FLAG.pcBehind)),
  integer('destroyed', '1: the thread was destroyed in this trap', (chunk) => bit(chunk.transitions.flags, TRANSITION_FLAG.destroyed)),
  integer('fault_recorded', '1: a fault is recorded for the thread', (chunk) => bit(chunk.transitions.flags, TRANSITION_FLAG.faultRecorded)),
  integer('orphaned', '1: it waits for a reply that nothing can give', (chunk) => bit(chunk.transitions.flags, TRANSITION_FLAG.orphaned)),
  integer('misqueued', '1: it stands in a queue of the scheduler where it does not belong', (chunk) => bit(chunk.transitions.flags, TRANSITION_FLAG.misqueued)),
];
