// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { BUFFER_NONE, BUFFER_RO, CAP_TYPE, CAP_TYPE_NONE, ROLE, SLOT, STATE } from '../../schema/abi/index.ts';
import type { Scheduling } from '../../schema/abi/index.ts';
import type { Subject } from '../../schema/trace/names.ts';
import { CAUSE, DELIVERY, FLAG, OUTCOME, STRAY, TRANSITION_FLAG } from '../../schema/trace/trap-record.ts';
import type { Delivery, TrapRecord } from '../../schema/trace/trap-record.ts';
import { Probe } from './probe.ts';
import { ScriptedHost } from './scripted-host.ts';

const METHOD = 38;
const UNKNOWN_SYSCALL = 2;
const TIMEOUT = 5;

/** A host with its probe and all records so far. */
function watch(threads = 3, scheduling: Scheduling = 'mcs'): { host: ScriptedHost; probe: Probe; records: TrapRecord[]; subjects: Subject[] } {
  const host = new ScriptedHost(threads, scheduling);
  const records: TrapRecord[] = [];
  const subjects: Subject[] = [];
  const probe = new Probe(host, { record: (record) => records.push(record.clone()), subject: (subject) => subjects.push(subject) });
  return { host, probe, records, subjects };
}

function slotsOf(delivery: Delivery): number[] {
  return Array.from({ length: 64 }, (_, i) => i).filter((slot) => delivery.slotWritten(slot));
}

function bufferWordsOf(delivery: Delivery): number[] {
  return Array.from({ length: 128 }, (_, i) => i).filter((index) => delivery.bufferWordWritten(index));
}

function lowWords(lanes: Uint32Array, count: number): number[] {
  return Array.from({ length: count }, (_, i) => lanes[2 * i]!);
}

