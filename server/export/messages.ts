// SPDX-License-Identifier: BSD-2-Clause
/** Between the main thread and an export worker. */
import type { PackedError } from '../thread-errors.ts';
import type { FileExport } from './export-run.ts';

/** `workerData` of an export worker. */
export interface ExportWorkerData {
  readonly directory: string;
  /** Run id, or `latest`. */
  readonly run: string;
  readonly request: FileExport;
}

/** Asks for the next piece. */
export const NEXT = 'next';

export type FromExport =
  | { readonly kind: 'piece'; readonly bytes: Uint8Array }
  /** Before the first piece: what `latest` stands for. */
  | { readonly kind: 'started'; readonly run: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: PackedError };
