// SPDX-License-Identifier: BSD-2-Clause
import type { AnomalyGroup } from '../../../schema/api/index.ts';
import { isShown, type StateFilter } from './finding-states.ts';

/** Groups of one rule. */
export interface RuleGroups {
  readonly rule: string;
  readonly severity: AnomalyGroup['severity'];
  /** Anomalies found, over all groups. */
  readonly count: number;
  readonly groups: readonly AnomalyGroup[];
}

/** In which situation a group's anomalies were found (`Call, replied, rw`): what its fingerprint says beside rule and method. */
export function situation({ fingerprint, rule, method }: Pick<AnomalyGroup, 'fingerprint' | 'rule' | 'method'>): string {
  const known = `${rule}/${method}/`;
  return fingerprint.startsWith(known) ? fingerprint.slice(known.length).split('/').join(', ') : '';
}

/** Anomalies that were counted in a flood but not kept: their records carry no mark. */
export function unmarked(groups: readonly AnomalyGroup[]): number {
  return groups.reduce((sum, group) => sum + group.count - group.kept, 0);
}

/** Groups that a person wants to see. */
export function shownGroups(groups: readonly AnomalyGroup[], filter: StateFilter): readonly AnomalyGroup[] {
  return filter === 'all' ? groups : groups.filter(({ state }) => isShown(state, filter));
}

/** Groups by their rule. Rules stand in the order of their first group, which is that of severity and frequency. */
export function byRule(groups: readonly AnomalyGroup[]): RuleGroups[] {
  const rules = new Map<string, AnomalyGroup[]>();
  for (const group of groups) {
    const others = rules.get(group.rule);
    if (others === undefined) rules.set(group.rule, [group]);
    else others.push(group);
  }
  return [...rules].map(([rule, all]) => ({ rule, severity: all[0]!.severity, count: all.reduce((sum, each) => sum + each.count, 0), groups: all }));
}

/** The groups in the order in which they are listed. */
export function orderedGroups(groups: readonly AnomalyGroup[]): AnomalyGroup[] {
  return byRule(groups).flatMap((rule) => rule.groups);
}
