// SPDX-License-Identifier: BSD-2-Clause
/** All threads in a window of records: read as rows of the service's SQL views, drawn as one lane each. */
import type { SqlResult, SqlValue, ThreadNow } from '../../../schema/api/index.ts';
import type { Api } from './api.ts';
import { threadName, words } from '../format.ts';
import { listedThreads } from './thread-list.ts';
import type { Arrow, Lane, Point, Span, StateText, Stretch, Timeline } from './timeline.ts';

/** Lanes of one picture, those with most to show. */
const MOST_LANES = 40;
/** Rows of one reading; a record has few transitions and deliveries. */
const MOST_ROWS = 50_000;

const RECORDS = 'SELECT seq, time, duration, thread, next FROM records_in(:run, :first, :last)';
const TRANSITIONS = 'SELECT seq, time, invoker, thread, from_state, to_state FROM transitions_in(:run, :first, :last) WHERE thread <> 0';
const DELIVERIES = 'SELECT seq, time, invoker, thread, kind FROM deliveries_in(:run, :first, :last) WHERE thread <> invoker';

/** Rows in sequence order, columns as the queries name them. */
export interface LaneRows {
  readonly records: readonly (readonly SqlValue[])[];
  readonly transitions: readonly (readonly SqlValue[])[];
  readonly deliveries: readonly (readonly SqlValue[])[];
}

/** Lanes with the number of threads that have none. */
export interface Lanes {
  readonly timeline: Timeline;
  readonly left: number;
}

/** Reads the window from record `first` to `last`. Rejects as the API does. */
export async function readLanes(api: Api, run: string, first: number, last: number): Promise<LaneRows> {
  const read = async (sql: string): Promise<SqlResult> => api.sql({ sql, run, parameters: { first, last }, limit: MOST_ROWS });
  const [records, transitions, deliveries] = await Promise.all([RECORDS, TRANSITIONS, DELIVERIES].map(read));
  return { records: records!.rows, transitions: transitions!.rows, deliveries: deliveries!.rows };
}

export function lanesOf(rows: LaneRows, names: ReadonlyMap<number, string>): Lanes {
  const records = rows.records.map(([seq, time, duration, thread, next]) => ({ at: point(seq, time), exit: Number(time) + Number(duration), thread: Number(thread), next: Number(next) }));
  const start = records[0]?.at ?? { time: 0, seq: 0 };
  const last = records.at(-1);
  const end = last === undefined ? start : { time: last.exit, seq: last.at.seq + 1 };
  const spans = spansOf(rows.transitions, names, start, end);
  const ran = stretchesOf(records, end);
  const ids = [...new Set([...spans.keys(), ...ran.keys(), ...records.map(({ thread }) => thread)])];
  const weight = (id: number): number => (spans.get(id)?.length ?? 0) + (ran.get(id)?.length ?? 0);
  const shown = ids.sort((a, b) => weight(b) - weight(a)).slice(0, MOST_LANES).sort((a, b) => (a === 0 ? Infinity : a) - (b === 0 ? Infinity : b));
  return {
    left: ids.length - shown.length,
    timeline: {
      start, end, arrows: arrowsOf(rows),
      lanes: shown.map((id): Lane => ({ thread: { id, name: threadName(id, names) }, spans: spans.get(id) ?? [], ran: ran.get(id) ?? [] })),
    },
  };
}

/** The same with lanes for threads that nothing happened to: they were all the time what they are after it. */
export function withQuiet({ timeline, left }: Lanes, threads: readonly ThreadNow[]): Lanes {
  const busy = new Set(timeline.lanes.map(({ thread }) => thread.id));
  const quiet = left > 0 ? [] : threads.filter(({ thread, destroyed, sinceSeq }) => !destroyed && sinceSeq <= timeline.start.seq && !busy.has(thread.id));
  const shown = listedThreads(quiet, '').slice(0, Math.max(0, MOST_LANES - busy.size));
  const lanes = shown.map(({ thread, state }): Lane => ({ thread, spans: [{ state, from: timeline.start, to: timeline.end, cause: '' }], ran: [] }));
  return { timeline: { ...timeline, lanes: [...timeline.lanes, ...lanes] }, left: left + quiet.length - shown.length };
}

/** States of each thread: within a trap a thread may go through several, and is left in the last one. */
function spansOf(transitions: LaneRows['transitions'], names: ReadonlyMap<number, string>, start: Point, end: Point): Map<number, Span[]> {
  const spans = new Map<number, Span[]>();
  for (const [seq, time, by, thread, before, after] of transitions) {
    const [id, invoker] = [Number(thread), Number(by)];
    const at = point(seq, time);
    let lane = spans.get(id);
    if (lane === undefined) spans.set(id, (lane = [{ state: before as StateText, from: start, to: end, cause: '' }]));
    const current = lane.at(-1)!;
    if (current.state === after) continue;
    const cause = invoker === id ? '' : threadName(invoker, names);
    if (current.from.seq === at.seq && lane.length > 1) lane.pop();
    else lane[lane.length - 1] = { ...current, to: at };
    const previous = lane.at(-1)!;
    if (previous.state === after) lane[lane.length - 1] = { ...previous, to: end };
    else lane.push({ state: after as StateText, from: at, to: end, cause });
  }
  return spans;
}

/** Who had the processor when: the thread that runs after a record has it until another runs after a later one. */
function stretchesOf(records: readonly { readonly at: Point; readonly exit: number; readonly next: number }[], end: Point): Map<number, Stretch[]> {
  const stretches = new Map<number, Stretch[]>();
  for (let i = 0; i < records.length;) {
    const { next, exit, at } = records[i]!;
    let j = i + 1;
    while (j < records.length && records[j]!.next === next) j++;
    const stretch = { from: { time: exit, seq: at.seq }, to: records[j]?.at ?? end };
    const known = stretches.get(next);
    if (known === undefined) stretches.set(next, [stretch]);
    else known.push(stretch);
    i = j;
  }
  return stretches;
}

/** What threads gave each other; and where one changed another's state without that. */
function arrowsOf({ transitions, deliveries }: LaneRows): Arrow[] {
  const arrows = deliveries.map(([seq, time, from, to, kind]): Arrow => ({ at: point(seq, time), from: Number(from), to: Number(to), what: words(String(kind)) }));
  const given = new Set(arrows.map(({ at, to }) => `${at.seq} ${to}`));
  for (const [seq, time, from, to, before, after] of transitions) {
    if (from === to || before === after || given.has(`${String(seq)} ${String(to)}`)) continue;
    given.add(`${String(seq)} ${String(to)}`);
    arrows.push({ at: point(seq, time), from: Number(from), to: Number(to), what: `${String(before)} to ${String(after)}` });
  }
  return arrows.sort((a, b) => a.at.seq - b.at.seq);
}

function point(seq: SqlValue | undefined, time: SqlValue | undefined): Point {
  return { time: Number(time), seq: Number(seq) };
}
