// SPDX-License-Identifier: BSD-2-Clause
/** Releases of seL4 for riscv64, and which defects each had. Dates of the fixes: reply protocol, "Historic fixes". */
import type { Scheduling } from '../../schema/abi/syscalls.ts';
import { DEFECTS, DEFECT_NAMES, type DefectName } from './defects.ts';

/** In the order in which they came out. The riscv64 port came with 9.0.1; MCS with its own releases, and with 11.0.0 for good. */
export const RELEASES = [
  '9.0.1', '10.0.0', '10.0.0-mcs', '10.1.0', '10.1.1', '10.1.1-mcs', '11.0.0', '12.0.0', '12.1.0', '13.0.0', '14.0.0', '15.0.0', '16.0.0',
] as const;

export type Release = (typeof RELEASES)[number];

/** First release whose kernel can be configured either way. */
const FIRST_OF_BOTH = RELEASES.indexOf('11.0.0');

/** Releases that can be configured so. */
export function releasesWith(scheduling: Scheduling): Release[] {
  return RELEASES.filter((release, i) => i >= FIRST_OF_BOTH || release.endsWith('-mcs') === (scheduling === 'mcs'));
}

/** The defects of a release in a configuration. Throws a RangeError that lists the releases for one that there is not. */
export function defectsOfRelease(version: string, scheduling: Scheduling): DefectName[] {
  const known = releasesWith(scheduling);
  if (!known.includes(version as Release)) throw new RangeError(`no release '${version}' for ${scheduling}; choose from ${known.join(', ')}`);
  const at = RELEASES.indexOf(version as Release);
  return DEFECT_NAMES.filter((name) => {
    const { configurations, releases } = DEFECTS[name];
    if (releases === null || !(configurations as readonly Scheduling[]).includes(scheduling)) return false;
    return RELEASES.indexOf(releases[0]) <= at && at <= RELEASES.indexOf(releases[1]);
  });
}
