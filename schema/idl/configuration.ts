// SPDX-License-Identifier: BSD-2-Clause
/** The kernel configurations that have a name, and the symbols that each sets. */
import type { Scheduling } from '../abi/syscalls.ts';
import type { Architecture, BundledConfigurationName, ConfigurationName, KernelConfiguration } from './model.ts';

/** Symbols beyond `CONFIG_KERNEL_MCS`, by the part of the name before `-mcs` or `-classic`. */
const SYMBOLS = {
  'riscv64': [],
  'aarch64': [],
  'aarch64-hyp': ['CONFIG_ARM_HYPERVISOR_SUPPORT'],
  'x86_64': ['CONFIG_IOMMU'],
  'x86_64-vtx': ['CONFIG_IOMMU', 'CONFIG_VTX'],
  'x86_64-vtx64': ['CONFIG_IOMMU', 'CONFIG_VTX', 'CONFIG_X86_64_VTX_64BIT_GUESTS'],
} as const satisfies Record<string, readonly string[]>;

type Platform = keyof typeof SYMBOLS;

const SCHEDULING: readonly Scheduling[] = ['mcs', 'classic'];

/** Every configuration name, riscv64 first. */
export const CONFIGURATION_NAMES: readonly ConfigurationName[] =
  (Object.keys(SYMBOLS) as Platform[]).flatMap((platform) => SCHEDULING.map((s): ConfigurationName => `${platform}-${s}`));

/** The configurations whose interface files are part of the project. */
export const BUNDLED_CONFIGURATION_NAMES: readonly BundledConfigurationName[] = ['riscv64-mcs', 'riscv64-classic'];

/**
 * The configuration of this name.
 * @param also further `CONFIG_…` symbols that are set, e.g. `CONFIG_ENABLE_SMP_SUPPORT`
 */
export function configurationOf(name: ConfigurationName, also: Iterable<string> = []): KernelConfiguration {
  const split = name.lastIndexOf('-');
  const platform = name.slice(0, split) as Platform;
  const scheduling = name.slice(split + 1) as Scheduling;
  const mcs = scheduling === 'mcs' ? ['CONFIG_KERNEL_MCS'] : [];
  return {
    name,
    arch: platform.split('-')[0] as Architecture,
    scheduling,
    wordBits: 64,
    defined: new Set([...SYMBOLS[platform], ...mcs, ...also]),
  };
}

/**
 * The configuration name that a person wrote: in full (`aarch64-hyp-mcs`), or without the platform (`mcs`), which
 * `platform` then gives. `nomcs` and `non-mcs` are read as `classic`.
 * @throws RangeError that lists the names
 */
export function parseConfigurationName(text: string, platform = 'riscv64'): ConfigurationName {
  const words = text.trim().toLowerCase().replace(/(^|-)(nomcs|non-mcs)$/, '$1classic');
  const full = SCHEDULING.some((s) => s === words) ? `${platform}-${words}` : words;
  const name = CONFIGURATION_NAMES.find((n) => n === full);
  if (name === undefined) {
    throw new RangeError(`unknown configuration '${text}': choose from ${[...SCHEDULING, ...CONFIGURATION_NAMES].join(', ')}`);
  }
  return name;
}
