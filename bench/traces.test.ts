// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { interfacesOf } from '../schema/idl/load.ts';
import { RuleEngine } from '../schema/rules/engine.ts';
import type { Anomaly } from '../schema/rules/rule.ts';
import { BatchReader } from '../schema/trace/batch.ts';
import { TrapRecord } from '../schema/trace/trap-record.ts';
import { encodedTrace, recordsOf, TRACES, type TraceName } from './traces.ts';

/** Share of the records that have anomalies, from and below. */
const SHARES: Record<TraceName, readonly [number, number]> = {
  'mixed': [0, 0.0001], 'invocations': [0, 0.0001], 'IPC': [0, 0.0001], 'anomalies 1 %': [0.008, 0.012], 'anomalies 16 %': [0.14, 0.18],
};

it.each(Object.keys(TRACES) as TraceName[])('the trace "%s" has the anomalies of its name, over batches as over single records', async (name) => {
  const model = interfacesOf('riscv64-mcs');
  const [single, batched]: [Anomaly[], Anomaly[]] = [[], []];
  const one = new RuleEngine(model, (anomaly) => single.push(anomaly));
  const other = new RuleEngine(model, (anomaly) => batched.push(anomaly));
  const record = new TrapRecord();
  const batches = await encodedTrace(name, 10_000);
  for (const { bytes } of batches) {
    const batch = new BatchReader(bytes);
    other.applyBatch(batch, record);
    while (batch.next(record)) one.apply(record);
    expect(other.snapshot()).toEqual(one.snapshot());
  }
  expect(batched).toEqual(single);
  const share = new Set(single.map(({ seq }) => seq)).size / recordsOf(batches);
  const [least, most] = SHARES[name];
  expect(share).toBeGreaterThanOrEqual(least);
  expect(share).toBeLessThan(most);
});
