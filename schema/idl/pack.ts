// SPDX-License-Identifier: BSD-2-Clause
/** Parameters in and out of message words; lanes as in `abi/word.ts`, 64-bit words. */
import { toHex } from '../abi/word.ts';
import type { Word } from '../abi/word.ts';
import type { Parameter } from './model.ts';

/** Lane of a parameter's first bit. A parameter below a word lies in one lane, because it is aligned to its size. */
function firstLane(words: Uint32Array, p: Parameter, index: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= p.words) throw new RangeError(`'${p.name}' has ${p.words} words; there is no word ${index}`);
  const lane = 2 * (p.word + index);
  if (lane + 1 >= words.length) throw new RangeError(`'${p.name}' needs message word ${p.word + index}, but there are ${words.length >> 1}`);
  return lane + (p.bit >> 5);
}

/**
 * The value of a parameter.
 * @param words message words
 * @param index word of a parameter that has several, e.g. the member of a structure
 * @throws RangeError when there are fewer words
 */
export function readParameter(words: Uint32Array, p: Parameter, index = 0): Word {
  const lane = firstLane(words, p, index);
  if (p.bits > 32) return { lo: words[lane]!, hi: words[lane + 1]! };
  const value = words[lane]! >>> (p.bit & 31);
  return { lo: p.bits === 32 ? value : value & ((1 << p.bits) - 1), hi: 0 };
}

/**
 * Sets a parameter; the other bits of a shared word stay as they are.
 * @param index as for {@link readParameter}
 * @throws RangeError when there are fewer words, or the value needs more bits than the parameter has
 */
export function writeParameter(words: Uint32Array, p: Parameter, value: Word, index = 0): void {
  const lane = firstLane(words, p, index);
  if (p.bits > 32) {
    words[lane] = value.lo;
    words[lane + 1] = value.hi;
    return;
  }
  const mask = p.bits === 32 ? 0xffff_ffff : (1 << p.bits) - 1;
  if (value.hi !== 0 || value.lo > mask) throw new RangeError(`${toHex(value)} does not fit the ${p.bits} bits of '${p.name}'`);
  const shift = p.bit & 31;
  words[lane] = (words[lane]! & ~(mask << shift)) | (value.lo << shift);
}
