// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { SLOT } from '../../schema/abi/registers.ts';
import { lanesToBigInt } from '../../schema/abi/word.ts';
import type { AccessBytes, UserContext, UserMemory } from '../runtime/user-context.ts';
import { FakeContext } from '../testing/fake-context.ts';
import { ThreadMemory } from './thread-memory.ts';

const VALUE = 2 * SLOT.t5;

/** A thread whose memory is 64 bytes from address 0 on; it notes every access. */
function contextWithMemory(): { context: UserContext; accesses: string[] } {
  const fake = new FakeContext();
  const bytes = new DataView(new ArrayBuffer(64));
  const accesses: string[] = [];
  const word = (size: AccessBytes) => `${size === 8 ? 'BigUint' : 'Uint'}${8 * size}` as const;
  const memory: UserMemory = {
    load: (lo, hi, size) => {
      accesses.push(`load ${size} at ${lanesToBigInt(lo, hi)}`);
      const value = BigInt((bytes[`get${word(size)}` as 'getBigUint64'])(lo, true));
      fake.registers[VALUE] = Number(value & 0xffff_ffffn);
      fake.registers[VALUE + 1] = Number(value >> 32n);
      // An access may have to wait, as one that faults does.
      return lo % 3 === 0 ? Promise.resolve() : undefined;
    },
    store: (lo, hi, size, valueLo, valueHi) => {
      accesses.push(`store ${size} at ${lanesToBigInt(lo, hi)}`);
      const value = lanesToBigInt(valueLo, valueHi);
      if (size === 8) bytes.setBigUint64(lo, value, true);
      else (bytes[`set${word(size)}` as 'setUint32'])(lo, Number(value), true);
      return undefined;
    },
  };
  return { context: Object.assign(fake, { memory }), accesses };
}

describe('the memory of a thread', () => {
  it('is one instruction for each access', async () => {
    const { context, accesses } = contextWithMemory();
    const memory = new ThreadMemory(context);
    await memory.store64(8, 0xfedc_ba98_7654_3210n);
    expect(await memory.load64(8n)).toBe(0xfedc_ba98_7654_3210n);
    expect([await memory.load32(12), await memory.load16(10), await memory.load8(15)]).toEqual([0xfedc_ba98, 0x7654, 0xfe]);
    await memory.store8(0, 1);
    await memory.store16(2, 0xffff);
    await memory.store32(4, 0xffff_ffff);
    expect(await memory.load64(0)).toBe(0xffff_ffff_ffff_0001n);
    expect(accesses).toEqual([
      'store 8 at 8', 'load 8 at 8', 'load 4 at 12', 'load 2 at 10', 'load 1 at 15', 'store 1 at 0', 'store 2 at 2', 'store 4 at 4', 'load 8 at 0',
    ]);
  });

  it('is moved in words where they are aligned', async () => {
    const { context, accesses } = contextWithMemory();
    const memory = new ThreadMemory(context);
    const bytes = Uint8Array.from({ length: 19 }, (_, i) => 100 + i);
    await memory.write(6, bytes);
    expect(accesses.splice(0)).toEqual(['store 1 at 6', 'store 1 at 7', 'store 8 at 8', 'store 8 at 16', 'store 1 at 24']);
    expect(await memory.read(6n, 19)).toEqual(bytes);
    expect(accesses).toEqual(['load 1 at 6', 'load 1 at 7', 'load 8 at 8', 'load 8 at 16', 'load 1 at 24']);
  });

  it('takes no value that does not fit, and no address that there is not', async () => {
    const { context, accesses } = contextWithMemory();
    const memory = new ThreadMemory(context);
    await expect(memory.store16(0, 0x1_0000)).rejects.toThrow('65536 is no unsigned number of 16 bits');
    await expect(memory.store32(0, 1.5)).rejects.toThrow('1.5 is no unsigned number of 32 bits');
    await expect(memory.store64(0, 2n ** 64n)).rejects.toThrow('not a 64-bit word');
    await expect(memory.load8(-1)).rejects.toThrow('not a 64-bit word');
    expect(accesses).toEqual([]);
  });

  it('says so when the host has none', async () => {
    await expect(new ThreadMemory(new FakeContext()).load64(0)).rejects.toThrow('this kernel host has no memory for threads to load from and store to');
  });
});
