// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { Plic } from './plic.ts';

const CLAIM = 0x20_1004;
const THRESHOLD = 0x20_1000;
const ENABLE = 0x2080;

function plic() {
  const lines = [false, false];
  const device = new Plic(2, (context, pending) => { lines[context] = pending; });
  const enable = (source: number, priority: number): void => {
    device.store(4 * source, 4, BigInt(priority));
    const word = ENABLE + 4 * (source >> 5);
    device.store(word, 4, (device.load(word, 4) as bigint) | (1n << BigInt(source & 31)));
  };
  return { device, lines, enable, claim: () => device.load(CLAIM, 4), complete: (source: number) => device.store(CLAIM, 4, BigInt(source)) };
}

describe('PLIC', () => {
  it('claims the highest priority, then the lowest number', () => {
    const { device, lines, enable, claim } = plic();
    enable(10, 1);
    enable(40, 3);
    enable(11, 1);
    for (const source of [10, 11, 40]) device.setLevel(source, true);
    expect(lines).toEqual([false, true]);
    expect([claim(), claim(), claim(), claim()]).toEqual([40n, 10n, 11n, 0n]);
    expect(lines[1]).toBe(false);
  });

  it('raises the line only above the threshold; a claim does not look at it', () => {
    const { device, lines, enable, claim } = plic();
    enable(10, 2);
    device.store(THRESHOLD, 4, 2n);
    device.setLevel(10, true);
    expect(lines[1]).toBe(false);
    device.store(THRESHOLD, 4, 1n);
    expect(lines[1]).toBe(true);
    device.store(THRESHOLD, 4, 7n);
    expect(claim()).toBe(10n);
  });

  it('never delivers a source of priority 0', () => {
    const { device, lines, enable, claim } = plic();
    enable(10, 0);
    device.setLevel(10, true);
    expect([lines[1], claim()]).toEqual([false, 0n]);
  });

  it('requests again when the line is driven up anew, after completion and not before', () => {
    const { device, lines, enable, claim, complete } = plic();
    enable(10, 1);
    device.setLevel(10, true);
    expect(claim()).toBe(10n);
    device.setLevel(10, true);
    expect(lines[1]).toBe(false);
    complete(10);
    expect(lines[1]).toBe(true);
    expect(claim()).toBe(10n);
    complete(10);
    expect(lines[1]).toBe(false);
  });

  it('forgets a request when the line is driven down before the claim', () => {
    const { device, lines, enable, claim } = plic();
    enable(10, 1);
    device.setLevel(10, true);
    device.setLevel(10, false);
    expect([lines[1], claim()]).toEqual([false, 0n]);
  });

  it('ignores completion of what is not enabled, not claimed, or no source', () => {
    const { device, enable, claim, complete } = plic();
    enable(10, 1);
    device.setLevel(10, true);
    claim();
    device.store(ENABLE, 4, 0n);
    complete(10);
    complete(0);
    complete(2000);
    enable(10, 1);
    expect(claim()).toBe(0n);
  });

  it('shows pending sources, and keeps contexts apart', () => {
    const { device, lines } = plic();
    device.store(4 * 33, 4, 1n);
    device.store(0x2004, 4, 2n);
    device.setLevel(33, true);
    expect(device.load(0x1004, 4)).toBe(2n);
    expect(lines).toEqual([true, false]);
    expect(device.load(CLAIM, 4)).toBe(0n);
    expect(device.load(0x20_0004, 4)).toBe(33n);
  });

  it('takes the accesses that seL4 makes at boot', () => {
    const { device } = plic();
    for (let source = 1; source <= 95; source++) expect(device.store(4 * source, 4, 2n)).toBeUndefined();
    for (let word = 0; word < 3; word++) {
      expect(device.load(0x1000 + 4 * word, 4)).toBe(0n);
      expect(device.store(ENABLE + 4 * word, 4, 0n)).toBeUndefined();
    }
    expect(device.store(THRESHOLD, 4, 0n)).toBeUndefined();
  });

  it('has no source 0 and none above 95', () => {
    const { device } = plic();
    expect(device.store(0, 4, 1n)).toEqual({ reason: 'no register at offset 0x0' });
    device.store(ENABLE, 4, 1n);
    expect(device.load(ENABLE, 4)).toBe(0n);
    // Kernels set up more sources than there are.
    for (const register of [4 * 96, 4 * 1023, 0x1000 + 12, ENABLE + 12]) {
      if (register < 0x1000 || register >= ENABLE) expect(device.store(register, 4, 7n)).toBeUndefined();
      expect(device.load(register, 4)).toBe(0n);
    }
    expect(device.load(0x1080, 4)).toEqual({ reason: 'no register at offset 0x1080' });
  });

  it('restores what it saved', () => {
    const from = plic();
    from.enable(10, 1);
    from.device.setLevel(10, true);
    const to = plic();
    to.device.restore(JSON.parse(JSON.stringify(from.device.save())));
    expect(to.lines[1]).toBe(true);
    expect(to.claim()).toBe(10n);
  });
});
