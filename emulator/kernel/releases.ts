// SPDX-License-Identifier: BSD-2-Clause
/** Which defects each release of seL4 had. Dates of the fixes: reply protocol, "Historic fixes". */
import { RELEASES, releasesWith, type Release } from '../../schema/abi/releases.ts';
import type { Scheduling } from '../../schema/abi/syscalls.ts';
import { DEFECTS, DEFECT_NAMES, type DefectName } from './defects.ts';

export { RELEASES, releasesWith, type Release };

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
