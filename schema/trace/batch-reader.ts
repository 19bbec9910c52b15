// SPDX-License-Identifier: BSD-2-Clause
/** The bytes of a Batch to TrapRecords. */
import { lanesToNumber } from '../abi/word.ts';
import { BatchError } from './batch-error.ts';
import { BatchFields } from './batch-fields.ts';
import type { BatchHeader } from './batch-fields.ts';
import { BATCH_LIMITS, LARGEST, STATE_AFTER } from './batch-layout.ts';
import type { DeliveryColumns, FieldName, RecordColumns, TransitionColumns } from './batch-layout.ts';
import { OWN_MEMORY, type ColumnMemory } from './column-memory.ts';
import type { Subject } from './names.ts';
import type { TrapRecord } from './trap-record.ts';

/**
 * A decoded and checked batch. The constructor reads all of it and throws {@link BatchError} unless every value is
 * in its range, every column has the length that belongs to it, and the times add up; after that nothing throws
 * but a wrong index. The bytes are not needed afterwards.
 *
 * For a scan of a few columns, which costs a small part of this, see {@link BatchScan}.
 */
export class BatchReader {
  readonly header: BatchHeader;
  readonly subjects: readonly Subject[];
  /** Entry and exit of each record, virtual ns. */
  readonly entryTimes: Float64Array;
  readonly exitTimes: Float64Array;
  /** The columns, for scans; not to be written. */
  readonly records: Readonly<RecordColumns>;
  readonly deliveries: Readonly<DeliveryColumns>;
  readonly transitions: Readonly<TransitionColumns>;
  /** Index of each record's first delivery and first transition, with one entry more at the end. */
  readonly firstDelivery: Uint32Array;
  readonly firstTransition: Uint32Array;
  private readonly words: Uint32Array;
  private readonly caps: Uint32Array;
  private readonly deliveryWords: Uint32Array;
  private readonly firstWord: Uint32Array;
  private readonly firstCap: Uint32Array;
  private readonly firstDeliveryWord: Uint32Array;
  private cursor = 0;

  /** @param memory for the columns; the reader is of no use any more when it is used again */
  constructor(bytes: Uint8Array, memory = OWN_MEMORY) {
    const fields = new BatchFields(bytes, memory);
    const n = fields.header.count;
    this.header = fields.header;
    this.subjects = fields.subjects();
    const records = readRecordColumns(fields, n);
    this.records = records;
    this.entryTimes = memory.f64(n);
    this.exitTimes = memory.f64(n);
    addUpTimes(fields.header, records.entryGap, records.duration, this.entryTimes, this.exitTimes);

    this.firstWord = totalsOf('wordCount', records.wordCount, BATCH_LIMITS.words, memory);
    this.words = fields.words('words', this.firstWord[n]!);
    this.firstCap = totalsOf('capCount', records.capCount, BATCH_LIMITS.words, memory);
    this.caps = fields.words('caps', this.firstCap[n]!);

    this.firstDelivery = totalsOf('deliveryCount', records.deliveryCount, BATCH_LIMITS.deliveries, memory);
    const deliveries = readDeliveryColumns(fields, this.firstDelivery[n]!);
    this.deliveries = deliveries;
    this.firstDeliveryWord = totalsOf('deliveryWordCount', deliveries.wordCount, BATCH_LIMITS.words, memory);
    this.deliveryWords = fields.words('deliveryWords', this.firstDeliveryWord[this.firstDelivery[n]!]!);
    checkAnswers(fields.header.firstSeq, this.firstDelivery, deliveries.answers);

    this.firstTransition = totalsOf('transitionCount', records.transitionCount, BATCH_LIMITS.transitions, memory);
    this.transitions = readTransitionColumns(fields, this.firstTransition[n]!);
  }

  /** The header alone, without looking into any column. Throws {@link BatchError} when the outline is malformed. */
  static header(bytes: Uint8Array): BatchHeader {
    return new BatchFields(bytes).header;
  }

  get count(): number {
    return this.header.count;
  }

  get firstSeq(): number {
    return this.header.firstSeq;
  }

  /** Fills the next record in sequence order and returns true, or returns false after the last one. */
  next(record: TrapRecord): boolean {
    if (this.cursor >= this.header.count) return false;
    this.fill(this.cursor++, record);
    return true;
  }

  /** Makes {@link next} begin again with the first record. */
  rewind(): void {
    this.cursor = 0;
  }

