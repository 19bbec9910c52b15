// SPDX-License-Identifier: BSD-2-Clause
/** Finds the fields of a Batch and decodes single columns: the decoding half of the hot path. */
import { BatchError } from './batch-error.ts';
import { BATCH_LIMITS, FIELD, FIELD_NAMES, LARGEST, SUBJECT_FIELD } from './batch-layout.ts';
import type { FieldName } from './batch-layout.ts';
import { OWN_MEMORY, zeros32, zeros64, type ColumnMemory } from './column-memory.ts';
import type { Subject } from './names.ts';

/** What a batch says of itself before any column is read. */
export interface BatchHeader {
  /** Sequence number of the first record; of the record that comes next when `count` is 0. */
  readonly firstSeq: number;
  readonly count: number;
  /** Virtual ns: entry of the first record and exit of the last. 0 when `count` is 0. */
  readonly firstTime: number;
  readonly lastTime: number;
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const HIGHEST_FIELD = Math.max(...Object.values(FIELD));
const HEADER_FIELDS = FIELD.lastTime;
const textDecoder = new TextDecoder('utf-8', { fatal: true });

/**
 * The fields of one encoded batch. The constructor reads its outline only: which field lies where, and the header.
 * Columns are decoded on demand, each with its own checks. Everything throws {@link BatchError}.
 */
export class BatchFields {
  readonly header: BatchHeader;
  private readonly bytes: Uint8Array;
  private readonly memory: ColumnMemory;
  /** Where the content of a field starts and ends; end 0 when it is absent. */
  private readonly starts = new Int32Array(HIGHEST_FIELD + 1);
  private readonly ends = new Int32Array(HIGHEST_FIELD + 1);
  /** Starts and ends of the subjects, alternating. */
  private readonly subjectRanges: number[] = [];
  /** Place up to which a varint was read, and its lanes: results of {@link readVarint}. */
  private at = 0;
  private lo = 0;
  private hi = 0;

  /** @param memory for the columns */
  constructor(bytes: Uint8Array, memory = OWN_MEMORY) {
    this.bytes = bytes;
    this.memory = memory;
    const scalars = new Float64Array(HEADER_FIELDS + 1);
    this.readOutline(scalars);
    this.header = checkedHeader({
      firstSeq: scalars[FIELD.firstSeq]!,
      count: scalars[FIELD.count]!,
      firstTime: scalars[FIELD.firstTime]!,
      lastTime: scalars[FIELD.lastTime]!,
    });
  }

  /** A column of `count` unsigned values, none above `largest`; no column is to be written. The usual lengths of values are read in line, here and below: less than half the time. */
  u32(name: FieldName, count: number, largest = 0xffff_ffff): Uint32Array {
    const end = this.open(name, count);
    if (end === 0) return zeros32(count);
    const values = this.memory.u32(count);
    const bytes = this.bytes;
    let at = this.at;
    if (end - at === count && copySmall(bytes, at, values, Math.min(largest, 0x7f))) return values;
    for (let i = 0; i < count; i++) {
      let value = at < end ? bytes[at++]! : this.tooFew(name, i, count);
      if (value > 0x7f) {
        const second = at < end ? bytes[at]! : 0x80;
        if (second <= 0x7f) {
          value = (value & 0x7f) | (second << 7);
          at++;
        } else {
          value = this.rest32(name, at - 1, end);
          at = this.at;
        }
      }
      if (value > largest) throw new BatchError(name, `value ${value} at ${i}, where the largest is ${largest}`);
      values[i] = value;
      if (i === 0 && at === end) return values.fill(value);
    }
    if (at !== end) this.tooMany(name, count);
    return values;
  }

  /** A column of `count` safe non-negative integers. */
  safes(name: FieldName, count: number): Float64Array {
    const end = this.open(name, count);
    if (end === 0) return zeros64(count);
    const values = this.memory.f64(count);
    const bytes = this.bytes;
    let at = this.at;
    for (let i = 0; i < count; i++) {
      let value = at < end ? bytes[at++]! : this.tooFew(name, i, count);
      if (value > 0x7f) {
        const length = at + 3 <= end ? shortLength(bytes, at) : 0;
        if (length === 0) {
          value = this.restSafe(name, at - 1, end);
          at = this.at;
        } else {
          value = shortValue(bytes, at, length);
          at += length - 1;
        }
      }
      values[i] = value;
      if (i === 0 && at === end) return values.fill(value);
    }
    if (at !== end) this.tooMany(name, count);
    return values;
  }

