// SPDX-License-Identifier: BSD-2-Clause
/** What invocations do, and what is known of threads besides their state: rules K11, K13, K14, L08, S06, S07, S08, F02, F03, F04, F05. */
import { ERROR, LOOKUP } from '../../abi/errors.ts';
import { SLOT } from '../../abi/registers.ts';
import { TRANSITION_FLAG } from '../../trace/trap-record.ts';
import type { TraceBuilder } from '../testing.ts';
import type { RuleCase } from './rule-case.ts';

const { faultRecorded, misqueued, orphaned } = TRANSITION_FLAG;

/** Thread 2 raises a fault that thread 1 receives. */
function userException(t: TraceBuilder): void {
  t.record().by(2).cause('userException').moves(2, 'Running', 'BlockedOnReply').moves(1, 'BlockedOnReceive', 'Running')
    .faults('UserException').faultMessage(1, 'UserException', 0, 2, 3, 4).next(1);
}

/** Thread 1 answers it, and these registers of thread 2 are written. */
function answerFault(t: TraceBuilder, ...slots: number[]): void {
  t.record().syscall('Send', 'Reply').moves(2, 'BlockedOnReply', 'Restart').ends('completed')
    .deliver('registers', 2, { written: { badge: false, tag: false, words: [], slots } });
}

function capFault(t: TraceBuilder, lookup: number): void {
  t.record().by(2).syscall('Call').moves(2, 'Running', 'BlockedOnReply').moves(1, 'BlockedOnReceive', 'Running')
    .faults('CapFault').faultMessage(1, 'CapFault', 0, 0, 0, lookup, ...(lookup === LOOKUP.InvalidRoot ? [] : [3])).next(1);
}

