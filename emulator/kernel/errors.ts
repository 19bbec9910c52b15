// SPDX-License-Identifier: BSD-2-Clause
/**
 * Errors of an invocation, with the payload that an error reply carries, and lookup failures.
 * They are values: decoding returns one, nothing is thrown. Payload: `schema/abi/errors.ts`.
 */
import { ERROR, LOOKUP, ZERO, fromNumber, type Word } from '../../schema/abi/index.ts';

/** Why a capability pointer did not lead to a slot. */
export interface LookupFailure {
  /** `LOOKUP`. */
  readonly type: number;
  readonly bitsLeft: number;
  /** DepthMismatch: bits that the level would resolve. */
  readonly bitsFound: number;
  /** GuardMismatch. */
  readonly guard: Word;
  readonly guardBits: number;
}

export function invalidRoot(): LookupFailure {
  return { type: LOOKUP.InvalidRoot, bitsLeft: 0, bitsFound: 0, guard: ZERO, guardBits: 0 };
}

export function missingCapability(bitsLeft: number): LookupFailure {
  return { type: LOOKUP.MissingCapability, bitsLeft, bitsFound: 0, guard: ZERO, guardBits: 0 };
}

export function depthMismatch(bitsLeft: number, bitsFound: number): LookupFailure {
  return { type: LOOKUP.DepthMismatch, bitsLeft, bitsFound, guard: ZERO, guardBits: 0 };
}

export function guardMismatch(bitsLeft: number, guard: Word, guardBits: number): LookupFailure {
  return { type: LOOKUP.GuardMismatch, bitsLeft, bitsFound: 0, guard, guardBits };
}

/** The words of a lookup failure as they stand in fault messages and error replies, type first. */
export function lookupFailureWords(failure: LookupFailure): Word[] {
  const type = fromNumber(failure.type);
  switch (failure.type) {
    case LOOKUP.MissingCapability: return [type, fromNumber(failure.bitsLeft)];
    case LOOKUP.DepthMismatch: return [type, fromNumber(failure.bitsLeft), fromNumber(failure.bitsFound)];
    case LOOKUP.GuardMismatch: return [type, fromNumber(failure.bitsLeft), failure.guard, fromNumber(failure.guardBits)];
    default: return [type];
  }
}

/** An error reply: label and payload words. */
export class SyscallError {
  readonly label: number;
  readonly words: readonly Word[];

  constructor(label: number, words: readonly Word[] = []) {
    this.label = label;
    this.words = words;
  }
}

export const ILLEGAL_OPERATION = new SyscallError(ERROR.IllegalOperation);
export const ALIGNMENT_ERROR = new SyscallError(ERROR.AlignmentError);
export const TRUNCATED_MESSAGE = new SyscallError(ERROR.TruncatedMessage);
export const DELETE_FIRST = new SyscallError(ERROR.DeleteFirst);
export const REVOKE_FIRST = new SyscallError(ERROR.RevokeFirst);

/** `argument` counts the message words of the method from 0. */
export function invalidArgument(argument: number): SyscallError {
  return new SyscallError(ERROR.InvalidArgument, [fromNumber(argument)]);
}

/** 0: the invoked capability; k: the k-th extra cap. */
export function invalidCapability(which: number): SyscallError {
  return new SyscallError(ERROR.InvalidCapability, [fromNumber(which)]);
}

export function rangeError(min: Word, max: Word): SyscallError {
  return new SyscallError(ERROR.RangeError, [min, max]);
}

export function failedLookup(wasSource: boolean, failure: LookupFailure): SyscallError {
  return new SyscallError(ERROR.FailedLookup, [fromNumber(wasSource ? 1 : 0), ...lookupFailureWords(failure)]);
}

/** `bytes`: memory that is left in the untyped. */
export function notEnoughMemory(bytes: number): SyscallError {
  return new SyscallError(ERROR.NotEnoughMemory, [fromNumber(bytes)]);
}
