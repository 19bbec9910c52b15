// SPDX-License-Identifier: BSD-2-Clause
/** A kernel of a few instructions with two user threads, traced by its registers alone. */
import { describe, expect, it } from 'vitest';
import { CAP_TYPE_NONE, SLOT } from '../../../schema/abi/index.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import { RuleEngine } from '../../../schema/rules/engine.ts';
import type { Subject } from '../../../schema/trace/names.ts';
import { CAUSE, DELIVERY, FLAG, type TrapRecord } from '../../../schema/trace/trap-record.ts';
import { Probe } from '../../probe/probe.ts';
import { bootedProgram } from '../boot/testing/machines.ts';
import { RegisterObserver } from './register-observer.ts';

/** Address of the registers of each thread, as the kernel keeps it in sscratch. */
const A = 0xffff_ffc0_8030_0400n;
const B = 0xffff_ffc0_8030_0c00n;

/** Answers a0 = 0, a1 = 1 to Call; changes to the other thread on Yield; shuts down at a breakpoint. */
const KERNEL = `
  la t0, handler
  csrw stvec, t0
  li s1, ${A}
  li s2, ${B}
  csrw sscratch, s1
  la t0, user
  csrw sepc, t0
  li t0, 0x100
  csrc sstatus, t0
  sret
  user:
  li a7, -1
  li a0, 5
  li a1, 0x1002
  li a2, 7
  li a3, 8
  ecall
  li a7, -11
  ecall
  ebreak
  .align 2
  handler:
  csrr s3, scause
  li s4, 3
  beq s3, s4, off
  csrr s3, sepc
  addi s3, s3, 4
  csrw sepc, s3
  li s3, -1
  bne a7, s3, yield
  li a0, 0
  li a1, 1
  sret
  yield:
  csrw sscratch, s2
  sret
  off:
  li a7, 8
  ecall`;

/** Every record of the program's run, and what was told of its threads. */
function trace(): { records: TrapRecord[]; subjects: Subject[] } {
  const { machine } = bootedProgram('S', KERNEL, 'typescript');
  const observer = new RegisterObserver(machine, 'mcs');
  const records: TrapRecord[] = [];
  const subjects: Subject[] = [];
  new Probe(observer, { record: (record) => records.push(record.clone()), subject: (subject) => subjects.push(subject) });
  expect(observer.run(10_000)).toBe('ended');
  return { records, subjects };
}

describe('RegisterObserver', () => {
  it('shows the request at the trap and the registers at the return', () => {
    const [call] = trace().records;
    expect(call).toMatchObject({
      cause: CAUSE.syscall, syscall: -1, thread: 1, next: 1, cptrLo: 5, tagLo: 0x1002, wordCount: 2, capType: CAP_TYPE_NONE, method: 0, transitionCount: 0, deliveryCount: 1,
    });
    expect([...call!.words.subarray(0, 4)]).toEqual([7, 0, 8, 0]);
    const delivery = call!.deliveries[0]!;
    expect(delivery).toMatchObject({ kind: DELIVERY.other, thread: 1, badgeLo: 0, tagLo: 1 });
    expect([SLOT.a0, SLOT.a1, SLOT.a2, SLOT.a3].map((slot) => delivery.slotWritten(slot))).toEqual([true, true, false, false]);
    expect(call!.pcAfterLo).toBe(call!.pcBeforeLo + 4);
  });

  it('knows threads by sscratch, and who runs next', () => {
    const { records, subjects } = trace();
    expect(records.map(({ cause, thread, next }) => [cause, thread, next])).toEqual([[CAUSE.syscall, 1, 1], [CAUSE.syscall, 1, 2], [CAUSE.userException, 2, 0]]);
    expect(subjects.map(({ name }) => name)).toEqual([`thread at 0x${A.toString(16)}`, `thread at 0x${B.toString(16)}`]);
  });

  it('marks its records, so that no rule is asked', () => {
    const { records } = trace();
    expect(records.every(({ flags }) => (flags & FLAG.registersOnly) !== 0)).toBe(true);
    const found: string[] = [];
    const engine = new RuleEngine(interfacesOf('riscv64-mcs'), ({ rule }) => found.push(rule));
    for (const record of records) engine.apply(record);
    expect(found).toEqual([]);
    // The same records with the mark taken off are full of holes for the rules.
    const unmarked = new RuleEngine(interfacesOf('riscv64-mcs'), ({ rule }) => found.push(rule));
    for (const record of records) {
      record.flags &= ~FLAG.registersOnly;
      unmarked.apply(record);
    }
    expect(found).not.toEqual([]);
  });
});
