// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { BatchReader } from '../../schema/trace/batch.ts';
import { SyntheticTrace } from '../../schema/trace/synthetic-trace.ts';
import { MAX_WORDS, TrapRecord } from '../../schema/trace/trap-record.ts';
import { BatchingSink } from './batching-sink.ts';
import type { BatchingOptions, OutgoingBatch } from './batching-sink.ts';

function sinkWith(options: BatchingOptions = {}): { sink: BatchingSink; batches: OutgoingBatch[] } {
  const batches: OutgoingBatch[] = [];
  return { sink: new BatchingSink((batch) => batches.push(batch), options), batches };
}

function feed(sink: BatchingSink, count: number): void {
  const trace = new SyntheticTrace(count);
  for (let record = trace.next(); record !== undefined; record = trace.next()) sink.record(record);
}

describe('BatchingSink', () => {
  it('cuts full batches and leaves the rest to flush', () => {
    const { sink, batches } = sinkWith({ records: 100 });
    feed(sink, 250);
    expect(batches.map((b) => [b.firstSeq, b.count])).toEqual([[1, 100], [101, 100]]);
    sink.flush();
    sink.flush();
    expect(batches.map((b) => [b.firstSeq, b.count])).toEqual([[1, 100], [101, 100], [201, 50]]);
    expect(batches.map((b) => new BatchReader(b.bytes).header.firstSeq)).toEqual([1, 101, 201]);
  });

  it('sends subjects with the next record, and at the end without one', () => {
    const { sink, batches } = sinkWith();
    sink.subject({ id: 1, type: 12, name: 'a' });
    sink.flush();
    expect(batches).toEqual([]);
    feed(sink, 1);
    sink.flush();
    sink.subject({ id: 1, type: 12, name: 'b' });
    sink.end();
    sink.end();
    expect(batches.map((b) => [b.firstSeq, b.count, new BatchReader(b.bytes).subjects[0]!.name])).toEqual([[1, 1, 'a'], [2, 0, 'b']]);
  });

  it('keeps batches below a size, unless a single record is larger', () => {
    const { sink, batches } = sinkWith({ maxBytes: 20_000 });
    const record = new TrapRecord();
    record.wordCount = MAX_WORDS;
    record.words.forEach((_, lane) => { record.words[lane] = 0xffff_0000 + lane; });
    for (record.seq = 1; record.seq <= 100; record.seq++) sink.record(record);
    for (let i = 0; i < 40; i++) {
      const delivery = record.addDelivery();
      delivery.wordCount = MAX_WORDS;
      delivery.words.set(record.words);
    }
    for (; record.seq <= 103; record.seq++) sink.record(record);
    for (let id = 1; id < 2000; id++) sink.subject({ id, type: 4, name: 'endpoint' });
    sink.end();
    expect(batches.reduce((sum, b) => sum + b.count, 0)).toBe(103);
    expect(batches.filter((b) => b.bytes.length > 20_000).map((b) => b.count)).toEqual([1, 1, 1]);
    expect(batches.filter((b) => b.count === 0).length).toBeGreaterThan(1);
  });

  it('makes the same bytes for the same records', () => {
    const [a, b] = [sinkWith({ records: 64 }), sinkWith({ records: 64 })];
    for (const { sink } of [a, b]) { feed(sink, 500); sink.end(); }
    expect(a.batches).toEqual(b.batches);
  });

  it('refuses batches without records', () => {
    expect(() => sinkWith({ records: 0 })).toThrow(/a batch of 0 records/);
  });
});
