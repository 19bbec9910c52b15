// SPDX-License-Identifier: BSD-2-Clause
/** Over batches the engine finds what it finds over single records, and knows the same afterwards. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAP_TYPE } from '../abi/cap-types.ts';
import { interfacesOf } from '../idl/load.ts';
import type { InterfaceModel } from '../idl/model.ts';
import { BatchBuilder, BatchReader } from '../trace/batch.ts';
import { LARGEST } from '../trace/batch-layout.ts';
import { randomRecord, type Below } from '../trace/random-record.ts';
import { SyntheticTrace } from '../trace/synthetic-trace.ts';
import { TrapRecord } from '../trace/trap-record.ts';
import { RuleEngine } from './engine.ts';
import type { Anomaly } from './rule.ts';
import { RecordBuilder } from './testing.ts';

const MODELS = [interfacesOf('riscv64-mcs'), interfacesOf('riscv64-classic')];

function randomness(seed: number): Below {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * n);
  };
}

/** Takes note of how many records the rules had to be asked about. */
class CountingEngine extends RuleEngine {
  asked = 0;

  override apply(record: TrapRecord): void {
    this.asked++;
    super.apply(record);
  }
}

/** Compares the two ways, with the records cut into batches of random length. Returns how many records were plain. */
function compare(model: InterfaceModel, records: readonly TrapRecord[], below: Below): number {
  const [single, batched]: [Anomaly[], Anomaly[]] = [[], []];
  const one = new RuleEngine(model, (anomaly) => single.push(anomaly));
  const other = new CountingEngine(model, (anomaly) => batched.push(anomaly));
  const scratch = new TrapRecord();
  for (let at = 0; at < records.length;) {
    const cut = records.slice(at, at + 1 + below(20));
    const builder = new BatchBuilder(cut[0]!.seq);
    for (const record of cut) {
      builder.append(record);
      one.apply(record);
    }
    other.applyBatch(new BatchReader(builder.finish()), scratch);
    expect(batched).toEqual(single);
    expect(other.snapshot()).toEqual(one.snapshot());
    at += cut.length;
  }
  return records.length - other.asked;
}

/** An invocation as it should be, of any method and by any system call of the few that are plain. */
function plainRecord(model: InterfaceModel, below: Below, seq: number): TrapRecord {
  const builder = new RecordBuilder(model, seq).by(1 + below(2));
  const { thread } = builder.record;
  switch (below(8)) {
    case 0: builder.syscall('Yield').ends('completed'); break;
    case 1: builder.syscall('Send', 'Notification').ends('completed'); break;
    case 2: builder.syscall('NBSend', 'Notification').ends('completed'); break;
    case 3: builder.syscall('Call', 'none').ends('completed'); break;
    default: {
      const method = model.methods[below(model.methods.length)]!;
      const request = Array.from({ length: method.requestLength }, () => below(200));
      if (below(4) === 0) builder.send(method.id, ...request).ends('completed');
      else builder.call(method.id, ...request).reply({}, ...Array.from({ length: method.contract.outWords }, () => below(1000)));
      if (below(2) === 0) builder.moves(thread, 'Running', 'Restart', below(2)).moves(thread, 'Restart', 'Running', below(2));
    }
  }
  builder.on(1 + below(6)).at(0x1000 + 4 * below(8)).cptr(below(20));
  return builder.record;
}

