// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { BUNDLED_CONFIGURATION_NAMES, CONFIGURATION_NAMES, configurationOf, parseConfigurationName } from './configuration.ts';

describe('configurationOf', () => {
  it('sets the symbols of the name', () => {
    expect(configurationOf('riscv64-mcs')).toEqual({
      name: 'riscv64-mcs', arch: 'riscv64', scheduling: 'mcs', wordBits: 64, defined: new Set(['CONFIG_KERNEL_MCS']),
    });
    expect(configurationOf('riscv64-classic').defined.size).toBe(0);
    expect(configurationOf('x86_64-vtx64-classic')).toMatchObject({
      arch: 'x86_64', scheduling: 'classic', defined: new Set(['CONFIG_IOMMU', 'CONFIG_VTX', 'CONFIG_X86_64_VTX_64BIT_GUESTS']),
    });
    expect(configurationOf('aarch64-hyp-mcs').defined).toEqual(new Set(['CONFIG_ARM_HYPERVISOR_SUPPORT', 'CONFIG_KERNEL_MCS']));
  });

  it('takes further symbols', () => {
    expect(configurationOf('riscv64-classic', ['CONFIG_ENABLE_SMP_SUPPORT']).defined).toEqual(new Set(['CONFIG_ENABLE_SMP_SUPPORT']));
  });
});

describe('parseConfigurationName', () => {
  it.each([
    ['mcs', 'riscv64-mcs'], ['classic', 'riscv64-classic'], ['riscv64-classic', 'riscv64-classic'], [' RISCV64-MCS ', 'riscv64-mcs'],
    ['nomcs', 'riscv64-classic'], ['non-mcs', 'riscv64-classic'], ['aarch64-hyp-nomcs', 'aarch64-hyp-classic'],
  ])('reads %s as %s', (text, name) => {
    expect(parseConfigurationName(text)).toBe(name);
  });

  it('completes a short name with the platform', () => {
    expect(parseConfigurationName('mcs', 'x86_64-vtx')).toBe('x86_64-vtx-mcs');
  });

  it('reads every name as itself', () => {
    expect(CONFIGURATION_NAMES).toEqual(expect.arrayContaining([...BUNDLED_CONFIGURATION_NAMES]));
    for (const name of CONFIGURATION_NAMES) expect(parseConfigurationName(name)).toBe(name);
  });

  it.each(['', 'mips-mcs', 'riscv64', 'riscv64-rt'])("lists the names for '%s'", (text) => {
    expect(() => parseConfigurationName(text)).toThrow(`unknown configuration '${text}': choose from mcs, classic, riscv64-mcs, riscv64-classic, `);
  });
});
