// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { Compile } from 'typebox/compile';
import { RecordDetail, RecordRow } from '../../schema/api/index.ts';
import { CAP_TYPE } from '../../schema/abi/cap-types.ts';
import { packMessageInfo } from '../../schema/abi/message-info.ts';
import { STATE } from '../../schema/abi/thread-state.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import { randomRecord } from '../../schema/trace/random-record.ts';
import { CAUSE, DELIVERY, OUTCOME, STRAY, TRANSITION_FLAG, TrapRecord } from '../../schema/trace/trap-record.ts';
import { ALICE, BOB, sampleRecord, SAMPLE_SUBJECTS, shortReplyRecord } from '../testing/sample-records.ts';
import { recordDetail, type RecordInContext } from './record-detail.ts';
import { recordRow } from './record-row.ts';

const interfaces = interfacesOf('riscv64-mcs');
const names = new Map(SAMPLE_SUBJECTS.map(({ id, name }) => [id, name]));

function detailOf(record: TrapRecord, more: Partial<RecordInContext> = {}): RecordDetail {
  return recordDetail({ run: 'r', interfaces, record, nameOf: (id) => names.get(id), methodAt: () => undefined, anomalies: [], ...more });
}

describe('a record in full', () => {
  it('keeps to its schema whatever the record says', () => {
    const detail = Compile(RecordDetail);
    const row = Compile(RecordRow);
    let state = 1;
    const below = (n: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    for (let seq = 1; seq <= 2000; seq++) {
      const record = randomRecord(below, seq, 0);
      // A method that the configuration has, half of the time, so that decoding meets requests of the wrong form.
      if (below(2) === 0) record.method = below(interfaces.byLabel.length);
      for (const [schema, value] of [[detail, detailOf(record)], [row, recordRow(record, interfaces, 0)]] as const) {
        expect(schema.Check(JSON.parse(JSON.stringify(value))) || schema.Errors(value)).toBe(true);
      }
    }
  });

  it('names arguments, results, threads and objects', () => {
    expect(detailOf(sampleRecord(5))).toMatchObject({
      thread: { id: 1, name: 'alice' }, object: { id: 3, name: 'shared frame' }, method: { id: 'RISCVPageGetAddress', contract: { outWords: 1 } },
      deliveries: [{ thread: { name: 'alice' }, answers: 5, error: null, summary: 'success', values: [{ name: 'paddr', hex: '0x80000005' }], writtenRegisters: ['a0', 'a1', 'a2'] }],
      states: [{ thread: { name: 'alice' }, before: 'Running', after: 'Running' }], next: { thread: { name: 'bob' }, state: 'Running' },
    });
    expect(detailOf(sampleRecord(7)).deliveries).toMatchObject([{ error: 'InvalidCapability', summary: 'InvalidCapability: capability 0 (_service)' }]);
  });

  it('says what is missing from a reply that is too short', () => {
    expect(detailOf(shortReplyRecord(1)).deliveries[0]!.values).toMatchObject([{ name: 'paddr', hex: '', note: expect.stringContaining('missing') }]);
  });

  it('makes names for what has none', () => {
    const detail = detailOf(sampleRecord(1), { nameOf: () => '' });
    expect([detail.thread.name, detail.object.name, detail.next.thread.name]).toEqual(['thread 1', 'Frame 3', 'thread 2']);
    const record = sampleRecord(1);
    record.thread = record.object = 0;
    expect(detailOf(record)).toMatchObject({ thread: { name: 'idle thread' }, object: { name: 'none' } });
  });

  it('says what is known of the threads that changed', () => {
    const record = sampleRecord(1);
    record.addTransition(BOB, STATE.BlockedOnReply, STATE.BlockedOnReply, TRANSITION_FLAG.orphaned | TRANSITION_FLAG.faultRecorded);
    record.addTransition(BOB, STATE.BlockedOnReply, STATE.Inactive, TRANSITION_FLAG.misqueued | TRANSITION_FLAG.destroyed | TRANSITION_FLAG.pcBehind);
    expect(detailOf(record).transitions.slice(-2)).toEqual([
      { thread: { id: BOB, name: 'bob' }, from: 'BlockedOnReply', to: 'BlockedOnReply', orphaned: true, faultRecorded: true, misqueued: false, destroyed: false, pcBehind: false },
      { thread: { id: BOB, name: 'bob' }, from: 'BlockedOnReply', to: 'Inactive', orphaned: false, faultRecorded: false, misqueued: true, destroyed: true, pcBehind: true },
    ]);
  });

  it('says where the kernel went astray', () => {
    expect(detailOf(sampleRecord(1)).stray).toBeNull();
    const record = Object.assign(sampleRecord(1), { stray: STRAY.userAddress, strayAddressLo: 0x18, strayPcLo: 0x8400_1234, strayPcHi: 0xffff_ffff });
    expect(detailOf(record).stray).toEqual({ kind: 'userAddress', address: '0x18', pc: '0xffffffff84001234' });
  });

  it('decodes a late reply by the method of the trap that it answers', () => {
    const record = sampleRecord(6);
    const late = record.addDelivery();
    Object.assign(late, { kind: DELIVERY.lateReply, thread: ALICE, answers: 3, tagLo: 1, wordCount: 1 });
    late.words[0] = 12;
    const asked: number[] = [];
    const detail = detailOf(record, { methodAt: (seq) => { asked.push(seq); return interfaces.byId.get('SchedContextYieldTo'); } });
    expect(asked).toEqual([3]);
    expect(detail.deliveries.at(-1)).toMatchObject({ kind: 'lateReply', answers: 3, values: [{ name: 'consumed', decimal: '12' }] });
  });

  it.each([
    ['VMFault', 6, [0x1000, 0xdead, 1, 12], ['IP', 'Addr', 'PrefetchFault', 'FSR']],
    ['CapFault', 1, [0x1000, 5, 0, 4, 3, 9, 2], ['IP', 'Addr', 'InRecvPhase', 'lookupFailure', 'bitsLeft', 'guardFound', 'guardBitsFound']],
  ])('decodes a %s', (name, label, words, fields) => {
    const record = new TrapRecord();
    Object.assign(record, { seq: 1, cause: CAUSE.vmFault, thread: ALICE, outcome: OUTCOME.faulted, fault: label, capType: CAP_TYPE.Null });
    const fault = record.addDelivery();
    Object.assign(fault, { kind: DELIVERY.fault, thread: BOB, answers: 1, wordCount: words.length });
    fault.tagLo = packMessageInfo({ label, length: words.length, extraCaps: 0, capsUnwrapped: 0 }).lo;
    words.forEach((word, i) => { fault.words[2 * i] = word; });
    const detail = detailOf(record);
    expect(detail.fault).toBe(name);
    expect(detail.deliveries[0]).toMatchObject({ summary: name, error: null });
    expect(detail.deliveries[0]!.values.map((value) => value.name)).toEqual(fields);
    expect(detail.deliveries[0]!.values.map((value) => Number(value.decimal))).toEqual(words);
  });
});
