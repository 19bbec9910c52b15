// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HART, memoryMap, PAGE, PAGE_BYTES, RAM_BASE, WATCHED_WORDS_BYTES } from './layout.ts';
import { OutOfFrames, SparseMemory } from './sparse-memory.ts';

const PAGES = 8;
const small = (): SparseMemory => new SparseMemory({ ramBytes: PAGES * PAGE_BYTES, frameBytes: PAGES * PAGE_BYTES });

/** Addresses near page borders as often as anywhere. */
const offsets = fc.oneof(
  fc.integer({ min: 0, max: PAGES * PAGE_BYTES - 1 }),
  fc.tuple(fc.integer({ min: 0, max: PAGES - 1 }), fc.integer({ min: -8, max: 8 }))
    .map(([page, near]) => Math.max(0, page * PAGE_BYTES + near)),
);
const write = fc.record({ offset: offsets, data: fc.uint8Array({ maxLength: 40 }) });
const zeros = fc.record({ offset: offsets, data: fc.integer({ min: 0, max: 5000 }).map((length) => new Uint8Array(length)) });

describe('sparse memory', () => {
  it('reads what was written, like a plain array', () => {
    fc.assert(fc.property(fc.array(fc.oneof(write, zeros), { maxLength: 30 }), offsets, (writes, probe) => {
      const memory = small();
      const naive = new Uint8Array(PAGES * PAGE_BYTES);
      for (const { offset, data } of writes) {
        const part = data.subarray(0, naive.length - offset);
        memory.write(RAM_BASE + offset, part);
        naive.set(part, offset);
      }
      expect(Buffer.compare(memory.read(RAM_BASE, naive.length), naive)).toBe(0);
      const at = Math.min(probe, naive.length - 8);
      const view = new DataView(naive.buffer);
      expect(memory.readWord(RAM_BASE + at)).toBe(view.getBigUint64(at, true));
      expect(memory.readU32(RAM_BASE + at)).toBe(view.getUint32(at, true));
    }), { numRuns: 50 });
  });

  it('gives a frame to exactly the pages into which something non-zero was written', () => {
    fc.assert(fc.property(fc.array(fc.oneof(write, zeros), { maxLength: 20 }), (writes) => {
      const memory = small();
      const expected = new Set<number>();
      for (const { offset, data } of writes) {
        const part = data.subarray(0, PAGES * PAGE_BYTES - offset);
        memory.write(RAM_BASE + offset, part);
        part.forEach((byte, index) => { if (byte !== 0) expected.add(Math.floor((offset + index) / PAGE_BYTES)); });
      }
      expect([...memory.present()]).toEqual([...expected].sort((a, b) => a - b));
    }), { numRuns: 50 });
  });

  it('writes words little endian, also over the end of a page', () => {
    const memory = small();
    memory.writeWord(RAM_BASE + PAGE_BYTES - 4, 0x1122_3344_5566_7788n);
    expect([...memory.read(RAM_BASE + PAGE_BYTES - 4, 8)]).toEqual([0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]);
    expect(memory.readWord(RAM_BASE + PAGE_BYTES - 4)).toBe(0x1122_3344_5566_7788n);
    memory.writeWord(RAM_BASE, -1n);
    expect(memory.readWord(RAM_BASE)).toBe(0xffff_ffff_ffff_ffffn);
  });

  it('shows live lanes', () => {
    const memory = small();
    const lanes = memory.lanes(RAM_BASE + PAGE_BYTES + 8, 2);
    expect([...memory.present()]).toEqual([1]);
    lanes[1] = 7;
    expect(memory.readWord(RAM_BASE + PAGE_BYTES + 8)).toBe(7n << 32n);
    memory.writeWord(RAM_BASE + PAGE_BYTES + 8, 9n);
    expect([...lanes]).toEqual([9, 0]);
    expect(() => memory.lanes(RAM_BASE + PAGE_BYTES - 4, 2)).toThrow(/do not lie in one page/);
    expect(() => memory.lanes(RAM_BASE + 2, 1)).toThrow(/multiple of 4/);
  });

  it('tells the hart about changed attributes and frames', () => {
    const memory = small();
    const state = new DataView(memory.memory.buffer);
    const { attributes } = memoryMap(memory.bytes);
    const epoch = (): number => state.getUint32(HART.mappingEpoch, true);
    memory.watch(3, true);
    memory.protect(3, true);
    expect(epoch()).toBe(2);
    expect(state.getUint8(attributes + 3)).toBe(PAGE.watched | PAGE.readOnly);
    memory.watch(3, false);
    expect(state.getUint8(attributes + 3)).toBe(PAGE.readOnly);
    memory.writeWord(RAM_BASE, 1n);
    expect(epoch()).toBe(4);
    memory.writeWord(RAM_BASE, 2n);
    expect(epoch()).toBe(4);
    expect(() => memory.watch(PAGES, true)).toThrow(/no page 8/);
  });

  it('watches a page as long as a word of it is watched', () => {
    const memory = small();
    const state = new DataView(memory.memory.buffer);
    const { attributes, watchedWords } = memoryMap(memory.bytes);
    const page = RAM_BASE + 3 * PAGE_BYTES;
    const watched = (): [number, number] => [state.getUint8(attributes + 3), state.getUint8(watchedWords + 3 * WATCHED_WORDS_BYTES + 1)];
    memory.watchWord(page + 8 * 9, true);
    memory.watchWord(page + 8 * 11 + 5, true);
    expect([watched(), state.getUint32(HART.mappingEpoch, true)]).toEqual([[PAGE.watched, 0b1010], 1]);
    memory.watchWord(page + 8 * 9, false);
    expect(watched()).toEqual([PAGE.watched, 0b1000]);
    memory.watchWord(page + 8 * 11, false);
    expect(watched()).toEqual([0, 0]);
  });

  it('tells listeners of writes into pages with decoded instructions only', () => {
    const memory = small();
    const heard: number[] = [];
    memory.onWritten((page) => heard.push(page));
    new DataView(memory.memory.buffer).setUint8(memory.map.attributes + 2, PAGE.code);
    memory.write(RAM_BASE + 2 * PAGE_BYTES - 1, Uint8Array.of(1, 2));
    expect(heard).toEqual([2]);
  });

  it('names the option when frames run out', () => {
    const memory = new SparseMemory({ ramBytes: PAGES * PAGE_BYTES, frameBytes: 2 * PAGE_BYTES });
    memory.writeWord(RAM_BASE, 1n);
    memory.writeWord(RAM_BASE + PAGE_BYTES, 1n);
    memory.writeWord(RAM_BASE + 2 * PAGE_BYTES, 0n);
    expect(() => memory.writeWord(RAM_BASE + 2 * PAGE_BYTES, 1n)).toThrow(OutOfFrames);
    expect(() => memory.writeWord(RAM_BASE + 2 * PAGE_BYTES, 1n)).toThrow(/raise the option frameBytes/);
  });

  it('refuses addresses outside RAM and sizes that make no sense', () => {
    const memory = small();
    for (const address of [RAM_BASE - 1, RAM_BASE + PAGES * PAGE_BYTES - 7, Number.NaN, 0.5]) {
      expect(() => memory.readWord(address)).toThrow(/do not lie in RAM/);
    }
    expect(() => new SparseMemory({ ramBytes: 1000 })).toThrow(/ramBytes is 1000/);
    expect(() => new SparseMemory({ frameBytes: 2 ** 40 })).toThrow(/frameBytes/);
  });

  it('reserves 3 GiB of guest RAM without touching it', () => {
    const before = process.memoryUsage.rss();
    const memory = new SparseMemory();
    const last = RAM_BASE + 3 * 2 ** 30 - 8;
    memory.writeWord(last, 5n);
    expect(memory.readWord(last)).toBe(5n);
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 2 ** 20);
  });
});