  /** Fills the record at `index`, 0 being the first. Throws a RangeError when there is none. */
  read(index: number, record: TrapRecord): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.header.count) {
      throw new RangeError(`record ${index} of a batch of ${this.header.count}`);
    }
    this.fill(index, record);
  }

  /** Word `index` of the request of the record at `row`, as a number: 0 where it has no such word, or one beyond 2^53 - 1. */
  requestWord(row: number, index: number): number {
    const at = this.firstWord[row]! + index;
    return at < this.firstWord[row + 1]! ? lanesToNumber(this.words[2 * at]!, this.words[2 * at + 1]!) ?? 0 : 0;
  }

  /** Extra capability pointer `index` of the record at `row`, as {@link requestWord}. */
  requestCap(row: number, index: number): number {
    const at = this.firstCap[row]! + index;
    return at < this.firstCap[row + 1]! ? lanesToNumber(this.caps[2 * at]!, this.caps[2 * at + 1]!) ?? 0 : 0;
  }

  private fill(row: number, record: TrapRecord): void {
    const c = this.records;
    record.seq = this.header.firstSeq + row;
    record.entryTime = this.entryTimes[row]!;
    record.exitTime = this.exitTimes[row]!;
    record.cause = c.cause[row]!;
    record.thread = c.thread[row]!;
    record.syscall = unzigzag(c.syscall[row]!);
    record.cptrLo = c.cptr[2 * row]!;
    record.cptrHi = c.cptr[2 * row + 1]!;
    record.capType = c.capType[row]!;
    record.object = c.object[row]!;
    record.method = c.method[row]!;
    record.tagLo = c.tag[2 * row]!;
    record.tagHi = c.tag[2 * row + 1]!;
    record.wordCount = c.wordCount[row]!;
    copyLanes(this.words, 2 * this.firstWord[row]!, record.words, 2 * record.wordCount);
    record.capCount = c.capCount[row]!;
    copyLanes(this.caps, 2 * this.firstCap[row]!, record.caps, 2 * record.capCount);
    record.replyLo = c.reply[2 * row]!;
    record.replyHi = c.reply[2 * row + 1]!;
    record.bufferKind = c.bufferKind[row]!;
    record.outcome = c.outcome[row]!;
    record.flags = c.flags[row]!;
    record.fault = c.fault[row]!;
    const pcLo = c.pcBefore[2 * row]!;
    const pcHi = c.pcBefore[2 * row + 1]!;
    const afterLo = pcLo + c.pcStep[2 * row]!;
    record.pcBeforeLo = pcLo;
    record.pcBeforeHi = pcHi;
    record.pcAfterLo = afterLo >>> 0;
    record.pcAfterHi = (pcHi + c.pcStep[2 * row + 1]! + (afterLo > 0xffff_ffff ? 1 : 0)) >>> 0;
    record.next = c.next[row]!;
    record.nextState = c.nextState[row]!;
    record.consumed = c.consumed[row]!;
    record.budget = c.budget[row]!;
    record.stray = c.stray[row]!;
    record.strayAddressLo = c.strayAddress[2 * row]!;
    record.strayAddressHi = c.strayAddress[2 * row + 1]!;
    record.strayPcLo = c.strayPc[2 * row]!;
    record.strayPcHi = c.strayPc[2 * row + 1]!;
    this.fillDeliveries(row, record);
    this.fillTransitions(row, record);
  }

  private fillDeliveries(row: number, record: TrapRecord): void {
    const d = this.deliveries;
    record.deliveryCount = 0;
    const end = this.firstDelivery[row + 1]!;
    for (let i = this.firstDelivery[row]!; i < end; i++) {
      const delivery = record.addDelivery();
      delivery.kind = d.kind[i]!;
      delivery.thread = d.thread[i]!;
      delivery.answers = d.answers[i] === 0 ? 0 : record.seq - d.answers[i]! + 1;
      delivery.badgeLo = d.badge[2 * i]!;
      delivery.badgeHi = d.badge[2 * i + 1]!;
      delivery.tagLo = d.tag[2 * i]!;
      delivery.tagHi = d.tag[2 * i + 1]!;
      delivery.wordCount = d.wordCount[i]!;
      copyLanes(this.deliveryWords, 2 * this.firstDeliveryWord[i]!, delivery.words, 2 * delivery.wordCount);
      delivery.slots[0] = d.slots[2 * i]!;
      delivery.slots[1] = d.slots[2 * i + 1]!;
      delivery.bufferWords[0] = d.bufferLow[2 * i]!;
      delivery.bufferWords[1] = d.bufferLow[2 * i + 1]!;
      delivery.bufferWords[2] = d.bufferHigh[2 * i]!;
      delivery.bufferWords[3] = d.bufferHigh[2 * i + 1]!;
    }
  }

  private fillTransitions(row: number, record: TrapRecord): void {
    const t = this.transitions;
    record.transitionCount = 0;
    const end = this.firstTransition[row + 1]!;
    for (let i = this.firstTransition[row]!; i < end; i++) {
      record.addTransition(t.thread[i]!, t.change[i]! % STATE_AFTER, Math.floor(t.change[i]! / STATE_AFTER), t.flags[i]!);
    }
  }
}

