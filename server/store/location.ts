// SPDX-License-Identifier: BSD-2-Clause
/** A store is named by its data directory; one that is only read also by its trace file, which is a database by itself. */
import { statSync } from 'node:fs';
import { join } from 'node:path';

/** The database of a store. */
export function dataFile(location: string): string {
  return isTraceFile(location) ? location : join(location, 'traces.db');
}

/** Whether a location names a file, and no directory. */
export function isTraceFile(location: string): boolean {
  return statSync(location, { throwIfNoEntry: false })?.isFile() === true;
}

/** What a recheck of a run is to change, while it is under way. */
export function planFile(directory: string): string {
  return join(directory, 'recheck.plan');
}

/** Held locked by the service that writes the directory. */
export function lockFile(directory: string): string {
  return join(directory, 'service.lock');
}

/** Says which process that is, for people. */
export function holderFile(directory: string): string {
  return join(directory, 'service.pid');
}
