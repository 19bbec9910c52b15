// SPDX-License-Identifier: BSD-2-Clause
/** What libsel4 offers for programs that take messages apart themselves: message words, tag and faults, with a look at whether they are there. */
import { FAULT_WORDS, faultName, type FaultName } from '../../schema/abi/faults.ts';
import { LOOKUP } from '../../schema/abi/errors.ts';
import { MSG_MAX_LENGTH, unpackMessageInfo, type MessageInfo } from '../../schema/abi/message-info.ts';
import { MESSAGE_REGISTERS } from '../../schema/abi/registers.ts';
import { lanesToBigInt, type WordLike } from '../../schema/abi/word.ts';
import { USE } from '../../schema/rules/message-use.ts';
import { bufferLane, MR0, TAG } from './lanes.ts';
import { putWord } from './marshal.ts';
import type { ReceivedMessage } from './message.ts';
import type { ThreadRuntime } from './thread-runtime.ts';

/** A fault message with its words by name, in the order of the message. */
export interface FaultMessage {
  readonly fault: FaultName;
  readonly words: ReadonlyMap<string, bigint>;
}

/** Words of a CapFault after its lookup failure type, by that type. */
const LOOKUP_WORDS: Readonly<Record<number, readonly string[]>> = {
  [LOOKUP.MissingCapability]: ['BitsLeft'],
  [LOOKUP.DepthMismatch]: ['BitsLeft', 'BitsFound'],
  [LOOKUP.GuardMismatch]: ['BitsLeft', 'GuardFound', 'GuardBitsFound'],
};

const LOOKUP_TYPE = FAULT_WORDS.CapFault.indexOf('LookupFailureType');

/**
 * The message of a thread as the last system call left it, word by word. A use of something that did not arrive is a
 * finding (rules L03, L07, L09), which goes where findings of the reply check go; the value is that of the register or
 * buffer all the same. For whole messages, see `Message` and `ReceivedMessage`, which cannot be misread.
 */
export class MessageRegisters {
  private readonly runtime: ThreadRuntime;
  /** Words that the thread wrote itself since its trap number `ownSince`: bit i of [k] is word 32 * k + i. */
  private readonly ownWords = new Uint32Array(4);
  private ownSince = 0;

  constructor(runtime: ThreadRuntime) {
    this.runtime = runtime;
  }

  /** seL4_GetMR: message word `index`; 0 where the thread has no buffer for it. Throws a RangeError for an index that no message has. */
  get(index: number): bigint {
    requireIndex(index);
    this.runtime.checkUse(USE.word, { index, ownWord: this.isOwn(index) });
    const { registers, context } = this.runtime;
    if (index < MESSAGE_REGISTERS) return lanesToBigInt(registers[MR0 + 2 * index]!, registers[MR0 + 2 * index + 1]!);
    const buffer = context.ipcBuffer;
    return buffer === undefined ? 0n : lanesToBigInt(buffer[bufferLane(index)]!, buffer[bufferLane(index) + 1]!);
  }

  /** seL4_SetMR: sets message word `index`. Throws a RangeError for an index that no message has, a MarshalError for what is no word or has no buffer. */
  set(index: number, value: WordLike): void {
    requireIndex(index);
    const inRegister = index < MESSAGE_REGISTERS;
    const what = `message word ${index}`;
    putWord(inRegister ? this.runtime.registers : this.runtime.sendBuffer(what), inRegister ? MR0 + 2 * index : bufferLane(index), value, what);
    if (this.ownSince !== this.runtime.traps) this.ownWords.fill(0);
    this.ownSince = this.runtime.traps;
    this.ownWords[index >>> 5]! |= 1 << (index & 31);
  }

  /** The tag that the last system call delivered. */
  info(): MessageInfo {
    this.runtime.checkUse(USE.tag);
    const { registers } = this.runtime;
    return unpackMessageInfo(registers[TAG]!, registers[TAG + 1]!);
  }

  /** seL4_getFault: what a fault handler received, or undefined for a message that is no fault message. Words that it lacks are left out. */
  fault(message: ReceivedMessage): FaultMessage | undefined {
    const { scheduling } = this.runtime;
    this.runtime.checkUse(USE.fault, { label: message.label, length: message.length });
    const fault = faultName(scheduling, message.label);
    if (fault === undefined || fault === 'NullFault') return undefined;
    const words = message.words();
    const names = [...FAULT_WORDS[fault], ...(fault === 'CapFault' ? LOOKUP_WORDS[Number(words[LOOKUP_TYPE] ?? 0n)] ?? [] : [])];
    return { fault, words: new Map(names.slice(0, words.length).map((name, i) => [name, words[i]!])) };
  }

  private isOwn(index: number): boolean {
    return this.ownSince === this.runtime.traps && ((this.ownWords[index >>> 5]! >>> (index & 31)) & 1) === 1;
  }
}

function requireIndex(index: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= MSG_MAX_LENGTH) throw new RangeError(`there is no message word ${index}: messages have at most ${MSG_MAX_LENGTH}`);
}
