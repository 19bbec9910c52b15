// SPDX-License-Identifier: BSD-2-Clause
/**
 * Opens databases that come from elsewhere: trace files, uploads. Nothing in them is believed. A database can carry its
 * own views and triggers, so the schema has to be, to the letter, the one that this service makes for that version; what
 * the rows say is checked by whoever reads them.
 */
import { existsSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { RequestError, StoreError } from '../errors.ts';
import { dataFile } from './location.ts';
import { APPLICATION_ID, checkOwner, CURRENT_VERSION, migrate, versionOf } from './migrate.ts';
import { Sqlite, SqliteError } from './sqlite.ts';

/**
 * Opens a trace file (or the database of a data directory) of this version for reading. Throws a RequestError that says
 * what is wrong with it; one of an earlier version has to be brought to this one first, see {@link examineForeign}.
 */
export function openForeign(location: string): Database {
  return opened(location, true, (db) => {
    checkForeign(db, location);
    if (versionOf(db) < CURRENT_VERSION) throw refused(location, `has format ${versionOf(db)}, this version of sel4scope writes ${CURRENT_VERSION}`);
  });
}

/** The format version of a trace file. Throws as {@link openForeign}. */
export function foreignVersion(location: string): number {
  const db = opened(location, true, (each) => checkForeign(each, location));
  const version = versionOf(db);
  db.close();
  return version;
}

/** Reads all of a copy that is ours to change for damage, and brings it to this version. Throws as {@link openForeign}. */
export function examineForeign(copy: string): void {
  opened(copy, false, (db) => {
    checkForeign(db, copy);
    refuseDamaged(db, copy);
    migrate(db);
    db.pragma('journal_mode = DELETE');
  }).close();
}

/** Reads all of a database. Throws a RequestError for damage that SQLite finds. */
export function refuseDamaged(db: Database, location: string): void {
  const found = db.pragma('integrity_check(1)', { simple: true }) as string;
  if (found !== 'ok') throw refused(location, `is damaged: ${found}`);
}

function opened(location: string, readonly: boolean, check: (db: Database) => void): Database {
  const file = dataFile(location);
  if (!existsSync(file)) throw refused(location, 'does not exist');
  try {
    const db = new Sqlite(file, { readonly, fileMustExist: true });
    try {
      db.pragma('trusted_schema = OFF');
      db.pragma('cell_size_check = ON');
      check(db);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof RequestError) throw error;
    if (!(error instanceof SqliteError || error instanceof StoreError)) throw error;
    throw new RequestError('bad-request', `${location} is no trace that can be read: ${error.message}`);
  }
}

function checkForeign(db: Database, location: string): void {
  if ((db.pragma('application_id', { simple: true }) as number) !== APPLICATION_ID) throw refused(location, 'is no trace file of sel4scope');
  checkOwner(db);
  const version = versionOf(db);
  const found = schemaOf(db);
  for (const [name, sql] of schemaOfVersion(version)) {
    if (found.get(name) !== sql) throw refused(location, `has not the tables of format ${version}: ${name} ${found.has(name) ? 'differs' : 'is missing'}`);
    found.delete(name);
  }
  const extra = [...found.keys()].find((name) => !STATISTICS.test(name));
  if (extra !== undefined) throw refused(location, `has more than the tables of format ${version}: ${extra}`);
}

/** What ANALYZE adds. */
const STATISTICS = /^table sqlite_stat[14]$/;

const schemas = new Map<number, ReadonlyMap<string, string | null>>();

function schemaOfVersion(version: number): ReadonlyMap<string, string | null> {
  let schema = schemas.get(version);
  if (schema === undefined) {
    const db = new Sqlite(':memory:');
    migrate(db, version);
    schema = schemaOf(db);
    db.close();
    schemas.set(version, schema);
  }
  return schema;
}

function schemaOf(db: Database): Map<string, string | null> {
  const rows = db.prepare('SELECT type, name, sql FROM sqlite_schema').all() as { type: string; name: string; sql: string | null }[];
  return new Map(rows.map(({ type, name, sql }) => [`${type} ${name}`, sql]));
}

function refused(location: string, what: string): RequestError {
  return new RequestError('bad-request', `${location} ${what}`);
}
