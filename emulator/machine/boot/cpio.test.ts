// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { BootError } from './boot-error.ts';
import { findCpio, readCpio } from './cpio.ts';

function entry(name: string, data: string): string {
  const fields = Array.from({ length: 13 }, () => 0);
  fields[6] = data.length;
  fields[11] = name.length + 1;
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  const pad = (text: string): string => text.padEnd((text.length + 3) & ~3, '\0');
  return pad(pad(`${header}${name}\0`) + data);
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const archive = entry('kernel.elf', 'abcde') + entry('rootserver', '') + entry('TRAILER!!!', '');

describe('CPIO reader', () => {
  it('reads files in their order', () => {
    const files = readCpio('a', bytes(archive)).map(({ name, data }) => [name, new TextDecoder().decode(data)]);
    expect(files).toEqual([['kernel.elf', 'abcde'], ['rootserver', '']]);
  });

  it('finds an archive inside a file', () => {
    expect(findCpio(bytes(`12345678${archive}`))).toBe(8);
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
