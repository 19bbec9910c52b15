// SPDX-License-Identifier: BSD-2-Clause
/**
 * A kernel of one thread that looks like a classic seL4 from outside: the same symbols, TCB, CSpace, trap frame and
 * system call numbers, and room for two domains. It answers every Call and Send with an empty success, spins in Yield until an interrupt of its timer
 * is pending, waits for the next one in Recv, and prints and halts in the debug calls.
 */
import { CAP_TYPE, INIT_CAP, SLOT, STATE, SYSCALL_NUMBERS } from '../../../../schema/abi/index.ts';
import type { PlatformName } from '../../devices/platform-names.ts';
import { assemble } from '../../isa/assemble.ts';
import { SLOT_BYTES } from '../../image/capability.ts';
import { knownLayout } from '../../image/layout.ts';
import { elfWith } from '../../image/testing/make-elf.ts';

const BASE = 0xffff_ffff_8020_0000n;
const WINDOW = 0xffff_ffc0_0000_0000n;
/** Offset of data in the image: whole pages, TCBs aligned to their size. */
const DATA = 0x1000n;
const PAGE = 0x1000n;
const PLACE = {
  root: DATA, middle: DATA + PAGE, last: DATA + 2n * PAGE, bootInfo: DATA + 3n * PAGE,
  cnode: DATA + 4n * PAGE, thread: DATA + 5n * PAGE, idle: DATA + 5n * PAGE + 0x400n, variables: DATA + 6n * PAGE,
};
const END = DATA + 7n * PAGE;

const LAYOUT = knownLayout({ scheduling: 'classic', debug: false, fpu: false, release: '16.0.0' });
const VARIABLES = ['ksCurThread', 'ksIdleThread', 'ksWorkUnitsCompleted', 'current_fault'] as const;
const CNODE_BITS = 5n;
const { Yield, Recv, DebugPutChar, DebugHalt } = SYSCALL_NUMBERS.classic as Record<'Yield' | 'Recv' | 'DebugPutChar' | 'DebugHalt', number>;

/** Capability pointer of the thread in its own CSpace. */
export const THREAD_CAP = INIT_CAP.threadTCB;
/** ns between two interrupts of the timer. */
export const TICK_NS = 2_000_000;
/** Badge that a Recv gets. */
export const SIGNAL_BADGE = 0x51;
const TICK = 20_000;

const address = (offset: bigint): string => `0x${(BASE + offset).toString(16)}`;
/** Kernel pointer to an object. */
const pointer = (offset: bigint): bigint => WINDOW + ((BASE + offset) & 0xffff_ffffn);
const tcb = (object: bigint): bigint => object + BigInt(LAYOUT.tcb.pointerOffset);
const pageTable = (offset: bigint, flags: bigint): string => `0x${((((BASE + offset) & 0xffff_ffffn) >> 2n) | 1n | flags).toString(16)}`;
/** Accessed and Dirty, which kernels for spike set in every entry of a page table. */
const OLD_POINTER_FLAGS = 0xc0n;
/** Bytes of the table of interrupts: a timer and no devices. */
const FEW_INTERRUPTS = 16;

const STATE_WORD = LAYOUT.tcb.state;
const word = (slot: number): number => 8 * slot;
/** Registers x1 to x31 but t0, which points to the trap frame. */
const OTHERS = Array.from({ length: 31 }, (_, i) => i + 1).filter((n) => n !== 5);

