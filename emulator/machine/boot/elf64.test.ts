// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { BootError } from './boot-error.ts';
import { loadable, readElf, segmentData } from './elf64.ts';
import { elfOf, patched } from './testing/elf.ts';

const good = elfOf(0x8020_0000n, [{ virtualAddress: 0x8020_0000n, data: Uint8Array.of(1, 2, 3, 4), memoryBytes: 0x20 }]);
/** Offset of the only program header. */
const SEGMENT = 64;

describe('ELF reader', () => {
  it('reads entry and segments', () => {
    const file = readElf('good.elf', good);
    expect(file.entry).toBe(0x8020_0000n);
    expect(file.segments).toEqual([
      { type: 1, flags: 7, virtualAddress: 0x8020_0000n, physicalAddress: 0x8020_0000n, offset: 120, fileBytes: 4, memoryBytes: 0x20 },
    ]);
    expect([...segmentData(file, file.segments[0]!)]).toEqual([1, 2, 3, 4]);
    expect(file.sections).toEqual([]);
  });

  it.each([
    ['text', new TextEncoder().encode('#!/bin/sh\n'), 'x.elf: not an ELF file'],
    ['nothing', new Uint8Array(0), 'x.elf: not an ELF file'],
    ['a header cut short', good.subarray(0, 40), 'x.elf: truncated: an ELF header has 64 bytes, the file has 40'],
    ['a program header cut short', good.subarray(0, 100), 'x.elf: table of program headers is truncated: it ends at byte 120 of a file of 100'],
    ['a segment cut short', good.subarray(0, 122), 'x.elf: segment 0 is truncated: it ends at byte 124 of a file of 122'],
    ['32 bits', patched(good, 4, 1), 'x.elf: a 32-bit ELF file: the machine is RV64'],
    ['big-endian', patched(good, 5, 2), 'x.elf: a big-endian ELF file: RISC-V is little-endian'],
    ['x86-64', patched(good, 18, 62), 'x.elf: built for machine 62, not for RISC-V (243)'],
    ['an object file', patched(good, 16, 1), 'x.elf: ELF type 1: not an executable'],
    ['other program headers', patched(good, 54, 32), 'x.elf: a program header of 32 bytes, not 56'],
    ['more in the file than in memory', patched(good, SEGMENT + 40, 3), 'x.elf: segment 0 has more bytes in the file (4) than in memory (3)'],
    ['an absurd offset', patched(good, SEGMENT + 15, 0xff), 'x.elf: an offset or size of 0xff00000000000078 is beyond any file'],
    ['a section table outside', patched(good, 40, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 64, 0, 9, 0), 'x.elf: table of section headers is truncated: it ends at byte 592 of a file of 124'],
  ])('refuses %s', (_what, data, message) => {
    expect(() => readElf('x.elf', data)).toThrow(new BootError(message));
  });

  it('says that nothing is to be loaded', () => {
    expect(() => loadable(readElf('x.elf', elfOf(0n, [])))).toThrow(new BootError('x.elf: nothing to load: it has no PT_LOAD segment'));
  });
});
