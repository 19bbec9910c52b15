// SPDX-License-Identifier: BSD-2-Clause
/** A row of table `run`, as the database has it and as the rest of the service sees it. */
import type { AnomalyCounts, RunEndName, RunStateName, RunSummary } from '../../schema/api/index.ts';
import type { RunDescription } from '../../schema/trace/names.ts';

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
  state: RunStateName;
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
}

/** A run as the service knows it. `key` is its number in the database; times of day are ms since 1970, `time` is virtual ns. */
export interface StoredRun {
  readonly key: number;
  readonly description: RunDescription;
  readonly startedAt: number;
  state: RunStateName;
  end: RunEndName | null;
  endDetail: string;
  changedAt: number;
  /** Records stored, and so the last sequence number. */
  records: number;
  replies: number;
  time: number;
  readonly anomalies: AnomalyCounts;
}

export function runOfRow(row: RunRow): StoredRun {
  return {
    key: row.id,
    description: {
      id: row.name, program: row.program, kernel: row.kernel, kernelVersion: row.kernel_version,
      configuration: row.configuration, seed: row.seed, defects: JSON.parse(row.defects) as string[],
    },
    startedAt: row.started_at,
    state: row.state,
    end: row.end,
    endDetail: row.end_detail,
    changedAt: row.changed_at,
    records: row.records,
    replies: row.replies,
    time: row.time,
    anomalies: { error: row.errors, warning: row.warnings, info: row.infos },
  };
}

export function runSummary(run: StoredRun): RunSummary {
  const { id, ...description } = run.description;
  return {
    run: id,
    ...description,
    defects: [...description.defects],
    state: run.state,
    end: run.end,
    endDetail: run.endDetail,
    startedAt: new Date(run.startedAt).toISOString(),
    changedAt: new Date(run.changedAt).toISOString(),
    records: run.records,
    time: run.time,
    anomalies: { ...run.anomalies },
  };
}
