// SPDX-License-Identifier: BSD-2-Clause
/**
 * TypeScript threads over a kernel host: each thread is an async function; exactly one runs at a time, the one that
 * the kernel says is running.
 *
 * A thread's pc is an address in a synthetic text region of its entry: every system call stands at the next address,
 * so that a restarted system call is recognised by its pc, as on hardware.
 */
import { BUFFER_RW, SLOT, fromBigInt, lanesToBigInt, type BootInfo } from '../../schema/abi/index.ts';
import type { UserContext } from '../../stubs/runtime/user-context.ts';
import type { KernelHost } from '../host.ts';

export type ThreadStart = (context: UserContext) => Promise<void>;

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
  /** Virtual ns of user code between two system calls of a thread. */
  readonly userTime?: number;
  /** Virtual time at which the run ends, ns. Default: never. */
  readonly timeLimit?: number;
  /** Asked after every trap: a promise that the threads wait for before they go on (a full trace window), or nothing. */
  readonly pause?: () => Promise<void> | undefined;
}

/** Bytes of synthetic text of one entry. */
const TEXT_BYTES = 0x1_0000;
const INSTRUCTION_PAGE_FAULT = 12;
/** scause of a system call. */
const ENVIRONMENT_CALL = 8;

export class UserThreads {
  private readonly host: KernelHost;
  private readonly userTime: number;
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

  /** An instruction of a thread that traps: a system call, or what raises the exception `cause`. See `UserContext.trap`. */
  trap(thread: ThreadContext, cause: number): Promise<void> | undefined {
    this.mustRun(thread);
    try {
      thread.cause = cause;
      return this.execute(thread);
    } catch (error) {
      return this.hostFailed(error);
    }
  }

  private execute(thread: ThreadContext): Promise<void> | undefined {
    const { host } = this;
    keepInText(thread);
    if (host.compute(this.userTime) === 0 && host.running === thread.id && host.time < this.timeLimit && !this.over) {
      const at = thread.pc;
      this.raise(thread);
      if (host.running === thread.id && thread.pc === at + 4 && !host.halted) return this.pause?.();
      return this.wait(thread, EXECUTED, at);
    }
    return this.wait(thread, NOT_EXECUTED, thread.pc);
  }

  private raise({ cause }: ThreadContext): void {
    if (cause === ENVIRONMENT_CALL) this.host.syscall();
    else this.host.exception({ cause, valueLo: 0, valueHi: 0 });
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
    thread.toCompute = this.host.compute(ns);
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
    const start = this.entryAt(thread.pc);
    if (start !== undefined && (thread.waiting === NOTHING || thread.at !== thread.pc)) {
      this.begin(thread, start);
      return true;
    }
    const returned = thread.waiting === EXECUTED && thread.pc === thread.at + 4;
    if (thread.resume === undefined || (thread.pc !== thread.at && !returned)) {
      // No function stands behind this pc, or somebody moved it away from where the function waits: a page fault.
      const pc = host.registers(thread.id);
      host.exception({ cause: INSTRUCTION_PAGE_FAULT, valueLo: pc[2 * SLOT.NextIP]!, valueHi: pc[2 * SLOT.NextIP + 1]! });
      return false;
    }
    if (thread.waiting === COMPUTING) {
      thread.toCompute = host.compute(thread.toCompute);
      if (thread.toCompute > 0 || host.running !== thread.id) return false;
    } else if (!returned) {
      thread.waiting = EXECUTED;
      this.raise(thread);
      return false;
    }
    this.resume(thread);
    return true;
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
    registers[2 * SLOT.NextIP] = registers[2 * SLOT.ra]!;
    registers[2 * SLOT.NextIP + 1] = registers[2 * SLOT.ra + 1]!;
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

  private mustRun(thread: ThreadContext): void {
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

/** What a thread's function waits for. */
type Waiting = typeof NOTHING | typeof EXECUTED | typeof NOT_EXECUTED | typeof COMPUTING;
const NOTHING = 0;
/** For the return of a trap that was executed, and may have to be again. */
const EXECUTED = 1;
/** For its trap to be executed: an interrupt came first. */
const NOT_EXECUTED = 2;
const COMPUTING = 3;

/** Text of an entry is a ring: past its end it goes on behind its first instruction. */
function keepInText(thread: ThreadContext): void {
  if (thread.pc % TEXT_BYTES >= TEXT_BYTES - 8) thread.jump(thread.pc - (thread.pc % TEXT_BYTES) + 4);
}

/** The context of one TypeScript thread. */
class ThreadContext implements UserContext {
  readonly scheduling: 'mcs' | 'classic';
  readonly registers: Uint32Array;
  readonly id: number;
  /** Settles the promise that the thread's function waits for. */
  resume: (() => void) | undefined;
  waiting: Waiting = NOTHING;
  /** pc at which it waits: of the trapping instruction, or where it computes. */
  at = 0;
  /** scause of the instruction that traps there. */
  cause = ENVIRONMENT_CALL;
  toCompute = 0;
  private readonly user: UserThreads;
  private readonly host: KernelHost;

  constructor(user: UserThreads, host: KernelHost, id: number) {
    this.user = user;
    this.host = host;
    this.id = id;
    this.registers = host.registers(id);
    this.scheduling = host.interfaces.configuration.scheduling;
  }

  /** NextIP; text regions lie below 2^32, anything above counts as no text. */
  get pc(): number {
    return this.registers[2 * SLOT.NextIP]! + this.registers[2 * SLOT.NextIP + 1]! * 0x1_0000_0000;
  }

  get ipcBuffer(): Uint32Array | undefined {
    return this.host.bufferLanes(this.id);
  }

  get ipcBufferWritable(): boolean {
    return this.host.bufferKind(this.id) === BUFFER_RW;
  }

  jump(pc: number): void {
    this.registers[2 * SLOT.NextIP] = pc >>> 0;
    this.registers[2 * SLOT.NextIP + 1] = Math.floor(pc / 0x1_0000_0000);
  }

  advance(): void {
    this.jump(this.pc + 4);
  }

  trap(): Promise<void> | undefined {
    return this.user.trap(this, ENVIRONMENT_CALL);
  }

  exception(cause: number): Promise<void> | undefined {
    return this.user.trap(this, cause);
  }

  compute(ns: number): Promise<void> | undefined {
    return this.user.compute(this, ns);
  }

  now(): number {
    return this.host.time;
  }

  entry(start: ThreadStart): bigint {
    return lanesToBigInt(this.user.register(start), 0);
  }

  hint(cptr: bigint, name: string): void {
    const w = fromBigInt(cptr);
    this.host.hint(this.id, w.lo, w.hi, name);
  }
}
