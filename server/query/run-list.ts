// SPDX-License-Identifier: BSD-2-Clause
import type { Database } from 'better-sqlite3';
import { DEFAULT_PAGE, type RunList, type RunQuery } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import { LATER_FIRST, RUN_STATE_SQL, runOfRow, runSummary, SELECT_RUN, type RunRow } from '../store/run-row.ts';

const CONDITIONS = {
  tag: 'EXISTS (SELECT 1 FROM run_tag wanted WHERE wanted.run = run.id AND wanted.tag = :tag)',
  program: 'run.program = :program',
  release: 'run.release = :release',
  kernel: 'run.kernel = :kernel',
  configuration: 'run.configuration = :configuration',
  state: `${RUN_STATE_SQL} = :state`,
} as const satisfies Partial<Record<keyof RunQuery, string>>;

/** A page of runs, those that started last first. Throws a RequestError for an `after` that names no run. */
export function readRuns(db: Database, query: RunQuery): RunList {
  const conditions: string[] = [];
  const parameters: Record<string, string | number> = { limit: query.limit ?? DEFAULT_PAGE };
  for (const [name, condition] of Object.entries(CONDITIONS) as [keyof typeof CONDITIONS, string][]) {
    const value = query[name];
    if (value === undefined) continue;
    conditions.push(condition);
    parameters[name] = value;
  }
  if (query.after !== undefined) {
    const last = db.prepare('SELECT id, started_at AS startedAt FROM run WHERE name = ?').get(query.after) as { id: number; startedAt: number } | undefined;
    if (last === undefined) throw new RequestError('unknown-run', `there is no run ${query.after} to go on after`, 'it may have been removed meanwhile: begin with the first page again');
    conditions.push('(run.started_at, run.id) < (:startedAt, :id)');
    Object.assign(parameters, last);
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  // One more than asked tells whether a next page exists.
  const rows = db.prepare(`${SELECT_RUN} ${where} ${LATER_FIRST} LIMIT :limit + 1`).all(parameters) as RunRow[];
  const runs = rows.slice(0, query.limit ?? DEFAULT_PAGE).map((row) => runSummary(runOfRow(row)));
  return { runs, next: rows.length > runs.length ? runs.at(-1)!.run : null };
}
