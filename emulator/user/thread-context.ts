// SPDX-License-Identifier: BSD-2-Clause
/** The context of a TypeScript thread: its registers, where its function stands, and what it waits for. */
import { BUFFER_RW, SLOT, fromBigInt, lanesToBigInt } from '../../schema/abi/index.ts';
import type { AccessBytes, UserContext, UserMemory } from '../../stubs/runtime/user-context.ts';
import type { KernelHost } from '../host.ts';

export type ThreadStart = (context: UserContext) => Promise<void>;

/** What a thread's function waits for. */
export type Waiting = typeof NOTHING | typeof EXECUTED | typeof NOT_EXECUTED | typeof COMPUTING;
export const NOTHING = 0;
/** For the return of an instruction that was executed, and may have to be again. */
export const EXECUTED = 1;
/** For its instruction to be executed: an interrupt came first. */
export const NOT_EXECUTED = 2;
export const COMPUTING = 3;

/** What can stand at a thread's pc: instructions that trap, by their scause (this one is a system call), and accesses to memory. */
export const ENVIRONMENT_CALL = 8;
export const LOAD = -1;
export const STORE = -2;

/** Low lanes of the pc, and of the address and the value of a load or store. */
export const PC = 2 * SLOT.NextIP;
export const ADDRESS = 2 * SLOT.t6;
export const VALUE = 2 * SLOT.t5;

/** What runs the threads. `step` and `compute` return as `UserContext.trap`. */
export interface Runner {
  /** Throws unless a thread runs and waits for nothing. */
  mustRun(thread: ThreadContext): void;
  /** Executes the next instruction of a thread. */
  step(thread: ThreadContext, instruction: number): Promise<void> | undefined;
  compute(thread: ThreadContext, ns: number): Promise<void> | undefined;
  /** Registers a function and returns the pc that starts it. */
  register(start: ThreadStart): number;
}

/** The context of one TypeScript thread. */
export class ThreadContext implements UserContext {
  readonly scheduling: 'mcs' | 'classic';
  readonly registers: Uint32Array;
  readonly id: number;
  /** Settles the promise that the thread's function waits for. */
  resume: (() => void) | undefined;
  waiting: Waiting = NOTHING;
  /** pc at which it waits: of the instruction, or where it computes. */
  at = 0;
  /** What stands there: scause of an instruction that traps, LOAD or STORE. */
  instruction = ENVIRONMENT_CALL;
  accessBytes: AccessBytes = 8;
  readonly memory: UserMemory | undefined;
  toCompute = 0;
  private readonly runner: Runner;
  private readonly host: KernelHost;

  constructor(runner: Runner, host: KernelHost, id: number) {
    this.runner = runner;
    this.host = host;
    this.id = id;
    this.registers = host.registers(id);
    this.scheduling = host.interfaces.configuration.scheduling;
    this.memory = host.load === undefined ? undefined : new ThreadMemory(runner, this);
  }

  /** NextIP; text regions lie below 2^32, anything above counts as no text. */
  get pc(): number {
    return this.registers[PC]! + this.registers[PC + 1]! * 0x1_0000_0000;
  }

  get ipcBuffer(): Uint32Array | undefined {
    return this.host.bufferLanes(this.id);
  }

  get ipcBufferWritable(): boolean {
    return this.host.bufferKind(this.id) === BUFFER_RW;
  }

  jump(pc: number): void {
    this.registers[PC] = pc >>> 0;
    this.registers[PC + 1] = Math.floor(pc / 0x1_0000_0000);
  }

  advance(): void {
    this.jump(this.pc + 4);
  }

  trap(): Promise<void> | undefined {
    return this.runner.step(this, ENVIRONMENT_CALL);
  }

  exception(cause: number): Promise<void> | undefined {
    return this.runner.step(this, cause);
  }

  compute(ns: number): Promise<void> | undefined {
    return this.runner.compute(this, ns);
  }

  now(): number {
    return this.host.time;
  }

  entry(start: ThreadStart): bigint {
    return lanesToBigInt(this.runner.register(start), 0);
  }

  hint(cptr: bigint, name: string): void {
    const w = fromBigInt(cptr);
    this.host.hint(this.id, w.lo, w.hi, name);
  }
}

/** Loads and stores of one TypeScript thread. */
class ThreadMemory implements UserMemory {
  private readonly runner: Runner;
  private readonly thread: ThreadContext;

  constructor(runner: Runner, thread: ThreadContext) {
    this.runner = runner;
    this.thread = thread;
  }

  load(addressLo: number, addressHi: number, bytes: AccessBytes): Promise<void> | undefined {
    this.runner.mustRun(this.thread);
    return this.access(LOAD, addressLo, addressHi, bytes);
  }

  store(addressLo: number, addressHi: number, bytes: AccessBytes, lo: number, hi: number): Promise<void> | undefined {
    this.runner.mustRun(this.thread);
    const { registers } = this.thread;
    registers[VALUE] = lo;
    registers[VALUE + 1] = hi;
    return this.access(STORE, addressLo, addressHi, bytes);
  }

  private access(instruction: number, addressLo: number, addressHi: number, bytes: AccessBytes): Promise<void> | undefined {
    const { thread } = this;
    thread.registers[ADDRESS] = addressLo;
    thread.registers[ADDRESS + 1] = addressHi;
    thread.accessBytes = bytes;
    return this.runner.step(thread, instruction);
  }
}
