// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAP_TYPE } from '../abi/cap-types.ts';
import { interfacesOf } from '../idl/load.ts';
import { randomRecord } from '../trace/random-record.ts';
import type { TrapRecord } from '../trace/trap-record.ts';
import { RULES } from './catalogue.ts';
import { RuleEngine } from './engine.ts';
import type { RunSnapshot } from './run-state.ts';
import type { Anomaly } from './rule.ts';
import { DELIVERY_CASES } from './testdata/delivery-cases.ts';
import { HISTORIC_CASES } from './testdata/historic-cases.ts';
import { MEMORY_CASES } from './testdata/memory-cases.ts';
import { PROGRESS_CASES } from './testdata/progress-cases.ts';
import { STATE_CASES } from './testdata/state-cases.ts';
import { USE_CASES } from './testdata/use-cases.ts';
import { TraceBuilder, anomaliesOf } from './testing.ts';

const mcs = interfacesOf('riscv64-mcs');
const classic = interfacesOf('riscv64-classic');

/** Records of small fields, so that threads meet again, states repeat and labels are valid now and then. */
function smallRecords(seed: number, count: number): TrapRecord[] {
  let state = seed >>> 0;
  const below = (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * n);
  };
  const records: TrapRecord[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const record = randomRecord(below, seq, (records.at(-1)?.exitTime ?? 0));
    if (below(4) !== 0) {
      record.thread = below(4);
      record.next = below(4);
      record.method = below(50);
      record.object = below(6);
      record.syscall = -below(36);
      for (let i = 0; i < record.deliveryCount; i++) record.deliveries[i]!.thread = below(4);
      for (let i = 0; i < record.transitionCount; i++) record.transitions[i]!.thread = below(4);
    }
    records.push(record);
  }
  return records;
}

