// SPDX-License-Identifier: BSD-2-Clause
/** Entry of a thread that does one job and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { packError, type PackedError } from '../thread-errors.ts';
import type { CheckProgress } from './check.ts';
import { JOBS, type Job, type ReportProgress } from './maintenance-jobs.ts';
import { asStoreError } from './open.ts';
import { SqliteError } from './sqlite.ts';

/** `workerData`. */
export interface JobWorkerData {
  readonly location: string;
  readonly job: Job;
  readonly parameters: readonly unknown[];
}

export type FromJob = { readonly progress: CheckProgress } | { readonly result: unknown } | { readonly error: PackedError };

/** Shortest time between two reports, ms. */
const REPORT_INTERVAL = 100;

let lastReport = 0;

const report: ReportProgress = (progress) => {
  const now = Date.now();
  if (now - lastReport < REPORT_INTERVAL) return;
  lastReport = now;
  send({ progress });
};

function send(message: FromJob): void {
  parentPort!.postMessage(message);
}

function run({ location, job, parameters }: JobWorkerData): FromJob {
  try {
    const work = JOBS[job] as (location: string, report: ReportProgress, ...parameters: readonly unknown[]) => unknown;
    return { result: work(location, report, ...parameters) };
  } catch (error) {
    return { error: packError(error instanceof SqliteError ? asStoreError(error, location) : error) };
  }
}

send(run(workerData as JobWorkerData));
