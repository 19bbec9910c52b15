// SPDX-License-Identifier: BSD-2-Clause
/**
 * Keeps what the records of runs say of their threads, so that questions about them need not read a run from its first record.
 * It reads stored chunks, a slice at a time, when the ingest leaves time for it; what it has not come to yet is read by whoever asks.
 */
import { BatchReader, ReusedMemory } from '../../schema/trace/batch.ts';
import { interfacesByName } from '../interfaces.ts';
import { restored } from '../query/threads/checkpoints.ts';
import { HISTORY_REVISION, RunHistory } from '../query/threads/run-history.ts';
import type { StoredRun } from '../store/run-row.ts';
import type { ThreadChunk, TraceStore } from '../store/trace-store.ts';
import { THREAD_CHECKPOINT_INTERVAL } from './limits.ts';

/** After so long, ms, a slice ends with the chunk at hand. */
const SLICE_MS = 10;

/** Of the batch at hand. */
const MEMORY = new ReusedMemory();

/** A run on the way from one checkpoint to the next. */
interface Work {
  readonly name: string;
  readonly key: number;
  readonly history: RunHistory;
  /** The store has nothing of the run, or of another revision: that has to go. */
  readonly isFirst: boolean;
  /** Records after which the next checkpoint is due: checkpoints are the fewer, the larger they are. */
  readonly dueSeq: number;
  readonly chunks: ThreadChunk[];
}

export class ThreadKeeper {
  private readonly store: TraceStore;
  private readonly interval: number;
  private readonly sliceMs: number;
  /** Runs that may have enough records for another checkpoint. */
  private readonly grown = new Set<string>();
  private work: Work | undefined;

  /** @param interval records between two checkpoints */
  constructor(store: TraceStore, interval = THREAD_CHECKPOINT_INTERVAL, sliceMs = SLICE_MS) {
    this.store = store;
    this.interval = interval;
    this.sliceMs = sliceMs;
  }

  get hasWork(): boolean {
    return this.work !== undefined || this.grown.size > 0;
  }

  /** A run has more records. */
  note(run: string): void {
    this.grown.add(run);
  }

  /** Does a piece of work. Throws what SQLite throws; the run is then left alone until it is noted again. */
  slice(): void {
    const work = this.work ?? this.begin();
    this.work = undefined;
    if (work === undefined || this.keepable(work.name)?.key !== work.key) return;
    const end = performance.now() + this.sliceMs;
    const { history, chunks } = work;
    for (const body of this.store.chunksFrom(work.key, history.lastSeq + 1)) {
      const batch = new BatchReader(body, MEMORY.begin());
      history.take(batch);
      for (const { id, newStates, newFaults } of history.changed) chunks.push({ thread: id, firstSeq: batch.firstSeq, changes: newStates, faults: newFaults });
      if (history.lastSeq >= work.dueSeq || performance.now() >= end) break;
    }
    if (history.lastSeq < work.dueSeq) this.work = work;
    else this.save(work);
  }

  private save({ name, key, history, isFirst, chunks }: Work): void {
    const body = JSON.stringify(history.snapshot());
    this.store.transaction(() => {
      if (isFirst) this.store.forgetThreads(key);
      for (const chunk of chunks) this.store.insertThreadChunk(key, chunk);
      this.store.saveThreadCheckpoint(key, history.lastSeq, HISTORY_REVISION, body);
    });
    this.work = this.workOn(name, history, body.length);
  }

  private begin(): Work | undefined {
    for (const name of this.grown) {
      this.grown.delete(name);
      const run = this.keepable(name);
      // Most runs are short: their checkpoint is not looked for.
      if (run === undefined || run.records < this.interval) continue;
      const body = this.store.threadCheckpoint(run.key, HISTORY_REVISION);
      const interfaces = interfacesByName(run.description.configuration);
      const work = this.workOn(name, (body === undefined ? undefined : restored(interfaces, body)) ?? new RunHistory(interfaces), body?.length ?? 0);
      if (work !== undefined) return work;
    }
    return undefined;
  }

  /** Undefined when the run has too few records for the next checkpoint. */
  private workOn(name: string, history: RunHistory, checkpointBytes: number): Work | undefined {
    const run = this.keepable(name);
    const dueSeq = history.lastSeq + Math.max(this.interval, checkpointBytes, 1);
    if (run === undefined || run.records < dueSeq) return undefined;
    return { name, key: run.key, history, isFirst: history.lastSeq === 0, dueSeq, chunks: [] };
  }

  private keepable(name: string): StoredRun | undefined {
    const run = this.store.findRun(name);
    return run === undefined || run.importing || run.recordsDroppedAt !== 0 ? undefined : run;
  }
}
