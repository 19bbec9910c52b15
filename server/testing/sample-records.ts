// SPDX-License-Identifier: BSD-2-Clause
/** Records of a made-up run for tests: two threads that invoke kernel objects and are answered as the contracts say. */
import { CAP_TYPE, CAP_TYPE_NONE } from '../../schema/abi/cap-types.ts';
import { ERROR } from '../../schema/abi/errors.ts';
import { BUFFER_RW } from '../../schema/abi/ipc-buffer.ts';
import { packMessageInfo } from '../../schema/abi/message-info.ts';
import { ROLE } from '../../schema/abi/registers.ts';
import { syscallNumber } from '../../schema/abi/syscalls.ts';
import { STATE } from '../../schema/abi/thread-state.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import { BatchBuilder } from '../../schema/trace/batch.ts';
import type { RunDescription, Subject } from '../../schema/trace/names.ts';
import { CAUSE, DELIVERY, FLAG, OUTCOME, TrapRecord } from '../../schema/trace/trap-record.ts';

export const SAMPLE_RUN: RunDescription = {
  id: 'sample-run', program: 'sample.ts', kernel: 'model', kernelVersion: '13.0.0', configuration: 'riscv64-mcs', seed: 7, defects: [],
  release: '13.0.0', build: '', machine: '', commit: '', tags: ['sample'],
};

/** Ids of the sample run. */
export const ALICE = 1;
export const BOB = 2;
export const FRAME = 3;

export const SAMPLE_SUBJECTS: readonly Subject[] = [
  { id: ALICE, type: CAP_TYPE.Thread, name: 'alice' },
  { id: BOB, type: CAP_TYPE.Thread, name: 'bob' },
  { id: FRAME, type: CAP_TYPE.Frame, name: 'shared frame' },
];

const INTERFACES = interfacesOf('riscv64-mcs');
const GET_ADDRESS = INTERFACES.byId.get('RISCVPageGetAddress')!;
const RESUME = INTERFACES.byId.get('TCBResume')!;

/** Time from one entry to the next, ns. */
export const STEP = 1000;

/**
 * Record `seq`. In turn: Alice's Call of Page_GetAddress, answered; Bob's Send of TCB_Resume to Alice; Alice's Call of
 * Page_GetAddress, refused with InvalidCapability; Bob's Yield.
 */
export function sampleRecord(seq: number, record = new TrapRecord()): TrapRecord {
  record.reset();
  record.seq = seq;
  record.entryTime = seq * STEP;
  record.exitTime = seq * STEP + 300;
  record.cause = CAUSE.syscall;
  record.bufferKind = BUFFER_RW;
  record.flags = FLAG.pcAdvanced | FLAG.nextHasSchedContext;
  record.pcBeforeLo = 0x10_0000 + 4 * (seq % 4);
  record.pcAfterLo = record.pcBeforeLo + 4;
  record.nextState = STATE.Running;
  record.consumed = 300;
  record.budget = 1_000_000;
  const turn = (seq - 1) % 4;
  record.thread = turn % 2 === 0 ? ALICE : BOB;
  record.next = turn % 2 === 0 ? BOB : ALICE;
  if (turn === 0) answeredCall(record);
  else if (turn === 1) resume(record);
  else if (turn === 2) refusedCall(record);
  else yieldCall(record);
  return record;
}

/** Record `seq` as the defect of Page_GetAddress left it: the kernel claims success with an empty message (K05). */
export function shortReplyRecord(seq: number): TrapRecord {
  const record = sampleRecord(1 + 4 * Math.floor((seq - 1) / 4));
  const [time, pc] = [seq * STEP, record.pcBeforeLo];
  Object.assign(record, { seq, entryTime: time, exitTime: time + 300, pcBeforeLo: pc, pcAfterLo: pc + 4 });
  const reply = record.deliveries[0]!;
  reply.answers = seq;
  reply.tagLo = reply.wordCount = 0;
  reply.slots[0] = (1 << ROLE.badge) | (1 << ROLE.tag);
  return record;
}