describe('a request', () => {
  it('is recorded with its capability, tag, words, extra caps and time', () => {
    const { host, records, probe } = watch();
    host.request(1, 'Call', 0x1000, 0x20, { label: METHOD, words: [1, 2, 3, 4, 5, 6], extraCaps: [7, 8] });
    host.trap(1, 1, (kernel) => kernel.invocation(CAP_TYPE.SchedContext, 9, METHOD));
    expect(records).toHaveLength(1);
    expect(probe.lastSeq).toBe(1);
    const record = records[0]!;
    expect(record).toMatchObject({
      seq: 1, entryTime: 100, exitTime: 150, cause: CAUSE.syscall, thread: 1, syscall: -1, cptrLo: 0x20, cptrHi: 0, capType: CAP_TYPE.SchedContext,
      object: 9, method: METHOD, tagLo: (METHOD << 12) | (2 << 7) | 6, wordCount: 6, capCount: 2, bufferKind: 2, pcBeforeLo: 0x1000, pcAfterLo: 0x1004,
      next: 1, nextState: STATE.Running, consumed: 50, budget: 1000, flags: FLAG.pcAdvanced | FLAG.nextHasSchedContext,
    });
    expect(lowWords(record.words, 6)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(lowWords(record.caps, 2)).toEqual([7, 8]);
  });

  it('has four words at most, and no extra caps, without a usable buffer', () => {
    const { host, records } = watch();
    host.thread(1).bufferKind = BUFFER_NONE;
    host.request(1, 'Send', 0x1000, 5, { words: [1, 2, 3, 4, 5], extraCaps: [7] });
    host.trap(1, 1);
    expect(records[0]).toMatchObject({ bufferKind: 0, wordCount: 4, capCount: 0 });
  });

  it('has no more than 120 words, and reads them from a read-only buffer too', () => {
    const { host, records } = watch();
    host.thread(1).bufferKind = BUFFER_RO;
    host.request(1, 'Send', 0x1000, 5, { words: Array.from({ length: 127 }, (_, i) => i + 1) });
    host.trap(1, 1);
    expect(records[0]).toMatchObject({ bufferKind: 1, wordCount: 120 });
    expect(lowWords(records[0]!.words, 120)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
  });

  it('has no words when the system call sends nothing: its tag is a leftover', () => {
    const { host, records } = watch();
    host.request(1, 'Recv', 0x1000, 5, { words: [1, 2, 3], reply: 6 });
    host.trap(1, 1);
    expect(records[0]).toMatchObject({ syscall: -7, cptrLo: 5, tagLo: 3, wordCount: 0, replyLo: 6 });
    host.request(1, 'Yield', 0x1000, 5, { words: [1, 2, 3], reply: 6 });
    host.trap(1, 1);
    expect(records[1]).toMatchObject({ syscall: -11, tagLo: 3, wordCount: 0, replyLo: 0, capType: CAP_TYPE_NONE });
  });

  it('names the capability that the combined system calls invoke first, and for ReplyRecv the source', () => {
    const { host, records } = watch();
    const kernelObject = (): void => host.kernel.invocation(CAP_TYPE.Untyped, 30, 1);
    const endpoint = (): void => host.kernel.invocation(CAP_TYPE.Endpoint, 31, 0);
    const reply = (): void => host.kernel.invocation(CAP_TYPE.Reply, 32, 0);
    host.request(1, 'NBSendWait', 0x1000, 5, { reply: 6 });
    host.trap(1, 1, () => { kernelObject(); endpoint(); });
    host.request(1, 'NBSendRecv', 0x1000, 5, { reply: 6 });
    host.thread(1).registers[2 * ROLE.nbSendRecvDest] = 7;
    host.trap(1, 1, () => { kernelObject(); endpoint(); });
    host.request(1, 'ReplyRecv', 0x1000, 5, { reply: 6 });
    host.trap(1, 1, () => { reply(); endpoint(); });
    host.trap(1, 1, () => { endpoint(); });
    host.trap(1, 1, () => { kernelObject(); endpoint(); });
    const seen = records.map((r) => [r.cptrLo, r.capType, r.object, r.method, r.replyLo]);
    expect(seen).toEqual([
      [6, CAP_TYPE.Untyped, 30, 1, 0],
      [7, CAP_TYPE.Untyped, 30, 1, 6],
      [5, CAP_TYPE.Endpoint, 31, 0, 6],
      [5, CAP_TYPE.Endpoint, 31, 0, 6],
      [6, CAP_TYPE.Untyped, 30, 1, 6],
    ]);
  });

  it('is none when the cause is an exception or an interrupt', () => {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 5, { words: [1] });
    host.trap(1, 1, () => {}, CAUSE.interrupt);
    host.trap(0, 1, () => {}, CAUSE.interrupt);
    expect(records[0]).toMatchObject({ cause: CAUSE.interrupt, thread: 1, syscall: 0, cptrLo: 0, tagLo: 0, wordCount: 0, pcBeforeLo: 0x1000, flags: FLAG.nextHasSchedContext });
    expect(records[1]).toMatchObject({ thread: 0, outcome: OUTCOME.completed, pcBeforeLo: 0 });
  });

  it('has number 0 when the register holds no 32-bit integer', () => {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 5);
    host.thread(1).registers[2 * ROLE.syscall + 1] = 0;
    host.trap(1, 1);
    expect(records[0]!.syscall).toBe(0);
  });
});

