// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { BATCH_LIMITS, BatchBuilder, BatchError, BatchReader, BatchScan } from './batch.ts';
import { randomRecord } from './random-record.ts';
import type { Subject } from './names.ts';
import { seeded } from './testing/seeded.ts';
import { DELIVERY, MAX_WORDS, OUTCOME, TrapRecord } from './trap-record.ts';

const root = protobuf.parse(readFileSync(new URL('./trace.proto', import.meta.url), 'utf8')).root;
const Batch = root.lookupType('sel4scope.trace.v1.Batch');
type PlainBatch = Record<string, unknown>;

function randomTrace(seed: number, count: number, firstSeq = 1): TrapRecord[] {
  const below = seeded(seed);
  const records: TrapRecord[] = [];
  let time = 0;
  for (let i = 0; i < count; i++) {
    const record = randomRecord(below, firstSeq + i, time);
    time = record.exitTime;
    records.push(record);
  }
  return records;
}

function build(records: readonly TrapRecord[], subjects: readonly Subject[] = [], firstSeq = 1): Uint8Array {
  const builder = new BatchBuilder(records[0]?.seq ?? firstSeq);
  for (const subject of subjects) builder.subject(subject);
  for (const record of records) builder.append(record);
  return builder.finish();
}

/** What counts in a record: without words beyond its counts and without unused deliveries. */
function essence(record: TrapRecord): unknown {
  const { words, caps, deliveries, transitions, ...scalars } = record;
  return {
    ...scalars,
    words: words.slice(0, 2 * record.wordCount),
    caps: caps.slice(0, 2 * record.capCount),
    deliveries: deliveries.slice(0, record.deliveryCount).map((d) => ({ ...d, words: d.words.slice(0, 2 * d.wordCount) })),
    transitions: transitions.slice(0, record.transitionCount),
  };
}

function readAll(bytes: Uint8Array): unknown[] {
  const reader = new BatchReader(bytes);
  const record = new TrapRecord();
  const all: unknown[] = [];
  while (reader.next(record)) all.push(essence(record.clone()));
  return all;
}

function encodePlain(batch: PlainBatch): Uint8Array {
  return Batch.encode(Batch.fromObject(batch)).finish();
}

function decodePlain(bytes: Uint8Array): PlainBatch {
  return Batch.toObject(Batch.decode(bytes), { longs: String, enums: Number }) as PlainBatch;
}

/** The numbers of a column in any of its three forms. */
function expand(batch: PlainBatch, column: string, count: number): string[] {
  const values = ((batch[column] ?? []) as unknown[]).map(String);
  if (values.length === count) return values;
  expect(values.length, column).toBeLessThan(2);
  return new Array<string>(count).fill(values[0] ?? '0');
}

function word(lanes: Uint32Array, index: number): string {
  return String((BigInt(lanes[2 * index + 1]!) << 32n) | BigInt(lanes[2 * index]!));
}

