// SPDX-License-Identifier: BSD-2-Clause
/** Answers and restarts: rules K15, K16, S02, S03, S04, S10, T02. */
import { TRANSITION_FLAG } from '../../trace/trap-record.ts';
import type { TraceBuilder } from '../testing.ts';
import type { RuleCase } from './rule-case.ts';

const { pcBehind } = TRANSITION_FLAG;

/** Thread 2 makes a Call that is answered, but thread 1 runs next. */
function answeredNotRun(t: TraceBuilder): void {
  t.record().by(2).call('TCBResume').on(7).moves(2, 'Running', 'Restart').moves(2, 'Restart', 'Running').reply().next(1);
}

/** Thread 1 suspends and resumes thread 2. */
function stopAndGo(t: TraceBuilder, flags: number): void {
  t.record().call('TCBSuspend').on(2).moves(2, 'Running', 'Inactive', flags).reply();
  t.record().call('TCBResume').on(2).moves(2, 'Inactive', 'Restart').moves(2, 'Restart', 'Running').reply().next(2);
}

/** Thread 2 suspends itself and is resumed by thread 1. */
function suspendsItself(t: TraceBuilder, pc: number): void {
  t.record().by(2).at(pc).call('TCBSuspend').on(2).moves(2, 'Running', 'Inactive').ends('stopped').next(1);
  t.record().call('TCBResume').on(2).moves(2, 'Inactive', 'Restart').moves(2, 'Restart', 'Running').reply().next(2);
}

/** Thread 2 waits for the reply of thread 1. */
function callWaits(t: TraceBuilder): void {
  t.record().by(2).syscall('Call', 'Endpoint').moves(1, 'BlockedOnReceive', 'Running').moves(2, 'Running', 'BlockedOnReply')
    .deliver('message', 1).ends('blocked').next(1);
}

