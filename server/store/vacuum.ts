// SPDX-License-Identifier: BSD-2-Clause
import { statSync } from 'node:fs';
import { dataFile } from './location.ts';
import { asStoreError, openWriter } from './open.ts';

/**
 * Rewrites the database of a directory without gaps, and so that pages can be given back from then on; returns the bytes
 * of its file before and after. Throws a DataInUseError when a service has the directory, or a StoreError.
 */
export function vacuumStore(directory: string): { readonly before: number; readonly after: number } {
  const { db, close } = openWriter(directory);
  try {
    db.pragma('wal_checkpoint(TRUNCATE)');
    const before = statSync(dataFile(directory)).size;
    db.pragma('auto_vacuum = INCREMENTAL');
    db.exec('VACUUM');
    db.pragma('wal_checkpoint(TRUNCATE)');
    return { before, after: statSync(dataFile(directory)).size };
  } catch (error) {
    throw asStoreError(error, directory);
  } finally {
    close();
  }
}