describe('BatchBuilder and BatchReader', () => {
  it('give back every record, whatever its values', () => {
    fc.assert(fc.property(fc.integer(), fc.integer({ min: 0, max: 60 }), (seed, count) => {
      const records = randomTrace(seed, count);
      expect(readAll(build(records))).toEqual(records.map(essence));
    }), { numRuns: 150 });
  });

  it('are tested with records that use every field, so that a new field cannot be forgotten', () => {
    const unused = (objects: readonly object[]): string[] => Object.keys(objects[0]!).filter((key) => objects.every((object) => {
      const value = (object as Record<string, unknown>)[key];
      return value === 0 || (value instanceof Uint32Array && value.every((lane) => lane === 0));
    }));
    const records = randomTrace(1, 200);
    expect(unused(records)).toEqual([]);
    expect(unused(records.flatMap((record) => record.deliveries))).toEqual([]);
    expect(unused(records.flatMap((record) => record.transitions))).toEqual([]);
  });

  it('read records in any order', () => {
    const records = randomTrace(7, 40);
    const reader = new BatchReader(build(records));
    const record = new TrapRecord();
    for (const i of [39, 0, 17, 17, 3]) {
      reader.read(i, record);
      expect(essence(record.clone())).toEqual(essence(records[i]!));
    }
    expect(() => reader.read(40, record)).toThrow(RangeError);
    expect(() => reader.read(-1, record)).toThrow(RangeError);
    expect(() => reader.read(0.5, record)).toThrow(RangeError);
    while (reader.next(record));
    reader.rewind();
    expect(reader.next(record)).toBe(true);
    expect(record.seq).toBe(1);
  });

  it('carry the last sequence number and the last time that a number can hold', () => {
    const record = new TrapRecord();
    record.seq = Number.MAX_SAFE_INTEGER;
    record.entryTime = Number.MAX_SAFE_INTEGER - 1;
    record.exitTime = record.consumed = record.budget = Number.MAX_SAFE_INTEGER;
    record.addDelivery().answers = 1;
    record.addDelivery().answers = Number.MAX_SAFE_INTEGER;
    const bytes = build([record]);
    expect(readAll(bytes)).toEqual([essence(record)]);
    expect(BatchReader.header(bytes)).toEqual({
      firstSeq: Number.MAX_SAFE_INTEGER, count: 1, firstTime: Number.MAX_SAFE_INTEGER - 1, lastTime: Number.MAX_SAFE_INTEGER,
    });
  });

  it('carry messages of 120 words with all bits set, and many deliveries', () => {
    const record = new TrapRecord();
    record.seq = 1;
    record.wordCount = MAX_WORDS;
    record.words.fill(0xffff_ffff);
    record.syscall = -0x8000_0000;
    for (let i = 0; i < 1000; i++) {
      const delivery = record.addDelivery();
      delivery.thread = i;
      delivery.kind = DELIVERY.message;
      delivery.wordCount = MAX_WORDS;
      delivery.words.fill(0xffff_ffff);
      delivery.bufferWords.fill(0xffff_ffff);
      record.addTransition(i, 3, 1);
    }
    expect(readAll(build([record]))).toEqual([essence(record)]);
  });

  it('carry a batch of nothing, and one of subjects alone', () => {
    const reader = new BatchReader(new BatchBuilder(12).finish());
    expect(reader.header).toEqual({ firstSeq: 12, count: 0, firstTime: 0, lastTime: 0 });
    expect(reader.next(new TrapRecord())).toBe(false);
    const subjects = [{ id: 1, type: 12, name: 'rootserver' }, { id: 0xffff_ffff, type: 0, name: '' }, { id: 2, type: 4, name: 'Größe ∞ 🐧' }];
    expect(new BatchReader(build([], subjects)).subjects).toEqual(subjects);
    expect(new BatchScan(build([], subjects)).subjects()).toEqual(subjects);
  });

  it('cut a name that is too long between two characters', () => {
    const name = `a${'ä'.repeat(600)}`;
    expect(new BatchReader(build([], [{ id: 1, type: 0, name }])).subjects[0]!.name).toBe(name.slice(0, 512));
  });

  it('let the builder be used again for the next batch', () => {
    const records = randomTrace(3, 50);
    const builder = new BatchBuilder();
    for (const record of records.slice(0, 20)) builder.append(record);
    builder.subject({ id: 1, type: 12, name: 'a' });
    const first = builder.finish();
    expect(builder.isEmpty).toBe(true);
    expect(builder.nextSeq).toBe(21);
    for (const record of records.slice(20)) builder.append(record);
    const second = builder.finish();
    expect([...readAll(first), ...readAll(second)]).toEqual(records.map(essence));
    expect(new BatchReader(second).subjects).toEqual([]);
    expect(second).toEqual(build(records.slice(20)));
  });

  it('never make a batch larger than the bound that the builder tells', () => {
    fc.assert(fc.property(fc.integer(), fc.integer({ min: 0, max: 40 }), (seed, count) => {
      const builder = new BatchBuilder();
      for (const record of randomTrace(seed, count)) builder.append(record);
      builder.subject({ id: 9, type: 1, name: 'x'.repeat(count) });
      const bound = builder.sizeBound;
      expect(builder.finish().length).toBeLessThanOrEqual(bound);
    }), { numRuns: 50 });
  });

  it('write one value for a column of equal ones, and nothing for a column of zeros', () => {
    const records = Array.from({ length: 500 }, (_, i) => Object.assign(new TrapRecord(), { seq: i + 1, thread: 3, outcome: OUTCOME.replied }));
    const plain = decodePlain(build(records));
    expect(plain['thread']).toEqual([3]);
    expect(plain['outcome']).toEqual([OUTCOME.replied]);
    expect(plain['capType']).toEqual([31]);
    expect(Object.keys(plain).sort()).toEqual(['capType', 'count', 'firstSeq', 'outcome', 'thread']);
  });
});

