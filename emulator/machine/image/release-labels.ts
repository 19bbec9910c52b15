// SPDX-License-Identifier: BSD-2-Clause
/**
 * Invocation labels by release. Labels count through the methods of the object API in a fixed order, so that they follow
 * from which methods a release has. Source: the interface files of the releases.
 */
import type { Release, Scheduling } from '../../../schema/abi/index.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import { ImageError } from './image-error.ts';
import { isFrom } from './releases.ts';

/** Methods that are in the interface files now and came with a release after 10.0.0. */
const CAME: Readonly<Record<string, Release>> = {
  TCBSetTLSBase: '10.1.0',
  RISCVIRQIssueIRQHandlerTrigger: '11.0.0',
  SchedControlConfigureFlags: '12.1.0',
  TCBSetFlags: '14.0.0',
  DomainScheduleConfigure: '15.0.0',
  DomainScheduleSetStart: '15.0.0',
};

/** Methods that are gone, each with the last release that had it and the method of today that it stood before. */
const WENT: readonly { readonly method: string; readonly last: Release; readonly before: string }[] = [
  { method: 'SchedControlConfigure', last: '12.0.0', before: 'SchedControlConfigureFlags' },
  { method: 'RISCVPageRemap', last: '10.1.1', before: 'RISCVPageUnmap' },
];

const FIRST_MCS: Release = '11.0.0';

/**
 * Labels by invocation name.
 * @throws ImageError for MCS kernels of releases that have none for riscv64
 */
export function labelsOfRelease(release: Release, scheduling: Scheduling): ReadonlyMap<string, number> {
  if (scheduling === 'mcs' && !isFrom(release, FIRST_MCS)) throw new ImageError(`release ${release} has no MCS kernel for riscv64: the first is that of ${FIRST_MCS}`);
  const labels = new Map<string, number>();
  const add = (method: string): void => { labels.set(method, labels.size + 1); };
  for (const { id } of interfacesOf(`riscv64-${scheduling}`).methods) {
    for (const { method, last, before } of WENT) if (before === id && isFrom(last, release)) add(method);
    const came = CAME[id];
    if (came === undefined || isFrom(release, came)) add(id);
  }
  return labels;
}
