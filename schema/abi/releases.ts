// SPDX-License-Identifier: BSD-2-Clause
/** Releases of seL4, in the order in which they came out. */
import type { Scheduling } from './syscalls.ts';

/** Releases with riscv64: the port came with 9.0.1; MCS with its own releases, and with 11.0.0 for good. */
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

/** What the name of a release looks like, also of one that is not in {@link RELEASES}: `12.1.0`, `10.0.0-mcs`. */
export const RELEASE_PATTERN = '^[0-9]{1,4}(\\.[0-9]{1,4}){1,3}(-[A-Za-z0-9][A-Za-z0-9.]{0,31})?$';

const RELEASE = new RegExp(RELEASE_PATTERN);

/** Whether a text names a release that can be ordered among others. */
export function isRelease(text: string): boolean {
  return RELEASE.test(text);
}

/** Below 0 when release `a` is older than `b`: by its numbers, then `10.0.0` before `10.0.0-mcs`. Other texts come last. */
export function compareReleases(a: string, b: string): number {
  if (!isRelease(a) || !isRelease(b)) return Number(isRelease(b)) - Number(isRelease(a)) || order(a, b);
  const [numbersA, suffixA] = partsOf(a);
  const [numbersB, suffixB] = partsOf(b);
  for (let i = 0; i < Math.max(numbersA.length, numbersB.length); i++) {
    const difference = (numbersA[i] ?? 0) - (numbersB[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return order(suffixA, suffixB);
}

function partsOf(release: string): [numbers: number[], suffix: string] {
  const [version, suffix = ''] = release.split('-', 2);
  return [version!.split('.').map(Number), suffix];
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
