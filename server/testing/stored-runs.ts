// SPDX-License-Identifier: BSD-2-Clause
/** A store with runs of a test's choice, taken in as the service takes them, without a service. */
import type { Database } from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import type { RunDescription } from '../../schema/trace/names.ts';
import type { TrapRecord } from '../../schema/trace/trap-record.ts';
import { RunWriter } from '../ingest/run-writer.ts';
import { interfacesByName } from '../interfaces.ts';
import { TraceReader } from '../query/trace-reader.ts';
import { Administration } from '../store/administration.ts';
import { openWriter } from '../store/open.ts';
import { TraceStore } from '../store/trace-store.ts';
import { temporaryDirectory } from './fixture.ts';
import { batchOf, SAMPLE_RUN, SAMPLE_SUBJECTS } from './sample-records.ts';

export class StoredRuns {
  readonly directory: string;
  readonly db: Database;
  readonly store: TraceStore;
  readonly reader: TraceReader;
  readonly administration: Administration;

  constructor() {
    this.directory = temporaryDirectory();
    const { db, close } = openWriter(this.directory);
    onTestFinished(close);
    this.db = db;
    this.store = new TraceStore(db);
    this.reader = new TraceReader(db);
    this.administration = new Administration(db);
  }

  /** A run with these records, ended unless it is to stay `running`; its clock says `now` all the time. */
  add(run: Partial<RunDescription>, records: readonly TrapRecord[], now: number, state: 'running' | 'ended' = 'ended'): RunWriter {
    const description = { ...SAMPLE_RUN, ...run };
    const writer = new RunWriter(this.store, this.store.insertRun(description, now), interfacesByName(description.configuration));
    writer.start(now);
    this.store.transaction(() => {
      if (records.length > 0) writer.take(batchOf(records, SAMPLE_SUBJECTS), false, now);
      if (state === 'ended') writer.end('ended', 'completed', '', now);
      writer.flush(true);
    });
    return writer;
  }
}
