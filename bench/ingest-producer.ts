// SPDX-License-Identifier: BSD-2-Clause
/**
 * Sends an encoded trace as fast as the service takes it: `ingest-producer.js INGEST_URL TRACE COUNT`. It makes the trace
 * and sends a part of it as a run of its own, so that compiled code is measured, tells the parent that it is ready, and
 * at the parent's word sends all.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { OutgoingBatch } from '../emulator/probe/batching-sink.ts';
import { TraceClient } from '../emulator/probe/trace-client.ts';
import { UNKNOWN_ORIGIN } from '../schema/trace/names.ts';
import { encodedTrace, recordsOf, TRACES, type TraceName } from './traces.ts';

/** What the parent is told at the end. */
export interface Sent {
  readonly run: string;
  readonly records: number;
  /** From the word to the acknowledgement of the last record. */
  readonly seconds: number;
}

const WARM_UP_SHARE = 0.1;

async function send(batches: readonly OutgoingBatch[]): Promise<Sent> {
  const run = randomUUID();
  const begin = performance.now();
  const client = await TraceClient.connect(ingestUrl!, {
    id: run, program: `bench ${name}`, kernel: 'model', kernelVersion: '', configuration: 'riscv64-mcs', seed: 0, defects: TRACES[name].defects, ...UNKNOWN_ORIGIN,
  });
  for (const batch of batches) {
    const room = client.ready();
    if (room !== undefined) await room;
    client.send(batch);
  }
  await client.close('completed');
  return { run, records: recordsOf(batches), seconds: (performance.now() - begin) / 1000 };
}

const [ingestUrl, trace, count] = process.argv.slice(2);
const name = trace as TraceName;
const batches = await encodedTrace(name, Number(count));
const warmUp = await send(batches.slice(0, Math.ceil(WARM_UP_SHARE * batches.length)));
process.send!(warmUp);
await once(process, 'message');
process.send!(await send(batches));
process.disconnect();
