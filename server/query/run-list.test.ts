// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { Administration } from '../store/administration.ts';
import { openWriter } from '../store/open.ts';
import { TraceStore } from '../store/trace-store.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { SAMPLE_RUN } from '../testing/sample-records.ts';
import { TraceReader } from './trace-reader.ts';

it('lists runs by when they started, page by page, as filtered', () => {
  const { db, close } = openWriter(temporaryDirectory());
  const store = new TraceStore(db);
  const runs = [
    { id: 'c', startedAt: 300, program: 'a.ts', release: '13.0.0', tags: ['nightly'] },
    { id: 'a', startedAt: 100, program: 'a.ts', release: '12.0.0', tags: ['nightly', 'spike'] },
    { id: 'b2', startedAt: 200, program: 'b.ts', release: '13.0.0', tags: [] },
    { id: 'b1', startedAt: 200, program: 'a.ts', release: '13.0.0', tags: ['spike'], kernel: 'image' as const },
  ];
  for (const { startedAt, ...run } of runs) store.insertRun({ ...SAMPLE_RUN, ...run }, startedAt);
  const reader = new TraceReader(db);
  const ids = (query: Parameters<TraceReader['runs']>[0]): string[] => reader.runs(query).runs.map(({ run }) => run);

  expect(ids({})).toEqual(['c', 'b1', 'b2', 'a']);
  expect(reader.findRun('latest')?.run).toBe('c');
  expect(new Administration(db).changeTags('latest', {}).run).toBe('c');
  expect(reader.runs({ limit: 3 })).toMatchObject({ next: 'b2' });
  expect(reader.runs({ limit: 3, after: 'b2' })).toMatchObject({ runs: [{ run: 'a' }], next: null });
  expect(ids({ after: 'c', limit: 1 })).toEqual(['b1']);
  expect(ids({ tag: 'spike' })).toEqual(['b1', 'a']);
  expect(ids({ tag: 'nightly', release: '13.0.0' })).toEqual(['c']);
  expect(ids({ program: 'a.ts', kernel: 'model' })).toEqual(['c', 'a']);
  expect(ids({ configuration: 'riscv64-classic' })).toEqual([]);
  expect(ids({ state: 'running', limit: 2 })).toEqual(['c', 'b1']);
  expect(() => reader.runs({ after: 'gone' })).toThrow(/no run gone to go on after/);
  close();
});
