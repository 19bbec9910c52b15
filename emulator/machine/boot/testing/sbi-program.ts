// SPDX-License-Identifier: BSD-2-Clause
/**
 * A program for S mode that tries the calls of the supervisor binary interface, printing a line for each test; a flat
 * binary for 0x80200000. It also runs on QEMU with OpenSBI (`-machine virt -bios default -kernel FILE`).
 */
import { assemble } from '../../isa/assemble.ts';

interface Test {
  readonly name: string;
  readonly body: string;
}

const call = (extension: number | string, number = 0): string => `li a7, ${extension}\n li a6, ${number}\n ecall`;
const returns = (error: number, value?: number): string =>
  `li t0, ${error}\n bne a0, t0, fail\n ${value === undefined ? '' : `li t0, ${value}\n bne a1, t0, fail`}`;

let labels = 0;

/** Waits for the interrupt of a bit of sie; the handler goes on at s5. */
function interrupts(bit: number): string {
  const n = labels++;
  return `
    la s5, after${n}
    li t0, ${1 << bit}
    csrs sie, t0
    csrsi sstatus, 2
    wait${n}: wfi
    j wait${n}
    after${n}:
    li t0, ${1 << bit}
    csrc sie, t0
    csrr t1, scause
    li t0, 0x8000000000000000 + ${bit}
    bne t1, t0, fail`;
}

const setTimer = (extension: number | string): string => `
    rdtime a0
    li t0, 5000
    add a0, a0, t0
    mv s7, a0
    ${call(extension)}
    ${interrupts(5)}
    rdtime t0
    bltu t0, s7, fail
    li a0, -1
    ${call(extension)}
    csrr t0, sip
    andi t0, t0, 0x20
    bnez t0, fail`;

const TESTS: readonly Test[] = [
  { name: 'base: an extension that is there', body: `li a0, 0x54494d45\n ${call(0x10, 3)}\n ${returns(0)}\n beqz a1, fail` },
  { name: 'base: one that is not', body: `li a0, 0x12345678\n ${call(0x10, 3)}\n ${returns(0, 0)}` },
  { name: 'unknown extension', body: `${call(0x12345678)}\n ${returns(-2)}` },
  {
    name: 'legacy calls change a0 only',
    body: `
    li a0, 0x20
    ${[1, 2, 3, 4, 5].map((n) => `li a${n}, ${1000 + n}`).join('\n')}
    ${call(1, 1006)}
    ${[1, 2, 3, 4, 5].map((n) => `li t0, ${1000 + n}\n bne a${n}, t0, fail`).join('\n')}
    li t0, 1006
    bne a6, t0, fail
    li t0, 1
    bne a7, t0, fail`,
  },
  { name: 'legacy getchar without input', body: `${call(2)}\n ${returns(-1)}` },
  { name: 'legacy timer', body: setTimer(0) },
  { name: 'timer', body: setTimer(0x54494d45) },
  { name: 'IPI', body: `li a0, 1\n li a1, 0\n ${call(0x735049)}\n ${returns(0)}\n ${interrupts(1)}\n csrci sip, 2` },
  { name: 'remote fences', body: [0, 1, 2].map((n) => `li a0, 1\n li a1, 0\n li a2, 0\n li a3, -1\n li a4, 0\n ${call(0x52464e43, n)}\n ${returns(0)}`).join('\n') },
  { name: 'hart state', body: `li a0, 0\n ${call(0x48534d, 2)}\n ${returns(0, 0)}\n li a0, 0\n li a1, 0\n li a2, 0\n ${call(0x48534d, 0)}\n ${returns(-6)}` },
];

const bytes = (label: string, value: string): string => `${label}: .byte ${[...new TextEncoder().encode(value), 0].join(', ')}`;

/** The lines of a run in which nothing failed. A space comes from the test of legacy calls. */
export const SBI_LINES: readonly string[] = [...TESTS.map(({ name }) => (name.startsWith('legacy calls') ? ` ok ${name}` : `ok ${name}`)), 'all calls answered'];

/** The program, to be put at 0x80200000. */
export function sbiProgram(): Uint8Array {
  labels = 0;
  return assemble(`
    la t0, trap
    csrw stvec, t0
    ${TESTS.map(({ body }, i) => `${body}\n la a0, name${i}\n call puts`).join('\n')}
    la a0, passed
    call puts
    li a0, 0
    li a1, 0
    ${call(0x53525354)}
    j .

    .align 2
    trap:
    csrw sepc, s5
    li t0, 0x100
    csrs sstatus, t0
    li t0, 0x20
    csrc sstatus, t0
    sret

    puts:
    mv s8, a0
    puts_next:
    lbu a0, 0(s8)
    beqz a0, puts_end
    ${call(1)}
    addi s8, s8, 1
    j puts_next
    puts_end:
    ret

    # A failure is a reset with the reason "system failure".
    fail:
    la a0, failed
    call puts
    li a0, 0
    li a1, 1
    ${call(0x53525354)}
    j .

    ${TESTS.map(({ name }, i) => bytes(`name${i}`, `ok ${name}\n`)).join('\n')}
    ${bytes('passed', 'all calls answered\n')}
    ${bytes('failed', 'FAILED\n')}
  `, 0x8020_0000n).bytes;
}
