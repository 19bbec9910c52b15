// SPDX-License-Identifier: BSD-2-Clause
/** Fills a store with a long run, for measurements of queries: the records of a shorter one over and over. */
import type { OutgoingBatch } from '../emulator/probe/batching-sink.ts';
import { UNKNOWN_ORIGIN } from '../schema/trace/names.ts';
import { BatchReader, type BatchHeader } from '../schema/trace/batch.ts';
import { FIELD } from '../schema/trace/batch-layout.ts';
import { ColumnWriter } from '../schema/trace/column-writer.ts';
import { encodeClientMessage, PROTOCOL_VERSION } from '../schema/trace/wire.ts';
import { Ingest } from '../server/ingest/ingest.ts';
import { ThreadKeeper } from '../server/ingest/thread-keeper.ts';
import { openWriter } from '../server/store/open.ts';
import { TraceStore } from '../server/store/trace-store.ts';
import { encodedTrace, recordsOf, TRACES, type TraceName } from './traces.ts';

/** Records after which the trace begins again. */
const PERIOD = 1_000_000;

/** Between two passes of the trace, virtual ns. */
const PAUSE_NS = 1000;

/** Stores a run of at least `records` records, with the rules on, and what is kept of its threads. Returns how many they are. */
export async function storeRun(directory: string, run: string, trace: TraceName, records: number): Promise<number> {
  const batches = await encodedTrace(trace, Math.min(records, PERIOD));
  const { db, close } = openWriter(directory);
  let problem: string | undefined;
  const store = new TraceStore(db);
  const ingest = new Ingest(store, directory, {
    answer: (answers) => { for (const { message } of answers) if (message.kind === 'problem') problem ??= message.message; },
    news: () => {},
    problem: (message) => { problem ??= message; },
  });
  const send = (message: Parameters<typeof encodeClientMessage>[0]): void => ingest.frame(1, encodeClientMessage(message));
  send({
    kind: 'hello', protocolVersion: PROTOCOL_VERSION, resume: false,
    run: { id: run, program: `bench ${trace}`, kernel: 'model', kernelVersion: '', configuration: 'riscv64-mcs', seed: 0, defects: TRACES[trace].defects, ...UNKNOWN_ORIGIN },
  });
  const period = recordsOf(batches);
  const { lastTime } = BatchReader.header(batches.at(-1)!.bytes);
  let stored = 0;
  for (let pass = 0; stored < records && problem === undefined; pass++) {
    for (const batch of batches) send({ kind: 'batch', bytes: moved(batch, pass * period, pass * (lastTime + PAUSE_NS)) });
    stored += period;
  }
  send({ kind: 'bye', lastSeq: stored, end: 'completed', detail: '' });
  if (problem !== undefined) throw new Error(`the bench's store was not filled: ${problem}`);
  const threads = new ThreadKeeper(store);
  threads.note(run);
  while (threads.hasWork) threads.slice();
  close();
  return stored;
}

/** A batch as it would be that much later. Columns are relative to its header. */
function moved({ bytes }: OutgoingBatch, records: number, time: number): Uint8Array {
  const header = BatchReader.header(bytes);
  const later = { ...header, firstSeq: header.firstSeq + records, firstTime: header.firstTime + time, lastTime: header.lastTime + time };
  return Buffer.concat([encodedHeader(later), bytes.subarray(encodedHeader(header).length)]);
}

function encodedHeader(header: BatchHeader): Uint8Array {
  const writer = new ColumnWriter();
  for (const field of ['firstSeq', 'count', 'firstTime', 'lastTime'] as const) writer.safe(FIELD[field], header[field]);
  return writer.take();
}
