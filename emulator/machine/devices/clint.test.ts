// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { Clint } from './clint.ts';
import { testClock } from './testing.ts';

const TIMER = 7;
const SOFTWARE = 3;

function clint() {
  const time = testClock();
  const pending = new Set<number>();
  const device = new Clint(time.clock, (interrupt, on) => { if (on) pending.add(interrupt); else pending.delete(interrupt); });
  return { ...time, device, pending };
}

describe('CLINT', () => {
  it('raises the timer interrupt when mtime reaches mtimecmp, and lowers it with the next', () => {
    const { device, pending, retire } = clint();
    device.store(0x4000, 8, 3n);
    retire(29);
    expect(pending.has(TIMER)).toBe(false);
    retire(1);
    expect(device.load(0xbff8, 8)).toBe(3n);
    expect(pending.has(TIMER)).toBe(true);
    device.store(0x4000, 8, 4n);
    expect(pending.has(TIMER)).toBe(false);
  });

  it('has no timer interrupt pending after reset', () => {
    const { device, pending, clock } = clint();
    expect(device.load(0x4000, 8)).toBe(0xffff_ffff_ffff_ffffn);
    expect(pending.size).toBe(0);
    expect(clock.armed).toBe(false);
  });

  it('takes mtimecmp in halves', () => {
    const { device, clock } = clint();
    device.store(0x4000, 4, 0x10n);
    device.store(0x4004, 4, 0n);
    expect(device.load(0x4000, 8)).toBe(0x10n);
    expect(clock.toNextAlarm()).toBe(0x10n * 100n);
  });

  it('raises and lowers the software interrupt; only bit 0 of msip is there', () => {
    const { device, pending } = clint();
    device.store(0, 4, 0xffff_ffffn);
    expect(device.load(0, 4)).toBe(1n);
    expect(pending.has(SOFTWARE)).toBe(true);
    device.store(0, 4, 0n);
    expect(pending.has(SOFTWARE)).toBe(false);
  });

  it('refuses to write mtime and registers of other harts', () => {
    const { device } = clint();
    expect(device.store(0xbff8, 8, 0n)).toEqual({ reason: 'mtime can only be read' });
    expect(device.load(0x4008, 8)).toEqual({ reason: 'no register at offset 0x4008' });
  });

  it('restores what it saved', () => {
    const from = clint();
    from.device.store(0x4000, 8, 9n);
    from.device.store(0, 4, 1n);
    const to = clint();
    to.device.restore(JSON.parse(JSON.stringify(from.device.save())));
    expect(to.pending.has(SOFTWARE)).toBe(true);
    expect(to.clock.toNextAlarm()).toBe(900n);
  });
});
