// SPDX-License-Identifier: BSD-2-Clause
/** Modes, illegal instructions, CSRs, delegation, interrupts, counters, physical memory. */
import { DATA } from './page-tables.ts';
import type { TrapCase } from './trap-cases.ts';

/** No RAM and no device. */
const NOWHERE = 0x9000_0000n;
const INTERRUPT = 1n << 63n;
const illegal = (name: string, mode: TrapCase['mode'], text: string, bits: bigint, more: Partial<TrapCase> = {}): TrapCase =>
  ({ name: `illegal: ${name}`, mode, body: text, machine: { cause: 2, value: bits, at: 0 }, ...more });
/** What a CSR holds after a write of a value, in M mode. */
const written = (csr: string, value: bigint, result: bigint, more: Partial<TrapCase> = {}): TrapCase => ({
  name: `${csr} after 0x${value.toString(16)}`, mode: 'M', a0: result,
  body: `csrr a1, ${csr}\nli a2, ${value}\ncsrw ${csr}, a2\ncsrr a0, ${csr}\ncsrw ${csr}, a1`, ...more,
});
const setBits = (csr: string, bits: number): string => `li s11, ${bits}\ncsrs ${csr}, s11\n`;
const MSTATUS = { tvm: 1 << 20, tw: 1 << 21, tsr: 1 << 22 };
const FLOAT_OFF = { setup: 'li s11, 0x6000\ncsrc mstatus, s11' };
const ALL_ONES = 0xffff_ffff_ffff_ffffn;

const ILLEGAL: readonly TrapCase[] = [
  illegal('all zeros', 'M', '.half 0', 0n),
  illegal('all ones', 'M', '.word -1', 0xffff_ffffn),
  illegal('reserved compressed', 'U', '.half 0x9c41', 0x9c41n),
  illegal('c.addiw with x0', 'U', '.half 0x2005', 0x2005n),
  illegal('c.lwsp to x0', 'U', '.half 0x4002', 0x4002n),
  illegal('unknown opcode', 'S', '.word 0x0000007b', 0x7bn),
  illegal('unknown CSR', 'M', '.word 0x5c0015f3', 0x5c00_15f3n),
  illegal('write to a read-only CSR', 'M', 'csrw mhartid, zero', 0xf140_1073n),
  illegal('CSR of M mode', 'S', 'csrr a0, mstatus', 0x3000_2573n),
  illegal('CSR of S mode', 'U', 'csrr a0, sstatus', 0x1000_2573n),
  illegal('mret', 'S', 'mret', 0x3020_0073n),
  illegal('mret', 'U', 'mret', 0x3020_0073n),
  illegal('sret', 'U', 'sret', 0x1020_0073n),
  illegal('sret with TSR', 'S', 'sret', 0x1020_0073n, { setup: setBits('mstatus', MSTATUS.tsr) }),
  illegal('wfi', 'U', 'wfi', 0x1050_0073n),
  illegal('wfi with TW', 'S', 'wfi', 0x1050_0073n, { setup: setBits('mstatus', MSTATUS.tw) }),
  illegal('sfence.vma', 'U', 'sfence.vma', 0x1200_0073n),
  illegal('sfence.vma with TVM', 'S', 'sfence.vma', 0x1200_0073n, { setup: setBits('mstatus', MSTATUS.tvm) }),
  illegal('satp with TVM', 'S', 'csrr a0, satp', 0x1800_2573n, { setup: setBits('mstatus', MSTATUS.tvm) }),
  illegal('cycle without mcounteren', 'S', 'rdcycle a0', 0xc000_2573n, { setup: 'csrw mcounteren, zero' }),
  illegal('time without scounteren', 'U', 'rdtime a0', 0xc010_2573n, { setup: 'csrw scounteren, zero' }),
  illegal('instret without mcounteren', 'U', 'rdinstret a0', 0xc020_2573n, { setup: 'csrwi mcounteren, 3' }),
  illegal('floating point off', 'U', 'fadd.d fa0, fa1, fa2', 0x02c5_f553n, FLOAT_OFF),
  illegal('float load off', 'S', 'flw fa0, 0(zero)', 0x0000_2507n, FLOAT_OFF),
  illegal('compressed float load off', 'S', '.half 0x2108', 0x2108n, FLOAT_OFF),
  illegal('fcsr off', 'U', 'frcsr a0', 0x0030_2573n, FLOAT_OFF),
  illegal('reserved rounding mode', 'U', '.word 0x02c5d553', 0x02c5_d553n),
  illegal('reserved rounding mode in frm', 'U', 'fadd.d fa0, fa1, fa2', 0x02c5_f553n, { setup: 'fsrmi 5' }),
  // Set and clear with x0 do not write.
  { name: 'csrrs of a read-only CSR with x0', mode: 'M', body: 'csrrs a0, mhartid, zero', a0: 0n },
];

