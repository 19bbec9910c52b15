// SPDX-License-Identifier: BSD-2-Clause
/**
 * Where parameters lie in a message. Each is aligned to its own size, or to a word if it is larger; so small ones
 * share a word, and one of several words starts at bit 0.
 */

/** Place of one parameter in a message. */
export interface Placement {
  /** First message word. */
  readonly word: number;
  /** First bit in that word. */
  readonly bit: number;
  readonly bits: number;
  /** Message words it occupies. */
  readonly words: number;
}

/** Whether a parameter of this size can be packed: a power of two below a word, or whole words. */
export function isPackable(bits: number, wordBits: number): boolean {
  return bits >= 1 && (bits < wordBits ? (bits & (bits - 1)) === 0 : bits % wordBits === 0);
}

/**
 * Places parameters of these sizes, in order.
 * @param sizes bits of each parameter; every one must be packable
 * @param wordBits bits of a machine word, 32 or 64
 */
export function pack(sizes: readonly number[], wordBits: number): Placement[] {
  let used = 0;
  return sizes.map((bits) => {
    if (!isPackable(bits, wordBits)) throw new RangeError(`a parameter of ${bits} bits cannot be packed into ${wordBits}-bit words`);
    const alignment = Math.min(bits, wordBits);
    const first = Math.ceil(used / alignment) * alignment;
    used = first + bits;
    return { word: Math.floor(first / wordBits), bit: first % wordBits, bits, words: Math.ceil(bits / wordBits) };
  });
}

/** Message words that packed parameters occupy. */
export function packedLength(placements: readonly Placement[]): number {
  const last = placements.at(-1);
  return last === undefined ? 0 : last.word + last.words;
}
