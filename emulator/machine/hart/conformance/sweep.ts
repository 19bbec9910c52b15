// SPDX-License-Identifier: BSD-2-Clause
/** What a sweep is: operations, applied to all combinations of operands; and the program that does it. */
import { RAM_BASE } from '../../memory/layout.ts';
import { RESULTS, type ConformanceProgram } from './driver.ts';

const OPERANDS = RAM_BASE + 0x6_0000;
/** The word that sweeps of memory operations work on: behind all results. */
const SCRATCH = RESULTS + 0x20_0000;

/** One operation of a sweep: how it is written, and what its results are called. */
export interface Step {
  readonly text: string;
  readonly label: string;
}

export interface Sweep {
  readonly name: string;
  readonly operands: readonly bigint[];
  /** Sources: 1, 2 or 3 operands are combined. */
  readonly sources: 1 | 2 | 3;
  readonly steps: readonly Step[];
  readonly kind: 'integer' | 'float';
}

/** Reads operands into a1 to a3 and fa1 to fa3. Each step leaves its result in a0 or, for floats, fa0 or a0. */
export function programOf({ name, operands, sources, steps, kind }: Sweep): ConformanceProgram {
  const count = operands.length;
  const wordsEach = kind === 'float' ? 2 : 1;
  const combinations = count ** sources;
  const loops = Array.from({ length: sources }, (_, source) => source + 1);
  const after = (text: string): string => /^\S+\s+f/.test(text) ? 'fmv.x.d a0, fa0' : '';
  const body = steps.map(({ text }) => kind === 'float'
    ? `fsflags zero\n ${text}\n frflags a4\n ${after(text)}\n sd a0, 0(s1)\n sd a4, 8(s1)\n addi s1, s1, 16`
    : `${text}\n sd a0, 0(s1)\n addi s1, s1, 8`).join('\n');
  const source = `
      .equ scratch, ${SCRATCH}
      li   t0, 0x2000
      csrs mstatus, t0
      la   s1, results
      li   s10, ${OPERANDS}
      li   s11, ${OPERANDS + 8 * count}
      ${loops.map((loop) => `mv s${loop + 1}, s10\nloop${loop}:\n ld a${loop}, 0(s${loop + 1})\n fmv.d.x fa${loop}, a${loop}`).join('\n')}
      ${body}
      ${loops.reverse().map((loop) => `addi s${loop + 1}, s${loop + 1}, 8\n beq s${loop + 1}, s11, done${loop}\n j loop${loop}\ndone${loop}:`).join('\n')}
      j    finish
  `;
  return {
    name, source, words: operands.map((value, index) => [OPERANDS + 8 * index, value] as const),
    resultWords: combinations * steps.length * wordsEach,
    describe: (index) => {
      const step = Math.floor(index / wordsEach) % steps.length;
      let combination = Math.floor(index / wordsEach / steps.length);
      const used: string[] = [];
      for (let source = 0; source < sources; source += 1, combination = Math.floor(combination / count)) {
        used.unshift(`0x${operands[combination % count]!.toString(16)}`);
      }
      return `${steps[step]!.label} of ${used.join(', ')}${wordsEach === 2 && index % 2 === 1 ? ': flags' : ''}`;
    },
  };
}

/** A step that is called what it is. */
export const step = (text: string): Step => ({ text, label: text });