export const PROGRESS_CASES: readonly RuleCase[] = [
  {
    rule: 'K15', title: 'a reply with the pc still at the trap', expect: ['K15'],
    trace: (t) => t.record().call('RISCVPageGetAddress').reply({}, 0x8000).staysAtTrap(),
  },
  {
    rule: 'K15', title: 'a self-suspension that is answered as well', expect: ['K15'],
    trace: (t) => t.record().call('TCBSuspend').on(1).moves(1, 'Running', 'Inactive').reply().ends('stopped').next(2),
  },
  {
    rule: 'K15', title: 'a self-suspension without an answer', expect: [],
    trace: (t) => t.record().call('TCBSuspend').on(1).moves(1, 'Running', 'Inactive').ends('stopped').next(2),
  },
  {
    rule: 'K15', title: 'CopyRegisters that sets the pc of its own thread', expect: [],
    trace: (t) => t.record().call('TCBCopyRegisters', 0x0c).on(1).reply().staysAtTrap(),
  },
  {
    rule: 'K16', title: 'a message register written before the preemption point', expect: ['K16'],
    trace: (t) => t.record().call('CNodeRevoke', 5, 64).moves(1, 'Running', 'Restart').replyWith({ written: { badge: false, tag: false, words: [0] } }).ends('preempted').next(2),
  },
  {
    rule: 'K16', title: 'a preemption that writes nothing', expect: [],
    trace: (t) => t.record().call('CNodeRevoke', 5, 64).moves(1, 'Running', 'Restart').ends('preempted').next(2),
  },
  {
    rule: 'S04', title: 'a preemption with the pc past the trap', expect: ['S04'],
    trace: (t) => t.record().call('UntypedRetype', 1, 0, 2, 64, 0, 1).moves(1, 'Running', 'Restart').ends('preempted').with('pcAdvanced').next(2),
  },
  {
    rule: 'S04', title: 'a preempted thread that is Running, though another one runs', expect: ['S04'],
    trace: (t) => t.record().call('CNodeDelete', 5, 64).moves(1, 'Running', 'Restart').moves(1, 'Restart', 'Running').ends('preempted').next(2),
  },
  {
    rule: 'S04', title: 'a preempted thread that is chosen again and starts over', expect: [],
    trace: (t) => t.record().call('CNodeDelete', 5, 64).moves(1, 'Running', 'Restart').moves(1, 'Restart', 'Running').ends('preempted').next(1),
  },
  {
    rule: 'S04', title: 'a preemption by an interrupt that signals another thread', expect: [],
    trace: (t) => t.record().call('CNodeDelete', 5, 64).moves(1, 'Running', 'Restart').moves(2, 'BlockedOnNotification', 'Running')
      .deliver('signal', 2, { badge: 1, written: { tag: false } }).ends('preempted').next(2),
  },
  {
    rule: 'S03', title: 'an answered thread suspended with its trap ahead', expect: ['S03'],
    trace: (t) => { answeredNotRun(t); stopAndGo(t, pcBehind); },
  },
  {
    rule: 'S03', title: 'a receiver that got its message and was suspended before it ran', expect: ['S03'],
    trace: (t) => {
      t.record().by(2).syscall('Recv', 'Endpoint').moves(2, 'Running', 'BlockedOnReceive').ends('blocked').next(1);
      t.record().syscall('Send', 'Endpoint').moves(2, 'BlockedOnReceive', 'Running').deliver('message', 2).ends('completed');
      t.record().call('TCBSuspend').on(2).moves(2, 'Running', 'Inactive', pcBehind).reply();
    },
  },
  {
    rule: 'S03', title: 'an answered thread whose restart pc moved on', expect: [],
    trace: (t) => { answeredNotRun(t); stopAndGo(t, 0); },
  },
  {
    rule: 'S03', title: 'a thread that ran on its answer and was suspended in a later call', expect: [],
    trace: (t) => {
      answeredNotRun(t);
      t.record().syscall('Yield').ends('completed').next(2);
      t.record().by(2).cause('interrupt').next(1);
      stopAndGo(t, pcBehind);
    },
  },
  {
    rule: 'S02', title: 'the same call again, with the answer as request', expect: ['S03', 'S02'],
    trace: (t) => {
      answeredNotRun(t);
      stopAndGo(t, pcBehind);
      t.record().by(2).cptr(0).syscall('Call', 'Null').reply({ label: 2 }, 0);
    },
  },
  {
    rule: 'S02', title: 'a loop that calls again at the same pc after it ran', expect: [],
    trace: (t) => {
      t.record().by(2).cptr(0).syscall('Call', 'Null').reply({ label: 2 }, 0);
      t.record().by(2).cptr(0).syscall('Call', 'Null', { label: 2, length: 1 }, 0).reply({ label: 2 }, 0);
    },
  },
  {
    rule: 'S02', title: 'another call after the suspension, with its restart pc set by WriteRegisters', expect: ['S03'],
    trace: (t) => {
      answeredNotRun(t);
      t.record().call('TCBSuspend').on(2).moves(2, 'Running', 'Inactive', pcBehind).reply();
      t.record().call('TCBWriteRegisters', 1, 1, 0x1000).on(2).moves(2, 'Inactive', 'Restart').reply()
        .deliver('registers', 2, { written: { badge: false, tag: false, slots: [33] } }).next(2);
      t.record().by(2).cptr(0).syscall('Call', 'Null').reply({ label: 2 }, 0);
    },
  },
  {
    rule: 'S10', title: 'a self-suspension that is resumed into itself', expect: ['S10'],
    trace: (t) => { suspendsItself(t, 0x2000); suspendsItself(t, 0x2000); },
  },
  {
    rule: 'S10', title: 'two self-suspensions at different places', expect: [],
    trace: (t) => { suspendsItself(t, 0x2000); suspendsItself(t, 0x3000); },
  },
  {
    rule: 'S10', title: 'the same self-suspension after other work', expect: [],
    trace: (t) => {
      suspendsItself(t, 0x2000);
      t.record().by(2).syscall('Yield').ends('completed');
      suspendsItself(t, 0x2000);
    },
  },
  {
    rule: 'T02', title: 'a reply that raises a Timeout fault at the answered call', expect: ['T02'],
    trace: (t) => {
      callWaits(t);
      t.record().syscall('Send', 'Reply').moves(2, 'BlockedOnReply', 'Running').moves(2, 'Running', 'BlockedOnSend', pcBehind)
        .deliver('message', 2).ends('completed');
    },
  },
  {
    rule: 'T02', title: 'a reply that raises a Timeout fault past the answered call', expect: [],
    trace: (t) => {
      callWaits(t);
      t.record().syscall('Send', 'Reply').moves(2, 'BlockedOnReply', 'Running').moves(2, 'Running', 'BlockedOnSend')
        .deliver('message', 2).ends('completed');
    },
  },
  {
    rule: 'T02', title: 'a thread without budget that faults before its call is executed', expect: [],
    trace: (t) => t.record().call('TCBResume').moves(1, 'Running', 'BlockedOnReply', pcBehind).moves(2, 'BlockedOnReceive', 'Running')
      .faults('Timeout').faultMessage(2, 'Timeout', 7, 1000).next(2),
  },
];