describe('an outcome', () => {
  /** Outcome of a Call in which the script runs and after which thread 1 is in `state`. */
  function outcomeOf(script: (host: ScriptedHost) => void): TrapRecord {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 5, { label: METHOD });
    host.trap(1, 2, () => script(host));
    return records[0]!;
  }

  it.each<[keyof typeof OUTCOME, string, (host: ScriptedHost) => void]>([
    ['completed', 'nothing is written', () => {}],
    ['completed', 'a reply wrote words but no tag', (h) => { h.kernel.delivery(1, DELIVERY.reply); h.write(1, ROLE.mr0, 7); }],
    ['completed', 'a message arrived', (h) => h.deliver(1, DELIVERY.message, { label: 3 })],
    ['completed', 'another thread got a reply', (h) => h.deliver(2, DELIVERY.reply)],
    ['replied', 'a reply has label 0', (h) => h.deliver(1, DELIVERY.reply, { words: [1] })],
    ['error', 'a reply has another label', (h) => h.deliver(1, DELIVERY.reply, { label: 4, words: [1, 64] })],
    ['error', 'a reply has a label that is no error', (h) => h.deliver(1, DELIVERY.reply, { label: 99 })],
    ['blocked', 'the thread waits for a reply', (h) => h.setState(1, STATE.BlockedOnReply)],
    ['blocked', 'the thread waits to send', (h) => h.setState(1, STATE.BlockedOnSend)],
    ['blocked', 'the thread waits for a message', (h) => h.setState(1, STATE.BlockedOnReceive)],
    ['blocked', 'the thread waits for a signal', (h) => h.setState(1, STATE.BlockedOnNotification)],
    ['stopped', 'the thread suspended itself', (h) => h.setState(1, STATE.Inactive)],
    ['preempted', 'a preemption point stopped it', (h) => { h.setState(1, STATE.Restart); h.kernel.preempted(); }],
    ['outOfBudget', 'the budget was spent at entry', (h) => { h.setState(1, STATE.Restart); h.kernel.outOfBudget(); }],
    ['faulted', 'the thread faulted', (h) => { h.kernel.faulted(1, 1); h.setState(1, STATE.BlockedOnReply); }],
    ['faulted', 'the thread faulted without a handler', (h) => { h.kernel.faulted(1, 1); h.setState(1, STATE.Inactive); }],
    ['faulted', 'a Timeout fault was raised for want of budget', (h) => { h.kernel.outOfBudget(); h.kernel.faulted(1, TIMEOUT); h.setState(1, STATE.BlockedOnReply); }],
    ['blocked', 'another thread faulted', (h) => { h.kernel.faulted(2, TIMEOUT); h.setState(1, STATE.BlockedOnReply); }],
  ])('is %s when %s', (outcome, _, script) => {
    expect(outcomeOf(script).outcome).toBe(OUTCOME[outcome]);
  });

  it('is an error with an effect when a capability was changed all the same', () => {
    const refuse = (changed: boolean, label: number): number => outcomeOf((h) => {
      h.capabilitiesChange = changed;
      h.deliver(1, DELIVERY.reply, { label });
    }).flags & FLAG.refusedWithEffect;
    expect([refuse(true, 4), refuse(false, 4), refuse(true, 0)]).toEqual([FLAG.refusedWithEffect, 0, 0]);
  });

  it('keeps the first fault label of the invoker', () => {
    expect(outcomeOf((h) => { h.kernel.faulted(1, 1); h.kernel.faulted(1, TIMEOUT); }).fault).toBe(1);
    expect(outcomeOf((h) => h.kernel.faulted(2, 1)).fault).toBe(0);
  });

  it('makes an unknown system call its cause', () => {
    expect(outcomeOf((h) => { h.kernel.faulted(1, UNKNOWN_SYSCALL); h.setState(1, STATE.BlockedOnReply); })).toMatchObject({ cause: CAUSE.unknownSyscall, syscall: -1 });
  });

  it('tells the pc at which the thread goes on', () => {
    const stays = { pcAfterLo: 0x1000, flags: FLAG.nextHasSchedContext };
    const moves = { pcAfterLo: 0x1004, flags: FLAG.pcAdvanced | FLAG.nextHasSchedContext };
    expect(outcomeOf((h) => h.deliver(1, DELIVERY.reply))).toMatchObject(moves);
    expect(outcomeOf((h) => h.setState(1, STATE.BlockedOnReply))).toMatchObject(moves);
    expect(outcomeOf((h) => h.setState(1, STATE.Restart))).toMatchObject(stays);
    expect(outcomeOf((h) => h.setState(1, STATE.Inactive))).toMatchObject(stays);
    expect(outcomeOf((h) => { h.kernel.faulted(1, 1); h.setState(1, STATE.BlockedOnReply); })).toMatchObject(stays);
  });

  it('starts anew after a preempted trap', () => {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 5, { label: METHOD });
    host.trap(1, 2, (kernel) => { host.setState(1, STATE.Restart); kernel.preempted(); });
    host.setState(1, STATE.Running);
    host.request(1, 'Call', 0x1000, 5, { label: METHOD });
    host.trap(1, 1, () => host.deliver(1, DELIVERY.reply));
    expect(records.map((r) => [r.seq, r.outcome, r.transitionCount, r.deliveryCount])).toEqual([[1, OUTCOME.preempted, 1, 0], [2, OUTCOME.replied, 0, 1]]);
    expect(records[1]!.deliveries[0]!.answers).toBe(2);
    expect(records[0]!.flags & FLAG.pcAdvanced).toBe(0);
  });
});

