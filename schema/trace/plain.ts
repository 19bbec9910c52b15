// SPDX-License-Identifier: BSD-2-Clause
/**
 * TrapRecords as plain JSON: names in place of numbers, 64-bit words as `0x…` strings, never a BigInt. For people and
 * scripts (`--json`), and for tests that say in words what a trace must be. Nothing is lost on the way there and back.
 */
import { BUFFER_KINDS } from '../abi/ipc-buffer.ts';
import type { BufferKind } from '../abi/ipc-buffer.ts';
import { CAP_TYPE, CAP_TYPE_NAMES, CAP_TYPE_NONE } from '../abi/cap-types.ts';
import { FAULT_LABELS, faultName } from '../abi/faults.ts';
import { tagCapsUnwrapped, tagExtraCaps, tagLabel, tagLength } from '../abi/message-info.ts';
import { RISCV64_SLOTS } from '../abi/registers.ts';
import { SYSCALL_NUMBERS, syscallName } from '../abi/syscalls.ts';
import type { Scheduling } from '../abi/syscalls.ts';
import { THREAD_STATES } from '../abi/thread-state.ts';
import type { ThreadStateName } from '../abi/thread-state.ts';
import { fromBigInt, lanesToHex } from '../abi/word.ts';
import { LARGEST } from './batch-layout.ts';
import type { Subject } from './names.ts';
import { CAUSES, DELIVERY_KINDS, FLAG, MAX_WORDS, OUTCOMES, STRAY, STRAYS, TRANSITION_FLAG, TrapRecord } from './trap-record.ts';
import type { Cause, Delivery, DeliveryKind, Outcome, Stray } from './trap-record.ts';

/** What is needed to name what a record numbers. */
export interface RecordNames {
  readonly scheduling: Scheduling;
  /** The thread or object with an id, if it was announced. */
  subject(id: number): Subject | undefined;
  /** Id of the method with an invocation label, e.g. `TCBSuspend`. */
  method(label: number): string | undefined;
}

/** A thread or object; the name is empty when none is known. Id 0 is none, or the idle thread. */
export interface PlainSubject {
  readonly id: number;
  readonly name: string;
}

/** Message info: the whole word, and its parts to read. */
export interface PlainTag {
  readonly word: string;
  readonly label: number;
  readonly length: number;
  readonly extraCaps: number;
  readonly capsUnwrapped: number;
}

export interface PlainDelivery {
  readonly kind: DeliveryKind;
  readonly thread: PlainSubject;
  /** Sequence number of the trap that this answers, 0 for none. */
  readonly answers: number;
  readonly badge: string;
  readonly tag: PlainTag;
  readonly words: readonly string[];
  /** Context registers that the kernel wrote. */
  readonly slots: readonly string[];
  /** Indices of the IPC buffer words that the kernel wrote. */
  readonly bufferWords: readonly number[];
}

export interface PlainTransition {
  readonly thread: PlainSubject;
  readonly from: ThreadStateName;
  readonly to: ThreadStateName;
  readonly flags: readonly (keyof typeof TRANSITION_FLAG)[];
}

/** A TrapRecord with the same fields; see there for their meaning. */
export interface PlainRecord {
  readonly seq: number;
  readonly entryTime: number;
  readonly exitTime: number;
  readonly cause: Cause;
  readonly thread: PlainSubject;
  /** Name, or the number as text when the configuration has no such call; empty when the trap is no system call. */
  readonly syscall: string;
  readonly cptr: string;
  /** Name of the capability type, its number as text when it has none, `none` when no capability was looked up. */
  readonly capType: string;
  readonly object: PlainSubject;
  /** Label 0 and no name when there is none. */
  readonly method: { readonly label: number; readonly name: string };
  readonly tag: PlainTag;
  readonly words: readonly string[];
  readonly caps: readonly string[];
  readonly reply: string;
  readonly bufferKind: BufferKind;
  readonly outcome: Outcome;
  readonly flags: readonly (keyof typeof FLAG)[];
  /** Name of the fault, its label as text when it has none, empty for no fault. */
  readonly fault: string;
  readonly pcBefore: string;
  readonly pcAfter: string;
  readonly next: PlainSubject;
  readonly nextState: ThreadStateName;
  readonly consumed: number;
  readonly budget: number;
  /** Absent when the kernel stayed where it has business, as it does in nearly every trap. */
  readonly stray?: { readonly kind: Stray; readonly address: string; readonly pc: string };
  readonly deliveries: readonly PlainDelivery[];
  readonly transitions: readonly PlainTransition[];
}

