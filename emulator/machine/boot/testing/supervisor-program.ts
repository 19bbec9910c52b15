// SPDX-License-Identifier: BSD-2-Clause
/**
 * A program that tries what a kernel needs of the machine: it starts in M mode where RAM starts, is its own firmware, and
 * tests traps, page tables, user mode, timer, PLIC, UART and RTC in S mode. It prints a line for each test and ends
 * through the test finisher, so it also runs on QEMU (`-machine virt -bios none -kernel FILE`).
 */
import { assemble } from '../../isa/assemble.ts';
import { elfOf } from './elf.ts';

const BASE = 0x8000_0000n;

interface Test {
  readonly name: string;
  readonly body: string;
}

let labels = 0;
const fresh = (): string => `L${labels++}`;

/** Code that must trap with a cause; s5 is where the trap handler returns to. */
function traps(code: string, cause: string, value?: string): string {
  const after = fresh();
  return `
    la s5, ${after}
    ${code}
    j fail
    ${after}:
    li t0, ${cause}
    bne s2, t0, fail
    ${value === undefined ? '' : `li t0, ${value}\n bne s3, t0, fail`}`;
}

/** Waits for an interrupt, which must be the one of a bit of sie. */
function interrupts(bit: number): string {
  const after = fresh();
  const wait = fresh();
  return `
    la s5, ${after}
    li t0, ${1 << bit}
    csrs sie, t0
    csrsi sstatus, 2
    ${wait}: wfi
    j ${wait}
    ${after}:
    li t0, ${1 << bit}
    csrc sie, t0
    li t0, 0x8000000000000000 + ${bit}
    bne s2, t0, fail`;
}

/** Enables a PLIC source for S mode, with priority 1. */
const enableSource = (source: number): string => `
    li t0, PLIC + ${4 * source}
    li t1, 1
    sw t1, 0(t0)
    li t0, PLIC + 0x2080
    li t1, ${1 << source}
    sw t1, 0(t0)
    li t0, PLIC + 0x201000
    sw zero, 0(t0)`;

const claim = (source: number): string => `
    li t0, PLIC + 0x201004
    lw t1, 0(t0)
    li t2, ${source}
    bne t1, t2, fail`;

const complete = (source: number): string => `
    li t0, PLIC + 0x201004
    li t1, ${source}
    sw t1, 0(t0)
    lw t1, 0(t0)
    bnez t1, fail`;

