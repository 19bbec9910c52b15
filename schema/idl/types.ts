// SPDX-License-Identifier: BSD-2-Clause
/**
 * The types of the interface files: how many bits each takes in a message, and which are capabilities.
 * Source: the type list of libsel4's stub generator, releases 10 to 16. The files themselves declare structures.
 */
import type { Architecture, KernelConfiguration, ParameterType, TypeKind } from './model.ts';

const CAPABILITIES: readonly string[] = [
  'seL4_CPtr', 'seL4_CNode', 'seL4_IRQHandler', 'seL4_IRQControl', 'seL4_TCB', 'seL4_Untyped', 'seL4_DomainSet',
  'seL4_SchedContext', 'seL4_SchedControl',
];

const ARCH_CAPABILITIES: Record<Architecture, readonly string[]> = {
  riscv64: ['seL4_RISCV_Page', 'seL4_RISCV_PageTable', 'seL4_RISCV_ASIDControl', 'seL4_RISCV_ASIDPool'],
  aarch64: [
    'seL4_ARM_Page', 'seL4_ARM_PageTable', 'seL4_ARM_PageDirectory', 'seL4_ARM_PageUpperDirectory',
    'seL4_ARM_PageGlobalDirectory', 'seL4_ARM_VSpace', 'seL4_ARM_ASIDControl', 'seL4_ARM_ASIDPool', 'seL4_ARM_VCPU',
    'seL4_ARM_IOSpace', 'seL4_ARM_IOPageTable', 'seL4_ARM_SMC', 'seL4_ARM_SIDControl', 'seL4_ARM_SID',
    'seL4_ARM_CBControl', 'seL4_ARM_CB',
  ],
  x86_64: [
    'seL4_X86_IOPort', 'seL4_X86_IOPortControl', 'seL4_X86_ASIDControl', 'seL4_X86_ASIDPool', 'seL4_X86_IOSpace',
    'seL4_X86_Page', 'seL4_X64_PML4', 'seL4_X86_PDPT', 'seL4_X86_PageDirectory', 'seL4_X86_PageTable',
    'seL4_X86_IOPageTable', 'seL4_X86_VCPU', 'seL4_X86_EPTPML4', 'seL4_X86_EPTPDPT', 'seL4_X86_EPTPD', 'seL4_X86_EPTPT',
  ],
};

/** Bits of the value types; 0 stands for a machine word. */
const VALUES: Readonly<Record<string, number>> = {
  'int': 32, 'long': 0, 'seL4_Uint8': 8, 'seL4_Uint16': 16, 'seL4_Uint32': 32, 'seL4_Uint64': 64, 'seL4_Time': 64,
  'seL4_Word': 0, 'seL4_Bool': 1, 'seL4_CapRights_t': 0,
};

const ARCH_WORDS: Record<Architecture, readonly string[]> = {
  riscv64: ['seL4_RISCV_VMAttributes'],
  aarch64: ['seL4_ARM_VMAttributes', 'seL4_VCPUReg'],
  x86_64: ['seL4_X86_VMAttributes', 'seL4_X86_EPT_VMAttributes'],
};

/** Members of `seL4_VCPUContext` that a kernel has whose guests are 32-bit: it declares the others as well. */
const VCPU_CONTEXT_32BIT_MEMBERS = 7;

/** The members that a structure has in this configuration, of those its file declares. */
export function membersOf(struct: string, declared: readonly string[], configuration: KernelConfiguration): readonly string[] {
  return struct === 'seL4_VCPUContext' && !configuration.defined.has('CONFIG_X86_64_VTX_64BIT_GUESTS')
    ? declared.slice(0, VCPU_CONTEXT_32BIT_MEMBERS)
    : declared;
}

/**
 * The types of a configuration by name.
 * @param structs members of the structures that the interface files declare, one word each
 */
export function typeTable(configuration: KernelConfiguration, structs: ReadonlyMap<string, readonly string[]>): Map<string, ParameterType> {
  const { arch, wordBits } = configuration;
  const table = new Map<string, ParameterType>();
  const add = (name: string, kind: TypeKind, bits: number, fields: readonly string[] = []): void => {
    table.set(name, { name, kind, bits, fields });
  };
  for (const name of [...CAPABILITIES, ...ARCH_CAPABILITIES[arch]]) add(name, 'capability', wordBits);
  for (const [name, bits] of Object.entries(VALUES)) add(name, 'value', bits === 0 ? wordBits : bits);
  for (const name of ARCH_WORDS[arch]) add(name, 'value', wordBits);
  for (const [name, declared] of structs) {
    const fields = membersOf(name, declared, configuration);
    add(name, 'struct', fields.length * wordBits, fields);
  }
  return table;
}