/** The plain form of a record. It shares nothing with the record. */
export function toPlain(record: TrapRecord, names: RecordNames): PlainRecord {
  const subject = (id: number): PlainSubject => ({ id, name: id === 0 ? '' : names.subject(id)?.name ?? '' });
  return {
    seq: record.seq,
    entryTime: record.entryTime,
    exitTime: record.exitTime,
    cause: CAUSES[record.cause]!,
    thread: subject(record.thread),
    syscall: record.syscall === 0 ? '' : syscallName(names.scheduling, record.syscall) ?? String(record.syscall),
    cptr: lanesToHex(record.cptrLo, record.cptrHi),
    capType: record.capType === CAP_TYPE_NONE ? 'none' : CAP_TYPE_NAMES.get(record.capType) ?? String(record.capType),
    object: subject(record.object),
    method: { label: record.method, name: record.method === 0 ? '' : names.method(record.method) ?? '' },
    tag: plainTag(record.tagLo, record.tagHi),
    words: hexWords(record.words, record.wordCount),
    caps: hexWords(record.caps, record.capCount),
    reply: lanesToHex(record.replyLo, record.replyHi),
    bufferKind: BUFFER_KINDS[record.bufferKind]!,
    outcome: OUTCOMES[record.outcome]!,
    flags: flagNames(FLAG, record.flags),
    fault: record.fault === 0 ? '' : faultName(names.scheduling, record.fault) ?? String(record.fault),
    pcBefore: lanesToHex(record.pcBeforeLo, record.pcBeforeHi),
    pcAfter: lanesToHex(record.pcAfterLo, record.pcAfterHi),
    next: subject(record.next),
    nextState: THREAD_STATES[record.nextState]!,
    consumed: record.consumed,
    budget: record.budget,
    ...(record.stray === STRAY.none ? {} : {
      stray: { kind: STRAYS[record.stray]!, address: lanesToHex(record.strayAddressLo, record.strayAddressHi), pc: lanesToHex(record.strayPcLo, record.strayPcHi) },
    }),
    deliveries: record.deliveries.slice(0, record.deliveryCount).map((delivery) => plainDelivery(delivery, subject)),
    transitions: record.transitions.slice(0, record.transitionCount).map(({ thread, from, to, flags }) => ({
      thread: subject(thread), from: THREAD_STATES[from]!, to: THREAD_STATES[to]!, flags: flagNames(TRANSITION_FLAG, flags),
    })),
  };
}

function plainDelivery(delivery: Delivery, subject: (id: number) => PlainSubject): PlainDelivery {
  return {
    kind: DELIVERY_KINDS[delivery.kind]!,
    thread: subject(delivery.thread),
    answers: delivery.answers,
    badge: lanesToHex(delivery.badgeLo, delivery.badgeHi),
    tag: plainTag(delivery.tagLo, delivery.tagHi),
    words: hexWords(delivery.words, delivery.wordCount),
    slots: bits(delivery.slots).map((slot) => RISCV64_SLOTS[slot] ?? `slot${slot}`),
    bufferWords: bits(delivery.bufferWords),
  };
}

function plainTag(lo: number, hi: number): PlainTag {
  return { word: lanesToHex(lo, hi), label: tagLabel(lo, hi), length: tagLength(lo), extraCaps: tagExtraCaps(lo), capsUnwrapped: tagCapsUnwrapped(lo) };
}

function hexWords(lanes: Uint32Array, count: number): string[] {
  return Array.from({ length: count }, (_, i) => lanesToHex(lanes[2 * i]!, lanes[2 * i + 1]!));
}

/** Numbers of the bits that are set. */
function bits(sets: Uint32Array): number[] {
  const found: number[] = [];
  for (let i = 0; i < 32 * sets.length; i++) if (((sets[i >>> 5]! >>> (i & 31)) & 1) === 1) found.push(i);
  return found;
}