const TESTS: readonly Test[] = [
  { name: 'illegal instruction', body: traps('.word 0xffffffff', '2') },
  { name: 'breakpoint', body: traps('ebreak', '3') },
  {
    name: 'page tables',
    // Root: devices, a table at 1 GiB, RAM. Table: writable, read-only, user text, nothing.
    body: `
    li s7, ROOT
    li t0, 0xc7
    sd t0, 0(s7)
    li t0, TABLE1_PTE
    sd t0, 8(s7)
    li t0, 0x200000cf
    sd t0, 16(s7)
    li s7, TABLE1
    li t0, TABLE0_PTE
    sd t0, 0(s7)
    li s7, TABLE0
    li t0, DATA_PTE + 0xc7
    sd t0, 0(s7)
    li t0, DATA_PTE + 0x43
    sd t0, 8(s7)
    li t0, USER_PTE + 0x5b
    sd t0, 16(s7)
    li t0, SV39 + ROOT_PPN
    csrw satp, t0
    sfence.vma
    li t0, ALIAS
    li t1, 0x123456789abcdef0
    sd t1, 8(t0)
    li t2, DATA
    ld t3, 8(t2)
    bne t1, t3, fail
    li t2, ALIAS + 0x1000
    ld t3, 8(t2)
    bne t1, t3, fail`,
  },
  { name: 'load page fault', body: traps('li t0, ALIAS + 0x3010\n ld t1, 0(t0)', '13', 'ALIAS + 0x3010') },
  { name: 'store page fault', body: traps('li t0, ALIAS + 0x1018\n sd t1, 0(t0)', '15', 'ALIAS + 0x1018') },
  { name: 'instruction page fault', body: traps('li t0, ALIAS\n jr t0', '12', 'ALIAS') },
  {
    name: 'user page in supervisor mode',
    body: `${traps('li t0, ALIAS + 0x2000\n ld t1, 0(t0)', '13', 'ALIAS + 0x2000')}
    li t0, 0x40000
    csrs sstatus, t0
    li t0, ALIAS + 0x2000
    ld t1, 0(t0)
    li t0, 0x40000
    csrc sstatus, t0`,
  },
  {
    name: 'changed mapping',
    body: `
    li t0, DATA + 0x1000
    li t1, 77
    sd t1, 8(t0)
    li s7, TABLE0
    li t0, DATA_PTE + 0x400 + 0xc7
    sd t0, 0(s7)
    sfence.vma
    li t0, ALIAS
    ld t2, 8(t0)
    bne t1, t2, fail`,
  },
  {
    name: 'user mode',
    body: `
    la t0, user
    li t1, USER
    ld t2, 0(t0)
    sd t2, 0(t1)
    ld t2, 8(t0)
    sd t2, 8(t1)
    fence.i
    li a0, 41
    ${traps(`li t0, 0x100
    csrc sstatus, t0
    li t0, ALIAS + 0x2000
    csrw sepc, t0
    sret`, '8')}
    li t0, ALIAS + 0x2004
    bne s4, t0, fail
    li t0, 42
    bne a0, t0, fail
    ${traps(`li t0, 0x100
    csrc sstatus, t0
    li t0, ALIAS + 0x2008
    csrw sepc, t0
    li t2, RAM
    sret`, '13', 'RAM')}
    ${traps(`li t0, 0x100
    csrc sstatus, t0
    li t0, ALIAS + 0x200c
    csrw sepc, t0
    sret`, '2')}`,
  },
  { name: 'access fault', body: traps('li t0, NOTHING\n lw t1, 0(t0)', '5', 'NOTHING') },
  {
    name: 'timer',
    body: `
    rdtime s7
    li t0, 20000
    add s7, s7, t0
    mv a0, s7
    ecall
    ${interrupts(5)}
    rdtime t0
    bltu t0, s7, fail
    li a0, -1
    ecall
    csrr t0, sip
    andi t0, t0, 0x20
    bnez t0, fail`,
  },
  {
    name: 'UART interrupt',
    body: `${enableSource(10)}
    li s7, UART
    li t0, 2
    sb t0, 1(s7)
    ${interrupts(9)}
    ${claim(10)}
    lbu t0, 2(s7)
    andi t0, t0, 15
    li t1, 2
    bne t0, t1, fail
    sb zero, 1(s7)
    ${complete(10)}`,
  },
  {
    name: 'RTC alarm',
    body: `${enableSource(11)}
    li s7, RTC
    li t0, 1
    sw t0, 0x10(s7)
    lwu t1, 0(s7)
    lwu t2, 4(s7)
    slli t2, t2, 32
    or t1, t1, t2
    li t0, 1000000
    add t1, t1, t0
    srli t2, t1, 32
    sw t2, 12(s7)
    sw t1, 8(s7)
    ${interrupts(9)}
    ${claim(11)}
    li t0, 1
    sw t0, 0x1c(s7)
    ${complete(11)}`,
  },
];

const text = (label: string, value: string): string => `${label}: .byte ${[...new TextEncoder().encode(value), 0].join(', ')}`;

/** The last line that the program prints. */
export const LAST_LINE = 'all tests passed';
/** The lines of a run in which nothing failed. */
export const EXPECTED_LINES: readonly string[] = [...TESTS.map(({ name }) => `ok ${name}`), LAST_LINE];

