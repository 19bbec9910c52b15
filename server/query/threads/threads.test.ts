// SPDX-License-Identifier: BSD-2-Clause
/** Stories and hung threads of made-up traces: with checkpoints as without, and as a plain reading of the records says. */
import type { Database } from 'better-sqlite3';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CAP_TYPE } from '../../../schema/abi/cap-types.ts';
import { SYSCALL_NUMBERS } from '../../../schema/abi/syscalls.ts';
import { THREAD_STATES } from '../../../schema/abi/thread-state.ts';
import type { StateSegment, ThreadQuery } from '../../../schema/api/index.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import { BatchReader } from '../../../schema/trace/batch.ts';
import { CAUSES, DELIVERY, OUTCOMES, TRANSITION_FLAG, TrapRecord } from '../../../schema/trace/trap-record.ts';
import { ThreadKeeper } from '../../ingest/thread-keeper.ts';
import { runOfRow, SELECT_RUN, type RunRow, type StoredRun } from '../../store/run-row.ts';
import { Sqlite } from '../../store/sqlite.ts';
import { migrate } from '../../store/migrate.ts';
import { TraceStore } from '../../store/trace-store.ts';
import { batchOf, SAMPLE_RUN } from '../../testing/sample-records.ts';
import { hangOf, storyOf, threadStatesOf } from './index.ts';

const INTERFACES = interfacesOf('riscv64-mcs');
const THREADS = 4;
const SYSCALLS = Object.values(SYSCALL_NUMBERS.mcs);
const METHODS = [0, ...INTERFACES.byLabel.flatMap((method) => (method === undefined ? [] : [method.label]))];
const CAP_TYPES = [CAP_TYPE.Endpoint, CAP_TYPE.Notification, CAP_TYPE.Thread, CAP_TYPE.SchedContext, CAP_TYPE.CNode, CAP_TYPE.Reply, CAP_TYPE.Frame];

const small = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most });
const thread = small(THREADS);

/** A record of few threads, objects and pointers, so that they meet; its states need not go on from those before. */
const record = fc.record({
  gap: small(50), duration: small(20), cause: fc.constantFrom(0, 0, 0, ...CAUSES.keys()), thread, syscall: fc.constantFrom(0, ...SYSCALLS), cptr: small(5),
  capType: fc.constantFrom(...CAP_TYPES), object: small(7), method: fc.constantFrom(...METHODS), outcome: small(OUTCOMES.length - 1),
  fault: fc.constantFrom(0, 0, 0, 5, 6), pc: fc.constantFrom(0, 0x1000), next: thread, words: fc.array(small(5), { maxLength: 4 }), caps: fc.array(small(5), { maxLength: 3 }),
  deliveries: fc.array(fc.record({ kind: fc.constantFrom(DELIVERY.message, DELIVERY.fault, DELIVERY.reply), thread }), { maxLength: 2 }),
  transitions: fc.array(fc.record({ thread, from: small(THREAD_STATES.length - 1), to: small(THREAD_STATES.length - 1), flags: fc.constantFrom(0, 0, 0, TRANSITION_FLAG.orphaned, TRANSITION_FLAG.destroyed) }), { maxLength: 3 }),
});

/** Records in batches. */
const trace = fc.array(fc.array(record, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 }).map((batches) => {
  let [seq, time] = [0, 0];
  return batches.map((records) => records.map(({ gap, duration, pc, words, caps, cptr, deliveries, transitions, ...fields }) => {
    const made = Object.assign(new TrapRecord(), fields, { seq: ++seq, entryTime: time += gap, exitTime: time += duration, cptrLo: cptr, pcBeforeLo: pc, wordCount: words.length, capCount: caps.length });
    words.forEach((word, i) => { made.words[2 * i] = word; });
    caps.forEach((cap, i) => { made.caps[2 * i] = cap; });
    for (const delivery of deliveries) Object.assign(made.addDelivery(), delivery);
    for (const { thread: id, from, to, flags } of transitions) made.addTransition(id, from, to, flags);
    return made;
  }));
});

