// SPDX-License-Identifier: BSD-2-Clause
/** Work that takes longer than a request: started by one, watched and ended by others. */
import { Type, type Static, type TSchema } from 'typebox';
import { CheckReport, ImportResult, PruneReport } from './administration.ts';
import { Moment, Natural, RunId } from './common.ts';
import { PageLimit } from './records.ts';

/** Body of `POST /api/recheck`: which runs, by name or by what they are; one of the two. */
export const RecheckRequest = Type.Object({
  runs: Type.Optional(Type.Array(RunId, { minItems: 1, maxItems: 1000 })),
  select: Type.Optional(Type.Enum(['all', 'outdated'] as const, { description: '`outdated`: judged by another revision of the rules than this service has' })),
  rule: Type.Optional(Type.String({ pattern: '^[A-Z][0-9]{2}$', description: 'only this rule, e.g. K05' })),
}, { additionalProperties: false });
export type RecheckRequest = Static<typeof RecheckRequest>;

/** What a recheck changed, by rule: anomalies that are not found any more, that are new, and that stay. */
export const RuleTally = Type.Object({ rule: Type.String(), gone: Natural, added: Natural, same: Natural });
export type RuleTally = Static<typeof RuleTally>;

/**
 * Why a run keeps the anomalies it had. `running`: its producer still sends; `records-dropped`: retention took its records
 * away; `changed`: it changed meanwhile; `removed`: it is gone; `damaged`: its records cannot be read.
 */
export const NotChecked = Type.Object({
  run: Type.String(),
  why: Type.Enum(['running', 'records-dropped', 'changed', 'removed', 'damaged'] as const),
  message: Type.String(),
});
export type NotChecked = Static<typeof NotChecked>;

export const RecheckResult = Type.Object({
  /** Runs and records that were judged. */
  checked: Natural,
  records: Natural,
  /** Only rules that found something, before or now; in the order of their ids. */
  rules: Type.Array(RuleTally),
  changedRuns: Type.Array(Type.Object({ run: Type.String(), gone: Natural, added: Natural })),
  notChecked: Type.Array(NotChecked),
});
export type RecheckResult = Static<typeof RecheckResult>;

export const JobProgress = Type.Object({
  /** What it is at, for people; empty before it begins. */
  at: Type.String(),
  /** Totals are 0 where they are not known. */
  runs: Natural,
  runsDone: Natural,
  records: Natural,
  recordsDone: Natural,
});
export type JobProgress = Static<typeof JobProgress>;

/**
 * `recheck`: the rules judge stored runs again; `import`: runs of a trace file come in; `prune`: retention makes room;
 * `check`: the store is looked through; `backup`: it is copied.
 */
export const JOB_KINDS = ['recheck', 'import', 'prune', 'check', 'backup'] as const;
export const JobKind = Type.Enum(JOB_KINDS, { description: 'what a job does' });
export type JobKind = Static<typeof JobKind>;

/** `waiting` for another job; `cancelled`: somebody ended it; `interrupted`: the service went away before it was done. */
export const JOB_STATES = ['waiting', 'running', 'done', 'failed', 'cancelled', 'interrupted'] as const;
export const JobState = Type.Enum(JOB_STATES, { description: 'whether a job is under way, and how it ended' });
export type JobState = Static<typeof JobState>;

function jobFields<Kind extends TSchema>(kind: Kind) {
  return {
    id: Type.String(),
    kind,
    state: JobState,
    createdAt: Moment,
    endedAt: Type.Union([Moment, Type.Null()]),
    progress: JobProgress,
    /** Why it failed; null unless it did. */
    error: Type.Union([Type.String(), Type.Null()]),
  };
}

/** A job as a line of the list, and as the live feed shows it. */
export const JobSummary = Type.Object(jobFields(JobKind), { $id: 'JobSummary' });
export type JobSummary = Static<typeof JobSummary>;

function jobOf<Kind extends JobKind, Result extends TSchema>(kind: Kind, result: Result) {
  return Type.Object({ ...jobFields(Type.Literal(kind)), result });
}

/** A result that there is none of before the end. */
function atTheEnd<Result extends TSchema>(result: Result) {
  return Type.Union([result, Type.Null()]);
}

/** What it came to so far. */
export const RecheckJob = jobOf('recheck', RecheckResult);
export type RecheckJob = Static<typeof RecheckJob>;

export const ImportJob = jobOf('import', atTheEnd(ImportResult));
export type ImportJob = Static<typeof ImportJob>;

/** `GET /api/jobs/:id`, with what it came to. */
export const Job = Type.Union([
  RecheckJob, ImportJob, jobOf('prune', atTheEnd(PruneReport)), jobOf('check', atTheEnd(CheckReport)), jobOf('backup', Type.Null()),
], { $id: 'Job' });
export type Job = Static<typeof Job>;
/** What jobs come to, by their kind. */
export type JobResults = { [Kind in JobKind]: Extract<Job, { kind: Kind }>['result'] };

/** Query of `GET /api/jobs`. */
export const JobQuery = Type.Object({
  kind: Type.Optional(JobKind),
  state: Type.Optional(JobState),
  after: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: '`next` of the page before' })),
  limit: PageLimit,
}, { additionalProperties: false });
export type JobQuery = Static<typeof JobQuery>;

/** Newest first; the last thousand are kept. */
export const JobList = Type.Object({
  jobs: Type.Array(JobSummary),
  /** `after` of the next page, or null when this is the last. */
  next: Type.Union([Type.String(), Type.Null()]),
}, { $id: 'JobList' });
export type JobList = Static<typeof JobList>;

export const JobParams = Type.Object({ job: Type.String({ minLength: 1, maxLength: 64, description: 'job id' }) }, { additionalProperties: false });
export type JobParams = Static<typeof JobParams>;
