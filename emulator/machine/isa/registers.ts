// SPDX-License-Identifier: BSD-2-Clause
/** Names of registers and operand fields as assemblers write them (RISC-V psABI and assembly programmer's manual). */

export const INTEGER_REGISTERS: readonly string[] = Object.freeze([
  'zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5',
  'a6', 'a7', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6',
]);

export const FLOAT_REGISTERS: readonly string[] = Object.freeze([
  'ft0', 'ft1', 'ft2', 'ft3', 'ft4', 'ft5', 'ft6', 'ft7', 'fs0', 'fs1', 'fa0', 'fa1', 'fa2', 'fa3', 'fa4', 'fa5',
  'fa6', 'fa7', 'fs2', 'fs3', 'fs4', 'fs5', 'fs6', 'fs7', 'fs8', 'fs9', 'fs10', 'fs11', 'ft8', 'ft9', 'ft10', 'ft11',
]);

/** By the value of the rounding mode field; 5 and 6 are reserved, 7 takes the mode of `frm`. */
export const ROUNDING_MODES: readonly (string | undefined)[] = Object.freeze(
  ['rne', 'rtz', 'rdn', 'rup', 'rmm', undefined, undefined, 'dyn']);

/** Conversions that are always exact: without a mode in the text their field is 0. */
const EXACT_CONVERSIONS: ReadonlySet<string> = new Set(['fcvt.d.s', 'fcvt.d.w', 'fcvt.d.wu']);

/** The rounding mode of an instruction whose text names none: `dyn`, but 0 where there is nothing to round. */
export const impliedRounding = (name: string): number => EXACT_CONVERSIONS.has(name) ? 0 : 7;

/** Letters of a fence's predecessor and successor sets, highest bit first. */
const FENCE_LETTERS = 'iorw';

/** The set of a 4-bit field, `unknown` for the empty one. */
export function fenceSet(bits: number): string {
  const letters = [...FENCE_LETTERS].filter((_, index) => (bits & (8 >> index)) !== 0).join('');
  return letters === '' ? 'unknown' : letters;
}

/** The field of a set of letters; undefined for text that is none. */
export function fenceBits(text: string): number | undefined {
  if (text === 'unknown' || text === '0') return 0;
  const bits = [...text].reduce((sum, letter) => sum | (8 >> FENCE_LETTERS.indexOf(letter)), 0);
  return fenceSet(bits) === text ? bits : undefined;
}

const numbered = (prefix: string, names: readonly string[]): ReadonlyMap<string, number> => new Map([
  ...names.map((name, index) => [name, index] as const),
  ...names.map((_, index) => [`${prefix}${index}`, index] as const),
]);
const INTEGER_NUMBERS = new Map([...numbered('x', INTEGER_REGISTERS), ['fp', 8] as const]);
const FLOAT_NUMBERS = numbered('f', FLOAT_REGISTERS);

/** Number of an integer register by either of its names; undefined for text that is none. */
export const integerRegister = (name: string): number | undefined => INTEGER_NUMBERS.get(name);

/** Number of a floating point register by either of its names; undefined for text that is none. */
export const floatRegister = (name: string): number | undefined => FLOAT_NUMBERS.get(name);
