// SPDX-License-Identifier: BSD-2-Clause
/** TrapRecords to the bytes of a Batch. */
import type { Subject } from './names.ts';
import type { Delivery, Transition, TrapRecord } from './trap-record.ts';
import { BATCH_LIMITS, FIELD, LARGEST, STATE_AFTER, SUBJECT_FIELD } from './batch-layout.ts';
import type { DeliveryColumns, RecordColumns, TransitionColumns } from './batch-layout.ts';
import { ColumnWriter, zigzag } from './column-writer.ts';

/** Most bytes that one record, delivery, transition, word or subject, and the outline of a batch, can take on the wire. */
const BOUND = Object.freeze({ outline: 1024, record: 147, delivery: 65, transition: 8, word: 10, subject: 24 });

/** A typed array that is replaced by one of twice its length. */
type Column = Uint32Array | Float64Array;

/**
 * Collects records and makes one batch of them. Appending allocates nothing once the columns have grown to the usual
 * size of a batch; the builder is meant to be used again after {@link finish}.
 *
 * Records must come in sequence order without gaps and with a time that does not go back; {@link append} throws a
 * RangeError for a record that does not, or that has values outside their range, and is then as it was before.
 */
export class BatchBuilder {
  private firstSeq: number;
  private rows = 0;
  private firstTime = 0;
  private lastTime = 0;
  private wordTotal = 0;
  private capTotal = 0;
  private deliveryTotal = 0;
  private deliveryWordTotal = 0;
  private transitionTotal = 0;
  private subjectBytes = 0;
  private subjects: Uint8Array[] = [];
  private readonly records = recordColumns(256);
  private readonly deliveries = deliveryColumns(256);
  private readonly transitions = transitionColumns(512);
  private words = new Uint32Array(2048);
  private caps = new Uint32Array(256);
  private deliveryWords = new Uint32Array(2048);
  private readonly writer = new ColumnWriter();

  /** @param nextSeq sequence number of the first record that will be appended. */
  constructor(nextSeq = 1) {
    this.firstSeq = nextSeq;
  }

  /** Records in the batch so far. */
  get count(): number {
    return this.rows;
  }

  /** Sequence number that the next record must have. */
  get nextSeq(): number {
    return this.firstSeq + this.rows;
  }

  /** Nothing to send: neither records nor subjects. */
  get isEmpty(): boolean {
    return this.rows === 0 && this.subjects.length === 0;
  }

  /** No batch finished now would have more bytes than this. Cheap, and some five times too large for usual records. */
  get sizeBound(): number {
    return BOUND.outline + this.subjectBytes + BOUND.record * this.rows + BOUND.delivery * this.deliveryTotal
      + BOUND.transition * this.transitionTotal + BOUND.word * (this.wordTotal + this.capTotal + this.deliveryWordTotal);
  }

  /** Whether a record fits the limits of one batch together with what is in it, and surely makes it no larger than `maxBytes`. */
  hasRoomFor(record: TrapRecord, maxBytes = Infinity): boolean {
    return (maxBytes === Infinity || this.sizeBound + boundOf(record) <= maxBytes)
      && this.rows < BATCH_LIMITS.records
      && this.wordTotal + record.wordCount <= BATCH_LIMITS.words
      && this.deliveryTotal + record.deliveryCount <= BATCH_LIMITS.deliveries
      && this.transitionTotal + record.transitionCount <= BATCH_LIMITS.transitions
      // Nearly always the bound decides, which is cheaper than the sum.
      && (this.deliveryWordTotal + LARGEST.wordCount * record.deliveryCount <= BATCH_LIMITS.words
        || this.deliveryWordTotal + deliveryWords(record) <= BATCH_LIMITS.words);
  }

  /** Announces a subject in this batch. A name above 1024 UTF-8 bytes is cut. Throws a RangeError for an id or type out of range. */
  subject(subject: Subject): void {
    const encoded = encodeSubject(subject);
    this.subjects.push(encoded);
    this.subjectBytes += encoded.length + BOUND.subject;
  }

