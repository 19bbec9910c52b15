// SPDX-License-Identifier: BSD-2-Clause
/** Runs in a store of their own for the tests of exports. */
import type { Database } from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { BatchReader } from '../../../schema/trace/batch.ts';
import type { RunDescription, Subject } from '../../../schema/trace/names.ts';
import { randomRecord } from '../../../schema/trace/random-record.ts';
import type { TrapRecord } from '../../../schema/trace/trap-record.ts';
import { openReader, openWriter } from '../../store/open.ts';
import { TraceStore } from '../../store/trace-store.ts';
import { temporaryDirectory } from '../../testing/fixture.ts';
import { batchOf, SAMPLE_RUN, SAMPLE_SUBJECTS } from '../../testing/sample-records.ts';
import type { FileExport } from '../export-run.ts';
import { exportRun } from '../export-run.ts';
import { RunSource } from '../run-source.ts';

export interface StoredSample {
  readonly directory: string;
  readonly db: Database;
  readonly source: RunSource;
  readonly records: readonly TrapRecord[];
}

/** What a test says of an anomaly. */
export interface SampleAnomaly {
  readonly seq: number;
  readonly thread: number;
  readonly rule?: string;
  readonly detail?: string;
}

export interface SampleOptions {
  readonly run?: Partial<RunDescription>;
  readonly subjects?: readonly Subject[];
  readonly anomalies?: readonly SampleAnomaly[];
  /** Records of a chunk. */
  readonly chunk?: number;
}

/** Stores records, which are numbered from 1, without looking for anomalies. */
export function storedRun(records: readonly TrapRecord[], { run, subjects = SAMPLE_SUBJECTS, anomalies = [], chunk = 7 }: SampleOptions = {}): StoredSample {
  const directory = temporaryDirectory();
  const { db: writer, close } = openWriter(directory);
  const store = new TraceStore(writer);
  const stored = store.insertRun({ ...SAMPLE_RUN, ...run }, 1_700_000_000_000);
  store.transaction(() => {
    store.saveSubjects(stored.key, subjects);
    for (let i = 0; i < records.length; i += chunk) {
      const body = batchOf(records.slice(i, i + chunk));
      store.insertChunk(stored.key, BatchReader.header(body), body);
    }
    for (const { seq, thread, rule = 'K05', detail = 'too short, by "one" word' } of anomalies) {
      const anomaly = { seq, rule, severity: 'error', thread, method: 'RISCVPageGetAddress', detail, fingerprint: `${rule}/RISCVPageGetAddress` } as const;
      store.insertAnomaly(stored.key, anomaly, records[seq - 1]!.entryTime, 1_700_000_000_000);
    }
    stored.records = records.length;
    stored.time = records.at(-1)?.exitTime ?? 0;
    store.updateRun(stored);
  });
  close();
  const db = openReader(directory);
  onTestFinished(() => { db.close(); });
  return { directory, db, source: new RunSource(db, stored.description.id), records };
}

/** Any records that a trace may have, from a seed. */
export function randomRecords(count: number, seed: number): TrapRecord[] {
  let state = seed;
  const below = (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const records: TrapRecord[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const record = randomRecord(below, seq, records.at(-1)?.exitTime ?? 0);
    // The last time that there is leaves no room for those that follow.
    if (record.exitTime > 2 ** 52) record.entryTime = record.exitTime = records.at(-1)?.exitTime ?? 0;
    records.push(record);
  }
  return records;
}

/** The whole file of an export. */
export function exported(source: RunSource, { selection = {}, ...request }: Omit<FileExport, 'selection'> & Partial<FileExport>): Buffer {
  return Buffer.concat([...exportRun(source, { ...request, selection })].map(({ bytes }) => bytes));
}
