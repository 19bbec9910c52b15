// SPDX-License-Identifier: BSD-2-Clause
import { assemble } from '../../isa/assemble.ts';
import { expansionTable } from '../../isa/compressed.ts';
import type { Step } from './sweep.ts';

/** The 16-bit instruction that stands for a 32-bit one, as `.half`. */
function compressedText(text: string): string {
  const [word] = new Uint32Array(assemble(text).bytes.buffer);
  const half = expansionTable().indexOf(word!);
  if (half < 0) throw new Error(`${text} has no compressed form`);
  return `.half ${half}`;
}

const compressedStep = (before: string, text: string, after = ''): Step =>
  ({ text: `${before}\n${compressedText(text)}\n${after}`, label: `compressed ${text}` });
/** Loads and stores with a base register, at each bit of their offset. */
const based = (offsets: readonly number[], base: string, each: (place: string) => readonly Step[]): readonly Step[] =>
  offsets.flatMap((offset) => each(`${offset}(${base})`));
/** Makes a base point to the scratch memory, whose word at the place is cleared. */
const word = (base: string, place: string): string => `li ${base}, scratch\nsd zero, ${place}\n`;

/** Every compressed instruction, at each bit of its immediate. Sources are a1 and a2, the result is a0. */
export const COMPRESSED_STEPS: readonly Step[] = [
  ...['addi a0, a0, 31', 'addi a0, a0, -32', 'addi a0, a0, 1', 'addiw a0, a0, 0', 'addiw a0, a0, -1', 'addiw a0, a0, 21', 'srli a0, a0, 1',
    'srli a0, a0, 32', 'srli a0, a0, 63', 'srai a0, a0, 1', 'srai a0, a0, 42', 'andi a0, a0, -1', 'andi a0, a0, 21', 'slli a0, a0, 1', 'slli a0, a0, 63',
    'sub a0, a0, a2', 'xor a0, a0, a2', 'or a0, a0, a2', 'and a0, a0, a2', 'subw a0, a0, a2', 'addw a0, a0, a2', 'add a0, a0, a2',
  ].map((text) => compressedStep('mv a0, a1', text)),
  ...['addi a0, zero, -32', 'addi a0, zero, 31', 'lui a0, 31', 'lui a0, 0xfffe0', 'add a0, zero, a2'].map((text) => compressedStep('', text)),
  ...['addi sp, sp, 496', 'addi sp, sp, -512', 'addi sp, sp, 16'].map((text) => compressedStep('mv sp, a1', text, 'mv a0, sp')),
  ...['addi a0, sp, 4', 'addi a0, sp, 8', 'addi a0, sp, 1020', 'addi a0, sp, 680'].map((text) => compressedStep('mv sp, a1', text)),
  ...['beq a0, zero, .+6', 'bne a0, zero, .+6'].map((text) => ({
    text: `mv a0, a1\nli a4, 1\n${compressedText(text)}\nli a4, 2\nmv a0, a4`, label: `compressed ${text}` })),
  ...['jalr zero, 0(a4)', 'jalr ra, 0(a4)'].map((text) => ({
    text: `la a4, .+18\nli a0, 1\n${compressedText(text)}\nli a0, 2`, label: `compressed ${text}` })),
  { text: `li a0, 1\n${compressedText('jal zero, .+6')}\nli a0, 2`, label: 'compressed j' },
  ...based([0, 4, 8, 16, 32, 64, 120], 'a0', (place) => [
    compressedStep(`${word('a0', place)}sw a1, ${place}`, `lw a0, ${place}`),
    compressedStep(word('a0', place), `sw a2, ${place}`, `lw a0, ${place}`),
  ]),
  ...based([0, 8, 16, 32, 64, 128, 248], 'a0', (place) => [
    compressedStep(`${word('a0', place)}sd a1, ${place}`, `ld a0, ${place}`),
    compressedStep(word('a0', place), `sd a2, ${place}`, `ld a0, ${place}`),
    compressedStep(`${word('a0', place)}sd a1, ${place}`, `fld fa0, ${place}`, 'fmv.x.d a0, fa0'),
    compressedStep(`${word('a0', place)}fmv.d.x fa2, a2`, `fsd fa2, ${place}`, `ld a0, ${place}`),
  ]),
  ...based([0, 8, 16, 32, 64, 128, 256, 504], 'sp', (place) => [
    compressedStep(`${word('sp', place)}sd a1, ${place}`, `ld a0, ${place}`),
    compressedStep(word('sp', place), `sd a2, ${place}`, `ld a0, ${place}`),
    compressedStep(`${word('sp', place)}sd a1, ${place}`, `fld fa0, ${place}`, 'fmv.x.d a0, fa0'),
    compressedStep(`${word('sp', place)}fmv.d.x fa2, a2`, `fsd fa2, ${place}`, `ld a0, ${place}`),
  ]),
  ...based([0, 8, 16, 32, 64, 128, 248], 'sp', (place) => [
    compressedStep(`${word('sp', place)}sd a1, ${place}`, `lw a0, ${place}`),
    compressedStep(word('sp', place), `sw a2, ${place}`, `ld a0, ${place}`),
  ]),
];