/** Columns of small values that a scan can ask for: one value a record. */
export type ScanColumn = 'cause' | 'thread' | 'syscall' | 'capType' | 'object' | 'method' | 'outcome' | 'flags' | 'fault' | 'next' | 'deliveryCount';

/** What a scan sees of the deliveries: who was given what, and the tag. */
export type ScannedDeliveries = Pick<DeliveryColumns, 'kind' | 'thread' | 'tag'> & {
  /** Index of each record's first delivery, with one entry more at the end. */
  readonly first: Uint32Array;
};

/**
 * Single columns of a batch, for queries that look for records before they read any. It checks the outline and
 * what it decodes, nothing else: use it on batches that a {@link BatchReader} has accepted before. A column is decoded when
 * it is asked for, and remembered.
 */
export class BatchScan {
  readonly header: BatchHeader;
  private readonly fields: BatchFields;
  private readonly memory: ColumnMemory;
  private readonly columns = new Map<ScanColumn, Uint32Array>();
  private times: Float64Array | undefined;
  private delivered: ScannedDeliveries | undefined;

  /** @param memory for the columns; the scan is of no use any more when it is used again */
  constructor(bytes: Uint8Array, memory = OWN_MEMORY) {
    this.fields = new BatchFields(bytes, memory);
    this.memory = memory;
    this.header = this.fields.header;
  }

  /** Not to be written. `syscall` is in zigzag form, see {@link unzigzag}. */
  column(name: ScanColumn): Uint32Array {
    let column = this.columns.get(name);
    if (column === undefined) this.columns.set(name, column = this.fields.u32(name, this.header.count));
    return column;
  }

  /** Entry time of each record, virtual ns. */
  entryTimes(): Float64Array {
    return this.times ??= this.readTimes();
  }

  /** Time from entry to exit of each record, virtual ns. */
  durations(): Float64Array {
    return this.fields.safes('duration', this.header.count);
  }

  deliveries(): ScannedDeliveries {
    return this.delivered ??= this.scanDeliveries();
  }

  /** Capability pointer of each record, in lanes. */
  capabilityPointers(): Uint32Array {
    return this.fields.words('cptr', this.header.count);
  }

  /** The state transitions of all records, with the index of each record's first one and one entry more at the end. */
  transitions(): TransitionColumns & { readonly first: Uint32Array } {
    const first = totalsOf('transitionCount', this.fields.u32('transitionCount', this.header.count), BATCH_LIMITS.transitions, this.memory);
    return { first, ...readTransitionColumns(this.fields, first[this.header.count]!) };
  }

  subjects(): Subject[] {
    return this.fields.subjects();
  }

  private readTimes(): Float64Array {
    const n = this.header.count;
    const entryTimes = this.memory.f64(n);
    addUpTimes(this.header, this.fields.safes('entryGap', n), this.fields.safes('duration', n), entryTimes, this.memory.f64(n));
    return entryTimes;
  }

  private scanDeliveries(): ScannedDeliveries {
    const first = totalsOf('deliveryCount', this.column('deliveryCount'), BATCH_LIMITS.deliveries, this.memory);
    const n = first.at(-1)!;
    return { first, kind: this.fields.u32('deliveryKind', n, LARGEST.deliveryKind), thread: this.fields.u32('deliveryThread', n), tag: this.fields.words('deliveryTag', n) };
  }
}

