// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { StoredRuns } from '../testing/stored-runs.ts';
import { findRun, needRun } from './find-run.ts';

function withRuns(...ids: string[]) {
  const runs = new StoredRuns();
  ids.forEach((id, i) => runs.add({ id }, [], 1000 + i));
  return (reference: string) => findRun(runs.db, reference)?.description.id;
}

it('finds a run by its id, before any other whose id begins so', () => {
  const find = withRuns('nightly-12', 'nightly-1', 'nightly-2');
  expect(find('nightly-1')).toBe('nightly-1');
  expect(find('nightly-3')).toBeUndefined();
});

it('finds a run by four characters or more of its id, if just one begins so', () => {
  const find = withRuns('f9f97e84-e821', '837dadd4-7686', '837dadd5-0000');
  expect(find('f9f9')).toBe('f9f97e84-e821');
  expect(find('837dadd5')).toBe('837dadd5-0000');
  expect(find('f9f')).toBeUndefined();
  expect(find('e821')).toBeUndefined();
  expect(() => find('837d')).toThrow(/several runs begin with 837d: 837dadd4-7686, 837dadd5-0000/);
});

it('takes characters of an id as they are, not as a pattern', () => {
  const find = withRuns('a_b-c', 'axb-c-d');
  expect(find('a_b-')).toBe('a_b-c');
  expect(find('A_B-')).toBeUndefined();
});

it('finds the run that started last, and those before it', () => {
  const find = withRuns('first', 'second', 'third');
  expect(find('latest')).toBe('third');
  expect(find('latest~0')).toBe('third');
  expect(find('latest~2')).toBe('first');
  expect(find('latest~3')).toBeUndefined();
});

it('says what to do without a run', () => {
  const { db } = new StoredRuns();
  expect(() => needRun(db, 'latest')).toThrow(/no runs yet/);
  expect(() => needRun(db, 'missing')).toThrow(/no run missing/);
});
