// SPDX-License-Identifier: BSD-2-Clause
/** Answers SQL over the documented views, from connections that cannot write. */
import type { Database, Statement } from 'better-sqlite3';
import { DEFAULT_SQL_ROWS, LATEST_RUN, type SqlParameter, type SqlQuery, type SqlResult, type SqlValue } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import { needRun } from '../store/find-run.ts';
import { openReader } from '../store/open.ts';
import { SqliteError } from '../store/sqlite.ts';
import { ChunkSource } from './chunk-source.ts';
import { ChunkTables } from './chunk-tables.ts';
import { MOST_RESULT_BYTES, sqlTables } from './documented.ts';
import { hideTables, refuseHiddenNames, withoutMark } from './hidden-names.ts';
import { createView, STORED_VIEWS } from './stored-views.ts';

/** What a number costs in the text of an answer, about. */
const NUMBER_BYTES = 8;

export class SqlReader {
  private readonly db: Database;
  private readonly chunks: Database;
  private readonly source: ChunkSource;
  private readonly tables: ChunkTables;
  private readonly hidden: ReadonlySet<string>;
  /** What table run_name was filled from. */
  private named = '';

  /** Throws a StoreError. */
  constructor(directory: string) {
    this.db = openReader(directory);
    this.chunks = openReader(directory);
    this.db.exec('CREATE TEMP TABLE run_name (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)');
    const hidden = hideTables(this.db);
    this.source = new ChunkSource(this.chunks);
    this.tables = new ChunkTables(this.db, this.source);
    for (const view of STORED_VIEWS) this.db.exec(createView(view));
    this.hidden = new Set([...hidden, 'run_name', ...this.tables.hidden]);
  }

  /** Throws a RequestError for what is not one SELECT that SQLite understands. */
  query(query: SqlQuery): SqlResult {
    const started = process.hrtime.bigint();
    const { sql, limit = DEFAULT_SQL_ROWS } = query;
    checkBeginning(sql);
    refuseHiddenNames(sql, this.hidden);
    const [list, named] = parametersOf(query);
    if (usesRun(sql) && named['run'] !== LATEST_RUN) named['run'] = needRun(this.chunks, String(named['run'])).description.id;
    const values = [...list, ...Object.entries(named).filter(([name]) => name !== 'run' || usesRun(sql)).map(([, value]) => value)];
    const usesLatest = sql.includes(`'${LATEST_RUN}'`) || values.includes(LATEST_RUN);
    const latest = this.nameRuns(usesLatest);
    this.db.pragma('query_only = ON');
    try {
      const bound = [list, named];
      const statement = this.prepare(sql, query.explain === true);
      this.tables.prepare(sql, bound);
      const { rows, truncated } = take(statement, bound, limit);
      return {
        columns: statement.columns().map(({ name }) => ({ name })), rows, truncated, latest: usesLatest ? latest ?? null : null,
        elapsed: Number((process.hrtime.bigint() - started) / 1000n) / 1000,
      };
    } catch (error) {
      throw this.explained(error, sql);
    } finally {
      this.db.pragma('query_only = OFF');
    }
  }

  close(): void {
    this.db.close();
    this.chunks.close();
  }

  /** Gives each run the name by which a query knows it: its id, or `latest` for the newest if the query speaks of it. Returns its id. */
  private nameRuns(usesLatest: boolean): string | undefined {
    const runs = this.chunks.prepare('SELECT count(*) AS count, max(id) AS newest, (SELECT name FROM run ORDER BY id DESC LIMIT 1) AS name FROM run')
      .get() as { count: number; newest: number | null; name: string | null };
    this.source.begin(runs.name ?? undefined);
    const named = `${runs.count} ${runs.newest} ${usesLatest}`;
    if (named !== this.named) {
      this.db.exec('DELETE FROM run_name; INSERT INTO run_name (key, name) SELECT id, name FROM main.run');
      if (usesLatest) this.db.prepare('UPDATE run_name SET name = ? WHERE key = ?').run(LATEST_RUN, runs.newest);
      this.named = named;
    }
    return runs.name ?? undefined;
  }

