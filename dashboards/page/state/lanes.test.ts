// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { CLIENT, laneAnswer, SERVER, threadStates, threadStory } from '../../testing/thread-fixtures.ts';
import { lanesOf, readLanes, withQuiet, type LaneRows } from './lanes.ts';
import type { Api } from './api.ts';
import { storyTimeline } from './story-timeline.ts';

const NAMES = new Map([[SERVER, 'server'], [CLIENT, 'client']]);

const NOTHING: LaneRows = { records: [], transitions: [], deliveries: [] };

describe('lanes', () => {
  it('are read of the window alone, by one query for each kind of rows', async () => {
    const asked: unknown[] = [];
    const api = { sql: async (query: { sql: string }) => { asked.push(query); return laneAnswer(query.sql, 7, 10); } } as unknown as Api;
    const { timeline, left } = lanesOf(await readLanes(api, 'audit', 7, 10), NAMES);
    expect(asked).toHaveLength(3);
    for (const query of asked) expect(query).toMatchObject({ run: 'audit', parameters: { first: 7, last: 10 } });
    expect([left, timeline.start.seq, timeline.end.seq]).toEqual([0, 7, 11]);
    expect(timeline.lanes.map(({ thread, spans, ran }) => [thread.name, spans.map(({ state, from, cause }) => `${state} ${from.seq} ${cause}`.trim()), ran.map(({ from, to }) => [from.seq, to.seq])])).toEqual([
      ['server', ['BlockedOnReceive 7', 'Running 7 client', 'BlockedOnReceive 8', 'Running 9 client', 'BlockedOnReceive 10'], [[7, 8], [9, 10]]],
      ['client', ['Running 7', 'BlockedOnReply 7', 'Running 8 server', 'BlockedOnReply 9', 'Running 10 server'], [[8, 9], [10, 11]]],
    ]);
    expect(timeline.arrows.map(({ at, from, to, what }) => [at.seq, from, to, what])).toEqual([[7, CLIENT, SERVER, 'message'], [8, SERVER, CLIENT, 'user reply'], [9, CLIENT, SERVER, 'message'], [10, SERVER, CLIENT, 'user reply']]);
  });

  it('show the state in which a trap leaves a thread, not those that it goes through', () => {
    const transitions = [[5, 50, 1, 1, 'Running', 'Restart'], [5, 50, 1, 1, 'Restart', 'Running'], [6, 60, 1, 1, 'Running', 'Restart'], [6, 60, 1, 1, 'Restart', 'BlockedOnReceive']];
    const records = [[4, 40, 1, 1, 1], [5, 50, 1, 1, 1], [6, 60, 1, 1, 0]];
    const { timeline } = lanesOf({ ...NOTHING, records, transitions }, NAMES);
    expect(timeline.lanes[0]!.spans.map(({ state, from, to }) => [state, from.seq, to.seq])).toEqual([['Running', 4, 6], ['BlockedOnReceive', 6, 7]]);
    expect(timeline.lanes[1]!.thread.name).toBe('idle thread');
  });

  it('say with an arrow who changed the state of another without giving it anything', () => {
    const transitions = [[5, 50, 1, 2, 'BlockedOnReceive', 'Inactive'], [5, 50, 1, 1, 'Running', 'Restart']];
    expect(lanesOf({ ...NOTHING, transitions }, NAMES).timeline.arrows).toEqual([{ at: { seq: 5, time: 50 }, from: 1, to: 2, what: 'BlockedOnReceive to Inactive' }]);
  });

  it('leave out threads that did least, and say how many', () => {
    const transitions = Array.from({ length: 60 }, (_, i) => [i + 1, 10 * i, 1, 100 + i, 'Inactive', 'Restart']);
    const { timeline, left } = lanesOf({ ...NOTHING, records: [[1, 0, 1, 1, 1]], transitions }, NAMES);
    expect([timeline.lanes.length, left]).toEqual([40, 21]);
  });

  it('of threads that nothing happened to are one state long', () => {
    const lanes = lanesOf({ ...NOTHING, records: [[7, 70, SERVER, SERVER, SERVER], [8, 80, SERVER, SERVER, SERVER]] }, NAMES);
    const { threads } = threadStates('audit', 60);
    const changed = threads.map((thread) => (thread.thread.id === CLIENT ? { ...thread, sinceSeq: 8 } : thread));
    const { timeline, left } = withQuiet(lanes, changed);
    expect(timeline.lanes.map(({ thread, spans }) => [thread.name, spans.map(({ state, from, to }) => `${state} ${from.seq} to ${to.seq}`)])).toEqual([['server', []], ['root', ['Running 7 to 9']], ['thread 4', ['Inactive 7 to 9']]]);
    expect([left, withQuiet({ ...lanes, left: 3 }, changed).timeline.lanes.length]).toEqual([0, 1]);
  });

  it('of no records are none', () => {
    expect(lanesOf(NOTHING, NAMES)).toMatchObject({ left: 0, timeline: { lanes: [], arrows: [] } });
  });
});

it('a story has its own lane and those of the threads that changed its state', () => {
  const { lanes, arrows, start, end } = storyTimeline(threadStory('audit', SERVER, 4, 200));
  expect(lanes.map(({ thread, spans }) => [thread.name, spans.length])).toEqual([['server', 4], ['client', 0]]);
  expect(arrows.map(({ at, from, to }) => [at.seq, from, to])).toEqual([[1, CLIENT, SERVER], [3, CLIENT, SERVER]]);
  expect([start.seq, end.seq, lanes[0]!.spans.at(-1)!.to.seq, lanes[0]!.spans[0]!.cause, lanes[0]!.spans[1]!.cause]).toEqual([1, 5, 5, 'client, Call', 'ReplyRecv']);
});
