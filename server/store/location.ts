// SPDX-License-Identifier: BSD-2-Clause
import { join } from 'node:path';

/** The database of a data directory. */
export function dataFile(directory: string): string {
  return join(directory, 'traces.db');
}

/** Held locked by the service that writes the directory. */
export function lockFile(directory: string): string {
  return join(directory, 'service.lock');
}

/** Says which process that is, for people. */
export function holderFile(directory: string): string {
  return join(directory, 'service.pid');
}
