// SPDX-License-Identifier: BSD-2-Clause
/** The service's end of {@link JOBS}: one at a time, so that nobody fills memory or disk by asking often. */
import { Worker } from 'node:worker_threads';
import { RequestError } from '../errors.ts';
import { workerModule } from '../package-paths.ts';
import { unpackError } from '../thread-errors.ts';
import type { Job, JobParameters, JobResult, ReportProgress } from './maintenance-jobs.ts';
import type { FromJob, JobWorkerData } from './maintenance-worker.ts';

/** How a job is watched, and broken off. */
export interface Watch {
  readonly signal?: AbortSignal;
  readonly report?: ReportProgress;
}

export class Maintenance {
  private readonly location: string;
  private worker: Worker | undefined;
  private claimed = false;
  private closed = false;

  constructor(location: string) {
    this.location = location;
  }

  /** Keeps others out until what it returns is called, once. Throws a RequestError `unavailable` while somebody else does. */
  claim(): () => void {
    if (this.claimed) throw new RequestError('unavailable', 'an import, backup or check is under way', 'try again when it is done');
    this.claimed = true;
    return () => { this.claimed = false; };
  }

  /**
   * Does a job; to be called by whoever has the claim. Rejects with what the job throws, or a RequestError `unavailable` when
   * `signal` aborts it or the service is closed before.
   */
  run<J extends Job>(job: J, { signal, report }: Watch, ...parameters: JobParameters<J>): Promise<JobResult<J>> {
    if (this.closed) return Promise.reject(new RequestError('unavailable', 'the service is shutting down'));
    const worker = new Worker(workerModule('server/store/maintenance-worker.ts'), { workerData: { location: this.location, job, parameters } satisfies JobWorkerData, name: job });
    this.worker = worker;
    signal?.addEventListener('abort', () => void worker.terminate());
    return new Promise<JobResult<J>>((resolve, reject) => {
      worker.on('message', (message: FromJob) => {
        if ('progress' in message) report?.(message.progress);
        else if ('error' in message) reject(unpackError(message.error));
        else resolve(message.result as JobResult<J>);
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new RequestError('unavailable', 'the job was broken off')));
    });
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    this.closed = true;
    await this.worker?.terminate();
  }
}
