// SPDX-License-Identifier: BSD-2-Clause
/** Taking care of what is kept: imports, retention, checks. */
import { Type, type Static } from 'typebox';
import { Moment, Natural, RunId } from './common.ts';
import { Tag } from './runs.ts';

/** Query of `POST /api/import`, whose body is a trace file; it answers with a job. */
export const ImportQuery = Type.Object({
  runs: Type.Optional(Type.String({ minLength: 1, maxLength: 8192, description: 'ids of the runs to import, with commas between; all unless given' })),
}, { additionalProperties: false });
export type ImportQuery = Static<typeof ImportQuery>;

export const ImportedRun = Type.Object({
  run: RunId,
  records: Natural,
  /** `present`: the same run was there already; `without-records`: retention took its records where it comes from, so there is nothing to import. */
  outcome: Type.Enum(['imported', 'present', 'without-records'] as const),
});
export type ImportedRun = Static<typeof ImportedRun>;

/** What an import came to: all of a file, or after an error nothing. */
export const ImportResult = Type.Object({ runs: Type.Array(ImportedRun) }, { $id: 'ImportResult' });
export type ImportResult = Static<typeof ImportResult>;

/** A store that was looked through, `POST /api/admin/check`. */
export const CheckReport = Type.Object({
  ok: Type.Boolean(),
  runs: Natural,
  chunks: Natural,
  records: Natural,
  /** The first of them; `run` is null for what concerns no run in particular. */
  problems: Type.Array(Type.Object({ run: Type.Union([Type.String(), Type.Null()]), problem: Type.String() })),
  problemCount: Natural,
}, { $id: 'CheckReport' });
export type CheckReport = Static<typeof CheckReport>;

/** Body of `POST /api/admin/prune`: what goes; without any condition nothing does. */
export const RetentionPolicy = Type.Object({
  /** Of runs to which nothing has happened for so long, ms. */
  olderThanMs: Type.Optional(Natural),
  /** Of the oldest runs, while the store has more bytes in use than this. */
  maxBytes: Type.Optional(Natural),
  /** Of these runs. */
  runs: Type.Optional(Type.Array(RunId, { maxItems: 1000 })),
  /** Runs with one of these tags are never touched. */
  keepTags: Type.Optional(Type.Array(Tag, { maxItems: 64 })),
  /** `records`: records go, and runs keep their counts and anomalies; `runs`: runs go wholly (for `maxBytes`: once no records are left to go). */
  drop: Type.Enum(['records', 'runs'] as const),
}, { additionalProperties: false });
export type RetentionPolicy = Static<typeof RetentionPolicy>;

/** Answer of `POST /api/admin/prune`. */
export const PruneReport = Type.Object({
  runsWithoutRecords: Natural,
  runsRemoved: Natural,
  /** Of the database, for new records or given back to the file system. */
  bytesFreed: Natural,
}, { $id: 'PruneReport' });
export type PruneReport = Static<typeof PruneReport>;

/** Answer of `POST /api/admin/prune/plan`: what would be done. */
export const PrunePlan = Type.Object({
  steps: Type.Array(Type.Object({
    run: RunId, program: Type.String(), changedAt: Moment, records: Natural,
    drop: Type.Enum(['records', 'run'] as const),
    /** Of its records. */
    bytes: Natural,
  })),
  usedBytes: Natural,
}, { $id: 'PrunePlan' });
export type PrunePlan = Static<typeof PrunePlan>;
