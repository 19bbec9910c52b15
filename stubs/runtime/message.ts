// SPDX-License-Identifier: BSD-2-Clause
import { MSG_MAX_EXTRA_CAPS, MSG_MAX_LENGTH, packMessageInfo, tagCapsUnwrapped, tagExtraCaps, tagLabel, tagLength } from '../../schema/abi/message-info.ts';
import { MESSAGE_REGISTERS } from '../../schema/abi/registers.ts';
import { lanesToBigInt, lanesToNumber, type WordLike } from '../../schema/abi/word.ts';
import type { CapabilityRef } from './capability.ts';
import { bufferLane, CAP, capLane, MR0, TAG } from './lanes.ts';
import { MarshalError, putCap, putWord } from './marshal.ts';
import type { ThreadRuntime } from './thread-runtime.ts';

/**
 * A message to send: a label, up to 120 words and up to 3 capabilities. Words go in as numbers or BigInts and come
 * out as BigInts; between, they are lanes. A message can be changed and sent again.
 */
export class Message {
  /** Below 2^52. Free for the protocol of sender and receiver. */
  label: number;
  /** Capabilities to transfer; they arrive only if the endpoint capability has the grant right. */
  caps: readonly CapabilityRef[];
  private lanes: Uint32Array;
  private count = 0;

  /** Throws a {@link MarshalError} for a value that is not a word, or for more than 120 words. */
  constructor(label = 0, words: readonly WordLike[] = [], caps: readonly CapabilityRef[] = []) {
    this.label = label;
    this.caps = caps;
    this.lanes = new Uint32Array(2 * Math.max(words.length, MESSAGE_REGISTERS));
    for (const word of words) this.push(word);
  }

  /** A message with label 0. */
  static of(...words: WordLike[]): Message {
    return new Message(0, words);
  }

  /** Number of words. */
  get length(): number {
    return this.count;
  }

  /** Word `index` as a BigInt. Throws a RangeError for a word that the message does not have. */
  get(index: number): bigint {
    this.requireWord(index);
    return lanesToBigInt(this.lanes[2 * index]!, this.lanes[2 * index + 1]!);
  }

  /** Word `index` as a number. Throws a RangeError when the message does not have it, or when it is 2^53 or more. */
  number(index: number): number {
    this.requireWord(index);
    const value = lanesToNumber(this.lanes[2 * index]!, this.lanes[2 * index + 1]!);
    if (value === undefined) throw new RangeError(`message word ${index} is ${this.get(index)}, too large for a number: use get()`);
    return value;
  }

  /** All words. */
  words(): bigint[] {
    return Array.from({ length: this.count }, (_, i) => this.get(i));
  }

  /** Replaces word `index`. Throws a RangeError for a word that the message does not have. */
  set(index: number, value: WordLike): this {
    this.requireWord(index);
    putWord(this.lanes, 2 * index, value, `message word ${index}`);
    return this;
  }

  /** Appends a word. */
  push(value: WordLike): this {
    const index = this.count;
    if (index === MSG_MAX_LENGTH) throw new MarshalError(`a message has at most ${MSG_MAX_LENGTH} words`);
    this.reserve(index + 1);
    putWord(this.lanes, 2 * index, value, `message word ${index}`);
    this.count = index + 1;
    return this;
  }

  /** Puts the message into the registers and IPC buffer of a thread, to be sent to a capability. */
  put(runtime: ThreadRuntime, dest: CapabilityRef): void {
    const { count, lanes, caps } = this;
    if (caps.length > MSG_MAX_EXTRA_CAPS) throw new MarshalError(`a message carries at most ${MSG_MAX_EXTRA_CAPS} capabilities, not ${caps.length}`);
    const tag = packMessageInfo({ label: this.label, length: count, extraCaps: caps.length, capsUnwrapped: 0 });
    const buffer = count > MESSAGE_REGISTERS || caps.length > 0 ? runtime.sendBuffer('message') : undefined;
    runtime.beginLanes(0, 0, tag.lo, tag.hi);
    putCap(runtime.registers, CAP, dest, 'destination');
    const inRegisters = 2 * Math.min(count, MESSAGE_REGISTERS);
    for (let i = 0; i < inRegisters; i++) runtime.registers[MR0 + i] = lanes[i]!;
    if (buffer === undefined) return;
    const first = bufferLane(0);
    for (let i = 2 * MESSAGE_REGISTERS; i < 2 * count; i++) buffer[first + i] = lanes[i]!;
    for (let i = 0; i < caps.length; i++) putCap(buffer, capLane(i), caps[i]!, `extra capability ${i}`);
  }

