// SPDX-License-Identifier: BSD-2-Clause
/** Exceptions, interrupts, and the way back from them. */
import {
  HART_MCAUSE, HART_MEDELEG, HART_MEPC, HART_MIDELEG, HART_MIE, HART_MIP, HART_MSTATUS, HART_MTVAL, HART_MTVEC, HART_PC, HART_PRIVILEGE,
  HART_SCAUSE, HART_SEPC, HART_STOP_CAUSE, HART_STOP_ON, HART_STOP_VALUE, HART_STVAL, HART_STVEC, STOP_ON_OWN_TRAP, STOP_ON_USER_RETURN,
  STOP_ON_USER_TRAP, STOP_OWN_TRAP, STOP_USER_RETURN, STOP_USER_TRAP,
} from './generated';
import {
  MACHINE, modeChanged, MSTATUS_MIE, MSTATUS_MPIE, MSTATUS_MPP, MSTATUS_MPRV, MSTATUS_SIE, MSTATUS_SPIE, MSTATUS_SPP, privilege,
  SUPERVISOR, USER,
} from './state';
import { wantStop } from './stop';

const INTERRUPT: u64 = 1 << 63;
const STOP_INTERRUPT: u32 = 1 << 31;
const NO_INTERRUPT: i32 = -1;

/** Takes a trap at pc. */
export function trap(cause: i32, value: u64, interrupt: bool): void {
  const from = privilege();
  const delegated = load<u64>(interrupt ? HART_MIDELEG : HART_MEDELEG) >> <u64>cause & 1;
  const to = from != MACHINE && delegated != 0 ? SUPERVISOR : MACHINE;
  const code = <u64>cause | (interrupt ? INTERRUPT : 0);
  if (to == SUPERVISOR) toSupervisor(from, code, value); else toMachine(from, code, value);
  store<u32>(HART_PRIVILEGE, to);
  const vector = load<u64>(to == SUPERVISOR ? HART_STVEC : HART_MTVEC);
  const vectored = interrupt && (vector & 1) != 0;
  store<u64>(HART_PC, (vector & ~3) + (vectored ? <u64>cause << 2 : 0));
  modeChanged();
  report(from, to, cause, value, interrupt);
}

function toSupervisor(from: u32, code: u64, value: u64): void {
  store<u64>(HART_SEPC, load<u64>(HART_PC));
  store<u64>(HART_SCAUSE, code);
  store<u64>(HART_STVAL, value);
  const status = load<u64>(HART_MSTATUS);
  let next = status & ~(MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP);
  if ((status & MSTATUS_SIE) != 0) next |= MSTATUS_SPIE;
  if (from == SUPERVISOR) next |= MSTATUS_SPP;
  store<u64>(HART_MSTATUS, next);
}

function toMachine(from: u32, code: u64, value: u64): void {
  store<u64>(HART_MEPC, load<u64>(HART_PC));
  store<u64>(HART_MCAUSE, code);
  store<u64>(HART_MTVAL, value);
  const status = load<u64>(HART_MSTATUS);
  let next = status & ~(MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP);
  if ((status & MSTATUS_MIE) != 0) next |= MSTATUS_MPIE;
  store<u64>(HART_MSTATUS, next | (<u64>from << 11));
}

function report(from: u32, to: u32, cause: i32, value: u64, interrupt: bool): void {
  const wanted = load<u32>(HART_STOP_ON);
  const user = from == USER;
  if ((wanted & (user ? STOP_ON_USER_TRAP : STOP_ON_OWN_TRAP)) == 0) return;
  if (!user && from != to) return;
  store<u32>(HART_STOP_CAUSE, <u32>cause | (interrupt ? STOP_INTERRUPT : 0));
  store<u64>(HART_STOP_VALUE, value);
  wantStop(user ? STOP_USER_TRAP : STOP_OWN_TRAP);
}

/** Takes the enabled interrupt of the highest priority, if there is one. */
export function takeInterrupt(): bool {
  const pending = load<u64>(HART_MIP) & load<u64>(HART_MIE);
  if (pending == 0) return false;
  const cause = enabledInterrupt(pending);
  if (cause == NO_INTERRUPT) return false;
  trap(cause, 0, true);
  return true;
}

function enabledInterrupt(pending: u64): i32 {
  const status = load<u64>(HART_MSTATUS);
  const delegated = load<u64>(HART_MIDELEG);
  const mode = privilege();
  let enabled: u64 = 0;
  if (mode != MACHINE || (status & MSTATUS_MIE) != 0) enabled = pending & ~delegated;
  if (enabled == 0 && (mode == USER || (mode == SUPERVISOR && (status & MSTATUS_SIE) != 0))) enabled = pending & delegated;
  return enabled == 0 ? NO_INTERRUPT : highest(enabled);
}

/** External before software before timer, machine before supervisor. */
function highest(enabled: u64): i32 {
  if ((enabled & (1 << 11)) != 0) return 11;
  if ((enabled & (1 << 3)) != 0) return 3;
  if ((enabled & (1 << 7)) != 0) return 7;
  if ((enabled & (1 << 9)) != 0) return 9;
  if ((enabled & (1 << 1)) != 0) return 1;
  return 5;
}

export function returnFromSupervisor(): void {
  const status = load<u64>(HART_MSTATUS);
  let next = status & ~(MSTATUS_SIE | MSTATUS_SPP | MSTATUS_MPRV);
  if ((status & MSTATUS_SPIE) != 0) next |= MSTATUS_SIE;
  const to = (status & MSTATUS_SPP) != 0 ? SUPERVISOR : USER;
  store<u64>(HART_MSTATUS, next | MSTATUS_SPIE);
  goBack(to, load<u64>(HART_SEPC));
  if (to == USER && (load<u32>(HART_STOP_ON) & STOP_ON_USER_RETURN) != 0) wantStop(STOP_USER_RETURN);
}

export function returnFromMachine(): void {
  const status = load<u64>(HART_MSTATUS);
  const to = <u32>((status & MSTATUS_MPP) >> 11);
  let next = status & ~(MSTATUS_MIE | MSTATUS_MPP);
  if (to != MACHINE) next &= ~MSTATUS_MPRV;
  if ((status & MSTATUS_MPIE) != 0) next |= MSTATUS_MIE;
  store<u64>(HART_MSTATUS, next | MSTATUS_MPIE);
  goBack(to, load<u64>(HART_MEPC));
}

function goBack(to: u32, pc: u64): void {
  store<u32>(HART_PRIVILEGE, to);
  store<u64>(HART_PC, pc);
  modeChanged();
}
