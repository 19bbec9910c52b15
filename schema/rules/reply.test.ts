// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interfacesOf } from '../idl/load.ts';
import { createReplyFacts, type ReplyFacts } from './reply-facts.ts';
import { REPLY_RULES } from './reply.ts';
import { expectedLength, isPlainSuccess } from './reply-shape.ts';
import { rulesBroken, stubFacts } from './testing.ts';

const model = interfacesOf('riscv64-mcs');

/** Lanes near the values that matter. */
const lane = fc.oneof(fc.constantFrom(0, 1, 2, 4, 5, 0xffff_ffff), fc.nat(0xffff_ffff));
const lanes = (length: number): fc.Arbitrary<Uint32Array> => fc.array(lane, { minLength: length, maxLength: length }).map((a) => Uint32Array.from(a));

/** Facts of a success that is almost right, or of anything. */
const facts: fc.Arbitrary<ReplyFacts> = fc.record({
  method: fc.constantFrom(undefined, ...model.methods),
  tagLo: fc.oneof(fc.nat(1), fc.nat(1), lane), tagHi: fc.constantFrom(0, 0, 0, 1), badgeLo: fc.constantFrom(0, 0, 0, 16), badgeHi: fc.constantFrom(0, 0, 0, 1),
  bufferKind: fc.nat(2), hasWriteLog: fc.boolean(), yieldPending: fc.boolean(), outWordsRead: fc.constantFrom(0, 1, 32),
  slots: fc.tuple(fc.oneof(fc.constantFrom(3, 7), fc.nat(0x3f)), lane).map(([roles, rest]) => Uint32Array.of(roles << 9, rest)),
  bufferWords: fc.oneof(fc.constant(new Uint32Array(4)), lanes(4)),
  requestWords: lanes(240), words: lanes(240), wordCount: fc.nat(120), requestWordCount: fc.nat(120), requestTagLo: lane,
}).map((changes) => Object.assign(createReplyFacts(), { isCall: true }, changes));

describe('checkReply', () => {
  it('takes its short cut only for replies that no rule objects to', () => {
    let plain = 0;
    fc.assert(fc.property(facts, (reply) => {
      const found: string[] = [];
      for (const rule of REPLY_RULES) rule.check(reply, ({ id }) => found.push(id));
      if (isPlainSuccess(reply)) {
        plain++;
        expect(found).toEqual([]);
      } else {
        expect(rulesBroken(reply)).toEqual(found);
      }
    }), { numRuns: 3000 });
    expect(plain).toBeGreaterThan(20);
  });

  it('never throws, and reports each rule at most once', () => {
    fc.assert(fc.property(facts, fc.boolean(), (reply, isCall) => {
      const found = rulesBroken(Object.assign(reply, { isCall }));
      expect(new Set(found).size).toBe(found.length);
    }), { numRuns: 1000 });
  });
});

describe('expectedLength', () => {
  const read = (count: number | bigint): number => expectedLength(stubFacts(model, 'TCBReadRegisters', 'Call', [0, count]));

  it('is the count of ReadRegisters where the kernel accepts it', () => {
    expect([read(1), read(4), read(32)]).toEqual([1, 4, 32]);
    expect([read(0), read(33), read(0x1_0000_0001n)]).toEqual([-1, -1, -1]);
    expect(expectedLength(stubFacts(model, 'TCBReadRegisters', 'Call', [0]))).toBe(-1);
  });

  it('is at most 4 without a buffer that the kernel may write', () => {
    const facts = stubFacts(model, 'TCBReadRegisters', 'Call', [0, 32]);
    expect(expectedLength(Object.assign(facts, { bufferKind: 1 }))).toBe(4);
    expect(expectedLength(Object.assign(facts, { bufferKind: 0 }))).toBe(4);
  });

  it('is not known without a method', () => {
    expect(expectedLength(createReplyFacts())).toBe(-1);
  });
});
