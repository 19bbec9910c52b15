// SPDX-License-Identifier: BSD-2-Clause
import type { RunDescription } from '../../schema/trace/names.ts';
import { RunWriter } from '../ingest/run-writer.ts';
import { interfacesByName } from '../interfaces.ts';
import { openWriter } from '../store/open.ts';
import { TraceStore } from '../store/trace-store.ts';
import { SAMPLE_RUN } from './sample-records.ts';

/** Stores an ended run of these batches in a data directory, without a service. */
export function storeRun(directory: string, description: Partial<RunDescription>, batches: readonly Uint8Array[]): void {
  const { db, close } = openWriter(directory);
  try {
    const store = new TraceStore(db);
    const run = { ...SAMPLE_RUN, ...description };
    store.transaction(() => {
      const writer = new RunWriter(store, store.insertRun(run, 1000), interfacesByName(run.configuration));
      for (const batch of batches) writer.take(batch, false, 1000);
      writer.end('ended', 'completed', '', 2000);
      writer.flush(true);
    });
  } finally {
    close();
  }
}