  /** A column of `count` 64-bit words as lanes. */
  words(name: FieldName, count: number): Uint32Array {
    const end = this.open(name, count);
    if (end === 0) return zeros32(2 * count);
    const lanes = this.memory.u32(2 * count);
    const bytes = this.bytes;
    let at = this.at;
    for (let i = 0; i < count; i++) {
      const first = at < end ? bytes[at++]! : this.tooFew(name, i, count);
      lanes[2 * i + 1] = 0;
      if (first <= 0x7f) {
        lanes[2 * i] = first;
      } else {
        const length = at + 3 <= end ? shortLength(bytes, at) : 0;
        if (length === 0) {
          this.readVarint(name, at - 1, end);
          lanes[2 * i] = this.lo;
          lanes[2 * i + 1] = this.hi;
          at = this.at;
        } else {
          lanes[2 * i] = shortValue(bytes, at, length);
          at += length - 1;
        }
      }
      if (i === 0 && at === end) return fillLanes(lanes);
    }
    if (at !== end) this.tooMany(name, count);
    return lanes;
  }

  /** The subjects that the batch announces, in order. */
  subjects(): Subject[] {
    const subjects: Subject[] = [];
    for (let i = 0; i < this.subjectRanges.length; i += 2) {
      subjects.push(this.readSubject(this.subjectRanges[i]!, this.subjectRanges[i + 1]!));
    }
    return subjects;
  }

  private readOutline(scalars: Float64Array): void {
    const end = this.bytes.length;
    let at = 0;
    while (at < end) {
      const { field, wire } = this.readKey(at, end);
      const name = FIELD_NAMES[field];
      if (name === undefined) throw new BatchError('message', `field ${field} is not known`);
      const isHeader = field <= HEADER_FIELDS;
      if (wire !== (isHeader ? VARINT : LENGTH_DELIMITED)) throw new BatchError(name, `wire type ${wire}`);
      if (this.ends[field] !== 0 && field !== FIELD.subjects) throw new BatchError(name, 'occurs twice');
      const start = this.at;
      if (isHeader) {
        scalars[field] = this.restSafe(name, start, end);
        at = this.at;
      } else {
        const length = this.rest32(name, start, end);
        if (length > end - this.at) throw new BatchError(name, `${length} bytes, where ${end - this.at} are left`);
        this.starts[field] = this.at;
        at = this.at + length;
        if (field === FIELD.subjects) this.subjectRanges.push(this.at, at);
      }
      this.ends[field] = at;
    }
  }

  private readKey(at: number, end: number): { field: number; wire: number } {
    const key = this.rest32('message', at, end);
    return { field: key >>> 3, wire: key & 7 };
  }

  private readSubject(start: number, end: number): Subject {
    let id = 0;
    let type = 0;
    let name = '';
    let seen = 0;
    for (let at = start; at < end; at = this.at) {
      const { field, wire } = this.readKey(at, end);
      if (seen & (1 << field)) throw new BatchError('subjects', `field ${field} occurs twice`);
      seen |= 1 << field;
      if (field === SUBJECT_FIELD.id && wire === VARINT) id = this.rest32('subjects', this.at, end);
      else if (field === SUBJECT_FIELD.type && wire === VARINT) type = this.rest32('subjects', this.at, end);
      else if (field === SUBJECT_FIELD.name && wire === LENGTH_DELIMITED) name = this.readName(end);
      else throw new BatchError('subjects', `field ${field} with wire type ${wire} is not known`);
    }
    if (type > LARGEST.capType) throw new BatchError('subjects', `no capability type ${type}`);
    return { id, type, name };
  }

  private readName(end: number): string {
    const length = this.rest32('subjects', this.at, end);
    const start = this.at;
    if (length > end - start) throw new BatchError('subjects', `a name of ${length} bytes, where ${end - start} are left`);
    if (length > BATCH_LIMITS.nameBytes) throw new BatchError('subjects', `a name of ${length} bytes, more than ${BATCH_LIMITS.nameBytes}`);
    this.at = start + length;
    try {
      return textDecoder.decode(this.bytes.subarray(start, this.at));
    } catch {
      throw new BatchError('subjects', 'a name is not UTF-8');
    }
  }