const CALLS: readonly TrapCase[] = [
  { name: 'ecall', mode: 'U', body: 'ecall', machine: { cause: 8, value: 0n, at: 0 } },
  { name: 'ecall', mode: 'S', body: 'nop\necall', machine: { cause: 9, value: 0n, at: 4 } },
  { name: 'ecall', mode: 'M', body: 'ecall', machine: { cause: 11, value: 0n, at: 0 } },
  { name: 'ebreak', mode: 'U', body: 'ebreak', machine: { cause: 3, value: 0n, at: 0 } },
  { name: 'c.ebreak', mode: 'U', body: '.half 1\n.half 0x9002', machine: { cause: 3, value: 0n, at: 2 } },
  { name: 'delegated ecall', mode: 'U', setup: 'li s11, 0x100\ncsrw medeleg, s11', body: 'nop\necall', supervisor: { cause: 8, value: 0n, at: 4 } },
  { name: 'delegated illegal instruction', mode: 'U', setup: 'csrwi medeleg, 4', body: '.half 0', supervisor: { cause: 2, value: 0n, at: 0 } },
  { name: 'what is delegated does not go down from M mode', mode: 'M', setup: 'csrwi medeleg, 4', body: '.half 0', machine: { cause: 2, value: 0n, at: 0 } },
  { name: 'stack of modes in a trap', mode: 'S', setup: setBits('mstatus', 0x80), body: 'ecall', machine: { cause: 9, at: 0 }, mstatus: [0x1888n, 0x0880n] },
  { name: 'stack of modes in a trap of U mode', mode: 'U', body: 'ecall', machine: { cause: 8, at: 0 }, mstatus: [0x1888n, 0n] },
  { name: 'sret goes to SPP and takes SPIE', mode: 'S', setup: 'li s11, 0x120\ncsrs mstatus, s11\ncsrci mstatus, 2',
    body: 'la a1, .+16\ncsrw sepc, a1\nsret\ncsrr a0, sstatus\nandi a0, a0, 0x122', a0: 0x22n },
  { name: 'sret to U mode', mode: 'S', body: 'la a1, .+20\ncsrw sepc, a1\nli a0, 5\nsret', machine: { cause: 8, at: 20 }, a0: 5n },
  { name: 'mret clears MPRV', mode: 'U', setup: setBits('mstatus', 1 << 17), body: 'ecall', machine: { cause: 8, at: 0 }, mstatus: [1n << 17n, 0n],
    notOnQemu: 'keeps MPRV, as privileged architectures before 1.12' },
];

