// SPDX-License-Identifier: BSD-2-Clause
/** The jobs of this service that are under way: how far each is, what it came to, and who is told. What has ended is in the store. */
import { randomUUID } from 'node:crypto';
import type { JobKind, JobProgress, JobResults, JobSummary } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import type { KeptJob } from '../store/stored-jobs.ts';
import { TrackedJob, type JobListener } from './tracked-job.ts';

/** What a job is asked for, and how much there is to do. */
export interface NewJob {
  /** From which it can be started again. */
  readonly request?: unknown;
  readonly progress?: Partial<JobProgress>;
}

export interface StartedJob<Result> {
  readonly job: TrackedJob;
  readonly done: Promise<Result>;
}

export interface JobBookOptions {
  readonly advanced?: JobListener;
  /** Writes a job into the store. A job goes on when that fails. */
  readonly save?: (job: KeptJob) => Promise<void>;
}

export class JobBook {
  private readonly advanced: JobListener;
  private readonly save: (job: KeptJob) => Promise<void>;
  /** Those that have not ended, and those whose end is being written. */
  private readonly jobs = new Map<string, TrackedJob>();
  private readonly saving = new Set<Promise<void>>();

  constructor({ advanced = () => undefined, save = () => Promise.resolve() }: JobBookOptions = {}) {
    this.advanced = advanced;
    this.save = save;
  }

  /** Writes a new job down, as one that waits. */
  async enter<Kind extends JobKind>(kind: Kind, result: JobResults[Kind], { request = null, progress = {} }: NewJob = {}): Promise<TrackedJob<JobResults[Kind]>> {
    const job = new TrackedJob<JobResults[Kind]>({
      id: randomUUID(), kind, state: 'waiting', createdAt: new Date().toISOString(), endedAt: null, error: null,
      progress: { at: '', runs: 0, runsDone: 0, records: 0, recordsDone: 0, ...progress }, result, request,
    }, this.advanced, () => void this.write(job));
    this.jobs.set(job.id, job);
    this.advanced(job.summary());
    await this.write(job);
    return job;
  }

  /**
   * Begins a job at once; `work` gives its result. `done` rejects with what `work` throws, and with a RequestError
   * `unavailable` when somebody ended the job meanwhile.
   */
  async start<Kind extends Exclude<JobKind, 'recheck'>, Result extends JobResults[Kind]>(kind: Kind, work: (job: TrackedJob) => Promise<Result>, given: NewJob = {}): Promise<StartedJob<Result>> {
    const job: TrackedJob = await this.enter(kind, null, given);
    job.begin();
    return { job, done: carryOut(job, work) };
  }

  /** Those that have not ended. */
  open(): JobSummary[] {
    return [...this.jobs.values()].map((job) => job.summary()).filter(({ endedAt }) => endedAt === null);
  }

  /** A job that is not in the store as it is now; undefined for others. */
  find(id: string): TrackedJob | undefined {
    return this.jobs.get(id);
  }

  /** Ends all jobs, as those that can be started again. */
  async close(): Promise<void> {
    for (const job of this.jobs.values()) job.end('interrupted', 'the service was stopped before it was done');
    await Promise.all(this.saving);
  }

  private async write(job: TrackedJob): Promise<void> {
    const kept = job.kept();
    const saved = this.save(kept).then(() => { if (kept.endedAt !== null) this.jobs.delete(job.id); }, () => undefined);
    this.saving.add(saved);
    await saved;
    this.saving.delete(saved);
  }
}

async function carryOut<Result>(job: TrackedJob, work: (job: TrackedJob) => Promise<Result>): Promise<Result> {
  try {
    const result = await work(job);
    job.setResult(result);
    job.complete();
    return result;
  } catch (error) {
    if (job.signal.aborted) throw new RequestError('unavailable', 'somebody ended this job');
    job.end('failed', error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** Jobs of the store as they are now. */
export function asTheyAre(stored: readonly JobSummary[], book: JobBook): JobSummary[] {
  return stored.map((job) => book.find(job.id)?.summary() ?? job);
}

