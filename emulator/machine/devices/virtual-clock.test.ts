// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { HART } from '../memory/layout.ts';
import { testClock } from './testing.ts';

describe('virtual clock', () => {
  it('counts instructions and skipped time', () => {
    const { clock, retire } = testClock();
    retire(25);
    clock.skip(1_000n);
    expect(clock.now()).toBe(1_250n);
    expect(clock.ticks()).toBe(12n);
  });

  it('rings an alarm once its instruction has retired, not before', () => {
    const { clock, retire } = testClock();
    const rung: bigint[] = [];
    const alarm = clock.alarm(() => { alarm.clear(); rung.push(clock.now()); });
    alarm.set(95n);
    expect(clock.instructionsLeft()).toBe(10);
    retire(9);
    expect(rung).toEqual([]);
    retire(1);
    expect(rung).toEqual([100n]);
    expect(clock.armed).toBe(false);
  });

  it('skips to the next of several alarms', () => {
    const { clock } = testClock();
    const rung: string[] = [];
    const later = clock.alarm(() => { later.clear(); rung.push('later'); });
    const sooner = clock.alarm(() => { sooner.clear(); rung.push('sooner'); });
    later.set(5_000n);
    sooner.set(700n);
    expect(clock.skipToNextAlarm()).toBe(true);
    clock.ring();
    expect([clock.now(), ...rung]).toEqual([700n, 'sooner']);
    expect(clock.toNextAlarm()).toBe(4_300n);
    clock.skipToNextAlarm();
    clock.ring();
    expect(rung).toEqual(['sooner', 'later']);
    expect(clock.skipToNextAlarm()).toBe(false);
  });

  it('takes a deadline beyond 64 bits of nanoseconds for none', () => {
    const { clock } = testClock();
    const alarm = clock.alarm(() => undefined);
    alarm.set(0x2000_0000_0000_0000n * 100n);
    expect(clock.armed).toBe(false);
    alarm.set((1n << 64n) - 1n);
    expect(clock.armed).toBe(true);
  });

  it('takes a deadline in the past for one that is due', () => {
    const { clock, retire } = testClock();
    retire(100);
    let rung = 0;
    const alarm = clock.alarm(() => { alarm.clear(); rung++; });
    alarm.set(3n);
    clock.ring();
    expect(rung).toBe(1);
  });

  it('follows the hart state after it was restored', () => {
    const { state, clock } = testClock();
    clock.alarm(() => undefined).set(1_000n);
    state.setWord(HART.skipped, 400n);
    clock.reschedule();
    expect(clock.instructionsLeft()).toBe(60);
  });
});