const sourceFor = (pointerFlags: bigint): string => `
  start:
    la t0, trap_entry
    csrw stvec, t0
    li t0, ${address(tcb(PLACE.thread))}
    csrw sscratch, t0
    sd a3, ${word(SLOT.NextIP)}(t0)
    li t1, ${STATE.Running}
    sd t1, ${STATE_WORD}(t0)
    li t0, ${address(PLACE.root)}
    li t1, ${pageTable(PLACE.middle, pointerFlags)}
    sd t1, 0(t0)
    li t1, 0x200000cf
    li t2, ${510 * 8}
    add t2, t2, t0
    sd t1, 0(t2)
    li t0, ${address(PLACE.middle)}
    li t1, ${pageTable(PLACE.last, pointerFlags)}
    sd t1, 0(t0)
    li t0, ${address(PLACE.last)}
    mv t1, a0
  map:
    sub t2, t1, a2
    srli t2, t2, 12
    andi t2, t2, 511
    slli t2, t2, 3
    add t2, t2, t0
    srli t3, t1, 12
    slli t3, t3, 10
    ori t3, t3, 0xdf
    sd t3, 0(t2)
    li t3, 4096
    add t1, t1, t3
    bltu t1, a1, map
    li t0, ${address(PLACE.root)}
    slli t0, t0, 32
    srli t0, t0, 44
    li t1, 0x8000000000000000
    or t0, t0, t1
    csrw satp, t0
    sfence.vma
    li t0, 0x20
    csrw sie, t0
    call set_timer
    j leave

  trap_entry:
    csrrw t0, sscratch, t0
    ${OTHERS.map((n) => `sd x${n}, ${8 * (n - 1)}(t0)`).join('\n')}
    csrr t1, sscratch
    sd t1, ${word(SLOT.t0)}(t0)
    csrw sscratch, t0
    csrr s0, scause
    sd s0, ${word(SLOT.scause)}(t0)
    csrr s1, sstatus
    sd s1, ${word(SLOT.sstatus)}(t0)
    csrr t1, sepc
    sd t1, ${word(SLOT.FaultIP)}(t0)
    bltz s0, saved
    addi t1, t1, 4
  saved:
    sd t1, ${word(SLOT.NextIP)}(t0)
  trap_entry_end:
    bltz s0, interrupt
    ld s2, ${word(SLOT.a7)}(t0)
    li t1, ${Yield}
    beq s2, t1, spin
    li t1, ${Recv}
    beq s2, t1, wait
    li t1, ${DebugPutChar}
    beq s2, t1, print
    li t1, ${DebugHalt}
    beq s2, t1, halt

    li t1, ${STATE.Restart}
    sd t1, ${STATE_WORD}(t0)
    sd zero, ${word(SLOT.a0)}(t0)
    sd zero, ${word(SLOT.a1)}(t0)
    li t1, ${STATE.Running}
    sd t1, ${STATE_WORD}(t0)
    j leave

  spin:
    csrr t1, sip
    andi t1, t1, 0x20
    beqz t1, spin
    j leave

  print:
    ld a0, ${word(SLOT.a0)}(t0)
    li a7, 1
    ecall
    j leave

  halt:
    li a7, 8
    ecall

  wait:
    li t1, ${STATE.BlockedOnNotification}
    sd t1, ${STATE_WORD}(t0)
    li t1, ${address(PLACE.variables)}
    ld t2, 8(t1)
    sd t2, 0(t1)
    li t0, ${address(tcb(PLACE.idle))}
    csrw sscratch, t0
    csrsi sstatus, 2
  idle:
    wfi
    j idle

  interrupt:
    call set_timer
    andi s1, s1, 0x100
    beqz s1, leave
    li t0, ${address(tcb(PLACE.thread))}
    csrw sscratch, t0
    li t1, ${SIGNAL_BADGE}
    sd t1, ${word(SLOT.a0)}(t0)
    li t1, ${STATE.Running}
    sd t1, ${STATE_WORD}(t0)
    li t1, ${address(PLACE.variables)}
    li t2, ${pointer(tcb(PLACE.thread))}
    sd t2, 0(t1)

  leave:
    csrr t0, sscratch
    ld t1, ${word(SLOT.NextIP)}(t0)
    csrw sepc, t1
    li t1, 0x100
    csrc sstatus, t1
    li t1, 0x20
    csrs sstatus, t1
    ${OTHERS.map((n) => `ld x${n}, ${8 * (n - 1)}(t0)`).join('\n')}
    ld t0, ${word(SLOT.t0)}(t0)
    sret

  set_timer:
    rdtime a0
    li a7, ${TICK}
    add a0, a0, a7
    li a7, 0
    ecall
    ret`;

