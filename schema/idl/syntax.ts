// SPDX-License-Identifier: BSD-2-Clause
/** What an interface file says, before a configuration is chosen. Names as in the file; every part knows its place. */
import type { ErrorName } from '../abi/errors.ts';
import type { Condition } from './conditions.ts';
import type { Position } from './interface-error.ts';

export interface ParamSyntax {
  readonly name: string;
  readonly type: string;
  readonly direction: 'in' | 'out';
  readonly description: string;
  readonly at: Position;
}

export interface ErrorSyntax {
  readonly error: ErrorName;
  readonly description: string;
}

export interface MethodSyntax {
  readonly id: string;
  readonly name: string;
  /** Name in headings of the manual, e.g. `Read Registers`; the name when the file gives none. */
  readonly manualName: string;
  /** Anchor in the manual without the file's prefix; empty when it follows from the names. */
  readonly manualLabel: string;
  /** `undefined`: in every configuration. */
  readonly condition: Condition | undefined;
  readonly brief: string;
  readonly description: string;
  readonly returns: string;
  /** What the method adds to the description of the invoked capability. */
  readonly serviceDescription: string;
  readonly params: readonly ParamSyntax[];
  readonly errors: readonly ErrorSyntax[];
  readonly at: Position;
}

export interface InterfaceSyntax {
  readonly name: string;
  readonly manualName: string;
  readonly serviceDescription: string;
  readonly methods: readonly MethodSyntax[];
  readonly at: Position;
}

export interface StructSyntax {
  readonly name: string;
  readonly members: readonly string[];
  readonly at: Position;
}

export interface ApiSyntax {
  /** Prefix of the manual's anchors, e.g. `riscv_`. */
  readonly labelPrefix: string;
  readonly structs: readonly StructSyntax[];
  readonly interfaces: readonly InterfaceSyntax[];
}
