// SPDX-License-Identifier: BSD-2-Clause
/** Thread states: rules S01, S05, S09, S11, S12. */
import { TRANSITION_FLAG } from '../../trace/trap-record.ts';
import type { TraceBuilder } from '../testing.ts';
import type { RuleCase } from './rule-case.ts';

const { destroyed } = TRANSITION_FLAG;

/** Thread 2 raises a fault and waits for the handler, thread 1, to reply. */
function faultTaken(t: TraceBuilder, fault: 'VMFault' | 'UserException'): void {
  t.record().by(2).cause(fault === 'VMFault' ? 'vmFault' : 'userException').moves(2, 'Running', 'BlockedOnReply').moves(1, 'BlockedOnReceive', 'Running')
    .faults(fault).faultMessage(1, fault, 1, 2, 3, 4).next(1);
}

/** Thread 2 makes a Call that thread 1 receives. */
function callTaken(t: TraceBuilder): void {
  t.record().by(2).syscall('Call', 'Endpoint').moves(2, 'Running', 'BlockedOnReply').moves(1, 'BlockedOnReceive', 'Running')
    .deliver('message', 1).ends('blocked').next(1);
}

export const STATE_CASES: readonly RuleCase[] = [
  {
    rule: 'S01', title: 'a thread that runs in Restart', expect: ['S01'],
    trace: (t) => t.record().syscall('Yield').ends('completed').next(2, 'Restart'),
  },
  {
    rule: 'S01', title: 'a Running thread, and the idle thread', expect: [],
    trace: (t) => {
      t.record().syscall('Yield').ends('completed').next(2);
      t.record().by(2).syscall('Wait', 'Notification').moves(2, 'Running', 'BlockedOnNotification').ends('blocked').next(0, 'IdleThreadState');
    },
  },
  {
    rule: 'S05', title: 'a destroyed endpoint that lets its receiver run', expect: ['S05'],
    trace: (t) => t.record().call('CNodeDelete', 5, 64).moves(2, 'BlockedOnReceive', 'Running').reply(),
  },
  {
    rule: 'S05', title: 'Suspend that stops another thread than its target', expect: ['S05'],
    trace: (t) => t.record().call('TCBSuspend').on(2).moves(3, 'Running', 'Inactive').reply(),
  },
  {
    rule: 'S05', title: 'NBSendWait that resumes one thread and takes a fault of another', expect: [],
    trace: (t) => {
      t.record().by(3).cause('userException').moves(3, 'Running', 'BlockedOnSend').faults('UserException').next(1);
      t.record().invoke('NBSendWait', 'TCBResume', []).on(2).moves(2, 'Inactive', 'Restart').moves(3, 'BlockedOnSend', 'Inactive').ends('completed').next(1);
    },
  },
  {
    rule: 'S05', title: 'NBSendWait that resumes another thread than its target', expect: ['S05'],
    trace: (t) => t.record().invoke('NBSendWait', 'TCBResume', []).on(2).moves(3, 'Inactive', 'Restart').moves(1, 'Running', 'BlockedOnReceive').ends('blocked').next(3),
  },
  {
    rule: 'S05', title: 'a signal that wakes a suspended thread', expect: ['S05'],
    trace: (t) => {
      t.record().call('TCBSuspend').on(2).moves(2, 'BlockedOnReceive', 'Inactive').reply();
      t.record().syscall('Send', 'Notification').moves(2, 'Inactive', 'Running').ends('completed').deliver('signal', 2, { badge: 1, written: { tag: false } });
    },
  },
  {
    rule: 'S05', title: 'MCS: a receiver and a caller that lose their reply objects on the way', expect: [],
    trace: (t) => {
      t.record().by(2).syscall('Call', 'Endpoint').moves(1, 'BlockedOnReceive', 'Inactive').moves(2, 'Running', 'BlockedOnReply').moves(1, 'Inactive', 'Running')
        .deliver('message', 1).ends('blocked').next(1);
      t.record().syscall('Send', 'Reply').moves(2, 'BlockedOnReply', 'Inactive').moves(2, 'Inactive', 'Running').deliver('message', 2).ends('completed').next(2);
    },
  },
  {
    rule: 'S05', title: 'MCS: a caller that starts again after losing its reply object', expect: ['S05'],
    trace: (t) => {
      callTaken(t);
      t.record().syscall('Send', 'Reply').moves(2, 'BlockedOnReply', 'Inactive').moves(2, 'Inactive', 'Restart').deliver('message', 2).ends('completed').next(1);
    },
  },
  {
    rule: 'S05', title: 'a reply that lets a faulter run on instead of starting again', expect: ['S05'],
    trace: (t) => {
      faultTaken(t, 'VMFault');
      t.record().syscall('Send', 'Reply').moves(2, 'BlockedOnReply', 'Running').ends('completed');
    },
  },
  {
    rule: 'S05', title: 'a reply that leaves a VMFault stopped', expect: ['S05'],
    trace: (t) => {
      faultTaken(t, 'VMFault');
      t.record().syscall('Send', 'Reply', { label: 1 }).moves(2, 'BlockedOnReply', 'Inactive').ends('completed');
    },
  },
  {
    rule: 'S05', title: 'a reply that makes a caller start again', expect: ['S05'],
    trace: (t) => {
      callTaken(t);
      t.record().syscall('Send', 'Reply').moves(2, 'BlockedOnReply', 'Restart').ends('completed');
    },
  },
  {
    rule: 'S05', title: 'a Call on a kernel object that blocks', expect: ['S05'],
    trace: (t) => t.record().call('TCBResume').moves(1, 'Running', 'BlockedOnReply').ends('blocked').next(2),
  },
  {
    rule: 'S05', title: 'an NBSend that blocks', expect: ['S05'],
    trace: (t) => t.record().syscall('NBSend', 'Endpoint').moves(1, 'Running', 'BlockedOnSend').ends('blocked').next(2),
  },
  {
    rule: 'S05', title: 'a thread that stops itself by an operation that cannot', expect: ['S05'],
    trace: (t) => t.record().call('TCBSetPriority', 5).moves(1, 'Running', 'Inactive').ends('stopped').next(2),
  },
  {
    rule: 'S05', title: 'a fault that lets the faulter run on', expect: ['S05'],
    trace: (t) => t.record().cause('vmFault').faults('VMFault'),
  },
  {
    rule: 'S05', title: 'a queued faulter of a classic kernel starts again when its endpoint goes', configuration: 'riscv64-classic', expect: [],
    trace: (t) => {
      t.record().by(2).cause('vmFault').moves(2, 'Running', 'BlockedOnSend').faults('VMFault').next(1);
      t.record().call('CNodeDelete', 5, 64).moves(2, 'BlockedOnSend', 'Restart').reply();
    },
  },
  {
    rule: 'S05', title: 'messages, replies and signals', expect: [],
    trace: (t) => {
      callTaken(t);
      t.record().syscall('Send', 'Reply').moves(2, 'BlockedOnReply', 'Running').deliver('message', 2).ends('completed');
      t.record().syscall('NBRecv', 'Endpoint').moves(3, 'BlockedOnSend', 'BlockedOnReply').deliver('message', 1).ends('completed');
      t.record().syscall('Recv', 'Endpoint').moves(4, 'BlockedOnSend', 'Inactive').deliver('message', 1).ends('completed');
      t.record().syscall('Send', 'Notification').moves(5, 'BlockedOnReceive', 'Inactive').moves(5, 'Inactive', 'Running').ends('completed')
        .deliver('signal', 5, { badge: 1, written: { tag: false } });
      t.record().cause('interrupt').moves(6, 'BlockedOnNotification', 'Running').deliver('signal', 6, { badge: 1, written: { tag: false } }).next(6);
    },
  },
  {
    rule: 'S05', title: 'replies to faults', expect: [],
    trace: (t) => {
      faultTaken(t, 'VMFault');
      t.record().syscall('Send', 'Reply').moves(2, 'BlockedOnReply', 'Restart').ends('completed');
      faultTaken(t, 'UserException');
      t.record().syscall('Send', 'Reply', { label: 1 }).moves(2, 'BlockedOnReply', 'Inactive').ends('completed');
      faultTaken(t, 'UserException');
      t.record().syscall('ReplyRecv', 'Reply').moves(2, 'BlockedOnReply', 'Restart').moves(1, 'Running', 'BlockedOnReceive').moves(2, 'Restart', 'Running').ends('blocked').next(2);
    },
  },
  {
    rule: 'S05', title: 'a faulter that is chosen at once, as a host that shows states at exit sees it', expect: [],
    trace: (t) => {
      faultTaken(t, 'VMFault');
      t.record().syscall('ReplyRecv', 'Reply').moves(2, 'BlockedOnReply', 'Running').moves(1, 'Running', 'BlockedOnReceive').ends('blocked').next(2);
    },
  },
  {
    rule: 'S05', title: 'suspend, resume, destroy and cancel', expect: [],
    trace: (t) => {
      t.record().call('TCBSuspend').on(2).moves(2, 'BlockedOnNotification', 'Inactive').reply();
      t.record().call('TCBResume').on(2).moves(2, 'BlockedOnReply', 'Inactive').moves(2, 'Inactive', 'Restart').reply();
      t.record().call('TCBWriteRegisters', 1, 1, 0).on(3).moves(3, 'Inactive', 'Restart').moves(3, 'Restart', 'Running').reply()
        .deliver('registers', 3, { written: { badge: false, tag: false, slots: [33] } }).next(3);
      t.record().call('CNodeRevoke', 5, 64).moves(4, 'BlockedOnSend', 'Restart').moves(5, 'BlockedOnReply', 'Inactive').moves(6, 'Running', 'Inactive', destroyed).reply();
      t.record().call('CNodeCancelBadgedSends', 5, 64).moves(7, 'BlockedOnSend', 'Restart').reply();
    },
  },
  {
    rule: 'S05', title: 'everything that stops a thread', expect: [],
    trace: (t) => {
      t.record().syscall('Call', 'Endpoint').moves(1, 'Running', 'Inactive').ends('stopped').next(2);
      t.record().by(2).syscall('Send', 'Endpoint').moves(2, 'Running', 'BlockedOnSend').ends('blocked').next(3);
      t.record().by(3).cause('userException').moves(3, 'Running', 'Inactive').faults('UserException').next(4);
      t.record().by(4).call('TCBResume').moves(4, 'Running', 'Restart').ends('outOfBudget').next(5);
      t.record().by(5).syscall('Call', 'Endpoint').reply({ label: 2 }, 0);
    },
  },
  {
    rule: 'S09', title: 'a destroyed thread that runs', expect: ['S09'],
    trace: (t) => {
      t.record().call('CNodeDelete', 5, 64).moves(2, 'Running', 'Inactive', destroyed).reply();
      t.record().syscall('Yield').ends('completed').next(2);
    },
  },
  {
    rule: 'S09', title: 'a thread that runs on after it destroyed itself', expect: ['S09'],
    trace: (t) => t.record().call('CNodeDelete', 5, 64).moves(1, 'Running', 'Inactive').with('invokerDestroyed').ends('stopped').next(1),
  },
  {
    rule: 'S09', title: 'a destroyed thread that a signal wakes', expect: ['S09'],
    trace: (t) => {
      t.record().call('CNodeDelete', 5, 64).moves(2, 'BlockedOnNotification', 'Inactive', destroyed).reply();
      t.record().syscall('Send', 'Notification').moves(2, 'BlockedOnNotification', 'Running').ends('completed').deliver('signal', 2, { badge: 1, written: { tag: false } });
    },
  },
  {
    rule: 'S09', title: 'a suspended thread that runs again', expect: [],
    trace: (t) => {
      t.record().call('TCBSuspend').on(2).moves(2, 'BlockedOnNotification', 'Inactive').reply();
      t.record().call('TCBResume').on(2).moves(2, 'Inactive', 'Restart').moves(2, 'Restart', 'Running').reply().next(2);
    },
  },
  {
    rule: 'S11', title: 'a caller that runs on with its yield pending', expect: ['S11'],
    trace: (t) => t.record().call('SchedContextYieldTo').on(9).reply().with('yieldPending'),
  },
  {
    rule: 'S11', title: 'a yielder that runs again without its answer', expect: ['S11'],
    trace: (t) => {
      t.record().call('SchedContextYieldTo').on(9).reply().with('yieldPending').next(2);
      t.record().by(2).syscall('Yield').ends('completed').next(1);
    },
  },
  {
    rule: 'S11', title: 'a yielder that runs again with its answer', expect: [],
    trace: (t) => {
      t.record().call('SchedContextYieldTo').on(9).reply().with('yieldPending').next(2);
      t.record().by(2).syscall('Yield').ends('completed').next(1).deliver('lateReply', 1, { answers: 1, words: [5] });
    },
  },
  {
    rule: 'S11', title: 'a yielder that was suspended in between', expect: ['N04'],
    trace: (t) => {
      t.record().call('SchedContextYieldTo').on(9).reply().with('yieldPending').next(2);
      t.record().by(2).call('TCBSuspend').on(1).moves(1, 'Running', 'Inactive').reply();
      t.record().by(2).call('TCBResume').on(1).moves(1, 'Inactive', 'Restart').moves(1, 'Restart', 'Running').reply().next(1);
    },
  },
  {
    rule: 'S11', title: 'a yielder whose registers were written: nothing is owed to it any more', expect: ['N04'],
    trace: (t) => {
      t.record().call('SchedContextYieldTo').on(9).reply().with('yieldPending').next(2);
      t.record().by(2).call('TCBWriteRegisters', 0, 1, 0x4000).on(1).reply().deliver('registers', 1, { written: { badge: false, tag: false, slots: [33] } });
      t.record().by(2).syscall('Yield').ends('completed').next(1);
    },
  },
  {
    rule: 'S12', title: 'a thread that lost its scheduling context and runs', expect: ['S12'],
    trace: (t) => t.record().call('SchedContextUnbind').on(9).reply().without('nextHasSchedContext'),
  },
  {
    rule: 'S12', title: 'the idle thread has none', expect: [],
    trace: (t) => t.record().syscall('Wait', 'Notification').moves(1, 'Running', 'BlockedOnNotification').ends('blocked').without('nextHasSchedContext').next(0, 'IdleThreadState'),
  },
  {
    rule: 'S12', title: 'a classic kernel has none', configuration: 'riscv64-classic', expect: [],
    trace: (t) => t.record().syscall('Yield').ends('completed').without('nextHasSchedContext'),
  },
];
