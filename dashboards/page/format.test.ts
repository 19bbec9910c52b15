// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { recordRow, runSummary } from '../testing/fixtures.ts';
import {
  activity, clock, decimal, duration, hexGroups, naturalOf, plural, programName, receivedLabel, referenceUrl, replyLabel, runStateText, schedContextText, shortCount, stateWords, threadName, virtualTime, words,
} from './format.ts';

it('virtual time keeps every nanosecond', () => {
  expect(virtualTime(0)).toBe('0.000 000 000');
  expect(virtualTime(1_234_567_890)).toBe('1.234 567 890');
  expect(virtualTime(999_999_999)).toBe('0.999 999 999');
  expect(virtualTime(Number.MAX_SAFE_INTEGER)).toBe('9007199.254 740 991');
});

it.each([[0, '0 ns'], [999, '999 ns'], [1204, '1.204 µs'], [5_000_000, '5 ms'], [4_998_800, '4.999 ms'], [61e9, '61 s']])('a span of %i ns is %s', (ns, text) => {
  expect(duration(ns)).toBe(text);
});

it.each([[0, '0'], [999, '999'], [1000, '1.00k'], [12_345, '12.3k'], [999_600, '1.00M'], [4_560_000, '4.56M'], [2e15, '2000T']])('%i in short is %s', (value, text) => {
  expect(shortCount(value)).toBe(text);
});

describe('words', () => {
  it('fall into groups of four digits from the right', () => {
    expect(hexGroups('0x0')).toEqual(['0']);
    expect(hexGroups('0x27000')).toEqual(['2', '7000']);
    expect(hexGroups('0xffffffc080001000')).toEqual(['ffff', 'ffc0', '8000', '1000']);
  });

  it('are exact in decimal, and signed where they can be', () => {
    expect(decimal('0x1000')).toBe('4,096');
    expect(decimal('0x7fffffffffffffff')).toBe('9,223,372,036,854,775,807');
    expect(decimal('0xffffffffffffffff')).toBe('18,446,744,073,709,551,615 (signed -1)');
  });
});

it('counts things', () => {
  expect([plural(0, 'record'), plural(1, 'record'), plural(2500, 'record'), plural(2, 'anomaly', 'anomalies')]).toEqual(['0 records', '1 record', '2,500 records', '2 anomalies']);
});

it('labels of kernel replies are errors by name; a label that no reply may have stays a number', () => {
  expect([replyLabel(0), replyLabel(4), replyLabel(10), replyLabel(11)]).toEqual(['ok', 'RangeError', 'NotEnoughMemory', 'label 11']);
});

it('the label of a message between threads is no error', () => {
  const row = { ...recordRow(1), outcome: 'completed' as const, reply: { label: 4, length: 1 } };
  expect(receivedLabel(row)).toBe('label 4');
  expect(receivedLabel({ ...row, outcome: 'error' })).toBe('RangeError');
  expect(receivedLabel({ ...row, reply: null })).toBe('');
});

it('an activity is the method, else the system call, else the cause', () => {
  expect([recordRow(1), recordRow(2), recordRow(4)].map(activity)).toEqual(['CNodeMint', 'Send', 'vmFault']);
});

it('names what has no name', () => {
  expect([threadName(1, new Map([[1, 'root']])), threadName(2, new Map([[2, '']])), threadName(0, new Map())]).toEqual(['root', 'thread 2', 'idle thread']);
  expect([programName('/a/b/hello.ts'), programName('hello.ts'), programName('')]).toEqual(['hello.ts', 'hello.ts', 'unnamed program']);
  expect(words('outOfBudget')).toBe('out of budget');
});

it('says how a run ended only when it was not as usual', () => {
  expect(runStateText(runSummary('a', { state: 'running', end: null }))).toBe('live');
  expect(runStateText(runSummary('a'))).toBe('ended');
  expect(runStateText(runSummary('a', { end: 'crashed' }))).toBe('ended: crashed');
  expect(runStateText(runSummary('a', { state: 'interrupted', end: null }))).toBe('interrupted');
});

it('a moment of today is a time, of another day a date', () => {
  const now = new Date(2026, 0, 5, 12, 0, 0);
  expect(clock(new Date(2026, 0, 5, 9, 8, 7).toISOString(), now)).toBe('09:08:07');
  expect(clock(new Date(2025, 10, 5, 9, 8, 7).toISOString(), now)).toBe('2025-11-05');
  expect(clock('whenever', now)).toBe('whenever');
});

it('links issues and commits, and nothing else', () => {
  expect(referenceUrl('seL4#846')).toBe('https://github.com/seL4/seL4/issues/846');
  expect(referenceUrl('other/l4v#342')).toBe('https://github.com/other/l4v/issues/342');
  expect(referenceUrl('4ce6cbe9e')).toBe('https://github.com/seL4/seL4/commit/4ce6cbe9e');
  expect(referenceUrl('manual, Invocations')).toBeNull();
});

it.each<[string, string]>([['BlockedOnReceive', 'blocked on receive'], ['Running', 'running'], ['IdleThreadState', 'idle']])('thread state %s', (state, text) => {
  expect(stateWords(state as 'Running')).toBe(text);
});

it('scheduling context of a thread', () => {
  const text = (schedContext: { budgetUs: number | null; periodUs: number | null; name?: string } | null, schedContextKnown = true): string => schedContextText({
    schedContextKnown, schedContext: schedContext && { object: schedContext.name === undefined ? null : { id: 5, name: schedContext.name }, budgetUs: schedContext.budgetUs, periodUs: schedContext.periodUs, seq: 1 },
  });
  expect([text(null, false), text(null), text({ budgetUs: 5000, periodUs: 5000 }), text({ budgetUs: 1000, periodUs: 10_000, name: 'sc' }), text({ budgetUs: null, periodUs: null })])
    .toEqual(['', 'no scheduling context', 'budget 5 ms', 'sc budget 1 ms of 10 ms', 'scheduling context']);
});

it.each<[string, number | undefined]>([['12', 12], ['#1,234', 1234], ['', undefined], ['x', undefined], ['0', undefined], ['9999', undefined], ['1.5', undefined]])('number %j', (text, value) => {
  expect(naturalOf(text, 1, 2000)).toBe(value);
});
