// SPDX-License-Identifier: BSD-2-Clause
import type { Database } from 'better-sqlite3';
import { StoreError } from '../errors.ts';
import { openReader, openWriter } from '../store/open.ts';

/**
 * Opens the store of a data directory for reading, also while a service writes it; one of an earlier version is brought to
 * this one first. Throws a StoreError or a DataInUseError.
 */
export function openForExport(directory: string): Database {
  try {
    return openReader(directory);
  } catch (error) {
    if (!(error instanceof StoreError) || error.fault !== 'too-old') throw error;
    openWriter(directory).close();
    return openReader(directory);
  }
}
