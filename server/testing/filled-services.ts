// SPDX-License-Identifier: BSD-2-Clause
/** Trace files, and services whose stores have runs already. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openWriter } from '../store/open.ts';
import { writeTraceFile } from '../store/trace-file.ts';
import { addRun } from './filled-store.ts';
import { runningService, temporaryDirectory, type RunningService } from './fixture.ts';

/** A trace file with these runs, of 250 records each. */
export function traceFile(...ids: string[]): string {
  const file = join(temporaryDirectory(), 'a.s4trace');
  writeTraceFile(file, (db) => { for (const id of ids) addRun(db, { id, records: 250 }); });
  return file;
}

/** A service on a store that has runs already. */
export async function serviceWith(...ids: string[]): Promise<RunningService> {
  const directory = temporaryDirectory();
  const { db, close } = openWriter(directory);
  for (const id of ids) addRun(db, { id, records: 250, changedAt: 2000 });
  close();
  return runningService({ dataDirectory: directory });
}

/** Files of uploads and backups that are still there. */
export const leftovers = (directory: string): string[] => readdirSync(directory).filter((name) => name.includes('.part'));
