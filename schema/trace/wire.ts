// SPDX-License-Identifier: BSD-2-Clause
/**
 * The messages of `trace.proto` around the batches: handshake, acknowledgement, end of run.
 *
 * They are few and small, so they are coded field by field over protobufjs' minimal reader and writer. Its reflection
 * compiles functions at run time, which a page with a content security policy refuses, and would have to find
 * `trace.proto` at run time. Tests compare this file with the .proto, names, numbers and bytes.
 */
import protobuf from 'protobufjs/minimal.js';
import { lanesToNumber } from '../abi/word.ts';
import type { RunDescription } from './names.ts';

/** `protocol_version` of this code. */
export const PROTOCOL_VERSION = 1;

/** How a run ended, in the order of enum RunEnd from 1. */
export const RUN_ENDS = ['completed', 'failed', 'stalled', 'interrupted', 'crashed'] as const;
export type RunEnd = (typeof RUN_ENDS)[number];

/** What can go wrong for a producer, in the order of enum ProblemCode from 1. */
export const PROBLEM_CODES = [
  'badMessage', 'unsupportedVersion', 'unexpectedMessage', 'badBatch', 'sequence', 'runExists', 'runBusy',
  'frameTooLarge', 'windowExceeded', 'store', 'shuttingDown',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

const KERNELS = ['model', 'image'] as const;

/** First message of a connection. */
export interface Hello {
  readonly kind: 'hello';
  readonly protocolVersion: number;
  readonly run: RunDescription;
  /** Whether a run with this id may be known already and is then continued. */
  readonly resume: boolean;
}

/** Carries the bytes of a Batch as they are; `BatchReader` reads them. After decoding they are a view into the frame. */
export interface BatchMessage {
  readonly kind: 'batch';
  readonly bytes: Uint8Array;
}

/** Last message of a run. */
export interface Bye {
  readonly kind: 'bye';
  /** 0 for a run without records. */
  readonly lastSeq: number;
  /** `unknown` when the producer did not say, or said something newer than this code. */
  readonly end: RunEnd | 'unknown';
  readonly detail: string;
}

export type ClientMessage = Hello | BatchMessage | Bye;

export interface Welcome {
  readonly kind: 'welcome';
  /** Run id. */
  readonly run: string;
  /** Sequence number of the first record that the service does not have. */
  readonly nextSeq: number;
  readonly maxFrameBytes: number;
  /** Most batches that may be unacknowledged at a time. */
  readonly window: number;
}

export interface Ack {
  readonly kind: 'ack';
  /** All records up to this one are committed; 0 for none. */
  readonly committedSeq: number;
  /** Bye is committed too. */
  readonly finished: boolean;
}

export interface Problem {
  readonly kind: 'problem';
  /** `unknown` for a code that is newer than this code. */
  readonly code: ProblemCode | 'unknown';
  readonly message: string;
  /** A retry would meet the same problem. */
  readonly fatal: boolean;
}

export type ServerMessage = Welcome | Ack | Problem;

/** A frame that is not the message it should be. */
export class WireError extends Error {
  constructor(what: string) {
    super(`malformed message: ${what}`);
    this.name = 'WireError';
  }
}

/** The frame of a message to the service. Throws a RangeError for numbers that are not safe non-negative integers. */
export function encodeClientMessage(message: ClientMessage): Uint8Array {
  switch (message.kind) {
    case 'hello': return frame(1, encodeHello(message));
    case 'batch': return frame(2, message.bytes);
    case 'bye': return frame(3, encodeBye(message));
  }
}

/** Throws {@link WireError}. The bytes of a batch are not looked into. */
export function decodeClientMessage(bytes: Uint8Array): ClientMessage {
  const body = readBody(bytes, 'ClientMessage');
  switch (body.field) {
    case 1: return decodeHello(body.content);
    case 2: return { kind: 'batch', bytes: body.content };
    case 3: return decodeBye(body.content);
    default: throw new WireError(`ClientMessage has no field ${body.field}`);
  }
}

/** The frame of a message to a producer. Throws a RangeError for numbers that are not safe non-negative integers. */
export function encodeServerMessage(message: ServerMessage): Uint8Array {
  switch (message.kind) {
    case 'welcome': return frame(1, encodeWelcome(message));
    case 'ack': return frame(2, encodeAck(message));
    case 'problem': return frame(3, encodeProblem(message));
  }
}

/** Throws {@link WireError}. */
export function decodeServerMessage(bytes: Uint8Array): ServerMessage {
  const body = readBody(bytes, 'ServerMessage');
  switch (body.field) {
    case 1: return decodeWelcome(body.content);
    case 2: return decodeAck(body.content);
    case 3: return decodeProblem(body.content);
    default: throw new WireError(`ServerMessage has no field ${body.field}`);
  }
}

function encodeHello(hello: Hello): Uint8Array {
  const w = new MessageWriter();
  w.number(1, hello.protocolVersion);
  w.bytes(2, encodeRun(hello.run));
  w.number(3, Number(hello.resume));
  return w.finish();
}

function decodeHello(bytes: Uint8Array): Hello {
  const m = new MessageFields('Hello', bytes);
  return { kind: 'hello', protocolVersion: m.u32(1), run: decodeRun(m.bytes(2)), resume: m.number(3) !== 0 };
}

function encodeRun(run: RunDescription): Uint8Array {
  const w = new MessageWriter();
  w.string(1, run.id);
  w.string(2, run.program);
  w.number(3, KERNELS.indexOf(run.kernel) + 1);
  w.string(4, run.kernelVersion);
  w.string(5, run.configuration);
  w.number(6, run.seed);
  for (const defect of run.defects) w.element(7, defect);
  w.string(8, run.release);
  w.string(9, run.build);
  w.string(10, run.machine);
  w.string(11, run.commit);
  for (const tag of run.tags) w.element(12, tag);
  return w.finish();
}

function decodeRun(bytes: Uint8Array): RunDescription {
  const m = new MessageFields('RunDescription', bytes);
  const id = m.string(1);
  if (id === '') throw new WireError('the run has no id');
  const kernel = KERNELS[m.number(3) - 1];
  if (kernel === undefined) throw new WireError(`no kernel has number ${m.number(3)} (1 model, 2 image)`);
  return {
    id, program: m.string(2), kernel, kernelVersion: m.string(4), configuration: m.string(5), seed: m.number(6), defects: m.strings(7),
    release: m.string(8), build: m.string(9), machine: m.string(10), commit: m.string(11), tags: m.strings(12),
  };
}

function encodeBye(bye: Bye): Uint8Array {
  const w = new MessageWriter();
  w.number(1, bye.lastSeq);
  w.number(2, bye.end === 'unknown' ? 0 : RUN_ENDS.indexOf(bye.end) + 1);
  w.string(3, bye.detail);
  return w.finish();
}

function decodeBye(bytes: Uint8Array): Bye {
  const m = new MessageFields('Bye', bytes);
  return { kind: 'bye', lastSeq: m.number(1), end: RUN_ENDS[m.number(2) - 1] ?? 'unknown', detail: m.string(3) };
}

function encodeWelcome(welcome: Welcome): Uint8Array {
  const w = new MessageWriter();
  w.string(1, welcome.run);
  w.number(2, welcome.nextSeq);
  w.number(3, welcome.maxFrameBytes);
  w.number(4, welcome.window);
  return w.finish();
}

function decodeWelcome(bytes: Uint8Array): Welcome {
  const m = new MessageFields('Welcome', bytes);
  const welcome: Welcome = { kind: 'welcome', run: m.string(1), nextSeq: m.number(2), maxFrameBytes: m.u32(3), window: m.u32(4) };
  if (welcome.nextSeq < 1 || welcome.window < 1 || welcome.maxFrameBytes < 1) throw new WireError('Welcome without next_seq, window or max_frame_bytes');
  return welcome;
}

function encodeAck(ack: Ack): Uint8Array {
  const w = new MessageWriter();
  w.number(1, ack.committedSeq);
  w.number(2, Number(ack.finished));
  return w.finish();
}

function decodeAck(bytes: Uint8Array): Ack {
  const m = new MessageFields('Ack', bytes);
  return { kind: 'ack', committedSeq: m.number(1), finished: m.number(2) !== 0 };
}

function encodeProblem(problem: Problem): Uint8Array {
  const w = new MessageWriter();
  w.number(1, problem.code === 'unknown' ? 0 : PROBLEM_CODES.indexOf(problem.code) + 1);
  w.string(2, problem.message);
  w.number(3, Number(problem.fatal));
  return w.finish();
}

function decodeProblem(bytes: Uint8Array): Problem {
  const m = new MessageFields('Problem', bytes);
  return { kind: 'problem', code: PROBLEM_CODES[m.number(1) - 1] ?? 'unknown', message: m.string(2), fatal: m.number(3) !== 0 };
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const NOTHING = new Uint8Array(0);

function frame(field: number, body: Uint8Array): Uint8Array {
  return new protobuf.Writer().uint32((field << 3) | LENGTH_DELIMITED).bytes(body).finish();
}

/** The one body of a message that is nothing but a oneof. */
function readBody(bytes: Uint8Array, message: string): { field: number; content: Uint8Array } {
  return guarded(message, () => {
    const reader = readerOf(bytes);
    if (bytes.length === 0) throw new WireError(`${message} without a body`);
    const key = reader.uint32();
    if ((key & 7) !== LENGTH_DELIMITED) throw new WireError(`${message}: field ${key >>> 3} has wire type ${key & 7}`);
    const content = reader.bytes();
    if (reader.pos !== bytes.length) throw new WireError(`${message}: ${bytes.length - reader.pos} bytes after its body`);
    return { field: key >>> 3, content };
  });
}

/** Writes fields and leaves out those with the default value, as proto3 does. */
class MessageWriter {
  private readonly writer = new protobuf.Writer();

  number(field: number, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a safe non-negative integer`);
    if (value !== 0) this.writer.uint32((field << 3) | VARINT).uint64(value);
  }

  string(field: number, value: string): void {
    if (value !== '') this.element(field, value);
  }

  /** One element of a repeated string: written even when it is empty. */
  element(field: number, value: string): void {
    this.writer.uint32((field << 3) | LENGTH_DELIMITED).string(value);
  }

  bytes(field: number, value: Uint8Array): void {
    this.writer.uint32((field << 3) | LENGTH_DELIMITED).bytes(value);
  }

  finish(): Uint8Array {
    return this.writer.finish();
  }
}

/** The fields of one small message by number. Fields that nobody asks for are passed over: a newer producer may have more. */
class MessageFields {
  private readonly message: string;
  private readonly numbers = new Map<number, number>();
  private readonly contents = new Map<number, Uint8Array[]>();

  constructor(message: string, bytes: Uint8Array) {
    this.message = message;
    guarded(message, () => {
      const reader = readerOf(bytes);
      while (reader.pos < reader.len) this.readField(reader);
    });
  }

  /** The last value of a varint field, 0 when absent. */
  number(field: number): number {
    if (this.contents.has(field)) throw new WireError(`${this.message}: field ${field} is not a number`);
    return this.numbers.get(field) ?? 0;
  }

  u32(field: number): number {
    const value = this.number(field);
    if (value > 0xffff_ffff) throw new WireError(`${this.message}: field ${field} does not fit 32 bits`);
    return value;
  }

  bytes(field: number): Uint8Array {
    return this.all(field).at(-1) ?? NOTHING;
  }

  string(field: number): string {
    return this.text(this.bytes(field));
  }

  strings(field: number): string[] {
    return this.all(field).map((content) => this.text(content));
  }

  private all(field: number): readonly Uint8Array[] {
    if (this.numbers.has(field)) throw new WireError(`${this.message}: field ${field} is a number`);
    return this.contents.get(field) ?? [];
  }

  private text(content: Uint8Array): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(content);
    } catch {
      throw new WireError(`${this.message}: a text is not UTF-8`);
    }
  }

  private readField(reader: protobuf.Reader): void {
    const key = reader.uint32();
    const field = key >>> 3;
    if ((key & 7) === VARINT) {
      this.numbers.set(field, safeNumber(this.message, reader.uint64()));
    } else if ((key & 7) === LENGTH_DELIMITED) {
      const content = reader.bytes();
      const earlier = this.contents.get(field);
      if (earlier === undefined) this.contents.set(field, [content]);
      else earlier.push(content);
    } else {
      throw new WireError(`${this.message}: field ${field} has wire type ${key & 7}`);
    }
  }
}

/** protobufjs reads a uint64 as a Long where the `long` package is present. */
function safeNumber(message: string, value: number | { low: number; high: number }): number {
  const number = typeof value === 'number' ? value : lanesToNumber(value.low, value.high >>> 0);
  if (number === undefined || !Number.isSafeInteger(number)) throw new WireError(`${message}: a number exceeds 2^53 - 1`);
  return number;
}

function readerOf(bytes: Uint8Array): protobuf.Reader {
  return protobuf.Reader.create(bytes);
}

/** Turns what the reader throws at truncated input into a WireError. */
function guarded<T>(message: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw new WireError(`${message}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
