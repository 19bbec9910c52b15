// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Compile } from 'typebox/compile';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HangReport, ThreadStates, ThreadStory } from '../../schema/api/index.ts';
import { createService, type Service } from '../app.ts';
import { ALICE, BOB, sampleBatch } from '../testing/sample-records.ts';
import { storeRun } from '../testing/store-run.ts';

let directory: string;
let service: Service;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sel4scope-threads-'));
  storeRun(directory, { id: 'sample' }, [sampleBatch(1, 40), sampleBatch(41, 100)]);
  storeRun(directory, { id: 'empty' }, []);
  service = await createService({ dataDirectory: directory });
});
afterAll(async () => {
  await service.close();
  rmSync(directory, { recursive: true });
});

it('story of a thread of made-up records, whole and in part', async () => {
  const response = await service.app.inject(`/api/runs/sample/threads/${ALICE}`);
  const story = response.json<ThreadStory>();
  expect([response.statusCode, Compile(ThreadStory).Check(story)]).toEqual([200, true]);
  expect(story).toMatchObject({
    thread: { name: 'alice' }, from: 1, to: 100, state: 'Running', waits: null, couldWake: [], earlier: 0,
    methods: [{ method: 'RISCVPageGetAddress', outcome: 'replied', records: 25 }, { method: 'RISCVPageGetAddress', outcome: 'error', records: 25 }],
  });
  const part = (await service.app.inject(`/api/runs/sample/threads/${BOB}?from=50&to=60`)).json<ThreadStory>();
  expect(part).toMatchObject({ from: 50, to: 60, methods: [{ records: 3 }, { records: 3 }] });
});

it('all threads, after the last record and after an earlier one', async () => {
  const states = (await service.app.inject('/api/runs/sample/thread-states')).json<ThreadStates>();
  expect(Compile(ThreadStates).Check(states)).toBe(true);
  expect(states).toMatchObject({ at: 100, threads: [
    { thread: { id: ALICE, name: 'alice' }, state: 'Running', isRunning: true, waits: null, lastTrap: { seq: 99, what: 'RISCVPageGetAddress' } },
    { thread: { id: BOB, name: 'bob' }, isRunning: false, lastTrap: { seq: 100, what: 'Yield' } },
  ] });
  expect((await service.app.inject('/api/runs/sample/thread-states?at=41')).json<ThreadStates>()).toMatchObject({ at: 41, threads: [{ lastTrap: { seq: 41 } }, { isRunning: true, lastTrap: { seq: 40 } }] });
});

it('nobody hangs there', async () => {
  const report = (await service.app.inject('/api/runs/sample/hang?at=60')).json<HangReport>();
  expect(Compile(HangReport).Check(report)).toBe(true);
  expect(report).toMatchObject({ at: 60, stalled: false, alive: 2, hung: [], finished: [], cycles: [] });
});

it.each<[string, number, string]>([
  ['/api/runs/sample/threads/99', 404, 'run sample has no thread 99'], ['/api/runs/sample/threads/alice', 400, '"thread" must be a whole number'],
  ['/api/runs/sample/threads/0', 400, '"thread"'], ['/api/runs/nobody/threads/1', 404, 'there is no run nobody'], ['/api/runs/empty/threads/1', 404, 'no records yet'],
  ['/api/runs/sample/threads/1?from=5&to=4', 400, '"from" (5) is above "to" (4)'], ['/api/runs/sample/threads/1?from=500', 400, '"from" (500) is above the last record (100)'],
  ['/api/runs/sample/threads/1?limit=0', 400, '"limit"'], ['/api/runs/sample/threads/1?form=1', 400, 'unknown query parameter "form"'],
  ['/api/runs/sample/hang?at=0', 400, '"at"'], ['/api/runs/sample/thread-states?at=x', 400, '"at"'], ['/api/runs/empty/thread-states', 404, 'no records yet'], ['/api/runs/sample/hang?to=1', 400, 'unknown query parameter "to"'], ['/api/runs/nobody/hang', 404, 'there is no run nobody'], ['/api/runs/empty/hang', 404, 'no records yet'],
])('GET %s is refused with %i', async (url, status, message) => {
  const response = await service.app.inject(url);
  expect([response.statusCode, response.json<{ message: string }>().message]).toEqual([status, expect.stringContaining(message)]);
});