  /** Makes this the words that a thread received: those in registers only when it has no IPC buffer. */
  protected takeWords(runtime: ThreadRuntime, length: number): void {
    const buffer = length > MESSAGE_REGISTERS ? runtime.context.ipcBuffer : undefined;
    const count = Math.min(length, buffer === undefined ? MESSAGE_REGISTERS : MSG_MAX_LENGTH);
    this.reserve(count);
    const inRegisters = 2 * Math.min(count, MESSAGE_REGISTERS);
    for (let i = 0; i < inRegisters; i++) this.lanes[i] = runtime.registers[MR0 + i]!;
    this.count = count;
    if (buffer === undefined) return;
    const first = bufferLane(0);
    for (let i = 2 * MESSAGE_REGISTERS; i < 2 * count; i++) this.lanes[i] = buffer[first + i]!;
  }

  private reserve(count: number): void {
    if (2 * count <= this.lanes.length) return;
    const lanes = new Uint32Array(2 * Math.min(MSG_MAX_LENGTH, Math.max(count, this.lanes.length)));
    lanes.set(this.lanes);
    this.lanes = lanes;
  }

  private requireWord(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.count) {
      throw new RangeError(`the message has ${this.count} words: there is no word ${index}`);
    }
  }
}

/** A message as a thread received it. It can be sent on: its words and label go, its capabilities do not. */
export class ReceivedMessage extends Message {
  /** Extra capabilities that arrived, unwrapped ones included. */
  extraCaps = 0;
  /** Bit i is set when capability i was unwrapped: it belongs to the endpoint, and its badge arrived instead. */
  capsUnwrapped = 0;
  private badgeLo = 0;
  private badgeHi = 0;
  private readonly capBadges = new Uint32Array(2 * MSG_MAX_EXTRA_CAPS);

  /** Takes what the registers and IPC buffer of a thread hold after a receive. */
  static take(runtime: ThreadRuntime): ReceivedMessage {
    const message = new ReceivedMessage();
    const { registers } = runtime;
    const tagLo = registers[TAG]!;
    message.badgeLo = registers[CAP]!;
    message.badgeHi = registers[CAP + 1]!;
    message.label = tagLabel(tagLo, registers[TAG + 1]!);
    message.extraCaps = tagExtraCaps(tagLo);
    message.capsUnwrapped = tagCapsUnwrapped(tagLo);
    message.takeWords(runtime, tagLength(tagLo));
    const buffer = message.capsUnwrapped === 0 ? undefined : runtime.context.ipcBuffer;
    if (buffer !== undefined) message.capBadges.set(buffer.subarray(capLane(0), capLane(MSG_MAX_EXTRA_CAPS)));
    return message;
  }

  /** Badge of the sender's capability, or the notification word; 0 when nothing was there (NBRecv, NBWait). */
  get badge(): bigint {
    return lanesToBigInt(this.badgeLo, this.badgeHi);
  }

  /** Badge of unwrapped capability `index`. Throws a RangeError when that capability was not unwrapped. */
  capBadge(index: number): bigint {
    if (((this.capsUnwrapped >>> index) & 1) === 0) throw new RangeError(`capability ${index} of the message was not unwrapped`);
    return lanesToBigInt(this.capBadges[2 * index]!, this.capBadges[2 * index + 1]!);
  }
}