describe('a delivery', () => {
  it('has the slots and buffer words that were written, a rewrite of the same value too', () => {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 0, {});
    host.trap(1, 1, () => host.deliver(1, DELIVERY.reply, { badge: 0, words: [0, 0, 0, 0, 0, 0] }));
    const delivery = records[0]!.deliveries[0]!;
    expect(slotsOf(delivery)).toEqual([ROLE.badge, ROLE.tag, ROLE.mr0, ROLE.mr0 + 1, ROLE.mr0 + 2, ROLE.mr0 + 3]);
    expect(bufferWordsOf(delivery)).toEqual([5, 6]);
    expect(delivery).toMatchObject({ kind: DELIVERY.reply, thread: 1, answers: 1, tagLo: 6, wordCount: 6 });
  });

  it('is read after the trap: badge, tag and words as the thread will see them', () => {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 5);
    host.trap(1, 1, () => {
      host.deliver(1, DELIVERY.reply, { badge: 3, words: [10, 11, 12, 13, 14] });
      host.write(1, ROLE.tag, 2);
      host.write(1, ROLE.mr0, 20);
    });
    const delivery = records[0]!.deliveries[0]!;
    expect(records[0]!.deliveryCount).toBe(1);
    expect(delivery).toMatchObject({ badgeLo: 3, tagLo: 2, wordCount: 5 });
    expect(lowWords(delivery.words, 5)).toEqual([20, 11, 12, 13, 14]);
  });

  it('has no words from a tag that it did not write', () => {
    const { host, records } = watch();
    host.request(1, 'Wait', 0x1000, 5, { words: [1, 2, 3] });
    host.trap(1, 1, (kernel) => { kernel.delivery(1, DELIVERY.signal); host.write(1, ROLE.badge, 4); });
    expect(records[0]!.deliveries[0]).toMatchObject({ kind: DELIVERY.signal, badgeLo: 4, tagLo: 3, wordCount: 0, answers: 1 });
  });

  it('claims no more words than can be read: four without a buffer, 120 with one', () => {
    const { host, records } = watch();
    host.thread(2).bufferKind = BUFFER_NONE;
    host.request(1, 'Send', 0x1000, 5);
    host.trap(1, 1, (kernel) => {
      for (const id of [2, 3]) {
        kernel.delivery(id, DELIVERY.message);
        host.write(id, ROLE.tag, 127);
      }
    });
    expect(records[0]!.deliveries.map((d) => d.wordCount)).toEqual([4, 120]);
  });

  it('counts what was written beyond the message area as written, not as words', () => {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 5);
    host.trap(1, 1, (kernel) => {
      host.deliver(1, DELIVERY.reply);
      for (const index of [0, 1, 4, 121, 127]) kernel.bufferWordWritten(1, index);
    });
    expect(records[0]!.deliveries[0]!.wordCount).toBe(0);
    expect(bufferWordsOf(records[0]!.deliveries[0]!)).toEqual([0, 1, 4, 121, 127]);
  });

  it('is `other` when the kernel did not say what it writes', () => {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 5);
    host.trap(1, 1, () => { host.write(2, SLOT.t0, 1); host.write(2, SLOT.NextIP, 8); });
    expect(records[0]!.deliveries[0]).toMatchObject({ kind: DELIVERY.other, thread: 2, answers: 0, wordCount: 0 });
    expect(slotsOf(records[0]!.deliveries[0]!)).toEqual([SLOT.t0, SLOT.NextIP]);
  });

  it('is one per thread and kind, in the order of the first writes, and none without a write', () => {
    const { host, records } = watch();
    host.request(1, 'ReplyRecv', 0x1000, 5);
    host.trap(1, 1, (kernel) => {
      kernel.delivery(3, DELIVERY.signal);
      host.deliver(2, DELIVERY.message, { words: [1] });
      host.deliver(1, DELIVERY.message, { badge: 9, words: [2, 3] });
      host.write(2, ROLE.mr0, 7);
      kernel.delivery(2, DELIVERY.registers);
      host.write(2, SLOT.sp, 7);
      kernel.delivery(2, DELIVERY.message);
      host.write(2, ROLE.mr0 + 1, 8);
    });
    const record = records[0]!;
    expect(record.deliveries.slice(0, record.deliveryCount).map((d) => [d.thread, d.kind, d.wordCount])).toEqual([
      [2, DELIVERY.message, 2], [1, DELIVERY.message, 2], [2, DELIVERY.registers, 0],
    ]);
    expect(slotsOf(record.deliveries[0]!)).toEqual([ROLE.badge, ROLE.tag, ROLE.mr0, ROLE.mr0 + 1]);
    expect(slotsOf(record.deliveries[1]!)).toEqual([ROLE.badge, ROLE.tag, ROLE.mr0, ROLE.mr0 + 1]);
    expect(slotsOf(record.deliveries[2]!)).toEqual([SLOT.sp]);
  });

  it('forgets the kind with the trap', () => {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 5);
    host.trap(1, 1, () => host.deliver(2, DELIVERY.message));
    host.trap(1, 1, () => host.write(2, ROLE.badge, 1));
    expect(records[1]!.deliveries[0]!.kind).toBe(DELIVERY.other);
    expect(slotsOf(records[1]!.deliveries[0]!)).toEqual([ROLE.badge]);
  });
});