const REGISTERS: readonly TrapCase[] = [
  written('misa', 0n, 0x8000_0000_0014_112dn),
  written('mscratch', ALL_ONES, ALL_ONES),
  written('mtvec', 0x8000_1001n, 0x8000_1001n), written('mtvec', 0x8000_1000n, 0x8000_1000n),
  written('medeleg', ALL_ONES, 0xb3ffn, { notOnQemu: 'delegates guest faults and reserved causes too' }),
  written('mideleg', ALL_ONES, 0x222n, { notOnQemu: 'has bits of its own interrupt extensions' }),
  written('mie', ALL_ONES, 0xaaan, { notOnQemu: 'has bits of its own interrupt extensions' }),
  written('sie', ALL_ONES, 0n), written('sie', ALL_ONES, 0x220n, { setup: 'li s11, 0x220\ncsrw mideleg, s11' }),
  written('mepc', ALL_ONES, ALL_ONES - 1n, { notOnQemu: 'keeps bit 0' }),
  written('sepc', ALL_ONES, ALL_ONES - 1n, { notOnQemu: 'keeps bit 0' }),
  written('mcause', INTERRUPT | 5n, INTERRUPT | 5n), written('stval', ALL_ONES, ALL_ONES),
  written('satp', (8n << 60n) | (0x1234n << 44n) | 0x8_0040n, (8n << 60n) | (0x1234n << 44n) | 0x8_0040n),
  written('satp', (1n << 60n) | 5n, 0n),
  written('pmpaddr3', ALL_ONES, (1n << 54n) - 1n, { notOnQemu: 'keeps all bits' }),
  written('pmpcfg2', 0x1f_1f00n, 0x1f_1f00n),
  written('fcsr', ALL_ONES, 0xffn), written('frm', 0x17n, 7n), written('fflags', ALL_ONES, 0x1fn),
  written('mhpmcounter3', 5n, 0n, { notOnQemu: 'counts events' }),
  written('mhpmevent31', 5n, 0n, { notOnQemu: 'counts events' }),
  { name: 'mstatus: MPP has no mode 2', mode: 'M', body: `${setBits('mstatus', 0x1800)}li a1, 0x800\ncsrc mstatus, a1\ncsrr a0, mstatus\nli a1, 0x1800\nand a0, a0, a1`,
    a0: 0x1800n, notOnQemu: 'keeps any value' },
  { name: 'sstatus is a part of mstatus', mode: 'S', body: 'li a1, 0xc6122\ncsrs sstatus, a1\ncsrr a0, sstatus\ncsrci sstatus, 2', a0: 0x8000_0002_000c_6122n },
  { name: 'mstatus says what registers are wide', mode: 'M', body: 'csrr a0, mstatus\nsrli a0, a0, 32\nandi a0, a0, 15', a0: 10n },
  { name: 'floating point becomes dirty', mode: 'S', setup: 'li s11, 0x4000\ncsrc mstatus, s11', body: 'fmv.d.x fa0, zero\ncsrr a0, sstatus\nsrli a0, a0, 13\nandi a0, a0, 3', a0: 3n },
  { name: 'floating point stays clean', mode: 'S', setup: 'li s11, 0x2000\ncsrc mstatus, s11',
    body: 'fmv.x.d a1, fa0\ncsrr a0, sstatus\nsrli a0, a0, 13\nandi a0, a0, 3', a0: 2n },
  { name: 'sip shows what is delegated', mode: 'M', setup: 'csrwi mideleg, 2\nli s11, 0x222\ncsrs mip, s11', body: 'csrr a0, sip', a0: 2n },
  { name: 'S mode clears its software interrupt', mode: 'S', setup: 'csrwi mideleg, 2\ncsrsi mip, 2', body: 'csrci sip, 2\ncsrr a0, sip', a0: 0n },
  { name: 'csrrw swaps', mode: 'M', body: 'li a1, 7\ncsrw mscratch, a1\nli a0, 9\ncsrrw a0, mscratch, a0\ncsrr a1, mscratch\nslli a1, a1, 4\nor a0, a0, a1', a0: 0x97n },
  { name: 'csrrs, csrrc', mode: 'M', body: 'li a1, 0xf0\ncsrw mscratch, a1\nli a1, 0x3c\ncsrrs a0, mscratch, a1\ncsrrc a2, mscratch, a1\nslli a2, a2, 8\nor a0, a0, a2\ncsrr a2, mscratch\nslli a2, a2, 16\nor a0, a0, a2', a0: 0xc0_fcf0n },
];

const COUNTERS: readonly TrapCase[] = [
  { name: 'instret counts instructions', mode: 'U', body: 'rdinstret a1\nnop\nnop\nrdinstret a0\nsub a0, a0, a1', a0: 3n,
    notOnQemu: 'counts virtual time when time is counted in instructions' },
  { name: 'minstret starts at what is written', mode: 'M', body: 'li a1, 1000\ncsrw minstret, a1\ncsrr a0, minstret', a0: 1000n,
    notOnQemu: 'counts the instruction that writes' },
  { name: 'mcountinhibit stops a counter', mode: 'M', body: 'csrwi mcountinhibit, 4\ncsrr a1, minstret\nnop\nnop\ncsrr a0, minstret\nsub a0, a0, a1\ncsrwi mcountinhibit, 0', a0: 0n },
  { name: 'time may be read', mode: 'U', body: 'rdtime a1\nrdtime a0\nsltu a0, a0, a1', a0: 0n },
  { name: 'counters that do not count', mode: 'M', body: 'csrr a0, mhpmcounter3', a0: 0n },
];

