// SPDX-License-Identifier: BSD-2-Clause
/**
 * One service writes a data directory at a time.
 *
 * The lock is an exclusive SQLite transaction on a file of its own: the operating system lets go of it whenever the
 * process ends, however it ends, so that a killed service leaves nothing to clean up.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { DataInUseError } from '../errors.ts';
import { holderFile, lockFile } from './location.ts';
import { Sqlite } from './sqlite.ts';

export interface DirectoryLock {
  release(): void;
}

/** Takes the lock of a directory. Throws a DataInUseError when another service has it. */
export function lockDirectory(directory: string): DirectoryLock {
  const db = new Sqlite(lockFile(directory), { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if ((error as { code?: string }).code === 'SQLITE_BUSY') {
      throw new DataInUseError(directory, `${directory} is in use by another sel4scope service${holderOf(directory)}; stop that one, or choose another directory with --data`);
    }
    throw error;
  }
  writeFileSync(holderFile(directory), `${process.pid}\n`);
  return { release: () => db.close() };
}

function holderOf(directory: string): string {
  try {
    return ` (process ${Number.parseInt(readFileSync(holderFile(directory), 'utf8'), 10)})`;
  } catch {
    return '';
  }
}
