// SPDX-License-Identifier: BSD-2-Clause
/** Field numbers of message Batch in `trace.proto` (a test compares them), the bounds of a batch, and its columns in memory. */
import { MSG_MAX_EXTRA_CAPS } from '../abi/message-info.ts';
import { THREAD_STATES } from '../abi/thread-state.ts';
import { CAP_TYPE_NONE } from '../abi/cap-types.ts';
import { BUFFER_RW } from '../abi/ipc-buffer.ts';
import { CAUSES, DELIVERY_KINDS, FLAG, MAX_WORDS, OUTCOMES, STRAYS, TRANSITION_FLAG } from './trap-record.ts';

/** Field numbers of Batch. */
export const FIELD = Object.freeze({
  firstSeq: 1, count: 2, firstTime: 3, lastTime: 4, subjects: 5,
  entryGap: 8, duration: 9, cause: 10, thread: 11, syscall: 12, cptr: 13, capType: 14, object: 15, method: 16, tag: 17,
  wordCount: 18, capCount: 19, reply: 20, bufferKind: 21, outcome: 22, flags: 23, fault: 24, pcBefore: 25, pcStep: 26,
  next: 27, nextState: 28, consumed: 29, budget: 30, deliveryCount: 31, transitionCount: 32,
  stray: 33, strayAddress: 34, strayPc: 35,
  words: 40, caps: 41,
  deliveryKind: 48, deliveryThread: 49, deliveryAnswers: 50, deliveryBadge: 51, deliveryTag: 52, deliveryWordCount: 53,
  deliverySlots: 54, deliveryBufferLow: 55, deliveryBufferHigh: 56, deliveryWords: 57,
  transitionThread: 64, transitionChange: 65, transitionFlags: 66,
});
export type FieldName = keyof typeof FIELD;

/** Field numbers of Subject. */
export const SUBJECT_FIELD = Object.freeze({ id: 1, type: 2, name: 3 });

/** Names by field number. */
export const FIELD_NAMES: readonly (FieldName | undefined)[] = Object.entries(FIELD).reduce<FieldName[]>((names, [name, number]) => {
  names[number] = name as FieldName;
  return names;
}, []);

/** Bounds of one batch: what a reader accepts, so that a few bytes cannot claim a large memory. */
export const BATCH_LIMITS = Object.freeze({
  records: 16_384,
  /** Request words of all records; words of all deliveries. */
  words: 1 << 20,
  /** Deliveries and transitions of all records, each. */
  deliveries: 1 << 18,
  transitions: 1 << 18,
  /** UTF-8 bytes of a subject's name. */
  nameBytes: 1024,
});

/** Largest value of the columns that name one of a few things. */
export const LARGEST = Object.freeze({
  cause: CAUSES.length - 1,
  outcome: OUTCOMES.length - 1,
  deliveryKind: DELIVERY_KINDS.length - 1,
  stray: STRAYS.length - 1,
  capType: CAP_TYPE_NONE,
  bufferKind: BUFFER_RW,
  flags: allBits(FLAG),
  state: THREAD_STATES.length - 1,
  transitionFlags: allBits(TRANSITION_FLAG),
  wordCount: MAX_WORDS,
  capCount: MSG_MAX_EXTRA_CAPS,
});

function allBits(flags: Readonly<Record<string, number>>): number {
  return Object.values(flags).reduce((all, bit) => all | bit, 0);
}

/** In transition_change, what the state after is multiplied by. */
export const STATE_AFTER = 16;

/**
 * The columns of the records. A 64-bit column has two lanes a value: low at 2i, high at 2i + 1. Times are safe
 * integers. `syscall` is in zigzag form: 2n for n, 2n - 1 for -n.
 */
export interface RecordColumns {
  entryGap: Float64Array;
  duration: Float64Array;
  cause: Uint32Array;
  thread: Uint32Array;
  syscall: Uint32Array;
  cptr: Uint32Array;
  capType: Uint32Array;
  object: Uint32Array;
  method: Uint32Array;
  tag: Uint32Array;
  wordCount: Uint32Array;
  capCount: Uint32Array;
  reply: Uint32Array;
  bufferKind: Uint32Array;
  outcome: Uint32Array;
  flags: Uint32Array;
  fault: Uint32Array;
  pcBefore: Uint32Array;
  pcStep: Uint32Array;
  next: Uint32Array;
  nextState: Uint32Array;
  consumed: Float64Array;
  budget: Float64Array;
  deliveryCount: Uint32Array;
  transitionCount: Uint32Array;
  stray: Uint32Array;
  strayAddress: Uint32Array;
  strayPc: Uint32Array;
}

/** The columns of the deliveries of all records, in order; 64-bit columns in lanes. */
export interface DeliveryColumns {
  kind: Uint32Array;
  thread: Uint32Array;
  answers: Float64Array;
  badge: Uint32Array;
  tag: Uint32Array;
  wordCount: Uint32Array;
  slots: Uint32Array;
  bufferLow: Uint32Array;
  bufferHigh: Uint32Array;
}

/** The columns of the state transitions of all records, in order. */
export interface TransitionColumns {
  thread: Uint32Array;
  change: Uint32Array;
  flags: Uint32Array;
}
