// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { Compile } from 'typebox/compile';
import { AnomalyQuery, HexWord, LiveMessage, RecordQuery, RunParams } from './index.ts';

const query = Compile(RecordQuery);

describe('record query', () => {
  it('takes filters and a range', () => {
    expect(query.Check({})).toBe(true);
    expect(query.Check({ from: 1, to: 2, thread: 0, method: 'TCBResume', outcome: 'error', limit: 5000 })).toBe(true);
  });

  it.each([{ from: 0 }, { to: 2 ** 53 }, { limit: 0 }, { limit: 5001 }, { thread: -1 }, { thread: 1.5 }, { outcome: 'eror' }, { form: 1 }, { method: '' }, { limit: '7' }])(
    'refuses %j', (bad) => {
      expect(query.Check(bad)).toBe(false);
    });
});

it('an anomaly query refuses a rule that is no rule id', () => {
  expect(Compile(AnomalyQuery).Check({ rule: 'K05' })).toBe(true);
  expect(Compile(AnomalyQuery).Check({ rule: 'k5' })).toBe(false);
});

it('run ids cannot walk the file system', () => {
  const params = Compile(RunParams);
  expect(params.Check({ run: '6f1c8f9e-5d0e-4c52-9a53-0f7f3c2f2f11' })).toBe(true);
  expect(params.Check({ run: 'latest~12' })).toBe(true);
  expect(params.Check({ run: 'first~1' })).toBe(false);
  expect(params.Check({ run: '../etc' })).toBe(false);
  expect(params.Check({ run: '' })).toBe(false);
  expect(params.Check({ run: 'x'.repeat(129) })).toBe(false);
});

it('words are hexadecimal text, never numbers', () => {
  const word = Compile(HexWord);
  expect(word.Check('0xffffffffffffffff')).toBe(true);
  expect(word.Check('0x1ffffffffffffffff')).toBe(false);
  expect(word.Check(255)).toBe(false);
});

it('live messages are told apart by type', () => {
  const message = Compile(LiveMessage);
  expect(message.Check({ type: 'skipped', run: 'a', records: 3, anomalies: 0, threads: 0, from: 1, to: 3 })).toBe(true);
  expect(message.Check({ type: 'other' })).toBe(false);
});