export const EFFECT_CASES: readonly RuleCase[] = [
  {
    rule: 'K11', title: 'an address that PageTable_Map has no reason to refuse', expect: ['K11'],
    trace: (t) => t.record().call('RISCVPageTableMap', 0x1000, 0).reply({ label: ERROR.InvalidArgument }, 0),
  },
  {
    rule: 'K11', title: 'an address of the kernel', expect: [],
    trace: (t) => t.record().call('RISCVPageTableMap', 0xffff_ffff_8000_0000n, 0).reply({ label: ERROR.InvalidArgument }, 0),
  },
  {
    rule: 'K11', title: 'a lookup that PageTable_Map does not make', expect: ['K11'],
    trace: (t) => t.record().call('RISCVPageTableMap', 0x1000, 0).reply({ label: ERROR.FailedLookup }, 0, LOOKUP.MissingCapability, 12),
  },
  {
    rule: 'K11', title: 'a missing page table of a size that there is not', expect: ['K11'],
    trace: (t) => t.record().call('RISCVPageMap', 0x1000, 3, 0).reply({ label: ERROR.FailedLookup }, 0, LOOKUP.MissingCapability, 16),
  },
  {
    rule: 'K11', title: 'a missing page table, and an address space without identifier', expect: [],
    trace: (t) => {
      t.record().call('RISCVPageMap', 0x1000, 3, 0).reply({ label: ERROR.FailedLookup }, 0, LOOKUP.MissingCapability, 21);
      t.record().call('RISCVPageTableMap', 0x1000, 0).reply({ label: ERROR.FailedLookup }, 0, LOOKUP.InvalidRoot);
    },
  },
  {
    rule: 'K11', title: 'a range of sizes that Untyped_Retype does not accept', expect: ['K11'],
    trace: (t) => t.record().call('UntypedRetype', 0, 40, 0, 0, 1000, 1).reply({ label: ERROR.RangeError }, 0, 61),
  },
  {
    rule: 'K11', title: 'the range of sizes, and that of an offset', expect: [],
    trace: (t) => {
      t.record().call('UntypedRetype', 0, 40, 0, 0, 1000, 1).reply({ label: ERROR.RangeError }, 0, 38);
      t.record().call('UntypedRetype', 0, 12, 0, 0, 1000, 1).reply({ label: ERROR.RangeError }, 0, 255);
    },
  },
  {
    rule: 'K13', title: 'an error that suspends a thread', expect: ['K13'],
    trace: (t) => t.record().call('TCBSuspend').on(2).moves(2, 'Running', 'Inactive').reply({ label: ERROR.IllegalOperation }),
  },
  {
    rule: 'K13', title: 'an error after a capability was changed', expect: ['K13'],
    trace: (t) => t.record().call('RISCVPageMap', 0x1000, 3, 0).on(9).reply({ label: ERROR.DeleteFirst }).with('refusedWithEffect'),
  },
  {
    rule: 'K13', title: 'an error, after which another thread runs', expect: [],
    trace: (t) => t.record().call('TCBSuspend').on(2).reply({ label: ERROR.IllegalOperation }).moves(3, 'Restart', 'Running').next(3),
  },
  {
    rule: 'K14', title: 'a page that is mapped at two addresses', expect: ['K14'],
    trace: (t) => {
      t.record().call('RISCVPageMap', 0x1000, 3, 0).on(9).reply();
      t.record().call('RISCVPageMap', 0x2000, 3, 0).on(9).reply();
    },
  },
  {
    rule: 'K14', title: 'a page that is mapped again, unmapped, mapped through another capability, or after a change of the CSpace', expect: [],
    trace: (t) => {
      t.record().call('RISCVPageMap', 0x1000, 3, 0).on(9).reply();
      t.record().call('RISCVPageMap', 0x1000, 1, 0).on(9).reply();
      t.record().call('RISCVPageMap', 0x2000, 3, 0).on(9).cptr(0x11).reply();
      t.record().call('RISCVPageUnmap').on(9).reply();
      t.record().call('RISCVPageMap', 0x3000, 3, 0).on(9).reply();
      t.record().call('CNodeDelete', 0x10, 64).reply();
      t.record().call('RISCVPageMap', 0x4000, 3, 0).on(9).reply();
    },
  },
  {
    rule: 'K14', title: 'a success without the capability that it is about', expect: ['K14'],
    trace: (t) => t.record().call('TCBSetTimeoutEndpoint').request({}).reply(),
  },
  {
    rule: 'K14', title: 'a YieldTo that is completed in its own trap', expect: ['K14'],
    trace: (t) => t.record().call('SchedContextYieldTo').reply().deliver('lateReply', 1, { words: [7], answers: 1 }),
  },
  {
    rule: 'K14', title: 'the same where threads have domains', expect: [],
    trace: (t) => {
      t.record().call('DomainSetSet', 1).reply();
      t.record().call('SchedContextYieldTo').reply().deliver('lateReply', 1, { words: [7], answers: 2 });
    },
  },
  {
    rule: 'L08', title: 'ConfigureFlags without flags', expect: ['L08'],
    trace: (t) => t.record().call('SchedControlConfigureFlags', 1000, 1000, 0, 0).reply(),
  },
  {
    rule: 'L08', title: 'all words, fewer registers to write, and a short request that is refused', expect: [],
    trace: (t) => {
      t.record().call('SchedControlConfigureFlags', 1000, 1000, 0, 0, 0).reply();
      t.record().call('TCBWriteRegisters', 0, 1, 0x1000).on(2).reply().deliver('registers', 2, { written: { badge: false, tag: false, slots: [SLOT.FaultIP] } });
      t.record().call('SchedControlConfigureFlags', 1000).reply({ label: ERROR.TruncatedMessage });
    },
  },
  {
    rule: 'S06', title: 'a wait on a notification that loses the caller', configuration: 'riscv64-classic', expect: ['S06'],
    trace: (t) => t.record().syscall('Recv', 'Notification').moves(2, 'BlockedOnReply', 'BlockedOnReply', orphaned).ends('completed'),
  },
  {
    rule: 'S06', title: 'a second receive, and a deleted reply capability', configuration: 'riscv64-classic', expect: [],
    trace: (t) => {
      t.record().syscall('Recv', 'Endpoint').moves(2, 'BlockedOnReply', 'BlockedOnReply', orphaned).ends('completed');
      t.record().call('CNodeDelete', 5, 64).moves(3, 'BlockedOnReply', 'BlockedOnReply', orphaned).reply();
    },
  },
  {
    rule: 'S06', title: 'a caller without reply object', expect: ['S06'],
    trace: (t) => t.record().syscall('Call', 'Endpoint').moves(1, 'Running', 'Restart').moves(1, 'Restart', 'BlockedOnReply', orphaned)
      .moves(2, 'BlockedOnReceive', 'Running').deliver('message', 2).ends('blocked').next(2),
  },
  {
    rule: 'S07', title: 'a passive thread in the ready queue', expect: ['S07'],
    trace: (t) => t.record().syscall('Send', 'Notification').moves(2, 'BlockedOnNotification', 'Running', misqueued)
      .deliver('signal', 2, { badge: 1, written: { tag: false } }).ends('completed'),
  },
  {
    rule: 'S07', title: 'a thread that is woken', expect: [],
    trace: (t) => t.record().syscall('Send', 'Notification').moves(2, 'BlockedOnNotification', 'Running')
      .deliver('signal', 2, { badge: 1, written: { tag: false } }).ends('completed'),
  },
  {
    rule: 'S08', title: 'a resumed thread with its fault', expect: ['S08'],
    trace: (t) => {
      userException(t);
      t.record().call('TCBResume').on(2).moves(2, 'BlockedOnReply', 'Restart', faultRecorded).reply();
    },
  },
  {
    rule: 'S08', title: 'a thread that is resumed with its fault and runs next, said once', expect: ['S08'],
    trace: (t) => {
      userException(t);
      t.record().call('TCBResume').on(2).moves(2, 'BlockedOnSend', 'Inactive', faultRecorded).moves(2, 'Inactive', 'Restart', faultRecorded)
        .moves(2, 'Restart', 'Running', faultRecorded).reply().next(2);
    },
  },
  {
    rule: 'S08', title: 'a thread that was resumed with its fault before', expect: ['S08'],
    trace: (t) => {
      userException(t);
      t.record().call('TCBResume').on(2).moves(2, 'BlockedOnReply', 'Restart', faultRecorded).reply();
      t.record().syscall('Yield').moves(2, 'Restart', 'Running', faultRecorded).next(2);
    },
  },
  {
    rule: 'S08', title: 'a thread that waits for its handler, and one that is stopped', expect: [],
    trace: (t) => {
      t.record().by(2).cause('userException').moves(2, 'Running', 'BlockedOnSend', faultRecorded).faults('UserException').next(1);
      t.record().call('TCBSuspend').on(2).moves(2, 'BlockedOnSend', 'Inactive', faultRecorded).reply();
    },
  },
  {
    rule: 'F02', title: 'another program counter than that of the trap', expect: ['F02'],
    trace: (t) => t.record().by(2).cause('userException').moves(2, 'Running', 'BlockedOnReply').moves(1, 'BlockedOnReceive', 'Running')
      .faults('UserException').deliver('fault', 1, { tag: { label: 3 }, words: [0x2000, 2, 3, 4] }).next(1),
  },
  { rule: 'F02', title: 'the trap as it was', expect: [], trace: userException },
  {
    rule: 'F03', title: 'an invalid root that was valid before', expect: ['F03'],
    trace: (t) => {
      t.record().by(2).syscall('Send', 'Notification').ends('completed');
      capFault(t, LOOKUP.InvalidRoot);
    },
  },
  {
    rule: 'F03', title: 'another failure, and an invalid root after a change of the CSpace', expect: [],
    trace: (t) => {
      t.record().by(2).syscall('Send', 'Notification').ends('completed');
      capFault(t, LOOKUP.MissingCapability);
      t.record().call('CNodeDelete', 5, 64).reply();
      t.record().call('TCBResume').on(2).moves(2, 'BlockedOnReply', 'Restart').reply();
      capFault(t, LOOKUP.InvalidRoot);
    },
  },
  {
    rule: 'F04', title: 'a sender whose message is delivered as a fault', expect: ['F04'],
    trace: (t) => t.record().by(2).syscall('Send', 'Endpoint', { label: 7 }).moves(1, 'BlockedOnReceive', 'Running').ends('completed')
      .faultMessage(1, 'UserException', 0, 2, 3, 4),
  },
  {
    rule: 'F05', title: 'an answer to a UserException that sets a7', expect: ['F05'],
    trace: (t) => {
      userException(t);
      answerFault(t, SLOT.FaultIP, SLOT.sp, SLOT.a7);
    },
  },
  {
    rule: 'F05', title: 'an answer that sets what the message showed', expect: [],
    trace: (t) => {
      userException(t);
      answerFault(t, SLOT.FaultIP, SLOT.sp);
    },
  },
];
