// SPDX-License-Identifier: BSD-2-Clause
/** Entering and leaving traps: delegation, priorities, the stacks of privilege and interrupt enable in `mstatus`. */
import { INTERRUPT, MSTATUS } from '../isa/csrs.ts';
import { PRIVILEGE, type HartState } from './state.ts';

/** Set in `mcause` and `scause` for an interrupt. */
const INTERRUPT_CAUSE = 1n << 63n;
/** Which of several interrupts comes first. */
const PRIORITY = [
  INTERRUPT.machineExternal, INTERRUPT.machineSoftware, INTERRUPT.machineTimer,
  INTERRUPT.supervisorExternal, INTERRUPT.supervisorSoftware, INTERRUPT.supervisorTimer,
] as const;

/** Takes an exception of the instruction at pc. */
export function enterException(state: HartState, cause: number, value: bigint): void {
  const delegated = state.privilege !== PRIVILEGE.machine && ((state.get('medeleg') >> BigInt(cause)) & 1n) !== 0n;
  enter(state, delegated ? 'supervisor' : 'machine', BigInt(cause), value);
}

/** The interrupt that is to be taken now; undefined for none. */
export function pendingInterrupt(state: HartState): number | undefined {
  const pending = state.enabledPending;
  if (pending === 0) return undefined;
  const { privilege } = state;
  const mstatus = state.get('mstatus');
  const delegated = Number(state.get('mideleg'));
  const forMachine = privilege < PRIVILEGE.machine || (mstatus & MSTATUS.mie) !== 0n ? pending & ~delegated : 0;
  const supervisorTakes = privilege < PRIVILEGE.supervisor
    || (privilege === PRIVILEGE.supervisor && (mstatus & MSTATUS.sie) !== 0n);
  const forSupervisor = supervisorTakes ? pending & delegated : 0;
  const candidates = forMachine === 0 ? forSupervisor : forMachine;
  return PRIORITY.find((interrupt) => (candidates & (1 << interrupt)) !== 0);
}

/** Takes an interrupt before the instruction at pc. */
export function enterInterrupt(state: HartState, interrupt: number): void {
  const delegated = ((state.get('mideleg') >> BigInt(interrupt)) & 1n) !== 0n;
  enter(state, delegated ? 'supervisor' : 'machine', INTERRUPT_CAUSE | BigInt(interrupt), 0n);
}

function enter(state: HartState, to: 'machine' | 'supervisor', cause: bigint, value: bigint): void {
  const previous = BigInt(state.privilege);
  const mstatus = state.get('mstatus');
  if (to === 'supervisor') {
    state.set('sepc', state.pc);
    state.set('scause', cause);
    state.set('stval', value);
    state.replace('mstatus', MSTATUS.sie | MSTATUS.spie | MSTATUS.spp,
      (previous << 8n) | ((mstatus & MSTATUS.sie) === 0n ? 0n : MSTATUS.spie));
    state.privilege = PRIVILEGE.supervisor;
  } else {
    state.set('mepc', state.pc);
    state.set('mcause', cause);
    state.set('mtval', value);
    state.replace('mstatus', MSTATUS.mie | MSTATUS.mpie | MSTATUS.mpp,
      (previous << 11n) | ((mstatus & MSTATUS.mie) === 0n ? 0n : MSTATUS.mpie));
    state.privilege = PRIVILEGE.machine;
  }
  state.pc = handlerOf(state.get(to === 'supervisor' ? 'stvec' : 'mtvec'), cause);
}

/** Vectored handlers have one entry of four bytes for each interrupt. */
function handlerOf(vector: bigint, cause: bigint): bigint {
  const vectored = (vector & 3n) === 1n && (cause & INTERRUPT_CAUSE) !== 0n;
  return BigInt.asUintN(64, (vector & ~3n) + (vectored ? 4n * (cause & ~INTERRUPT_CAUSE) : 0n));
}

/** Does what mret or sret do to the state, and returns where the program goes on. */
export function returnFrom(state: HartState, from: 'machine' | 'supervisor'): bigint {
  const mstatus = state.get('mstatus');
  const [enable, previousEnable, previousMode, shift] = from === 'machine'
    ? [MSTATUS.mie, MSTATUS.mpie, MSTATUS.mpp, 11n] as const : [MSTATUS.sie, MSTATUS.spie, MSTATUS.spp, 8n] as const;
  const mode = Number((mstatus & previousMode) >> shift);
  state.replace('mstatus', enable | previousEnable | previousMode,
    ((mstatus & previousEnable) === 0n ? 0n : enable) | previousEnable);
  if (mode !== PRIVILEGE.machine) state.replace('mstatus', MSTATUS.mprv, 0n);
  state.privilege = mode;
  return state.get(from === 'machine' ? 'mepc' : 'sepc');
}
