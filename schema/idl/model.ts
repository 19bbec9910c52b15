// SPDX-License-Identifier: BSD-2-Clause
/**
 * The typed interface model: what the interface XML says about every method, for one kernel configuration.
 * Labels, packing, stubs, documentation and the reply contract all come from here.
 */
import type { Scheduling } from '../abi/syscalls.ts';
import type { ErrorName } from '../abi/errors.ts';

/** Architectures whose interface files can be read. riscv64 is the one with interface files of its own here. */
export type Architecture = 'riscv64' | 'aarch64' | 'x86_64';

/** Configurations whose interface files are part of the project. */
export type BundledConfigurationName = `riscv64-${Scheduling}`;

/**
 * Name used in file names, on the command line and in traces, e.g. `riscv64-mcs`. `hyp` is an aarch64 kernel with
 * hypervisor support, `vtx` an x86_64 kernel with VT-x, `vtx64` one whose guests may be 64-bit.
 */
export type ConfigurationName =
  | BundledConfigurationName
  | `aarch64-${Scheduling}` | `aarch64-hyp-${Scheduling}`
  | `x86_64-${Scheduling}` | `x86_64-vtx-${Scheduling}` | `x86_64-vtx64-${Scheduling}`;

/** A kernel configuration as far as the object API depends on it. */
export interface KernelConfiguration {
  readonly name: ConfigurationName;
  /** Architecture name as the interface files use it in their folders, e.g. `riscv64`. */
  readonly arch: Architecture;
  readonly scheduling: Scheduling;
  readonly wordBits: 64;
  /** `CONFIG_…` symbols that are set. MCS kernels have `CONFIG_KERNEL_MCS`. */
  readonly defined: ReadonlySet<string>;
}

/** How a parameter's type is passed. */
export type TypeKind =
  /** An unsigned value of `bits` bits, packed below a word when smaller than one. */
  | 'value'
  /** A capability that travels as an extra cap. */
  | 'capability'
  /** A structure of whole words, e.g. `seL4_UserContext`. */
  | 'struct';

export interface ParameterType {
  /** Type name as in the XML, e.g. `seL4_Word`, `seL4_CNode`. */
  readonly name: string;
  readonly kind: TypeKind;
  readonly bits: number;
  /** Field names of a struct in word order; empty for other kinds. */
  readonly fields: readonly string[];
}

/** One parameter that travels as message words. */
export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  /** First message word. */
  readonly word: number;
  /** First bit within that word; a parameter of several words starts at bit 0. */
  readonly bit: number;
  readonly bits: number;
  /** Message words it occupies (1, or more for structs and 64-bit times on 32-bit machines). */
  readonly words: number;
  readonly description: string;
}

/** One parameter that travels as an extra cap; `index` is its place among the extra caps. */
export interface CapParameter {
  readonly name: string;
  readonly type: ParameterType;
  readonly index: number;
  readonly description: string;
}

export interface DocumentedError {
  readonly error: ErrorName;
  readonly description: string;
}

/** What a correct reply to a Call of this method looks like. */
export interface ReplyContract {
  /** Message words of a success reply that the interface's out-parameters occupy: the least length. */
  readonly outWords: number;
  /**
   * `fixed`: the length is `outWords`. `count`: the length is the request's `count` argument, in
   * 1..outWords and at most 4 without a usable buffer (ReadRegisters).
   */
  readonly length: 'fixed' | 'count';
  /** Whether the empty success reply may come first and the full one later (SchedContext_YieldTo). */
  readonly mayComeLater: boolean;
  /** Errors that the interface documents, as labels. */
  readonly errors: ReadonlySet<number>;
}

export interface Method {
  /** Invocation name as in the label enumeration, e.g. `SchedContextYieldTo`. */
  readonly id: string;
  /** Class of the object API, e.g. `seL4_SchedContext`. */
  readonly interfaceName: string;
  /** Method name as in the XML, e.g. `YieldTo`. */
  readonly name: string;
  /** The label in this configuration. */
  readonly label: number;
  readonly parameters: readonly Parameter[];
  readonly capParameters: readonly CapParameter[];
  /** All in-parameters in the order of the XML, words and caps mixed: the order of stub arguments. */
  readonly order: readonly string[];
  /** Words of the request. */
  readonly requestLength: number;
  readonly out: readonly Parameter[];
  readonly contract: ReplyContract;
  readonly errors: readonly DocumentedError[];
  /** What the invoked capability is. Texts are plain: names in backquotes, paragraphs apart by an empty line. */
  readonly serviceDescription: string;
  readonly brief: string;
  readonly description: string;
  /** What is returned besides the error; empty when the interface does not say. */
  readonly returns: string;
  /** Anchor of the method in the manual, e.g. `schedcontext_yieldto`. */
  readonly manualLabel: string;
}

export interface InterfaceModel {
  readonly configuration: KernelConfiguration;
  readonly name: ConfigurationName;
  /** In label order. */
  readonly methods: readonly Method[];
  /** By label. Index 0 (`InvalidInvocation`) is undefined. */
  readonly byLabel: readonly (Method | undefined)[];
  readonly byId: ReadonlyMap<string, Method>;
}
