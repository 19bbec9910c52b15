// SPDX-License-Identifier: BSD-2-Clause
/** What a stub or its program does with the registers and buffer that a system call left it, for the rules of the L family. */
import type { Scheduling } from '../abi/syscalls.ts';

/** What is done. */
export const USE = Object.freeze({
  /** A stub takes an out-parameter from message word `index`. */
  outParameter: 0,
  /** A program reads message word `index`, as with seL4_GetMR. */
  word: 1,
  /** A program reads the tag. */
  tag: 2,
  /** A stub returns the label as an error. */
  error: 3,
  /** A handler decodes the message as a fault. */
  fault: 4,
  /** The registers are filled with the next request. */
  nextRequest: 5,
});

export interface MessageUse {
  /** See {@link USE}. */
  readonly use: number;
  /** Message word, for the uses that read one. */
  readonly index: number;
  /** The system call was one that delivers a message when it returns. */
  readonly delivered: boolean;
  /** Label and length that the tag register shows. */
  readonly label: number;
  readonly length: number;
  /** The thread itself wrote the word since its last system call. */
  readonly ownWord: boolean;
  /** The words of the last error were put where the program finds them. */
  readonly errorKept: boolean;
  readonly scheduling: Scheduling;
  /** The method or system call that came last, for messages to people. */
  readonly after: string;
}
