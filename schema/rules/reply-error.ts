// SPDX-License-Identifier: BSD-2-Clause
/** Rules over error replies: length and payload of each error, and which errors a method may give. */
import { ERROR, ERRORS, ERROR_PAYLOAD_LENGTH, LAST_ERROR, LOOKUP, LOOKUP_FAILURE_LENGTH } from '../abi/errors.ts';
import { BUFFER_RW } from '../abi/ipc-buffer.ts';
import { tagExtraCaps, tagLabel, tagLength } from '../abi/message-info.ts';
import { MAX_UNTYPED_BITS, OBJECT_TYPES, RISCV64_USER_TOP, SLOT_BITS } from '../abi/objects.ts';
import { MESSAGE_REGISTERS } from '../abi/registers.ts';
import { bitsOf, lanesToHex } from '../abi/word.ts';
import type { Method } from '../idl/model.ts';
import type { Delivery } from '../trace/trap-record.ts';
import { errorReply, isSameAnswer, type ErrorAnswer } from './failed-requests.ts';
import type { ReplyFacts } from './reply-facts.ts';
import { answered, methodName, words } from './reply-shape.ts';
import { TRIGGER, type ReplyRule, type Report, type RuleInfo, type TraceContext, type TraceRule } from './rule.ts';

/** Error label of a reply; 0 when the reply is missing, a success, or has a label that is no error. */
function errorLabel(facts: ReplyFacts): number {
  if (!answered(facts)) return 0;
  const label = tagLabel(facts.tagLo, facts.tagHi);
  return label <= LAST_ERROR ? label : 0;
}

/** Words of a payload that are both claimed by the tag and readable. */
function payloadWords(facts: ReplyFacts): number {
  return Math.min(tagLength(facts.tagLo), facts.wordCount);
}

const errorLength: RuleInfo = {
  id: 'K10', name: 'error-length', severity: 'error',
  title: 'An error reply has the wrong length for its error',
  explanation:
    'Each error has a fixed payload: InvalidArgument, InvalidCapability and NotEnoughMemory one word, RangeError two, FailedLookup two to five by its ' +
    'lookup failure, the others none. With another length the program reads words that belong to no error, or misses those that explain it. ' +
    'Compare the place that writes the error message with the manual.',
  references: ['38b281169', 'manual: Errors'],
};
export const K10: ReplyRule = {
  info: errorLength,
  check(facts, report) {
    const label = errorLabel(facts);
    if (label === 0) return;
    const length = tagLength(facts.tagLo);
    const name = ERRORS[label]!;
    if (label !== ERROR.FailedLookup) {
      const expected = ERROR_PAYLOAD_LENGTH[label]!;
      if (length !== expected) report(errorLength, `${name} from ${methodName(facts.method)} came with ${words(length)}, expected ${expected}.`);
      return;
    }
    const type = lookupFailure(facts);
    if (type < 0) {
      if (length < 2 || length > 5) report(errorLength, `${name} from ${methodName(facts.method)} came with ${words(length)}, expected 2 to 5.`);
      return;
    }
    const full = LOOKUP_FAILURE_LENGTH[type]!;
    const expected = full > MESSAGE_REGISTERS && facts.bufferKind !== BUFFER_RW ? MESSAGE_REGISTERS : full;
    if (length !== expected) {
      report(errorLength, `${name} with lookup failure ${type} from ${methodName(facts.method)} came with ${words(length)}, expected ${expected}.`);
    }
  },
};

/** Lookup failure type of a FailedLookup reply if it is one of 1..4, else -1. */
function lookupFailure(facts: ReplyFacts): number {
  if (payloadWords(facts) < 2 || facts.words[3] !== 0) return -1;
  const type = facts.words[2]!;
  return type >= LOOKUP.InvalidRoot && type <= LOOKUP.GuardMismatch ? type : -1;
}

