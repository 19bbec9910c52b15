// SPDX-License-Identifier: BSD-2-Clause
/** Passes on what jobs tell of themselves, not more often than a page needs: they advance many times a second. */
import type { JobSummary } from '../../schema/api/index.ts';
import type { JobListener } from '../jobs/tracked-job.ts';

/** Shortest time between two messages of a job that only tell how far it is, ms. */
const PROGRESS_INTERVAL = 250;

/** What was last told of a job. */
interface Told {
  readonly state: JobSummary['state'];
  /** Runs out when the next progress may be told. */
  readonly pause: NodeJS.Timeout;
  /** What came meanwhile. */
  later: JobSummary | undefined;
}

export class JobNews {
  private readonly pass: JobListener;
  private readonly told = new Map<string, Told>();

  constructor(pass: JobListener) {
    this.pass = pass;
  }

  /** Passes on that a job began, changed its state or ended at once, and its progress when it is time. */
  readonly changed: JobListener = (job) => {
    const told = this.told.get(job.id);
    if (told === undefined || told.state !== job.state) this.tell(job);
    else told.later = job;
  };

  /** Says nothing more. */
  close(): void {
    for (const { pause } of this.told.values()) clearTimeout(pause);
    this.told.clear();
  }

  private tell(job: JobSummary): void {
    clearTimeout(this.told.get(job.id)?.pause);
    if (job.endedAt !== null) this.told.delete(job.id);
    else this.told.set(job.id, { state: job.state, later: undefined, pause: setTimeout(() => this.resume(job), PROGRESS_INTERVAL).unref() });
    this.pass(job);
  }

  private resume({ id }: JobSummary): void {
    const later = this.told.get(id)?.later;
    if (later === undefined) this.told.delete(id);
    else this.tell(later);
  }
}
