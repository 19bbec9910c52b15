// SPDX-License-Identifier: BSD-2-Clause
/** Opens the database of a data directory, for the one writer or for any number of readers. */
import { existsSync, mkdirSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { BatchError } from '../../schema/trace/batch.ts';
import { StoreError, DataInUseError } from '../errors.ts';
import { dataFile } from './location.ts';
import { lockDirectory, type DirectoryLock } from './lock.ts';
import { checkOwner, CURRENT_VERSION, migrate, versionOf } from './migrate.ts';
import { Sqlite } from './sqlite.ts';
import { removeTemporaryFiles } from './temporary-files.ts';

/** Page size of new databases: chunks are large rows, and larger pages mean fewer overflow links. */
export const PAGE_BYTES = 16_384;

export interface WriterConnection {
  readonly db: Database;
  close(): void;
}

/**
 * Opens (and makes, where there is none) the database for its one writer, and brings it to the current version.
 * Throws a DataInUseError or a StoreError.
 */
export function openWriter(directory: string): WriterConnection {
  let lock: DirectoryLock | undefined;
  try {
    mkdirSync(directory, { recursive: true });
    lock = lockDirectory(directory);
    removeTemporaryFiles(directory);
    const db = new Sqlite(dataFile(directory));
    try {
      db.pragma(`page_size = ${PAGE_BYTES}`);
      // Of a new database: retention gives pages back. One that is there already keeps its way until it is vacuumed.
      db.pragma('auto_vacuum = INCREMENTAL');
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = NORMAL');
      db.pragma('cache_size = -65536');
      db.pragma('wal_autocheckpoint = 2000');
      db.pragma('foreign_keys = ON');
      migrate(db);
    } catch (error) {
      db.close();
      throw error;
    }
    const held = lock;
    return { db, close: () => { closeWriter(db); held.release(); } };
  } catch (error) {
    lock?.release();
    throw asStoreError(error, directory);
  }
}

/** Moves the write-ahead log into the database: a reader that is still open would keep SQLite from doing so. */
function closeWriter(db: Database): void {
  try {
    db.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // No room, or no access any more: the log is complete as it is, and the next writer moves it.
  }
  db.close();
}

/** Opens the database for reading; never writes or makes it. Throws a StoreError. */
export function openReader(directory: string): Database {
  const file = dataFile(directory);
  if (!existsSync(file)) {
    throw new StoreError('missing', `no traces in ${directory}: ${file} does not exist; start the service or run a program first, or name the directory with --data`);
  }
  try {
    const db = new Sqlite(file, { readonly: true });
    try {
      // A trace file can come from anybody.
      db.pragma('trusted_schema = OFF');
      checkOwner(db);
      if (versionOf(db) < CURRENT_VERSION) {
        throw new StoreError('too-old', `${file} has format ${versionOf(db)} of an earlier version; start the service once to bring it to format ${CURRENT_VERSION}`);
      }
      db.pragma('cache_size = -65536');
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    throw asStoreError(error, directory);
  }
}

/** What SQLite, the file system or the reader of a stored batch said, as an error that names the way out. Errors of the service pass unchanged. */
export function asStoreError(error: unknown, directory: string): StoreError | DataInUseError {
  if (error instanceof StoreError || error instanceof DataInUseError) return error;
  const code = String((error as { code?: unknown }).code ?? '');
  const said = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  if (code === 'SQLITE_FULL' || code === 'ENOSPC') {
    return new StoreError('full', `no room left to store traces in ${directory} (${said}); free some space, or choose another directory with --data`, options);
  }
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_CANTOPEN') || ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'SQLITE_PERM'].includes(code)) {
    return new StoreError('not-writable', `cannot open or write the traces in ${directory} (${said}); check its permissions, or choose another directory with --data`, options);
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB' || error instanceof BatchError) {
    return new StoreError('damaged', `the traces in ${directory} cannot be read (${said}); move ${dataFile(directory)} away, or choose another directory with --data`, options);
  }
  return new StoreError('failed', `the traces in ${directory} cannot be read or written (${said})`, options);
}