/** Software raises the interrupts of S mode itself; those of M mode need devices. */
const interrupts = (bits: number, delegated: number, enabled = bits): string =>
  `li s11, ${delegated}\ncsrw mideleg, s11\nli s11, ${enabled}\ncsrw mie, s11\nli s11, ${bits}\ncsrs mip, s11\n`;
const INTERRUPTS: readonly TrapCase[] = [
  { name: 'interrupt of S mode waits for SIE', mode: 'S', setup: interrupts(2, 2), body: 'nop\ncsrsi sstatus, 2\nnop', supervisor: { cause: INTERRUPT | 1n, value: 0n, at: 8 } },
  { name: 'interrupt that is not enabled', mode: 'S', setup: interrupts(2, 2, 0), body: 'csrsi sstatus, 2\nnop' },
  { name: 'interrupt of S mode from U mode', mode: 'U', setup: interrupts(0x20, 0x20), body: 'nop', supervisor: { cause: INTERRUPT | 5n, value: 0n, at: 0 } },
  { name: 'interrupt that is not delegated reaches M mode from S mode', mode: 'S', setup: interrupts(0x20, 0), body: 'nop', machine: { cause: INTERRUPT | 5n, value: 0n, at: 0 } },
  { name: 'delegated interrupt does not reach M mode', mode: 'M', setup: interrupts(0x20, 0x20), body: 'csrsi mstatus, 8\nnop\ncsrci mstatus, 8' },
  { name: 'interrupt of M mode waits for MIE', mode: 'M', setup: interrupts(2, 0), body: 'nop\ncsrsi mstatus, 8\nnop', machine: { cause: INTERRUPT | 1n, value: 0n, at: 8 } },
  { name: 'external before software before timer', mode: 'U', setup: interrupts(0x222, 0x222), body: 'nop', supervisor: { cause: INTERRUPT | 9n, value: 0n, at: 0 },
    notOnQemu: 'takes the lowest number first' },
  { name: 'software before timer', mode: 'U', setup: interrupts(0x22, 0x22), body: 'nop', supervisor: { cause: INTERRUPT | 1n, value: 0n, at: 0 } },
  { name: 'M mode comes first', mode: 'U', setup: interrupts(0x222, 0x202), body: 'nop', machine: { cause: INTERRUPT | 5n, value: 0n, at: 0 } },
  { name: 'enabling the interrupt takes it at once', mode: 'S', setup: `${interrupts(2, 2, 0)}csrsi mstatus, 2\nli s11, 0x20\ncsrs mstatus, s11\nli s11, 0x80\ncsrs mstatus, s11`,
    body: 'csrsi sie, 2\nnop', supervisor: { cause: INTERRUPT | 1n, value: 0n, at: 4 } },
  { name: 'vectored interrupt', mode: 'U', setup: `${interrupts(0x20, 0x20)}la s11, vectors+1\ncsrw stvec, s11`, body: 'nop', supervisor: { cause: INTERRUPT | 5n, value: 0n, at: 0 } },
  { name: 'exceptions are not vectored', mode: 'U', setup: 'la s11, supervisorHandler+1\ncsrw stvec, s11\nli s11, 0x100\ncsrw medeleg, s11', body: 'ecall',
    supervisor: { cause: 8, value: 0n, at: 0 } },
  { name: 'wfi goes on when an enabled interrupt is pending', mode: 'M', setup: interrupts(2, 0), body: 'wfi\nli a0, 3', a0: 3n },
];

