// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import type { SqlQuery } from '../../../schema/api/index.ts';
import { ClientError } from '../../../schema/client/index.ts';
import { runSummary } from '../../testing/fixtures.ts';
import { recordsAnswer, SQL_SCHEMA } from '../../testing/page-fixtures.ts';
import { settle } from '../../testing/history.ts';
import type { Api } from './api.ts';
import { START_STATE, type State } from './model.ts';
import { csvOf, inserted, linkOf, SqlConsole, type SqlAnswer } from './sql-console.ts';
import { Store } from './store.ts';
import { START_VIEW } from './url.ts';

class Bench {
  readonly asked: SqlQuery[] = [];
  readonly kept = new Map<string, string>();
  failure: Error | undefined;
  readonly store = new Store<State>({ ...START_STATE, run: runSummary('audit'), view: { ...START_VIEW, page: 'sql' } }, { soon: (notify) => notify(), calm: (notify) => notify() });
  readonly console = new SqlConsole({
    sqlSchema: async () => SQL_SCHEMA,
    sql: async (query: SqlQuery) => {
      this.asked.push(query);
      if (this.failure !== undefined) throw this.failure;
      return recordsAnswer('audit', 2);
    },
  } as unknown as Api, this.store, { getItem: (key) => this.kept.get(key) ?? null, setItem: (key, value) => { this.kept.set(key, value); } });

  async ask(sql: string): Promise<State['sql']> {
    this.console.edit(sql);
    await this.console.run();
    return this.store.get().sql;
  }
}

it('asks with the run in view, and keeps the questions of the tab', async () => {
  const bench = new Bench();
  bench.console.show();
  await settle();
  expect(bench.store.get().sql.schema).toEqual(SQL_SCHEMA);
  bench.console.setLimit(10_000);
  expect((await bench.ask(' SELECT 1 ')).answer).toMatchObject({ sql: 'SELECT 1', run: 'audit', rows: [['audit', 1, 1, 'a "b", c'], ['audit', 2, 2, null]] });
  expect(bench.asked).toEqual([{ sql: 'SELECT 1', limit: 10_000, run: 'audit' }]);
  await bench.ask('SELECT 2');
  expect((await bench.ask('SELECT 1')).earlier).toEqual(['SELECT 1', 'SELECT 2']);
  await bench.ask('   ');
  expect(bench.asked).toHaveLength(3);
  const next = new Bench();
  next.kept.set('sel4scope-queries', [...bench.kept.values()][0]!);
  next.console.show();
  expect(next.store.get().sql).toMatchObject({ earlier: ['SELECT 1', 'SELECT 2'], text: 'SELECT 1' });
  next.kept.set('sel4scope-queries', 'no list');
  next.store.set({ sql: START_STATE.sql });
  next.console.show();
  expect(next.store.get().sql.earlier).toEqual([]);
});

it('says why there is no answer, and leaves the one before', async () => {
  const bench = new Bench();
  await bench.ask('SELECT 1');
  bench.failure = new ClientError('bad-request', 'no such table: record', 400, 'GET /api/sql/schema lists them');
  const { problem, busy, answer } = await bench.ask('SELECT * FROM record');
  expect([problem, busy, answer?.sql]).toEqual(['no such table: record; GET /api/sql/schema lists them', false, 'SELECT 1']);
});

it.each<[string, number, number, string, string]>([
  ['SELECT  FROM', 7, 7, 'seq', 'SELECT seq FROM'], ['SELECT seq', 10, 10, 'time', 'SELECT seq time'], ['SELECT abc FROM', 7, 10, 'seq', 'SELECT seq FROM'], ['', 0, 0, 'seq', 'seq'], ['(seq)', 1, 1, 'time', '(time seq)'],
])('into %j from %i to %i goes %j', (text, from, to, name, after) => {
  expect(inserted(text, from, to, name).text).toBe(after);
});

describe('a value leads', () => {
  const answer = (names: readonly string[], change: Partial<SqlAnswer> = {}): SqlAnswer => ({ columns: names.map((name) => ({ name })), rows: [], truncated: false, elapsed: 1, latest: null, sql: 'SELECT', run: 'audit', ...change });

  it('to the run, record or thread that its column names', () => {
    const columns = ['run', 'seq', 'thread', 'time'];
    expect(columns.map((_, i) => linkOf(answer(columns), ['other', 7, 3, 99], i))).toEqual([{ kind: 'run', run: 'other' }, { kind: 'record', run: 'other', seq: 7 }, { kind: 'thread', run: 'other', thread: 3 }, null]);
  });

  it('into the run of the question where its row names none, or nowhere', () => {
    expect(linkOf(answer(['first_seq'], { sql: 'SELECT min(seq) AS first_seq FROM records WHERE run = :run' }), [7], 0)).toEqual({ kind: 'record', run: 'audit', seq: 7 });
    expect(linkOf(answer(['seq'], { latest: 'newest' }), [7], 0)).toEqual({ kind: 'record', run: 'newest', seq: 7 });
    expect([linkOf(answer(['seq']), [7], 0), linkOf(answer(['seq'], { latest: 'a' }), [0], 0), linkOf(answer(['thread'], { latest: 'a' }), ['root'], 0), linkOf(answer(['run']), [5], 0)]).toEqual([null, null, null, null]);
  });
});

it('CSV quotes what has to be', () => {
  expect(csvOf({ columns: [{ name: 'a,b' }, { name: 'c' }], rows: [['x"y', null], ['two\nlines', -1.5]] })).toBe('"a,b",c\r\n"x""y",\r\n"two\nlines",-1.5\r\n');
});