const errorPayload: RuleInfo = {
  id: 'K11', name: 'error-payload', severity: 'error',
  title: 'The payload of an error reply cannot be true',
  explanation:
    'The words that explain the error contradict the request or themselves: a parameter or capability number that the method does not have, ' +
    'an empty or already satisfied range, a lookup failure with impossible fields, or other words than the same request got just before. ' +
    'Such words are usually left over from an earlier error, because this path sets the error type and another field than the one it needs.',
  references: ['241d8d12c', 'b1b702661', 'd205615c5', '530e2f71b', '90c49746a', 'd6b12fb1e', '5fe431f6e'],
};
export const K11: ReplyRule = {
  info: errorPayload,
  check(facts, report) {
    switch (errorLabel(facts)) {
      case ERROR.InvalidArgument: return checkArgument(facts, report);
      case ERROR.InvalidCapability: return checkCapability(facts, report);
      case ERROR.RangeError: return checkRange(facts, report);
      case ERROR.FailedLookup: return checkLookup(facts, report);
    }
  },
};

function checkArgument(facts: ReplyFacts, report: Report): void {
  const method = facts.method;
  if (method === undefined || payloadWords(facts) < 1) return;
  const count = method.order.length;
  if (facts.words[1] === 0 && facts.words[0]! < count) return checkBlamed(facts, method, report);
  report(errorPayload, `InvalidArgument from ${method.id} names argument ${lanesToHex(facts.words[0]!, facts.words[1]!)}, but the method has ${count}.`);
}

/** PageTable_Map refuses one argument for its value alone, the address, and that only where user code can have nothing. */
function checkBlamed(facts: ReplyFacts, method: Method, report: Report): void {
  if (method.id !== 'RISCVPageTableMap' || facts.requestWordCount < 1) return;
  const w = facts.requestWords;
  if (facts.words[0] === 0 && !isAbove(RISCV64_USER_TOP.lo, RISCV64_USER_TOP.hi, w[0]!, w[1]!)) return;
  report(errorPayload, `InvalidArgument from ${method.id} names argument ${facts.words[0]}, and the address ${lanesToHex(w[0]!, w[1]!)} is one that user code can have.`);
}

function checkCapability(facts: ReplyFacts, report: Report): void {
  if (payloadWords(facts) < 1) return;
  const count = Math.max(facts.method?.capParameters.length ?? 0, tagExtraCaps(facts.requestTagLo));
  if (facts.words[1] === 0 && facts.words[0]! <= count) return;
  report(errorPayload, `InvalidCapability from ${methodName(facts.method)} names capability ${lanesToHex(facts.words[0]!, facts.words[1]!)}, but the request has only ${count} besides the invoked one.`);
}

function checkRange(facts: ReplyFacts, report: Report): void {
  if (payloadWords(facts) < 2) return;
  const w = facts.words;
  const range = `${lanesToHex(w[0]!, w[1]!)}..${lanesToHex(w[2]!, w[3]!)}`;
  if (isAbove(w[0]!, w[1]!, w[2]!, w[3]!)) {
    report(errorPayload, `RangeError from ${methodName(facts.method)} gives the empty range ${range}.`);
  } else if (facts.method?.id === 'UntypedRetype' && givesTooLarge(facts)) {
    report(errorPayload, `RangeError from UntypedRetype gives the range ${range} for the size, but no object is larger than 2^${MAX_UNTYPED_BITS} bytes.`);
  } else if (facts.method !== undefined && allInside(facts, facts.method) && !isTooLargeCNode(facts, facts.method)) {
    report(errorPayload, `RangeError from ${facts.method.id} gives the range ${range}, and every argument of the request is inside.`);
  }
}

/** Whether the size asked for is impossible and the range of a RangeError says that it is not. */
function givesTooLarge(facts: ReplyFacts): boolean {
  const { words: w, requestWords: asked } = facts;
  if (facts.requestWordCount < 2 || asked[3] !== 0 || asked[2]! <= MAX_UNTYPED_BITS) return false;
  return (w[0]! | w[1]! | w[3]!) === 0 && w[2]! >= asked[2]!;
}