/**
 * Record `seq`, of turn 0 of {@link sampleRecord}, in which Bob is given a late reply too. Only who knows that his last
 * trap was a Send sees that it is owed to nobody (N02).
 */
export function lateReplyRecord(seq: number): TrapRecord {
  const record = sampleRecord(seq);
  const late = record.addDelivery();
  late.kind = DELIVERY.lateReply;
  late.thread = BOB;
  late.slots[0] = (1 << ROLE.badge) | (1 << ROLE.tag);
  return record;
}

/** A sample record as a classic kernel makes it: its methods have other labels. */
export function classicRecord(record: TrapRecord): TrapRecord {
  const method = INTERFACES.byLabel[record.method];
  if (method !== undefined) record.method = interfacesOf('riscv64-classic').byId.get(method.id)!.label;
  return record;
}

/** A batch of sample records `first` to `last`, with the subjects in the first batch. */
export function sampleBatch(first: number, last: number): Uint8Array {
  const builder = new BatchBuilder(first);
  if (first === 1) for (const subject of SAMPLE_SUBJECTS) builder.subject(subject);
  const record = new TrapRecord();
  for (let seq = first; seq <= last; seq++) builder.append(sampleRecord(seq, record));
  return builder.finish();
}

/** A batch of these records. */
export function batchOf(records: readonly TrapRecord[], subjects: readonly Subject[] = []): Uint8Array {
  const builder = new BatchBuilder(records[0]!.seq);
  for (const subject of subjects) builder.subject(subject);
  for (const record of records) builder.append(record);
  return builder.finish();
}

function invoke(record: TrapRecord, label: number, capType: number, object: number): void {
  record.capType = capType;
  record.object = object;
  record.method = label;
  record.cptrLo = object + 100;
  record.tagLo = packMessageInfo({ label, length: 0, extraCaps: 0, capsUnwrapped: 0 }).lo;
}

/** Success: the thread is set to Restart, and the reply path sets it to Running. */
function answeredCall(record: TrapRecord): void {
  record.syscall = syscallNumber('mcs', 'Call');
  invoke(record, GET_ADDRESS.label, CAP_TYPE.Frame, FRAME);
  record.outcome = OUTCOME.replied;
  record.addTransition(record.thread, STATE.Running, STATE.Restart);
  record.addTransition(record.thread, STATE.Restart, STATE.Running);
  reply(record, 0, [0x8000_0000 + record.seq]);
}

function refusedCall(record: TrapRecord): void {
  record.syscall = syscallNumber('mcs', 'Call');
  invoke(record, GET_ADDRESS.label, CAP_TYPE.Frame, FRAME);
  record.outcome = OUTCOME.error;
  reply(record, ERROR.InvalidCapability, [0]);
}

function resume(record: TrapRecord): void {
  record.syscall = syscallNumber('mcs', 'Send');
  invoke(record, RESUME.label, CAP_TYPE.Thread, ALICE);
  record.outcome = OUTCOME.completed;
  record.addTransition(record.thread, STATE.Running, STATE.Restart);
  record.addTransition(record.thread, STATE.Restart, STATE.Running);
}

function yieldCall(record: TrapRecord): void {
  record.syscall = syscallNumber('mcs', 'Yield');
  record.capType = CAP_TYPE_NONE;
  record.outcome = OUTCOME.completed;
}

function reply(record: TrapRecord, label: number, words: readonly number[]): void {
  const delivery = record.addDelivery();
  delivery.kind = DELIVERY.reply;
  delivery.thread = record.thread;
  delivery.answers = record.seq;
  delivery.tagLo = packMessageInfo({ label, length: words.length, extraCaps: 0, capsUnwrapped: 0 }).lo;
  delivery.wordCount = words.length;
  delivery.slots[0] = (1 << ROLE.badge) | (1 << ROLE.tag);
  words.forEach((value, i) => {
    delivery.words[2 * i] = value;
    delivery.slots[0]! |= 1 << (ROLE.mr0 + i);
  });
}
