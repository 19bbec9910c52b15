// SPDX-License-Identifier: BSD-2-Clause
import type { Database } from 'better-sqlite3';
import { BatchError } from '../../schema/trace/batch.ts';
import { StoreError } from '../errors.ts';
import { isTraceFile } from '../store/location.ts';
import { asStoreError, openReader, openWriter } from '../store/open.ts';
import { SqliteError } from '../store/sqlite.ts';

/**
 * Opens a store for reading, also while a service writes it; a data directory of an earlier version is brought to this one
 * first, a trace file is not. Throws a StoreError or a DataInUseError.
 */
export function openForExport(location: string): Database {
  try {
    return openReader(location);
  } catch (error) {
    if (!(error instanceof StoreError) || error.fault !== 'too-old' || isTraceFile(location)) throw error;
    openWriter(location).close();
    return openReader(location);
  }
}

/** What reading a store threw, as a StoreError where the store is to blame; other errors pass unchanged. */
export function asReadError(error: unknown, location: string): unknown {
  return error instanceof SqliteError || error instanceof BatchError ? asStoreError(error, location) : error;
}
