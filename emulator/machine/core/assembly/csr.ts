// SPDX-License-Identifier: BSD-2-Clause
/** Control and status registers. Which there are, and which bits a write changes, comes from the register table. */
import {
  CSR_CYCLE, CSR_FCSR, CSR_FFLAGS, CSR_FRM, CSR_INSTRET, CSR_MCAUSE, CSR_MCOUNTEREN, CSR_MCOUNTINHIBIT, CSR_MCYCLE, CSR_MEDELEG, CSR_MENVCFG,
  CSR_MEPC, CSR_MIDELEG, CSR_MIE, CSR_MINSTRET, CSR_MIP, CSR_MISA, CSR_MSCRATCH, CSR_MSTATUS, CSR_MTVAL, CSR_MTVEC, CSR_PMPADDR0, CSR_PMPCFG0,
  CSR_PMPCFG2, CSR_SATP, CSR_SCAUSE, CSR_SCOUNTEREN, CSR_SENVCFG, CSR_SEPC, CSR_SIE, CSR_SIP, CSR_SSCRATCH, CSR_SSTATUS, CSR_STVAL, CSR_STVEC,
  CSR_TIME, HART_FCSR, HART_INSTRET, HART_MCAUSE, HART_MCOUNTEREN, HART_MCOUNTINHIBIT, HART_MCYCLE, HART_MEDELEG, HART_MENVCFG, HART_MEPC,
  HART_MIDELEG, HART_MIE, HART_MINSTRET, HART_MIP, HART_MISA, HART_MSCRATCH, HART_MSTATUS, HART_MTVAL, HART_MTVEC, HART_NS_PER_INSTRUCTION,
  HART_NS_PER_TICK, HART_PMPADDR, HART_PMPCFG0, HART_PMPCFG2, HART_SATP, HART_SCAUSE, HART_SCOUNTEREN, HART_SENVCFG, HART_SEPC, HART_SKIPPED,
  HART_SSCRATCH, HART_STVAL, HART_STVEC, MAP_CSR_EXISTS, MAP_CSR_WRITABLE,
} from './generated';
import { protectionChanged } from './pmp';
import { MACHINE, modeChanged, MSTATUS_FS, MSTATUS_MPP, MSTATUS_MXR, MSTATUS_SD, MSTATUS_TVM, privilege, SUPERVISOR } from './state';
import { flushAll, flushLoads } from './tlb';

/** Parts of mstatus that sstatus shows. */
const SSTATUS_VISIBLE: u64 = 0x8000_0003_000d_e122;
/** Of mcountinhibit. */
const CYCLE_BIT: u64 = 1;
const INSTRET_BIT: u64 = 4;
const SATP_BARE: u64 = 0;
const SATP_SV39: u64 = 8;

/** Whether an instruction of the running mode may name a register, and write it. */
export function accessible(number: u32, writes: bool): bool {
  if (load<u8>(MAP_CSR_EXISTS + number) == 0) return false;
  if ((number >> 8 & 3) > privilege()) return false;
  if (writes && number >> 10 == 3) return false;
  if (number <= CSR_FCSR) return (load<u64>(HART_MSTATUS) & MSTATUS_FS) != 0;
  if (number == CSR_SATP) return privilege() != SUPERVISOR || (load<u64>(HART_MSTATUS) & MSTATUS_TVM) == 0;
  if (number >= CSR_CYCLE && number < CSR_CYCLE + 32) return counterEnabled(number - CSR_CYCLE);
  return true;
}

function counterEnabled(counter: u32): bool {
  if (privilege() == MACHINE) return true;
  if ((load<u64>(HART_MCOUNTEREN) >> counter & 1) == 0) return false;
  return privilege() == SUPERVISOR || (load<u64>(HART_SCOUNTEREN) >> counter & 1) != 0;
}

export function readCsr(number: u32): u64 {
  switch (number) {
    case CSR_FFLAGS: return load<u64>(HART_FCSR) & 0x1f;
    case CSR_FRM: return load<u64>(HART_FCSR) >> 5 & 7;
    case CSR_SSTATUS: return status() & SSTATUS_VISIBLE;
    case CSR_MSTATUS: return status();
    case CSR_SIE: return load<u64>(HART_MIE) & load<u64>(HART_MIDELEG);
    case CSR_SIP: return load<u64>(HART_MIP) & load<u64>(HART_MIDELEG);
    case CSR_MCYCLE: case CSR_CYCLE: return counter(HART_MCYCLE, CYCLE_BIT);
    case CSR_MINSTRET: case CSR_INSTRET: return counter(HART_MINSTRET, INSTRET_BIT);
    case CSR_TIME: return time();
    default: {
      const place = placeOf(number);
      return place == 0 ? 0 : load<u64>(place);
    }
  }
}

