// SPDX-License-Identifier: BSD-2-Clause
import { TraceReader } from './query/trace-reader.ts';
import { openReader, openWriter } from './store/open.ts';

export interface OpenStoreOptions {
  /** Leave the file as it is. Without, one of an earlier version is brought to this one first, and a missing one made. */
  readonly readOnly: boolean;
}

/**
 * Opens the store of a data directory for questions, without a service; also while a service writes it.
 * Throws a StoreError, or (not `readOnly`) a DataInUseError when a service has the directory.
 */
export function openStore(directory: string, { readOnly }: OpenStoreOptions): TraceReader {
  if (!readOnly) openWriter(directory).close();
  return new TraceReader(openReader(directory));
}
