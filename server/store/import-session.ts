// SPDX-License-Identifier: BSD-2-Clause
/**
 * An import under way, in slices: each is one short transaction, so that the ingest goes on between them. Runs stay marked
 * until the last slice shows them all. What a slice that was the last one by mischance leaves is undone by `Retention`.
 */
import type { Database } from 'better-sqlite3';
import type { ImportedRun, ImportResult } from '../../schema/api/index.ts';
import { openForeign } from './foreign-store.ts';
import { importRuns, importTotals, type ImportProgress, type ImportTotals } from './import-runs.ts';
import { TraceStore } from './trace-store.ts';

/** What an import has come to after a slice: how far it is, or once it is complete its result. */
export type ImportSlice = { readonly progress: ImportProgress } | { readonly result: ImportResult };

export class ImportSession {
  readonly totals: ImportTotals;
  private readonly source: Database;
  private readonly store: TraceStore;
  private readonly sliceMs: number;
  private readonly steps: Generator<ImportProgress, ImportedRun[]>;
  private sliceEnd = 0;

  /**
   * Opens a trace file of this version. Throws a RequestError that says what is wrong with it.
   * @param sliceMs time after which a slice ends with the chunk at hand
   */
  constructor(db: Database, file: string, wanted: readonly string[] | undefined, sliceMs: number) {
    this.sliceMs = sliceMs;
    this.store = new TraceStore(db);
    this.source = openForeign(file);
    try {
      this.totals = importTotals(this.source, wanted);
    } catch (error) {
      this.source.close();
      throw error;
    }
    this.steps = importRuns(this.source, this.store, wanted, () => performance.now() >= this.sliceEnd);
  }

  /** Does the next piece of work, and commits it. After an error there is no next one. */
  slice(): ImportSlice {
    this.sliceEnd = performance.now() + this.sliceMs;
    let step: IteratorResult<ImportProgress, ImportedRun[]> | undefined;
    this.store.transaction(() => { step = this.steps.next(); });
    return step!.done === true ? { result: { runs: step!.value } } : { progress: step!.value };
  }

  close(): void {
    this.steps.return([]);
    this.source.close();
  }
}

/** What an import is made of, wherever it is done. */
export interface ImportSteps {
  slice(): ImportSlice | Promise<ImportSlice>;
  /** Takes away some of what was copied; false when nothing is left of it. */
  undo(): boolean | Promise<boolean>;
}

/**
 * Goes through with an import that was begun, or takes all of it away: rejects with what went wrong, also when `signal`
 * aborts.
 */
export async function importAll(steps: ImportSteps, report: (progress: ImportProgress) => void = () => undefined, signal?: AbortSignal): Promise<ImportResult> {
  try {
    for (;;) {
      signal?.throwIfAborted();
      const slice = await steps.slice();
      if ('result' in slice) return slice.result;
      report(slice.progress);
    }
  } catch (error) {
    while (await steps.undo());
    throw error;
  }
}
