// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { ConsoleTail } from './console.ts';

function written(text: string): ConsoleTail {
  const tail = new ConsoleTail();
  for (const byte of new TextEncoder().encode(text)) tail.push(byte);
  return tail;
}

describe('tail of a console', () => {
  it('keeps the last lines, and the one that is not ended', () => {
    const tail = written(`${Array.from({ length: 50 }, (_, i) => `line ${i}\r\n`).join('')}open`);
    expect(tail.lines()).toHaveLength(41);
    expect([tail.lines()[0], tail.lines().at(-1), tail.atLineStart]).toEqual(['line 10', 'open', false]);
  });

  it('cuts a line that never ends', () => {
    expect(written('x'.repeat(10_000)).lines().map((line) => line.length)).toEqual([4096, 4096, 1808]);
  });

  it.each([
    'seL4 called fail at boot.c:1 in function main, saying "no"', 'seL4 failed assertion \'x\' at y.c:2 in function f', 'KERNEL ABORT (exception within s-mode)!',
  ])('knows the words of a kernel that gives up: %s', (words) => {
    expect(written(words).panic).toBe(words);
    expect(written(`before\n${words}\nafter\n`).panic).toBe(words);
    expect(written(`before\n${words}\n${'after\n'.repeat(100)}`).panic).toBe(words);
  });

  it('does not take a halt that was asked for for one', () => {
    expect(written('Debug halt syscall from user thread\nhalting...\n').panic).toBeUndefined();
  });

  it('restores what it saved', () => {
    const tail = new ConsoleTail();
    tail.restore(JSON.parse(JSON.stringify(written('KERNEL ABORT\nand mo').save())));
    for (const byte of new TextEncoder().encode('re\n')) tail.push(byte);
    expect([tail.panic, tail.lines()]).toEqual(['KERNEL ABORT', ['KERNEL ABORT', 'and more']]);
  });
});
