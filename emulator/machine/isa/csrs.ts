// SPDX-License-Identifier: BSD-2-Clause
/**
 * The control and status registers of the machine, as data. The number says who may touch it (bits 9:8 the lowest
 * privilege, bits 11:10 both set: read only); the row adds which bits software can change. Where the privileged
 * specification (20211203) leaves a choice the machine does as QEMU 7.2 does, unless a comment says otherwise.
 */

export interface Csr {
  readonly number: number;
  readonly name: string;
  /** Bits that a write changes (WARL): the others keep their value. What depends on values is in hart/csrs.ts. */
  readonly writable: bigint;
}

const ALL = 0xffff_ffff_ffff_ffffn;

/** Bits of `mstatus`; `sstatus` is the part of them that {@link SSTATUS_VISIBLE} shows. */
export const MSTATUS = Object.freeze({
  sie: 1n << 1n, mie: 1n << 3n, spie: 1n << 5n, mpie: 1n << 7n, spp: 1n << 8n, mpp: 3n << 11n, fs: 3n << 13n,
  mprv: 1n << 17n, sum: 1n << 18n, mxr: 1n << 19n, tvm: 1n << 20n, tw: 1n << 21n, tsr: 1n << 22n,
  uxl: 3n << 32n, sxl: 3n << 34n, sd: 1n << 63n,
});

/** `mstatus` of a hart at reset: U and S mode have 64-bit registers, always. */
export const MSTATUS_RESET = (2n << 32n) | (2n << 34n);
const SSTATUS_WRITABLE = MSTATUS.sie | MSTATUS.spie | MSTATUS.spp | MSTATUS.fs | MSTATUS.sum | MSTATUS.mxr;
const MSTATUS_WRITABLE = SSTATUS_WRITABLE | MSTATUS.mie | MSTATUS.mpie | MSTATUS.mpp | MSTATUS.mprv | MSTATUS.tvm
  | MSTATUS.tw | MSTATUS.tsr;
export const SSTATUS_VISIBLE = SSTATUS_WRITABLE | MSTATUS.uxl | MSTATUS.sd;

/** RV64 with A, C, D, F, I, M, S and U; read only. */
export const MISA = 0x8000_0000_0014_112dn;

/** Interrupts by bit of `mip` and `mie`, the same number as their cause. */
export const INTERRUPT = Object.freeze({
  supervisorSoftware: 1, machineSoftware: 3, supervisorTimer: 5, machineTimer: 7, supervisorExternal: 9, machineExternal: 11,
});
/** The interrupts that can be delegated to S mode. */
export const SUPERVISOR_INTERRUPTS = 0x222n;
const INTERRUPTS = 0xaaan;
/** Exceptions 0 to 9, 12, 13 and 15: all but the ecall from M mode. */
const DELEGABLE = 0xb3ffn;

const range = (count: number, first: number, name: (index: number) => string, number: number, writable: bigint): Csr[] =>
  Array.from({ length: count }, (_, index) => ({ number: number + index, name: name(first + index), writable }));

/** All registers, by number. Any other number is an illegal instruction. */
export const CSRS: readonly Csr[] = Object.freeze([
  { number: 0x001, name: 'fflags', writable: 0x1fn },
  { number: 0x002, name: 'frm', writable: 0x7n },
  { number: 0x003, name: 'fcsr', writable: 0xffn },

  { number: 0x100, name: 'sstatus', writable: SSTATUS_WRITABLE },
  { number: 0x104, name: 'sie', writable: SUPERVISOR_INTERRUPTS },
  { number: 0x105, name: 'stvec', writable: ALL },
  { number: 0x106, name: 'scounteren', writable: 0xffff_ffffn },
  { number: 0x10a, name: 'senvcfg', writable: 1n },
  { number: 0x140, name: 'sscratch', writable: ALL },
  { number: 0x141, name: 'sepc', writable: ALL & ~1n },
  { number: 0x142, name: 'scause', writable: ALL },
  { number: 0x143, name: 'stval', writable: ALL },
  { number: 0x144, name: 'sip', writable: 1n << 1n },
  { number: 0x180, name: 'satp', writable: ALL },

  { number: 0x300, name: 'mstatus', writable: MSTATUS_WRITABLE },
  { number: 0x301, name: 'misa', writable: 0n },
  { number: 0x302, name: 'medeleg', writable: DELEGABLE },
  { number: 0x303, name: 'mideleg', writable: SUPERVISOR_INTERRUPTS },
  { number: 0x304, name: 'mie', writable: INTERRUPTS },
  { number: 0x305, name: 'mtvec', writable: ALL },
  { number: 0x306, name: 'mcounteren', writable: 0xffff_ffffn },
  { number: 0x30a, name: 'menvcfg', writable: 1n },
  // Bits of cycle and instret; the other counters do not count.
  { number: 0x320, name: 'mcountinhibit', writable: 5n },
  ...range(29, 3, (index) => `mhpmevent${index}`, 0x323, 0n),
  { number: 0x340, name: 'mscratch', writable: ALL },
  { number: 0x341, name: 'mepc', writable: ALL & ~1n },
  { number: 0x342, name: 'mcause', writable: ALL },
  { number: 0x343, name: 'mtval', writable: ALL },
  { number: 0x344, name: 'mip', writable: SUPERVISOR_INTERRUPTS },
  // Eight regions each; bits 6 and 5 of a region's byte are always zero.
  { number: 0x3a0, name: 'pmpcfg0', writable: 0x9f9f_9f9f_9f9f_9f9fn },
  { number: 0x3a2, name: 'pmpcfg2', writable: 0x9f9f_9f9f_9f9f_9f9fn },
  ...range(16, 0, (index) => `pmpaddr${index}`, 0x3b0, (1n << 54n) - 1n),

  // No triggers: `tselect` accepts nothing but 0 and the type of trigger 0 is 0, "there is no trigger".
  { number: 0x7a0, name: 'tselect', writable: 0n },
  ...range(3, 1, (index) => `tdata${index}`, 0x7a1, 0n),

  { number: 0xb00, name: 'mcycle', writable: ALL },
  { number: 0xb02, name: 'minstret', writable: ALL },
  ...range(29, 3, (index) => `mhpmcounter${index}`, 0xb03, 0n),

  { number: 0xc00, name: 'cycle', writable: 0n },
  { number: 0xc01, name: 'time', writable: 0n },
  { number: 0xc02, name: 'instret', writable: 0n },
  ...range(29, 3, (index) => `hpmcounter${index}`, 0xc03, 0n),

  { number: 0xf11, name: 'mvendorid', writable: 0n },
  { number: 0xf12, name: 'marchid', writable: 0n },
  { number: 0xf13, name: 'mimpid', writable: 0n },
  { number: 0xf14, name: 'mhartid', writable: 0n },
  { number: 0xf15, name: 'mconfigptr', writable: 0n },
]);

const BY_NUMBER = new Map(CSRS.map((csr) => [csr.number, csr]));
const BY_NAME = new Map(CSRS.map((csr) => [csr.name, csr]));

/** The register of a number (0 to 0xfff); undefined for one the machine does not have. */
export const csrAt = (number: number): Csr | undefined => BY_NUMBER.get(number);

/** The register of a name; undefined for one the machine does not have. */
export const csrNamed = (name: string): Csr | undefined => BY_NAME.get(name);

/** The lowest privilege that may touch a register: 0 U, 1 S, 3 M. */
export const csrPrivilege = (number: number): number => (number >>> 8) & 3;

/** Whether writing it is an illegal instruction. */
export const csrReadOnly = (number: number): boolean => number >>> 10 === 3;