/** SD says that FS is Dirty. */
function status(): u64 {
  const stored = load<u64>(HART_MSTATUS);
  return (stored & MSTATUS_FS) == MSTATUS_FS ? stored | MSTATUS_SD : stored;
}

function counter(place: usize, inhibit: u64): u64 {
  const value = load<u64>(place);
  return (load<u64>(HART_MCOUNTINHIBIT) & inhibit) != 0 ? value : value + load<u64>(HART_INSTRET);
}

function time(): u64 {
  const ns = load<u64>(HART_INSTRET) * load<u64>(HART_NS_PER_INSTRUCTION) + load<u64>(HART_SKIPPED);
  const tick = load<u64>(HART_NS_PER_TICK);
  return tick == 0 ? ns : ns / tick;
}

/** Linear offset of a register that is a word of the hart state; 0 for one that always reads as zero. */
function placeOf(number: u32): usize {
  if (number >= CSR_PMPADDR0 && number < CSR_PMPADDR0 + 16) return HART_PMPADDR + (<usize>(number - CSR_PMPADDR0) << 3);
  switch (number) {
    case CSR_FCSR: return HART_FCSR;
    case CSR_STVEC: return HART_STVEC;
    case CSR_SCOUNTEREN: return HART_SCOUNTEREN;
    case CSR_SENVCFG: return HART_SENVCFG;
    case CSR_SSCRATCH: return HART_SSCRATCH;
    case CSR_SEPC: return HART_SEPC;
    case CSR_SCAUSE: return HART_SCAUSE;
    case CSR_STVAL: return HART_STVAL;
    case CSR_SATP: return HART_SATP;
    case CSR_MSTATUS: return HART_MSTATUS;
    case CSR_MISA: return HART_MISA;
    case CSR_MEDELEG: return HART_MEDELEG;
    case CSR_MIDELEG: return HART_MIDELEG;
    case CSR_MIE: return HART_MIE;
    case CSR_MTVEC: return HART_MTVEC;
    case CSR_MCOUNTEREN: return HART_MCOUNTEREN;
    case CSR_MENVCFG: return HART_MENVCFG;
    case CSR_MCOUNTINHIBIT: return HART_MCOUNTINHIBIT;
    case CSR_MSCRATCH: return HART_MSCRATCH;
    case CSR_MEPC: return HART_MEPC;
    case CSR_MCAUSE: return HART_MCAUSE;
    case CSR_MTVAL: return HART_MTVAL;
    case CSR_MIP: return HART_MIP;
    case CSR_PMPCFG0: return HART_PMPCFG0;
    case CSR_PMPCFG2: return HART_PMPCFG2;
    default: return 0;
  }
}

/** Writes what software may change of a register. */
export function writeCsr(number: u32, value: u64): void {
  switch (number) {
    case CSR_FFLAGS: return writeFloat((load<u64>(HART_FCSR) & ~0x1f) | (value & 0x1f));
    case CSR_FRM: return writeFloat((load<u64>(HART_FCSR) & 0x1f) | (value & 7) << 5);
    case CSR_FCSR: return writeFloat(value & 0xff);
    case CSR_SSTATUS: case CSR_MSTATUS: return writeStatus(merged(number, load<u64>(HART_MSTATUS), value));
    case CSR_SIE: return store<u64>(HART_MIE, mergedBits(load<u64>(HART_MIE), value, load<u64>(HART_MIDELEG) & writable(CSR_SIE)));
    case CSR_SIP: return store<u64>(HART_MIP, mergedBits(load<u64>(HART_MIP), value, load<u64>(HART_MIDELEG) & writable(CSR_SIP)));
    case CSR_STVEC: case CSR_MTVEC: {
      if ((value & 3) < 2) store<u64>(placeOf(number), value);
      return;
    }
    case CSR_SATP: return writeSatp(value);
    case CSR_MCYCLE: return store<u64>(HART_MCYCLE, counterOffset(value, CYCLE_BIT));
    case CSR_MINSTRET: return store<u64>(HART_MINSTRET, counterOffset(value, INSTRET_BIT));
    case CSR_MCOUNTINHIBIT: return writeInhibit(merged(number, load<u64>(HART_MCOUNTINHIBIT), value));
    case CSR_PMPCFG0: case CSR_PMPCFG2: return writePmpConfiguration(placeOf(number), merged(number, load<u64>(placeOf(number)), value));
    default: {
      const place = placeOf(number);
      if (place == 0) return;
      if (number >= CSR_PMPADDR0 && number < CSR_PMPADDR0 + 16) return writePmpAddress(number, place, value);
      store<u64>(place, merged(number, load<u64>(place), value));
    }
  }
}

