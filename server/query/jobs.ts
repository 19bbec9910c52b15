// SPDX-License-Identifier: BSD-2-Clause
/** Jobs as they were written last; how far one that runs is, the service itself knows. */
import type { Database } from 'better-sqlite3';
import { DEFAULT_PAGE, type Job, type JobList, type JobQuery, type JobSummary } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import type { KeptJob } from '../store/stored-jobs.ts';

interface JobRow {
  readonly name: string;
  readonly kind: Job['kind'];
  readonly state: Job['state'];
  readonly created_at: number;
  readonly ended_at: number | null;
  /** JSON, as is `result` and `request`. */
  readonly progress: string;
  readonly error: string | null;
}

const SUMMARY = 'SELECT name, kind, state, created_at, ended_at, progress, error FROM job';

/** Newest first. Throws a RequestError for an `after` that names no job. */
export function readJobs(db: Database, { kind, state, after, limit = DEFAULT_PAGE }: JobQuery): JobList {
  const before = after === undefined ? null : db.prepare('SELECT id FROM job WHERE name = ?').pluck().get(after);
  if (before === undefined) throw unknownJob(after!);
  // One more than asked tells whether a next page exists.
  const rows = db.prepare(`${SUMMARY} WHERE (:before IS NULL OR id < :before) AND (:kind IS NULL OR kind = :kind) AND (:state IS NULL OR state = :state) ORDER BY id DESC LIMIT :limit + 1`)
    .all({ before, kind: kind ?? null, state: state ?? null, limit }) as JobRow[];
  const jobs = rows.slice(0, limit).map(summaryOf);
  return { jobs, next: rows.length > limit ? jobs.at(-1)!.id : null };
}

/** Throws a RequestError for a job that there is not. */
export function readJob(db: Database, id: string): KeptJob {
  const row = db.prepare('SELECT * FROM job WHERE name = ?').get(id) as (JobRow & { readonly result: string; readonly request: string }) | undefined;
  if (row === undefined) throw unknownJob(id);
  return { ...summaryOf(row), result: JSON.parse(row.result) as unknown, request: JSON.parse(row.request) as unknown } as KeptJob;
}

function summaryOf({ name, kind, state, created_at, ended_at, progress, error }: JobRow): JobSummary {
  return {
    id: name, kind, state, createdAt: new Date(created_at).toISOString(), endedAt: ended_at === null ? null : new Date(ended_at).toISOString(),
    progress: JSON.parse(progress) as JobSummary['progress'], error,
  };
}

function unknownJob(id: string): RequestError {
  return new RequestError('unknown-job', `there is no job ${id}`, 'GET /api/jobs lists them');
}
