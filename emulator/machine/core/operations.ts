// SPDX-License-Identifier: BSD-2-Clause
/** The operations of decoded instructions: those of the core itself, then the instruction table. */
import { INSTRUCTIONS } from '../isa/instructions.ts';

/** Operations that are no row of the instruction table, by number. */
export const CORE_OPERATIONS = [
  /** Not decoded yet. */
  'decode',
  /** The first halfword behind a page, or behind an instruction that is not remembered: look where pc is now. */
  'leave',
  'illegal',
  /** A branch or jump whose target lies in the same page. */
  'beq.near', 'bne.near', 'blt.near', 'bge.near', 'bltu.near', 'bgeu.near', 'j.near', 'jal.near',
  /** A jump to itself. */
  'spin',
  /** The loop of assembly/idiom.ts. */
  'clear',
] as const;

/** Name of each operation, by number. */
export const OPERATIONS: readonly string[] = [...CORE_OPERATIONS, ...INSTRUCTIONS.map(({ name }) => name)];

/** Number of an operation. Throws on a name that there is not. */
export function operationOf(name: string): number {
  const found = OPERATIONS.indexOf(name);
  if (found < 0) throw new Error(`no operation is called ${name}`);
  return found;
}
