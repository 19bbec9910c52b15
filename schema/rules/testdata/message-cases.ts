// SPDX-License-Identifier: BSD-2-Clause
/** Messages and fault messages: rules K08, I01, I02, F01, F04. */
import type { TraceBuilder } from '../testing.ts';
import type { RuleCase } from './rule-case.ts';

/** Thread 2 waits on an endpoint, with a stale tag in its register if one is given. */
function waits(t: TraceBuilder, staleTag = 0): void {
  t.record().by(2).syscall('Recv', 'Endpoint', { length: staleTag }).moves(2, 'Running', 'BlockedOnReceive').ends('blocked').next(1);
}

/** Thread 2 sends a message and waits for a receiver. */
function sendWaits(t: TraceBuilder, label: number, length: number, buffer: 'rw' | 'none' = 'rw'): void {
  t.record().by(2).buffer(buffer).syscall('Send', 'Endpoint', { label, length }).moves(2, 'Running', 'BlockedOnSend').ends('blocked').next(1);
}

/** The handler, thread 1, waits and gets the fault of thread 2. */
function faulter(t: TraceBuilder, cause: 'vmFault' | 'userException' | 'unknownSyscall' | 'syscall') {
  const record = t.record().by(2).cause(cause);
  if (cause === 'syscall') record.syscall('Call');
  return record.moves(2, 'Running', 'BlockedOnReply').moves(1, 'BlockedOnReceive', 'Running').next(1);
}

