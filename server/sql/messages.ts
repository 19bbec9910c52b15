// SPDX-License-Identifier: BSD-2-Clause
/** What the service and its SQL process say to each other, one query at a time. */
import type { SqlQuery, SqlResult } from '../../schema/api/index.ts';
import type { PackedError } from '../thread-errors.ts';

export interface ToSql {
  readonly id: number;
  readonly query: SqlQuery;
}

export type FromSql =
  | { readonly id: number; readonly result: SqlResult }
  | { readonly id: number; readonly error: PackedError };

/** `workerData` of the watchdog. */
export interface WatchdogData {
  readonly parent: number;
  readonly memoryBytes: number;
}