describe('BatchScan', () => {
  it('agrees with the reader', () => {
    const bytes = build(randomTrace(11, 60));
    const reader = new BatchReader(bytes);
    const scan = new BatchScan(bytes);
    expect(scan.header).toEqual(reader.header);
    for (const name of ['cause', 'thread', 'syscall', 'capType', 'object', 'method', 'outcome', 'flags', 'fault', 'next', 'deliveryCount'] as const) {
      expect(scan.column(name)).toEqual(reader.records[name]);
      expect(scan.column(name)).toBe(scan.column(name));
    }
    expect(scan.entryTimes()).toEqual(reader.entryTimes);
    const { kind, thread, tag } = reader.deliveries;
    expect(scan.deliveries()).toEqual({ first: reader.firstDelivery, kind, thread, tag });
  });
});

describe('BatchBuilder refuses', () => {
  const refused: [string, (record: TrapRecord) => void, RegExp][] = [
    ['a gap', (r) => { r.seq = 3; }, /record 3 where 2 is next/],
    ['a repetition', (r) => { r.seq = 1; }, /record 1 where 2 is next/],
    ['an entry before the last exit', (r) => { r.entryTime = 5; }, /entry at 5 ns, after an exit at 10 ns/],
    ['an exit before its entry', (r) => { r.exitTime = 10; r.entryTime = 11; }, /exit at 10 ns, entry at 11 ns/],
    ['a time that is no integer', (r) => { r.entryTime = 11.5; }, /entry at 11.5 ns/],
    ['a negative consumed time', (r) => { r.consumed = -1; }, /consumed -1 ns/],
    ['an unknown cause', (r) => { r.cause = 6; }, /out of range/],
    ['an unknown outcome', (r) => { r.outcome = 8; }, /out of range/],
    ['121 words', (r) => { r.wordCount = 121; }, /out of range/],
    ['4 extra caps', (r) => { r.capCount = 4; }, /out of range/],
    ['an unknown kind of delivery', (r) => { r.addDelivery().kind = 7; }, /delivery 0: kind 7/],
    ['an answer to a later trap', (r) => { r.addDelivery().answers = 3; }, /answers 3/],
    ['unknown flags of a transition', (r) => { r.addTransition(1, 1, 1, 32); }, /flags 32/],
    ['an unknown thread state', (r) => { r.addTransition(1, 1, 8); }, /transition 0: from state 1 to 8/],
  ];
  it.each(refused)('%s, and stays as it was', (_, spoil, message) => {
    const builder = new BatchBuilder();
    builder.append(Object.assign(new TrapRecord(), { seq: 1, exitTime: 10 }));
    const record = Object.assign(new TrapRecord(), { seq: 2, entryTime: 10, exitTime: 20 });
    spoil(record);
    expect(() => builder.append(record)).toThrow(RangeError);
    expect(() => builder.append(record)).toThrow(message);
    expect(builder.count).toBe(1);
    const good = Object.assign(new TrapRecord(), { seq: 2, entryTime: 10, exitTime: 20 });
    builder.append(good);
    expect(new BatchReader(builder.finish()).count).toBe(2);
  });

  it('more records than a batch may have', () => {
    const builder = new BatchBuilder();
    const record = new TrapRecord();
    for (record.seq = 1; builder.hasRoomFor(record); record.seq++) builder.append(record);
    expect(builder.count).toBe(BATCH_LIMITS.records);
    expect(() => builder.append(record)).toThrow(/finish it first/);
    expect(new BatchReader(builder.finish()).count).toBe(BATCH_LIMITS.records);
  });

  it('takes as many empty deliveries of one record as the reader does', () => {
    const record = new TrapRecord();
    record.seq = 1;
    for (let i = 0; i < BATCH_LIMITS.deliveries; i++) record.addDelivery();
    expect(new BatchReader(build([record])).firstDelivery[1]).toBe(BATCH_LIMITS.deliveries);
    record.addDelivery();
    expect(() => build([record])).toThrow(/finish it first/);
  });

  it('subjects that cannot be told', () => {
    const builder = new BatchBuilder();
    expect(() => builder.subject({ id: -1, type: 0, name: '' })).toThrow(/id -1/);
    expect(() => builder.subject({ id: 1, type: 32, name: '' })).toThrow(/no capability type 32/);
    expect(builder.isEmpty).toBe(true);
  });
});

