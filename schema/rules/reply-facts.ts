// SPDX-License-Identifier: BSD-2-Clause
import { MSG_MAX_LENGTH } from '../abi/message-info.ts';
import { MESSAGE_REGISTERS } from '../abi/registers.ts';
import type { Method } from '../idl/model.ts';

/**
 * The facts of one kernel-object invocation that has completed ("KCall" when `isCall`), for the reply rules.
 * One object is filled and used again; lanes as in `abi/word.ts`.
 */
export interface ReplyFacts {
  /** The system call was Call: a reply is owed. Otherwise nothing may be written. */
  isCall: boolean;
  method: Method | undefined;
  /** Request: cptr, tag, first words. */
  cptrLo: number;
  cptrHi: number;
  requestTagLo: number;
  requestTagHi: number;
  requestWordCount: number;
  requestWords: Uint32Array;
  /** 0 none, 1 ro, 2 rw. */
  bufferKind: number;
  /** After return: badge register, tag register, message words (registers, then buffer). */
  badgeLo: number;
  badgeHi: number;
  tagLo: number;
  tagHi: number;
  /** Words readable in `words`: at least the four message registers. */
  wordCount: number;
  words: Uint32Array;
  /**
   * At kernel exit the invoker waits for the completion of a YieldTo, so an empty interim success is legal. Always
   * false in stubs: the late reply has arrived by the time their call returns.
   */
  yieldPending: boolean;
  /** Message words that the calling stub fills out-parameters from; 0 where no stub reads the reply. */
  outWordsRead: number;
  /** Whether the sets of written slots and words below are known. Stubs do not know them; the probe does. */
  hasWriteLog: boolean;
  /** Context slots and IPC buffer words written for the invoker, as in `Delivery`. */
  slots: Uint32Array;
  bufferWords: Uint32Array;
  /** Without a write log: the four message registers before the call, lanes. */
  registersBefore: Uint32Array;
}

/** Facts to fill: arrays of full size, everything else zero. */
export function createReplyFacts(): ReplyFacts {
  return {
    isCall: false, method: undefined,
    cptrLo: 0, cptrHi: 0, requestTagLo: 0, requestTagHi: 0,
    requestWordCount: 0, requestWords: new Uint32Array(2 * MSG_MAX_LENGTH),
    bufferKind: 0,
    badgeLo: 0, badgeHi: 0, tagLo: 0, tagHi: 0,
    wordCount: 0, words: new Uint32Array(2 * MSG_MAX_LENGTH),
    yieldPending: false, outWordsRead: 0,
    hasWriteLog: false, slots: new Uint32Array(2), bufferWords: new Uint32Array(4),
    registersBefore: new Uint32Array(2 * MESSAGE_REGISTERS),
  };
}
