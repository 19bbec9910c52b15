// SPDX-License-Identifier: BSD-2-Clause
/** Brings a database to the current version. `user_version` says which migrations it has seen. */
import type { Database } from 'better-sqlite3';
import { StoreError } from '../errors.ts';
import { sql as first } from './migrations/001-first.ts';
import { sql as findings } from './migrations/002-findings.ts';
import { sql as runOrder } from './migrations/003-run-order.ts';
import { sql as threads } from './migrations/004-threads.ts';
import { sql as jobs } from './migrations/005-jobs.ts';

/** Migration i brings version i to i + 1. Those that were released are never edited. */
const MIGRATIONS: readonly string[] = [first, findings, runOrder, threads, jobs];

export const CURRENT_VERSION = MIGRATIONS.length;

/** Marks the file as ours (`application_id`): "s4sc". */
export const APPLICATION_ID = 0x73347363;

export function versionOf(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

/**
 * Runs the migrations that the database has not seen, each in a transaction, up to version `upTo`.
 * Throws a StoreError `too-new` or `damaged` for a file that this version cannot have written.
 */
export function migrate(db: Database, upTo = CURRENT_VERSION): void {
  checkOwner(db);
  for (let version = versionOf(db); version < upTo; version++) {
    db.transaction(() => {
      db.exec(MIGRATIONS[version]!);
      db.pragma(`user_version = ${version + 1}`);
      db.pragma(`application_id = ${APPLICATION_ID}`);
    })();
  }
}

/** Throws unless the database is empty or one of this service, of this version or an earlier one. */
export function checkOwner(db: Database): void {
  const version = versionOf(db);
  const owner = db.pragma('application_id', { simple: true }) as number;
  const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number;
  if (owner !== APPLICATION_ID && (owner !== 0 || version !== 0 || tables !== 0)) {
    throw new StoreError('damaged', `${db.name} is a database of another program; choose another directory with --data`);
  }
  if (version > CURRENT_VERSION) {
    throw new StoreError('too-new', `${db.name} was written by a later version of sel4scope (format ${version}, this one knows ${CURRENT_VERSION}); update sel4scope, or choose another directory with --data`);
  }
}
