// SPDX-License-Identifier: BSD-2-Clause
/** What the service's main thread and the ingest worker say to each other. */
import type { AnomalyRow, RecordRow, RunSummary, ThreadRow } from '../../schema/api/index.ts';
import type { ServerMessage } from '../../schema/trace/wire.ts';
import type { Administration } from '../store/administration.ts';
import type { PackedError } from '../thread-errors.ts';

/** `workerData` of the ingest worker. */
export interface IngestWorkerData {
  readonly directory: string;
}

/** What can be changed in the store: the methods of Administration. */
export type Command = keyof Administration;
export type CommandArguments<C extends Command> = Parameters<Administration[C]>;
export type CommandResult<C extends Command> = ReturnType<Administration[C]>;

export type ToIngest =
  /** A frame of a producer's connection, in the order of arrival. The first frame of a number opens it. */
  | { readonly type: 'frame'; readonly connection: number; readonly bytes: Uint8Array }
  /** The producer is gone. */
  | { readonly type: 'disconnect'; readonly connection: number }
  /** Whether somebody watches: without, no rows are made for the live feed. */
  | { readonly type: 'watch'; readonly watched: boolean }
  /** Change the store; `done` with the same id answers. */
  | { readonly type: 'administer'; readonly id: number; readonly command: Command; readonly parameters: readonly unknown[] }
  /** Commit what is there and let go of the database. */
  | { readonly type: 'close' };

export type FromIngest =
  | { readonly type: 'ready' }
  /** The store cannot be opened; the worker ends. */
  | { readonly type: 'failed'; readonly error: PackedError }
  | { readonly type: 'answers'; readonly answers: readonly Answer[] }
  | { readonly type: 'news'; readonly news: readonly RunNews[] }
  /** Why the last commit failed; undefined when one went well again. */
  | { readonly type: 'problem'; readonly message: string | undefined }
  | { readonly type: 'done'; readonly id: number; readonly result: unknown }
  | { readonly type: 'refused'; readonly id: number; readonly error: PackedError }
  | { readonly type: 'closed' };

/** What to tell a producer. */
export interface Answer {
  readonly connection: number;
  readonly message: ServerMessage;
  /** Frames of the connection that are dealt with now. */
  readonly released: number;
  /** End the connection after it. */
  readonly close: boolean;
}

/** What a commit changed in a run. */
export interface RunNews {
  readonly run: RunSummary;
  /** Records that the run had before. */
  readonly recordsBefore: number;
  /** Its tags were changed. */
  readonly retagged?: boolean;
  /** It began, or goes on after an interruption. */
  readonly started: boolean;
  /** It ended, or was interrupted. */
  readonly ended: boolean;
  /** Threads with a new name. */
  readonly threads: readonly ThreadRow[];
  /** The newest of the new records, at most `LIVE_ROWS`; none when nobody watches. */
  readonly rows: readonly RecordRow[];
  /** The newest of the new anomalies, at most `LIVE_ROWS`, of `anomaliesFound`. */
  readonly anomalies: readonly AnomalyRow[];
  readonly anomaliesFound: number;
}
