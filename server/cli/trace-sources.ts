// SPDX-License-Identifier: BSD-2-Clause
/** Trace files and data directories that are read, and stay as they are. */
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { RequestError } from '../errors.ts';
import { examineForeign, foreignVersion, openForeign, refuseDamaged } from '../store/foreign-store.ts';
import { dataFile, isTraceFile } from '../store/location.ts';
import { CURRENT_VERSION } from '../store/migrate.ts';
import { Sqlite, SqliteError } from '../store/sqlite.ts';

/** The location itself, or, for one of an earlier version, a copy in `folder` that was brought to this one. Throws a RequestError for what is no trace. */
export function readableCopy(location: string, folder: string): string {
  if (foreignVersion(location) === CURRENT_VERSION) return location;
  const copy = copyInto(location, folder);
  examineForeign(copy);
  return copy;
}

/** A file with all of the location, that can be sent somewhere: a trace file itself, or a copy of what lies in more than one file. */
export function wholeFile(location: string, folder: string): string {
  foreignVersion(location);
  const log = statSync(`${dataFile(location)}-wal`, { throwIfNoEntry: false });
  return isTraceFile(location) && (log === undefined || log.size === 0) ? location : copyInto(location, folder);
}

/** Opens a location for reading, checked for damage, by way of a copy if need be. Throws a RequestError. */
export function openChecked(location: string, folder: string): Database {
  const copy = readableCopy(location, folder);
  const db = openForeign(copy);
  try {
    if (copy === location) refuseDamaged(db, location);
    return db;
  } catch (error) {
    db.close();
    throw error instanceof SqliteError ? new RequestError('bad-request', `${location} is damaged: ${error.message}`) : error;
  }
}

function copyInto(location: string, folder: string): string {
  const copy = join(folder, `${randomUUID()}.s4trace`);
  const db = new Sqlite(dataFile(location), { readonly: true, fileMustExist: true });
  try {
    db.prepare('VACUUM INTO ?').run(copy);
  } finally {
    db.close();
  }
  return copy;
}