@inline function writable(number: u32): u64 {
  return load<u64>(MAP_CSR_WRITABLE + (<usize>number << 3));
}

@inline function merged(number: u32, old: u64, value: u64): u64 {
  return mergedBits(old, value, writable(number));
}

@inline function mergedBits(old: u64, value: u64, mask: u64): u64 {
  return (old & ~mask) | (value & mask);
}

function writeFloat(fcsr: u64): void {
  store<u64>(HART_FCSR, fcsr);
  floatChanged();
}

/** The floating point registers differ from what was saved of them. */
export function floatChanged(): void {
  store<u64>(HART_MSTATUS, load<u64>(HART_MSTATUS) | MSTATUS_FS);
}

function writeStatus(wanted: u64): void {
  const old = load<u64>(HART_MSTATUS);
  let next = wanted;
  // Mode 2 does not exist.
  if ((next & MSTATUS_MPP) == 2 << 11) next = (next & ~MSTATUS_MPP) | (old & MSTATUS_MPP);
  store<u64>(HART_MSTATUS, next);
  if (((old ^ next) & MSTATUS_MXR) != 0) flushLoads();
  modeChanged();
}

function writeSatp(value: u64): void {
  const mode = value >> 60;
  if (mode != SATP_BARE && mode != SATP_SV39) return;
  store<u64>(HART_SATP, value);
  flushAll();
}

/** instret as the instruction behind the current one sees it. */
@inline function instretNext(): u64 {
  return load<u64>(HART_INSTRET) + 1;
}

/** What a counter is stored as, so that the next instruction reads `value`. */
function counterOffset(value: u64, inhibit: u64): u64 {
  return (load<u64>(HART_MCOUNTINHIBIT) & inhibit) != 0 ? value : value - instretNext();
}

/** Counters keep their value when they stop and when they go on. */
function writeInhibit(wanted: u64): void {
  const changed = load<u64>(HART_MCOUNTINHIBIT) ^ wanted;
  if ((changed & CYCLE_BIT) != 0) switchCounter(HART_MCYCLE, (wanted & CYCLE_BIT) != 0);
  if ((changed & INSTRET_BIT) != 0) switchCounter(HART_MINSTRET, (wanted & INSTRET_BIT) != 0);
  store<u64>(HART_MCOUNTINHIBIT, wanted);
}

function switchCounter(place: usize, off: bool): void {
  store<u64>(place, off ? load<u64>(place) + instretNext() : load<u64>(place) - instretNext());
}

const PMP_LOCKED: u64 = 0x80;
const PMP_TOP_OF_RANGE: u64 = 0x08;

function writePmpConfiguration(place: usize, next: u64): void {
  const old = load<u64>(place);
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 64; shift += 8) {
    const source = (old >> shift & PMP_LOCKED) != 0 ? old : next;
    value |= source & <u64>0xff << shift;
  }
  store<u64>(place, value);
  pmpChanged();
}

function writePmpAddress(number: u32, place: usize, value: u64): void {
  if (addressLocked(number - CSR_PMPADDR0)) return;
  store<u64>(place, value & writable(number));
  pmpChanged();
}

function pmpChanged(): void {
  protectionChanged();
  flushAll();
}

function pmpConfiguration(region: u32): u64 {
  return <u64>load<u8>((region < 8 ? HART_PMPCFG0 : HART_PMPCFG2 - 8) + region);
}

/** Locked itself, or the start of a locked range. */
function addressLocked(region: u32): bool {
  if ((pmpConfiguration(region) & PMP_LOCKED) != 0) return true;
  if (region == 15) return false;
  const above = pmpConfiguration(region + 1);
  return (above & PMP_LOCKED) != 0 && (above & 0x18) == PMP_TOP_OF_RANGE;
}