/** Source of the program. */
function source(): string {
  return `
    .equ RAM, 0x80000000
    .equ ROOT, 0x80100000
    .equ ROOT_PPN, 0x80100
    .equ TABLE1, 0x80101000
    .equ TABLE1_PTE, 0x20040401
    .equ TABLE0, 0x80102000
    .equ TABLE0_PTE, 0x20040801
    .equ DATA, 0x80103000
    .equ DATA_PTE, 0x20040c00
    .equ USER, 0x80105000
    .equ USER_PTE, 0x20041400
    .equ ALIAS, 0x40000000
    .equ SV39, 0x8000000000000000
    .equ PLIC, 0x0c000000
    .equ UART, 0x10000000
    .equ RTC, 0x00101000
    .equ FINISHER, 0x00100000
    .equ CLINT, 0x02000000
    .equ NOTHING, 0x00300000

    start:
    la t0, machine_trap
    csrw mtvec, t0
    li t0, 0xb1ff
    csrw medeleg, t0
    li t0, 0x222
    csrw mideleg, t0
    li t0, -1
    srli t0, t0, 10
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    li t0, 7
    csrw mcounteren, t0
    li t0, 0x1800
    csrc mstatus, t0
    li t0, 0x800
    csrs mstatus, t0
    la t0, supervisor
    csrw mepc, t0
    mret

    # Firmware: an ecall of S mode sets the timer to a0. It uses s10 and s11, the program does not.
    .align 2
    machine_trap:
    csrr s10, mcause
    bltz s10, machine_timer
    li s11, 9
    bne s10, s11, machine_failure
    li s11, CLINT + 0x4000
    sd a0, 0(s11)
    li s11, 0x20
    csrc mip, s11
    li s11, 0x80
    csrs mie, s11
    csrr s11, mepc
    addi s11, s11, 4
    csrw mepc, s11
    mret
    machine_timer:
    li s11, 0x80
    csrc mie, s11
    li s11, 0x20
    csrs mip, s11
    mret
    machine_failure:
    li s6, 99
    j fail

    # Leaves cause, value and pc in s2, s3 and s4 and goes on at s5 in S mode with interrupts off.
    .align 2
    supervisor_trap:
    csrr s2, scause
    csrr s3, stval
    csrr s4, sepc
    csrw sepc, s5
    li t0, 0x100
    csrs sstatus, t0
    li t0, 0x20
    csrc sstatus, t0
    sret

    # User text: ends in a call, a load through t2, and a read of a supervisor's register.
    .align 3
    user:
    addi a0, a0, 1
    ecall
    ld t0, 0(t2)
    csrr t0, sstatus

    puts:
    li t1, UART
    puts_next:
    lbu t0, 0(a0)
    beqz t0, puts_end
    sb t0, 0(t1)
    addi a0, a0, 1
    j puts_next
    puts_end:
    ret

    # The number of the test, in s6, is the code of the failure.
    fail:
    la a0, failed
    call puts
    slli s6, s6, 16
    li t0, 0x3333
    or t0, t0, s6
    li t1, FINISHER
    sw t0, 0(t1)
    j .

    supervisor:
    la t0, supervisor_trap
    csrw stvec, t0
    ${TESTS.map(({ body }, i) => `
    li s6, ${i + 1}
    ${body}
    la a0, name${i}
    call puts`).join('\n')}
    la a0, passed
    call puts
    li t0, 0x5555
    li t1, FINISHER
    sw t0, 0(t1)
    j .

    ${TESTS.map(({ name }, i) => text(`name${i}`, `ok ${name}\n`)).join('\n')}
    ${text('passed', `${LAST_LINE}\n`)}
    ${text('failed', 'FAILED\n')}
  `;
}

/** The program as an ELF file. */
export function supervisorProgram(): Uint8Array {
  labels = 0;
  return elfOf(BASE, [{ virtualAddress: BASE, data: assemble(source(), BASE).bytes }]);
}