  append(record: TrapRecord): void {
    this.check(record);
    const row = this.rows;
    if (row === 0) this.firstTime = this.lastTime = record.entryTime;
    const c = this.records;
    if (row === c.cause.length) growAll(c);
    c.entryGap[row] = record.entryTime - this.lastTime;
    c.duration[row] = record.exitTime - record.entryTime;
    c.cause[row] = record.cause;
    c.thread[row] = record.thread;
    c.syscall[row] = zigzag(record.syscall);
    c.cptr[2 * row] = record.cptrLo;
    c.cptr[2 * row + 1] = record.cptrHi;
    c.capType[row] = record.capType;
    c.object[row] = record.object;
    c.method[row] = record.method;
    c.tag[2 * row] = record.tagLo;
    c.tag[2 * row + 1] = record.tagHi;
    c.wordCount[row] = record.wordCount;
    c.capCount[row] = record.capCount;
    c.reply[2 * row] = record.replyLo;
    c.reply[2 * row + 1] = record.replyHi;
    c.bufferKind[row] = record.bufferKind;
    c.outcome[row] = record.outcome;
    c.flags[row] = record.flags;
    c.fault[row] = record.fault;
    c.pcBefore[2 * row] = record.pcBeforeLo;
    c.pcBefore[2 * row + 1] = record.pcBeforeHi;
    const step = record.pcAfterLo - record.pcBeforeLo;
    c.pcStep[2 * row] = step;
    c.pcStep[2 * row + 1] = record.pcAfterHi - record.pcBeforeHi - (step < 0 ? 1 : 0);
    c.next[row] = record.next;
    c.nextState[row] = record.nextState;
    c.consumed[row] = record.consumed;
    c.budget[row] = record.budget;
    c.deliveryCount[row] = record.deliveryCount;
    c.transitionCount[row] = record.transitionCount;
    c.stray[row] = record.stray;
    c.strayAddress[2 * row] = record.strayAddressLo;
    c.strayAddress[2 * row + 1] = record.strayAddressHi;
    c.strayPc[2 * row] = record.strayPcLo;
    c.strayPc[2 * row + 1] = record.strayPcHi;

    this.appendWords(record);
    for (let i = 0; i < record.deliveryCount; i++) this.appendDelivery(record.seq, record.deliveries[i]!);
    for (let i = 0; i < record.transitionCount; i++) {
      const transition = record.transitions[i]!;
      this.appendTransition(transition);
    }
    this.lastTime = record.exitTime;
    this.rows = row + 1;
  }

  /** The bytes of the batch. The builder is empty afterwards and goes on with the next sequence number. */
  finish(): Uint8Array {
    const bytes = this.encode();
    this.firstSeq += this.rows;
    this.rows = this.firstTime = this.lastTime = 0;
    this.wordTotal = this.capTotal = this.deliveryTotal = this.deliveryWordTotal = this.transitionTotal = 0;
    this.subjects = [];
    this.subjectBytes = 0;
    return bytes;
  }

  private encode(): Uint8Array {
    const w = this.writer;
    const c = this.records;
    const n = this.rows;
    w.safe(FIELD.firstSeq, this.firstSeq);
    w.safe(FIELD.count, n);
    w.safe(FIELD.firstTime, this.firstTime);
    w.safe(FIELD.lastTime, this.lastTime);
    for (const subject of this.subjects) w.delimited(FIELD.subjects, subject);
    w.safes(FIELD.entryGap, c.entryGap, n);
    w.safes(FIELD.duration, c.duration, n);
    w.u32(FIELD.cause, c.cause, n);
    w.u32(FIELD.thread, c.thread, n);
    w.u32(FIELD.syscall, c.syscall, n);
    w.words(FIELD.cptr, c.cptr, n);
    w.u32(FIELD.capType, c.capType, n);
    w.u32(FIELD.object, c.object, n);
    w.u32(FIELD.method, c.method, n);
    w.words(FIELD.tag, c.tag, n);
    w.u32(FIELD.wordCount, c.wordCount, n);
    w.u32(FIELD.capCount, c.capCount, n);
    w.words(FIELD.reply, c.reply, n);
    w.u32(FIELD.bufferKind, c.bufferKind, n);
    w.u32(FIELD.outcome, c.outcome, n);
    w.u32(FIELD.flags, c.flags, n);
    w.u32(FIELD.fault, c.fault, n);
    w.words(FIELD.pcBefore, c.pcBefore, n);
    w.words(FIELD.pcStep, c.pcStep, n);
    w.u32(FIELD.next, c.next, n);
    w.u32(FIELD.nextState, c.nextState, n);
    w.safes(FIELD.consumed, c.consumed, n);
    w.safes(FIELD.budget, c.budget, n);
    w.u32(FIELD.deliveryCount, c.deliveryCount, n);
    w.u32(FIELD.transitionCount, c.transitionCount, n);
    w.u32(FIELD.stray, c.stray, n);
    w.words(FIELD.strayAddress, c.strayAddress, n);
    w.words(FIELD.strayPc, c.strayPc, n);
    w.words(FIELD.words, this.words, this.wordTotal);
    w.words(FIELD.caps, this.caps, this.capTotal);
    const d = this.deliveries;
    const m = this.deliveryTotal;
    w.u32(FIELD.deliveryKind, d.kind, m);
    w.u32(FIELD.deliveryThread, d.thread, m);
    w.safes(FIELD.deliveryAnswers, d.answers, m);
    w.words(FIELD.deliveryBadge, d.badge, m);
    w.words(FIELD.deliveryTag, d.tag, m);
    w.u32(FIELD.deliveryWordCount, d.wordCount, m);
    w.words(FIELD.deliverySlots, d.slots, m);
    w.words(FIELD.deliveryBufferLow, d.bufferLow, m);
    w.words(FIELD.deliveryBufferHigh, d.bufferHigh, m);
    w.words(FIELD.deliveryWords, this.deliveryWords, this.deliveryWordTotal);
    const t = this.transitions;
    w.u32(FIELD.transitionThread, t.thread, this.transitionTotal);
    w.u32(FIELD.transitionChange, t.change, this.transitionTotal);
    w.u32(FIELD.transitionFlags, t.flags, this.transitionTotal);
    return w.take();
  }

