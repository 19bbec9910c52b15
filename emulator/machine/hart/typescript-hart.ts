// SPDX-License-Identifier: BSD-2-Clause
import { expand, isCompressed } from '../isa/compressed.ts';
import { decode, type Decoded } from '../isa/decode.ts';
import { INSTRUCTIONS } from '../isa/instructions.ts';
import { INTERRUPT_STOP, STOP_ON } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import { ATOMIC } from './atomic.ts';
import { CONTROL } from './control.ts';
import { ControlRegisters } from './control-registers.ts';
import { DataAccess } from './data-access.ts';
import type { Execute, Execution, Semantics } from './execution.ts';
import { FLOATING_POINT } from './floating-point.ts';
import type { Bus, Hart, Stop } from './hart.ts';
import { INTEGER } from './integer.ts';
import { MULTIPLY } from './multiply.ts';
import { Protection } from './protection.ts';
import { HartState, PRIVILEGE } from './state.ts';
import { storeLogFull } from './store-log.ts';
import { ACCESS_FAULT, CAUSE, Trap, type Access } from './trap.ts';
import { enterException, enterInterrupt, pendingInterrupt } from './traps.ts';
import { Translation } from './translation.ts';

const SEMANTICS: Semantics = { ...INTEGER, ...MULTIPLY, ...ATOMIC, ...FLOATING_POINT, ...CONTROL };
/** By index in the instruction table. */
const EXECUTE: readonly Execute[] = INSTRUCTIONS.map(({ name }) => {
  const execute = SEMANTICS[name];
  if (execute === undefined) throw new Error(`the readable hart does not know what ${name} does`);
  return execute;
});

const ECALL = 0x73;
/** In `stopCause`: the trap is an interrupt. */

/** An instruction that has been seen: what it does, and how long it is. */
interface Known {
  readonly operands: Decoded;
  readonly execute: Execute;
  readonly length: bigint;
}

/**
 * The readable hart: what the fast one is compared with. One instruction after the other, registers as BigInt, nothing
 * remembered but the meaning of instruction words.
 */
export class TypeScriptHart implements Hart, Execution {
  readonly state: HartState;
  readonly data: DataAccess;
  readonly csrs: ControlRegisters;
  next = 0n;
  private readonly memory: PhysicalMemory;
  private readonly protection: Protection;
  private readonly translation: Translation;
  private readonly known = new Map<number, Known>();
  private readonly breakpoints = new Map<bigint, number>();
  /** The breakpoint that stopped the last run: the next one begins with its instruction. */
  private stoppedAt: bigint | undefined;
  /** Bits of the instruction that is executed. */
  private bits = 0;
  private stop: Stop | undefined;

  /** A hart over the state in linear memory, which becomes that after a reset: M mode, at address 0 until the host says. */
  constructor(memory: PhysicalMemory, bus: Bus) {
    this.memory = memory;
    this.state = new HartState(memory.memory);
    this.protection = new Protection(this.state);
    this.translation = new Translation(this.state, memory, this.protection);
    this.data = new DataAccess(this.state, memory, this.translation, bus);
    this.csrs = new ControlRegisters(this.state);
    this.state.reset();
    this.flush();
  }

  run(instructions: number): Stop {
    this.flush();
    this.stop = undefined;
    const resumed = this.stoppedAt;
    this.stoppedAt = undefined;
    if (storeLogFull(this.state)) return 'storeLog';
    if (this.state.waiting) {
      if (this.state.enabledPending === 0) return 'waiting';
      this.state.waiting = false;
    }
    for (let left = instructions; left > 0; left -= 1) {
      this.takeInterrupt();
      if (this.stop === undefined && this.atBreakpoint(left === instructions ? resumed : undefined)) this.stop = 'breakpoint';
      if (this.stop === undefined) this.step();
      if (this.stop !== undefined) return this.stop;
    }
    return 'budget';
  }

  raise(cause: number, value: bigint): void {
    enterException(this.state, cause, value);
    this.contextChanged();
  }

  flush(): void {
    this.translation.flush();
    this.protection.refresh();
  }

  written(): void {
    // Instructions are read from memory each time.
  }

