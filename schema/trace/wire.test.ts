// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import {
  PROBLEM_CODES, PROTOCOL_VERSION, RUN_ENDS, WireError, decodeClientMessage, decodeServerMessage, encodeClientMessage, encodeServerMessage,
} from './wire.ts';
import type { ClientMessage, ServerMessage } from './wire.ts';

const root = protobuf.parse(readFileSync(new URL('./trace.proto', import.meta.url), 'utf8')).root;
const ClientType = root.lookupType('sel4scope.trace.v1.ClientMessage');
const ServerType = root.lookupType('sel4scope.trace.v1.ServerMessage');

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const seq = fc.maxSafeNat();
const u32 = fc.nat(0xffff_ffff);

const run = fc.record({
  id: text.filter((id) => id !== ''), program: text, kernel: fc.constantFrom('model' as const, 'image' as const), kernelVersion: text,
  configuration: fc.constantFrom('riscv64-mcs', 'riscv64-classic'), seed: seq, defects: fc.array(text, { maxLength: 3 }),
  release: text, build: text, machine: text, commit: text, tags: fc.array(text, { maxLength: 3 }),
});

const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record({ kind: fc.constant('hello' as const), protocolVersion: u32, run, resume: fc.boolean() }),
  fc.record({ kind: fc.constant('bye' as const), lastSeq: seq, end: fc.constantFrom('unknown' as const, ...RUN_ENDS), detail: text }),
);

const serverMessage: fc.Arbitrary<ServerMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('welcome' as const), run: text, nextSeq: seq.map((n) => Math.max(1, n)),
    maxFrameBytes: u32.map((n) => Math.max(1, n)), window: u32.map((n) => Math.max(1, n)),
  }),
  fc.record({ kind: fc.constant('ack' as const), committedSeq: seq, finished: fc.boolean() }),
  fc.record({ kind: fc.constant('problem' as const), code: fc.constantFrom('unknown' as const, ...PROBLEM_CODES), message: text, fatal: fc.boolean() }),
);

/** A message as protobufjs wants it: the body under the name of its kind, enumerations as numbers. */
function forProtobuf(message: ClientMessage | ServerMessage): Record<string, unknown> {
  const { kind, ...body } = message as unknown as Record<string, unknown> & { kind: string };
  const named: Record<string, unknown> = { ...body };
  if (kind === 'hello') named['run'] = { ...(body['run'] as object), kernel: (body['run'] as { kernel: string }).kernel === 'model' ? 1 : 2 };
  if (kind === 'bye') named['end'] = RUN_ENDS.indexOf(body['end'] as never) + 1;
  if (kind === 'problem') named['code'] = PROBLEM_CODES.indexOf(body['code'] as never) + 1;
  return { [kind]: named };
}

function encodeWith(type: protobuf.Type, message: Record<string, unknown>): Uint8Array {
  return type.encode(type.fromObject(message)).finish();
}

