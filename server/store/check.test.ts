// SPDX-License-Identifier: BSD-2-Clause
import type { Database } from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import type { CheckReport } from '../../schema/api/index.ts';
import { addRun } from '../testing/filled-store.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { checkStore } from './check.ts';
import { finish } from './maintenance-jobs.ts';
import { openReader, openWriter } from './open.ts';
import { TABLES_OF_RUNS } from './run-tables.ts';

function filled(): { db: Database; check: () => CheckReport } {
  const directory = temporaryDirectory();
  const { db, close } = openWriter(directory);
  onTestFinished(close);
  addRun(db, { id: 'a', records: 250 });
  addRun(db, { id: 'b', records: 8, state: 'interrupted' });
  return {
    db, check: () => {
      const reader = openReader(directory);
      try {
        return finish(checkStore(reader));
      } finally {
        reader.close();
      }
    },
  };
}

it('finds nothing in what a service writes', () => {
  const { check } = filled();
  expect(check()).toEqual({ ok: true, runs: 2, chunks: 5, records: 258, problems: [], problemCount: 0 });
});

it.each([
  ['a chunk that is gone', 'DELETE FROM chunk WHERE run = 1 AND first_seq = 109', /records 109 to 208 are missing/],
  ['the last chunk that is gone', 'DELETE FROM chunk WHERE run = 1 AND first_seq = 209', /its row counts 250 records, its chunks have 208/],
  ['a body that is no batch', "UPDATE chunk SET body = x'0102' WHERE first_seq = 9", /the chunk at record 9 cannot be decoded/],
  ['a row that lies about its chunk', 'UPDATE chunk SET count = 101 WHERE first_seq = 109', /holds other records than its row says/],
  ['a key too many', 'INSERT INTO chunk_key VALUES (1, 1, 77, 1, 1)', /1 rows of table chunk_key count other records/],
  ['a key that is gone', 'DELETE FROM chunk_key WHERE run = 1 AND kind = 3 AND first_seq = 1', /rows of table chunk_key are missing/],
  ['a rollup that is wrong', "UPDATE method_count SET records = records + 1 WHERE run = 1 AND method = 'Yield'", /table method_count has 63 records of Yield.*there are 62/],
  ['a time that is wrong', "UPDATE method_count SET longest = 1 WHERE run = 1 AND method = 'Yield'", /or their times differ/],
  ['replies that are wrong', 'UPDATE run SET replies = 0 WHERE id = 1', /its row counts 0 replies/],
  ['an anomaly that is gone', 'DELETE FROM anomaly WHERE run = 1', /1 anomalies K05.* are said to be kept, 0 are/],
  ['an anomaly in no group', "UPDATE anomaly SET fingerprint = 'x' WHERE run = 1", /anomalies x are in no group/],
  ['counts of anomalies that are wrong', 'UPDATE run SET errors = 5 WHERE id = 2', /its row counts 5 anomalies of severity error, its groups 1/],
  ['an anomaly beyond the records', 'UPDATE anomaly SET seq = 900 WHERE run = 2', /of records that it does not have/],
  ['rows of no run', 'INSERT INTO subject VALUES (9, 1, 1, \'x\')', /1 rows of table subject are of no run/],
  ['a finding that is gone', 'DELETE FROM finding', /groups of anomalies have no finding/],
])('finds %s', (_what, sql, problem) => {
  const { db, check } = filled();
  db.pragma('foreign_keys = OFF');
  db.exec(sql);
  const { ok, problems } = check();
  expect(ok).toBe(false);
  expect(problems.map((each) => each.problem).join('\n')).toMatch(problem);
});

it('knows all tables of runs', () => {
  const { db } = filled();
  const tables = db.prepare(`SELECT sqlite_schema.name FROM sqlite_schema JOIN pragma_table_info(sqlite_schema.name) columns WHERE sqlite_schema.type = 'table' AND columns.name = 'run'`).pluck().all();
  expect([...TABLES_OF_RUNS].sort()).toEqual(tables.sort());
});
