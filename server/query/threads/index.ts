// SPDX-License-Identifier: BSD-2-Clause
/** Questions about the threads of a run, answered from its records. */
import type { Database } from 'better-sqlite3';
import { CAP_TYPE } from '../../../schema/abi/cap-types.ts';
import { DEFAULT_SEGMENTS, type HangQuery, type HangReport, type StateSegment, type SubjectRef, type ThreadQuery, type ThreadStates, type ThreadStatesQuery, type ThreadStory } from '../../../schema/api/index.ts';
import { lanesToHex } from '../../../schema/abi/word.ts';
import { BatchScan } from '../../../schema/trace/batch.ts';
import { RequestError } from '../../errors.ts';
import { interfacesByName } from '../../interfaces.ts';
import type { StoredRun } from '../../store/run-row.ts';
import { chunksWith } from './changed-chunks.ts';
import { historyAfter } from './checkpoints.ts';
import { findHung } from './hang.ts';
import { SetupView } from './setup-view.ts';
import { schedContextOf, statesOf } from './states.ts';
import { faultsIn, MOST_FAULTS, StateScan, StorySums } from './story.ts';
import { stateOf, stateText, waitOf, wakersOf, type RunInTime } from './waits.ts';

/** Which threads of a run can never run again. Throws a RequestError for a run without its records. */
export function hangOf(db: Database, run: StoredRun, { at }: HangQuery): HangReport {
  const last = lastRecord(run, at);
  const isEnd = last === run.records;
  return findHung(runAfter(db, run, last), run.description.id, { stalled: isEnd && run.end === 'stalled', completed: isEnd && run.end === 'completed' });
}

/** All threads of a run as a record leaves them. Throws a RequestError for a run without its records. */
export function threadStatesOf(db: Database, run: StoredRun, { at }: ThreadStatesQuery): ThreadStates {
  return statesOf(runAfter(db, run, lastRecord(run, at)), run.description.id);
}

/** The story of a thread. Throws a RequestError for a run without its records, or without the thread. */
export function storyOf(db: Database, run: StoredRun, id: number, query: ThreadQuery): ThreadStory {
  const last = lastRecord(run, query.to);
  const from = query.from ?? 1;
  if (from > last) throw new RequestError('bad-request', `"from" (${from}) is above the last record (${last})`);
  const inTime = runAfter(db, run, last);
  const { history, setup, interfaces, ref } = inTime;
  const thread = history.find(id);
  if (thread === undefined) throw new RequestError('unknown-record', `run ${run.description.id} has no thread ${id}${last < run.records ? ` up to record ${last}` : ''}`, `GET /api/runs/${run.description.id}/threads lists them`);
  const sums = new StorySums(from > 1 ? historyAfter(db, run.key, interfaces, from - 1).find(id) : undefined, thread);
  const segments = segmentsOf(db, run.key, inTime, id, Math.min(query.limit ?? DEFAULT_SEGMENTS, sums.states));
  const waits = waitOf(inTime, thread);
  const handler = setup.handlerOf(id);
  const named = (object: number): SubjectRef | null => (object === 0 ? null : ref(object));
  return {
    run: run.description.id, thread: ref(id), from, to: last, state: stateText(stateOf(thread)), destroyed: thread.destroyed === 1,
    waits, couldWake: [...wakersOf(inTime, thread, waits).wakers],
    segments, earlier: sums.states - segments.length,
    totals: sums.totals(history.lastTime), ran: sums.ran, methods: sums.traps(inTime), faults: lastFaults(db, run.key, inTime, id, from, sums.faults),
    ...schedContextOf(inTime, id),
    faultHandler: handler === undefined || handler.cptr === 0 ? null : { object: named(handler.object), cptr: lanesToHex(handler.cptr >>> 0, 0), seq: handler.seq },
  };
}

function segmentsOf(db: Database, run: number, inTime: RunInTime, id: number, count: number): StateSegment[] {
  const { lastSeq, lastTime, checkpointSeq } = inTime.history;
  const { chunks, fromFirst } = chunksWith(db, 'changes', run, id, lastSeq, count, { seq: checkpointSeq, count: inTime.history.find(id)!.begunBefore });
  const states = new StateScan(id, Math.max(1, count), fromFirst);
  for (const { body } of chunks) states.take(new BatchScan(body), lastSeq);
  return states.segments(count, lastTime, inTime);
}

/** @param count of all that there are from record `from` on */
function lastFaults(db: Database, run: number, inTime: RunInTime, id: number, from: number, count: number): ThreadStory['faults'] {
  if (count === 0) return [];
  const { lastSeq, checkpointSeq } = inTime.history;
  const { chunks } = chunksWith(db, 'faults', run, id, lastSeq, Math.min(count, MOST_FAULTS), { seq: checkpointSeq, count: inTime.history.find(id)!.faultsBefore });
  let faults: ThreadStory['faults'] = [];
  for (const { body } of chunks) faults = [...faults, ...faultsIn(new BatchScan(body), id, from, lastSeq, inTime)].slice(-MOST_FAULTS);
  return faults;
}

function lastRecord(run: StoredRun, asked: number | undefined): number {
  const { id } = run.description;
  if (run.records === 0) throw new RequestError('unknown-record', `run ${id} has no records yet`);
  if (run.recordsDroppedAt !== 0) throw new RequestError('unknown-record', `the records of run ${id} are not kept any more`, 'its counts and anomalies are');
  return Math.min(asked ?? run.records, run.records);
}

function runAfter(db: Database, run: StoredRun, seq: number): RunInTime {
  const interfaces = interfacesByName(run.description.configuration);
  const history = historyAfter(db, run.key, interfaces, seq);
  if (seq === run.records) {
    // Names may come after the last record.
    for (const id of db.prepare('SELECT id FROM subject WHERE run = ? AND type = ?').pluck().iterate(run.key, CAP_TYPE.Thread) as IterableIterator<number>) history.know(id);
  }
  const nameOf = db.prepare('SELECT name FROM subject WHERE run = ? AND id = ?').pluck();
  return {
    interfaces, history, setup: new SetupView(history.setup, (object) => history.find(object) !== undefined),
    ref: (id) => ({ id, name: id === 0 ? 'idle thread' : nameOf.get(run.key, id) as string | undefined || `${history.find(id) === undefined ? 'object' : 'thread'} ${id}` }),
  };
}