/** One thing about a record is otherwise. Each of them decides about something in the plain records or in what is remembered. */
const CHANGES: readonly ((record: TrapRecord, below: Below) => void)[] = [
  (r, below) => { r.cause = below(6); },
  (r, below) => { r.thread = below(4); },
  (r, below) => { r.next = below(4); },
  (r, below) => { r.nextState = below(LARGEST.state + 1); },
  (r, below) => { r.outcome = below(8); },
  (r, below) => { r.flags = below(32); },
  (r, below) => { r.fault = below(6); },
  (r, below) => { r.stray = below(4); },
  (r, below) => { r.syscall = 5 - below(45); },
  (r, below) => { r.capType = [CAP_TYPE.Endpoint, CAP_TYPE.Domain, CAP_TYPE.CNode, CAP_TYPE.Frame, CAP_TYPE.Thread, below(LARGEST.capType + 1)][below(6)]!; },
  (r, below) => { r.method = below(60); },
  (r, below) => { r.object = below(4); },
  (r, below) => { r.tagLo ^= 1 << below(12); r.tagLo >>>= 0; },
  (r, below) => { r.bufferKind = below(3); },
  (r, below) => { r.deliveryCount = 0; if (below(2) === 0) r.addDelivery().thread = below(4); },
  (r, below) => { r.addDelivery().kind = below(7); },
  (r, below) => { if (r.deliveryCount > 0) r.deliveries[0]!.kind = below(7); },
  (r, below) => { if (r.deliveryCount > 0) r.deliveries[0]!.thread = below(4); },
  (r, below) => { if (r.deliveryCount > 0) r.deliveries[0]!.badgeLo = below(3); },
  (r, below) => { if (r.deliveryCount > 0) r.deliveries[0]!.badgeHi = below(2); },
  (r, below) => { if (r.deliveryCount > 0) r.deliveries[0]!.tagLo = (r.deliveries[0]!.tagLo ^ (1 << below(16))) >>> 0; },
  (r, below) => { if (r.deliveryCount > 0) r.deliveries[0]!.tagHi = below(2); },
  (r, below) => { if (r.deliveryCount > 0) r.deliveries[0]!.slots[0]! ^= 1 << below(32); },
  (r, below) => { if (r.deliveryCount > 0) r.deliveries[0]!.slots[1]! ^= 1 << below(32); },
  (r, below) => { if (r.deliveryCount > 0) r.deliveries[0]!.bufferWords[below(4)] = 1 << below(32); },
  (r, below) => { r.addTransition(below(4), below(LARGEST.state + 1), below(LARGEST.state + 1), below(32)); },
  (r, below) => { if (r.transitionCount > 0) r.transitions[below(r.transitionCount)]!.thread = below(4); },
  (r, below) => { if (r.transitionCount > 0) r.transitions[below(r.transitionCount)]!.to = below(LARGEST.state + 1); },
  (r, below) => { if (r.transitionCount > 0) r.transitions[below(r.transitionCount)]!.flags = 1 << below(5); },
];

function nearlyPlainRecords(model: InterfaceModel, below: Below, count: number): TrapRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const record = plainRecord(model, below, i + 1);
    for (let n = below(3) === 0 ? 1 + below(2) : 0; n > 0; n--) CHANGES[below(CHANGES.length)]!(record, below);
    return record;
  });
}

describe.each(MODELS)('rules over batches, $name', (model) => {
  it('find the same in records that are plain but for little', () => {
    let [plain, all] = [0, 0];
    fc.assert(fc.property(fc.nat(), (seed) => {
      const below = randomness(seed);
      const records = nearlyPlainRecords(model, below, 60);
      plain += compare(model, records, below);
      all += records.length;
    }), { numRuns: 400 });
    expect(plain / all).toBeGreaterThan(0.2);
  });

  it('find the same in a made-up trace', () => {
    const records: TrapRecord[] = [];
    const trace = new SyntheticTrace(3000);
    for (let record = trace.next(); record !== undefined; record = trace.next()) records.push(record.clone());
    compare(model, records, randomness(1));
  });

  it('find the same in random records', () => {
    fc.assert(fc.property(fc.nat(), (seed) => {
      const below = randomness(seed);
      const records: TrapRecord[] = [];
      for (let seq = 1; seq <= 20; seq++) records.push(randomRecord(below, seq, records.at(-1)?.exitTime ?? 0));
      compare(model, records, below);
    }), { numRuns: 50 });
  });

  it('find the same from any record on', () => {
    const below = randomness(7);
    const records = nearlyPlainRecords(model, below, 30);
    const builder = new BatchBuilder();
    for (const record of records) builder.append(record);
    const batch = new BatchReader(builder.finish());
    for (let first = 0; first <= records.length; first++) {
      const [single, batched]: [Anomaly[], Anomaly[]] = [[], []];
      const one = new RuleEngine(model, (anomaly) => single.push(anomaly));
      const other = new RuleEngine(model, (anomaly) => batched.push(anomaly));
      for (const record of records.slice(first)) one.apply(record);
      other.applyBatch(batch, new TrapRecord(), first);
      expect([batched, other.snapshot()]).toEqual([single, one.snapshot()]);
    }
  });
});
