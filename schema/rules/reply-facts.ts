// SPDX-License-Identifier: BSD-2-Clause
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
  /** Whether the sets of written slots and words below are known. Stubs do not know them; the probe does. */
  hasWriteLog: boolean;
  /** Context slots and IPC buffer words written for the invoker, as in `Delivery`. */
  slots: Uint32Array;
  bufferWords: Uint32Array;
  /** Without a write log: the four message registers before the call, lanes. */
  registersBefore: Uint32Array;
}
