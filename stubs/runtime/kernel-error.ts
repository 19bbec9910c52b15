// SPDX-License-Identifier: BSD-2-Clause
/**
 * Kernel errors as typed errors with their decoded payload.
 *
 * A payload word that a (faulty) reply does not have reads as 0; the reply check reports it.
 */
import { ERRORS, LOOKUP, type ErrorName } from '../../schema/abi/errors.ts';
import { lanesToBigInt, lanesToHex, lanesToNumber } from '../../schema/abi/word.ts';
import { functionName } from '../../schema/idl/methods.ts';
import type { Method } from '../../schema/idl/model.ts';
import { describeRequest, type KernelRequest } from './kernel-request.ts';

/** An error reply: what {@link kernelErrorOf} decodes. Lanes as in `abi/word.ts`. */
export interface ErrorReply {
  readonly label: number;
  readonly length: number;
  /** The first words of the reply, at least `length` of them. */
  readonly words: Uint32Array;
  readonly method: Method;
  readonly request: KernelRequest;
}

/** The kernel refused an invocation. The subclass says why, with the payload of the error message. */
export class KernelError extends Error {
  override readonly name: string;
  /** The error label of the reply (`seL4_Error`). */
  readonly label: number;
  /** Invocation name, e.g. `TCBSetPriority`. */
  readonly method: string;
  /** The request that was refused. */
  readonly request: KernelRequest;

  constructor(name: string, reply: ErrorReply, explanation: string) {
    super(
      `${functionName(reply.method)} failed with ${ERRORS[reply.label] ?? `error ${reply.label}`}: ${explanation}${documentation(reply)}. `
      + `Request: ${describeRequest(reply.request)}`,
    );
    this.name = name;
    this.label = reply.label;
    this.method = reply.method.id;
    this.request = reply.request;
  }
}

/** A message word of the request is not acceptable. */
export class InvalidArgumentError extends KernelError {
  /** Number of the message word, from 0. */
  readonly argument: number;
  /** Name of the parameter that begins in that word, as in the interface, if there is one. */
  readonly argumentName: string | undefined;

  constructor(reply: ErrorReply) {
    const argument = smallWord(reply, 0);
    const name = reply.method.parameters.find(({ word }) => word === argument)?.name;
    super('InvalidArgumentError', reply, `argument ${argument}${name === undefined ? '' : ` (${name})`} is not valid`);
    this.argument = argument;
    this.argumentName = name;
  }
}

/** A capability has the wrong type, lacks a right, or is not in the needed state. */
export class InvalidCapabilityError extends KernelError {
  /** 0 for the invoked capability, otherwise the place among the extra capabilities, from 1. */
  readonly which: number;
  /** Name of the capability parameter as in the interface; undefined for the invoked capability. */
  readonly capabilityName: string | undefined;

  constructor(reply: ErrorReply) {
    const which = smallWord(reply, 0);
    const name = reply.method.capParameters.find(({ index }) => index === which - 1)?.name;
    const subject = which === 0 ? 'the invoked capability' : `extra capability ${which}${name === undefined ? '' : ` (${name})`}`;
    super('InvalidCapabilityError', reply, `${subject} has the wrong type, lacks a right, or is in the wrong state`);
    this.which = which;
    this.capabilityName = name;
  }
}

/** The operation is not allowed for this object in its present state, or not for this caller. */
export class IllegalOperationError extends KernelError {
  constructor(reply: ErrorReply) {
    super('IllegalOperationError', reply, 'not allowed with this capability or in the present state of the object');
  }
}

/** A value lies outside the permitted range. Not the RangeError of JavaScript. */
export class SeL4RangeError extends KernelError {
  /** Least permitted value. */
  readonly min: bigint;
  /** Greatest permitted value. */
  readonly max: bigint;

  constructor(reply: ErrorReply) {
    const min = wordAt(reply, 0);
    const max = wordAt(reply, 1);
    super('SeL4RangeError', reply, `${outside(reply, min, max) || 'a value'} is outside ${min}..${max}`);
    this.min = min;
    this.max = max;
  }
}

/** An address or offset is not aligned as the object needs it. */
export class AlignmentError extends KernelError {
  constructor(reply: ErrorReply) {
    super('AlignmentError', reply, 'an address or offset is not aligned to the size of the object');
  }
}

/** Why a capability or address lookup failed. */
export type LookupFailure =
  | { readonly type: 'InvalidRoot' }
  | { readonly type: 'MissingCapability'; readonly bitsLeft: number }
  | { readonly type: 'DepthMismatch'; readonly bitsLeft: number; readonly bitsFound: number }
  | {
    readonly type: 'GuardMismatch'; readonly bitsLeft: number; readonly guardFound: bigint;
    /** Undefined when the thread has no IPC buffer that could carry the fifth word. */
    readonly guardBitsFound: number | undefined;
  }
  | { readonly type: 'Unknown'; readonly number: number };

/** A slot or a page table could not be looked up. */
export class FailedLookupError extends KernelError {
  /** Whether the lookup was for the source (or pivot); otherwise for the destination, or the only one. */
  readonly isSource: boolean;
  readonly lookup: LookupFailure;

  constructor(reply: ErrorReply) {
    const isSource = smallWord(reply, 0) !== 0;
    const lookup = lookupFailureOf(reply);
    super('FailedLookupError', reply, `lookup of the ${isSource ? 'source' : 'destination'} failed: ${describeLookup(lookup)}`);
    this.isSource = isSource;
    this.lookup = lookup;
  }
}