  private appendWords(record: TrapRecord): void {
    if (record.wordCount > 0) {
      const end = 2 * (this.wordTotal + record.wordCount);
      while (end > this.words.length) this.words = doubled(this.words);
      copyLanes(record.words, this.words, 2 * this.wordTotal, 2 * record.wordCount);
      this.wordTotal += record.wordCount;
    }
    if (record.capCount > 0) {
      const end = 2 * (this.capTotal + record.capCount);
      while (end > this.caps.length) this.caps = doubled(this.caps);
      copyLanes(record.caps, this.caps, 2 * this.capTotal, 2 * record.capCount);
      this.capTotal += record.capCount;
    }
  }

  private appendDelivery(seq: number, delivery: Delivery): void {
    const row = this.deliveryTotal;
    const d = this.deliveries;
    if (row === d.kind.length) growAll(d);
    d.kind[row] = delivery.kind;
    d.thread[row] = delivery.thread;
    d.answers[row] = delivery.answers === 0 ? 0 : seq - delivery.answers + 1;
    d.badge[2 * row] = delivery.badgeLo;
    d.badge[2 * row + 1] = delivery.badgeHi;
    d.tag[2 * row] = delivery.tagLo;
    d.tag[2 * row + 1] = delivery.tagHi;
    d.wordCount[row] = delivery.wordCount;
    d.slots[2 * row] = delivery.slots[0]!;
    d.slots[2 * row + 1] = delivery.slots[1]!;
    d.bufferLow[2 * row] = delivery.bufferWords[0]!;
    d.bufferLow[2 * row + 1] = delivery.bufferWords[1]!;
    d.bufferHigh[2 * row] = delivery.bufferWords[2]!;
    d.bufferHigh[2 * row + 1] = delivery.bufferWords[3]!;
    if (delivery.wordCount > 0) {
      const end = 2 * (this.deliveryWordTotal + delivery.wordCount);
      while (end > this.deliveryWords.length) this.deliveryWords = doubled(this.deliveryWords);
      copyLanes(delivery.words, this.deliveryWords, 2 * this.deliveryWordTotal, 2 * delivery.wordCount);
      this.deliveryWordTotal += delivery.wordCount;
    }
    this.deliveryTotal = row + 1;
  }

  private appendTransition(transition: Transition): void {
    const row = this.transitionTotal;
    const t = this.transitions;
    if (row === t.thread.length) growAll(t);
    t.thread[row] = transition.thread;
    t.change[row] = transition.from + STATE_AFTER * transition.to;
    t.flags[row] = transition.flags;
    this.transitionTotal = row + 1;
  }

  private check(record: TrapRecord): void {
    if (record.seq !== this.nextSeq || !Number.isSafeInteger(record.seq)) throw new RangeError(`record ${record.seq} where ${this.nextSeq} is next`);
    if (!this.hasRoomFor(record)) throw new RangeError(`record ${record.seq} does not fit the batch: finish it first`);
    if (!isTime(record.entryTime) || (this.rows > 0 && record.entryTime < this.lastTime)) {
      throw new RangeError(`record ${record.seq}: entry at ${record.entryTime} ns, after an exit at ${this.lastTime} ns`);
    }
    if (!isTime(record.exitTime) || record.exitTime < record.entryTime) {
      throw new RangeError(`record ${record.seq}: exit at ${record.exitTime} ns, entry at ${record.entryTime} ns`);
    }
    if (!isTime(record.consumed) || !isTime(record.budget)) {
      throw new RangeError(`record ${record.seq}: consumed ${record.consumed} ns, budget ${record.budget} ns`);
    }
    if (record.cause > LARGEST.cause || record.outcome > LARGEST.outcome || record.nextState > LARGEST.state
      || record.wordCount > LARGEST.wordCount || record.capCount > LARGEST.capCount || record.capType > LARGEST.capType
      || record.bufferKind > LARGEST.bufferKind || record.flags > LARGEST.flags || record.stray > LARGEST.stray) {
      throw new RangeError(`record ${record.seq}: a kind, state or count is out of range`);
    }
    for (let i = 0; i < record.deliveryCount; i++) {
      const { kind, answers, wordCount } = record.deliveries[i]!;
      if (kind > LARGEST.deliveryKind || wordCount > LARGEST.wordCount || !isTime(answers) || answers > record.seq) {
        throw new RangeError(`record ${record.seq}, delivery ${i}: kind ${kind}, ${wordCount} words, answers ${answers}`);
      }
    }
    for (let i = 0; i < record.transitionCount; i++) {
      const { from, to, flags } = record.transitions[i]!;
      if (!isState(from) || !isState(to) || flags > LARGEST.transitionFlags) {
        throw new RangeError(`record ${record.seq}, transition ${i}: from state ${from} to ${to}, flags ${flags}`);
      }
    }
  }
}

