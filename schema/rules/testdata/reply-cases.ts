// SPDX-License-Identifier: BSD-2-Clause
/** Single replies: rules K01 to K12, N01, L01. */
import { ERROR, LOOKUP } from '../../abi/errors.ts';
import { answer, stubFacts } from '../testing.ts';
import type { RuleCase } from './rule-case.ts';

const GET_ADDRESS = 'RISCVPageGetAddress';
const THIRTY_TWO = Array.from({ length: 32 }, (_, i) => i);

export const REPLY_CASES: readonly RuleCase[] = [
  // K01
  {
    rule: 'K01', title: 'a Call that leaves the request in place', expect: ['K01', 'K03'],
    trace: (t) => t.record().call('RISCVPageUnmap').ends('completed'),
  },
  {
    rule: 'K01', title: 'the same as a stub sees it', expect: ['K01', 'K03'],
    facts: (model) => stubFacts(model, 'RISCVPageUnmap', 'Call'),
  },
  {
    rule: 'K01', title: 'a label of 10 or less may be an error number, so a stub cannot tell', expect: ['K02', 'K10'],
    facts: (model) => stubFacts(model, 'TCBWriteRegisters', 'Call', [0, 1, 0]),
  },
  {
    rule: 'K01', title: 'a Call on a notification is answered too', expect: ['K01'],
    trace: (t) => t.record().syscall('Call', 'Notification', { label: 7 }).ends('completed'),
  },
  {
    rule: 'K01', title: 'an empty success', expect: [],
    trace: (t) => t.record().call('RISCVPageUnmap').reply(),
  },
  {
    rule: 'K01', title: 'a Call that suspends its own thread', expect: [],
    trace: (t) => t.record().call('TCBSuspend').on(1).moves(1, 'Running', 'Inactive').ends('stopped').next(2),
  },
  {
    rule: 'K01', title: 'a Call that destroys its own thread', expect: [],
    trace: (t) => t.record().call('CNodeDelete', 5, 64).moves(1, 'Running', 'Inactive').with('invokerDestroyed').ends('stopped').next(2),
  },
  {
    rule: 'K01', title: 'a preempted Call', expect: [],
    trace: (t) => t.record().call('CNodeRevoke', 5, 64).moves(1, 'Running', 'Restart').ends('preempted').next(2),
  },
  {
    rule: 'K01', title: 'a Call on an endpoint is answered by a thread', expect: [],
    trace: (t) => t.record().syscall('Call', 'Endpoint').moves(1, 'Running', 'BlockedOnSend').ends('blocked').next(2),
  },
  // K02
  {
    rule: 'K02', title: 'the badge register keeps the capability pointer', expect: ['K02'],
    trace: (t) => t.record().call(GET_ADDRESS).replyWith({ badge: 0x10, words: [0x8000], written: { badge: false } }),
  },
  {
    rule: 'K02', title: 'the same as a stub sees it', expect: ['K02'],
    facts: (model) => answer(stubFacts(model, GET_ADDRESS, 'Call'), 0x10, { length: 1 }, 0x8000),
  },
  {
    rule: 'K02', title: 'badge 0', expect: [],
    facts: (model) => answer(stubFacts(model, GET_ADDRESS, 'Call'), 0, { length: 1 }, 0x8000),
  },
  // K03
  {
    rule: 'K03', title: 'label 11', expect: ['K03'],
    trace: (t) => t.record().call('TCBResume').reply({ label: 11 }),
  },
  {
    rule: 'K03', title: 'label 10 is the last error', expect: [],
    trace: (t) => t.record().call('UntypedRetype', 1, 0, 2, 64, 0, 1).reply({ label: ERROR.NotEnoughMemory }, 1024),
  },
  // K04
  {
    rule: 'K04', title: 'extraCaps of the request left in the tag', expect: ['K04'],
    trace: (t) => t.record().call('TCBBindNotification').reply({ extraCaps: 1 }),
  },
  {
    rule: 'K04', title: 'capsUnwrapped in an error', expect: ['K04'],
    trace: (t) => t.record().call('TCBResume').reply({ label: ERROR.IllegalOperation, capsUnwrapped: 2 }),
  },
  {
    rule: 'K04', title: 'no flags, although the request had extra caps', expect: [],
    trace: (t) => t.record().call('TCBBindNotification').reply(),
  },
  // K05
  {
    rule: 'K05', title: 'an empty success of a method with a result', expect: ['K05'],
    trace: (t) => t.record().call('SchedContextConsumed').reply(),
  },
  {
    rule: 'K05', title: 'ReadRegisters with fewer words than count', expect: ['K05'],
    trace: (t) => t.record().call('TCBReadRegisters', 0, 32).reply({}, ...THIRTY_TWO.slice(0, 31)),
  },
  {
    rule: 'K05', title: 'ReadRegisters with as many words as count', expect: [],
    trace: (t) => t.record().call('TCBReadRegisters', 0, 3).reply({}, 1, 2, 3),
  },
  {
    rule: 'K05', title: 'ReadRegisters of 32 words without a buffer stops at the message registers', expect: [],
    trace: (t) => t.record().buffer('none').call('TCBReadRegisters', 0, 32).reply({}, 1, 2, 3, 4),
  },
  {
    rule: 'K05', title: 'the interim success of a YieldTo that is pending', expect: [],
    trace: (t) => t.record().call('SchedContextYieldTo').reply().with('yieldPending').next(2),
  },
  {
    rule: 'K05', title: 'the interim success when the call of the stub returns', expect: ['K05'],
    facts: (model) => answer(stubFacts(model, 'SchedContextYieldTo', 'Call'), 0, {}),
  },
  {
    rule: 'K05', title: 'an error has its own length', expect: [],
    trace: (t) => t.record().call('SchedContextConsumed').reply({ label: ERROR.IllegalOperation }),
  },
  // K06
  {
    rule: 'K06', title: 'a word that the interface does not have', expect: ['K06'],
    trace: (t) => t.record().call('SchedContextConsumed').reply({}, 5, 6),
  },
  {
    rule: 'K06', title: 'ReadRegisters with more words than count', expect: ['K06'],
    trace: (t) => t.record().call('TCBReadRegisters', 0, 2).reply({}, 1, 2, 3),
  },
  {
    rule: 'K06', title: 'as many words as out-parameters', expect: [],
    trace: (t) => t.record().call('SchedContextConsumed').reply({}, 5),
  },
  // K07
  {
    rule: 'K07', title: 'five words to a caller with a read-only buffer', expect: ['K06', 'K07'],
    trace: (t) => t.record().buffer('ro').call('TCBReadRegisters', 0, 5).replyWith({ tag: { length: 5 }, words: [1, 2, 3, 4], written: { words: [0, 1, 2, 3] } }),
  },
  {
    rule: 'K07', title: 'five words to a caller with a buffer', expect: [],
    trace: (t) => t.record().call('TCBReadRegisters', 0, 5).reply({}, 1, 2, 3, 4, 5),
  },
  // K08
  {
    rule: 'K08', title: 'a message register inside the length was not written', expect: ['K08'],
    trace: (t) => t.record().call(GET_ADDRESS).replyWith({ words: [0x8000], written: { words: [] } }),
  },
  {
    rule: 'K08', title: 'a buffer word inside the length was not written', expect: ['K08'],
    trace: (t) => t.record().call('TCBReadRegisters', 0, 32).replyWith({ words: THIRTY_TWO, written: { words: THIRTY_TWO.slice(0, 31) } }),
  },
  {
    rule: 'K08', title: 'the same value written again is written', expect: [],
    trace: (t) => t.record().call('TCBReadRegisters', 0, 32).reply({}, ...THIRTY_TWO.map(() => 0)),
  },
  // K09
  {
    rule: 'K09', title: 'a message register beyond the length', expect: ['K09'],
    trace: (t) => t.record().call('TCBResume').replyWith({ words: [7], tag: { length: 0 }, written: { words: [0] } }),
  },
  {
    rule: 'K09', title: 'buffer word 121 belongs to the program', expect: ['K09'],
    trace: (t) => t.record().call('TCBResume').replyWith({ written: { bufferWords: [121] } }),
  },
  {
    rule: 'K09', title: 'buffer word 0 belongs to the program', expect: ['K09'],
    trace: (t) => t.record().call('TCBResume').replyWith({ written: { bufferWords: [0] } }),
  },
  {
    rule: 'K09', title: 'words that travel in registers are not mirrored', expect: ['K09'],
    trace: (t) => t.record().call(GET_ADDRESS).replyWith({ words: [0x8000], written: { bufferWords: [1] } }),
  },
  {
    rule: 'K09', title: 'words inside the length, in registers and buffer', expect: [],
    trace: (t) => t.record().call('TCBReadRegisters', 0, 32).reply({}, ...THIRTY_TWO),
  },
  {
    rule: 'K09', title: 'registers of the caller that CopyRegisters was told to write', expect: [],
    trace: (t) => t.record().call('TCBCopyRegisters', 0x0c).on(1).reply().deliver('registers', 1, { written: { badge: false, tag: false, slots: [11, 12, 20] } }),
  },
  {
    rule: 'K09', title: 'the thread pointer of the caller that SetTLSBase was told to write', expect: [],
    trace: (t) => t.record().call('TCBSetTLSBase', 0x8000).on(1).reply().deliver('registers', 1, { written: { badge: false, tag: false, slots: [3] } }),
  },
  // K10
  {
    rule: 'K10', title: 'RangeError with one word', expect: ['K10'],
    trace: (t) => t.record().call('TCBSetPriority', 300).reply({ label: ERROR.RangeError }, 0),
  },
  {
    rule: 'K10', title: 'IllegalOperation with a word', expect: ['K10'],
    trace: (t) => t.record().call('TCBResume').reply({ label: ERROR.IllegalOperation }, 0),
  },
  {
    rule: 'K10', title: 'GuardMismatch cut to the message registers although the caller has a buffer', expect: ['K10'],
    trace: (t) => t.record().call('CNodeDelete', 5, 64).reply({ label: ERROR.FailedLookup }, 0, LOOKUP.GuardMismatch, 3, 0),
  },
  {
    rule: 'K10', title: 'GuardMismatch in full', expect: [],
    trace: (t) => t.record().call('CNodeDelete', 5, 64).reply({ label: ERROR.FailedLookup }, 0, LOOKUP.GuardMismatch, 3, 0, 2),
  },
  {
    rule: 'K10', title: 'GuardMismatch without a buffer', expect: [],
    trace: (t) => t.record().buffer('none').call('CNodeDelete', 5, 64).reply({ label: ERROR.FailedLookup }, 0, LOOKUP.GuardMismatch, 3, 0),
  },
  {
    rule: 'K10', title: 'RangeError with its two words', expect: [],
    trace: (t) => t.record().call('TCBSetPriority', 300).reply({ label: ERROR.RangeError }, 0, 255),
  },
  // K11
  {
    rule: 'K11', title: 'InvalidArgument with a parameter that the method does not have', expect: ['K11'],
    trace: (t) => t.record().call('RISCVPageTableMap', 0x1000, 0).reply({ label: ERROR.InvalidArgument }, 3),
  },
  {
    rule: 'K11', title: 'InvalidCapability with a capability that nobody passed', expect: ['K11'],
    trace: (t) => t.record().call('TCBBindNotification').reply({ label: ERROR.InvalidCapability }, 2),
  },
  {
    rule: 'K11', title: 'RangeError with an empty range', expect: ['K11'],
    trace: (t) => t.record().call('TCBSetPriority', 300).reply({ label: ERROR.RangeError }, 0x1_0000_0000, 0xffff_ffff),
  },
  {
    rule: 'K11', title: 'RangeError although the argument is inside', expect: ['K11'],
    trace: (t) => t.record().call('TCBSetPriority', 255).reply({ label: ERROR.RangeError }, 0, 255),
  },
  {
    rule: 'K11', title: 'FailedLookup of neither source nor destination', expect: ['K11'],
    trace: (t) => t.record().call('CNodeDelete', 5, 64).reply({ label: ERROR.FailedLookup }, 2, LOOKUP.InvalidRoot),
  },
  {
    rule: 'K11', title: 'FailedLookup with an unknown lookup failure', expect: ['K11'],
    trace: (t) => t.record().call('CNodeDelete', 5, 64).reply({ label: ERROR.FailedLookup }, 0, 5),
  },
  {
    rule: 'K11', title: 'FailedLookup with 65 bits left', expect: ['K11'],
    trace: (t) => t.record().call('CNodeDelete', 5, 64).reply({ label: ERROR.FailedLookup }, 0, LOOKUP.MissingCapability, 65),
  },
  {
    rule: 'K11', title: 'a CNode of 2^34 slots has 2^39 bytes', expect: [],
    trace: (t) => t.record().call('UntypedRetype', 4, 34, 0, 0, 0, 1).reply({ label: ERROR.RangeError }, 0, 38),
  },
  {
    rule: 'K11', title: 'RangeError for a CNode that is not too large', expect: ['K11'],
    trace: (t) => t.record().call('UntypedRetype', 4, 33, 0, 0, 0, 1).reply({ label: ERROR.RangeError }, 0, 38),
  },
  {
    rule: 'K11', title: 'a depth of 65 is outside 1..64', expect: [],
    trace: (t) => t.record().call('CNodeDelete', 5, 65).reply({ label: ERROR.RangeError }, 1, 64),
  },
  {
    rule: 'K11', title: 'the last argument, the last capability, all 64 bits', expect: [],
    trace: (t) => {
      t.record().call('RISCVPageMap', 0x1000, 3, 0).reply({ label: ERROR.InvalidArgument }, 3);
      t.record().call('TCBBindNotification').reply({ label: ERROR.InvalidCapability }, 1);
      t.record().call('CNodeDelete', 5, 64).reply({ label: ERROR.FailedLookup }, 1, LOOKUP.MissingCapability, 64);
    },
  },
  {
    rule: 'K11', title: 'a null capability and a label of another interface', expect: [],
    trace: (t) => {
      t.record().syscall('Call', 'Null').reply({ label: ERROR.InvalidCapability }, 0);
      t.record().syscall('Call', 'Thread', { label: 1 }).reply({ label: ERROR.IllegalOperation });
    },
  },
  // K12
  {
    rule: 'K12', title: 'NotEnoughMemory from a method that allocates nothing', expect: ['K12'],
    trace: (t) => t.record().call('TCBResume').reply({ label: ERROR.NotEnoughMemory }, 0),
  },
  {
    rule: 'K12', title: 'a documented error', expect: [],
    trace: (t) => t.record().call('CNodeCopy', 1, 64, 2, 64, 15).reply({ label: ERROR.DeleteFirst }),
  },
  {
    rule: 'K12', title: 'errors of every invocation', expect: [],
    trace: (t) => {
      t.record().call('TCBSetFlags', 0).reply({ label: ERROR.TruncatedMessage });
      t.record().call('TCBSetFlags', 0, 1).reply({ label: ERROR.IllegalOperation });
      t.record().call('DomainScheduleSetStart', 0).reply({ label: ERROR.InvalidCapability }, 0);
    },
  },
  {
    rule: 'K12', title: 'the alignment of an IPC buffer on a classic kernel', configuration: 'riscv64-classic', expect: [],
    trace: (t) => t.record().call('TCBConfigure', 0, 0, 0, 0x8001).reply({ label: ERROR.AlignmentError }),
  },
  // N01
  {
    rule: 'N01', title: 'a result for a Send', expect: ['N01'],
    trace: (t) => t.record().send(GET_ADDRESS).replyWith({ words: [0x8000], written: { badge: false } }).ends('completed'),
  },
  {
    rule: 'N01', title: 'badge and tag cleared for a Send', expect: ['N01'],
    trace: (t) => t.record().send('TCBResume').reply(),
  },
  {
    rule: 'N01', title: 'the send half of a combined system call', expect: ['N01'],
    trace: (t) => t.record().syscall('NBSendRecv', 'Frame').reply({}, 0x8000).moves(1, 'Running', 'BlockedOnReceive').ends('completed').next(2),
  },
  {
    rule: 'N01', title: 'a register that changed over a Send', expect: ['N01'],
    facts: (model) => answer(stubFacts(model, GET_ADDRESS, 'Send'), 0x10, { label: model.byId.get(GET_ADDRESS)!.label }, 0x8000),
  },
  {
    rule: 'N01', title: 'a tag that changed over a Send', expect: ['N01'],
    facts: (model) => answer(stubFacts(model, GET_ADDRESS, 'Send'), 0x10, { length: 1 }),
  },
  {
    rule: 'N01', title: 'a Send that changes nothing', expect: [],
    trace: (t) => t.record().send(GET_ADDRESS).ends('completed'),
  },
  {
    rule: 'N01', title: 'registers after a Send as before', expect: [],
    facts: (model) => stubFacts(model, 'TCBReadRegisters', 'Send', [0, 4]),
  },
  {
    rule: 'N01', title: 'CopyRegisters may have the sender itself as target', expect: [],
    facts: (model) => answer(stubFacts(model, 'TCBCopyRegisters', 'Send', [0x0c]), 0x99, {}, 1, 2),
  },
  {
    rule: 'N01', title: 'a Send that sets the sender’s own thread pointer', expect: [],
    trace: (t) => t.record().send('TCBSetTLSBase', 0x8000).on(1).ends('completed').deliver('registers', 1, { written: { badge: false, tag: false, slots: [3] } }),
  },
  // L01
  {
    rule: 'L01', title: 'a stub takes 32 registers from a reply of 4 words', expect: ['L01', 'L04'],
    facts: (model) => Object.assign(answer(stubFacts(model, 'TCBReadRegisters', 'Call', [0, 4]), 0, { length: 4 }, 1, 2, 3, 4), { outWordsRead: 32 }),
  },
  {
    rule: 'L01', title: 'a stub takes a result that the kernel did not announce', expect: ['K05', 'L01'],
    facts: (model) => Object.assign(answer(stubFacts(model, GET_ADDRESS, 'Call'), 0, {}, 0x8000), { outWordsRead: 1 }),
  },
  {
    rule: 'L01', title: 'a stub takes what is there', expect: [],
    facts: (model) => Object.assign(answer(stubFacts(model, 'TCBReadRegisters', 'Call', [0, 4]), 0, { length: 4 }, 1, 2, 3, 4), { outWordsRead: 4 }),
  },
  {
    rule: 'L01', title: 'a stub that takes nothing from an error', expect: [],
    facts: (model) => Object.assign(answer(stubFacts(model, GET_ADDRESS, 'Call'), 0, { label: ERROR.IllegalOperation }), { outWordsRead: 1 }),
  },
];
