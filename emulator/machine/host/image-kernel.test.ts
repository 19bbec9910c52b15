// SPDX-License-Identifier: BSD-2-Clause
/** A kernel host over a small kernel of our own, which stands for a real one. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ROLE, STATE, SYSCALL_NUMBERS, THREAD_STATES, type SyscallName } from '../../../schema/abi/index.ts';
import { CAUSE, CAUSES, DELIVERY_KINDS } from '../../../schema/trace/trap-record.ts';
import { HART_NAMES } from '../boot/hart-names.ts';
import { readKernelImage } from '../image/kernel-image.ts';
import { platformOf } from '../image/kernel-platform.ts';
import { ImageKernel } from './image-kernel.ts';
import { Observers } from './observers.ts';
import { SIGNAL_BADGE, THREAD_CAP, TICK_NS, smallKernel } from './testing/small-kernel.ts';

const IMAGE = readKernelImage('small kernel', smallKernel());
const INSTRUCTION_PAGE_FAULT = 12;
const TCB_RESUME = IMAGE.interfaces.byId.get('TCBResume')!.label;

let kernel: ImageKernel;
let events: string[];

class Listener extends Observers {
  override entry(cause: number, thread: number): void { events.push(`${CAUSES[cause]!} of ${thread}`); }
  override invocation(_capType: number, object: number, method: number): void { events.push(`invokes ${object} ${method}`); }
  override delivery(thread: number, kind: number): void { events.push(`${DELIVERY_KINDS[kind]!} for ${thread}`); }
  override stateWritten(thread: number, from: number, to: number): void { events.push(`${thread}: ${THREAD_STATES[from]!} to ${THREAD_STATES[to]!}`); }
  override exit(next: number): void { events.push(`next ${next}`); }
}

/** The running thread makes a system call; returns what observers saw. */
function call(name: SyscallName, cptr = 0, label = 0): string[] {
  const registers = kernel.registers(kernel.running);
  const set = (slot: number, value: number): void => { registers.set([value >>> 0, value < 0 ? 0xffff_ffff : 0], 2 * slot); };
  set(ROLE.syscall, SYSCALL_NUMBERS.classic[name]!);
  set(ROLE.cap, cptr);
  set(ROLE.tag, label << 12);
  events = [];
  kernel.syscall();
  return events;
}

/** The running thread computes; returns what is left, and what observers saw. */
function compute(ns: number): [left: number, ...seen: string[]] {
  events = [];
  const left = kernel.compute(ns);
  return [left, ...events];
}

const INTERRUPT = ['interrupt of 1', 'next 1'];

describe.each(HART_NAMES)('a kernel whose page tables set reserved bits, on the %s hart', (hart) => {
  const image = readKernelImage('small kernel', smallKernel('spike'));

  it.each([['spike', 0], ['qemu-riscv-virt', INSTRUCTION_PAGE_FAULT]] as const)('on %s gives a fetch of the root task cause %i', (platform, cause) => {
    kernel = new ImageKernel(image, { machine: { hart, platform } });
    kernel.boot({ name: 'root', entryLo: 0x1_0000, entryHi: 0 });
    kernel.observe(new Listener());
    expect(kernel.fetchFault(0x1_0000, 0)).toBe(cause);
    expect(call('Call', THREAD_CAP, TCB_RESUME)).toContain('reply for 1');
  });

  it('tells for which platform it was built', () => {
    expect([platformOf(image.symbols), platformOf(IMAGE.symbols)]).toEqual(['spike', 'qemu-riscv-virt']);
  });
});

describe.each(HART_NAMES)('ImageKernel on the %s hart', (hart) => {
  beforeEach(() => {
    kernel = new ImageKernel(IMAGE, { machine: { hart } });
    kernel.boot({ name: 'root', entryLo: 0x1_0000, entryHi: 0 });
    kernel.observe(new Listener());
  });

  it('runs the root task, whose system calls the kernel answers', () => {
    expect([kernel.running, kernel.halted, kernel.threadState(1)]).toEqual([1, false, STATE.Running]);
    expect(call('Call', THREAD_CAP, TCB_RESUME)).toEqual([
      'syscall of 1', `invokes 1 ${TCB_RESUME}`, '1: Running to Restart', 'reply for 1', '1: Restart to Running', 'next 1',
    ]);
    expect(kernel.registers(1)[2 * ROLE.badge]).toBe(0);
  });

  it('interrupts a thread that computes, and says what is left of its time', () => {
    const before = kernel.time;
    const [left, ...seen] = compute(3 * TICK_NS / 2);
    expect(seen).toEqual(INTERRUPT);
    expect(left).toBeGreaterThan(TICK_NS / 2);
    expect(left).toBeLessThan(TICK_NS);
    expect(compute(left)).toEqual([0]);
    expect(kernel.time - before).toBeGreaterThanOrEqual(3 * TICK_NS / 2);
    expect(compute(TICK_NS)[0]).toBeGreaterThan(0);
  });

  it('takes an interrupt that came while the kernel ran before the thread computes on', () => {
    expect(call('Yield')).toEqual(['syscall of 1', 'next 1']);
    const before = kernel.time;
    expect(compute(1000)).toEqual([1000, ...INTERRUPT]);
    // Once, and no time of the thread's has passed.
    expect(compute(1000)).toEqual([0]);
    expect(kernel.time - before).toBeLessThan(TICK_NS / 2);
  });

  it('idles until something wakes a thread', () => {
    expect(call('Recv')).toEqual(['syscall of 1', 'invokes 0 0', '1: Running to BlockedOnNotification', 'next 0']);
    expect(kernel.running).toBe(0);
    events = [];
    const before = kernel.time;
    expect(kernel.idle()).toBe(true);
    expect(events).toEqual(['interrupt of 0', 'signal for 1', '1: BlockedOnNotification to Running', 'next 1']);
    expect(kernel.registers(1)[2 * ROLE.badge]).toBe(SIGNAL_BADGE);
    expect(kernel.time - before).toBeGreaterThan(TICK_NS / 2);
  });

  it('says when the kernel has switched the machine off', () => {
    call('DebugHalt');
    expect([kernel.halted, kernel.running]).toEqual([true, 0]);
  });

  it('raises exceptions, and has no memory of a user that the kernel did not map', () => {
    events = [];
    kernel.exception({ cause: 2, valueLo: 0, valueHi: 0 });
    expect(events[0]).toBe(`${CAUSES[CAUSE.userException]!} of 1`);
  });
});
