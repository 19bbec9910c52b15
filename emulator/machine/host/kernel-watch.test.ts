// SPDX-License-Identifier: BSD-2-Clause
/** What a kernel stores, put into the store log by hand, becomes the calls of an observer. */
import { beforeEach, describe, expect, it } from 'vitest';
import { CAP_TYPE, RISCV64_SLOTS, ROLE, SLOT, STATE, SYSCALL_NUMBERS, THREAD_STATES, type Riscv64Slot, type ThreadStateName } from '../../../schema/abi/index.ts';
import { CAUSE, DELIVERY_KINDS } from '../../../schema/trace/trap-record.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import { Machine } from '../boot/machine.ts';
import { HartState } from '../hart/state.ts';
import { appendStore } from '../hart/store-log.ts';
import { readKernelImage } from '../image/kernel-image.ts';
import { elfWith } from '../image/testing/make-elf.ts';
import { KernelWatch } from './kernel-watch.ts';
import type { AskedLabels } from './label-translation.ts';
import { Observers } from './observers.ts';

const KERNEL = 0xffff_ffff_8020_0000n;
const WINDOW = 0xffff_ffc0_0000_0000n;
const TRAP_ENTRY = KERNEL + 0x3000n;
const FASTPATH = KERNEL + 0x4000n;
const SOMEWHERE = KERNEL + 0x6000n;
const USER = 0x1_0000n;
/** Offsets of an MCS TCB; `image/layout.ts`. */
const TCB = { state: 544, fault: 584, yieldTo: 648, ipcBuffer: 656 };
const POINTER_OFFSET = 1024;
const A = 0x8030_0400;
const B = 0x8030_0c00;
const CNODE = 0x8031_0000;
const ENDPOINT = 0x8032_0000;
const VARIABLES = ['ksCurThread', 'ksIdleThread', 'ksCurSC', 'ksWorkUnitsCompleted', 'current_fault', 'ksCurFPUOwner', 'tcbNTFNAppend'];
const variable = (name: string): number => 0x8021_0000 + 8 * VARIABLES.indexOf(name);

const IMAGE = readKernelImage('test kernel', elfWith({}, [
  { name: 'trap_entry', value: TRAP_ENTRY, size: 232 }, { name: 'c_handle_fastpath_call', value: FASTPATH, size: 256 },
  { name: 'ksReadyQueues', value: KERNEL + 0x2_0000n, size: 4096, type: 1 },
  ...VARIABLES.map((name) => ({ name, value: KERNEL + BigInt(variable(name) - 0x8020_0000), type: 1 })),
]));
const { byId } = interfacesOf('riscv64-mcs');
const LABELS: AskedLabels = { methods: IMAGE.interfaces, recorded: (label) => label };

let machine: Machine;
let watch: KernelWatch;
let events: string[];

const pointer = (address: number): bigint => WINDOW + BigInt(address);
const name = (thread: number): string => (thread === 1 ? 'A' : thread === 2 ? 'B' : String(thread));

class Listener extends Observers {
  override entry(cause: number, thread: number): void { events.push(`entry ${cause} ${name(thread)}`); }
  override invocation(capType: number, object: number, method: number): void { events.push(`invokes ${capType} ${object} ${method}`); }
  override delivery(thread: number, kind: number): void { events.push(`${DELIVERY_KINDS[kind]!} for ${name(thread)}`); }
  override slotWritten(thread: number, slot: number): void { events.push(`${name(thread)}.${RISCV64_SLOTS[slot]!}`); }
  override bufferWordWritten(thread: number, index: number): void { events.push(`${name(thread)}[${index}]`); }
  override stateWritten(thread: number, from: number, to: number): void { events.push(`${name(thread)}: ${THREAD_STATES[from]!} to ${THREAD_STATES[to]!}`); }
  override faulted(thread: number, label: number): void { events.push(`${name(thread)} faults ${label}`); }
  override preempted(): void { events.push('preempted'); }
  override outOfBudget(): void { events.push('out of budget'); }
  override yieldPending(thread: number, pending: boolean): void { events.push(`${name(thread)} ${pending ? 'yields' : 'yielded'}`); }
  override exit(next: number): void { events.push(`next ${name(next)}`); }
}

function set(address: number, value: bigint): void {
  machine.memory.writeWord(address, value);
}

/** A store of the kernel, or of whoever is at the pc. */
function store(address: number, value: bigint, pc = SOMEWHERE): void {
  set(address, value);
  const { memory } = machine.memory;
  const state = new HartState(memory);
  state.pc = pc;
  appendStore(new DataView(memory.buffer), state, address, 8, BigInt.asUintN(64, value));
}

