// SPDX-License-Identifier: BSD-2-Clause
/** Copies of a whole store, taken while a service goes on. A backup is a trace file; named `traces.db` in a directory, it is a store again. */
import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { StoreError } from '../errors.ts';
import { asStoreError, openReader } from './open.ts';
import { Sqlite } from './sqlite.ts';
import { removeDatabase } from './temporary-files.ts';
import { publish } from './trace-file.ts';

/** Writes a backup as of now, and verifies it, before it gets its name. Throws a StoreError, and then leaves nothing behind. */
export function backupStore(location: string, file: string): void {
  const part = join(dirname(file), `.${basename(file)}.${randomUUID()}.part`);
  try {
    copyStore(location, part);
    publish(part, file);
  } catch (error) {
    removeDatabase(part);
    throw asStoreError(error, dirname(file));
  }
}

/** Copies a store as of now into a new file, compactly, and verifies the copy. Throws what SQLite throws, or a StoreError. */
export function copyStore(location: string, file: string): void {
  const source = openReader(location);
  let runs: unknown;
  try {
    source.prepare('VACUUM INTO ?').run(file);
    runs = source.prepare('SELECT count(*) FROM run').pluck().get();
  } finally {
    source.close();
  }
  verify(file, runs as number);
}

function verify(file: string, runsAfterwards: number): void {
  const copy = new Sqlite(file, { readonly: true, fileMustExist: true });
  try {
    const found = copy.pragma('integrity_check(1)', { simple: true }) as string;
    // Runs may have come since the copy was begun.
    const runs = copy.prepare('SELECT count(*) FROM run').pluck().get() as number;
    if (found !== 'ok' || runs > runsAfterwards) throw new StoreError('damaged', `the copy in ${file} is not what was copied (${found}, ${runs} of ${runsAfterwards} runs)`);
  } finally {
    copy.close();
  }
}
