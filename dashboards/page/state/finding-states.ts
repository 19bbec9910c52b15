// SPDX-License-Identifier: BSD-2-Clause
/** Which findings a person wants to see, by what was decided about them. */
import type { FindingDecision, FindingState } from '../../../schema/api/index.ts';

/** `undecided`: open ones, and those that came back. */
export const STATE_FILTERS = ['all', 'undecided', 'open', 'regressed', 'acknowledged', 'expected', 'fixed'] as const;
export type StateFilter = (typeof STATE_FILTERS)[number];

/** What a person can decide. */
export type Decision = FindingDecision['state'];

const UNDECIDED: readonly FindingState[] = ['open', 'regressed'];

export function isShown(state: FindingState, filter: StateFilter): boolean {
  return filter === 'all' || (filter === 'undecided' ? UNDECIDED.includes(state) : state === filter);
}

/** The same as the parameter of a query; undefined for all. */
export function statesQuery(filter: StateFilter): string | undefined {
  return filter === 'all' ? undefined : filter === 'undecided' ? UNDECIDED.join(',') : filter;
}

/** Whether a decision is taken only with a reason. */
export function needsReason(decision: Decision): boolean {
  return decision === 'acknowledged' || decision === 'expected';
}
