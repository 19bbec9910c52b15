// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { MaskRom } from './mask-rom.ts';

it('reads what it was made with, in every size, and refuses to be written', () => {
  const rom = new MaskRom(16);
  rom.program(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 0x88));
  expect([rom.load(0, 1), rom.load(2, 2), rom.load(4, 4), rom.load(0, 8), rom.load(8, 8)]).toEqual([1n, 0x403n, 0x8807_0605n, 0x8807_0605_0403_0201n, 0n]);
  expect(rom.store()).toEqual({ reason: 'read-only memory cannot be written' });
  const other = new MaskRom(16);
  other.restore(JSON.parse(JSON.stringify(rom.save())));
  expect(other.load(0, 8)).toBe(rom.load(0, 8));
});
