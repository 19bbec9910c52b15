// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAP_TYPE } from '../abi/cap-types.ts';
import { SLOT } from '../abi/registers.ts';
import { STATE } from '../abi/thread-state.ts';
import { PlainRecordError, fromPlain, toPlain } from './plain.ts';
import type { RecordNames } from './plain.ts';
import { randomRecord } from './random-record.ts';
import { DELIVERY, FLAG, OUTCOME, TRANSITION_FLAG, TrapRecord } from './trap-record.ts';

const names: RecordNames = {
  scheduling: 'mcs',
  subject: (id) => [{ id: 1, type: CAP_TYPE.Thread, name: 'rootserver' }, { id: 7, type: CAP_TYPE.SchedContext, name: 'sc' }].find((s) => s.id === id),
  method: (label) => (label === 38 ? 'SchedContextConsumed' : undefined),
};

/** SchedContext_Consumed by Call, answered. */
function consumed(): TrapRecord {
  const record = Object.assign(new TrapRecord(), {
    seq: 4, entryTime: 1500, exitTime: 2000, thread: 1, syscall: -1, cptrLo: 0x20, capType: CAP_TYPE.SchedContext, object: 7, method: 38,
    tagLo: 38 << 12, bufferKind: 2, outcome: OUTCOME.replied, flags: FLAG.pcAdvanced | FLAG.nextHasSchedContext, pcBeforeLo: 0x1_0008, pcAfterLo: 0x1_000c,
    next: 1, nextState: STATE.Running, consumed: 500, budget: 4_000_000,
  });
  const delivery = record.addDelivery();
  Object.assign(delivery, { kind: DELIVERY.reply, thread: 1, answers: 4, tagLo: 1, wordCount: 1 });
  delivery.words.set([0xffff_ffff, 0xffff_ffff]);
  delivery.slots[0] = (1 << SLOT.a0) | (1 << SLOT.a1) | (1 << SLOT.a2);
  delivery.slots[1] = 1 << (SLOT.NextIP - 32);
  delivery.bufferWords[3] = 0x8000_0000;
  record.addTransition(1, STATE.Running, STATE.Restart, TRANSITION_FLAG.pcBehind);
  return record;
}

describe('the plain form of a record', () => {
  it('says everything in names and hexadecimal words', () => {
    expect(toPlain(consumed(), names)).toEqual({
      seq: 4, entryTime: 1500, exitTime: 2000, cause: 'syscall', thread: { id: 1, name: 'rootserver' }, syscall: 'Call', cptr: '0x20',
      capType: 'SchedContext', object: { id: 7, name: 'sc' }, method: { label: 38, name: 'SchedContextConsumed' },
      tag: { word: '0x26000', label: 38, length: 0, extraCaps: 0, capsUnwrapped: 0 }, words: [], caps: [], reply: '0x0', bufferKind: 'rw',
      outcome: 'replied', flags: ['pcAdvanced', 'nextHasSchedContext'], fault: '', pcBefore: '0x10008', pcAfter: '0x1000c',
      next: { id: 1, name: 'rootserver' }, nextState: 'Running', consumed: 500, budget: 4_000_000,
      deliveries: [{
        kind: 'reply', thread: { id: 1, name: 'rootserver' }, answers: 4, badge: '0x0',
        tag: { word: '0x1', label: 0, length: 1, extraCaps: 0, capsUnwrapped: 0 }, words: ['0xffffffffffffffff'],
        slots: ['a0', 'a1', 'a2', 'NextIP'], bufferWords: [127],
      }],
      transitions: [{ thread: { id: 1, name: 'rootserver' }, from: 'Running', to: 'Restart', flags: ['pcBehind'] }],
    });
  });

  it('has words for what is not known', () => {
    const plain = toPlain(Object.assign(new TrapRecord(), { syscall: -77, capType: 17, method: 99, object: 5, fault: 30 }), names);
    expect([plain.syscall, plain.capType, plain.method.name, plain.object.name, plain.fault]).toEqual(['-77', '17', '', '', '30']);
    expect(toPlain(new TrapRecord(), names)).toMatchObject({ syscall: '', capType: 'none', fault: '', method: { label: 0, name: '' } });
  });

  it('goes through JSON and back without loss', () => {
    const recordFromSeed = fc.infiniteStream(fc.nat(0x7fff_ffff)).map((stream) => randomRecord((n) => (stream.next().value as number) % n, 12345, 0));
    fc.assert(fc.property(recordFromSeed, fc.constantFrom('mcs' as const, 'classic' as const), (record, scheduling) => {
      const plain = toPlain(record, { ...names, scheduling });
      const back = fromPlain(JSON.parse(JSON.stringify(plain)), scheduling);
      expect(toPlain(back, { ...names, scheduling })).toEqual(plain);
      expect(back.syscall).toBe(record.syscall);
      expect([...back.words]).toEqual([...record.clone().words]);
    }), { numRuns: 100 });
  });

  const plain = toPlain(consumed(), names);
  it.each<[string, unknown, string, RegExp]>([
    ['no object', 3, '', /the value is no object/],
    ['a list', [], '', /the value is no object/],
    ['a missing member', { ...plain, seq: undefined }, 'seq', /seq is no integer/],
    ['a time beyond 2^53', { ...plain, exitTime: 2 ** 53 }, 'exitTime', /exitTime is no integer/],
    ['an unknown outcome', { ...plain, outcome: 'fine' }, 'outcome', /outcome is none of completed, replied/],
    ['a word that is no word', { ...plain, cptr: '20' }, 'cptr', /cptr is no word such as/],
    ['a word of 65 bits', { ...plain, words: ['0x10000000000000000'] }, 'words[0]', /words\[0\] is no word/],
    ['too many words', { ...plain, words: new Array(121).fill('0x0') }, 'words', /121 words, more than 120/],
    ['an unknown system call', { ...plain, syscall: 'Foo' }, 'syscall', /neither a known name/],
    ['a name from Object', { ...plain, syscall: 'constructor' }, 'syscall', /neither a known name/],
    ['a capability type out of range', { ...plain, capType: '32' }, 'capType', /neither a known name/],
    ['an unknown flag', { ...plain, flags: ['pcAdvanced', 'nice'] }, 'flags[1]', /flags\[1\] is none of pcAdvanced/],
    ['an id that is no id', { ...plain, thread: { id: 2 ** 32 } }, 'thread.id', /thread.id is no integer/],
    ['an unknown slot', { ...plain, deliveries: [{ ...plain.deliveries[0], slots: ['slot64'] }] }, 'deliveries[0].slots[0]', /names nothing/],
    ['a buffer word out of range', { ...plain, deliveries: [{ ...plain.deliveries[0], bufferWords: [128] }] }, 'deliveries[0].bufferWords[0]', /names nothing/],
    ['deliveries that are no list', { ...plain, deliveries: {} }, 'deliveries', /deliveries is no array/],
    ['an unknown state', { ...plain, transitions: [{ ...plain.transitions[0], to: 'Asleep' }] }, 'transitions[0].to', /is none of Inactive/],
  ])('is not read from %s', (_, value, path, message) => {
    expect(() => fromPlain(value, 'mcs')).toThrow(message);
    try {
      fromPlain(value, 'mcs');
    } catch (error) {
      expect(error).toBeInstanceOf(PlainRecordError);
      expect((error as PlainRecordError).path).toBe(path);
    }
  });
});
