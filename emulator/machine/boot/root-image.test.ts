// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { BootError } from './boot-error.ts';
import { readElf } from './elf64.ts';
import { rootImageOf } from './root-image.ts';
import { elfOf, type TestSegment } from './testing/elf.ts';

const image = (entry: bigint, ...segments: TestSegment[]) => rootImageOf(readElf('root.elf', elfOf(entry, segments)), 0x10_0000);
const text = { virtualAddress: 0x1_0000n, data: Uint8Array.of(1, 2), memoryBytes: 4 };

describe('root image', () => {
  it('joins segments with zeros between them, whatever their order', () => {
    const { base, entry, data } = image(0x1_0001n, { virtualAddress: 0x1_0008n, data: Uint8Array.of(9) }, text);
    expect([base, entry, [...data]]).toEqual([0x1_0000n, 0x1_0001n, [1, 2, 0, 0, 0, 0, 0, 0, 9]]);
  });

  it.each([
    ['an entry outside', () => image(0x2_0000n, text), 'root.elf: its entry 0x20000 lies outside its segments'],
    ['an odd start', () => image(0x1_0010n, { ...text, virtualAddress: 0x1_0010n }), 'root.elf: its lowest segment starts at 0x10010, which is no multiple of 4096'],
    ['more than RAM', () => image(0x1_0000n, { ...text, memoryBytes: 0x20_0000 }), 'root.elf: takes up 0x200000 bytes from 0x10000 on, RAM has 0x100000'],
  ])('refuses %s', (_what, make, message) => {
    expect(make).toThrow(new BootError(message));
  });
});
