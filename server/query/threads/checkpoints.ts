// SPDX-License-Identifier: BSD-2-Clause
/** The history of a run after some record: from the last checkpoint before it, and the records since. */
import type { Database } from 'better-sqlite3';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import { BatchReader, ReusedMemory } from '../../../schema/trace/batch.ts';
import { findChunks } from '../chunk-search.ts';
import { HISTORY_REVISION, RunHistory, type HistorySnapshot } from './run-history.ts';

/** Of the batch at hand. */
const MEMORY = new ReusedMemory();

/** What the records of a run up to `seq` say. Without a checkpoint of this revision, all of them are read. */
export function historyAfter(db: Database, run: number, interfaces: InterfaceModel, seq: number): RunHistory {
  const history = lastCheckpoint(db, run, interfaces, seq) ?? new RunHistory(interfaces);
  if (history.lastSeq >= seq) return history;
  for (const { body } of findChunks(db, run, { from: history.lastSeq + 1, to: seq }, [])) history.take(new BatchReader(body, MEMORY.begin()), seq);
  return history;
}

function lastCheckpoint(db: Database, run: number, interfaces: InterfaceModel, seq: number): RunHistory | undefined {
  const found = db.prepare('SELECT seq, body FROM thread_checkpoint WHERE run = ? AND revision = ? AND seq <= ? ORDER BY seq DESC LIMIT 1')
    .get(run, HISTORY_REVISION, seq) as { seq: number; body: string } | undefined;
  const history = found && restored(interfaces, found.body);
  return history?.lastSeq === found?.seq ? history : undefined;
}

/** Undefined for a text that no service wrote: a trace file may come from anywhere. */
export function restored(interfaces: InterfaceModel, body: string): RunHistory | undefined {
  try {
    const snapshot = JSON.parse(body, onlyNumbers) as HistorySnapshot;
    return RunHistory.restore(interfaces, snapshot);
  } catch {
    return undefined;
  }
}

/** A checkpoint has numbers in lists, and nothing else. */
function onlyNumbers(_key: string, value: unknown): unknown {
  if (typeof value !== 'number' && (typeof value !== 'object' || value === null)) throw new TypeError('not a number');
  return value;
}