describe('an answer', () => {
  function answers(record: TrapRecord): [thread: number, kind: number, answers: number][] {
    return record.deliveries.slice(0, record.deliveryCount).map((d) => [d.thread, d.kind, d.answers]);
  }

  it('points from a message to the Recv and from a reply to the Call that wait for it', () => {
    const { host, records } = watch();
    host.request(2, 'Recv', 0x2000, 5);
    host.trap(2, 1, () => host.setState(2, STATE.BlockedOnReceive));
    host.request(1, 'Yield', 0x1000, 0);
    host.trap(1, 1);
    host.request(1, 'Call', 0x1000, 5);
    host.trap(1, 2, () => {
      host.setState(1, STATE.BlockedOnReply);
      host.deliver(2, DELIVERY.message, { badge: 1 });
      host.setState(2, STATE.Running);
    });
    host.request(2, 'ReplyRecv', 0x2000, 5);
    host.trap(2, 1, () => {
      host.deliver(1, DELIVERY.message, { words: [1] });
      host.setState(1, STATE.Running);
      host.setState(2, STATE.BlockedOnReceive);
    });
    host.request(1, 'Send', 0x1004, 6);
    host.trap(1, 1, () => host.deliver(2, DELIVERY.signal));
    host.trap(1, 1, () => host.deliver(2, DELIVERY.signal));
    expect(records.map(answers)).toEqual([[], [], [[2, DELIVERY.message, 1]], [[1, DELIVERY.message, 3]], [[2, DELIVERY.signal, 4]], [[2, DELIVERY.signal, 0]]]);
  });

  it('points from a late reply to the YieldTo', () => {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 5);
    host.trap(1, 2, (kernel) => { host.deliver(1, DELIVERY.reply); kernel.yieldPending(1, true); });
    host.request(2, 'Yield', 0x2000, 5);
    host.trap(2, 2);
    host.trap(2, 1, (kernel) => { kernel.yieldPending(1, false); host.deliver(1, DELIVERY.lateReply, { words: [7] }); });
    host.trap(2, 1, () => host.deliver(1, DELIVERY.lateReply));
    expect(records.map((r) => (r.flags & FLAG.yieldPending) !== 0)).toEqual([true, false, false, false]);
    expect(records.map(answers)).toEqual([[[1, DELIVERY.reply, 1]], [], [[1, DELIVERY.lateReply, 1]], [[1, DELIVERY.lateReply, 0]]]);
    expect(records[2]!.deliveries[0]).toMatchObject({ tagLo: 1, wordCount: 1 });
  });

  it('points from a late reply to its own trap when that completes the YieldTo', () => {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 5);
    host.trap(1, 1, (kernel) => {
      host.deliver(1, DELIVERY.reply);
      kernel.yieldPending(1, true);
      kernel.yieldPending(1, false);
      host.deliver(1, DELIVERY.lateReply, { words: [7] });
    });
    expect(answers(records[0]!)).toEqual([[1, DELIVERY.reply, 1], [1, DELIVERY.lateReply, 1]]);
    expect(records[0]!.flags & FLAG.yieldPending).toBe(0);
  });

  it('points from a fault reply to the trap that faulted, but not from WriteRegisters', () => {
    const { host, records } = watch();
    const fault = (): void => {
      host.request(1, 'Call', 0x1000, 5);
      host.trap(1, 2, (kernel) => {
        kernel.faulted(1, 1);
        host.deliver(2, DELIVERY.fault, { words: [1, 2, 3, 4] });
        host.setState(1, STATE.BlockedOnReply);
      });
    };
    const writeRegisters = (): void => { host.kernel.delivery(1, DELIVERY.registers); host.write(1, SLOT.sp, 1); };
    fault();
    host.request(2, 'Send', 0x2000, 6);
    host.trap(2, 1, (kernel) => { kernel.invocation(CAP_TYPE.Reply, 8, 0); writeRegisters(); });
    fault();
    host.trap(2, 1, (kernel) => { kernel.invocation(CAP_TYPE.Thread, 1, 3); writeRegisters(); });
    expect([records[1]!, records[3]!].map(answers)).toEqual([[[1, DELIVERY.registers, 1]], [[1, DELIVERY.registers, 0]]]);
    expect(answers(records[2]!)).toEqual([[2, DELIVERY.fault, 0]]);
  });

  it('points from a reply to a Timeout fault to the trap in which it was raised', () => {
    const { host, records } = watch();
    host.request(2, 'Send', 0x2000, 6);
    host.trap(2, 2, (kernel) => { host.deliver(1, DELIVERY.message); kernel.faulted(1, TIMEOUT); host.setState(1, STATE.BlockedOnReply); });
    host.trap(2, 1, (kernel) => { kernel.delivery(1, DELIVERY.registers); host.write(1, SLOT.FaultIP, 4); });
    expect(answers(records[1]!)).toEqual([[1, DELIVERY.registers, 1]]);
  });

  it('points nowhere when the write went astray', () => {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 5);
    host.trap(1, 1, () => { host.deliver(2, DELIVERY.reply); host.deliver(3, DELIVERY.message); });
    expect(answers(records[0]!)).toEqual([[2, DELIVERY.reply, 0], [3, DELIVERY.message, 0]]);
  });
});

