// SPDX-License-Identifier: BSD-2-Clause
/** Every job since the start of the service: how far it is, what it came to, and who is told. */
import { randomUUID } from 'node:crypto';
import type { Job, JobKind, JobProgress, JobResults, JobState, JobSummary } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';

/** Jobs that are remembered. */
const MOST_JOBS = 100;

/** Told of a job when it begins, gets on or ends. What it is given is its own. */
export type JobListener = (job: JobSummary) => void;

/** A job that somebody does. Whoever does it looks at `signal`: it aborts when somebody ends the job. */
export class TrackedJob<Result = unknown> {
  private readonly job: JobSummary & { result: Result };
  private readonly changed: JobListener;
  private readonly abort = new AbortController();

  constructor(job: JobSummary & { result: Result }, changed: JobListener) {
    this.job = job;
    this.changed = changed;
  }

  get id(): string {
    return this.job.id;
  }

  get state(): JobState {
    return this.job.state;
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  get progress(): Readonly<JobProgress> {
    return this.job.progress;
  }

  /** It waits no longer. */
  begin(): void {
    this.job.state = 'running';
    this.tell();
  }

  /** Says how far it is. */
  advance(progress: Partial<JobProgress>): void {
    Object.assign(this.job.progress, progress);
    this.tell();
  }

  /** Says what it came to so far. */
  setResult(result: Result): void {
    this.job.result = result;
  }

  /** It came to its end: all that there was is done. */
  complete(): void {
    const { progress } = this.job;
    Object.assign(progress, { runsDone: Math.max(progress.runs, progress.runsDone), recordsDone: Math.max(progress.records, progress.recordsDone) });
    this.end('done');
  }

  /** A job that has ended stays as it is. */
  end(state: 'done' | 'failed' | 'cancelled' | 'interrupted', error: string | null = null): void {
    if (this.job.endedAt !== null) return;
    this.job.state = state;
    this.job.endedAt = new Date().toISOString();
    this.job.error = error;
    this.tell();
    this.abort.abort();
  }

  /** As it is now. */
  snapshot(): JobSummary & { result: Result } {
    return structuredClone(this.job);
  }

  /** As it is now, without what it came to. */
  summary(): JobSummary {
    const { id, kind, state, createdAt, endedAt, progress, error } = this.job;
    return { id, kind, state, createdAt, endedAt, progress: { ...progress }, error };
  }

  private tell(): void {
    this.changed(this.summary());
  }
}

export interface StartedJob<Result> {
  readonly job: TrackedJob;
  readonly done: Promise<Result>;
}

export class JobBook {
  private readonly changed: JobListener;
  /** Newest first. */
  private readonly jobs: TrackedJob[] = [];

  constructor(changed: JobListener = () => undefined) {
    this.changed = changed;
  }

  /** Writes a new job down, as one that waits. */
  enter<Kind extends JobKind>(kind: Kind, result: JobResults[Kind], progress: Partial<JobProgress> = {}): TrackedJob<JobResults[Kind]> {
    const job = new TrackedJob<JobResults[Kind]>({
      id: randomUUID(), kind, state: 'waiting', createdAt: new Date().toISOString(), endedAt: null, error: null,
      progress: { at: '', runs: 0, runsDone: 0, records: 0, recordsDone: 0, ...progress }, result,
    }, this.changed);
    this.jobs.unshift(job);
    if (this.jobs.length > MOST_JOBS) this.jobs.splice(this.jobs.findLastIndex(({ signal }) => signal.aborted), 1);
    this.changed(job.summary());
    return job;
  }

  /**
   * Begins a job at once; `work` gives its result. `done` rejects with what `work` throws, and with a RequestError
   * `unavailable` when somebody ended the job meanwhile.
   */
  start<Kind extends Exclude<JobKind, 'recheck'>, Result extends JobResults[Kind]>(kind: Kind, work: (job: TrackedJob) => Promise<Result>, progress: Partial<JobProgress> = {}): StartedJob<Result> {
    const job: TrackedJob = this.enter(kind, null, progress);
    job.begin();
    return { job, done: carryOut(job, work) };
  }

  /** Newest first. */
  list(): JobSummary[] {
    return this.jobs.map((job) => job.summary());
  }

  /** Those that have not ended. */
  open(): JobSummary[] {
    return this.list().filter(({ endedAt }) => endedAt === null);
  }

  /** Throws a RequestError for a job that there is not. */
  get(id: string): Job {
    return this.find(id).snapshot() as Job;
  }

  /** Ends a job; what it has done stays done. */
  cancel(id: string): Job {
    const job = this.find(id);
    job.end('cancelled');
    return job.snapshot() as Job;
  }

  /** Ends all jobs. */
  close(): void {
    for (const job of this.jobs) job.end('cancelled');
  }

  private find(id: string): TrackedJob {
    const job = this.jobs.find((each) => each.id === id);
    if (job === undefined) throw new RequestError('unknown-job', `there is no job ${id}`, 'GET /api/jobs lists them');
    return job;
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