/** Words of all deliveries of a record. */
function deliveryWords(record: TrapRecord): number {
  let words = 0;
  for (let i = 0; i < record.deliveryCount; i++) words += record.deliveries[i]!.wordCount;
  return words;
}

/** What a record adds to the bound of a batch's size. */
function boundOf(record: TrapRecord): number {
  const words = record.wordCount + record.capCount + deliveryWords(record);
  return BOUND.record + BOUND.delivery * record.deliveryCount + BOUND.transition * record.transitionCount + BOUND.word * words;
}

function isTime(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isState(value: number): boolean {
  return value >= 0 && value <= LARGEST.state;
}

function encodeSubject(subject: Subject): Uint8Array {
  if (!Number.isInteger(subject.id) || subject.id < 0 || subject.id > 0xffff_ffff) throw new RangeError(`subject id ${subject.id} is not a 32-bit integer`);
  if (!Number.isInteger(subject.type) || subject.type < 0 || subject.type > LARGEST.capType) throw new RangeError(`subject ${subject.id}: no capability type ${subject.type}`);
  const name = new Uint8Array(BATCH_LIMITS.nameBytes);
  const { written } = new TextEncoder().encodeInto(subject.name, name);
  const writer = new ColumnWriter();
  writer.safe(SUBJECT_FIELD.id, subject.id);
  writer.safe(SUBJECT_FIELD.type, subject.type);
  if (written > 0) writer.delimited(SUBJECT_FIELD.name, name.subarray(0, written));
  return writer.take();
}

/** A loop: for the few lanes of most messages it beats `set` with a subarray. */
function copyLanes(from: Uint32Array, to: Uint32Array, at: number, lanes: number): void {
  for (let i = 0; i < lanes; i++) to[at + i] = from[i]!;
}

function doubled<C extends Column>(column: C): C {
  const larger = new (column.constructor as new (length: number) => C)(2 * column.length);
  larger.set(column);
  return larger;
}

function growAll(columns: RecordColumns | DeliveryColumns | TransitionColumns): void {
  const byName = columns as unknown as Record<string, Column>;
  for (const name of Object.keys(byName)) byName[name] = doubled(byName[name]!);
}

function recordColumns(rows: number): RecordColumns {
  return {
    entryGap: new Float64Array(rows),
    duration: new Float64Array(rows),
    cause: new Uint32Array(rows),
    thread: new Uint32Array(rows),
    syscall: new Uint32Array(rows),
    cptr: new Uint32Array(2 * rows),
    capType: new Uint32Array(rows),
    object: new Uint32Array(rows),
    method: new Uint32Array(rows),
    tag: new Uint32Array(2 * rows),
    wordCount: new Uint32Array(rows),
    capCount: new Uint32Array(rows),
    reply: new Uint32Array(2 * rows),
    bufferKind: new Uint32Array(rows),
    outcome: new Uint32Array(rows),
    flags: new Uint32Array(rows),
    fault: new Uint32Array(rows),
    pcBefore: new Uint32Array(2 * rows),
    pcStep: new Uint32Array(2 * rows),
    next: new Uint32Array(rows),
    nextState: new Uint32Array(rows),
    consumed: new Float64Array(rows),
    budget: new Float64Array(rows),
    deliveryCount: new Uint32Array(rows),
    transitionCount: new Uint32Array(rows),
    stray: new Uint32Array(rows),
    strayAddress: new Uint32Array(2 * rows),
    strayPc: new Uint32Array(2 * rows),
  };
}

function deliveryColumns(rows: number): DeliveryColumns {
  return {
    kind: new Uint32Array(rows),
    thread: new Uint32Array(rows),
    answers: new Float64Array(rows),
    badge: new Uint32Array(2 * rows),
    tag: new Uint32Array(2 * rows),
    wordCount: new Uint32Array(rows),
    slots: new Uint32Array(2 * rows),
    bufferLow: new Uint32Array(2 * rows),
    bufferHigh: new Uint32Array(2 * rows),
  };
}

function transitionColumns(rows: number): TransitionColumns {
  return { thread: new Uint32Array(rows), change: new Uint32Array(rows), flags: new Uint32Array(rows) };
}