interface Stored {
  readonly db: Database;
  readonly run: StoredRun;
  /** Makes checkpoints after so many records, and counts chunks. */
  readonly keep: (interval: number) => void;
}

function stored(batches: readonly (readonly TrapRecord[])[]): Stored {
  const db = new Sqlite(':memory:');
  migrate(db);
  const store = new TraceStore(db);
  const bodies = batches.map((records) => batchOf(records));
  const run = store.insertRun({ ...SAMPLE_RUN, id: 'random' }, 1);
  for (const body of bodies) {
    const { header } = new BatchReader(body);
    store.insertChunk(run.key, header, body);
    Object.assign(run, { records: header.firstSeq + header.count - 1, time: header.lastTime });
  }
  store.updateRun(Object.assign(run, { state: 'ended', end: 'completed' }));
  return {
    db, run: runOfRow(db.prepare(`${SELECT_RUN} WHERE id = ?`).get(run.key) as RunRow),
    keep: (interval) => {
      const keeper = new ThreadKeeper(store, interval, 0);
      keeper.note('random');
      while (keeper.hasWork) keeper.slice();
    },
  };
}

/** Whatever can be asked about threads after and between some records. */
function answers({ db, run }: Stored, queries: readonly ThreadQuery[]): unknown[] {
  return queries.flatMap(({ from, to, limit }) => {
    const at = to === undefined ? {} : { at: to };
    const states = threadStatesOf(db, run, at);
    const stories = states.threads.map(({ thread: { id } }) => storyOf(db, run, id, { ...from === undefined ? {} : { from }, ...to === undefined ? {} : { to }, ...limit === undefined ? {} : { limit } }));
    return [states, hangOf(db, run, at), ...stories];
  });
}

const query = fc.record({ from: fc.option(fc.integer({ min: 1, max: 70 }), { nil: undefined }), to: fc.option(fc.integer({ min: 1, max: 70 }), { nil: undefined }), limit: fc.constantFrom(1, 2, 3, 5000) });

it('checkpoints change no answer', () => {
  fc.assert(fc.property(trace, fc.array(query, { minLength: 1, maxLength: 4 }), small(20), (batches, queries, interval) => {
    const run = stored(batches);
    const asked = queries.map(({ from, to, limit }) => {
      const last = Math.min(to ?? Infinity, run.run.records);
      return { from: from === undefined ? undefined : Math.min(from, last), to, limit } as ThreadQuery;
    });
    const before = answers(run, asked);
    run.keep(interval);
    expect(answers(run, asked)).toEqual(before);
    run.db.exec('DELETE FROM thread_chunk');
    expect(answers(run, asked)).toEqual(before);
  }), { numRuns: 100 });
});

/** States of a thread by a plain reading of records. */
function statesOf(records: readonly TrapRecord[], id: number): Pick<StateSegment, 'state' | 'fromSeq' | 'toSeq'>[] {
  const entered: { state: number; seq: number }[] = [];
  for (const { seq, thread: invoker, next, transitions, transitionCount } of records) {
    if (invoker === id && entered.length === 0) entered.push({ state: 1, seq: 0 });
    const last = transitions.slice(0, transitionCount).findLast((transition) => transition.thread === id);
    if (last !== undefined && last.to !== entered.at(-1)?.state) entered.push({ state: last.to, seq });
    if (next === id && entered.length === 0) entered.push({ state: 1, seq: 0 });
  }
  return entered.map(({ state, seq }, i) => ({ state: THREAD_STATES[state]!, fromSeq: seq, toSeq: entered[i + 1]?.seq ?? 0 }));
}