function flagNames<N extends string>(all: Readonly<Record<N, number>>, flags: number): N[] {
  return (Object.keys(all) as N[]).filter((name) => (flags & all[name]) !== 0);
}

/** A JSON value that is no plain record. `path` names the place, e.g. `deliveries[0].badge`. */
export class PlainRecordError extends Error {
  readonly path: string;

  constructor(path: string, what: string) {
    super(`not a plain record: ${path === '' ? 'the value' : path} ${what}`);
    this.name = 'PlainRecordError';
    this.path = path;
  }
}

/**
 * The record of a plain form, e.g. of parsed JSON. Names of subjects and methods and the parts of tags are not looked at:
 * their ids, labels and words count. Throws {@link PlainRecordError}.
 */
export function fromPlain(value: unknown, scheduling: Scheduling): TrapRecord {
  const plain = new PlainReader('', value);
  const record = new TrapRecord();
  record.seq = plain.integer('seq');
  record.entryTime = plain.integer('entryTime');
  record.exitTime = plain.integer('exitTime');
  record.cause = plain.choice('cause', CAUSES);
  record.thread = plain.object('thread').lane('id');
  record.syscall = plain.nameOrNumber('syscall', SYSCALL_NUMBERS[scheduling], { '': 0 }, -0x8000_0000, 0x7fff_ffff);
  [record.cptrLo, record.cptrHi] = plain.word('cptr');
  record.capType = plain.nameOrNumber('capType', CAP_TYPE, { none: CAP_TYPE_NONE }, 0, LARGEST.capType);
  record.object = plain.object('object').lane('id');
  record.method = plain.object('method').lane('label');
  [record.tagLo, record.tagHi] = plain.object('tag').word('word');
  record.wordCount = plain.words('words', record.words, MAX_WORDS);
  record.capCount = plain.words('caps', record.caps, LARGEST.capCount);
  [record.replyLo, record.replyHi] = plain.word('reply');
  record.bufferKind = plain.choice('bufferKind', BUFFER_KINDS);
  record.outcome = plain.choice('outcome', OUTCOMES);
  record.flags = plain.flags('flags', FLAG);
  record.fault = plain.nameOrNumber('fault', FAULT_LABELS[scheduling], { '': 0 }, 0, 0xffff_ffff);
  [record.pcBeforeLo, record.pcBeforeHi] = plain.word('pcBefore');
  [record.pcAfterLo, record.pcAfterHi] = plain.word('pcAfter');
  record.next = plain.object('next').lane('id');
  record.nextState = plain.choice('nextState', THREAD_STATES);
  record.consumed = plain.integer('consumed');
  record.budget = plain.integer('budget');
  const stray = plain.optional('stray');
  if (stray !== undefined) {
    record.stray = stray.choice('kind', STRAYS);
    [record.strayAddressLo, record.strayAddressHi] = stray.word('address');
    [record.strayPcLo, record.strayPcHi] = stray.word('pc');
  }
  for (const delivery of plain.objects('deliveries')) readDelivery(delivery, record.addDelivery());
  for (const transition of plain.objects('transitions')) {
    record.addTransition(
      transition.object('thread').lane('id'), transition.choice('from', THREAD_STATES), transition.choice('to', THREAD_STATES),
      transition.flags('flags', TRANSITION_FLAG),
    );
  }
  return record;
}

function readDelivery(plain: PlainReader, delivery: Delivery): void {
  delivery.kind = plain.choice('kind', DELIVERY_KINDS);
  delivery.thread = plain.object('thread').lane('id');
  delivery.answers = plain.integer('answers');
  [delivery.badgeLo, delivery.badgeHi] = plain.word('badge');
  [delivery.tagLo, delivery.tagHi] = plain.object('tag').word('word');
  delivery.wordCount = plain.words('words', delivery.words, MAX_WORDS);
  plain.bitSet('slots', delivery.slots, slotNumber);
  plain.bitSet('bufferWords', delivery.bufferWords, (item) => (typeof item === 'number' ? item : undefined));
}