/** The kernel as an ELF file with symbols. That for spike makes its page tables as kernels up to release 12.1.0 do. */
export function smallKernel(platform: PlatformName = 'qemu-riscv-virt'): Uint8Array {
  const forSpike = platform === 'spike';
  const { bytes, symbols } = assemble(sourceFor(forSpike ? OLD_POINTER_FLAGS : 0n), BASE);
  const image = new Uint8Array(Number(END));
  image.set(bytes);
  fillObjects(new DataView(image.buffer));
  const at = (name: string): bigint => symbols.get(name)!;
  return loaded(elfWith({ '.text': image.subarray(0, Number(DATA)), '.data': image.subarray(Number(DATA)) }, [
    { name: 'trap_entry', value: at('trap_entry'), size: Number(at('trap_entry_end') - at('trap_entry')) },
    // By this one it is known as a kernel of release 16.
    { name: 'tcbNTFNAppend', value: at('interrupt') },
    { name: 'ksReadyQueues', value: BASE + END, size: 2 * 4096, type: 1 },
    ...(forSpike ? [{ name: 'intStateIRQTable', value: BASE + END, size: FEW_INTERRUPTS, type: 1 }] : []),
    ...VARIABLES.map((name, i) => ({ name, value: BASE + PLACE.variables + BigInt(8 * i), type: 1 })),
  ]), image.length);
}

/** TCBs, root CNode and variables as they are when the kernel starts. */
function fillObjects(view: DataView): void {
  const set = (offset: bigint, value: bigint): void => view.setBigUint64(Number(offset), BigInt.asUintN(64, value), true);
  const capability = (slot: bigint, w0: bigint, w1 = 0n): void => { set(slot, w0); set(slot + 8n, w1); };
  const ofType = (type: number): bigint => BigInt(type) << 59n;
  const bits39 = (value: bigint): bigint => value & 0x7f_ffff_ffffn;
  const cnode = ofType(CAP_TYPE.CNode) | ((64n - CNODE_BITS) << 53n) | (CNODE_BITS << 47n) | (bits39(pointer(PLACE.cnode)) >> 1n);
  const slot = (index: number): bigint => PLACE.cnode + BigInt(index * SLOT_BYTES);
  capability(PLACE.thread, cnode);
  capability(slot(INIT_CAP.threadCNode), cnode);
  capability(slot(THREAD_CAP), ofType(CAP_TYPE.Thread) | bits39(pointer(tcb(PLACE.thread))));
  capability(slot(INIT_CAP.bootInfoFrame), ofType(CAP_TYPE.Frame) | (3n << 55n), bits39(pointer(PLACE.bootInfo)) << 9n);
  set(PLACE.bootInfo + BigInt(LAYOUT.bootInfo.cnodeSizeBits), CNODE_BITS);
  set(tcb(PLACE.idle) + BigInt(STATE_WORD), BigInt(STATE.IdleThreadState));
  set(PLACE.variables, pointer(tcb(PLACE.thread)));
  set(PLACE.variables + 8n, pointer(tcb(PLACE.idle)));
}

/** Gives an ELF file, whose first two sections are the kernel, the address of its code and the program header to load it by. */
function loaded(file: Uint8Array, length: number): Uint8Array {
  const HEADER = 64;
  const SECTION_ADDRESS = 64 + 16;
  const bytes = new Uint8Array(file.length + 56);
  bytes.set(file);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(Number(view.getBigUint64(40, true)) + SECTION_ADDRESS, BASE, true);
  view.setBigUint64(24, BASE, true);
  view.setBigUint64(32, BigInt(file.length), true);
  view.setUint16(56, 1, true);
  view.setUint32(file.length, 1, true);
  view.setUint32(file.length + 4, 7, true);
  [BigInt(HEADER), BASE, BASE & 0xffff_ffffn, BigInt(length), BigInt(length), PAGE].forEach((value, i) => view.setBigUint64(file.length + 8 + 8 * i, value, true));
  return bytes;
}