describe('the wire form is plain protobuf', () => {
  it('decodes with protobufjs to the same values', () => {
    fc.assert(fc.property(fc.integer(), fc.integer({ min: 1, max: 30 }), (seed, count) => {
      const records = randomTrace(seed, count);
      const plain = decodePlain(build(records, [{ id: seed >>> 0, type: 4, name: 'ep' }]));
      const column = (name: string): string[] => expand(plain, name, count);
      expect(plain['firstSeq']).toBe('1');
      expect(plain['lastTime'] ?? '0').toBe(String(records.at(-1)!.exitTime));
      expect(plain['subjects']).toEqual([{ ...(seed === 0 ? {} : { id: seed >>> 0 }), type: 4, name: 'ep' }]);
      expect(column('syscall')).toEqual(records.map((r) => String(r.syscall)));
      expect(column('thread')).toEqual(records.map((r) => String(r.thread)));
      expect(column('outcome')).toEqual(records.map((r) => String(r.outcome)));
      expect(column('tag')).toEqual(records.map((r) => word(Uint32Array.of(r.tagLo, r.tagHi), 0)));
      expect(column('budget')).toEqual(records.map((r) => String(r.budget)));
      expect(column('duration')).toEqual(records.map((r) => String(r.exitTime - r.entryTime)));
      const words = records.flatMap((r) => Array.from({ length: r.wordCount }, (_, i) => word(r.words, i)));
      expect(expand(plain, 'words', words.length)).toEqual(words);
      const deliveries = records.flatMap((r) => r.deliveries.slice(0, r.deliveryCount));
      expect(expand(plain, 'deliverySlots', deliveries.length)).toEqual(deliveries.map((d) => word(d.slots, 0)));
      expect(expand(plain, 'deliveryBufferHigh', deliveries.length)).toEqual(deliveries.map((d) => word(d.bufferWords, 1)));
    }), { numRuns: 60 });
  });

  it('is written by protobufjs in the same bytes', () => {
    fc.assert(fc.property(fc.integer(), fc.integer({ min: 0, max: 30 }), (seed, count) => {
      const bytes = build(randomTrace(seed, count), [{ id: 1, type: 12, name: 'ü' }]);
      expect(Buffer.from(Batch.encode(Batch.decode(bytes)).finish()).equals(bytes)).toBe(true);
    }), { numRuns: 60 });
  });

  it('reads what protobufjs writes in the long form', () => {
    const reader = new BatchReader(encodePlain({
      firstSeq: 5, count: 2, firstTime: 100, lastTime: 130, entryGap: [0, 10], duration: [10, 10], thread: [1, 1], syscall: [-1, -1],
      cptr: ['18446744073709551615', '18446744073709551615'], capType: [0, 0], wordCount: [2, 0], words: ['9223372036854775808', 0], capCount: [0, 0],
    }));
    const record = new TrapRecord();
    expect(reader.next(record) && reader.next(record)).toBe(true);
    expect([record.seq, record.thread, record.syscall, record.cptrLo, record.cptrHi]).toEqual([6, 1, -1, 0xffff_ffff, 0xffff_ffff]);
    reader.read(0, record);
    expect([...record.words.slice(0, 4)]).toEqual([0, 0x8000_0000, 0, 0]);
  });
});

