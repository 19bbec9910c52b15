// SPDX-License-Identifier: BSD-2-Clause
/** What stubs and programs do with a message: rules L02, L03, L06, L07, L09; and the rules over requests that fail again: K11, K12. */
import { ERROR } from '../../abi/errors.ts';
import { USE, type MessageUse } from '../message-use.ts';
import type { TraceBuilder } from '../testing.ts';
import type { RuleCase } from './rule-case.ts';

/** A use of the empty success that a Call left. */
function use(kind: number, changes: Partial<MessageUse> = {}): MessageUse {
  return { use: kind, index: 0, delivered: true, label: 0, length: 0, ownWord: false, errorKept: false, scheduling: 'mcs', after: 'TCBSuspend', ...changes };
}

/** Thread 1 is refused, for argument `words[0]` and the like, and tries something else in vain before it comes back to `again`. */
function failsTwice(t: TraceBuilder, other: { label: number; words: number[] }, again: { label: number; words: number[] }): void {
  t.record().call('RISCVPageTableMap', 0xffff_ffff_8000_0000n, 0).reply({ label: ERROR.InvalidArgument }, 0);
  t.record().call('CNodeMint', 1, 64, 1, 64, 1, 0).reply({ label: other.label }, ...other.words);
  t.record().call('RISCVPageTableMap', 0xffff_ffff_8000_0000n, 0).reply({ label: again.label }, ...again.words);
}

export const USE_CASES: readonly RuleCase[] = [
  { rule: 'L02', title: 'a result that is the number of an argument', expect: ['L02'], use: use(USE.outParameter, { label: ERROR.InvalidArgument, length: 1 }) },
  { rule: 'L02', title: 'a result of a success', expect: [], use: use(USE.outParameter, { length: 1 }) },
  { rule: 'L03', title: 'a word beyond the length', expect: ['L03'], use: use(USE.word, { index: 2, length: 2 }) },
  { rule: 'L03', title: 'a word after a Send', expect: ['L03'], use: use(USE.word, { index: 0, length: 2, delivered: false }) },
  { rule: 'L03', title: 'the last word of a message', expect: [], use: use(USE.word, { index: 1, length: 2 }) },
  { rule: 'L03', title: "a word of the thread's own", expect: [], use: use(USE.word, { index: 5, length: 2, ownWord: true }) },
  { rule: 'L06', title: 'a request over the words of an error', expect: ['L06'], use: use(USE.nextRequest, { label: ERROR.RangeError, length: 2 }) },
  { rule: 'L06', title: 'a request after an error that was read', expect: [], use: use(USE.nextRequest, { label: ERROR.RangeError, length: 2, errorKept: true }) },
  { rule: 'L06', title: 'a request after an error without words', expect: [], use: use(USE.nextRequest, { label: ERROR.DeleteFirst }) },
  { rule: 'L06', title: 'a request after a message of a thread', expect: [], use: use(USE.nextRequest, { label: 11, length: 2 }) },
  { rule: 'L07', title: 'the tag of a Send', expect: ['L07'], use: use(USE.tag, { delivered: false, label: 7, length: 1 }) },
  { rule: 'L07', title: 'the tag of a Call', expect: [], use: use(USE.tag) },
  { rule: 'L09', title: 'the label of a method as an error', expect: ['L09'], use: use(USE.error, { label: 44 }) },
  { rule: 'L09', title: 'the last of the errors', expect: [], use: use(USE.error, { label: ERROR.NotEnoughMemory }) },
  { rule: 'L09', title: 'a label that is a fault on MCS kernels only', expect: ['L09'], use: use(USE.fault, { label: 6, scheduling: 'classic' }) },
  { rule: 'L09', title: 'no fault', expect: ['L09'], use: use(USE.fault) },
  { rule: 'L09', title: 'a fault', expect: [], use: use(USE.fault, { label: 6 }) },
  {
    rule: 'K11', title: 'a request that is refused again, with the words of another error', expect: ['K11'],
    trace: (t) => {
      t.record().call('CNodeMint', 1, 64, 1, 64, 1, 0).reply({ label: ERROR.InvalidCapability }, 1);
      t.record().call('TCBSetPriority', 300).reply({ label: ERROR.InvalidCapability }, 0);
      t.record().call('CNodeMint', 1, 64, 1, 64, 1, 0).reply({ label: ERROR.InvalidCapability }, 0);
    },
  },
  {
    rule: 'K11', title: 'another error with the same words, and a request that is refused in the same way', expect: [],
    trace: (t) => failsTwice(t, { label: ERROR.InvalidCapability, words: [0] }, { label: ERROR.InvalidArgument, words: [0] }),
  },
  {
    rule: 'K11', title: 'a request whose words change because something else has happened', expect: [],
    trace: (t) => {
      t.record().call('UntypedRetype', 0, 12, 0, 0, 1000, 1).reply({ label: ERROR.NotEnoughMemory }, 8192);
      t.record().call('UntypedRetype', 0, 12, 0, 0, 1001, 1).reply();
      t.record().call('UntypedRetype', 0, 12, 0, 0, 1002, 1).reply({ label: ERROR.NotEnoughMemory }, 4096);
      t.record().call('UntypedRetype', 0, 12, 0, 0, 1000, 1).reply({ label: ERROR.NotEnoughMemory }, 4096);
    },
  },
  {
    rule: 'K12', title: 'a request that is refused again, with the error of another request', expect: ['K12'],
    trace: (t) => failsTwice(t, { label: ERROR.DeleteFirst, words: [] }, { label: ERROR.DeleteFirst, words: [] }),
  },
  {
    rule: 'K12', title: 'a request that is refused again in the same way', expect: [],
    trace: (t) => failsTwice(t, { label: ERROR.DeleteFirst, words: [] }, { label: ERROR.InvalidArgument, words: [0] }),
  },
];
