// SPDX-License-Identifier: BSD-2-Clause
import type { Decoded } from '../isa/decode.ts';
import type { ControlRegisters } from './control-registers.ts';
import type { DataAccess } from './data-access.ts';
import type { HartState } from './state.ts';

/** What an instruction can reach while it is executed. */
export interface Execution {
  readonly state: HartState;
  readonly data: DataAccess;
  readonly csrs: ControlRegisters;
  /** pc of the next instruction: the following one unless the instruction changes it. */
  next: bigint;
  /** Translations, privilege or PMP may have changed. */
  contextChanged(): void;
  /** An sret to U mode was executed. */
  returnedToUser(): void;
  /** The exception of an instruction that is not allowed here. */
  illegal(): never;
}

/** What an instruction does. It may throw a Trap as long as it has changed nothing. */
export type Execute = (hart: Execution, operands: Decoded) => void;

/** By name of the instruction. */
export type Semantics = Readonly<Record<string, Execute>>;

export const MASK64 = 0xffff_ffff_ffff_ffffn;

/** A 32-bit result as registers hold it: sign extended. */
export const signExtend32 = (value: bigint): bigint => BigInt.asIntN(32, value);