/** A CNode has 2^n slots of 32 bytes, but the range of the error is that of sizes in bytes. */
function isTooLargeCNode({ requestWords: asked, requestWordCount }: ReplyFacts, { id }: Method): boolean {
  if (id !== 'UntypedRetype' || requestWordCount < 2 || (asked[1]! | asked[3]!) !== 0) return false;
  return asked[0] === OBJECT_TYPES.mcs.CapTable && asked[2]! + SLOT_BITS > MAX_UNTYPED_BITS;
}

/** Unsigned a > b. */
function isAbove(aLo: number, aHi: number, bLo: number, bHi: number): boolean {
  return aHi > bHi || (aHi === bHi && aLo > bLo);
}

/** Whether every value argument is known and inside the range of a RangeError, so that none can have caused it. */
function allInside(facts: ReplyFacts, method: Method): boolean {
  const [minLo, minHi, maxLo, maxHi] = facts.words as unknown as [number, number, number, number];
  for (const parameter of method.parameters) {
    if (parameter.type.kind !== 'value' || parameter.words !== 1 || parameter.word >= facts.requestWordCount) return false;
    const wordLo = facts.requestWords[2 * parameter.word]!;
    const wordHi = facts.requestWords[2 * parameter.word + 1]!;
    const lo = bitsOf(wordLo, wordHi, parameter.bit, Math.min(parameter.bits, 32));
    const hi = parameter.bits > 32 ? bitsOf(wordLo, wordHi, parameter.bit + 32, parameter.bits - 32) : 0;
    if (isAbove(minLo, minHi, lo, hi) || isAbove(lo, hi, maxLo, maxHi)) return false;
  }
  return method.parameters.length > 0;
}

function checkLookup(facts: ReplyFacts, report: Report): void {
  const count = payloadWords(facts);
  if (count < 2) return;
  const w = facts.words;
  const from = methodName(facts.method);
  if (w[1] !== 0 || w[0]! > 1) {
    report(errorPayload, `FailedLookup from ${from} has ${lanesToHex(w[0]!, w[1]!)} where 0 (destination) or 1 (source) belongs.`);
  } else if (lookupFailure(facts) < 0) {
    report(errorPayload, `FailedLookup from ${from} has lookup failure ${lanesToHex(w[2]!, w[3]!)}, expected 1 to 4.`);
  } else if (w[2] !== LOOKUP.InvalidRoot && FINDS_ROOTS.has(facts.method?.id ?? '')) {
    report(errorPayload, `FailedLookup from ${from} has lookup failure ${w[2]}; it looks up nothing but an address space, which can only be an invalid root.`);
  } else if (w[2] === LOOKUP.MissingCapability && facts.method?.id === 'RISCVPageMap' && count > 2 && !isPageLevel(w[4]!, w[5]!)) {
    report(errorPayload, `FailedLookup from ${from} says that ${lanesToHex(w[4]!, w[5]!)} bits were left to resolve, which is no size of a page.`);
  } else if (w[2] !== LOOKUP.InvalidRoot && count > 2 && (w[5] !== 0 || w[4]! > 64)) {
    report(errorPayload, `FailedLookup from ${from} says that ${lanesToHex(w[4]!, w[5]!)} bits were left to resolve, at most 64 are possible.`);
  }
}

/** Methods whose only lookup is that of an address space by its identifier. */
const FINDS_ROOTS: ReadonlySet<string> = new Set(['RISCVPageTableMap', 'RISCVASIDPoolAssign']);

/** 4 KiB, 2 MiB and 1 GiB. */
function isPageLevel(lo: number, hi: number): boolean {
  return hi === 0 && (lo === 12 || lo === 21 || lo === 30);
}

const errorUnexpected: RuleInfo = {
  id: 'K12', name: 'error-unexpected', severity: 'warning',
  title: 'This error does not belong to this request',
  explanation:
    'The interface file does not list this error for the method, and it is not one that every invocation can give ' +
    '(InvalidCapability, IllegalOperation, TruncatedMessage), or the same request got another error just before. Either a decode path returned ' +
    'without setting its error, so that an earlier one shows, or the documentation is incomplete.',
  references: ['ad32c2769', 'd653d9b2c', 'd205615c5'],
};

