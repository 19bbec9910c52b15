// SPDX-License-Identifier: BSD-2-Clause
/** Keeps what the records of a run say of its threads, so that questions about them need not read the run from its first record. */
import type { InterfaceModel } from '../../schema/idl/model.ts';
import { BatchReader, ReusedMemory } from '../../schema/trace/batch.ts';
import { restored } from '../query/threads/checkpoints.ts';
import { HISTORY_REVISION, RunHistory } from '../query/threads/run-history.ts';
import type { StoredRun } from '../store/run-row.ts';
import type { TraceStore } from '../store/trace-store.ts';
import { THREAD_CHECKPOINT_INTERVAL } from './limits.ts';

/** More records than this are not read again when a run goes on: the store has no checkpoints of its earlier ones, and gets none. */
const MOST_READ_AGAIN = 4 * THREAD_CHECKPOINT_INTERVAL;

/** Of the batch at hand. */
const MEMORY = new ReusedMemory();

export class ThreadKeeper {
  private readonly store: TraceStore;
  private readonly run: StoredRun;
  /** Undefined for a run that began under another revision. */
  private readonly history: RunHistory | undefined;
  private readonly interval: number;
  private keptSeq = 0;
  private keptBytes = 0;

  /** Opens a run: what is known goes on where it was. `interval`: records between two checkpoints. */
  constructor(store: TraceStore, run: StoredRun, interfaces: InterfaceModel, interval = THREAD_CHECKPOINT_INTERVAL) {
    this.store = store;
    this.run = run;
    this.interval = interval;
    this.history = this.restore(interfaces);
  }

  /** Takes a batch whose records are the next. */
  take(batch: BatchReader): void {
    if (this.history === undefined) return;
    this.history.take(batch);
    for (const { id, newStates, newFaults } of this.history.changed) this.store.insertThreadChunk(this.run.key, id, batch.firstSeq, newStates, newFaults);
  }

  /** Stores a checkpoint if it is time: the fewer, the larger they are. */
  flush(): void {
    if (this.history === undefined || this.history.lastSeq - this.keptSeq < Math.max(this.interval, this.keptBytes)) return;
    const body = JSON.stringify(this.history.snapshot());
    this.store.saveThreadCheckpoint(this.run.key, this.history.lastSeq, HISTORY_REVISION, body);
    this.keptSeq = this.history.lastSeq;
    this.keptBytes = body.length;
  }

  private restore(interfaces: InterfaceModel): RunHistory | undefined {
    const body = this.store.threadCheckpoint(this.run.key, HISTORY_REVISION);
    const history = (body === undefined ? undefined : restored(interfaces, body)) ?? new RunHistory(interfaces);
    this.keptSeq = history.lastSeq;
    this.keptBytes = body?.length ?? 0;
    if (this.run.records - history.lastSeq > MOST_READ_AGAIN) {
      // Counts that end before the last record would be taken for all.
      this.store.forgetThreadChunks(this.run.key);
      return undefined;
    }
    for (const bytes of this.store.chunksFrom(this.run.key, history.lastSeq + 1)) history.take(new BatchReader(bytes, MEMORY.begin()));
    return history;
  }
}
