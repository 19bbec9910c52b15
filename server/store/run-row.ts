// SPDX-License-Identifier: BSD-2-Clause
/** A row of table `run`, as the database has it and as the rest of the service sees it. */
import type { AnomalyCounts, RunEndName, RunStateName, RunSummary } from '../../schema/api/index.ts';
import type { RunDescription } from '../../schema/trace/names.ts';

/** States in column `state`; runs that are being imported have a mark of their own. */
export type StoredState = Exclude<RunStateName, 'importing'>;

/** Columns of table `run`. */
export interface RunRow {
  id: number;
  name: string;
  program: string;
  kernel: 'model' | 'image';
  kernel_version: string;
  configuration: string;
  seed: number;
  defects: string;
  release: string;
  build: string;
  machine: string;
  git_commit: string;
  /** JSON, of table `run_tag`. */
  tags: string;
  state: StoredState;
  end: RunEndName | null;
  end_detail: string;
  started_at: number;
  changed_at: number;
  records: number;
  replies: number;
  time: number;
  errors: number;
  warnings: number;
  infos: number;
  /** Revision of the rules that checked the run; empty when not known. */
  rules: string;
  /** ms since 1970, 0 while the records are there. */
  records_dropped_at: number;
  /** 1 while an import copies it. */
  importing: 0 | 1;
}

/** The state of a run as the service shows it. */
export const RUN_STATE_SQL = "CASE run.importing WHEN 1 THEN 'importing' ELSE run.state END";

/** Rows of {@link RunRow}; conditions follow. */
export const SELECT_RUN = `SELECT run.*, (SELECT json_group_array(tag) FROM (SELECT tag FROM run_tag WHERE run_tag.run = run.id ORDER BY tag)) AS tags FROM run`;

/** The order of runs: those that started last first. */
export const LATER_FIRST = 'ORDER BY run.started_at DESC, run.id DESC';

/** A run as the service knows it. `key` is its number in the database; times of day are ms since 1970, `time` is virtual ns. */
export interface StoredRun {
  readonly key: number;
  description: RunDescription;
  readonly startedAt: number;
  state: StoredState;
  /** An import has not completed it. */
  readonly importing: boolean;
  end: RunEndName | null;
  endDetail: string;
  changedAt: number;
  /** Records stored, and so the last sequence number. */
  records: number;
  replies: number;
  time: number;
  readonly anomalies: AnomalyCounts;
  rules: string;
  readonly recordsDroppedAt: number;
}

export function runOfRow(row: RunRow): StoredRun {
  return {
    key: row.id,
    description: {
      id: row.name, program: row.program, kernel: row.kernel, kernelVersion: row.kernel_version,
      configuration: row.configuration, seed: row.seed, defects: JSON.parse(row.defects) as string[],
      release: row.release, build: row.build, machine: row.machine, commit: row.git_commit, tags: JSON.parse(row.tags) as string[],
    },
    startedAt: row.started_at,
    state: row.state,
    importing: row.importing === 1,
    end: row.end,
    endDetail: row.end_detail,
    changedAt: row.changed_at,
    records: row.records,
    replies: row.replies,
    time: row.time,
    anomalies: { error: row.errors, warning: row.warnings, info: row.infos },
    rules: row.rules,
    recordsDroppedAt: row.records_dropped_at,
  };
}

export function runSummary(run: StoredRun): RunSummary {
  const { id, ...description } = run.description;
  return {
    run: id,
    ...description,
    defects: [...description.defects],
    tags: [...description.tags],
    state: run.importing ? 'importing' : run.state,
    end: run.end,
    endDetail: run.endDetail,
    startedAt: new Date(run.startedAt).toISOString(),
    changedAt: new Date(run.changedAt).toISOString(),
    records: run.records,
    time: run.time,
    anomalies: { ...run.anomalies },
    recordsDroppedAt: run.recordsDroppedAt === 0 ? null : new Date(run.recordsDroppedAt).toISOString(),
  };
}
