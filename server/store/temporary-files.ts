// SPDX-License-Identifier: BSD-2-Clause
/** Files in a data directory that last as long as one request: uploads, and backups on their way out. */
import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const PATTERN = /^[0-9a-f-]{36}\.part(-journal|-wal|-shm)?$/;

/** Path of a file that does not exist yet. */
export function temporaryFile(directory: string): string {
  return join(directory, `${randomUUID()}.part`);
}

/** Removes what a service that was killed left behind. For the holder of the directory's lock. */
export function removeTemporaryFiles(directory: string): void {
  for (const name of readdirSync(directory)) if (PATTERN.test(name)) rmSync(join(directory, name), { force: true });
}

/** Removes a database file with what SQLite keeps beside it. */
export function removeDatabase(file: string): void {
  for (const each of [file, `${file}-journal`, `${file}-wal`, `${file}-shm`]) rmSync(each, { force: true });
}