function slotNumber(item: unknown): number | undefined {
  const named = (RISCV64_SLOTS as readonly unknown[]).indexOf(item);
  if (named >= 0) return named;
  const numbered = typeof item === 'string' ? /^slot(\d+)$/.exec(item) : null;
  return numbered === null ? undefined : Number(numbered[1]);
}

/** Reads the members of a JSON object, each with its check. */
class PlainReader {
  private readonly path: string;
  private readonly members: Readonly<Record<string, unknown>>;

  constructor(path: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new PlainRecordError(path, 'is no object');
    this.path = path;
    this.members = value as Record<string, unknown>;
  }

  /** A safe non-negative integer. */
  integer(name: string, largest = Number.MAX_SAFE_INTEGER): number {
    const value = this.members[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > largest) {
      throw this.error(name, `is no integer from 0 to ${largest}`);
    }
    return value;
  }

  lane(name: string): number {
    return this.integer(name, 0xffff_ffff);
  }

  word(name: string): [lo: number, hi: number] {
    return this.wordAt(name, this.members[name]);
  }

  /** Fills lanes from an array of words; returns how many there are. */
  words(name: string, lanes: Uint32Array, most: number): number {
    const items = this.array(name);
    if (items.length > most) throw this.error(name, `has ${items.length} words, more than ${most}`);
    items.forEach((item, i) => { [lanes[2 * i], lanes[2 * i + 1]] = this.wordAt(`${name}[${i}]`, item); });
    return items.length;
  }

  /** Index of a name in a list. */
  choice(name: string, names: readonly string[]): number {
    const index = names.indexOf(this.members[name] as string);
    if (index < 0) throw this.error(name, `is none of ${names.join(', ')}`);
    return index;
  }

  /** The number of a name, or a number written as text for what has no name. */
  nameOrNumber(name: string, named: Readonly<Record<string, number>>, special: Readonly<Record<string, number>>, least: number, largest: number): number {
    const value = this.members[name];
    if (typeof value === 'string') {
      if (Object.hasOwn(special, value)) return special[value]!;
      if (Object.hasOwn(named, value)) return named[value]!;
      const number = /^-?\d+$/.test(value) ? Number(value) : NaN;
      if (number >= least && number <= largest) return number;
    }
    throw this.error(name, 'is neither a known name nor a number in its range, as text');
  }

  flags(name: string, bitsByName: Readonly<Record<string, number>>): number {
    return this.array(name).reduce<number>((flags, item, i) => {
      if (typeof item !== 'string' || !Object.hasOwn(bitsByName, item)) throw this.error(`${name}[${i}]`, `is none of ${Object.keys(bitsByName).join(', ')}`);
      return flags | bitsByName[item]!;
    }, 0);
  }

  /** Sets the bits that an array names. */
  bitSet(name: string, sets: Uint32Array, numberOf: (item: unknown) => number | undefined): void {
    this.array(name).forEach((item, i) => {
      const bit = numberOf(item);
      if (bit === undefined || !Number.isInteger(bit) || bit < 0 || bit >= 32 * sets.length) throw this.error(`${name}[${i}]`, 'names nothing that can be written');
      sets[bit >>> 5]! |= 1 << (bit & 31);
    });
  }

  object(name: string): PlainReader {
    return new PlainReader(this.pathOf(name), this.members[name]);
  }

  /** {@link object} for a member that may be missing. */
  optional(name: string): PlainReader | undefined {
    return this.members[name] === undefined ? undefined : this.object(name);
  }

  objects(name: string): PlainReader[] {
    return this.array(name).map((item, i) => new PlainReader(this.pathOf(`${name}[${i}]`), item));
  }

  private array(name: string): readonly unknown[] {
    const value = this.members[name];
    if (!Array.isArray(value)) throw this.error(name, 'is no array');
    return value as unknown[];
  }

  private wordAt(name: string, value: unknown): [lo: number, hi: number] {
    if (typeof value !== 'string' || !/^0x[0-9a-f]{1,16}$/.test(value)) throw this.error(name, 'is no word such as "0x1f"');
    const { lo, hi } = fromBigInt(BigInt(value));
    return [lo, hi];
  }

  private error(name: string, what: string): PlainRecordError {
    return new PlainRecordError(this.pathOf(name), what);
  }

  private pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}
