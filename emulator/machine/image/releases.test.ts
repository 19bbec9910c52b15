// SPDX-License-Identifier: BSD-2-Clause
/**
 * What is known of releases, against kernels and interface files of them. Their folders come from the environment:
 * SEL4SCOPE_KERNEL_RELEASES has RELEASE-mcs, RELEASE-classic (debug builds), RELEASE-mcs-release and RELEASE-classic-release with
 * a kernel.elf each; SEL4SCOPE_SEL4_RELEASES has a source tree of seL4 for each RELEASE.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { releasesWith, type Release, type Scheduling } from '../../../schema/abi/index.ts';
import { configurationOf } from '../../../schema/idl/configuration.ts';
import { interfacesOf, loadInterfaces } from '../../../schema/idl/load.ts';
import { readKernelImage } from './kernel-image.ts';
import { knownLayout } from './layout.ts';
import { platformOf } from './kernel-platform.ts';
import { relabel } from './relabel.ts';
import { labelsOfRelease } from './release-labels.ts';
import { OBSERVED_RELEASES, observedRelease } from './releases.ts';

const kernels = process.env['SEL4SCOPE_KERNEL_RELEASES'];
const sources = process.env['SEL4SCOPE_SEL4_RELEASES'];
if (kernels === undefined) console.warn('layouts and signs of releases are not compared with kernels: SEL4SCOPE_KERNEL_RELEASES is not set');
if (sources === undefined) console.warn('labels of releases are not compared with their interface files: SEL4SCOPE_SEL4_RELEASES is not set');


describe('labelsOfRelease', () => {
  it('is the labels of the interface files for the last release', () => {
    for (const scheduling of ['mcs', 'classic'] as const) {
      expect([...labelsOfRelease('16.0.0', scheduling)]).toEqual(interfacesOf(`riscv64-${scheduling}`).methods.map(({ id, label }) => [id, label]));
    }
  });

  it.each([
    ['10.0.0', 'classic', 36, 'RISCVPageRemap', 32], ['10.1.1', 'classic', 37, 'RISCVPageRemap', 33], ['11.0.0', 'mcs', 43, 'SchedControlConfigure', 30],
    ['12.1.0', 'mcs', 43, 'SchedControlConfigureFlags', 30], ['14.0.0', 'classic', 38, 'TCBSetFlags', 16],
  ] as const)('of %s %s counts %i methods, with %s as %s', (release, scheduling, count, method, label) => {
    const labels = labelsOfRelease(release, scheduling);
    expect([labels.size, labels.get(method)]).toEqual([count, label]);
  });

  it('knows when MCS came', () => {
    expect(() => labelsOfRelease('10.1.1', 'mcs')).toThrow('release 10.1.1 has no MCS kernel for riscv64: the first is that of 11.0.0');
  });
});

describe('observedRelease', () => {
  it('lists what is known for a name that is not', () => {
    expect(observedRelease('13.0.0')).toBe('13.0.0');
    expect(() => observedRelease('13')).toThrow("kernels of release '13' are not known; choose from 11.0.0, 12.0.0, 12.1.0, 13.0.0, 14.0.0, 15.0.0, 16.0.0");
  });
});

describe.skipIf(sources === undefined)('interface files of a release', () => {
  for (const scheduling of ['mcs', 'classic'] as const) {
    it.each(sourceTrees(scheduling))(`%s has the known ${scheduling} labels`, (release, folder) => {
      const { methods } = loadInterfaces(folder, configurationOf(`riscv64-${scheduling}`));
      expect([...labelsOfRelease(release, scheduling)]).toEqual(methods.map(({ id, label }) => [id, label]));
    });
  }

  it('are there', () => {
    expect(sourceTrees('classic').length).toBeGreaterThan(0);
  });
});

function sourceTrees(scheduling: Scheduling): [Release, string][] {
  return releasesWith(scheduling).filter((release) => !release.endsWith('-mcs') && release !== '9.0.1')
    .map((release): [Release, string] => [release, join(sources ?? '', release)]).filter(([, folder]) => existsSync(folder));
}

describe.skipIf(kernels === undefined)('kernels of a release', () => {
  const builds = kernels === undefined ? [] : readdirSync(kernels).flatMap((folder) => {
    const [, release, scheduling] = /^(\d+\.\d+\.\d+)-(mcs|classic)/.exec(folder) ?? [];
    return release === undefined || !existsSync(join(kernels, folder, 'kernel.elf')) ? [] : [{ folder, release: release as Release, scheduling: scheduling as Scheduling }];
  });
  const observed = builds.filter(({ release }) => OBSERVED_RELEASES.includes(release));
  const read = (folder: string): ReturnType<typeof readKernelImage> => readKernelImage(folder, readFileSync(join(kernels!, folder, 'kernel.elf')));

  it('are there', () => {
    expect(observed.length).toBeGreaterThan(0);
  });

  it.each(observed)('$folder shows its release, or differs in nothing that is observed', ({ folder, release, scheduling }) => {
    const image = read(folder);
    expect(image.scheduling).toBe(scheduling);
    expect(image.releases).toContain(release);
    expect({ ...image.layout, source: '' }).toEqual({ ...knownLayout({ ...image, release }), source: '' });
    // Without debug information these are the known labels; with it they are the kernel's own.
    const known = relabel(interfacesOf(`riscv64-${scheduling}`), labelsOfRelease(release, scheduling)).interfaces;
    expect(image.interfaces.methods.map(({ id, label }) => [id, label])).toEqual(known.methods.map(({ id, label }) => [id, label]));
    expect(platformOf(image.symbols)).toBe(release < '13' ? 'spike' : 'qemu-riscv-virt');
  });

  it.each(builds.filter(({ release }) => !OBSERVED_RELEASES.includes(release)))('$folder is refused', ({ folder }) => {
    expect(() => read(folder)).toThrow('as kernels before release 11.0.0 did');
  });
});