const PHYSICAL: readonly TrapCase[] = [
  { name: 'load from nowhere', mode: 'M', body: `li a1, ${NOWHERE}\nlw a0, 4(a1)`, machine: { cause: 5, value: NOWHERE + 4n } },
  { name: 'store to nowhere', mode: 'U', body: `li a1, ${NOWHERE}\nsb a0, 1(a1)`, machine: { cause: 7, value: NOWHERE + 1n } },
  { name: 'jump to nowhere', mode: 'S', body: `li a1, ${NOWHERE}\njr a1`, machine: { cause: 1, value: NOWHERE, at: NOWHERE } },
  { name: 'atomic at nowhere', mode: 'M', body: `li a1, ${NOWHERE}\namoadd.w a0, a0, (a1)`, machine: { cause: 7, value: NOWHERE }, notOnQemu: 'reports a load' },
  { name: 'lr at nowhere', mode: 'M', body: `li a1, ${NOWHERE}\nlr.d a0, (a1)`, machine: { cause: 5, value: NOWHERE } },
  { name: 'misaligned load', mode: 'U', body: `li a1, ${DATA + 8}\nlw a0, 3(a1)`, a0: 0x2233_4455n },
  { name: 'misaligned atomic', mode: 'U', body: `li a1, ${DATA + 10}\namoadd.w a0, a0, (a1)`, machine: { cause: 6, value: BigInt(DATA + 10) }, notOnQemu: 'reports a load' },
  { name: 'misaligned lr', mode: 'U', body: `li a1, ${DATA + 12}\nlr.d a0, (a1)`, machine: { cause: 4, value: BigInt(DATA + 12) } },
  { name: 'lr and sc', mode: 'U', body: `li a1, ${DATA + 16}\nlr.d a2, (a1)\nsc.d a0, a1, (a1)\nsc.d a2, a1, (a1)\nslli a2, a2, 4\nor a0, a0, a2`, a0: 0x10n },
  { name: 'sc elsewhere', mode: 'U', body: `li a1, ${DATA + 16}\nlr.d a2, (a1)\naddi a1, a1, 8\nsc.d a0, a1, (a1)`, a0: 1n },
  { name: 'jalr clears bit 0', mode: 'U', body: 'la a1, .+17\njalr a0, 0(a1)\nebreak\nli a0, 1', a0: 1n },
  ...protection(),
];

/** A page of data that S and U mode may only read, in each way to describe it. */
function protection(): readonly TrapCase[] {
  const all = 'li s11, -1\nsrli s11, s11, 10\n';
  const ways = {
    NAPOT: `${all}csrw pmpaddr1, s11\nli s11, ${(DATA >>> 2) + 0x1ff}\ncsrw pmpaddr0, s11\nli s11, 0x1f19\ncsrw pmpcfg0, s11\n`,
    TOR: `${all}csrw pmpaddr2, s11\nli s11, ${DATA >>> 2}\ncsrw pmpaddr0, s11\nli s11, ${(DATA >>> 2) + 0x400}\ncsrw pmpaddr1, s11\nli s11, 0x1f0900\ncsrw pmpcfg0, s11\n`,
  };
  return [
    ...Object.entries(ways).flatMap(([way, setup]): TrapCase[] => [
      { name: `PMP ${way}: load`, mode: 'S', setup, body: `li a1, ${DATA}\nld a0, 8(a1)`, a0: 0x1122_3344_5566_7788n },
      { name: `PMP ${way}: store`, mode: 'U', setup, body: `li a1, ${DATA}\nsd a0, 24(a1)`, machine: { cause: 7, value: BigInt(DATA + 24) } },
      { name: `PMP ${way}: fetch`, mode: 'S', setup, body: `li a1, ${DATA}\njr a1`, machine: { cause: 1, value: BigInt(DATA), at: BigInt(DATA) } },
      { name: `PMP ${way}: M mode`, mode: 'M', setup, body: `li a1, ${DATA}\nsd zero, 24(a1)` },
      { name: `PMP ${way}: page behind`, mode: 'S', setup, body: `li a1, ${DATA + 4096}\nsd zero, 0(a1)` },
    ]),
    { name: 'PMP without any region', mode: 'U', setup: 'csrw pmpcfg0, zero', body: 'nop', machine: { cause: 1, at: 0 }, notOnQemu: 'refuses the mret' },
    { name: 'PMP: four bytes', mode: 'U', setup: `${all}csrw pmpaddr1, s11\nli s11, ${(DATA + 8) >>> 2}\ncsrw pmpaddr0, s11\nli s11, 0x1f10\ncsrw pmpcfg0, s11\n`,
      body: `li a1, ${DATA}\nlw a0, 12(a1)\nlw a0, 8(a1)`, a0: 0x1122_3344n, machine: { cause: 5, value: BigInt(DATA + 8) } },
  ];
}

export const PRIVILEGED_CASES: readonly TrapCase[] = [...ILLEGAL, ...CALLS, ...REGISTERS, ...COUNTERS, ...INTERRUPTS, ...PHYSICAL];
