// SPDX-License-Identifier: BSD-2-Clause
/** What the main thread asks the query worker, and what it answers. */
import type { Answer } from '../one-question-at-a-time.ts';
import type { TraceReader } from './trace-reader.ts';

/** The questions a store answers: the methods of TraceReader. */
export type Question = Exclude<keyof TraceReader, 'close'>;
export type Arguments<Q extends Question> = Parameters<TraceReader[Q]>;
export type Reply<Q extends Question> = ReturnType<TraceReader[Q]>;

/** `workerData` of the query worker. */
export interface QueryWorkerData {
  readonly directory: string;
}

/** One question at a time; its answer carries its number. */
export interface ToQuery {
  readonly id: number;
  readonly question: Question;
  readonly parameters: readonly unknown[];
}

export type FromQuery = Answer<unknown>;
