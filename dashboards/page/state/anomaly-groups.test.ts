// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import type { AnomalyGroup } from '../../../schema/api/index.ts';
import { byRule, orderedGroups, shownGroups, situation, unmarked } from './anomaly-groups.ts';

function group(rule: string, method: string, count: number, kept = count): AnomalyGroup {
  return { fingerprint: `${rule}/${method}/Call/replied/rw`, rule, severity: 'error', method, count, kept, firstSeq: 1, lastSeq: 9, state: 'open', reason: '' };
}

const GROUPS = [group('K05', 'Consumed', 200_000, 10_000), group('N01', 'Consumed', 5), group('K05', 'YieldTo', 2)];

it('puts groups under their rule, in the order of the first of each', () => {
  expect(byRule(GROUPS).map(({ rule, count, groups }) => [rule, count, groups.map((each) => each.method)])).toEqual([
    ['K05', 200_002, ['Consumed', 'YieldTo']], ['N01', 5, ['Consumed']],
  ]);
  expect(orderedGroups(GROUPS).map((each) => each.fingerprint)).toEqual([GROUPS[0], GROUPS[2], GROUPS[1]].map((each) => each!.fingerprint));
});

it('leaves out groups about which somebody has decided, or shows only those', () => {
  const groups = [{ ...GROUPS[0]!, state: 'acknowledged' as const }, { ...GROUPS[1]!, state: 'regressed' as const }, GROUPS[2]!];
  expect(shownGroups(groups, 'all')).toEqual(groups);
  expect(shownGroups(groups, 'undecided')).toEqual(groups.slice(1));
  expect(shownGroups(groups, 'acknowledged')).toEqual(groups.slice(0, 1));
  expect(shownGroups(groups, 'fixed')).toEqual([]);
});

it('tells how many anomalies a flood left without a mark', () => {
  expect(unmarked(GROUPS)).toBe(190_000);
  expect(unmarked([])).toBe(0);
});

it('says the situation that tells two groups of a method apart', () => {
  expect(situation(GROUPS[0]!)).toBe('Call, replied, rw');
  expect(situation({ ...GROUPS[0]!, fingerprint: 'of another form' })).toBe('');
});