describe('threads', () => {
  it('have their transitions in order, each with what is known of the thread at exit', () => {
    const { host, records } = watch();
    host.request(1, 'Send', 0x1000, 5);
    host.setState(2, STATE.BlockedOnReceive);
    host.thread(2).registers[2 * SLOT.FaultIP] = 8;
    host.trap(1, 1, () => {
      host.setState(1, STATE.Restart);
      host.setState(2, STATE.Running);
      host.setState(2, STATE.Restart);
      host.setState(1, STATE.Running);
      host.write(2, SLOT.NextIP, 8);
      host.kernel.stateWritten(0, STATE.IdleThreadState, STATE.IdleThreadState);
    });
    const { transitions, transitionCount } = records[0]!;
    expect(transitions.slice(0, transitionCount).map((t) => [t.thread, t.from, t.to, t.flags])).toEqual([
      [1, STATE.Running, STATE.Restart, TRANSITION_FLAG.pcBehind],
      [2, STATE.BlockedOnReceive, STATE.Running, 0],
      [2, STATE.Running, STATE.Restart, 0],
      [1, STATE.Restart, STATE.Running, TRANSITION_FLAG.pcBehind],
      [0, STATE.IdleThreadState, STATE.IdleThreadState, 0],
    ]);
  });

  it('that are destroyed are read before they are gone', () => {
    const { host, records } = watch();
    host.request(2, 'Call', 0x2000, 5);
    host.trap(2, 1, () => host.setState(2, STATE.BlockedOnReply));
    host.request(1, 'Send', 0x1000, 5);
    host.trap(1, 1, (kernel) => {
      host.deliver(2, DELIVERY.message, { badge: 4, words: [6] });
      host.setState(2, STATE.Inactive);
      kernel.destroyed(2);
      host.thread(2).registers.fill(0xdead);
      host.thread(2).alive = false;
    });
    const record = records[1]!;
    expect(record.deliveries[0]).toMatchObject({ thread: 2, answers: 1, badgeLo: 4, tagLo: 1, wordCount: 1 });
    expect(record.transitions[0]).toMatchObject({ thread: 2, to: STATE.Inactive, flags: TRANSITION_FLAG.destroyed | TRANSITION_FLAG.pcBehind });
    expect(record.flags & FLAG.invokerDestroyed).toBe(0);
  });

  it('that destroy themselves are stopped', () => {
    const { host, records } = watch();
    host.request(1, 'Call', 0x1000, 5);
    host.trap(1, 0, (kernel) => {
      host.setState(1, STATE.Inactive);
      kernel.destroyed(1);
      host.thread(1).registers.fill(0xdead);
    });
    expect(records[0]).toMatchObject({
      outcome: OUTCOME.stopped, pcAfterLo: 0x1000, next: 0, nextState: STATE.IdleThreadState, flags: FLAG.invokerDestroyed | FLAG.nextHasSchedContext,
    });
  });

  it('that run next without a scheduling context are told', () => {
    const { host, records } = watch();
    host.thread(2).hasSchedContext = false;
    host.request(1, 'Yield', 0x1000, 5);
    host.trap(1, 2);
    expect(records[0]!.flags).toBe(FLAG.pcAdvanced);
  });
});

