// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { DEFECTS, DEFECT_NAMES } from './defects.ts';
import { RELEASES, defectsOfRelease, releasesWith } from './releases.ts';

describe('defectsOfRelease', () => {
  it('gives what a release had', () => {
    expect(defectsOfRelease('12.1.0', 'mcs').sort()).toEqual([
      'cap-fault-lookup', 'configure-flags-short', 'page-get-address', 'reply-cap-fault', 'sc-consumed', 'sc-yield-to',
      'timeout-endpoint-error', 'yield-to-send', 'yield-to-wrong-thread',
    ]);
    expect(defectsOfRelease('12.1.0', 'classic')).toEqual(['page-get-address', 'classic-ghost-fault']);
    expect(defectsOfRelease('13.0.0', 'mcs')).not.toContain('page-get-address');
    expect(defectsOfRelease('16.0.0', 'mcs')).toEqual(['yield-to-send']);
    expect(defectsOfRelease('16.0.0', 'classic')).toEqual(['classic-ghost-fault']);
    expect(defectsOfRelease('10.1.1-mcs', 'mcs')).toContain('call-without-reply');
  });

  it('refuses a release that does not exist in the configuration', () => {
    expect(() => defectsOfRelease('1.0.0', 'mcs')).toThrow(/no release '1.0.0' for mcs; choose from 10.0.0-mcs, 10.1.1-mcs, 11.0.0/);
    expect(() => defectsOfRelease('9.0.1', 'mcs')).toThrow(RangeError);
    expect(() => defectsOfRelease('10.0.0-mcs', 'classic')).toThrow(RangeError);
  });
});

describe('the releases of a defect', () => {
  it.each(DEFECT_NAMES)('%s: are in order and can be configured so', (name) => {
    const { releases, configurations } = DEFECTS[name];
    if (releases === null) return;
    const [first, last] = releases;
    expect(RELEASES.indexOf(first)).toBeLessThanOrEqual(RELEASES.indexOf(last));
    expect(configurations.some((scheduling) => releasesWith(scheduling).includes(last))).toBe(true);
  });
});
