// SPDX-License-Identifier: BSD-2-Clause
/** Memory that the kernel touches, and registers that nobody expects to change: rules B01 to B03, L04, L05. */
import { ERROR } from '../../abi/errors.ts';
import { SLOT } from '../../abi/registers.ts';
import { STRAY } from '../../trace/trap-record.ts';
import { answer, stubFacts, type RecordBuilder, type TraceBuilder } from '../testing.ts';
import type { RuleCase } from './rule-case.ts';

/** Thread 1 sends five words to thread 2. */
function longMessage(t: TraceBuilder): RecordBuilder {
  return t.record().syscall('Send', 'Endpoint', { length: 5 }, 1, 2, 3, 4, 5).moves(2, 'BlockedOnReceive', 'Running').ends('completed')
    .deliver('message', 2, { words: [1, 2, 3, 4, 5] });
}

/** Thread 1 sets registers of thread 2, and the kernel writes these slots. */
function writeRegisters(t: TraceBuilder, count: number, slots: readonly number[]): void {
  t.record().call('TCBWriteRegisters', 0, count, 0x4000, 1, 2, 3).on(2).reply()
    .deliver('registers', 2, { written: { badge: false, tag: false, slots } });
}

export const MEMORY_CASES: readonly RuleCase[] = [
  {
    rule: 'B01', title: 'a message into the buffer of a receiver that has only a read-only one', expect: ['B01'],
    trace: (t) => longMessage(t).stray(STRAY.deniedBuffer),
  },
  {
    rule: 'B01', title: 'a message into a good buffer', expect: [],
    trace: (t) => longMessage(t),
  },
  {
    rule: 'B02', title: 'a message word that went elsewhere', expect: ['B02'],
    trace: (t) => longMessage(t).stray(STRAY.foreignMemory),
  },
  {
    rule: 'B02', title: 'a store of the kernel to a page of user memory, without a message', expect: ['B02'],
    trace: (t) => t.record().call('TCBBindNotification').reply().stray(STRAY.foreignMemory, 0x8100_0000, 0xffff_ffc0),
  },
  {
    rule: 'B02', title: 'a reply of five words in the buffer of its caller', expect: [],
    trace: (t) => t.record().call('TCBReadRegisters', 0, 5).on(2).reply({}, 1, 2, 3, 4, 5),
  },
  {
    rule: 'B03', title: 'a load through a null pointer', expect: ['B03'],
    trace: (t) => t.record().call('TCBBindNotification').reply().stray(STRAY.userAddress, 0x18, 0xffff_ff80),
  },
  {
    rule: 'B03', title: 'a kernel that stopped over address 0', expect: ['B03'],
    trace: (t) => t.record().call('TCBBindNotification').reply().stray(STRAY.userAddress).next(0, 'IdleThreadState'),
  },
  {
    rule: 'B03', title: 'a kernel that stays where it belongs', expect: [],
    trace: (t) => t.record().call('TCBBindNotification').reply(),
  },
  {
    rule: 'L04', title: 'a stub that copies a whole structure', expect: ['L04'],
    facts: (model) => Object.assign(answer(stubFacts(model, 'TCBReadRegisters', 'Call', [0, 32]), 0, { length: 32 }, ...new Array<number>(32).fill(7)), { outWordsRead: 31 }),
  },
  {
    rule: 'L04', title: 'a stub that copies what was asked for, and one that was refused', expect: [],
    facts: (model) => Object.assign(answer(stubFacts(model, 'TCBReadRegisters', 'Call', [0, 2]), 0, { length: 2 }, 1, 2), { outWordsRead: 2 }),
  },
  {
    rule: 'L04', title: 'a kernel that sets a register more', expect: ['L04'],
    trace: (t) => writeRegisters(t, 2, [SLOT.FaultIP, SLOT.ra, SLOT.sp, SLOT.NextIP]),
  },
  {
    rule: 'L04', title: 'a kernel that sets none', expect: ['L04'],
    trace: (t) => t.record().call('TCBWriteRegisters', 0, 1, 0x4000).on(2).reply(),
  },
  {
    rule: 'L04', title: 'as many registers as asked for, whatever the request has besides; and an attempt that failed unseen', expect: [],
    trace: (t) => {
      writeRegisters(t, 2, [SLOT.FaultIP, SLOT.ra, SLOT.NextIP]);
      writeRegisters(t, 0, [SLOT.NextIP]);
      t.record().send('TCBWriteRegisters', 0, 40, 0x4000).on(2).ends('completed');
      t.record().call('TCBWriteRegisters', 0, 40, 0x4000).on(2).reply({ label: ERROR.TruncatedMessage });
    },
  },
  {
    rule: 'L05', title: 'a reply that sets the register of the reply object', expect: ['L05'],
    trace: (t) => t.record().call('TCBBindNotification').replyWith({ written: { slots: [SLOT.a6] } }),
  },
  {
    rule: 'L05', title: 'a message register of the sender of a message', expect: ['L05'],
    trace: (t) => t.record().syscall('NBSend', 'Endpoint', { length: 1 }, 7).ends('completed').deliver('other', 1, { written: { badge: false, tag: false, words: [1] } }),
  },
  {
    rule: 'L05', title: 'a sender that finds its message register changed when its message was taken', expect: ['L05'],
    trace: (t) => {
      t.record().by(2).syscall('Send', 'Endpoint').moves(2, 'Running', 'BlockedOnSend').ends('blocked').next(1);
      t.record().syscall('Recv', 'Endpoint').moves(2, 'BlockedOnSend', 'Running').ends('completed')
        .deliver('message', 1).deliver('message', 2, { written: { badge: false, tag: false, words: [0] } });
    },
  },
  {
    rule: 'L05', title: 'a yield that changes the cap register', expect: ['L05'],
    trace: (t) => t.record().syscall('Yield').ends('completed').deliver('other', 1, { written: { tag: false } }),
  },
  {
    rule: 'L05', title: 'messages, replies, signals, and the program counters', expect: [],
    trace: (t) => {
      t.record().call('TCBBindNotification').replyWith({ written: { slots: [SLOT.FaultIP, SLOT.NextIP, SLOT.scause, SLOT.sstatus] } });
      t.record().by(2).syscall('Send', 'Endpoint').moves(2, 'Running', 'BlockedOnSend').ends('blocked').next(1);
      t.record().syscall('Recv', 'Endpoint').moves(2, 'BlockedOnSend', 'Running').ends('completed').deliver('message', 1);
      t.record().syscall('NBRecv', 'Endpoint').ends('completed').deliver('other', 1, { written: { tag: false } });
      t.record().call('TCBWriteRegisters', 0, 1, 0x4000).on(2).reply().deliver('registers', 2, { written: { badge: false, tag: false, slots: [SLOT.FaultIP] } });
    },
  },
];
