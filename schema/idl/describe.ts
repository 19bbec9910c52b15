// SPDX-License-Identifier: BSD-2-Clause
/**
 * Requests and replies of kernel-object invocations in words, for people: which argument has which value, what
 * came back, and what an error says.
 */
import { ERRORS, LOOKUP_FAILURES } from '../abi/errors.ts';
import type { ErrorName, LookupFailureName } from '../abi/errors.ts';
import type { MessageInfo } from '../abi/message-info.ts';
import { RIGHTS } from '../abi/objects.ts';
import { lanesToNumber, readWord, toBigInt, toHex } from '../abi/word.ts';
import type { Word } from '../abi/word.ts';
import { readParameter } from './pack.ts';
import type { Method, Parameter } from './model.ts';

/** One value of a request or reply. */
export interface Field {
  /** Name of the parameter; `regs.pc` for a member of a structure, `word 6` for a word that no parameter has. */
  readonly name: string;
  /** Type as in the interface; empty when there is none. */
  readonly type: string;
  /** Unsigned decimal and `0x…`; both empty when the message has no such word. */
  readonly decimal: string;
  readonly hex: string;
  /** What the value means, or that it is missing; otherwise empty. */
  readonly note: string;
}

export interface DecodedReply {
  /** `NoError` for success; `undefined` for a label that is no error. */
  readonly error: ErrorName | undefined;
  /** One line: `success`, `RangeError: allowed is 1 to 64`. */
  readonly summary: string;
  /** What the interface says about this error, or that it says nothing; empty on success. */
  readonly explanation: string;
  /** Out-parameters, or the payload of the error. */
  readonly fields: readonly Field[];
}

/** A field in one piece of text: `depth = 65 (0x41)`. */
export function fieldText({ name, decimal, hex, note }: Field): string {
  if (decimal === '') return `${name}: ${note}`;
  const value = decimal.length === 1 ? decimal : `${decimal} (${hex})`;
  return `${name} = ${value}${note === '' ? '' : `, ${note}`}`;
}

/**
 * The arguments of a request, in the order of the interface.
 * @param words message words as lanes, of which `wordCount` were sent
 * @param caps capability pointers of the extra caps as lanes, of which `capCount` were sent
 */
export function decodeRequest(method: Method, words: Uint32Array, wordCount: number, caps: Uint32Array, capCount: number): Field[] {
  const knownWords = Math.min(wordCount, words.length >> 1);
  const knownCaps = Math.min(capCount, caps.length >> 1);
  const fields = method.order.flatMap((name) => {
    const cap = method.capParameters.find((c) => c.name === name);
    if (cap !== undefined) return [wordField(name, cap.type.name, caps, cap.index, knownCaps, 'extra cap')];
    return parameterFields(method.parameters.find((p) => p.name === name)!, words, knownWords);
  });
  return [
    ...fields,
    ...surplus('word', words, method.requestLength, knownWords),
    ...surplus('extra cap', caps, method.capParameters.length, knownCaps),
  ];
}

/**
 * What a reply says.
 * @param method `undefined` when the invoked method is not known: then a success has no names
 * @param tag the returned message info
 * @param words returned message words as lanes, of which `count` are known; words at or beyond the length that the
 *   tag gives are no part of the reply
 */
export function decodeReply(method: Method | undefined, tag: MessageInfo, words: Uint32Array, count: number): DecodedReply {
  const length = Math.min(tag.length, count, words.length >> 1);
  const error = ERRORS[tag.label];
  if (error === undefined) {
    return { error, summary: `label ${tag.label} is no error of the kernel`, explanation: '', fields: surplus('word', words, 0, length) };
  }
  if (error === 'NoError') {
    const fields = (method?.out ?? []).flatMap((p) => parameterFields(p, words, length));
    return { error, summary: 'success', explanation: '', fields: [...fields, ...surplus('word', words, method?.contract.outWords ?? 0, length)] };
  }
  const names = payloadNames(error, words, length);
  const fields = names.map((name, i) => noted(wordField(name, '', words, i, length, 'word'), method));
  return {
    error,
    summary: [error, ...payloadSummary(error, fields)].join(': '),
    explanation: method === undefined ? '' : explanationOf(method, error),
    fields: [...fields, ...surplus('word', words, names.length, length)],
  };
}

function explanationOf(method: Method, error: ErrorName): string {
  return method.errors.find((e) => e.error === error)?.description ?? 'The interface does not document this error for the method.';
}

// ---- values

function field(name: string, type: string, value: Word, note = ''): Field {
  return { name, type, decimal: toBigInt(value).toString(), hex: toHex(value), note };
}

function missing(name: string, type: string, what: string, count: number): Field {
  return { name, type, decimal: '', hex: '', note: `missing: the message has ${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}` };
}

function wordField(name: string, type: string, words: Uint32Array, index: number, count: number, what: string): Field {
  return index < count ? field(name, type, readWord(words, index)) : missing(name, type, what, count);
}