  private prepare(sql: string, explain: boolean): Statement<unknown[], unknown[]> {
    const statement = this.db.prepare<unknown[], unknown[]>(sql);
    if (!statement.reader || !statement.readonly) throw new RequestError('bad-request', 'only a query that reads is allowed: one SELECT');
    return (explain ? this.db.prepare<unknown[], unknown[]>(`EXPLAIN QUERY PLAN ${sql}`) : statement).raw().safeIntegers();
  }

  private explained(error: unknown, sql: string): unknown {
    if (error instanceof RequestError) return error;
    // SQLite's own words; JavaScript errors are those of the binding and of the tables.
    if (error instanceof SqliteError && !/^SQLITE_(ERROR|MISMATCH|TOOBIG|READONLY|AUTH|RANGE|INTERNAL)/.test(error.code)) return error;
    if (error instanceof SqliteError || error instanceof RangeError || error instanceof TypeError) {
      const message = withoutMark(error.message);
      return new RequestError('bad-request', `${message}${placeOf(message, sql)}`, hintFor(message));
    }
    return error;
  }
}

/** Some PRAGMAs act as soon as they are prepared, so what a statement is must be known before. */
function checkBeginning(sql: string): void {
  const first = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*([A-Za-z]*)/.exec(sql)![1]!.toUpperCase();
  if (first === 'SELECT' || first === 'WITH' || first === 'VALUES') return;
  if (first === 'EXPLAIN') throw new RequestError('bad-request', 'EXPLAIN is not allowed here', 'field `explain` of the request (`sel4scope sql --explain`) says how SQLite goes about the query');
  throw new RequestError('bad-request', `the query begins with ${first === '' ? 'no word' : first}; it must be one SELECT (or WITH … SELECT, or VALUES)`, 'GET /api/sql/schema lists what can be read');
}

function usesRun(sql: string): boolean {
  return /[:@$]run\b/.test(sql);
}

/** The values for `?` and for `:name`. Whole numbers become BigInts, since SQLite would take them for REAL. */
function parametersOf({ parameters = [], run = LATEST_RUN }: SqlQuery): [readonly unknown[], Record<string, unknown>] {
  const list = Array.isArray(parameters) ? parameters : [];
  const named = Array.isArray(parameters) ? {} : parameters;
  return [list.map(bindable), { run, ...Object.fromEntries(Object.entries(named).map(([name, value]) => [name.replace(/^[:@$]/, ''), bindable(value)])) }];
}

function bindable(value: SqlParameter): unknown {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}

function take(statement: Statement<unknown[], unknown[]>, bound: readonly unknown[], limit: number): { rows: SqlValue[][]; truncated: boolean } {
  const rows: SqlValue[][] = [];
  let bytes = 0;
  for (const row of statement.iterate(...bound)) {
    const values = row.map(valueOf);
    for (const value of values) bytes += typeof value === 'string' ? value.length + 2 : NUMBER_BYTES;
    if (rows.length === limit || bytes > MOST_RESULT_BYTES) return { rows, truncated: true };
    rows.push(values);
  }
  return { rows, truncated: false };
}

function valueOf(value: unknown): SqlValue {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  // JSON has no other numbers.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Buffer.isBuffer(value)) return `x'${value.toString('hex')}'`;
  return value as string | null;
}

/** Where the word that SQLite stumbled over stands, if it is clear which one it is. */
function placeOf(message: string, sql: string): string {
  const word = /^near "(.+)": syntax error$/s.exec(message)?.[1] ?? /^(?:no such (?:column|table|function)|ambiguous column name|wrong number of arguments to function): ?([\w.]+)/.exec(message)?.[1];
  const index = word === undefined ? -1 : sql.indexOf(word);
  if (word === undefined || index < 0 || sql.includes(word, index + 1)) return '';
  const before = sql.slice(0, index).split('\n');
  return ` (line ${before.length}, column ${before.at(-1)!.length + 1})`;
}

function hintFor(message: string): string | undefined {
  if (message.startsWith('no such table')) return `choose from ${sqlTables().map(({ name }) => name).join(', ')}`;
  if (message.startsWith('no such column') || message.startsWith('ambiguous column')) return 'GET /api/sql/schema (`sel4scope sql --schema`) lists the columns; text stands in single quotes';
  if (/parameter/.test(message)) return 'give a value for each ? in `parameters`, a list, or for each :name, an object';
  return undefined;
}