/** Errors of the generic decode path: wrong capability, wrong label, short message. */
const GENERIC_ERRORS = (1 << ERROR.InvalidCapability) | (1 << ERROR.IllegalOperation) | (1 << ERROR.TruncatedMessage);

/** Errors that kernels give on purpose although interface files leave them out, as label bits by method. */
const UNDOCUMENTED: ReadonlyMap<string, number> = new Map([
  // The alignment of the IPC buffer address is checked on classic kernels too; only the MCS entry says so.
  ['TCBConfigure', 1 << ERROR.AlignmentError],
  // The pool behind the capability is looked up by its address space identifier.
  ['RISCVASIDPoolAssign', 1 << ERROR.FailedLookup],
]);

export const K12: ReplyRule = {
  info: errorUnexpected,
  check(facts, report) {
    const label = errorLabel(facts);
    const method = facts.method;
    if (label === 0 || method === undefined) return;
    const documented = method.contract.errors;
    if (documented.size === 0 || documented.has(label)) return;
    if (((GENERIC_ERRORS | (UNDOCUMENTED.get(method.id) ?? 0)) >>> label) & 1) return;
    report(errorUnexpected, `${method.id} answered with ${ERRORS[label]!}, which its interface does not document.`);
  },
};

/**
 * K11 and K12 over repeated requests. That an error has the number or the words of the error before it means nothing by
 * itself: a correct kernel gives the same error to many requests. But a request that failed, and is repeated after nothing
 * but failures, must fail in the same way; if it shows the error of another request then, that one was left over.
 */
export const K11_REPEATED: TraceRule = {
  info: errorPayload, on: TRIGGER.error,
  check(context, report) {
    const found = leftOver(context);
    if (found === undefined || found.label !== found.labelBefore) return;
    report(errorPayload, `The same request as in trap ${found.before.seq} got ${ERRORS[found.label]} with other words: those of the error in trap ${found.previous.seq}.`);
  },
};

export const K12_REPEATED: TraceRule = {
  info: errorUnexpected, on: TRIGGER.error,
  check(context, report) {
    const found = leftOver(context);
    if (found === undefined || found.label === found.labelBefore) return;
    report(errorUnexpected, `The same request as in trap ${found.before.seq} got ${ERRORS[found.label]} instead of ${ERRORS[found.labelBefore]}: the error of trap ${found.previous.seq}.`);
  },
};

interface LeftOver {
  /** How the same request was answered before, and the error that came just before this one. */
  readonly before: ErrorAnswer;
  readonly previous: ErrorAnswer;
  readonly label: number;
  readonly labelBefore: number;
}

/** If the invoker was given the error of the trap before in place of its own. */
function leftOver({ record, run }: TraceContext): LeftOver | undefined {
  const before = run.failures.find(record);
  const reply = before === undefined ? undefined : errorReply(record);
  if (before === undefined || reply === undefined || isSameAnswer(before, reply)) return undefined;
  const previous = run.failures.last;
  const label = tagLabel(reply.tagLo, reply.tagHi);
  const labelBefore = tagLabel(before.tagLo, before.tagHi);
  if (label > LAST_ERROR || labelBefore > LAST_ERROR || !shows(reply, previous, label !== labelBefore)) return undefined;
  return { before, previous, label, labelBefore };
}

/** Whether a reply shows what is left of an earlier error: its label, or its words. */
function shows(reply: Delivery, previous: ErrorAnswer, inLabel: boolean): boolean {
  if (inLabel) return tagLabel(reply.tagLo, reply.tagHi) === tagLabel(previous.tagLo, previous.tagHi);
  const lanes = Math.min(previous.words.length, 2 * reply.wordCount);
  for (let i = 0; i < lanes; i++) if (previous.words[i] !== reply.words[i]) return false;
  return lanes > 0;
}