function readRecordColumns(fields: BatchFields, n: number): RecordColumns {
  return {
    entryGap: fields.safes('entryGap', n),
    duration: fields.safes('duration', n),
    cause: fields.u32('cause', n, LARGEST.cause),
    thread: fields.u32('thread', n),
    syscall: fields.u32('syscall', n),
    cptr: fields.words('cptr', n),
    capType: fields.u32('capType', n, LARGEST.capType),
    object: fields.u32('object', n),
    method: fields.u32('method', n),
    tag: fields.words('tag', n),
    wordCount: fields.u32('wordCount', n, LARGEST.wordCount),
    capCount: fields.u32('capCount', n, LARGEST.capCount),
    reply: fields.words('reply', n),
    bufferKind: fields.u32('bufferKind', n, LARGEST.bufferKind),
    outcome: fields.u32('outcome', n, LARGEST.outcome),
    flags: fields.u32('flags', n, LARGEST.flags),
    fault: fields.u32('fault', n),
    pcBefore: fields.words('pcBefore', n),
    pcStep: fields.words('pcStep', n),
    next: fields.u32('next', n),
    nextState: fields.u32('nextState', n, LARGEST.state),
    consumed: fields.safes('consumed', n),
    budget: fields.safes('budget', n),
    deliveryCount: fields.u32('deliveryCount', n),
    transitionCount: fields.u32('transitionCount', n),
    stray: fields.u32('stray', n, LARGEST.stray),
    strayAddress: fields.words('strayAddress', n),
    strayPc: fields.words('strayPc', n),
  };
}

function readDeliveryColumns(fields: BatchFields, n: number): DeliveryColumns {
  return {
    kind: fields.u32('deliveryKind', n, LARGEST.deliveryKind),
    thread: fields.u32('deliveryThread', n),
    answers: fields.safes('deliveryAnswers', n),
    badge: fields.words('deliveryBadge', n),
    tag: fields.words('deliveryTag', n),
    wordCount: fields.u32('deliveryWordCount', n, LARGEST.wordCount),
    slots: fields.words('deliverySlots', n),
    bufferLow: fields.words('deliveryBufferLow', n),
    bufferHigh: fields.words('deliveryBufferHigh', n),
  };
}

function readTransitionColumns(fields: BatchFields, n: number): TransitionColumns {
  const change = fields.u32('transitionChange', n, LARGEST.state + STATE_AFTER * LARGEST.state);
  for (let i = 0; i < n; i++) {
    if (change[i]! % STATE_AFTER > LARGEST.state) throw new BatchError('transitionChange', `no thread state ${change[i]! % STATE_AFTER} (value ${i})`);
  }
  return { thread: fields.u32('transitionThread', n), change, flags: fields.u32('transitionFlags', n, LARGEST.transitionFlags) };
}

/** Running totals of a count column, from 0 to the total. */
function totalsOf(name: FieldName, counts: Uint32Array, limit: number, memory = OWN_MEMORY): Uint32Array {
  const totals = memory.u32(counts.length + 1);
  let total = 0;
  totals[0] = 0;
  for (let i = 0; i < counts.length; i++) {
    total += counts[i]!;
    if (total > limit) throw new BatchError(name, `more than ${limit} in one batch`);
    totals[i + 1] = total;
  }
  return totals;
}

/** Fills `entryTimes` and `exitTimes`. */
function addUpTimes(header: BatchHeader, gaps: Float64Array, durations: Float64Array, entryTimes: Float64Array, exitTimes: Float64Array): void {
  if (header.count > 0 && gaps[0] !== 0) throw new BatchError('entryGap', 'the first one is not 0');
  let time = header.firstTime;
  for (let i = 0; i < header.count; i++) {
    entryTimes[i] = time += gaps[i]!;
    exitTimes[i] = time += durations[i]!;
    // Values only grow, and none is above 2^53 - 1: a sum beyond that has been seen here before it can lose precision.
    if (time > Number.MAX_SAFE_INTEGER) throw new BatchError('duration', `the time of record ${i} exceeds 2^53 - 1 ns`);
  }
  if (time !== header.lastTime) throw new BatchError('lastTime', `${header.lastTime} ns, but the times of the records end at ${time} ns`);
}

/** No delivery may answer a trap before the first of the run. */
function checkAnswers(firstSeq: number, firstDelivery: Uint32Array, answers: Float64Array): void {
  for (let row = 0; row + 1 < firstDelivery.length; row++) {
    for (let i = firstDelivery[row]!; i < firstDelivery[row + 1]!; i++) {
      if (answers[i]! > firstSeq + row) throw new BatchError('deliveryAnswers', `delivery ${i} answers a trap before the first`);
    }
  }
}

/** The signed value of protobuf's sint32. */
export function unzigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}

function copyLanes(from: Uint32Array, at: number, to: Uint32Array, lanes: number): void {
  for (let i = 0; i < lanes; i++) to[i] = from[at + i]!;
}
