// SPDX-License-Identifier: BSD-2-Clause
/** Table `job`: what is kept of jobs, so that a restart does not forget them. Written as they begin and end, not as they advance. */
import type { Database } from 'better-sqlite3';
import type { Job } from '../../schema/api/index.ts';

/** A job with what it was asked for, from which it can be started again. */
export type KeptJob = Job & { request: unknown };

/** What is shown of a job that is kept. */
export function jobOf(kept: KeptJob): Job {
  const job: Partial<KeptJob> = { ...kept };
  delete job.request;
  return job as Job;
}

/** Jobs that are kept; the oldest that have ended go first. */
export const MOST_JOBS = 1000;

const INTERRUPTED = 'the service went away before it was done';

/** Writes a job, or what of it changed, and forgets those that are too many. */
export function saveJob(db: Database, { id, kind, state, createdAt, endedAt, progress, error, result, request }: KeptJob): void {
  db.transaction(() => {
    db.prepare(`INSERT INTO job (name, kind, state, created_at, ended_at, request, progress, error, result)
      VALUES (:id, :kind, :state, :createdAt, :endedAt, :request, :progress, :error, :result)
      ON CONFLICT (name) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at, progress = excluded.progress, error = excluded.error, result = excluded.result`)
      .run({
        id, kind, state, error, createdAt: Date.parse(createdAt), endedAt: endedAt === null ? null : Date.parse(endedAt),
        request: JSON.stringify(request), progress: JSON.stringify(progress), result: JSON.stringify(result),
      });
    db.prepare('DELETE FROM job WHERE ended_at IS NOT NULL AND id <= (SELECT max(id) FROM job) - ?').run(MOST_JOBS);
  }).immediate();
}

/** Marks jobs of a service that is gone. */
export function interruptJobs(db: Database, now: number): void {
  db.prepare("UPDATE job SET state = 'interrupted', ended_at = ?, error = ? WHERE ended_at IS NULL").run(now, INTERRUPTED);
}
