// SPDX-License-Identifier: BSD-2-Clause
import { CAP_TYPE } from '../../abi/cap-types.ts';
import { BatchBuilder } from '../batch.ts';
import { UNKNOWN_ORIGIN } from '../names.ts';
import { randomRecord } from '../random-record.ts';
import { SyntheticTrace } from '../synthetic-trace.ts';
import { encodeClientMessage, PROTOCOL_VERSION } from '../wire.ts';
import { seeded } from './seeded.ts';

/** Well-formed frames of every kind, small, to make malformed ones of. Batches begin with record 1. */
export function seedFrames(run: string): Uint8Array[] {
  return [
    encodeClientMessage({ kind: 'hello', protocolVersion: PROTOCOL_VERSION, run: { id: run, program: 'p.ts', kernel: 'model', kernelVersion: '1', configuration: 'riscv64-mcs', seed: 1, defects: ['d'], ...UNKNOWN_ORIGIN, tags: ['t'] }, resume: true }),
    encodeClientMessage({ kind: 'bye', lastSeq: 4, end: 'completed', detail: 'done' }),
    ...[new BatchBuilder(1).finish(), syntheticBatch(12), randomBatch(5)].map((bytes) => encodeClientMessage({ kind: 'batch', bytes })),
  ];
}

function syntheticBatch(count: number): Uint8Array {
  const builder = new BatchBuilder(1);
  builder.subject({ id: 1, type: CAP_TYPE.Thread, name: 'root' });
  builder.subject({ id: 20, type: CAP_TYPE.Endpoint, name: 'endpoint' });
  const trace = new SyntheticTrace(count);
  for (let record = trace.next(); record !== undefined; record = trace.next()) builder.append(record);
  return builder.finish();
}

function randomBatch(count: number): Uint8Array {
  const builder = new BatchBuilder(1);
  const below = seeded(1);
  let time = 0;
  for (let seq = 1; seq <= count; seq++) {
    const record = randomRecord(below, seq, time);
    time = record.exitTime;
    builder.append(record);
  }
  return builder.finish();
}
