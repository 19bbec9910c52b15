// SPDX-License-Identifier: BSD-2-Clause
/** Jobs of the service: how far they are, and what a person does about them. */
import type { Job, JobSummary, RecheckRequest } from '../../../schema/api/index.ts';
import { explainFailure, type Api } from './api.ts';
import type { State } from './model.ts';
import type { Store } from './store.ts';

export class JobWatch {
  private readonly api: Api;
  private readonly store: Store<State>;
  private readonly judged: () => void;

  /** @param judged called when a recheck has ended: findings may be others now */
  constructor(api: Api, store: Store<State>, judged: () => void) {
    this.api = api;
    this.store = store;
    this.judged = judged;
  }

  /** Takes a job as the feed tells of it. */
  receive(job: JobSummary): void {
    const { jobs } = this.store.get();
    const before = jobs.find(({ id }) => id === job.id);
    this.store.set({ jobs: [job, ...jobs.filter(({ id }) => id !== job.id)] });
    if (job.endedAt === null || before?.endedAt != null || job.kind !== 'recheck') return;
    this.judged();
    void this.readResult(job.id);
  }

  /** Runs the rules over stored records again. Resolves to why it could not be begun, or to nothing. */
  async recheck(request: RecheckRequest): Promise<string> {
    return this.act(() => this.api.recheck(request));
  }

  /** Ends a job. Resolves to why it could not be, or to nothing. */
  async cancel(id: string): Promise<string> {
    return this.act(() => this.api.cancelJob(id));
  }

  /** Shows no job that has ended. */
  dismiss(): void {
    this.store.set({ jobs: this.store.get().jobs.filter(({ endedAt }) => endedAt === null), recheck: null });
  }

  private async act(ask: () => Promise<Job>): Promise<string> {
    try {
      const job = await ask();
      // The feed may have been faster.
      const known = this.store.get().jobs.find(({ id }) => id === job.id);
      if (known === undefined || (known.endedAt === null && job.endedAt !== null)) this.receive(job);
      return '';
    } catch (failure) {
      return explainFailure(failure);
    }
  }

  private async readResult(id: string): Promise<void> {
    try {
      const job = await this.api.job(id);
      if (job.kind === 'recheck') this.store.set({ recheck: job });
    } catch {
      // The job itself says that it has ended; what it came to is a comfort.
    }
  }
}

/** How much of a job is done, from 0 to 1; null while that cannot be told. */
export function shareOf({ progress: { records, recordsDone, runs, runsDone } }: JobSummary): number | null {
  if (records > 0) return Math.min(1, recordsDone / records);
  return runs > 0 ? Math.min(1, runsDone / runs) : null;
}
