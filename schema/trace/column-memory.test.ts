// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BatchBuilder, BatchReader, ReusedMemory } from './batch.ts';
import { randomRecord } from './random-record.ts';
import { seeded } from './testing/seeded.ts';
import { TrapRecord } from './trap-record.ts';

function randomBatch(seed: number, count: number): Uint8Array {
  const below = seeded(seed);
  const builder = new BatchBuilder();
  let time = 0;
  for (let seq = 1; seq <= count; seq++) {
    const record = randomRecord(below, seq, time);
    time = record.exitTime;
    builder.append(record);
  }
  return builder.finish();
}

function recordsOf(reader: BatchReader): TrapRecord[] {
  return Array.from({ length: reader.count }, (_, i) => {
    const record = new TrapRecord();
    reader.read(i, record);
    return record;
  });
}

it('a batch read into memory that is used again has the same records', () => {
  const memory = new ReusedMemory();
  fc.assert(fc.property(fc.nat(), fc.nat(60), (seed, count) => {
    const bytes = randomBatch(seed, count);
    expect(recordsOf(new BatchReader(bytes, memory.begin()))).toEqual(recordsOf(new BatchReader(bytes)));
  }), { numRuns: 60 });
});

it('arrays do not overlap, in memory that grows too', () => {
  const memory = new ReusedMemory().begin();
  const arrays = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? memory.u32(1 + 997 * i) : memory.f64(3000 * i)).fill(i));
  arrays.forEach((array, i) => expect(array.every((value) => value === i)).toBe(true));
});
