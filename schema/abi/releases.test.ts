// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { compareReleases, isRelease, RELEASES, releasesWith } from './releases.ts';

describe('releases', () => {
  it('are ordered as they came out', () => {
    for (let seed = 1; seed < 8; seed++) {
      const mixed = [...RELEASES].sort((a, b) => (a.charCodeAt(a.length - 1) * seed + a.length) % 7 - (b.charCodeAt(b.length - 1) * seed + b.length) % 7);
      expect(mixed.sort(compareReleases)).toEqual([...RELEASES]);
    }
  });

  it('compare by number, not by digit, and missing numbers are 0', () => {
    expect(compareReleases('9.0.1', '10.0.0')).toBeLessThan(0);
    expect(compareReleases('12.1', '12.1.0')).toBe(0);
    expect(compareReleases('17.0.0', '16.0.0')).toBeGreaterThan(0);
  });

  it('come before texts that name none', () => {
    expect(['master', '12.1.0', '', '9.0.1'].sort(compareReleases)).toEqual(['9.0.1', '12.1.0', '', 'master']);
    expect(['', 'master', 'v13.0.0', '13', '13.0.0 '].filter(isRelease)).toEqual([]);
  });

  it('of each kind of scheduling', () => {
    expect(releasesWith('mcs').slice(0, 3)).toEqual(['10.0.0-mcs', '10.1.1-mcs', '11.0.0']);
    expect(releasesWith('classic').slice(0, 3)).toEqual(['9.0.1', '10.0.0', '10.1.0']);
  });
});
