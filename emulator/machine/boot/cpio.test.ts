// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { BootError } from './boot-error.ts';
import { findCpio, readCpio } from './cpio.ts';
import { readElfloaderArchive } from './elfloader-archive.ts';
import { cpioArchive } from './testing/cpio.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const archive = new TextDecoder().decode(cpioArchive({ 'kernel.elf': 'abcde', rootserver: '' }));

describe('CPIO reader', () => {
  it('reads files in their order', () => {
    const files = readCpio('a', bytes(archive)).map(({ name, data }) => [name, new TextDecoder().decode(data)]);
    expect(files).toEqual([['kernel.elf', 'abcde'], ['rootserver', '']]);
  });

  it('finds an archive inside a file', () => {
    expect(findCpio(bytes(`12345678${archive}`))).toBe(8);
    expect(findCpio(bytes(`070701, the magic number${archive}`))).toBe(24);
    expect(findCpio(bytes('nothing here'.repeat(20)))).toBeUndefined();
  });

  it.each([
    ['no end mark', archive.slice(0, 240), 'a: CPIO entry at byte 132 is truncated: the archive has no end mark'],
    ['a file cut short', archive.slice(0, 126), 'a: CPIO entry at byte 0 is truncated: it ends at byte 129 of 126'],
    ['another format', archive.replace('070701', '070707'), 'a: CPIO entry at byte 0 does not begin with 070701'],
    ['a number that is none', `${archive.slice(0, 54)}zzzzzzzz${archive.slice(62)}`, 'a: CPIO entry at byte 0 has "zzzzzzzz" in place of a number'],
  ])('refuses %s', (_what, text, message) => {
    expect(() => readCpio('a', bytes(text))).toThrow(new BootError(message));
  });
});

describe('elfloader archive', () => {
  const image = (files: Record<string, string>): Uint8Array => Uint8Array.from([1, 2, 3, 4, ...cpioArchive(files)]);

  it('has kernel, device tree and the root task under any name', () => {
    const { kernel, dtb, root } = readElfloaderArchive('i', image({ 'kernel.elf': 'k', 'kernel.dtb': 'd', 'sel4test-driver': 'r' }));
    expect([kernel, dtb, root].map((each) => new TextDecoder().decode(each))).toEqual(['k', 'd', 'r']);
    expect(readElfloaderArchive('i', image({ 'kernel.elf': 'k', root: 'r' })).dtb).toBeUndefined();
  });

  it.each([
    ['no archive', Uint8Array.of(1, 2, 3), 'i: carries no CPIO archive: not an elfloader image'],
    ['no root task', image({ 'kernel.elf': 'k', 'kernel.dtb': 'd' }), 'i: its archive has kernel.elf, kernel.dtb: kernel.elf and a root task are needed'],
    ['nothing', image({}), 'i: its archive has no files: kernel.elf and a root task are needed'],
  ])('is refused with %s', (_what, data, message) => {
    expect(() => readElfloaderArchive('i', data)).toThrow(new BootError(message));
  });
});
