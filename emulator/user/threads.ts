// SPDX-License-Identifier: BSD-2-Clause
/**
 * TypeScript threads over a kernel host: each thread is an async function; exactly one runs at a time, the one that
 * the kernel says is running.
 *
 * A thread's pc is an address in a synthetic text region of its entry: every system call, load and store stands at the
 * next address, so that one that is executed again is recognised by its pc, as on hardware. The text is in no frame; a
 * thread can fetch it wherever it has an address space at all.
 */
import { SLOT, type BootInfo } from '../../schema/abi/index.ts';
import type { UserContext } from '../../stubs/runtime/user-context.ts';
import type { KernelHost } from '../host.ts';
import {
  ADDRESS, COMPUTING, ENVIRONMENT_CALL, EXECUTED, LOAD, NOTHING, NOT_EXECUTED, PC, STORE, ThreadContext, VALUE,
  type Runner, type ThreadStart, type Waiting,
} from './thread-context.ts';

export type { ThreadStart } from './thread-context.ts';

/** Why a run ended. */
export type RunEnd =
  /** The root task's function returned. */
  | 'completed'
  /** No thread can ever run again. */
  | 'stalled'
  /** DebugHalt. */
  | 'halted'
  /** The limit of virtual time was reached. */
  | 'timeLimit'
  /** Somebody called {@link UserThreads.stop}. */
  | 'interrupted';

/** The kernel host or one of its observers failed: nothing more can be learned from this run. */
export class HostError extends Error {
  constructor(cause: unknown) {
    super(`the kernel host failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'HostError';
  }
}

/** An error thrown by a thread's function. */
export class ThreadError extends Error {
  constructor(thread: string, cause: unknown) {
    super(`${thread}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'ThreadError';
  }
}

export interface UserThreadsOptions {
  /** Virtual ns of user code between two system calls of a thread. Default 500. */
  readonly userTime?: number;
  /** Virtual ns of a load or store. Default 10. */
  readonly accessTime?: number;
  /** Virtual time at which the run ends, ns. Default: never. */
  readonly timeLimit?: number;
  /** Asked after every trap, load and store: a promise that the threads wait for before they go on (a full trace window), or nothing. */
  readonly pause?: () => Promise<void> | undefined;
}

/** Bytes of synthetic text of one entry. */
const TEXT_BYTES = 0x1_0000;
const INSTRUCTION_PAGE_FAULT = 12;
const ILLEGAL_INSTRUCTION = 2;

export class UserThreads implements Runner {
  private readonly host: KernelHost;
  private readonly userTime: number;
  private readonly accessTime: number;
  private readonly timeLimit: number;
  private readonly pause: (() => Promise<void> | undefined) | undefined;
  private readonly entries: ThreadStart[] = [];
  private readonly threads: (ThreadContext | undefined)[] = [];
  private end: ((end: RunEnd) => void) | undefined;
  private fail: ((error: ThreadError | HostError) => void) | undefined;
  private over = false;

  constructor(host: KernelHost, options: UserThreadsOptions = {}) {
    this.host = host;
    this.userTime = options.userTime ?? 500;
    this.accessTime = options.accessTime ?? 10;
    this.timeLimit = options.timeLimit ?? Infinity;
    this.pause = options.pause;
  }

