// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SqlQuery, SqlValue } from '../../schema/api/index.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import { RequestError } from '../errors.ts';
import { openStore } from '../open-store.ts';
import { batchOf, sampleBatch, sampleRecord, SAMPLE_SUBJECTS, shortReplyRecord } from '../testing/sample-records.ts';
import { storeRun } from '../testing/store-run.ts';
import { sqlTables } from './documented.ts';
import { SqlReader } from './sql-reader.ts';

const GET_ADDRESS = interfacesOf('riscv64-mcs').byId.get('RISCVPageGetAddress')!.label;
const FLAGS = 'pcAdvanced nextHasSchedContext';

let directory: string;
let reader: SqlReader;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sel4scope-sql-'));
  storeRun(directory, { id: 'old' }, [sampleBatch(1, 40), sampleBatch(41, 100)]);
  storeRun(directory, { id: 'new' }, [batchOf([sampleRecord(1), sampleRecord(2), sampleRecord(3), sampleRecord(4), shortReplyRecord(5)], SAMPLE_SUBJECTS)]);
  reader = new SqlReader(directory);
});
afterAll(() => {
  reader.close();
  rmSync(directory, { recursive: true });
});

const rows = (sql: string, query: Partial<SqlQuery> = {}): SqlValue[][] => reader.query({ sql, ...query }).rows;
function problem(query: SqlQuery): RequestError {
  try {
    reader.query(query);
  } catch (error) {
    expect(error).toBeInstanceOf(RequestError);
    return error as RequestError;
  }
  throw new Error(`it answered ${query.sql}`);
}

describe('views over chunks', () => {
  it('have a row for every record, and say what the API says', () => {
    expect(rows('SELECT run, count(*), min(seq), max(seq) FROM records GROUP BY run ORDER BY run')).toEqual([['new', 5, 1, 5], ['old', 100, 1, 100]]);
    const store = openStore(directory, { readOnly: true });
    const { rows: page } = store.records('old', { limit: 100 });
    store.close();
    const cells = rows(`SELECT seq, time, thread, cause, coalesce(syscall, ''), coalesce(cap_type, ''), object, coalesce(method, ''), outcome, reply_label, reply_length
      FROM records WHERE run = 'old' ORDER BY seq`);
    expect(cells).toEqual(page.map((row) => [
      row.seq, row.time, row.thread, row.cause, row.syscall, row.capType, row.object, row.method, row.outcome, row.reply?.label ?? null, row.reply?.length ?? null,
    ]));
  });

  it('read columns that lie in different places of a chunk', () => {
    expect(rows(`SELECT seq, thread_name, object_name, tag, label, length, words, error, next_name, next_state, flags, activity, typeof(seq), typeof(thread_name), deliveries
      FROM records WHERE run = 'old' AND seq IN (3, 44)`)).toEqual([
      [3, 'alice', 'shared frame', `0x${(GET_ADDRESS * 4096).toString(16)}`, GET_ADDRESS, 0, '[]', 'InvalidCapability', 'bob', 'Running', FLAGS, 'RISCVPageGetAddress', 'integer', 'text', 1],
      [44, 'bob', null, '0x0', 0, 0, '[]', null, 'alice', 'Running', FLAGS, 'Yield', 'integer', 'text', 0],
    ]);
  });

  it('take part in joins, aggregates and outer joins', () => {
    expect(rows(`SELECT a.rule, r.method, r.seq FROM anomalies a JOIN records r ON r.run = a.run AND r.seq = a.seq WHERE a.run = 'new'`)).toEqual([['K05', 'RISCVPageGetAddress', 5]]);
    expect(rows(`SELECT a.rule, r.syscall FROM anomalies a LEFT JOIN records_in(a.run, a.seq) r`)).toEqual([['K05', 'Call']]);
    expect(rows(`SELECT r.thread_name, count(d.seq) FROM records r LEFT JOIN deliveries d ON d.run = r.run AND d.seq = r.seq WHERE r.run = 'latest' GROUP BY 1 ORDER BY 1`))
      .toEqual([['alice', 3], ['bob', 0]]);
    expect(rows(`SELECT invoker, from_state, to_state, destroyed, count(*) FROM transitions WHERE run = 'new' GROUP BY 1, 2 ORDER BY 1, 2`))
      .toEqual([[1, 'Restart', 'Running', 0, 2], [1, 'Running', 'Restart', 0, 2], [2, 'Restart', 'Running', 0, 1], [2, 'Running', 'Restart', 0, 1]]);
    expect(rows(`SELECT seq, kind, thread_name, answers, label, length FROM deliveries WHERE run = 'new'`))
      .toEqual([[1, 'reply', 'alice', 1, 0, 1], [3, 'reply', 'alice', 3, 2, 1], [5, 'reply', 'alice', 5, 0, 0]]);
  });

  it('read ranges of records across chunks', () => {
    expect(rows(`SELECT seq, typeof(seq), run FROM records_in('old', 39, 42)`)).toEqual([[39, 'integer', 'old'], [40, 'integer', 'old'], [41, 'integer', 'old'], [42, 'integer', 'old']]);
    expect(rows(`SELECT seq FROM records_in('old', 99, 1000)`)).toEqual([[99], [100]]);
    expect(rows(`SELECT seq FROM records_in('old', 101)`)).toEqual([]);
    expect(rows(`SELECT seq FROM records_in('old', 5, 4)`)).toEqual([]);
    expect(rows(`SELECT seq FROM records_in('nobody', 1, 4)`)).toEqual([]);
    expect(rows(`SELECT count(*) FROM deliveries_in('old', 1, 4)`)).toEqual([[2]]);
    expect(rows(`SELECT count(*) FROM transitions_in('latest', 1, 4)`)).toEqual([[4]]);
  });

  it('call the newest run latest in a query that says so, and by its id in others', () => {
    expect(reader.query({ sql: `SELECT DISTINCT run FROM records WHERE run = 'latest'` })).toMatchObject({ rows: [['latest']], latest: 'new' });
    expect(reader.query({ sql: 'SELECT count(*) FROM records WHERE run = :run' })).toMatchObject({ rows: [[5]], latest: 'new' });
    expect(reader.query({ sql: 'SELECT count(*) FROM records WHERE run = :run', run: 'old' })).toMatchObject({ rows: [[100]], latest: null });
    expect(reader.query({ sql: 'SELECT count(*) FROM methods WHERE run = ?', parameters: ['latest'] })).toMatchObject({ latest: 'new' });
    expect(rows('SELECT run FROM runs ORDER BY started_at, run DESC', { run: 'old' })).toEqual([['old'], ['new']]);
  });

  it('see runs that are stored later', () => {
    storeRun(directory, { id: 'newest' }, [sampleBatch(1, 7)]);
    try {
      expect(reader.query({ sql: `SELECT count(*) FROM records WHERE run = 'latest'` })).toMatchObject({ rows: [[7]], latest: 'newest' });
    } finally {
      storeRun(directory, { id: 'new2' }, [batchOf([sampleRecord(1)], SAMPLE_SUBJECTS)]);
    }
  });
});