const setState = (tcb: number, state: ThreadStateName): void => set(tcb + TCB.state, BigInt(STATE[state]));
const storeState = (tcb: number, state: ThreadStateName, pc = SOMEWHERE): void => store(tcb + TCB.state, BigInt(STATE[state]), pc);
const storeSlot = (tcb: number, slot: Riscv64Slot, value: bigint): void => store(tcb + 8 * SLOT[slot], value);
const run = (tcb: number): void => set(variable('ksCurThread'), pointer(tcb));

/** Thread A makes a system call. */
function enter(syscall: number, registers: Partial<Record<Riscv64Slot, bigint>> = {}): void {
  const all = { a7: BigInt.asUintN(64, BigInt(syscall)), FaultIP: USER, NextIP: USER + 4n, ...registers };
  for (const [slot, value] of Object.entries(all)) set(A + 8 * SLOT[slot as Riscv64Slot], value!);
  watch.enter(CAUSE.syscall);
}

function leave(): string[] {
  watch.leave();
  return events;
}

const tag = (method: string, length = 0): bigint => (BigInt(byId.get(method)!.label) << 12n) | BigInt(length);
const setCap = (slot: number, w0: bigint, w1 = 0n): void => { set(slot, w0); set(slot + 8, w1); };
const typed = (type: number, address: number): bigint => (BigInt(type) << 59n) | (pointer(address) & 0x7f_ffff_ffffn);

beforeEach(() => {
  machine = new Machine({ hart: 'typescript' });
  // Both threads have a CSpace of 2^8 slots: slot 1 is thread A, 2 thread B, 3 an endpoint.
  for (const tcb of [A, B]) setCap(tcb - POINTER_OFFSET, (BigInt(CAP_TYPE.CNode) << 59n) | (56n << 53n) | (8n << 47n) | ((pointer(CNODE) & 0x7f_ffff_ffffn) >> 1n));
  setCap(CNODE + 32, typed(CAP_TYPE.Thread, A));
  setCap(CNODE + 64, typed(CAP_TYPE.Thread, B));
  setCap(CNODE + 96, typed(CAP_TYPE.Endpoint, ENDPOINT));
  setState(A, 'Running');
  run(A);
  events = [];
  watch = new KernelWatch(machine, IMAGE, LABELS);
  watch.start();
  watch.threads.at(B);
  watch.observe(new Listener());
});

const { Call, Send, Recv } = SYSCALL_NUMBERS.mcs as Record<'Call' | 'Send' | 'Recv', number>;

