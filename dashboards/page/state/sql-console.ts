// SPDX-License-Identifier: BSD-2-Clause
/** Questions in SQL: what was asked, what came, and the questions before. */
import type { SqlResult, SqlSchema, SqlValue } from '../../../schema/api/index.ts';
import { explainFailure, type Api } from './api.ts';
import type { State } from './model.ts';
import type { Store } from './store.ts';

const KEY = 'sel4scope-queries';
/** Questions that are kept. */
const MOST_KEPT = 30;
export const ROW_LIMITS = [1000, 10_000, 100_000] as const;

export interface SqlState {
  /** What can be asked; null until it was read. */
  readonly schema: SqlSchema | null;
  /** What is in the editor. */
  readonly text: string;
  readonly limit: number;
  readonly busy: boolean;
  readonly answer: SqlAnswer | null;
  /** Why there is no answer to the last question; empty when there is. */
  readonly problem: string;
  /** Newest first. */
  readonly earlier: readonly string[];
}

/** An answer with the run that the question called `:run`. */
export interface SqlAnswer extends SqlResult {
  readonly sql: string;
  readonly run: string | null;
}

export const START_SQL: SqlState = { schema: null, text: '', limit: ROW_LIMITS[0], busy: false, answer: null, problem: '', earlier: [] };

export class SqlConsole {
  private readonly api: Api;
  private readonly store: Store<State>;
  private readonly storage: Pick<Storage, 'getItem' | 'setItem'> | null;
  private reading = false;

  /** @param storage where questions are kept as long as the tab is open; null where the browser gives none */
  constructor(api: Api, store: Store<State>, storage: Pick<Storage, 'getItem' | 'setItem'> | null) {
    this.api = api;
    this.store = store;
    this.storage = storage;
  }

  /** Reads what can be asked, once somebody looks. */
  show(): void {
    const { view, sql } = this.store.get();
    if (view.page !== 'sql' || sql.schema !== null || this.reading) return;
    const earlier = kept(this.storage);
    this.set({ earlier, ...(sql.text === '' ? { text: earlier[0] ?? '' } : {}) });
    void this.readSchema();
  }

  edit(text: string): void {
    this.set({ text });
  }

  setLimit(limit: number): void {
    this.set({ limit });
  }

  /** Asks what is in the editor. */
  async run(): Promise<void> {
    const { sql: { text, limit, busy, earlier }, run } = this.store.get();
    const sql = text.trim();
    if (sql === '' || busy) return;
    const asked = [sql, ...earlier.filter((each) => each !== sql)].slice(0, MOST_KEPT);
    this.storage?.setItem(KEY, JSON.stringify(asked));
    this.set({ busy: true, problem: '', earlier: asked });
    try {
      const result = await this.api.sql({ sql, limit, ...(run === null ? {} : { run: run.run }) });
      this.set({ busy: false, answer: { ...result, sql, run: run?.run ?? null } });
    } catch (failure) {
      this.set({ busy: false, problem: explainFailure(failure) });
    }
  }

  private async readSchema(): Promise<void> {
    this.reading = true;
    try {
      this.set({ schema: await this.api.sqlSchema() });
    } catch (failure) {
      this.set({ problem: explainFailure(failure) });
    }
    this.reading = false;
  }

  private set(change: Partial<SqlState>): void {
    this.store.set({ sql: { ...this.store.get().sql, ...change } });
  }
}

/** Text with `name` in place of the selection, apart from the words beside it; and where the cursor goes. */
export function inserted(text: string, from: number, to: number, name: string): { readonly text: string; readonly cursor: number } {
  const before = text.slice(0, from);
  const after = text.slice(to);
  const middle = `${/[\w)]$/.test(before) ? ' ' : ''}${name}${/^[\w(]/.test(after) ? ' ' : ''}`;
  return { text: before + middle + after, cursor: before.length + middle.length };
}

/** Where a value of an answer leads. */
export type SqlLink = { readonly kind: 'run'; readonly run: string } | { readonly kind: 'record'; readonly run: string; readonly seq: number } | { readonly kind: 'thread'; readonly run: string; readonly thread: number };

const RECORD_COLUMNS = new Set(['seq', 'first_seq', 'last_seq', 'answers']);
const THREAD_COLUMNS = new Set(['thread', 'invoker', 'next']);

/** Where a value leads by its column's name, or null for nowhere. Records and threads are of the row's run, else of the one that the question calls `:run`. */
export function linkOf({ columns, run, latest, sql }: SqlAnswer, row: readonly SqlValue[], column: number): SqlLink | null {
  const name = columns[column]!.name;
  const value = row[column]!;
  if (name === 'run' && typeof value === 'string') return { kind: 'run', run: value };
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) return null;
  const own = row[columns.findIndex((each) => each.name === 'run')];
  const of = typeof own === 'string' ? own : latest ?? (/:run\b/.test(sql) ? run : null);
  if (of === null) return null;
  if (RECORD_COLUMNS.has(name)) return { kind: 'record', run: of, seq: value };
  return THREAD_COLUMNS.has(name) ? { kind: 'thread', run: of, thread: value } : null;
}

/** An answer as CSV (RFC 4180): NULL is empty. */
export function csvOf({ columns, rows }: Pick<SqlResult, 'columns' | 'rows'>): string {
  const cell = (value: SqlValue): string => {
    const text = value === null ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.map(({ name }) => name), ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

function kept(storage: Pick<Storage, 'getItem'> | null): string[] {
  try {
    const list: unknown = JSON.parse(storage?.getItem(KEY) ?? '[]');
    return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}