it('every documented column of every view can be read', () => {
  for (const { name, call, columns } of sqlTables()) {
    const from = call === '' ? name : `${name}('old', 1, 8)`;
    const result = reader.query({ sql: `SELECT * FROM ${from} LIMIT 5` });
    expect(result.columns.map((column) => column.name), name).toEqual(columns.map((column) => column.name));
    for (const column of columns) {
      const types = rows(`SELECT DISTINCT typeof("${column.name}") FROM ${from}`).map(([type]) => type);
      expect(types.filter((type) => type !== 'null' && type !== column.type.toLowerCase()), `${name}.${column.name}`).toEqual([]);
    }
  }
});

describe('parameters and values', () => {
  it('are bound, never read as SQL', () => {
    expect(rows('SELECT ?', { parameters: [`'; DROP TABLE run; --`] })).toEqual([[`'; DROP TABLE run; --`]]);
    expect(rows('SELECT :a, typeof(:b), typeof(:c), :d, :e', { parameters: { a: 'x', b: 5, c: 1.5, d: null, e: true } })).toEqual([['x', 'integer', 'real', null, 1]]);
    expect(rows('SELECT seq FROM records WHERE run = :run LIMIT ?', { parameters: [2] })).toHaveLength(1);
  });

  it('are numbers as far as JSON has them', () => {
    expect(rows(`SELECT 9007199254740991, 9007199254740993, -9223372036854775808, 0.5, 1e999, x'00ff', NULL`))
      .toEqual([[9007199254740991, '9007199254740993', '-9223372036854775808', 0.5, 'Infinity', `x'00ff'`, null]]);
  });

  it('are limited in number', () => {
    expect(reader.query({ sql: `SELECT seq FROM records WHERE run = 'old'`, limit: 3 })).toMatchObject({ rows: [[1], [2], [3]], truncated: true });
    expect(reader.query({ sql: `SELECT seq FROM records WHERE run = 'old'`, limit: 100 }).truncated).toBe(false);
    expect(reader.query({ sql: `SELECT hex(zeroblob(10000000)) FROM records_in('old', 1, 5)` })).toMatchObject({ truncated: true, rows: [{}] });
  });

  it('say how SQLite goes about a query', () => {
    const { rows: plan } = reader.query({ sql: 'SELECT * FROM anomalies WHERE run = ?', parameters: ['old'], explain: true });
    expect(plan.flat().join(' ')).toContain('anomaly_by_');
  });
});