it('a story is what the records say', () => {
  fc.assert(fc.property(trace, fc.integer({ min: 1, max: THREADS }), small(20), fc.integer({ min: 1, max: 70 }), (batches, id, interval, start) => {
    const run = stored(batches);
    run.keep(interval);
    const records = batches.flat();
    const from = Math.min(start, records.length);
    const isTold = records.some((each) => each.thread === id || each.next === id || each.transitions.slice(0, each.transitionCount).some((transition) => transition.thread === id));
    if (!isTold) return;
    const story = storyOf(run.db, run.run, id, { from, limit: 5000 });
    const states = statesOf(records, id);
    expect(story.segments.map(({ state, fromSeq, toSeq }) => ({ state, fromSeq, toSeq }))).toEqual(states.filter(({ toSeq }) => toSeq === 0 || toSeq >= from));
    expect(story.totals.reduce((sum, { time }) => sum + time, 0)).toBe(story.segments.reduce((sum, segment) => sum + segment.to - segment.from, 0));
    const own = records.filter((each) => each.thread === id && each.seq >= from);
    expect(story.methods.reduce((sum, each) => sum + each.records, 0)).toBe(own.filter(({ cause }) => cause < CAUSES.indexOf('interrupt')).length);
    expect(story.faults.map(({ seq }) => seq)).toEqual(own.filter(({ fault }) => fault !== 0).map(({ seq }) => seq));
    expect(story.ran).toBe(records.slice(1).reduce((sum, each, i) => sum + (records[i]!.next === id && each.seq >= from ? each.entryTime - records[i]!.exitTime : 0), 0));
  }), { numRuns: 200 });
});

it('of an earlier revision, or of nobody, a checkpoint is passed over', () => {
  const [batches] = fc.sample(trace, { numRuns: 1, seed: 7 });
  const run = stored(batches!);
  const before = answers(run, [{}]);
  run.keep(run.run.records);
  for (const change of ['revision = revision - 1', "body = 'no JSON'", "body = '{}'", "body = replace(body, '0', 'null')", "body = replace(body, '0', '\"0\"')"]) {
    run.db.exec(`SAVEPOINT try; UPDATE thread_checkpoint SET ${change}`);
    expect(answers(run, [{}]), change).toEqual(before);
    run.db.exec('ROLLBACK TO try; RELEASE try');
  }
  // That they are read otherwise.
  run.db.exec('UPDATE thread_checkpoint SET body = replace(body, \'"lastTime":\', \'"lastTime":7\')');
  expect(answers(run, [{}])).not.toEqual(before);
});

/** Record `seq` of thread 1, which makes thread 2 ready to run, or invokes a method of its TCB. */
function ofThread1(seq: number, method: 'TCBResume' | 'TCBConfigure' | 'TCBSetSchedParams', caps: readonly number[] = []): TrapRecord {
  const made = Object.assign(new TrapRecord(), {
    seq, entryTime: 100 * seq, exitTime: 100 * seq + 10, thread: 1, next: 1, syscall: SYSCALL_NUMBERS.mcs.Call, capType: CAP_TYPE.Thread, object: 2, cptrLo: 5,
    method: INTERFACES.byId.get(method)!.label, outcome: OUTCOMES.indexOf('replied'), capCount: caps.length,
  });
  caps.forEach((cap, i) => { made.caps[2 * i] = cap; });
  if (method === 'TCBResume') made.addTransition(2, 0, 2);
  return made;
}

it.each<[string, readonly TrapRecord[], readonly string[]]>([
  ['one of which the trace says nothing', [ofThread1(1, 'TCBResume')], []],
  ['one that was given a scheduling context', [ofThread1(1, 'TCBConfigure'), ofThread1(2, 'TCBSetSchedParams', [3, 4, 0]), ofThread1(3, 'TCBResume')], ['noBudget']],
  ['one that was given none', [ofThread1(1, 'TCBConfigure'), ofThread1(2, 'TCBSetSchedParams', [3, 0, 0]), ofThread1(3, 'TCBResume')], ['noSchedContext']],
  ['one that was made, and nobody spoke of scheduling contexts', [ofThread1(1, 'TCBConfigure'), ofThread1(2, 'TCBResume')], ['noSchedContext']],
])('of threads that could run: %s', (_what, records, reasons) => {
  const { db, run } = stored([records]);
  expect(hangOf(db, run, {}).hung.map(({ reason }) => reason)).toEqual(reasons);
});
