// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { recordDetail } from '../testing/fixtures.ts';
import { deliveredWords } from './message-words.ts';

const reply = recordDetail('a', 50).deliveries[0]!;

it('finds each word in its register or in the buffer, and says whether it was written', () => {
  const words = deliveredWords({
    ...reply, words: ['0x0', '0x1', '0x2', '0x3', '0x4', '0x5'], tag: { ...reply.tag, length: 5 }, writtenRegisters: ['a0', 'a1', 'a2', 'a4'], writtenBufferWords: [5],
  });
  expect(words.map(({ home, written, beyond }) => [home, written, beyond])).toEqual([
    ['a2', true, false], ['a3', false, false], ['a4', true, false], ['a5', false, false], ['buffer 5', true, false], ['buffer 6', false, true],
  ]);
});

it('sees the word that a reply of length 0 wrote all the same', () => {
  expect(deliveredWords(reply)).toEqual([{ hex: '0x4e20', home: 'a2', written: true, beyond: true }]);
});