describe('what is behind the views', () => {
  it.each([
    'SELECT * FROM run', 'SELECT * FROM "run"', 'SELECT * FROM RUN AS r', 'SELECT body FROM chunk', 'SELECT * FROM records r JOIN rule_state s', 'SELECT (SELECT count(*) FROM job)',
    'SELECT * FROM main.run', 'SELECT * FROM MAIN . run', 'SELECT * FROM "main".run', 'SELECT * FROM [main].run', 'SELECT * FROM `main`.run', "SELECT * FROM 'main'.'run'",
    'SELECT * FROM main/* . */.run', 'SELECT * FROM main -- x\n.run', 'WITH x AS (SELECT * FROM main.chunk) SELECT * FROM x', 'SELECT * FROM temp.run_name',
    'SELECT * FROM run_name', 'SELECT * FROM "run_name"', "SELECT * FROM records_of('old')", 'SELECT * FROM sqlite_schema', 'SELECT * FROM "sqlite_master"', "SELECT * FROM 'sqlite_temp_schema'",
    "SELECT * FROM pragma_table_info('run')", 'SELECT * FROM pragma_database_list', 'SELECT * FROM dbstat', 'SELECT * FROM "undocumented run"',
  ])('cannot be read: %s', (sql) => {
    expect(problem({ sql }).message).toMatch(/is not for queries|^no such table: /);
  });

  it('does not stand in the way of columns, aliases and text of the same names', () => {
    expect(rows("SELECT run, 'main', 'run' AS job FROM runs AS chunk WHERE chunk.run = 'old' AND run <> 'main. run'")).toEqual([['old', 'main', 'run']]);
    expect(rows("WITH job AS (SELECT 1 AS main) SELECT main FROM job -- FROM main.run")).toEqual([[1]]);
    expect(rows("SELECT value FROM json_each('[1, 2]')")).toEqual([[1], [2]]);
  });

  it.each(['pragma user_version = 9', 'SELECT 1; ATTACH \'/tmp/x\' AS x', 'REPLACE INTO runs VALUES (1)', 'UPDATE runs SET program = 1', 'CREATE TEMP TABLE x (y)', 'REINDEX', 'DETACH main', 'BEGIN',
    "SELECT load_extension('/tmp/x.so')", "SELECT * FROM pragma_user_version(9)", "SELECT writefile('/tmp/x', 'y')", "SELECT readfile('/etc/passwd')", "SELECT edit('x')", "SELECT fts3_tokenizer('x')",
  ])('cannot be written or left: %s', (sql) => {
    expect(problem({ sql }).fault).toBe('bad-request');
  });
});

describe('is refused', () => {
  it.each<[string, RegExp, string?]>([
    ['PRAGMA query_only = 0', /begins with PRAGMA/], ['/* x */ -- y\n ATTACH \'/tmp/x\' AS x', /begins with ATTACH/], ['DELETE FROM run', /begins with DELETE/],
    ['', /begins with no word/], ['-- nothing', /begins with no word/], ['EXPLAIN SELECT 1', /EXPLAIN is not allowed/], ['VACUUM INTO \'/tmp/x\'', /begins with VACUUM/],
    ['WITH x AS (SELECT 1) DELETE FROM run', /no such table: run/], ['WITH x AS (SELECT 1) DELETE FROM runs', /cannot modify runs because it is a view/],
    ['WITH x AS (SELECT 1) INSERT INTO run_name VALUES (9, \'x\')', /run_name is not for queries/],
    ['SELECT 1; SELECT 2', /more than one statement/], ['SELECT load_extension(\'x\')', /not authorized/],
    ['SELECT foo FROM records', /no such column: foo \(line 1, column 8\)/, 'schema'], ['SELECT *\nFORM records', /near "FORM": syntax error \(line 2, column 1\)/],
    ['SELECT * FROM traps', /no such table: traps \(line 1, column 15\)/, 'records'], ['SELECT ?', /Too few parameter/, 'parameters'], ['SELECT :x', /Missing named parameter/, 'parameters'],
    ['SELECT * FROM records_in(\'old\')', /records_in takes a run/], ['SELECT * FROM records_in(\'old\', \'x\')', /records_in takes a run/],
  ])('%s', (sql, message, hint) => {
    const { fault, message: said, hint: advice } = problem({ sql });
    expect([fault, said]).toEqual(['bad-request', expect.stringMatching(message)]);
    if (hint !== undefined) expect(advice).toContain(hint);
  });

  it('a run that there is not, if the query asks for it', () => {
    expect(problem({ sql: 'SELECT count(*) FROM records WHERE run = :run', run: 'nobody' })).toMatchObject({ fault: 'unknown-run' });
    expect(rows('SELECT 1', { run: 'nobody' })).toEqual([[1]]);
  });
});

it('leaves no statement open that would hold the write-ahead log', () => {
  reader.query({ sql: `SELECT seq FROM records WHERE run = 'old'`, limit: 1 });
  storeRun(directory, { id: 'after' }, [sampleBatch(1, 1)]);
  // A reader that still looks at the state before would not see it.
  expect(rows(`SELECT count(*) FROM records WHERE run = 'after'`)).toEqual([[1]]);
});
