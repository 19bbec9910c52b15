// SPDX-License-Identifier: BSD-2-Clause
/** What the service and its SQL process say to each other, one query at a time. */
import type { SqlQuery, SqlResult } from '../../schema/api/index.ts';
import type { Answer } from '../one-question-at-a-time.ts';

export interface ToSql {
  readonly id: number;
  readonly query: SqlQuery;
}

export type FromSql = Answer<SqlResult>;

/** `workerData` of the watchdog. */
export interface WatchdogData {
  readonly parent: number;
  readonly memoryBytes: number;
}