describe('a probe', () => {
  it('passes subjects on', () => {
    const { host, subjects } = watch();
    host.kernel.subject(4, CAP_TYPE.Endpoint, 'ep');
    expect(subjects).toEqual([{ id: 4, type: CAP_TYPE.Endpoint, name: 'ep' }]);
  });

  it('passes over what happens outside traps', () => {
    const { host, records } = watch();
    host.deliver(1, DELIVERY.registers);
    host.setState(1, STATE.Inactive);
    host.kernel.faulted(1, 1);
    host.kernel.invocation(CAP_TYPE.Thread, 1, 1);
    host.kernel.destroyed(77);
    host.setState(1, STATE.Running);
    host.request(1, 'Yield', 0x1000, 5);
    host.trap(1, 1);
    expect(records[0]).toMatchObject({ deliveryCount: 0, transitionCount: 0, outcome: OUTCOME.completed, capType: CAP_TYPE_NONE });
  });

  it('tells a host that it mixed up its entries and exits', () => {
    const { host } = watch();
    expect(() => host.kernel.exit(1, 5, 0, 0)).toThrow(/without an entry/);
    host.kernel.entry(CAUSE.syscall, 1, 10);
    expect(() => host.kernel.entry(CAUSE.syscall, 1, 20)).toThrow(/entry at 20 ns within the trap that began at 10 ns/);
  });

  it('reads classic kernels by their own numbers', () => {
    const { host, records } = watch(2, 'classic');
    host.request(1, 'Reply', 0x1000, 0, { words: [5], reply: 9 });
    host.trap(1, 1);
    expect(records[0]).toMatchObject({ syscall: -6, wordCount: 1, replyLo: 0 });
  });
});

describe('memory that the kernel has no business with', () => {
  it('is recorded as the host tells it, the first of the trap only', () => {
    const { host, records } = watch();
    host.request(1, 'Send', 0x1000, 5);
    host.trap(1, 1, (kernel) => {
      kernel.strayAccess(STRAY.userAddress, 0x18, 0, 0x8400_1000, 0xffff_ffff);
      kernel.strayAccess(STRAY.foreignMemory, 1, 2, 3, 4);
    });
    host.request(1, 'Send', 0x1000, 5);
    host.trap(1, 1);
    expect(records[0]).toMatchObject({ stray: STRAY.userAddress, strayAddressLo: 0x18, strayAddressHi: 0, strayPcLo: 0x8400_1000, strayPcHi: 0xffff_ffff });
    expect(records[1]).toMatchObject({ stray: STRAY.none, strayAddressLo: 0, strayPcLo: 0 });
  });

  it('is a buffer that the kernel must not write, whoever has it', () => {
    const { host, records } = watch();
    host.thread(2).bufferKind = BUFFER_RO;
    for (const receiver of [3, 2]) {
      host.request(1, 'Send', 0x1000, 5);
      host.trap(1, 1, () => host.deliver(receiver, DELIVERY.message, { words: [1, 2, 3, 4, 5] }));
    }
    expect(records.map(({ stray }) => stray)).toEqual([STRAY.none, STRAY.deniedBuffer]);
  });
});