describe('BatchReader refuses', () => {
  const base = { firstSeq: 1, count: 3, firstTime: 10, lastTime: 30, duration: [20, 0, 0] };
  const refused: [string, PlainBatch, string, RegExp][] = [
    ['a column that is too short', { thread: [1, 2] }, 'thread', /2 values, where 3 belong/],
    ['a column that is too long', { thread: [1, 2, 3, 4] }, 'thread', /more than the 3 values/],
    ['an unknown outcome', { outcome: [0, 8, 0] }, 'outcome', /value 8 at 1, where the largest is 7/],
    ['an unknown cause', { cause: [6] }, 'cause', /value 6/],
    ['too many words in one message', { wordCount: [121] }, 'wordCount', /value 121/],
    ['fewer words than counted', { wordCount: [2], words: [1, 2, 3, 4, 5] }, 'words', /5 values, where 6 belong/],
    ['more words than counted', { wordCount: [0, 1, 0], words: [1, 2] }, 'words', /more than the 1 values/],
    ['words that nothing counts', { words: [1] }, 'words', /nothing to have them/],
    ['deliveries that nothing counts', { deliveryKind: [1] }, 'deliveryKind', /nothing to have them/],
    ['more deliveries than a batch may have', { deliveryCount: [0xffff_ffff] }, 'deliveryCount', /more than 262144/],
    ['an answer to a trap before the first', { deliveryCount: [0, 1, 0], deliveryAnswers: [3] }, 'deliveryAnswers', /before the first/],
    ['an unknown thread state', { transitionCount: [0, 1, 0], transitionChange: [0x18] }, 'transitionChange', /no thread state 8/],
    ['a thread state after that is unknown', { transitionCount: [0, 1, 0], transitionChange: [0x81] }, 'transitionChange', /value 129/],
    ['unknown flags of a transition', { transitionCount: [0, 1, 0], transitionFlags: [32] }, 'transitionFlags', /value 32/],
    ['times that do not add up', { lastTime: 31 }, 'lastTime', /the records end at 30 ns/],
    ['a first gap', { entryGap: [1, 0, 0], lastTime: 31 }, 'entryGap', /not 0/],
    ['times beyond 2^53', { duration: [0, String(2 ** 53 - 1), 0] }, 'duration', /exceeds 2\^53/],
    ['a value beyond 2^53', { budget: [String(2 ** 53)] }, 'budget', /exceeds 2\^53/],
    ['more records than a batch may have', { count: 16385 }, 'count', /16385 records/],
    ['sequence numbers beyond 2^53', { firstSeq: String(2 ** 53 - 2) }, 'firstSeq', /exceed/],
    ['a first sequence number of 0', { firstSeq: 0 }, 'firstSeq', /missing or 0/],
    ['a time that goes back', { firstTime: 31 }, 'lastTime', /before the first time/],
    ['an unknown type of a subject', { subjects: [{ id: 1, type: 32 }] }, 'subjects', /no capability type 32/],
    ['a name that is too long', { subjects: [{ id: 1, name: 'x'.repeat(1025) }] }, 'subjects', /more than 1024/],
  ];
  it.each(refused)('%s', (_, spoiled, where, message) => {
    const bytes = encodePlain({ ...base, ...spoiled });
    expect(() => new BatchReader(bytes)).toThrow(message);
    try {
      new BatchReader(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(BatchError);
      expect((error as BatchError).where).toBe(where);
    }
  });

  it('accepts the base of these cases', () => {
    expect(new BatchReader(encodePlain(base)).count).toBe(3);
  });

  it.each<[string, number[], RegExp]>([
    ['an unknown field', [0x08, 1, 0xf8, 0x04, 0], /field 79 is not known/],
    ['a field that occurs twice', [0x08, 1, 0x08, 1], /firstSeq: occurs twice/],
    ['a wrong wire type', [0x0a, 0], /firstSeq: wire type 2/],
    ['a column that is not packed', [0x08, 1, 0x10, 1, 0x58, 1], /thread: wire type 0/],
    ['a field that ends too early', [0x08, 1, 0x10, 2, 0x5a, 3, 1], /thread: 3 bytes, where 1 are left/],
    ['a number without an end', [0x08, 0x80], /firstSeq: ends within a value/],
    ['a value within a column without an end', [0x08, 1, 0x10, 2, 0x5a, 2, 1, 0x80], /thread: ends within a value/],
    ['a number of more than 64 bits', [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], /does not fit 64 bits/],
    ['a number without end', [0x08, ...new Array<number>(20).fill(0xff)], /does not fit 64 bits/],
    ['a name that is not UTF-8', [0x08, 1, 0x2a, 3, 0x1a, 1, 0xff], /not UTF-8/],
    ['an unknown field of a subject', [0x08, 1, 0x2a, 2, 0x20, 1], /subjects: field 4/],
    ['a subject that says its id twice', [0x08, 1, 0x2a, 4, 0x08, 1, 0x08, 2], /occurs twice/],
    ['nothing at all', [], /firstSeq: is missing or 0/],
  ])('%s', (_, bytes, message) => {
    expect(() => new BatchReader(Uint8Array.from(bytes))).toThrow(BatchError);
    expect(() => new BatchReader(Uint8Array.from(bytes))).toThrow(message);
  });

  it('nothing in any other way than by BatchError, however the bytes are damaged', () => {
    const original = build(randomTrace(5, 30), [{ id: 1, type: 12, name: 'rootserver' }]);
    fc.assert(fc.property(
      fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), fc.nat(original.length), fc.boolean(),
      (changes, length, truncate) => {
        const bytes = original.slice(0, truncate ? length : original.length);
        for (const [at, value] of changes) bytes[at] = value;
        readOrRefuse(bytes);
      },
    ), { numRuns: 3000 });
  });

  it('random bytes without any harm', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), readOrRefuse), { numRuns: 3000 });
  });

  it('the largest claims that a few bytes can make, quickly', () => {
    const bytes = encodePlain({ firstSeq: 1, count: 16384, deliveryCount: [17], wordCount: [64], words: ['18446744073709551615'], transitionCount: [16] });
    expect(bytes.length).toBeLessThan(64);
    expect(() => new BatchReader(bytes)).toThrow(/deliveryCount: more than 262144/);
    const allowed = encodePlain({ firstSeq: 1, count: 16384, deliveryCount: [16], wordCount: [64], words: ['18446744073709551615'], transitionCount: [16] });
    expect(new BatchReader(allowed).deliveries.kind.length).toBe(262144);
  });
});

function readOrRefuse(bytes: Uint8Array): void {
  try {
    const reader = new BatchReader(bytes);
    const record = new TrapRecord();
    while (reader.next(record));
  } catch (error) {
    if (!(error instanceof BatchError)) throw error;
  }
}
