// SPDX-License-Identifier: BSD-2-Clause
import { HART } from '../memory/layout.ts';

/** The words of {@link HART} as the board reads and writes them. */
export class HartState {
  private readonly view: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.view = new DataView(memory.buffer);
  }

  /** A 64-bit word. */
  word(offset: number): bigint {
    return this.view.getBigUint64(offset, true);
  }

  setWord(offset: number, value: bigint): void {
    this.view.setBigUint64(offset, value, true);
  }

  u32(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  setU32(offset: number, value: number): void {
    this.view.setUint32(offset, value, true);
  }

  /** A 64-bit count as a number: exact, as no run retires 2^53 instructions. */
  count(offset: number): number {
    return this.view.getUint32(offset, true) + this.view.getUint32(offset + 4, true) * 0x1_0000_0000;
  }

  /** General register x0..x31. */
  x(register: number): bigint {
    return this.word(HART.x + 8 * register);
  }

  setX(register: number, value: bigint): void {
    if (register !== 0) this.setWord(HART.x + 8 * register, BigInt.asUintN(64, value));
  }

  /** Sets or clears a bit of `mip`. */
  setPending(interrupt: number, pending: boolean): void {
    const bits = this.u32(HART.mip);
    this.setU32(HART.mip, pending ? bits | (1 << interrupt) : bits & ~(1 << interrupt));
  }
}


/** Index of an argument register a0..a7. */
export const a = (n: number): number => 10 + n;