describe('RuleEngine', () => {
  it('reports the rules over the reply first, then those over the trace', () => {
    const trace = new TraceBuilder(mcs);
    trace.record().call('SchedContextConsumed').replyWith({ tag: { length: 0 }, words: [5], written: { words: [0] } }).next(1, 'Restart');
    expect(anomaliesOf(mcs, trace.records).map(({ rule }) => rule)).toEqual(['K05', 'K09', 'S01']);
  });

  it('says in a finding which trap, thread, method and situation it is about', () => {
    const trace = new TraceBuilder(mcs);
    trace.record().syscall('Yield').ends('completed');
    trace.record().by(3).buffer('ro').call('SchedContextConsumed').reply();
    expect(anomaliesOf(mcs, trace.records)).toEqual([{
      rule: 'K05', severity: 'error', seq: 2, thread: 3, method: 'SchedContextConsumed',
      detail: 'SchedContextConsumed answered with 0 words, expected 1.',
      fingerprint: 'K05/SchedContextConsumed/Call/replied/ro',
    }]);
  });

  it('gives findings without a method the name of the system call or cause', () => {
    const trace = new TraceBuilder(mcs);
    trace.record().syscall('Yield').ends('completed').next(2, 'Inactive');
    trace.record().by(2).cause('interrupt').next(2, 'Inactive');
    expect(anomaliesOf(mcs, trace.records).map(({ fingerprint }) => fingerprint)).toEqual(['S01/Yield/Yield/completed/rw', 'S01/interrupt/interrupt/completed/rw']);
  });

  it('blames a late reply on the thread and method that it answers', () => {
    const trace = new TraceBuilder(mcs);
    trace.record().call('SchedContextYieldTo').on(9).reply().with('yieldPending').next(2);
    trace.record().by(2).call('CNodeDelete', 5, 64).reply().deliver('lateReply', 1, { answers: 1, badge: 9, words: [5] });
    expect(anomaliesOf(mcs, trace.records)).toMatchObject([{ rule: 'K02', seq: 2, thread: 1, method: 'SchedContextYieldTo' }]);
  });

  it('blames a late reply that nobody asked for on the method that it answers', () => {
    const trace = new TraceBuilder(mcs);
    trace.record().send('SchedContextYieldTo').on(9).ends('completed').with('yieldPending').next(2);
    trace.record().by(2).syscall('Wait', 'Notification').moves(2, 'Running', 'BlockedOnNotification').ends('blocked').next(1)
      .deliver('lateReply', 1, { answers: 1, words: [5] });
    expect(anomaliesOf(mcs, trace.records)).toMatchObject([{ rule: 'N02', seq: 2, thread: 1, method: 'SchedContextYieldTo', fingerprint: 'N02/SchedContextYieldTo/Wait/blocked/rw' }]);
  });

  it('calls threads by their names', () => {
    const found: Anomaly[] = [];
    const engine = new RuleEngine(mcs, (anomaly) => found.push(anomaly));
    engine.subject({ id: 2, type: CAP_TYPE.Thread, name: 'server' });
    engine.subject({ id: 3, type: CAP_TYPE.Endpoint, name: 'ep' });
    const trace = new TraceBuilder(mcs);
    trace.record().syscall('Yield').ends('completed').next(2, 'Inactive');
    for (const record of trace.records) engine.apply(record);
    expect(found[0]!.detail).toBe('thread 2 (server) runs next in state Inactive, expected Running.');
  });

  it('says nothing about the start of a run that it does not know', () => {
    const trace = new TraceBuilder(mcs);
    trace.record().by(2).syscall('Wait', 'Notification').moves(2, 'Running', 'BlockedOnNotification').ends('blocked').next(1)
      .deliver('lateReply', 1, { answers: 0, words: [5] });
    trace.record().syscall('Send', 'Reply').moves(4, 'BlockedOnReply', 'Restart').ends('completed');
    trace.record().syscall('Recv', 'Endpoint').moves(5, 'BlockedOnSend', 'BlockedOnReply').ends('completed').faultMessage(1, 'VMFault', 1, 2, 3, 4);
    expect(anomaliesOf(mcs, trace.records)).toEqual([]);
  });

  it('goes on from a snapshot as if it had never stopped', () => {
    const cases = [...HISTORIC_CASES, ...PROGRESS_CASES, ...DELIVERY_CASES, ...STATE_CASES, ...MEMORY_CASES, ...USE_CASES].filter((c) => c.trace !== undefined && c.configuration === undefined);
    for (const { trace, title } of cases) {
      const builder = new TraceBuilder(mcs);
      trace!(builder);
      for (let stop = 0; stop <= builder.records.length; stop++) {
        expect(inTwoParts(builder.records, stop), `${title}, stopped after ${stop}`).toEqual(anomaliesOf(mcs, builder.records));
      }
    }
  });

  it('goes on from a snapshot in random runs too', () => {
    fc.assert(fc.property(fc.nat(), fc.nat(40), (seed, stop) => {
      const records = smallRecords(seed, 40);
      expect(inTwoParts(records, stop)).toEqual(anomaliesOf(mcs, records));
    }), { numRuns: 60 });
  });

  it('keeps names over a restart', () => {
    const first = new RuleEngine(mcs, () => {});
    first.subject({ id: 2, type: CAP_TYPE.Thread, name: 'server' });
    expect(RuleEngine.restore(mcs, () => {}, asJson(first)).snapshot()).toEqual(first.snapshot());
  });

  it('refuses what is no snapshot', () => {
    expect(() => RuleEngine.restore(mcs, () => {}, {} as RunSnapshot)).toThrow('not a snapshot of rule knowledge');
    expect(() => RuleEngine.restore(mcs, () => {}, null as unknown as RunSnapshot)).toThrow(TypeError);
  });

  it.each([mcs, classic])('never throws on what a record says ($name)', (model) => {
    fc.assert(fc.property(fc.nat(), (seed) => {
      const anomalies = anomaliesOf(model, smallRecords(seed, 30));
      for (const { rule, detail, method, fingerprint } of anomalies) {
        expect(RULES.has(rule)).toBe(true);
        expect(detail + method + fingerprint).not.toMatch(/undefined|NaN|\[object/);
      }
    }), { numRuns: 150 });
  });

  it('takes ids, labels and numbers outside every range', () => {
    const odd = [-1, 0.5, NaN, Infinity, 2 ** 40, 2 ** 53];
    const trace = new TraceBuilder(mcs);
    for (const value of odd) {
      const { record } = trace.record().call('TCBResume').moves(2, 'Inactive', 'Restart').reply().deliver('lateReply', 1);
      Object.assign(record, { thread: value, next: value, method: value, syscall: value, object: value, outcome: value, cause: value, bufferKind: value, capType: value });
      Object.assign(record.transitions[0]!, { thread: value, from: value, to: value });
      Object.assign(record.deliveries[0]!, { thread: value, kind: value });
    }
    expect(() => anomaliesOf(mcs, trace.records)).not.toThrow();
  });
});

function asJson(engine: RuleEngine): RunSnapshot {
  return JSON.parse(JSON.stringify(engine.snapshot())) as RunSnapshot;
}

/** Findings of a run whose engine is replaced by its restored snapshot after `stop` records. */
function inTwoParts(records: readonly TrapRecord[], stop: number): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const keep = (anomaly: Anomaly): void => void anomalies.push(anomaly);
  const first = new RuleEngine(mcs, keep);
  for (const record of records.slice(0, stop)) first.apply(record);
  const second = RuleEngine.restore(mcs, keep, asJson(first));
  for (const record of records.slice(stop)) second.apply(record);
  return anomalies;
}