export const MESSAGE_CASES: readonly RuleCase[] = [
  {
    rule: 'K08', title: 'a message word that was not written', expect: ['K08'],
    trace: (t) => {
      waits(t);
      t.record().syscall('Send', 'Endpoint', { length: 2 }, 1, 2).moves(2, 'BlockedOnReceive', 'Running').ends('completed')
        .deliver('message', 2, { words: [1, 2], written: { words: [0] } });
    },
  },
  {
    rule: 'I01', title: 'a bound notification wakes a receiver with a stale tag', expect: ['I01'],
    trace: (t) => {
      waits(t, 3);
      t.record().syscall('Send', 'Notification').moves(2, 'BlockedOnReceive', 'Running').ends('completed').deliver('signal', 2, { badge: 1, written: { tag: false } });
    },
  },
  {
    rule: 'I01', title: 'a non-blocking receive that found nothing, with a stale tag', expect: ['I01'],
    trace: (t) => t.record().syscall('NBRecv', 'Endpoint', { length: 3 }).ends('completed').deliver('other', 1, { written: { tag: false } }),
  },
  {
    rule: 'I01', title: 'the same with an empty tag', expect: [],
    trace: (t) => {
      waits(t);
      t.record().syscall('Send', 'Notification').moves(2, 'BlockedOnReceive', 'Running').ends('completed').deliver('signal', 2, { badge: 1, written: { tag: false } });
    },
  },
  {
    rule: 'I01', title: 'a thread that waits on a notification expects no tag', expect: [],
    trace: (t) => {
      t.record().by(2).syscall('Wait', 'Notification', { length: 3 }).moves(2, 'Running', 'BlockedOnNotification').ends('blocked').next(1);
      t.record().syscall('Send', 'Notification').moves(2, 'BlockedOnNotification', 'Running').ends('completed').deliver('signal', 2, { badge: 1, written: { tag: false } });
    },
  },
  {
    rule: 'I02', title: 'a receiver that gets fewer words than were sent', expect: ['I02'],
    trace: (t) => {
      waits(t);
      t.record().syscall('Send', 'Endpoint', { length: 3 }, 1, 2, 3).moves(2, 'BlockedOnReceive', 'Running').ends('completed').deliver('message', 2, { words: [1, 2] });
    },
  },
  {
    rule: 'I02', title: 'a sender without a buffer whose eight words arrive', expect: ['I02'],
    trace: (t) => {
      sendWaits(t, 0, 8, 'none');
      t.record().syscall('Recv', 'Endpoint').moves(2, 'BlockedOnSend', 'Running').ends('completed').deliver('message', 1, { words: [1, 2, 3, 4, 5, 6, 7, 8] });
    },
  },
  {
    rule: 'I02', title: 'messages that arrive whole, clamped, and cut by a missing buffer on either side', expect: [],
    trace: (t) => {
      waits(t);
      t.record().syscall('Send', 'Endpoint', { length: 3 }, 1, 2, 3).moves(2, 'BlockedOnReceive', 'Running').ends('completed').deliver('message', 2, { words: [1, 2, 3] });
      t.record().syscall('Send', 'Endpoint', { length: 8 }, 1, 2, 3, 4, 5, 6, 7, 8).moves(3, 'BlockedOnReceive', 'Running').ends('completed').deliver('message', 3, { words: [1, 2, 3, 4] });
      t.record().syscall('Send', 'Endpoint', { length: 127 }).moves(4, 'BlockedOnReceive', 'Running').ends('completed').deliver('message', 4, { words: Array.from({ length: 120 }, (_, i) => i) });
      sendWaits(t, 0, 8, 'none');
      t.record().syscall('Recv', 'Endpoint').moves(2, 'BlockedOnSend', 'Running').ends('completed').deliver('message', 1, { words: [1, 2, 3, 4] });
    },
  },
  {
    rule: 'I02', title: 'a sender that got its buffer while it waited', expect: [],
    trace: (t) => {
      sendWaits(t, 0, 8, 'none');
      t.record().call('TCBSetIPCBuffer', 0x8000).on(2).reply();
      t.record().syscall('Recv', 'Endpoint').moves(2, 'BlockedOnSend', 'Running').ends('completed').deliver('message', 1, { words: [1, 2, 3, 4, 5, 6, 7, 8] });
    },
  },
  {
    rule: 'I02', title: 'ReplyRecv: the reply has the length of the request, the message that of its sender', expect: [],
    trace: (t) => {
      t.record().by(3).syscall('Call', 'Endpoint', { length: 2 }, 1, 2).moves(3, 'Running', 'BlockedOnReply').moves(1, 'BlockedOnReceive', 'Running')
        .deliver('message', 1, { words: [1, 2] }).ends('blocked').next(2);
      sendWaits(t, 5, 3);
      t.record().syscall('ReplyRecv', 'Reply', { length: 1 }, 9).moves(3, 'BlockedOnReply', 'Running').moves(2, 'BlockedOnSend', 'Running').ends('completed')
        .deliver('message', 3, { words: [9] }).deliver('message', 1, { tag: { label: 5 }, words: [1, 2, 3] });
    },
  },
  {
    rule: 'F01', title: 'a label that is no fault', expect: ['F01', 'F02'],
    trace: (t) => faulter(t, 'vmFault').faults('VMFault').deliver('fault', 1, { tag: { label: 9 }, words: [1, 2, 3, 4] }).next(1),
  },
  {
    rule: 'F01', title: 'a CapFault shorter than its lookup failure', expect: ['F01'],
    trace: (t) => faulter(t, 'syscall').faults('CapFault').faultMessage(1, 'CapFault', 0x1000, 5, 0, 3, 1).next(1),
  },
  {
    rule: 'F01', title: 'a CapFault with an unknown lookup failure', expect: ['F01'],
    trace: (t) => faulter(t, 'syscall').faults('CapFault').faultMessage(1, 'CapFault', 0x1000, 5, 0, 0, 1).next(1),
  },
  {
    rule: 'F01', title: 'every fault in its layout', expect: [],
    trace: (t) => {
      faulter(t, 'syscall').faults('CapFault').faultMessage(1, 'CapFault', 0x1000, 5, 0, 1).next(1);
      faulter(t, 'syscall').faults('CapFault').faultMessage(1, 'CapFault', 0x1000, 5, 0, 4, 3, 0, 2).next(1);
      faulter(t, 'unknownSyscall').faults('UnknownSyscall').faultMessage(1, 'UnknownSyscall', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11).next(1);
      faulter(t, 'userException').faults('UserException').faultMessage(1, 'UserException', 1, 2, 3, 4).next(1);
      faulter(t, 'vmFault').faults('VMFault').faultMessage(1, 'VMFault', 1, 2, 3, 4).next(1);
      faulter(t, 'syscall').faults('Timeout').faultMessage(1, 'Timeout', 7, 1000).next(1);
    },
  },
  {
    rule: 'F01', title: 'an UnknownSyscall cut to the registers of a handler without a buffer', expect: [],
    trace: (t) => faulter(t, 'unknownSyscall').faults('UnknownSyscall').faultMessage(1, 'UnknownSyscall', 1, 2, 3, 4).next(1),
  },
  {
    rule: 'F01', title: 'labels of a classic kernel', configuration: 'riscv64-classic', expect: [],
    trace: (t) => faulter(t, 'vmFault').faults('VMFault').deliver('fault', 1, { tag: { label: 5 }, words: [0x1000, 2, 3, 4] }).next(1),
  },
  {
    rule: 'F04', title: 'a sender that arrives as a faulter', expect: ['F04'],
    trace: (t) => {
      sendWaits(t, 77, 2);
      t.record().syscall('Recv', 'Endpoint').moves(2, 'BlockedOnSend', 'BlockedOnReply').ends('completed').faultMessage(1, 'VMFault', 1, 2, 3, 4);
    },
  },
  {
    rule: 'F04', title: 'a message that arrives with the label of a fault', expect: ['F04'],
    trace: (t) => {
      sendWaits(t, 77, 4);
      t.record().syscall('Recv', 'Endpoint').moves(2, 'BlockedOnSend', 'Running').ends('completed').deliver('message', 1, { tag: { label: 6 }, words: [1, 2, 3, 4] });
    },
  },
  {
    rule: 'F04', title: 'a fault that waited for its handler', expect: [],
    trace: (t) => {
      t.record().by(2).cause('vmFault').moves(2, 'Running', 'BlockedOnSend').faults('VMFault').next(1);
      t.record().syscall('Recv', 'Endpoint').moves(2, 'BlockedOnSend', 'BlockedOnReply').ends('completed').faultMessage(1, 'VMFault', 1, 2, 3, 4);
    },
  },
  {
    rule: 'F04', title: 'a message whose own label is that of a fault', expect: [],
    trace: (t) => {
      sendWaits(t, 6, 4);
      t.record().syscall('Recv', 'Endpoint').moves(2, 'BlockedOnSend', 'Running').ends('completed').deliver('message', 1, { tag: { label: 6 }, words: [1, 2, 3, 4] });
    },
  },
];
