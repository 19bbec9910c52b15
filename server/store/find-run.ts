// SPDX-License-Identifier: BSD-2-Clause
/** Which run a person means: its id, the beginning of one, or `latest`. */
import type { Database } from 'better-sqlite3';
import { LATEST_RUN } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import { LATER_FIRST, runOfRow, SELECT_RUN, type RunRow, type StoredRun } from './run-row.ts';

/** Characters from which on the beginning of an id stands for it. */
const SHORTEST_BEGINNING = 4;
const BEFORE_LATEST = /^latest~([0-9]{1,6})$/;

/**
 * The run that `reference` names: an id; `latest`, the run that started last (and is not just being imported), or `latest~N`, the one N before it; or the first four
 * characters or more of just one id. Undefined when there is none; a RequestError when several ids begin so.
 */
export function findRun(db: Database, reference: string): StoredRun | undefined {
  const before = reference === LATEST_RUN ? 0 : BEFORE_LATEST.exec(reference)?.[1];
  if (before !== undefined) return asRun(db.prepare(`${SELECT_RUN} WHERE importing = 0 ${LATER_FIRST} LIMIT 1 OFFSET ?`).get(Number(before)));
  return asRun(db.prepare(`${SELECT_RUN} WHERE name = ?`).get(reference)) ?? findByBeginning(db, reference);
}

/** {@link findRun}, with a RequestError when there is none. */
export function needRun(db: Database, reference: string): StoredRun {
  const found = findRun(db, reference);
  if (found !== undefined) return found;
  throw reference === LATEST_RUN
    ? new RequestError('unknown-run', 'there are no runs yet', 'start one with: sel4scope run PROGRAM.ts')
    : new RequestError('unknown-run', `there is no run ${reference}`, 'GET /api/runs lists them');
}

function findByBeginning(db: Database, beginning: string): StoredRun | undefined {
  if (beginning.length < SHORTEST_BEGINNING) return undefined;
  // Ids are ASCII, so everything that begins so sorts before this end; the index on the name finds it.
  const found = db.prepare(`${SELECT_RUN} WHERE name >= :beginning AND name < :beginning || char(0x7f) ORDER BY name LIMIT 2`).all({ beginning }) as RunRow[];
  if (found.length > 1) {
    throw new RequestError('bad-request', `several runs begin with ${beginning}: ${found.map(({ name }) => name).join(', ')}, ...`, 'give more of the id');
  }
  return asRun(found[0]);
}

function asRun(row: unknown): StoredRun | undefined {
  return row === undefined ? undefined : runOfRow(row as RunRow);
}
