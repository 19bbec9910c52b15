// SPDX-License-Identifier: BSD-2-Clause
import { join } from 'node:path';

/** The database of a data directory. */
export function dataFile(directory: string): string {
  return join(directory, 'traces.db');
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
