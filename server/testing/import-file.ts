// SPDX-License-Identifier: BSD-2-Clause
import type { ImportResult } from '../../schema/api/index.ts';
import type { Administration } from '../store/administration.ts';
import { importAll } from '../store/import-session.ts';

/** Imports runs of a trace file, all that are wanted or none. */
export async function importFile(administration: Administration, file: string, runs?: readonly string[]): Promise<ImportResult> {
  administration.beginImport(file, runs);
  return importAll({ slice: () => administration.importSlice(), undo: () => administration.undoImport() });
}
