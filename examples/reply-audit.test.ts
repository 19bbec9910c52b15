// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { DEFECTS, type DefectName } from '../emulator/kernel/defects.ts';
import { checkInvariants } from '../emulator/kernel/invariants/index.ts';
import type { Kernel } from '../emulator/kernel/kernel.ts';
import { ModelKernel } from '../emulator/kernel/model.ts';
import { BatchingSink } from '../emulator/probe/batching-sink.ts';
import { Probe } from '../emulator/probe/probe.ts';
import { UserThreads } from '../emulator/user/threads.ts';
import { interfacesOf } from '../schema/idl/load.ts';
import { RuleEngine } from '../schema/rules/engine.ts';
import type { Anomaly } from '../schema/rules/rule.ts';
import { BatchReader } from '../schema/trace/batch.ts';
import { OUTCOME, TrapRecord } from '../schema/trace/trap-record.ts';
import { RootTask } from '../stubs/index.ts';
import audit from './reply-audit.ts';

/** Traps between two checks of the invariants: a check looks at every object, and the audit makes thousands. */
const TRAPS_PER_CHECK = 1024;

function checkNowAndThen(): (kernel: Kernel) => void {
  let traps = 0;
  return (kernel) => {
    if (++traps % TRAPS_PER_CHECK === 0) expect(checkInvariants(kernel)).toEqual([]);
  };
}

/** Runs the audit, with the kernel's invariants checked now and then; gives the encoded trace. */
async function trace(defects: readonly DefectName[] = []): Promise<Uint8Array[]> {
  const batches: Uint8Array[] = [];
  const host = new ModelKernel({ configuration: 'riscv64-mcs', defects, afterTrap: checkNowAndThen() });
  const sink = new BatchingSink(({ bytes }) => batches.push(bytes));
  new Probe(host, sink);
  const quiet = { replies: { onFinding: () => {} } };
  const end = await new UserThreads(host).run('root', async (context, bootInfo) => audit(new RootTask(context, bootInfo, quiet)));
  expect(end).toBe('completed');
  sink.end();
  return batches;
}

function* records(batches: readonly Uint8Array[]): IterableIterator<TrapRecord> {
  const record = new TrapRecord();
  for (const bytes of batches) {
    const reader = new BatchReader(bytes);
    while (reader.next(record)) yield record;
  }
}

function anomaliesOf(batches: readonly Uint8Array[]): Anomaly[] {
  const found: Anomaly[] = [];
  const engine = new RuleEngine(interfacesOf('riscv64-mcs'), (anomaly) => found.push(anomaly));
  for (const record of records(batches)) engine.apply(record);
  return found.filter(({ severity }) => severity !== 'info');
}

describe('the reply audit on the clean kernel', () => {
  it('finds nothing, and invokes every method by Call and by Send', async () => {
    const batches = await trace();
    expect(anomaliesOf(batches)).toEqual([]);
    const model = interfacesOf('riscv64-mcs');
    const invoked = new Map<number, Set<string>>([[-1, new Set()], [-5, new Set()], [-6, new Set()]]);
    for (const record of records(batches)) {
      if (record.method > 0) invoked.get(record.syscall)?.add(model.byLabel[record.method]!.id);
    }
    const all = model.methods.map(({ id }) => id).sort();
    for (const methods of invoked.values()) expect([...methods].sort()).toEqual(all);
  });

  it('gives the same records in every run, byte for byte', async () => {
    const [first, second] = [await trace(), await trace()];
    expect(Buffer.concat(first).equals(Buffer.concat(second))).toBe(true);
    expect(first.length).toBeGreaterThan(0);
  });

  it('sees errors, blocked threads, faults and late replies', async () => {
    const outcomes = new Set<number>();
    let late = 0;
    for (const record of records(await trace())) {
      outcomes.add(record.outcome);
      for (let i = 0; i < record.deliveryCount; i++) {
        const { answers } = record.deliveries[i]!;
        if (answers !== 0 && answers < record.seq) late++;
      }
    }
    for (const outcome of [OUTCOME.completed, OUTCOME.replied, OUTCOME.error, OUTCOME.blocked, OUTCOME.faulted, OUTCOME.stopped]) {
      expect(outcomes).toContain(outcome);
    }
    expect(late).toBeGreaterThan(0);
  });
});

describe.each(['page-get-address', 'sc-consumed', 'sc-yield-to'] as const)('the reply audit with %s', (name) => {
  it('names the rules and the method, and nothing else', async () => {
    const found = anomaliesOf(await trace([name]));
    const { rules, methods } = DEFECTS[name];
    expect([...new Set(found.map(({ rule }) => rule))].sort()).toEqual([...rules].sort());
    expect([...new Set(found.map(({ method }) => method))]).toEqual([...methods]);
  });
});
