// SPDX-License-Identifier: BSD-2-Clause
/** Made-up threads of a run: a client that calls a server again and again, one that was suspended, and one that hangs. */
import type { HangReport, SqlResult, StateSegment, SubjectRef, ThreadNow, ThreadStates, ThreadStory, ThreadWait } from '../../schema/api/index.ts';
import { THREADS } from './fixtures.ts';

const ROOT = 1;
export const SERVER = 2;
export const CLIENT = 3;

/** Time from one record to the next, ns. */
const STEP = 1370;

export function threadRef(id: number): SubjectRef {
  return { id, name: id === 0 ? 'idle thread' : THREADS.find((thread) => thread.id === id)?.name || `thread ${id}` };
}

const INBOX: SubjectRef = { id: 20, name: 'inbox' };
const WAITS_FOR_MESSAGE: ThreadWait = { for: 'message', object: INBOX, server: null, fault: '', syscall: 'ReplyRecv', seq: 30, cptr: '0x1a', text: 'waits for a message on inbox' };

export function threadStates(run: string, at: number): ThreadStates {
  const common = { destroyed: false, sinceSeq: 1, since: STEP, isRunning: false, waits: null, schedContext: null, schedContextKnown: true, lastTrap: { seq: Math.min(at, 30), what: 'ReplyRecv' } } as const;
  const threads: ThreadNow[] = [
    { ...common, thread: threadRef(ROOT), state: 'Running', isRunning: true, schedContext: { object: null, budgetUs: 5000, periodUs: 10_000, seq: 3 } },
    { ...common, thread: threadRef(SERVER), state: 'BlockedOnReceive', waits: WAITS_FOR_MESSAGE },
    { ...common, thread: threadRef(CLIENT), state: 'Running' },
    { ...common, thread: threadRef(4), state: 'Inactive', lastTrap: null },
  ];
  return { run, at, time: at * STEP, threads };
}

/** The server of the client: it receives in every even record, and is called in every odd one. */
export function threadStory(run: string, thread: number, to: number, limit: number): ThreadStory {
  const all = Array.from({ length: to }, (_, i): StateSegment => ({
    state: i % 2 === 0 ? 'Running' : 'BlockedOnReceive', fromSeq: i + 1, from: (i + 1) * STEP, toSeq: i + 1 === to ? 0 : i + 2, to: (i + 2) * STEP,
    by: threadRef(i % 2 === 0 ? CLIENT : thread), what: i % 2 === 0 ? 'Call' : 'ReplyRecv',
  }));
  const segments = all.slice(-limit);
  return {
    run, thread: threadRef(thread), from: 1, to, state: segments.at(-1)?.state ?? 'Inactive', destroyed: false, waits: WAITS_FOR_MESSAGE,
    couldWake: [{ thread: threadRef(CLIENT), state: 'Running', how: 'sends', seq: Math.max(1, to - 1) }],
    segments, earlier: all.length - segments.length, totals: [{ state: 'Running', time: 20_000, times: 10 }, { state: 'BlockedOnReceive', time: 10_000, times: 10 }], ran: 9000,
    methods: [{ method: 'ReplyRecv', outcome: 'blocked', records: 10 }], faults: [{ seq: 1, time: STEP, fault: 'VMFault' }],
    schedContext: null, schedContextKnown: true, faultHandler: null,
  };
}

export function hangReport(run: string, at: number): HangReport {
  const waits: ThreadWait = { ...WAITS_FOR_MESSAGE, seq: 7 };
  return {
    run, at, time: at * STEP, stalled: false, alive: 3, completed: false, finished: [], stopped: [], neverStarted: [threadRef(4)], idle: [],
    hung: [{
      thread: threadRef(SERVER), state: 'BlockedOnReceive', sinceSeq: 7, since: 7 * STEP, reason: 'nobodySends', certainty: 'seen',
      text: 'waits for a message on inbox, where nobody that is left was seen to send', waits, waitsFor: [],
    }],
    cycles: [],
  };
}

/** What the service's views say of records `first` to `last`: the client calls the server in odd ones, the server answers in even ones. */
export function laneAnswer(sql: string, first: number, last: number): SqlResult {
  const seqs = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  const [caller, other] = [(seq: number): number => (seq % 2 === 1 ? CLIENT : SERVER), (seq: number): number => (seq % 2 === 1 ? SERVER : CLIENT)];
  const answer = (columns: readonly string[], rows: SqlResult['rows']): SqlResult => ({ columns: columns.map((name) => ({ name })), rows, truncated: false, elapsed: 1, latest: null });
  if (sql.includes('records_in')) return answer(['seq', 'time', 'duration', 'thread', 'next'], seqs.map((seq) => [seq, seq * STEP, 400, caller(seq), other(seq)]));
  if (sql.includes('deliveries_in')) return answer(['seq', 'time', 'invoker', 'thread', 'kind'], seqs.map((seq) => [seq, seq * STEP, caller(seq), other(seq), seq % 2 === 1 ? 'message' : 'userReply']));
  return answer(['seq', 'time', 'invoker', 'thread', 'from_state', 'to_state'], seqs.flatMap((seq) => [
    [seq, seq * STEP, caller(seq), caller(seq), 'Running', seq % 2 === 1 ? 'BlockedOnReply' : 'BlockedOnReceive'],
    [seq, seq * STEP, caller(seq), other(seq), seq % 2 === 1 ? 'BlockedOnReceive' : 'BlockedOnReply', 'Running'],
  ]));
}
