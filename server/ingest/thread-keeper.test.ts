// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { Sqlite } from '../store/sqlite.ts';
import { migrate } from '../store/migrate.ts';
import { TraceStore } from '../store/trace-store.ts';
import { addRun } from '../testing/filled-store.ts';
import { ThreadKeeper } from './thread-keeper.ts';

function storeOf(...runs: { id: string; records: number }[]) {
  const db = new Sqlite(':memory:');
  migrate(db);
  for (const run of runs) addRun(db, run);
  const store = new TraceStore(db);
  const checkpoints = (): string[] => db.prepare("SELECT name || ' ' || seq FROM thread_checkpoint JOIN run ON run.id = run ORDER BY run, seq").pluck().all() as string[];
  const chunks = (): number => db.prepare('SELECT count(*) FROM thread_chunk').pluck().get() as number;
  const work = (keeper: ThreadKeeper): void => { while (keeper.hasWork) keeper.slice(); };
  return { db, store, checkpoints, chunks, work };
}

it('makes checkpoints of runs with enough records, a chunk or more in a slice', () => {
  const { store, checkpoints, chunks, work } = storeOf({ id: 'short', records: 90 }, { id: 'long', records: 250 });
  const keeper = new ThreadKeeper(store, 100, 0);
  for (const run of store.runNames()) keeper.note(run);
  keeper.slice();
  expect([keeper.hasWork, checkpoints()]).toEqual([true, []]);
  work(keeper);
  expect(checkpoints()).toEqual(['long 108']);
  expect(chunks()).toBeGreaterThan(0);
});

it('goes on from the checkpoint of another service', () => {
  const whole = storeOf({ id: 'long', records: 6000 });
  const parts = storeOf({ id: 'long', records: 6000 });
  const keeperOf = ({ store }: typeof whole): ThreadKeeper => {
    const keeper = new ThreadKeeper(store, 100, 0);
    keeper.note('long');
    return keeper;
  };
  whole.work(keeperOf(whole));
  expect(whole.checkpoints().length).toBeGreaterThan(1);
  const first = keeperOf(parts);
  while (parts.checkpoints().length === 0) first.slice();
  parts.work(keeperOf(parts));
  expect([parts.checkpoints(), parts.chunks()]).toEqual([whole.checkpoints(), whole.chunks()]);
});

it('takes away what another revision left', () => {
  const { store, db, checkpoints, work } = storeOf({ id: 'long', records: 250 });
  db.exec("INSERT INTO thread_checkpoint (run, seq, revision, body) VALUES (1, 50, 0, '{}'); INSERT INTO thread_chunk (run, thread, first_seq, changes, faults) VALUES (1, 99, 1, 5, 0)");
  const keeper = new ThreadKeeper(store, 100);
  keeper.note('long');
  work(keeper);
  expect([checkpoints(), db.prepare('SELECT count(*) FROM thread_chunk WHERE thread = 99').pluck().get()]).toEqual([['long 108'], 0]);
});

it.each(["UPDATE run SET importing = 1", 'UPDATE run SET records_dropped_at = 7; DELETE FROM chunk', 'PRAGMA foreign_keys = OFF; DELETE FROM run; DELETE FROM chunk'])('gives up a run in the middle of it after %s', (change) => {
  const { store, db, checkpoints, chunks, work } = storeOf({ id: 'long', records: 250 });
  const keeper = new ThreadKeeper(store, 200, 0);
  keeper.note('long');
  keeper.slice();
  expect(keeper.hasWork).toBe(true);
  db.exec(change);
  work(keeper);
  expect([checkpoints(), chunks()]).toEqual([[], 0]);
});
