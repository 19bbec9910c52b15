// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { GoldfishRtc } from './goldfish-rtc.ts';
import { testClock } from './testing.ts';

const [TIME_LOW, TIME_HIGH, ALARM_LOW, ALARM_HIGH, IRQ_ENABLED, CLEAR_ALARM, ALARM_STATUS, CLEAR_INTERRUPT] = [0, 4, 8, 12, 16, 20, 24, 28] as const;

function rtc() {
  const time = testClock();
  const line = { raised: false };
  const device = new GoldfishRtc(time.clock, (raised) => { line.raised = raised; });
  return { ...time, device, line, read: (offset: number) => device.load(offset, 4), write: (offset: number, value: bigint) => device.store(offset, 4, value) };
}

describe('goldfish RTC', () => {
  it('shows virtual time; the upper half belongs to the last read of the lower', () => {
    const { clock, read } = rtc();
    clock.skip(0x1_ffff_ffffn);
    expect(read(TIME_LOW)).toBe(0xffff_ffffn);
    clock.skip(1n);
    expect(read(TIME_HIGH)).toBe(1n);
    expect([read(TIME_LOW), read(TIME_HIGH)]).toEqual([0n, 2n]);
  });

  it('can be set', () => {
    const { clock, read, write } = rtc();
    clock.skip(500n);
    write(TIME_HIGH, 3n);
    write(TIME_LOW, 0x100n);
    clock.skip(5n);
    expect([read(TIME_LOW), read(TIME_HIGH)]).toEqual([0x105n, 3n]);
  });

  it('raises its interrupt at the alarm, until it is cleared', () => {
    const { clock, line, read, write } = rtc();
    write(IRQ_ENABLED, 1n);
    write(ALARM_HIGH, 0n);
    write(ALARM_LOW, 2_000n);
    expect([read(ALARM_STATUS), line.raised]).toEqual([1n, false]);
    clock.skipToNextAlarm();
    clock.ring();
    expect([clock.now(), read(ALARM_STATUS), line.raised]).toEqual([2_000n, 0n, true]);
    write(CLEAR_INTERRUPT, 1n);
    expect(line.raised).toBe(false);
  });

  it('does not raise it when it is not enabled, nor for a cleared alarm', () => {
    const { clock, line, write } = rtc();
    write(ALARM_LOW, 100n);
    clock.skipToNextAlarm();
    clock.ring();
    expect(line.raised).toBe(false);
    write(IRQ_ENABLED, 1n);
    expect(line.raised).toBe(true);
    write(CLEAR_INTERRUPT, 1n);
    write(ALARM_LOW, 5_000n);
    write(CLEAR_ALARM, 1n);
    expect(clock.armed).toBe(false);
  });

  it('restores what it saved', () => {
    const from = rtc();
    from.write(TIME_LOW, 1_000n);
    from.write(ALARM_LOW, 1_500n);
    const to = rtc();
    to.device.restore(JSON.parse(JSON.stringify(from.device.save())));
    expect([to.read(TIME_LOW), to.clock.toNextAlarm()]).toEqual([1_000n, 500n]);
  });
});
