// SPDX-License-Identifier: BSD-2-Clause
/** Entry of a thread that does one job and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { packError, type PackedError } from '../thread-errors.ts';
import { JOBS, type Job } from './maintenance-jobs.ts';
import { asStoreError } from './open.ts';
import { SqliteError } from './sqlite.ts';

/** `workerData`. */
export interface JobWorkerData {
  readonly location: string;
  readonly job: Job;
  readonly parameters: readonly unknown[];
}

export type FromJob = { readonly result: unknown } | { readonly error: PackedError };

function run({ location, job, parameters }: JobWorkerData): FromJob {
  try {
    const work = JOBS[job] as (location: string, ...parameters: readonly unknown[]) => unknown;
    return { result: work(location, ...parameters) };
  } catch (error) {
    return { error: packError(error instanceof SqliteError ? asStoreError(error, location) : error) };
  }
}

parentPort!.postMessage(run(workerData as JobWorkerData));