/** The kernel got fewer message words or extra capabilities than the method needs. */
export class TruncatedMessageError extends KernelError {
  constructor(reply: ErrorReply) {
    super('TruncatedMessageError', reply, 'the kernel got too few message words or capabilities; is the IPC buffer usable?');
  }
}

/** Something must be deleted first: most often the destination slot is not empty. */
export class DeleteFirstError extends KernelError {
  constructor(reply: ErrorReply) {
    super('DeleteFirstError', reply, 'the destination slot or mapping is in use: delete what is there first');
  }
}

/** The object has derived capabilities or children that must be revoked first. */
export class RevokeFirstError extends KernelError {
  constructor(reply: ErrorReply) {
    super('RevokeFirstError', reply, 'capabilities are derived from this one: revoke it first');
  }
}

/** The untyped memory has too little room left. */
export class NotEnoughMemoryError extends KernelError {
  /** Bytes that are left. */
  readonly bytes: bigint;

  constructor(reply: ErrorReply) {
    const bytes = wordAt(reply, 0);
    super('NotEnoughMemoryError', reply, `${bytes} bytes are left in the untyped memory`);
    this.bytes = bytes;
  }
}

/** The reply's label is not an error number: the reply itself is faulty (rule K03). */
export class UnknownKernelError extends KernelError {
  constructor(reply: ErrorReply) {
    super('UnknownKernelError', reply, 'the kernel has no error with this number');
  }
}

const CLASSES: Readonly<Record<Exclude<ErrorName, 'NoError'>, new (reply: ErrorReply) => KernelError>> = {
  InvalidArgument: InvalidArgumentError,
  InvalidCapability: InvalidCapabilityError,
  IllegalOperation: IllegalOperationError,
  RangeError: SeL4RangeError,
  AlignmentError: AlignmentError,
  FailedLookup: FailedLookupError,
  TruncatedMessage: TruncatedMessageError,
  DeleteFirst: DeleteFirstError,
  RevokeFirst: RevokeFirstError,
  NotEnoughMemory: NotEnoughMemoryError,
};

/** Name of the class of an error, e.g. `SeL4RangeError`. */
export function errorClassName(error: ErrorName): string {
  return error === 'NoError' ? KernelError.name : CLASSES[error].name;
}

/** The typed error of an error reply. `reply.label` is not 0. */
export function kernelErrorOf(reply: ErrorReply): KernelError {
  const name = ERRORS[reply.label];
  if (name === undefined || name === 'NoError') return new UnknownKernelError(reply);
  return new CLASSES[name](reply);
}

/** What the interface says about this error, in brackets. */
function documentation({ method, label }: ErrorReply): string {
  const text = method.errors.find(({ error }) => error === ERRORS[label])?.description;
  return text ? ` [${text.replace(/\.$/, '').replaceAll('`_service`', 'the invoked capability')}]` : '';
}

/** Names and values of the arguments that a range excludes. */
function outside({ method, request }: ErrorReply, min: bigint, max: bigint): string {
  return method.parameters.flatMap(({ name }) => {
    const value = request.arguments.get(name);
    return value !== undefined && (value < min || value > max) ? [`${name}=${value}`] : [];
  }).join(' or ');
}

function wordAt(reply: ErrorReply, index: number): bigint {
  return index < reply.length ? lanesToBigInt(reply.words[2 * index]!, reply.words[2 * index + 1]!) : 0n;
}

/** A payload word whose legal values are small; a huge one saturates. */
function smallWord(reply: ErrorReply, index: number): number {
  if (index >= reply.length) return 0;
  return lanesToNumber(reply.words[2 * index]!, reply.words[2 * index + 1]!) ?? Number.MAX_SAFE_INTEGER;
}

function lookupFailureOf(reply: ErrorReply): LookupFailure {
  const type = smallWord(reply, 1);
  const bitsLeft = smallWord(reply, 2);
  switch (type) {
    case LOOKUP.InvalidRoot: return { type: 'InvalidRoot' };
    case LOOKUP.MissingCapability: return { type: 'MissingCapability', bitsLeft };
    case LOOKUP.DepthMismatch: return { type: 'DepthMismatch', bitsLeft, bitsFound: smallWord(reply, 3) };
    case LOOKUP.GuardMismatch: return {
      type: 'GuardMismatch', bitsLeft, guardFound: wordAt(reply, 3),
      guardBitsFound: reply.length > 4 ? smallWord(reply, 4) : undefined,
    };
    default: return { type: 'Unknown', number: type };
  }
}

function describeLookup(lookup: LookupFailure): string {
  switch (lookup.type) {
    case 'InvalidRoot': return 'the root is not a CNode or address space (InvalidRoot)';
    case 'MissingCapability': return `nothing is there, with ${lookup.bitsLeft} bits left to resolve (MissingCapability)`;
    case 'DepthMismatch': return `${lookup.bitsLeft} bits were left to resolve, but the CNode there resolves ${lookup.bitsFound} (DepthMismatch)`;
    case 'GuardMismatch': {
      const guard = lanesToHex(Number(lookup.guardFound & 0xffff_ffffn), Number(lookup.guardFound >> 32n));
      const bits = lookup.guardBitsFound === undefined ? '' : ` of ${lookup.guardBitsFound} bits`;
      return `with ${lookup.bitsLeft} bits left, the guard ${guard}${bits} does not match (GuardMismatch)`;
    }
    case 'Unknown': return `lookup failure type ${lookup.number} is unknown`;
  }
}
