// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { STATE } from '../../schema/abi/thread-state.ts';
import { CAUSE, TrapRecord } from '../../schema/trace/trap-record.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import { ALICE, SAMPLE_SUBJECTS, sampleRecord, shortReplyRecord } from '../testing/sample-records.ts';
import { compareRuns, type ComparedRun, type ComparedRuns } from './compare-runs.ts';

/** A run of these records, numbered anew, its threads and objects under other ids. */
function run(records: readonly TrapRecord[], idsFrom = 0): ComparedRun {
  const numbered = records.map((record, i) => {
    const copy = record.clone();
    copy.seq = i + 1;
    copy.thread += idsFrom;
    if (copy.object !== 0) copy.object += idsFrom;
    for (const delivery of copy.deliveries) delivery.thread += idsFrom;
    for (const transition of copy.transitions) transition.thread += idsFrom;
    return copy;
  });
  return {
    interfaces: interfacesOf('riscv64-mcs'),
    subject: (id) => SAMPLE_SUBJECTS.find((subject) => subject.id + idsFrom === id),
    records: () => numbered,
    record: (seq) => numbered[seq - 1]!,
  };
}

const sample = (count: number): TrapRecord[] => Array.from({ length: count }, (_, i) => sampleRecord(1 + i));
const compare = (a: ComparedRun, b: ComparedRun, depth: 'words' | 'protocol' = 'words'): ComparedRuns => compareRuns(a, b, depth);

describe('comparing runs', () => {
  it('finds no difference between equal runs, whatever their ids and times', () => {
    const later = sample(40).map((record) => Object.assign(record, { entryTime: record.entryTime + 5_000, exitTime: record.exitTime + 5_000 }));
    const same = compare(run(sample(40)), run(later, 7));
    expect(same).toMatchObject({ pairs: 40, first: null });
    expect(same.methods.every(({ first, requests, answers, unmatched }) => first === null && requests + answers + unmatched === 0)).toBe(true);
    expect(same.methods.find(({ method }) => method === 'TCBResume')).toMatchObject({ a: 10, b: 10, meanTimeA: 300, meanTimeB: 300 });
  });

  it('names the first record whose answer differs, and what differs in it', () => {
    const broken = sample(40);
    broken[16] = shortReplyRecord(17);
    broken[20] = shortReplyRecord(21);
    const { first, methods } = compare(run(sample(40)), run(broken));
    expect(first).toMatchObject({ a: 17, b: 17, what: 'alice: RISCVPageGetAddress' });
    expect(first!.fields.map(({ field }) => field)).toEqual(expect.arrayContaining(['deliveries[0].tag.length', 'deliveries[0].words[0]']));
    expect(first!.fields.find(({ field }) => field === 'deliveries[0].tag.length')).toEqual({ field: 'deliveries[0].tag.length', a: '1', b: '0' });
    expect(methods[0]).toMatchObject({ method: 'RISCVPageGetAddress', requests: 0, answers: 2, unmatched: 0 });
    expect(methods.filter(({ first: found }) => found !== null)).toHaveLength(1);
  });

  it('counts outcomes and measures virtual time of both runs', () => {
    const slow = sample(40);
    // One of twenty invocations of Page_GetAddress takes longer: half and 99 of 100 differ.
    slow[38]!.exitTime += 400;
    const { methods } = compare(run(sample(40)), run(slow));
    expect(methods.find(({ method }) => method === 'RISCVPageGetAddress')).toMatchObject({
      latencyA: { median: 300, p99: 300, longest: 300 }, latencyB: { median: 300, p99: 700, longest: 700 }, meanTimeB: 320,
      outcomes: [{ outcome: 'replied', a: 10, b: 10 }, { outcome: 'error', a: 10, b: 10 }],
    });
    expect(compare(run(sample(3)), run(sample(1))).methods.find(({ method }) => method === 'TCBResume')).toMatchObject({ latencyB: null, outcomes: [{ outcome: 'completed', a: 1, b: 0 }] });
  });

  it('looks at how threads are left, not at the states in between', () => {
    const [slow, fast, other] = [sample(4), sample(4), sample(4)];
    const call = (record: TrapRecord, ...states: number[]): void => {
      record.transitionCount = 0;
      for (let i = 1; i < states.length; i++) record.addTransition(ALICE, states[i - 1]!, states[i]!);
    };
    call(slow[1]!, STATE.Running, STATE.Restart, STATE.BlockedOnReply);
    call(fast[1]!, STATE.Running, STATE.BlockedOnReply);
    call(other[1]!, STATE.Running, STATE.Restart, STATE.BlockedOnSend);
    call(slow[2]!, STATE.Running, STATE.Restart, STATE.Running);
    call(fast[2]!);
    call(other[2]!);
    expect(compare(run(slow), run(fast)).first).toBeNull();
    expect(compare(run(slow), run(other)).first).toMatchObject({ a: 2 });
  });

  it('looks at words only when asked to', () => {
    const other = sample(8);
    other[0]!.deliveries[0]!.words[0]! += 0x1000;
    expect(compare(run(sample(8)), run(other)).first).toMatchObject({ a: 1, fields: [{ field: 'deliveries[0].words[0]' }] });
    expect(compare(run(sample(8)), run(other), 'protocol').first).toBeNull();
  });

  it('tells other requests from other answers', () => {
    const other = sample(8);
    other[0]!.cptrLo++;
    expect(compare(run(sample(8)), run(other)).methods[0]).toMatchObject({ requests: 1, answers: 0, first: { fields: [{ field: 'cptr' }] } });
  });

  it('goes on past a record that one run has more', () => {
    const more = sample(40);
    more.splice(5, 0, sampleRecord(2));
    const { first, methods } = compare(run(sample(40)), run(more));
    expect(methods[0]).toMatchObject({ method: 'TCBResume', a: 10, b: 11, requests: 0, answers: 0, unmatched: 1 });
    expect(first).toMatchObject({ a: null, what: 'bob: TCBResume', fields: [] });
    const none = compare(run(sample(4)), run([]));
    expect(none).toMatchObject({ pairs: 0, first: { a: 1, b: null } });
    expect(none.methods.every(({ meanTimeB }) => meanTimeB === null)).toBe(true);
  });

  it('leaves interrupts alone', () => {
    const interrupt = new TrapRecord();
    Object.assign(interrupt, { cause: CAUSE.interrupt, thread: ALICE });
    const interrupted = sample(8);
    interrupted.splice(3, 0, interrupt);
    expect(compare(run(sample(8)), run(interrupted)).first).toBeNull();
  });
});
