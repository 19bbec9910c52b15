// SPDX-License-Identifier: BSD-2-Clause
/** Reading and writing control and status registers: which word of the state each is, and what a write may change. */
import { csrAt, csrPrivilege, csrReadOnly, MSTATUS, SSTATUS_VISIBLE, type Csr } from '../isa/csrs.ts';
import type { HART } from '../memory/layout.ts';
import { addressLocked, configurationOf } from './protection.ts';
import { PRIVILEGE, type HartState, type StateWord } from './state.ts';

const FLOAT_REGISTERS: ReadonlySet<string> = new Set(['fflags', 'frm', 'fcsr']);
/** Bits of `mcountinhibit`, `mcounteren` and `scounteren`. */
const CYCLE = 1n;
const INSTRET = 4n;
/** The modes of `satp` that there are: no translation and Sv39. */
const SATP_MODES: ReadonlySet<bigint> = new Set([0n, 8n]);
const FS_DIRTY = MSTATUS.fs;

/** Registers that show a word of the state as it is. */
const PLAIN: ReadonlySet<string> = new Set<keyof typeof HART>([
  'fcsr', 'stvec', 'scounteren', 'senvcfg', 'sscratch', 'sepc', 'scause', 'stval', 'satp', 'misa', 'medeleg', 'mideleg',
  'mie', 'mtvec', 'mcounteren', 'menvcfg', 'mcountinhibit', 'mscratch', 'mepc', 'mcause', 'mtval', 'mip', 'pmpcfg0', 'pmpcfg2',
]);

export class ControlRegisters {
  private readonly state: HartState;

  constructor(state: HartState) {
    this.state = state;
  }

  /** The register of a number if the running mode may read it, or write it if `writes`; undefined: illegal instruction. */
  accessible(number: number, writes: boolean): Csr | undefined {
    const { state } = this;
    const csr = csrAt(number);
    if (csr === undefined || state.privilege < csrPrivilege(number) || (writes && csrReadOnly(number))) return undefined;
    if (FLOAT_REGISTERS.has(csr.name) && !state.floatEnabled) return undefined;
    if (csr.name === 'satp' && state.privilege === PRIVILEGE.supervisor && (state.get('mstatus') & MSTATUS.tvm) !== 0n) return undefined;
    return number >= 0xc00 && number < 0xc20 && !this.counterEnabled(number - 0xc00) ? undefined : csr;
  }

  private counterEnabled(counter: number): boolean {
    const { state } = this;
    const bit = 1n << BigInt(counter);
    if (state.privilege < PRIVILEGE.machine && (state.get('mcounteren') & bit) === 0n) return false;
    return state.privilege > PRIVILEGE.user || (state.get('scounteren') & bit) !== 0n;
  }

  read({ name, number }: Csr): bigint {
    const { state } = this;
    if (PLAIN.has(name)) return state.get(name as StateWord);
    switch (name) {
      case 'fflags': return state.get('fcsr') & 0x1fn;
      case 'frm': return state.get('fcsr') >> 5n;
      case 'mstatus': return this.status();
      case 'sstatus': return this.status() & SSTATUS_VISIBLE;
      case 'sie': return state.get('mie') & state.get('mideleg');
      case 'sip': return state.get('mip') & state.get('mideleg');
      case 'time': return this.time();
      case 'cycle': case 'mcycle': return this.counter('mcycle', CYCLE);
      case 'instret': case 'minstret': return this.counter('minstret', INSTRET);
      default: return name.startsWith('pmpaddr') ? state.pmpaddr[number - 0x3b0]! : 0n;
    }
  }

  /** Writes what is writable of a value. */
  write(csr: Csr, value: bigint): void {
    const { state } = this;
    const { name, number, writable } = csr;
    switch (name) {
      case 'fflags': state.replace('fcsr', writable, value); break;
      case 'frm': state.replace('fcsr', writable << 5n, value << 5n); break;
      case 'mstatus': this.writeStatus(writable, value); return;
      case 'sstatus': this.writeStatus(writable, value); return;
      case 'sie': state.replace('mie', writable & state.get('mideleg'), value); return;
      case 'sip': state.replace('mip', writable & state.get('mideleg'), value); return;
      case 'mtvec': case 'stvec':
        if ((value & 3n) < 2n) state.set(name, value);
        return;
      case 'satp':
        if (SATP_MODES.has(value >> 60n)) state.set(name, value);
        return;
      case 'mcycle': this.writeCounter(name, CYCLE, value); return;
      case 'minstret': this.writeCounter(name, INSTRET, value); return;
      case 'mcountinhibit': this.inhibit(value & writable); return;
      case 'pmpcfg0': case 'pmpcfg2': this.writeProtection(name, number === 0x3a0 ? 0 : 8, writable, value); return;
      default:
        if (PLAIN.has(name)) state.replace(name as StateWord, writable, value);
        else if (name.startsWith('pmpaddr')) this.writeAddress(number - 0x3b0, value & writable);
    }
    if (FLOAT_REGISTERS.has(name)) state.dirtyFloat();
  }

  private status(): bigint {
    const mstatus = this.state.get('mstatus');
    return (mstatus & MSTATUS.fs) === FS_DIRTY ? mstatus | MSTATUS.sd : mstatus;
  }

  private writeStatus(writable: bigint, value: bigint): void {
    // There is no mode 2: MPP keeps its value.
    const mask = (value & MSTATUS.mpp) === 2n << 11n ? writable & ~MSTATUS.mpp : writable;
    this.state.replace('mstatus', mask, value);
  }

  private time(): bigint {
    const { state } = this;
    return (state.get('instret') * state.get('nsPerInstruction') + state.get('skipped')) / state.get('nsPerTick');
  }

  private counter(name: 'mcycle' | 'minstret', bit: bigint): bigint {
    const base = this.state.get(name);
    return this.inhibited(bit) ? base : BigInt.asUintN(64, this.state.get('instret') + base);
  }

  /** The next instruction reads what was written: the one that writes does not count. */
  private writeCounter(name: 'mcycle' | 'minstret', bit: bigint, value: bigint): void {
    this.state.set(name, this.inhibited(bit) ? value : value - this.state.get('instret') - 1n);
  }

  private inhibited(bit: bigint): boolean {
    return (this.state.get('mcountinhibit') & bit) !== 0n;
  }

  /** Counters keep their value when they are stopped and when they go on: both from the next instruction. */
  private inhibit(bits: bigint): void {
    const next = this.state.get('instret') + 1n;
    for (const [name, bit] of [['mcycle', CYCLE], ['minstret', INSTRET]] as const) {
      const change = ((bits & bit) === 0n ? 0n : 1n) - (this.inhibited(bit) ? 1n : 0n);
      this.state.set(name, this.state.get(name) + change * next);
    }
    this.state.set('mcountinhibit', bits);
  }

  private writeProtection(name: 'pmpcfg0' | 'pmpcfg2', first: number, writable: bigint, value: bigint): void {
    let mask = writable;
    for (let region = 0; region < 8; region += 1) {
      if ((configurationOf(this.state, first + region) & 0x80) !== 0) mask &= ~(0xffn << BigInt(8 * region));
    }
    this.state.replace(name, mask, value);
  }

  private writeAddress(region: number, value: bigint): void {
    if (!addressLocked(this.state, region)) this.state.pmpaddr[region] = value;
  }
}

