// SPDX-License-Identifier: BSD-2-Clause
/** Stores with runs in them, for tests that need no producer. */
import type { Database } from 'better-sqlite3';
import type { RunDescription } from '../../schema/trace/names.ts';
import { RunWriter } from '../ingest/run-writer.ts';
import { interfacesByName } from '../interfaces.ts';
import { TraceStore } from '../store/trace-store.ts';
import { batchOf, sampleBatch, sampleRecord, SAMPLE_RUN, SAMPLE_SUBJECTS, shortReplyRecord } from './sample-records.ts';

/** What {@link addRun} makes of a run. */
export interface FilledRun extends Partial<RunDescription> {
  readonly id: string;
  /** Records, four or more; record 5 is an anomaly (K05). */
  readonly records?: number;
  /** ms since 1970. */
  readonly startedAt?: number;
  readonly changedAt?: number;
  readonly state?: 'ended' | 'interrupted' | 'running';
}

/** Adds a run as a service would store it, in chunks of 100 records after the first eight. */
export function addRun(db: Database, { records = 8, startedAt = 1000, changedAt = startedAt + 1, state = 'ended', ...description }: FilledRun): void {
  const store = new TraceStore(db);
  store.transaction(() => {
    const writer = new RunWriter(store, store.insertRun({ ...SAMPLE_RUN, ...description }, startedAt), interfacesByName('riscv64-mcs'));
    const first = Math.min(8, records);
    writer.take(batchOf(Array.from({ length: first }, (_, i) => (i === 4 ? shortReplyRecord(5) : sampleRecord(i + 1))), SAMPLE_SUBJECTS), false, changedAt);
    for (let seq = first + 1; seq <= records; seq += 100) writer.take(sampleBatch(seq, Math.min(records, seq + 99)), false, changedAt);
    if (state === 'running') writer.start(changedAt);
    else writer.end(state, state === 'ended' ? 'completed' : null, '', changedAt);
    writer.flush(true);
  });
}
