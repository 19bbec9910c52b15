// SPDX-License-Identifier: BSD-2-Clause
/** Faults that released kernels had, as they showed on riscv64 or would have. */
import type { RuleCase } from './rule-case.ts';

/** An operation that wrote its result and tag whatever the call was, and lost the tag of a Call to the generic answer. */
function lostInfo(method: string, commit: string): RuleCase[] {
  return [
    {
      rule: 'K05', title: `${method} by Call before ${commit}`, expect: ['K05', 'K09'],
      trace: (t) => t.record().call(method).replyWith({ tag: { length: 0 }, words: [0x8000], written: { words: [0] } }),
    },
    {
      rule: 'K05', title: `${method} by Call before ${commit}, its two writes recorded apart`, expect: ['K05', 'K09'],
      trace: (t) => t.record().call(method)
        .deliver('reply', 1, { words: [0x8000], written: { badge: false } })
        .replyWith({ words: [], tag: { length: 0 } }),
    },
    {
      rule: 'N01', title: `${method} by Send before ${commit}`, expect: ['N01'],
      trace: (t) => t.record().send(method).replyWith({ badge: 0x10, words: [0x8000], written: { badge: false } }).ends('completed'),
    },
  ];
}

export const HISTORIC_CASES: readonly RuleCase[] = [
  ...lostInfo('RISCVPageGetAddress', '4ce6cbe9e'),
  ...lostInfo('SchedContextConsumed', '90dafb2e7'),
  ...lostInfo('SchedContextYieldTo', '90dafb2e7'),
  {
    rule: 'K01', title: 'Page_Unmap of an unmapped frame before a8d3c549b', expect: ['K01', 'K03'],
    trace: (t) => t.record().call('RISCVPageUnmap').moves(1, 'Running', 'Running').ends('completed'),
  },
  {
    rule: 'N01', title: 'badge and tag cleared for Send before d7d8b4889', expect: ['N01'],
    trace: (t) => t.record().send('RISCVPageUnmap').reply({}).ends('completed'),
  },
  {
    rule: 'K02', title: 'a result with the capability pointer as badge before 24307c2cb', expect: ['K02'],
    trace: (t) => t.record().call('RISCVPageGetAddress').replyWith({ badge: 0x10, words: [1], written: { badge: false } }),
  },
  {
    rule: 'N02', title: 'a delayed YieldTo by Send, answered later (seL4#1471)', expect: ['N02'],
    trace: (t) => {
      t.record().send('SchedContextYieldTo').on(9).ends('completed').with('yieldPending').next(2);
      t.record().by(2).syscall('Wait', 'Notification').moves(2, 'Running', 'BlockedOnNotification').ends('blocked').next(1)
        .deliver('lateReply', 1, { answers: 1, words: [5] });
    },
  },
  {
    rule: 'N03', title: 'a delayed YieldTo completed in the current thread before 90dafb2e7', expect: ['N02', 'N03', 'S11'],
    trace: (t) => {
      t.record().call('SchedContextYieldTo').on(9).reply().with('yieldPending').next(2);
      t.record().by(2).send('CNodeDelete', 5, 64).ends('completed').deliver('lateReply', 2, { badge: 0x10, words: [5], written: { badge: false } }).next(1);
    },
  },
  {
    rule: 'F01', title: 'VMFault without its PrefetchFault word before 05a914b6f', expect: ['K08', 'F01'],
    trace: (t) => t.record().cause('vmFault').moves(1, 'Running', 'BlockedOnReply').moves(2, 'BlockedOnReceive', 'Running').faults('VMFault').next(2)
      .deliver('fault', 2, { tag: { label: 6 }, words: [0x1000, 2, 3, 4], written: { words: [0, 1, 3] } }),
  },
  {
    rule: 'F01', title: 'UserException with five words before 9f5733e15', expect: ['F01'],
    trace: (t) => t.record().cause('userException').moves(1, 'Running', 'BlockedOnReply').moves(2, 'BlockedOnReceive', 'Running').faults('UserException').next(2)
      .faultMessage(2, 'UserException', 1, 2, 3, 4, 5),
  },
  {
    rule: 'S05', title: 'a caller that went on because the receiver had no reply object, before 5d1db7c94', expect: ['S05'],
    trace: (t) => t.record().syscall('Call', 'Endpoint').moves(2, 'BlockedOnReceive', 'Running').deliver('message', 2).ends('completed').next(2),
  },
  {
    rule: 'S05', title: 'a queued faulter restarted with its endpoint gone, before 395df9396', expect: ['S05'],
    trace: (t) => {
      t.record().by(2).cause('vmFault').moves(2, 'Running', 'BlockedOnSend').faults('VMFault').next(1);
      t.record().call('CNodeDelete', 5, 64).moves(2, 'BlockedOnSend', 'Restart').reply();
    },
  },
  {
    rule: 'S03', title: 'a call made twice after Suspend and Resume, before 7c1a70533', expect: ['S03', 'S02'],
    trace: (t) => {
      t.record().by(2).call('TCBResume').on(7).reply().next(1);
      t.record().call('TCBSuspend').on(2).moves(2, 'Running', 'Inactive', 1).reply();
      t.record().call('TCBResume').on(2).moves(2, 'Inactive', 'Restart').reply().next(2);
      t.record().by(2).cptr(0).syscall('Call', 'Null').reply({ label: 2 }, 0);
    },
  },
];
