// SPDX-License-Identifier: BSD-2-Clause
/** The main thread's end of the recheck worker. */
import { Worker } from 'node:worker_threads';
import { workerModule } from '../package-paths.ts';
import { unpackError } from '../thread-errors.ts';
import type { FromRecheck, RecheckWorkerData, ToRecheck } from './messages.ts';
import { NotCheckedError } from './not-checked-error.ts';
import type { RecheckPlan } from './plan.ts';

export class CheckWorker {
  private readonly worker: Worker;
  private waiting: { resolve: (plan: RecheckPlan) => void; reject: (error: Error) => void; progress: (records: number) => void } | undefined;

  /** Starts a worker on a data directory. */
  constructor(directory: string) {
    this.worker = new Worker(workerModule('server/recheck/worker.ts'), { workerData: { directory } satisfies RecheckWorkerData, name: 'recheck' });
    this.worker.on('message', (message: FromRecheck) => this.receive(message));
    this.worker.on('error', (error) => this.settle()?.reject(error));
    this.worker.on('exit', () => this.settle()?.reject(new Error('the recheck was ended')));
  }

  /** Judges a run. Rejects with a NotCheckedError, with what the store says, or when the worker is ended. */
  check(run: string, rule: string | null, progress: (records: number) => void): Promise<RecheckPlan> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject, progress };
      this.worker.postMessage({ run, rule } satisfies ToRecheck);
    });
  }

  /** Ends the worker at once, with whatever it is at. */
  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private receive(message: FromRecheck): void {
    switch (message.type) {
      case 'progress': return this.waiting?.progress(message.records);
      case 'planned': return this.settle()?.resolve(message.plan);
      case 'notChecked': return this.settle()?.reject(new NotCheckedError(message.why, message.message));
      case 'failed': return this.settle()?.reject(unpackError(message.error));
    }
  }

  private settle(): typeof this.waiting {
    const { waiting } = this;
    this.waiting = undefined;
    return waiting;
  }
}
