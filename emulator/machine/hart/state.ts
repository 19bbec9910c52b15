// SPDX-License-Identifier: BSD-2-Clause
/** The architectural state of the hart as typed views of linear memory (`HART` in memory/layout.ts). */
import { MISA, MSTATUS, MSTATUS_RESET } from '../isa/csrs.ts';
import { HART } from '../memory/layout.ts';

/** Privilege modes by their number. */
export const PRIVILEGE = Object.freeze({ user: 0, supervisor: 1, machine: 3 });

/** Names of the 64-bit words of the state. */
export type StateWord = Exclude<keyof typeof HART,
  'x' | 'f' | 'privilege' | 'waiting' | 'reserved' | 'pmpaddr' | 'stopOn' | 'stopCause' | 'storeLogCount' | 'ramPages' | 'nextFrame'
  | 'frameEnd' | 'mappingEpoch' | 'attributes' | 'watchedWords' | 'latestStored' | 'end'>;

export class HartState {
  /** x0..x31, unsigned; write through {@link setX}. */
  readonly x: BigUint64Array;
  /** The same registers, signed. */
  readonly signed: BigInt64Array;
  /** f0..f31. Who writes one calls {@link dirtyFloat}. */
  readonly f: BigUint64Array;
  /** pmpaddr0..15. */
  readonly pmpaddr: BigUint64Array;
  private readonly words: BigUint64Array;
  private readonly halves: Uint32Array;

  constructor(memory: WebAssembly.Memory) {
    const { buffer } = memory;
    this.x = new BigUint64Array(buffer, HART.x, 32);
    this.signed = new BigInt64Array(buffer, HART.x, 32);
    this.f = new BigUint64Array(buffer, HART.f, 32);
    this.pmpaddr = new BigUint64Array(buffer, HART.pmpaddr, 16);
    this.words = new BigUint64Array(buffer, 0, HART.end / 8);
    this.halves = new Uint32Array(buffer, 0, HART.end / 4);
  }

  /** What the specification defines at reset, where it is not zero. */
  reset(): void {
    this.privilege = PRIVILEGE.machine;
    this.set('mstatus', MSTATUS_RESET);
    this.set('misa', MISA);
  }

  /** Writes an integer register; x0 stays 0. Takes any integer, of which 64 bits are kept. */
  setX(register: number, value: bigint): void {
    if (register !== 0) this.signed[register] = value;
  }

  get(word: StateWord): bigint {
    return this.words[HART[word] / 8]!;
  }

  set(word: StateWord, value: bigint): void {
    this.words[HART[word] / 8] = value;
  }

  /** Replaces the bits of `mask`. */
  replace(word: StateWord, mask: bigint, value: bigint): void {
    this.set(word, (this.get(word) & ~mask) | (value & mask));
  }

  get pc(): bigint {
    return this.words[HART.pc / 8]!;
  }

  set pc(address: bigint) {
    this.words[HART.pc / 8] = address;
  }

  get privilege(): number {
    return this.halves[HART.privilege / 4]!;
  }

  set privilege(mode: number) {
    this.halves[HART.privilege / 4] = mode;
  }

  get waiting(): boolean {
    return this.halves[HART.waiting / 4] !== 0;
  }

  set waiting(waits: boolean) {
    this.halves[HART.waiting / 4] = waits ? 1 : 0;
  }

  /** Interrupts that are pending and enabled one by one, whether or not the mode lets them through. */
  get enabledPending(): number {
    return this.halves[HART.mip / 4]! & this.halves[HART.mie / 4]!;
  }

  /** Physical address that LR reserved. */
  get reservation(): number | undefined {
    return this.halves[HART.reserved / 4] === 0 ? undefined : Number(this.get('reservation'));
  }

  set reservation(address: number | undefined) {
    this.halves[HART.reserved / 4] = address === undefined ? 0 : 1;
    if (address !== undefined) this.set('reservation', BigInt(address));
  }

  get stopOn(): number {
    return this.halves[HART.stopOn / 4]!;
  }

  /** Tells the host which trap or breakpoint stopped the hart. */
  setStop(cause: number, value: bigint): void {
    this.halves[HART.stopCause / 4] = cause;
    this.set('stopValue', value);
  }

  get storeLogCount(): number {
    return this.halves[HART.storeLogCount / 4]!;
  }

  set storeLogCount(entries: number) {
    this.halves[HART.storeLogCount / 4] = entries;
  }

  /** A store into the word at `HART.latestAddress`. */
  setLatest(value: bigint): void {
    this.set('latestValue', value);
    this.halves[HART.latestStored / 4] = 1;
  }

  /** Whether floating point instructions are legal. */
  get floatEnabled(): boolean {
    return (this.get('mstatus') & MSTATUS.fs) !== 0n;
  }

  /** The floating point state has changed: `FS` is Dirty. */
  dirtyFloat(): void {
    this.set('mstatus', this.get('mstatus') | MSTATUS.fs);
  }
}
