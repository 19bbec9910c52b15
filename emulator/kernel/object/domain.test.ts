// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { CAP_TYPE, type Scheduling, type WordLike } from '../../../schema/abi/index.ts';
import type { ThreadCap } from '../capability.ts';
import { insertRoot } from '../cspace/derivation.ts';
import type { Slot } from '../slot.ts';
import { bareCSpace, bareKernel, errorWords, place, request, run } from '../testing.ts';
import { decodeDomain, initDomainSchedule } from './domain.ts';

function setUp(scheduling: Scheduling = 'mcs', domains = 4) {
  const kernel = bareKernel(scheduling);
  kernel.domains = domains;
  initDomainSchedule(kernel);
  const { cnode } = bareCSpace(kernel);
  insertRoot(cnode.slot(0), { type: CAP_TYPE.Domain, object: null });
  const thread = place(kernel, cnode.slot(1), 'TCB') as ThreadCap;
  const call = (method: string, words: WordLike[], extras: Slot[] = []) => run(kernel, decodeDomain, request(kernel, cnode.slot(0), method, words, extras));
  return { kernel, thread: thread.object, call, slot: (i: number) => cnode.slot(i) };
}

describe('Set', () => {
  it('moves a thread to a domain', () => {
    const { call, slot, thread } = setUp();
    expect(call('DomainSetSet', [3], [slot(1)])).toBe('done');
    expect(thread.domain).toBe(3);
  });

  it('checks message, domain, extra cap and its type, in this order', () => {
    const { call, slot } = setUp();
    expect(errorWords(call('TCBSuspend', [])).error).toBe('IllegalOperation');
    expect(errorWords(call('DomainSetSet', [], [slot(1)])).error).toBe('TruncatedMessage');
    expect(errorWords(call('DomainSetSet', [4]))).toEqual({ error: 'InvalidArgument', words: [0n] });
    expect(errorWords(call('DomainSetSet', [3])).error).toBe('TruncatedMessage');
    expect(errorWords(call('DomainSetSet', [3], [slot(0)]))).toEqual({ error: 'InvalidArgument', words: [1n] });
  });

  it('knows domain 0 only, unless there are more', () => {
    const { call, slot } = setUp('mcs', 1);
    expect(call('DomainSetSet', [0], [slot(1)])).toBe('done');
    expect(errorWords(call('DomainSetSet', [1], [slot(1)]))).toEqual({ error: 'InvalidArgument', words: [0n] });
  });
});

describe('the schedule', () => {
  it.each([['mcs', 700], ['classic', 14_000_000]] as const)('takes durations in ticks of a %s kernel', (scheduling, ns) => {
    const { kernel, call } = setUp(scheduling);
    expect(call('DomainScheduleConfigure', [2, 3, 7])).toBe('done');
    expect(kernel.domainSchedule[2]).toEqual({ domain: 3, duration: ns });
    expect(call('DomainScheduleConfigure', [2, 0, 0])).toBe('done');
    expect(kernel.domainSchedule[2]).toEqual({ domain: 0, duration: 0 });
  });

  it('refuses entries that cannot be', () => {
    const { call } = setUp();
    expect(errorWords(call('DomainScheduleConfigure', [2, 3])).error).toBe('TruncatedMessage');
    expect(errorWords(call('DomainScheduleConfigure', [99, 4, 1]))).toEqual({ error: 'RangeError', words: [0n, 98n] });
    expect(errorWords(call('DomainScheduleConfigure', [2, 4, 1]))).toEqual({ error: 'RangeError', words: [0n, 3n] });
    expect(errorWords(call('DomainScheduleConfigure', [2, 3, 2n ** 56n])).error).toBe('InvalidArgument');
    expect(errorWords(call('DomainScheduleConfigure', [2, 3, 0]))).toEqual({ error: 'InvalidArgument', words: [1n] });
    expect(errorWords(call('DomainScheduleConfigure', [0, 0, 0]))).toEqual({ error: 'InvalidArgument', words: [2n] });
    expect(call('DomainScheduleConfigure', [2, 3, 2n ** 56n - 1n])).toBe('done');
  });

  it('starts at once at another entry', () => {
    const { kernel, call } = setUp();
    call('DomainScheduleConfigure', [5, 2, 10]);
    expect(call('DomainScheduleSetStart', [5])).toBe('done');
    expect(kernel).toMatchObject({ domain: 2, domainScheduleStart: 5, domainScheduleIndex: 5, domainTimeLeft: 1000, rescheduleNeeded: true });
    expect(errorWords(call('DomainScheduleSetStart', [])).error).toBe('TruncatedMessage');
    expect(errorWords(call('DomainScheduleSetStart', [100]))).toEqual({ error: 'RangeError', words: [0n, 99n] });
    expect(errorWords(call('DomainScheduleSetStart', [6]))).toEqual({ error: 'InvalidArgument', words: [0n] });
    expect(errorWords(call('DomainScheduleConfigure', [5, 0, 0])).error).toBe('InvalidArgument');
  });
});
