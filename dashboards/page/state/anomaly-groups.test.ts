// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import type { AnomalyGroup } from '../../../schema/api/index.ts';
import { byRule, orderedGroups, situation, unmarked } from './anomaly-groups.ts';

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

it('tells how many anomalies a flood left without a mark', () => {
  expect(unmarked(GROUPS)).toBe(190_000);
  expect(unmarked([])).toBe(0);
});

it('says the situation that tells two groups of a method apart', () => {
  expect(situation(GROUPS[0]!)).toBe('Call, replied, rw');
  expect(situation({ ...GROUPS[0]!, fingerprint: 'of another form' })).toBe('');
});