  setBreakpoints(addresses: readonly bigint[]): void {
    this.breakpoints.clear();
    addresses.forEach((address, index) => this.breakpoints.set(BigInt.asUintN(64, address), index));
  }

  translate(address: bigint, access: Access): number | undefined {
    this.flush();
    try {
      return this.translation.translate(BigInt.asUintN(64, address), 1, access);
    } catch (error) {
      if (error instanceof Trap) return undefined;
      throw error;
    } finally {
      this.translation.flush();
    }
  }

  contextChanged(): void {
    this.flush();
  }

  returnedToUser(): void {
    if ((this.state.stopOn & STOP_ON.userReturn) !== 0) this.stop = 'userReturn';
  }

  illegal(): never {
    throw new Trap(CAUSE.illegalInstruction, BigInt(this.bits));
  }

  /** One instruction, retired or trapped. */
  private step(): void {
    const { state } = this;
    try {
      const { operands, execute, length } = this.fetch();
      if (operands.word === ECALL && state.privilege === PRIVILEGE.supervisor && (state.stopOn & STOP_ON.supervisorCall) !== 0) {
        this.stop = 'supervisorCall';
        return;
      }
      this.next = BigInt.asUintN(64, state.pc + length);
      execute(this, operands);
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      this.takeException(error);
      return;
    }
    state.pc = this.next;
    state.set('instret', state.get('instret') + 1n);
    this.stopAfter();
  }

  private stopAfter(): void {
    if (storeLogFull(this.state)) this.stop ??= 'storeLog';
    if (this.state.waiting) this.stop ??= 'waiting';
    if (this.data.stopRequested) {
      this.data.stopRequested = false;
      this.stop ??= 'device';
    }
  }

  private fetch(): Known {
    const { pc } = this.state;
    const low = this.fetchHalf(pc);
    const compressed = isCompressed(low);
    this.bits = compressed ? low : (low | (this.fetchHalf(BigInt.asUintN(64, pc + 2n)) << 16)) >>> 0;
    const found = this.known.get(this.bits);
    if (found !== undefined) return found;
    const operands = decode(compressed ? expand(low) : this.bits) ?? this.illegal();
    const known = { operands, execute: EXECUTE[operands.index]!, length: compressed ? 2n : 4n };
    this.known.set(this.bits, known);
    return known;
  }

  /** 16 bits of code. */
  private fetchHalf(address: bigint): number {
    const physical = this.translation.translate(address, 2, 'execute');
    if (!this.memory.contains(physical, 2)) throw new Trap(ACCESS_FAULT.execute, address);
    const word = this.memory.readU32(physical - physical % 4);
    return physical % 4 === 0 ? word & 0xffff : word >>> 16;
  }

  private takeInterrupt(): void {
    const interrupt = pendingInterrupt(this.state);
    if (interrupt === undefined) return;
    const from = this.state.privilege;
    enterInterrupt(this.state, interrupt);
    this.translation.flush();
    this.stopAfterTrap(from, INTERRUPT_STOP + interrupt, 0n);
  }

  private takeException({ cause, value }: Trap): void {
    const from = this.state.privilege;
    enterException(this.state, cause, value);
    this.translation.flush();
    this.stopAfterTrap(from, cause, value);
  }

  private stopAfterTrap(from: number, cause: number, value: bigint): void {
    if (from === PRIVILEGE.user) this.stopForTrap(STOP_ON.userTrap, 'userTrap', cause, value);
    else if (from === this.state.privilege) this.stopForTrap(STOP_ON.ownTrap, 'ownTrap', cause, value);
  }

  private stopForTrap(bit: number, stop: Stop, cause: number, value: bigint): void {
    if ((this.state.stopOn & bit) === 0) return;
    this.state.setStop(cause, value);
    this.stop = stop;
  }

  private atBreakpoint(resumed: bigint | undefined): boolean {
    if ((this.state.stopOn & STOP_ON.breakpoints) === 0) return false;
    const { pc } = this.state;
    const index = this.breakpoints.get(pc);
    if (index === undefined || pc === resumed) return false;
    this.state.setStop(index, pc);
    this.stoppedAt = pc;
    return true;
  }
}
