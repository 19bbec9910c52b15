// SPDX-License-Identifier: BSD-2-Clause
import type { Job, JobProgress, JobState, JobSummary } from '../../schema/api/index.ts';
import { jobOf, type KeptJob } from '../store/stored-jobs.ts';

/** Told of a job when it begins, gets on or ends. What it is given is its own. */
export type JobListener = (job: JobSummary) => void;

type Mutable<Result> = JobSummary & { result: Result; readonly request: unknown };

/** A job that somebody does. Whoever does it looks at `signal`: it aborts when the job ends, also by somebody else. */
export class TrackedJob<Result = unknown> {
  private readonly job: Mutable<Result>;
  private readonly advanced: JobListener;
  private readonly changed: () => void;
  private readonly abort = new AbortController();

  /**
   * @param advanced told whatever happens
   * @param changed told when it begins and ends
   */
  constructor(job: Mutable<Result>, advanced: JobListener, changed: () => void) {
    this.job = job;
    this.advanced = advanced;
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
    this.changed();
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
    this.changed();
    this.abort.abort();
  }

  /** As it is now. */
  snapshot(): Job {
    return jobOf(this.kept());
  }

  /** As it is now, with what it was asked for. */
  kept(): KeptJob {
    return structuredClone(this.job) as unknown as KeptJob;
  }

  /** As it is now, without what it came to. */
  summary(): JobSummary {
    const { id, kind, state, createdAt, endedAt, progress, error } = this.job;
    return { id, kind, state, createdAt, endedAt, progress: { ...progress }, error };
  }

  private tell(): void {
    this.advanced(this.summary());
  }
}
