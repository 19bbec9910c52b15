// SPDX-License-Identifier: BSD-2-Clause
/**
 * Trace files: stores of one file, without a log beside it, that can be copied, mailed and opened anywhere. A file
 * appears under its name when it is complete; what is there under that name before stays until then.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, renameSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { StoreError } from '../errors.ts';
import { migrate } from './migrate.ts';
import { asStoreError, PAGE_BYTES } from './open.ts';
import { Sqlite } from './sqlite.ts';
import { removeDatabase } from './temporary-files.ts';

/** Where a trace file goes that was given this name. */
export function traceFileName(given: string): string {
  return extname(given) === '' ? `${given}.s4trace` : given;
}

/** Throws a StoreError when the name is taken and `force` is not given, or when there is no directory for it. */
export function refuseTaken(file: string, force: boolean): void {
  needDirectory(file);
  if (existsSync(file) && !force) throw new StoreError('not-writable', `${file} exists already; choose another name, or overwrite it with --force`);
}

function needDirectory(file: string): void {
  if (!existsSync(dirname(file))) throw new StoreError('missing', `there is no directory ${dirname(file)} for ${basename(file)}`);
}

/** Makes a trace file of what `fill` writes. Throws a StoreError, or what `fill` throws, and then leaves nothing behind. */
export function writeTraceFile<T>(file: string, fill: (db: Database) => T): T {
  needDirectory(file);
  const part = join(dirname(file), `.${basename(file)}.${randomUUID()}.part`);
  try {
    const db = new Sqlite(part);
    let result: T;
    try {
      db.pragma(`page_size = ${PAGE_BYTES}`);
      // Nobody else knows the file, and after a failure it is removed.
      db.pragma('journal_mode = MEMORY');
      db.pragma('synchronous = OFF');
      db.pragma('foreign_keys = ON');
      migrate(db);
      result = fill(db);
      db.pragma('journal_mode = DELETE');
    } finally {
      db.close();
    }
    publish(part, file);
    return result;
  } catch (error) {
    removeDatabase(part);
    throw isSystemError(error) ? asStoreError(error, file) : error;
  }
}

/** Brings the database of a closed store into one file, and moves it to `file`. Throws a StoreError. */
export function sealTraceFile(database: string, file: string): void {
  try {
    const db = new Sqlite(database, { fileMustExist: true });
    try {
      db.pragma('wal_checkpoint(TRUNCATE)');
      db.pragma('journal_mode = DELETE');
    } finally {
      db.close();
    }
    publish(database, file);
  } catch (error) {
    throw asStoreError(error, file);
  }
}

/** Gives a complete file its name; after a power cut it is there wholly or not at all. */
export function publish(part: string, file: string): void {
  sync(part);
  renameSync(part, file);
  sync(dirname(file));
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function isSystemError(error: unknown): boolean {
  return typeof (error as { code?: unknown } | undefined)?.code === 'string';
}