describe('KernelWatch', () => {
  it('shows an invocation and its reply, and what is no write of the kernel it leaves out', () => {
    store(A + 8 * SLOT.a0, 1n, USER);
    enter(Call, { a0: 2n, a1: tag('TCBSuspend') });
    store(A + 8 * SLOT.a0, 2n, TRAP_ENTRY + 4n);
    storeState(A, 'Restart');
    storeSlot(A, 'a0', 0n);
    storeSlot(A, 'a1', 0n);
    storeState(A, 'Running');
    storeSlot(A, 'sstatus', 0n);
    expect(leave()).toEqual([
      'entry 0 A', `invokes ${CAP_TYPE.Thread} 2 ${byId.get('TCBSuspend')!.label}`, 'A: Running to Restart', 'reply for A', 'A.a0', 'A.a1', 'A: Restart to Running', 'next A',
    ]);
  });

  it('gives an invoker its own label back that the kernel does not answer', () => {
    for (const isAnswered of [false, true]) {
      enter(Call, { a0: 2n, a1: tag('TCBSuspend', 3) });
      watch.substituteLabel(5);
      const lanes = watch.current!.registers;
      expect([lanes[2 * ROLE.tag], lanes[2 * ROLE.tag + 1]]).toEqual([(5 << 12) | 3, 0]);
      if (isAnswered) storeSlot(A, 'a1', 0n);
      leave();
      expect(lanes[2 * ROLE.tag]).toBe(isAnswered ? 0 : Number(tag('TCBSuspend', 3)));
    }
  });

  it('tells a message from a fault by the sender', () => {
    setState(B, 'BlockedOnReceive');
    watch.threads.get(2)!.shownState = STATE.BlockedOnReceive;
    enter(Call, { a0: 3n, a1: 1n });
    storeSlot(B, 'a2', 7n);
    storeSlot(B, 'a1', 1n);
    storeSlot(B, 'a0', 0n);
    storeState(A, 'BlockedOnReply');
    storeState(B, 'Running');
    run(B);
    expect(leave()).toEqual(['entry 0 A', `invokes ${CAP_TYPE.Endpoint} 3 0`, 'message for B', 'B.a2', 'B.a1', 'B.a0', 'A: Running to BlockedOnReply', 'B: BlockedOnReceive to Running', 'next B']);

    events = [];
    setState(A, 'BlockedOnReceive');
    watch.threads.get(1)!.shownState = STATE.BlockedOnReceive;
    watch.enter(CAUSE.vmFault);
    store(B + TCB.fault, 6n);
    storeSlot(A, 'a1', 0x6004n);
    storeState(A, 'Running');
    expect(leave()).toEqual(['entry 3 B', 'B faults 6', 'fault for A', 'A.a1', 'A: BlockedOnReceive to Running', 'next B']);
  });

  it('takes badge and tag that the fast path left in registers', () => {
    setState(B, 'BlockedOnReceive');
    watch.threads.get(2)!.shownState = STATE.BlockedOnReceive;
    enter(Call, { a0: 3n });
    storeState(A, 'BlockedOnReply', FASTPATH + 8n);
    storeState(B, 'Running', FASTPATH + 12n);
    run(B);
    machine.state.setX(10, 5n);
    machine.state.setX(11, 0x1000n);
    expect(leave().slice(-4)).toEqual(['message for B', 'B.a0', 'B.a1', 'next B']);
    expect([...watch.threads.get(2)!.registers.subarray(2 * ROLE.badge, 2 * ROLE.badge + 4)]).toEqual([5, 0, 0x1000, 0]);
  });

  it('tells an interim reply of a YieldTo from the late one', () => {
    enter(Call, { a0: 1n });
    store(A + TCB.yieldTo, pointer(0x8033_0000));
    storeSlot(A, 'a0', 0n);
    storeState(A, 'Running');
    leave();
    expect(events.slice(2)).toEqual(['A yields', 'reply for A', 'A.a0', 'A: Running to Running', 'next A']);
    events = [];
    run(B);
    watch.enter(CAUSE.interrupt);
    storeSlot(A, 'a0', 0n);
    storeSlot(A, 'a2', 9n);
    store(A + TCB.yieldTo, 0n);
    run(A);
    expect(leave()).toEqual(['entry 4 B', 'lateReply for A', 'A.a0', 'A.a2', 'A yielded', 'next A']);
  });

  it('says why a system call will be made again', () => {
    enter(Send, { a0: 2n });
    storeState(A, 'Restart');
    run(B);
    expect(leave()).toEqual(['entry 0 A', 'out of budget', 'A: Running to Restart', 'next B']);
    events = [];
    setState(A, 'Running');
    watch.threads.get(1)!.shownState = STATE.Running;
    run(A);
    enter(Send, { a0: 2n });
    storeState(A, 'Restart');
    store(variable('ksWorkUnitsCompleted'), 0n);
    run(B);
    expect(leave()).toEqual(['entry 0 A', 'preempted', `invokes ${CAP_TYPE.Thread} 2 0`, 'A: Running to Restart', 'next B']);
  });

  it('hears of a fault that has no handler', () => {
    enter(Recv, { a0: 200n });
    store(variable('current_fault'), 1n);
    storeState(A, 'Inactive');
    run(B);
    expect(leave()).toEqual(['entry 0 A', `invokes ${CAP_TYPE.Null} 0 0`, 'A: Running to Inactive', 'A faults 1', 'next B']);
  });

  it('shows a state that is written again, but not what a blocked thread waits for', () => {
    enter(Recv, { a0: 3n });
    storeState(A, 'Running');
    storeState(A, 'BlockedOnReceive');
    store(A + TCB.state, BigInt(STATE.BlockedOnReceive) | pointer(ENDPOINT));
    run(B);
    expect(leave().slice(2)).toEqual(['A: Running to Running', 'A: Running to BlockedOnReceive', 'next B']);
  });

  it('shows words of the IPC buffer, wherever it is moved', () => {
    const frame = 0x8034_0000;
    const bufferSlot = A - POINTER_OFFSET + 2 * 32;
    enter(Call, { a0: 1n });
    store(bufferSlot, (BigInt(CAP_TYPE.Frame) << 59n) | (3n << 55n));
    store(bufferSlot + 8, (pointer(frame) & 0x7f_ffff_ffffn) << 9n);
    store(A + TCB.ipcBuffer, 0x7000_0400n);
    leave();
    expect(watch.threads.get(1)!.bufferKind).toBe(2);
    events = [];
    enter(Call, { a0: 2n, a1: tag('TCBReadRegisters') });
    store(frame + 0x400 + 8 * 5, 1n);
    store(frame + 0x400 - 8, 1n);
    expect(leave().slice(2)).toEqual(['reply for A', 'A[5]', 'next A']);
  });

  it('refuses an entry within a trap', () => {
    enter(Call);
    expect(() => enter(Call)).toThrow('kernel entry within a trap');
  });
});
