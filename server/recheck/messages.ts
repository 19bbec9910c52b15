// SPDX-License-Identifier: BSD-2-Clause
/** What the service's main thread and the recheck worker say to each other. */
import type { NotChecked } from '../../schema/api/index.ts';
import type { PackedError } from '../thread-errors.ts';
import type { RecheckPlan } from './plan.ts';

/** `workerData` of the recheck worker. */
export interface RecheckWorkerData {
  readonly directory: string;
}

/** Check one run, by its id; one at a time. */
export interface ToRecheck {
  readonly run: string;
  /** Ask this rule alone. */
  readonly rule: string | null;
}

export type FromRecheck =
  /** Records that are done so far. */
  | { readonly type: 'progress'; readonly records: number }
  | { readonly type: 'planned'; readonly plan: RecheckPlan }
  | { readonly type: 'notChecked'; readonly why: NotChecked['why']; readonly message: string }
  | { readonly type: 'failed'; readonly error: PackedError };