/** One field, or one for each member of a structure that the message has. */
function parameterFields(p: Parameter, words: Uint32Array, count: number): Field[] {
  if (p.type.kind === 'struct' && p.word < count) {
    return p.type.fields.slice(0, count - p.word).map((member, i) => field(`${p.name}.${member}`, 'seL4_Word', readParameter(words, p, i)));
  }
  if (p.word >= count) return [missing(p.name, p.type.name, 'word', count)];
  const value = readParameter(words, p);
  return [field(p.name, p.type.name, value, meaning(p.type.name, value))];
}

function surplus(what: string, words: Uint32Array, expected: number, count: number): Field[] {
  const fields: Field[] = [];
  for (let i = expected; i < count; i++) fields.push(field(`${what} ${i}`, '', readWord(words, i), 'not in the interface'));
  return fields;
}

function meaning(type: string, { lo }: Word): string {
  if (type === 'seL4_Bool') return lo === 0 ? 'false' : 'true';
  if (type === 'seL4_CapRights_t') {
    const names = (['write', 'read', 'grant', 'grantReply'] as const).filter((right) => (lo & RIGHTS[right]) !== 0);
    return names.length === 0 ? 'no rights' : names.join(', ');
  }
  return '';
}

// ---- error payloads; manual, "Errors"

const PAYLOAD: Readonly<Partial<Record<ErrorName, readonly string[]>>> = {
  InvalidArgument: ['argument'],
  InvalidCapability: ['capability'],
  RangeError: ['min', 'max'],
  FailedLookup: ['wasSource', 'lookupFailure'],
  NotEnoughMemory: ['bytesAvailable'],
};

const LOOKUP_PAYLOAD: Readonly<Record<LookupFailureName, readonly string[]>> = {
  NoFailure: [],
  InvalidRoot: [],
  MissingCapability: ['bitsLeft'],
  DepthMismatch: ['bitsLeft', 'bitsFound'],
  GuardMismatch: ['bitsLeft', 'guardFound', 'guardBitsFound'],
};

function payloadNames(error: ErrorName, words: Uint32Array, length: number): string[] {
  const names = PAYLOAD[error] ?? [];
  if (error !== 'FailedLookup' || length < 2) return [...names];
  const failure = LOOKUP_FAILURES[lanesToNumber(words[2]!, words[3]!) ?? -1];
  return [...names, ...(failure === undefined ? [] : LOOKUP_PAYLOAD[failure])];
}

/** The payload word with what its number stands for. */
function noted(payload: Field, method: Method | undefined): Field {
  if (payload.decimal === '') return payload;
  const number = Number(payload.decimal);
  const note = (): string => {
    switch (payload.name) {
      case 'argument': return method === undefined ? '' : argumentName(method, number) ?? 'the method has no such argument';
      case 'capability': return method === undefined ? '' : capabilityName(method, number) ?? 'the method has no such capability';
      case 'wasSource': return ['destination', 'source'][number] ?? 'neither 0 nor 1';
      case 'lookupFailure': return number === 0 ? 'no lookup failure' : LOOKUP_FAILURES[number] ?? 'no lookup failure';
      default: return '';
    }
  };
  return { ...payload, note: note() };
}

/**
 * The parameter with this argument number. The kernel numbers the arguments that are no capabilities; a method that
 * reports a capability so counts on from there (DomainSet_Set: `domain` is 0, `thread` is 1).
 */
export function argumentName(method: Method, number: number): string | undefined {
  return method.parameters[number]?.name ?? method.capParameters[number - method.parameters.length]?.name;
}

/** The capability with this number: 0 is the invoked one, k the k-th extra cap. */
export function capabilityName(method: Method, number: number): string | undefined {
  return number === 0 ? '_service' : method.capParameters[number - 1]?.name;
}

/** The payload as text; nothing when the error has none. Of a failed lookup the last words may be missing. */
function payloadSummary(error: ErrorName, fields: readonly Field[]): string[] {
  const required = fields.slice(0, PAYLOAD[error]?.length ?? 0);
  if (required.length === 0) return [];
  if (required.some((f) => f.decimal === '')) return ['its payload is incomplete'];
  const [first, second] = required as [Field, Field];
  switch (error) {
    case 'InvalidArgument': return [`argument ${first.decimal}${inParentheses(first.note)}`];
    case 'InvalidCapability': return [`capability ${first.decimal}${inParentheses(first.note)}`];
    case 'RangeError': return [`allowed is ${first.decimal} to ${second.decimal}`];
    case 'NotEnoughMemory': return [`${first.decimal} bytes available`];
    case 'FailedLookup': return [[`of the ${first.note}`, second.note, ...fields.slice(2).map(fieldText)].join(', ')];
    default: return [];
  }
}

function inParentheses(text: string): string {
  return text === '' ? '' : ` (${text})`;
}
