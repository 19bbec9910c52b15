// SPDX-License-Identifier: BSD-2-Clause
/** Questions about the threads of a run, answered from its records. */
import type { Database } from 'better-sqlite3';
import { CAP_TYPE } from '../../../schema/abi/cap-types.ts';
import { DEFAULT_SEGMENTS, type HangQuery, type HangReport, type SubjectRef, type ThreadQuery, type ThreadStates, type ThreadStatesQuery, type ThreadStory } from '../../../schema/api/index.ts';
import { lanesToHex } from '../../../schema/abi/word.ts';
import { BatchReader, BatchScan } from '../../../schema/trace/batch.ts';
import { TrapRecord } from '../../../schema/trace/trap-record.ts';
import { RequestError } from '../../errors.ts';
import { interfacesByName } from '../../interfaces.ts';
import type { StoredRun } from '../../store/run-row.ts';
import { findChunkOf, findChunks } from '../chunk-search.ts';
import { findHung } from './hang.ts';
import { RunHistory } from './run-history.ts';
import { schedContextOf, statesOf } from './states.ts';
import { StoryTeller } from './story.ts';
import { stateOf, stateText, waitOf, wakersOf, type RunInTime } from './waits.ts';

/** Chunks that stay decoded. */
const MOST_CHUNKS = 16;

/** Which threads of a run can never run again. Throws a RequestError for a run without its records. */
export function hangOf(db: Database, run: StoredRun, { at }: HangQuery): HangReport {
  const last = lastRecord(run, at);
  const inTime = readHistory(db, run, last, () => undefined);
  const isEnd = last === run.records;
  return findHung(inTime, run.description.id, { stalled: isEnd && run.end === 'stalled', completed: isEnd && run.end === 'completed' });
}

/** All threads of a run as a record leaves them. Throws a RequestError for a run without its records. */
export function threadStatesOf(db: Database, run: StoredRun, { at }: ThreadStatesQuery): ThreadStates {
  return statesOf(readHistory(db, run, lastRecord(run, at), () => undefined), run.description.id);
}

/** The story of a thread. Throws a RequestError for a run without its records, or without the thread. */
export function storyOf(db: Database, run: StoredRun, id: number, query: ThreadQuery): ThreadStory {
  const last = lastRecord(run, query.to);
  const from = query.from ?? 1;
  if (from > last) throw new RequestError('bad-request', `"from" (${from}) is above the last record (${last})`);
  const teller = new StoryTeller(id, from, query.limit ?? DEFAULT_SEGMENTS);
  const inTime = readHistory(db, run, last, (scan) => teller.take(scan, last));
  const { history, interfaces, ref } = inTime;
  const thread = history.threads.get(id);
  if (thread === undefined) throw new RequestError('unknown-record', `run ${run.description.id} has no thread ${id}`, `GET /api/runs/${run.description.id}/threads lists them`);
  const waits = waitOf(inTime, thread);
  const handler = history.setup.handlerOf(id);
  const named = (object: number): SubjectRef | null => (object === 0 ? null : ref(object));
  return {
    run: run.description.id, thread: ref(id), from, to: last, state: stateText(stateOf(thread)), destroyed: thread.destroyed,
    waits, couldWake: [...wakersOf(inTime, thread, waits).wakers],
    ...teller.tell(interfaces, ref),
    ...schedContextOf(inTime, id),
    faultHandler: handler ? { object: named(handler.object), cptr: lanesToHex(handler.cptr >>> 0, 0), seq: handler.seq } : null,
  };
}

function lastRecord(run: StoredRun, asked: number | undefined): number {
  const { id } = run.description;
  if (run.records === 0) throw new RequestError('unknown-record', `run ${id} has no records yet`);
  if (run.recordsDroppedAt !== 0) throw new RequestError('unknown-record', `the records of run ${id} are not kept any more`, 'its counts and anomalies are');
  return Math.min(asked ?? run.records, run.records);
}

function readHistory(db: Database, run: StoredRun, last: number, beside: (scan: BatchScan) => void): RunInTime {
  const interfaces = interfacesByName(run.description.configuration);
  const history = new RunHistory(interfaces);
  const names = new Map<number, string>();
  for (const { id, type, name } of db.prepare('SELECT id, type, name FROM subject WHERE run = ?').all(run.key) as { id: number; type: number; name: string }[]) {
    names.set(id, name);
    // Threads that no record tells of are threads too.
    if (type === CAP_TYPE.Thread && id !== 0) history.thread(id);
  }
  for (const chunk of findChunks(db, run.key, { to: last }, [])) {
    const scan = new BatchScan(chunk.body);
    history.take(scan, chunk.body, last);
    beside(scan);
  }
  return {
    interfaces, history,
    ref: (id) => ({ id, name: id === 0 ? 'idle thread' : names.get(id) || `${history.threads.has(id) ? 'thread' : 'object'} ${id}` }),
    record: recordReader(db, run.key),
  };
}

/** Reads single records. Chunks of the last ones stay decoded: threads of one time are in few chunks. */
function recordReader(db: Database, run: number): (seq: number) => TrapRecord {
  const record = new TrapRecord();
  const chunks: { readonly firstSeq: number; readonly count: number; readonly reader: BatchReader }[] = [];
  return (seq) => {
    let chunk = chunks.find(({ firstSeq, count }) => seq >= firstSeq && seq < firstSeq + count);
    if (chunk === undefined) {
      const { firstSeq, count, body } = findChunkOf(db, run, seq)!;
      chunk = { firstSeq, count, reader: new BatchReader(body) };
      chunks.unshift(chunk);
      chunks.length = Math.min(chunks.length, MOST_CHUNKS);
    }
    chunk.reader.read(seq - chunk.firstSeq, record);
    return record;
  };
}