  /**
   * Boots the kernel with `main` as the root task and runs until it returns, until nothing can run any more, or until
   * a thread throws (then the promise rejects with a {@link ThreadError}) or the host does ({@link HostError}).
   */
  run(name: string, main: (context: UserContext, bootInfo: BootInfo) => Promise<void>): Promise<RunEnd> {
    return new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
      const entry = this.register(async (context) => {
        await main(context, bootInfo);
        this.finish('completed');
      });
      const bootInfo = this.host.boot({ name, entryLo: entry, entryHi: 0 });
      this.dispatch();
    });
  }

  /** Ends the run before the next trap; {@link run} resolves with `interrupted`. */
  stop(): void {
    this.finish('interrupted');
  }

  /** Registers a function and returns the pc that starts it. */
  register(start: ThreadStart): number {
    this.entries.push(start);
    return this.entries.length * TEXT_BYTES;
  }

  /** The next instruction of a thread, see {@link ThreadContext.instruction}. Returns as `UserContext.trap`. */
  step(thread: ThreadContext, instruction: number): Promise<void> | undefined {
    this.mustRun(thread);
    try {
      thread.instruction = instruction;
      return this.execute(thread);
    } catch (error) {
      return this.hostFailed(error);
    }
  }

  private execute(thread: ThreadContext): Promise<void> | undefined {
    const { host } = this;
    keepInText(thread);
    const time = thread.instruction === LOAD || thread.instruction === STORE ? this.accessTime : this.userTime;
    if (host.compute(time) === 0 && host.running === thread.id && host.time < this.timeLimit && !this.over) {
      const at = thread.pc;
      this.perform(thread);
      if (host.running === thread.id && thread.pc === at + 4 && !host.halted) return this.pause?.();
      return this.wait(thread, EXECUTED, at);
    }
    return this.wait(thread, NOT_EXECUTED, thread.pc);
  }

  private perform(thread: ThreadContext): void {
    const { host } = this;
    const { instruction } = thread;
    if (host.hasAddressSpace?.() === false) this.raise(INSTRUCTION_PAGE_FAULT, thread);
    else if (instruction === ENVIRONMENT_CALL) host.syscall();
    else if (instruction === LOAD || instruction === STORE) this.access(thread);
    else host.exception({ cause: instruction, valueLo: 0, valueHi: 0 });
  }

  /** Executes the load or store whose address and value are in the thread's registers. */
  private access(thread: ThreadContext): void {
    const { host } = this;
    const { registers, accessBytes } = thread;
    const isDone = thread.instruction === LOAD
      ? host.load!(registers[ADDRESS]!, registers[ADDRESS + 1]!, accessBytes, registers, VALUE)
      : host.store!(registers[ADDRESS]!, registers[ADDRESS + 1]!, accessBytes, registers[VALUE]!, registers[VALUE + 1]!);
    if (isDone) thread.advance();
  }

  /** The running thread raises an exception about its pc. */
  private raise(cause: number, { registers }: ThreadContext): void {
    this.host.exception({ cause, valueLo: registers[PC]!, valueHi: registers[PC + 1]! });
  }

  /** See `UserContext.compute`. */
  compute(thread: ThreadContext, ns: number): Promise<void> | undefined {
    this.mustRun(thread);
    try {
      return this.spend(thread, ns);
    } catch (error) {
      return this.hostFailed(error);
    }
  }

  private spend(thread: ThreadContext, ns: number): Promise<void> | undefined {
    const at = thread.pc;
    thread.toCompute = this.host.hasAddressSpace?.() === false ? ns : this.host.compute(ns);
    if (thread.toCompute === 0 && this.host.running === thread.id) return undefined;
    return this.wait(thread, COMPUTING, at);
  }

  private wait(thread: ThreadContext, waiting: Waiting, at: number): Promise<void> {
    thread.waiting = waiting;
    thread.at = at;
    const resumed = new Promise<void>((resolve) => { thread.resume = resolve; });
    this.dispatch();
    return resumed;
  }

  /** Lets the running thread go on, as far as the kernel lets it. */
  private dispatch(): void {
    const { host } = this;
    while (!this.over) {
      if (host.halted) return this.finish('halted');
      if (host.time >= this.timeLimit) return this.finish('timeLimit');
      if (host.running === 0) {
        if (!host.idle()) return this.finish('stalled');
        continue;
      }
      if (this.proceed(this.context(host.running))) return;
    }
  }

  /** One step of the running thread outside its function. True when its function has the turn. */
  private proceed(thread: ThreadContext): boolean {
    const { host } = this;
    // The hart has no odd pc: it drops the lowest bit.
    thread.registers[PC]! &= ~1;
    if (host.hasAddressSpace?.() === false) {
      this.raise(INSTRUCTION_PAGE_FAULT, thread);
      return false;
    }
    const start = this.entryAt(thread.pc);
    if (start !== undefined && (thread.waiting === NOTHING || thread.at !== thread.pc)) {
      this.begin(thread, start);
      return true;
    }
    const returned = thread.waiting === EXECUTED && thread.pc === thread.at + 4;
    if (thread.resume === undefined || (thread.pc !== thread.at && !returned)) {
      this.executeMemory(thread);
      return false;
    }
    if (thread.waiting === COMPUTING) {
      thread.toCompute = host.compute(thread.toCompute);
      if (thread.toCompute > 0 || host.running !== thread.id) return false;
    } else if (!returned) {
      thread.waiting = EXECUTED;
      this.perform(thread);
      return false;
    }
    this.resume(thread);
    return true;
  }

  /**
   * No function stands behind the pc, or somebody moved it away from where the function waits. The text of functions is
   * in no frame; what a frame holds is no instruction that a thread of functions could execute.
   */
  private executeMemory(thread: ThreadContext): void {
    const { host } = this;
    const { registers } = thread;
    const cause = host.fetchFault === undefined ? INSTRUCTION_PAGE_FAULT : host.fetchFault(registers[PC]!, registers[PC + 1]!);
    if (cause === 0) host.exception({ cause: ILLEGAL_INSTRUCTION, valueLo: 0, valueHi: 0 });
    else this.raise(cause, thread);
  }

  private resume(thread: ThreadContext): void {
    const resume = thread.resume!;
    thread.resume = undefined;
    thread.waiting = NOTHING;
    const pause = this.pause?.();
    if (pause === undefined) resume();
    else pause.then(resume, (error: unknown) => this.failed(thread, error));
  }

  private begin(thread: ThreadContext, start: ThreadStart): void {
    thread.resume = undefined;
    thread.waiting = NOTHING;
    thread.advance();
    start(thread).then(
      () => this.leave(thread),
      (error: unknown) => this.failed(thread, error),
    );
  }

  /** A thread's function returned: like any function it goes back to its return address, 0 unless somebody set ra. */
  private leave(thread: ThreadContext): void {
    if (this.over) return;
    const registers = this.host.registers(thread.id);
    registers[PC] = registers[2 * SLOT.ra]!;
    registers[PC + 1] = registers[2 * SLOT.ra + 1]!;
    try {
      // A function that returns to an entry may do so for ever: time must pass.
      if (this.entryAt(thread.pc) !== undefined) this.host.compute(this.userTime);
      this.dispatch();
    } catch (error) {
      void this.hostFailed(error);
    }
  }

  private failed(thread: ThreadContext, error: unknown): void {
    if (this.over) return;
    this.over = true;
    this.fail!(new ThreadError(`thread ${thread.id}`, error));
  }

  /** Ends the run. The thread that trapped never goes on, so that no program can take the failure for an answer. */
  private hostFailed(error: unknown): Promise<void> {
    if (!this.over) {
      this.over = true;
      this.fail!(new HostError(error));
    }
    return new Promise(() => {});
  }

  private finish(end: RunEnd): void {
    if (this.over) return;
    this.over = true;
    this.end!(end);
  }

  /** Throws unless a thread runs and waits for nothing. */
  mustRun(thread: ThreadContext): void {
    if (this.host.running !== thread.id || thread.resume !== undefined) {
      throw new Error(`thread ${thread.id} is not running: a thread makes one system call at a time, from its own context`);
    }
  }

  private entryAt(pc: number): ThreadStart | undefined {
    return pc % TEXT_BYTES === 0 ? this.entries[pc / TEXT_BYTES - 1] : undefined;
  }

  private context(id: number): ThreadContext {
    return (this.threads[id] ??= new ThreadContext(this, this.host, id));
  }
}

/** Text of an entry is a ring: past its end it goes on behind its first instruction. */
function keepInText(thread: ThreadContext): void {
  if (thread.pc % TEXT_BYTES >= TEXT_BYTES - 8) thread.jump(thread.pc - (thread.pc % TEXT_BYTES) + 4);
}
