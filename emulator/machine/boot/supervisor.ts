// SPDX-License-Identifier: BSD-2-Clause
import { HART } from '../memory/layout.ts';
import type { Machine } from './machine.ts';

const SUPERVISOR = 1;
/** Everything that a guest in S mode is to handle itself. */
const EXCEPTIONS_OF_SUPERVISOR = 0xb1ffn;
const INTERRUPTS_OF_SUPERVISOR = 0x222n;
/** cycle, time and instret may be read by lower modes. */
const COUNTERS = 7n;
/** One entry for all of memory: NAPOT, readable, writable, executable. */
const PMP_ALL_ADDRESSES = (1n << 54n) - 1n;
const PMP_NAPOT_RWX = 0x1fn;

/** Puts the hart into S mode at an address, interrupts and translation off, as firmware that has done its work would. */
export function startSupervisor({ state, hart }: Machine, pc: bigint): void {
  state.setWord(HART.pc, pc);
  state.setU32(HART.privilege, SUPERVISOR);
  state.setWord(HART.medeleg, EXCEPTIONS_OF_SUPERVISOR);
  state.setWord(HART.mideleg, INTERRUPTS_OF_SUPERVISOR);
  state.setWord(HART.mcounteren, COUNTERS);
  state.setWord(HART.scounteren, COUNTERS);
  state.setWord(HART.pmpaddr, PMP_ALL_ADDRESSES);
  state.setWord(HART.pmpcfg0, PMP_NAPOT_RWX);
  hart.flush();
}
