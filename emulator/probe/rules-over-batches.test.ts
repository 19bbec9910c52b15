// SPDX-License-Identifier: BSD-2-Clause
/** The service asks the rules about batches: for records of the model they say what they say about single records. */
import { expect, it } from 'vitest';
import type { Scheduling } from '../../schema/abi/index.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import { RuleEngine } from '../../schema/rules/engine.ts';
import type { Anomaly } from '../../schema/rules/rule.ts';
import { BatchReader } from '../../schema/trace/batch.ts';
import { TrapRecord } from '../../schema/trace/trap-record.ts';
import { DEFECTS, DEFECT_NAMES, type DefectName } from '../kernel/defects.ts';
import { DEFECT_PROGRAMS } from '../kernel/testing-defects.ts';
import { World } from '../kernel/testing-threads.ts';
import { BatchingSink } from './batching-sink.ts';
import { Probe } from './probe.ts';

function sameOverBatches(name: DefectName, scheduling: Scheduling, defects: readonly DefectName[], records: number): void {
  const model = interfacesOf(`riscv64-${scheduling}`);
  const [single, batched]: [Anomaly[], Anomaly[]] = [[], []];
  const one = new RuleEngine(model, (anomaly) => single.push(anomaly));
  const other = new RuleEngine(model, (anomaly) => batched.push(anomaly));
  const world = new World(scheduling, { defects, checked: defects.length === 0 });
  const record = new TrapRecord();
  const sink = new BatchingSink(({ bytes }) => {
    const batch = new BatchReader(bytes);
    for (const subject of batch.subjects) {
      one.subject(subject);
      other.subject(subject);
    }
    other.applyBatch(batch, new TrapRecord());
    while (batch.next(record)) one.apply(record);
    expect(other.snapshot()).toEqual(one.snapshot());
  }, { records });
  new Probe(world.host, sink);
  DEFECT_PROGRAMS[name](world);
  sink.end();
  expect(batched).toEqual(single);
}

it.each(DEFECT_NAMES.flatMap((name) => DEFECTS[name].configurations.map((scheduling) => [name, scheduling] as const)))('program of %s, %s', (name, scheduling) => {
  for (const records of [1, 3, 1000]) {
    sameOverBatches(name, scheduling, [name], records);
    sameOverBatches(name, scheduling, [], records);
  }
});