describe('control messages', () => {
  it('give back what was sent to the service', () => {
    fc.assert(fc.property(clientMessage, (message) => {
      expect(decodeClientMessage(encodeClientMessage(message))).toEqual(message);
      expect(decodeClientMessage(encodeWith(ClientType, forProtobuf(message)))).toEqual(message);
    }));
  });

  it('give back what was sent to the producer', () => {
    fc.assert(fc.property(serverMessage, (message) => {
      expect(decodeServerMessage(encodeServerMessage(message))).toEqual(message);
      expect(decodeServerMessage(encodeWith(ServerType, forProtobuf(message)))).toEqual(message);
    }));
  });

  it('are read by protobufjs to the same values', () => {
    const options = { longs: Number, enums: Number, defaults: true, arrays: true };
    fc.assert(fc.property(clientMessage, (message) => {
      const expected = ClientType.toObject(ClientType.fromObject(forProtobuf(message)), options);
      expect(ClientType.toObject(ClientType.decode(encodeClientMessage(message)), options)).toEqual(expected);
    }));
    fc.assert(fc.property(serverMessage, (message) => {
      const expected = ServerType.toObject(ServerType.fromObject(forProtobuf(message)), options);
      expect(ServerType.toObject(ServerType.decode(encodeServerMessage(message)), options)).toEqual(expected);
    }));
  });

  it('carry a batch untouched', () => {
    const bytes = Uint8Array.of(0x08, 7, 0x10, 1);
    const frame = encodeClientMessage({ kind: 'batch', bytes });
    expect(ClientType.toObject(ClientType.decode(frame), { longs: Number })).toEqual({ batch: { firstSeq: 7, count: 1 } });
    const message = decodeClientMessage(frame);
    expect(message.kind === 'batch' && [...message.bytes]).toEqual([...bytes]);
    expect(message.kind === 'batch' && message.bytes.buffer).toBe(frame.buffer);
  });

  it('tell a number that is no safe integer', () => {
    expect(() => encodeServerMessage({ kind: 'ack', committedSeq: -1, finished: false })).toThrow(RangeError);
    expect(() => encodeServerMessage({ kind: 'ack', committedSeq: 2 ** 53, finished: false })).toThrow(/not a safe/);
  });

  it('pass over fields that are newer than this code, and name newer codes unknown', () => {
    expect(decodeServerMessage(Uint8Array.of(0x12, 5, 0x08, 3, 0x7a, 1, 0))).toEqual({ kind: 'ack', committedSeq: 3, finished: false });
    expect(decodeServerMessage(Uint8Array.of(0x1a, 2, 0x08, 99))).toEqual({ kind: 'problem', code: 'unknown', message: '', fatal: false });
  });

  it.each<[string, number[], RegExp]>([
    ['nothing', [], /without a body/],
    ['an unknown body', [0x22, 0], /no field 4/],
    ['a body that is no message', [0x08, 1], /wire type 0/],
    ['two bodies', [0x1a, 0, 0x1a, 0], /2 bytes after its body/],
    ['a body that ends too early', [0x1a, 5, 0], /ClientMessage/],
    ['a run without id', [0x0a, 4, 0x08, 1, 0x12, 0], /no id/],
    ['a run without a kernel', [0x0a, 7, 0x08, 1, 0x12, 3, 0x0a, 1, 0x61], /no kernel has number 0/],
    ['a number where a text belongs', [0x1a, 2, 0x18, 1], /field 3 is a number/],
    ['a text where a number belongs', [0x1a, 2, 0x0a, 0], /field 1 is not a number/],
    ['a text that is not UTF-8', [0x1a, 3, 0x1a, 1, 0xff], /not UTF-8/],
    ['a number beyond 2^53', [0x1a, 9, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], /exceeds 2\^53/],
    ['a group', [0x1a, 1, 0x0b], /wire type 3/],
  ])('refuse %s', (_, bytes, message) => {
    expect(() => decodeClientMessage(Uint8Array.from(bytes))).toThrow(WireError);
    expect(() => decodeClientMessage(Uint8Array.from(bytes))).toThrow(message);
  });

  it('refuse a welcome that welcomes nothing', () => {
    expect(() => decodeServerMessage(Uint8Array.of(0x0a, 2, 0x10, 1))).toThrow(/without next_seq, window or max_frame_bytes/);
  });

  it('throw nothing but WireError at damaged frames', () => {
    const frame = encodeClientMessage({
      kind: 'hello', protocolVersion: PROTOCOL_VERSION, resume: true,
      run: { id: 'a', program: 'b', kernel: 'model', kernelVersion: '16.0.0', configuration: 'riscv64-mcs', seed: 1, defects: ['x'], release: '16.0.0', build: '', machine: 'm', commit: 'c', tags: ['t'] },
    });
    const damaged = fc.tuple(fc.array(fc.tuple(fc.nat(frame.length - 1), fc.nat(255)), { maxLength: 4 }), fc.nat(frame.length)).map(([changes, length]) => {
      const bytes = frame.slice(0, length);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
    fc.assert(fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 40 })), (bytes) => {
      for (const decode of [decodeClientMessage, decodeServerMessage]) {
        try {
          decode(bytes);
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
        }
      }
    }), { numRuns: 3000 });
  });
});