  /** Sets `at` to the content of a column and returns its end; 0 when all values are 0. */
  private open(name: FieldName, count: number): number {
    const field = FIELD[name];
    this.at = this.starts[field]!;
    const end = this.ends[field]!;
    if (end === this.at) return 0;
    if (count === 0) throw new BatchError(name, 'has values, where there is nothing to have them');
    return end;
  }

  /** Reads a varint that must fit 32 bits. */
  private rest32(name: string, at: number, end: number): number {
    this.readVarint(name, at, end);
    if (this.hi !== 0) throw new BatchError(name, 'a value does not fit 32 bits');
    return this.lo;
  }

  /** Reads a varint that must be a safe integer. */
  private restSafe(name: string, at: number, end: number): number {
    this.readVarint(name, at, end);
    if (this.hi > 0x1f_ffff) throw new BatchError(name, 'a value exceeds 2^53 - 1');
    return this.hi * 0x1_0000_0000 + this.lo;
  }

  /** Reads a varint of up to 64 bits into `lo` and `hi`, both unsigned. */
  private readVarint(name: string, at: number, end: number): void {
    const bytes = this.bytes;
    let lo = 0;
    let hi = 0;
    let byte = 0x80;
    for (let shift = 0; shift < 28 && byte > 0x7f; shift += 7) {
      if (at >= end) throw new BatchError(name, 'ends within a value');
      byte = bytes[at++]!;
      lo |= (byte & 0x7f) << shift;
    }
    if (byte > 0x7f) {
      if (at >= end) throw new BatchError(name, 'ends within a value');
      byte = bytes[at++]!;
      lo |= (byte & 0x0f) << 28;
      hi = (byte >>> 4) & 0x07;
      for (let shift = 3; byte > 0x7f; shift += 7) {
        if (at >= end) throw new BatchError(name, 'ends within a value');
        byte = bytes[at++]!;
        if (shift === 31 && byte > 1) throw new BatchError(name, 'a value does not fit 64 bits');
        hi |= (byte & 0x7f) << shift;
      }
    }
    this.at = at;
    this.lo = lo >>> 0;
    this.hi = hi >>> 0;
  }

  private tooFew(name: FieldName, found: number, count: number): never {
    throw new BatchError(name, `${found} values, where ${count} belong`);
  }

  private tooMany(name: FieldName, count: number): never {
    throw new BatchError(name, `more than the ${count} values that belong`);
  }
}

function checkedHeader(header: BatchHeader): BatchHeader {
  const { firstSeq, count, firstTime, lastTime } = header;
  if (firstSeq < 1) throw new BatchError('firstSeq', 'is missing or 0');
  if (count > BATCH_LIMITS.records) throw new BatchError('count', `${count} records, more than ${BATCH_LIMITS.records}`);
  if (firstSeq > Number.MAX_SAFE_INTEGER - (count - 1)) throw new BatchError('firstSeq', 'sequence numbers exceed 2^53 - 1');
  if (lastTime < firstTime) throw new BatchError('lastTime', `${lastTime} ns is before the first time, ${firstTime} ns`);
  if (count === 0 && lastTime !== 0) throw new BatchError('lastTime', 'a batch without records has a time');
  return header;
}

function fillLanes(lanes: Uint32Array): Uint32Array {
  const lo = lanes[0]!;
  const hi = lanes[1]!;
  for (let i = 2; i < lanes.length; i += 2) {
    lanes[i] = lo;
    lanes[i + 1] = hi;
  }
  return lanes;
}

/** Copies values of one byte each into a column, unless one of them is above `largest`, which is at most 0x7f. */
function copySmall(bytes: Uint8Array, at: number, values: Uint32Array, largest: number): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = bytes[at + i]!;
    if (value > largest) return false;
    values[i] = value;
  }
  return true;
}

/** Length of a varint of two to four bytes whose second byte is at `at`; 0 for a longer one. */
function shortLength(bytes: Uint8Array, at: number): number {
  return bytes[at]! <= 0x7f ? 2 : bytes[at + 1]! <= 0x7f ? 3 : bytes[at + 2]! <= 0x7f ? 4 : 0;
}

function shortValue(bytes: Uint8Array, at: number, length: number): number {
  let value = (bytes[at - 1]! & 0x7f) | ((bytes[at]! & 0x7f) << 7);
  if (length > 2) value |= (bytes[at + 1]! & 0x7f) << 14;
  if (length > 3) value |= (bytes[at + 2]! & 0x7f) << 21;
  return value;
}
