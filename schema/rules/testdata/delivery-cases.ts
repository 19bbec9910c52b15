// SPDX-License-Identifier: BSD-2-Clause
/** Who gets what: rules N02 to N05, B01, T01. */
import type { TraceBuilder } from '../testing.ts';
import type { RuleCase } from './rule-case.ts';

/** Thread 1 yields to scheduling context 9, and thread 2 runs. */
function yields(t: TraceBuilder, syscall: 'call' | 'send' = 'call'): void {
  if (syscall === 'call') t.record().call('SchedContextYieldTo').on(9).reply().with('yieldPending').next(2);
  else t.record().send('SchedContextYieldTo').on(9).ends('completed').with('yieldPending').next(2);
}

/** Thread 2 waits, and thread 1 runs again, with the answer to its yield. */
function completes(t: TraceBuilder): void {
  t.record().by(2).syscall('Wait', 'Notification').moves(2, 'Running', 'BlockedOnNotification').ends('blocked').next(1)
    .deliver('lateReply', 1, { answers: 1, words: [5] });
}

export const DELIVERY_CASES: readonly RuleCase[] = [
  {
    rule: 'N02', title: 'a yield by Send that is answered', expect: ['N02'],
    trace: (t) => { yields(t, 'send'); completes(t); },
  },
  {
    rule: 'N02', title: 'a yield by Send that is answered in its own trap', expect: ['N02'],
    trace: (t) => t.record().send('SchedContextYieldTo').on(9).ends('completed').next(2).deliver('lateReply', 1, { answers: 1, words: [5] }),
  },
  {
    rule: 'N02', title: 'a yield answered although the registers were written since', expect: ['N04', 'N02'],
    trace: (t) => {
      yields(t);
      t.record().by(2).call('TCBWriteRegisters', 0, 1, 0x4000).on(1).reply().deliver('registers', 1, { written: { badge: false, tag: false, slots: [33] } });
      completes(t);
    },
  },
  {
    rule: 'N02', title: 'a yield by Call that is answered later', expect: [],
    trace: (t) => { yields(t); completes(t); },
  },
  {
    rule: 'N02', title: 'a yield by Call that is answered in its own trap', expect: [],
    trace: (t) => t.record().call('SchedContextYieldTo').on(9).reply().next(2).deliver('lateReply', 1, { answers: 1, words: [5] }),
  },
  {
    rule: 'K02', title: 'a late reply with a badge', expect: ['K02'],
    trace: (t) => {
      yields(t);
      t.record().by(2).syscall('Wait', 'Notification').moves(2, 'Running', 'BlockedOnNotification').ends('blocked').next(1)
        .deliver('lateReply', 1, { answers: 1, words: [5], badge: 9 });
    },
  },
  {
    rule: 'K05', title: 'a late reply without a result', expect: ['K05'],
    trace: (t) => {
      yields(t);
      t.record().by(2).syscall('Wait', 'Notification').moves(2, 'Running', 'BlockedOnNotification').ends('blocked').next(1)
        .deliver('lateReply', 1, { answers: 1 });
    },
  },
  {
    rule: 'N03', title: 'a reply in the registers of another thread', expect: ['K01', 'K03', 'N03'],
    trace: (t) => t.record().call('TCBBindNotification').deliver('reply', 3).ends('completed'),
  },
  {
    rule: 'N03', title: 'a message for a thread that does not wait', expect: ['N03'],
    trace: (t) => t.record().syscall('Send', 'Endpoint').ends('completed').deliver('message', 3),
  },
  {
    rule: 'N03', title: 'buffer words of an answer in another thread than its registers', expect: ['K08', 'N03'],
    trace: (t) => t.record().syscall('Send', 'Endpoint', { length: 5 }, 1, 2, 3, 4, 5).moves(2, 'BlockedOnReceive', 'Running').ends('completed')
      .deliver('message', 2, { words: [1, 2, 3, 4, 5], written: { words: [0, 1, 2, 3] } })
      .deliver('message', 3, { written: { badge: false, tag: false, bufferWords: [5] } }),
  },
  {
    rule: 'N03', title: 'a yielder, a receiver, a signalled thread and a target of WriteRegisters', expect: [],
    trace: (t) => {
      yields(t);
      completes(t);
      t.record().syscall('Send', 'Endpoint').moves(2, 'BlockedOnReceive', 'Running').ends('completed').deliver('message', 2);
      t.record().syscall('Send', 'Notification').moves(3, 'BlockedOnNotification', 'Running').ends('completed').deliver('signal', 3, { badge: 1, written: { tag: false } });
      t.record().call('TCBWriteRegisters', 0, 1, 0x4000).on(4).reply().deliver('registers', 4, { written: { badge: false, tag: false, slots: [33] } });
    },
  },
  {
    rule: 'N04', title: 'a yielder that is suspended', expect: ['N04'],
    trace: (t) => {
      yields(t);
      t.record().by(2).call('TCBSuspend').on(1).moves(1, 'Running', 'Inactive').reply();
    },
  },
  {
    rule: 'N04', title: 'a yielder that is read', expect: ['N04'],
    trace: (t) => {
      yields(t);
      t.record().by(2).call('TCBReadRegisters', 0, 1).on(1).reply({}, 0x1004);
    },
  },
  {
    rule: 'N04', title: 'an attempt that failed', expect: [],
    trace: (t) => {
      yields(t);
      t.record().by(2).call('TCBReadRegisters', 0, 40).on(1).reply({ label: 4 }, 1, 32);
    },
  },
  {
    rule: 'N04', title: 'a yielder that has its answer', expect: [],
    trace: (t) => {
      yields(t);
      completes(t);
      t.record().syscall('Yield').ends('completed').next(2);
      t.record().by(2).call('TCBSuspend').on(1).moves(1, 'Running', 'Inactive').reply();
    },
  },
  {
    rule: 'N05', title: 'a debug call that writes the tag', expect: ['N05'],
    trace: (t) => t.record().syscall('DebugCapIdentify').ends('completed').deliver('other', 1, { badge: 12 }),
  },
  {
    rule: 'N05', title: 'a debug call that changes a state', expect: ['N05', 'S05'],
    trace: (t) => t.record().syscall('DebugSnapshot').ends('completed').moves(2, 'Running', 'Restart'),
  },
  {
    rule: 'N05', title: 'a debug call that answers in the capability register', expect: [],
    trace: (t) => t.record().syscall('DebugCapIdentify').ends('completed').deliver('other', 1, { badge: 12, written: { tag: false } }),
  },
  {
    rule: 'N05', title: 'SetTLSBase', expect: [],
    trace: (t) => t.record().syscall('SetTLSBase').ends('completed').deliver('registers', 1, { written: { badge: false, tag: false, slots: [3] } }),
  },
  {
    rule: 'B01', title: 'buffer words for a caller with a read-only buffer', expect: ['K06', 'K07', 'B01'],
    trace: (t) => t.record().buffer('ro').call('TCBReadRegisters', 0, 5).reply({}, 1, 2, 3, 4, 5),
  },
  {
    rule: 'B01', title: 'buffer words for a caller with a buffer', expect: [],
    trace: (t) => t.record().call('TCBReadRegisters', 0, 5).reply({}, 1, 2, 3, 4, 5),
  },
  {
    rule: 'T01', title: 'more microseconds than the run is old', expect: ['T01'],
    trace: (t) => t.record().time(5_000_000, 5_000_500).call('SchedContextConsumed').on(9).reply({}, 5_002),
  },
  {
    rule: 'T01', title: 'the same time twice', expect: ['T01'],
    trace: (t) => {
      t.record().time(5_000_000, 5_000_500).call('SchedContextConsumed').on(9).reply({}, 4_000);
      t.record().time(5_100_000, 5_100_500).call('SchedContextConsumed').on(9).reply({}, 4_000);
    },
  },
  {
    rule: 'T01', title: 'a value of 2^63', expect: ['T01'],
    trace: (t) => t.record().call('SchedContextConsumed').on(9).reply({}, 0x8000_0000_0000_0000n),
  },
  {
    rule: 'T01', title: 'a value in another unit is reported once', expect: ['T01'],
    trace: (t) => {
      t.record().time(5_000_000, 5_000_500).call('SchedContextConsumed').on(9).reply({}, 40_000);
      t.record().time(5_100_000, 5_100_500).call('SchedContextConsumed').on(9).reply({}, 90);
    },
  },
  {
    rule: 'T01', title: 'all of the time that has passed, part of it charged after the first read', expect: [],
    trace: (t) => {
      t.record().time(5_000_000, 5_000_500).call('SchedContextConsumed').on(9).reply({}, 4_000);
      t.record().time(5_100_000, 5_100_500).call('SchedContextConsumed').on(9).reply({}, 1_100);
      t.record().time(5_100_900, 5_101_500).call('SchedContextConsumed').on(8).reply({}, 5_100);
    },
  },
];
