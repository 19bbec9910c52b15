// SPDX-License-Identifier: BSD-2-Clause
/** Control and status registers. Which there are, and which bits a write changes, comes from the register table. */
import {
  HART_FCSR, HART_INSTRET, HART_MCAUSE, HART_MCOUNTEREN, HART_MCOUNTINHIBIT, HART_MCYCLE, HART_MEDELEG, HART_MENVCFG, HART_MEPC,
  HART_MIDELEG, HART_MIE, HART_MINSTRET, HART_MIP, HART_MISA, HART_MSCRATCH, HART_MSTATUS, HART_MTVAL, HART_MTVEC, HART_NS_PER_INSTRUCTION,
  HART_NS_PER_TICK, HART_PMPADDR, HART_PMPCFG0, HART_PMPCFG2, HART_SATP, HART_SCAUSE, HART_SCOUNTEREN, HART_SENVCFG, HART_SEPC,
  HART_SKIPPED, HART_SSCRATCH, HART_STVAL, HART_STVEC, MAP_CSR_EXISTS, MAP_CSR_WRITABLE,
} from './generated';
import { protectionChanged } from './pmp';
import { MACHINE, modeChanged, MSTATUS_FS, MSTATUS_MPP, MSTATUS_MXR, MSTATUS_SD, MSTATUS_TVM, privilege, SUPERVISOR } from './state';
import { flushAll, flushLoads } from './tlb';

const FFLAGS: u32 = 0x001;
const FRM: u32 = 0x002;
const FCSR: u32 = 0x003;
const SSTATUS: u32 = 0x100;
const SIE: u32 = 0x104;
const STVEC: u32 = 0x105;
const SIP: u32 = 0x144;
const SATP: u32 = 0x180;
const MSTATUS: u32 = 0x300;
const MISA: u32 = 0x301;
const MTVEC: u32 = 0x305;
const MIP: u32 = 0x344;
const MCOUNTINHIBIT: u32 = 0x320;
const PMPCFG0: u32 = 0x3a0;
const PMPCFG2: u32 = 0x3a2;
const PMPADDR0: u32 = 0x3b0;
const MCYCLE: u32 = 0xb00;
const MINSTRET: u32 = 0xb02;
const CYCLE: u32 = 0xc00;
const TIME: u32 = 0xc01;
const INSTRET: u32 = 0xc02;

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
  if (number <= FCSR) return (load<u64>(HART_MSTATUS) & MSTATUS_FS) != 0;
  if (number == SATP) return privilege() != SUPERVISOR || (load<u64>(HART_MSTATUS) & MSTATUS_TVM) == 0;
  if (number >= CYCLE && number < CYCLE + 32) return counterEnabled(number - CYCLE);
  return true;
}

function counterEnabled(counter: u32): bool {
  if (privilege() == MACHINE) return true;
  if ((load<u64>(HART_MCOUNTEREN) >> counter & 1) == 0) return false;
  return privilege() == SUPERVISOR || (load<u64>(HART_SCOUNTEREN) >> counter & 1) != 0;
}

export function readCsr(number: u32): u64 {
  switch (number) {
    case FFLAGS: return load<u64>(HART_FCSR) & 0x1f;
    case FRM: return load<u64>(HART_FCSR) >> 5 & 7;
    case SSTATUS: return status() & SSTATUS_VISIBLE;
    case MSTATUS: return status();
    case SIE: return load<u64>(HART_MIE) & load<u64>(HART_MIDELEG);
    case SIP: return load<u64>(HART_MIP) & load<u64>(HART_MIDELEG);
    case MCYCLE: case CYCLE: return counter(HART_MCYCLE, CYCLE_BIT);
    case MINSTRET: case INSTRET: return counter(HART_MINSTRET, INSTRET_BIT);
    case TIME: return time();
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
  if (number >= PMPADDR0 && number < PMPADDR0 + 16) return HART_PMPADDR + (<usize>(number - PMPADDR0) << 3);
  switch (number) {
    case FCSR: return HART_FCSR;
    case STVEC: return HART_STVEC;
    case 0x106: return HART_SCOUNTEREN;
    case 0x10a: return HART_SENVCFG;
    case 0x140: return HART_SSCRATCH;
    case 0x141: return HART_SEPC;
    case 0x142: return HART_SCAUSE;
    case 0x143: return HART_STVAL;
    case SATP: return HART_SATP;
    case MSTATUS: return HART_MSTATUS;
    case MISA: return HART_MISA;
    case 0x302: return HART_MEDELEG;
    case 0x303: return HART_MIDELEG;
    case 0x304: return HART_MIE;
    case MTVEC: return HART_MTVEC;
    case 0x306: return HART_MCOUNTEREN;
    case 0x30a: return HART_MENVCFG;
    case MCOUNTINHIBIT: return HART_MCOUNTINHIBIT;
    case 0x340: return HART_MSCRATCH;
    case 0x341: return HART_MEPC;
    case 0x342: return HART_MCAUSE;
    case 0x343: return HART_MTVAL;
    case MIP: return HART_MIP;
    case PMPCFG0: return HART_PMPCFG0;
    case PMPCFG2: return HART_PMPCFG2;
    default: return 0;
  }
}

/** Writes what software may change of a register. */
export function writeCsr(number: u32, value: u64): void {
  switch (number) {
    case FFLAGS: return writeFloat((load<u64>(HART_FCSR) & ~0x1f) | (value & 0x1f));
    case FRM: return writeFloat((load<u64>(HART_FCSR) & 0x1f) | (value & 7) << 5);
    case FCSR: return writeFloat(value & 0xff);
    case SSTATUS: case MSTATUS: return writeStatus(merged(number, load<u64>(HART_MSTATUS), value));
    case SIE: return store<u64>(HART_MIE, mergedBits(load<u64>(HART_MIE), value, load<u64>(HART_MIDELEG) & writable(SIE)));
    case SIP: return store<u64>(HART_MIP, mergedBits(load<u64>(HART_MIP), value, load<u64>(HART_MIDELEG) & writable(SIP)));
    case STVEC: case MTVEC: {
      if ((value & 3) < 2) store<u64>(placeOf(number), value);
      return;
    }
    case SATP: return writeSatp(value);
    case MCYCLE: return store<u64>(HART_MCYCLE, counterOffset(value, CYCLE_BIT));
    case MINSTRET: return store<u64>(HART_MINSTRET, counterOffset(value, INSTRET_BIT));
    case MCOUNTINHIBIT: return writeInhibit(merged(number, load<u64>(HART_MCOUNTINHIBIT), value));
    case PMPCFG0: case PMPCFG2: return writePmpConfiguration(placeOf(number), merged(number, load<u64>(placeOf(number)), value));
    default: {
      const place = placeOf(number);
      if (place == 0) return;
      if (number >= PMPADDR0 && number < PMPADDR0 + 16) {
        return writePmpAddress(number, place, value);
      }
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
  if (addressLocked(number - PMPADDR0)) return;
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
