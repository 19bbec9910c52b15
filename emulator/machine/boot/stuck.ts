// SPDX-License-Identifier: BSD-2-Clause
/** Ways in which a kernel is stuck for good, seen from outside. */
import { HART } from '../memory/layout.ts';
import type { HartState } from '../devices/hart-state.ts';
import { INTERRUPT, MSTATUS } from '../isa/csrs.ts';
import type { MachineEnd } from './machine-end.ts';
import type { Machine } from './machine.ts';

/** `j .` in its two encodings: c.j 0 and jal x0, 0. */
const COMPRESSED_JUMP_TO_SELF = 0xa001;
const JUMP_TO_SELF = 0x0000_006f;

const PRIVILEGE = Object.freeze({ user: 0, supervisor: 1, machine: 3 });
const bit = (interrupt: number): bigint => 1n << BigInt(interrupt);
/** Interrupts that a device or an alarm can raise; the software ones only the hart raises itself, here the only one. */
const FROM_OUTSIDE = bit(INTERRUPT.supervisorTimer) | bit(INTERRUPT.machineTimer) | bit(INTERRUPT.supervisorExternal) | bit(INTERRUPT.machineExternal);
const TIMERS = bit(INTERRUPT.supervisorTimer) | bit(INTERRUPT.machineTimer);

/** Whether the hart executes a jump to itself, not in user mode, and no interrupt that may come can leave it. */
export function spinsForever({ state, hart, memory, clock }: Machine): boolean {
  const privilege = state.u32(HART.privilege);
  if (privilege === PRIVILEGE.user) return false;
  const at = hart.translate(state.word(HART.pc), 'execute');
  if (at === undefined || !memory.contains(at, 2)) return false;
  const half = memory.read(at, 2);
  const word = memory.contains(at, 4) ? memory.readU32(at) : 0;
  if ((half[0]! | (half[1]! << 8)) !== COMPRESSED_JUMP_TO_SELF && word !== JUMP_TO_SELF) return false;
  const possible = clock.armed ? FROM_OUTSIDE : FROM_OUTSIDE & ~TIMERS;
  return (takenIn(state, privilege) & possible) === 0n;
}

/** Interrupts that are enabled and would be taken in the mode that runs. */
function takenIn(state: HartState, privilege: number): bigint {
  const mie = state.word(HART.mie);
  const mideleg = state.word(HART.mideleg);
  const mstatus = state.word(HART.mstatus);
  const machine = privilege < PRIVILEGE.machine || (mstatus & MSTATUS.mie) !== 0n;
  const supervisor = privilege < PRIVILEGE.supervisor || (privilege === PRIVILEGE.supervisor && (mstatus & MSTATUS.sie) !== 0n);
  return (machine ? mie & ~mideleg : 0n) | (supervisor ? mie & mideleg : 0n);
}

const MODES = new Map<number, string>([[PRIVILEGE.user, 'U'], [PRIVILEGE.supervisor, 'S'], [PRIVILEGE.machine, 'M']]);

/**
 * Counts the instructions of a hart that nothing will ever interrupt and that asks for nothing: a kernel that spins with
 * its timer due, or waits for other harts; user code that spins without a timer.
 */
export class ProgressWatch {
  private readonly state: HartState;
  private readonly most: number;
  private count = 0;

  /** @param most instructions after which the hart counts as stuck */
  constructor(state: HartState, most: number) {
    this.state = state;
    this.most = most;
  }

  /** Instructions that are still waited for. */
  get left(): number {
    return this.most - this.count;
  }

  /** Something came or will come from outside, or the hart changed its mode. */
  progress(): void {
    this.count = 0;
  }

  /** Instructions ran, and there was nothing else to see; returns the end of a machine that will never do more. */
  ran(instructions: number): MachineEnd | undefined {
    this.count += instructions;
    if (this.count < this.most) return undefined;
    return { kind: 'noProgress', pc: this.state.word(HART.pc), mode: MODES.get(this.state.u32(HART.privilege)) ?? '?', instructions: this.count };
  }
}

/** Equal exceptions in a row, close together, after which a handler is said to loop. */
const LOOP_TRAPS = 100_000;
const CLOSE_INSTRUCTIONS = 1000;

/** Watches the traps that a handler's own mode takes. */
export class TrapLoopDetector {
  private readonly state: HartState;
  private key = '';
  private count = 0;
  private lastAt = 0;

  constructor(state: HartState) {
    this.state = state;
  }

  /** To be called after each trap of S or M mode out of itself; returns the end of a machine that only traps. */
  trapped(): MachineEnd | undefined {
    const { state } = this;
    const machine = state.u32(HART.privilege) === PRIVILEGE.machine;
    const cause = state.word(machine ? HART.mcause : HART.scause);
    if (cause >> 63n === 1n) return undefined;
    const pc = state.word(machine ? HART.mepc : HART.sepc);
    const value = state.word(machine ? HART.mtval : HART.stval);
    const end: MachineEnd = { kind: 'trapLoop', pc, cause: Number(cause), value };
    // The first instruction of the handler fails: nothing can change any more.
    if (pc === (state.word(machine ? HART.mtvec : HART.stvec) & ~3n)) return end;
    const key = `${pc} ${cause} ${value}`;
    const now = state.count(HART.instret);
    this.count = key === this.key && now - this.lastAt < CLOSE_INSTRUCTIONS ? this.count + 1 : 1;
    this.key = key;
    this.lastAt = now;
    return this.count >= LOOP_TRAPS ? end : undefined;
  }
}
