// SPDX-License-Identifier: BSD-2-Clause
import type { Scheduling } from '../../schema/abi/syscalls.ts';

/** Bytes that one load or store moves. */
export type AccessBytes = 1 | 2 | 4 | 8;

/**
 * The memory that a thread sees: its address space, at virtual addresses. Each access is one instruction of the thread,
 * with the address in register t6 and the value in t5: `ld t5, 0(t6)`, `sd t5, 0(t6)` and those of fewer bytes, unsigned.
 * One that faults is executed again when the fault handler restarts the thread there; moved behind it, the thread goes on.
 * Both return as {@link UserContext.trap}.
 */
export interface UserMemory {
  /** When it has returned, the value is in t5. */
  load(addressLo: number, addressHi: number, bytes: AccessBytes): Promise<void> | undefined;
  store(addressLo: number, addressHi: number, bytes: AccessBytes, lo: number, hi: number): Promise<void> | undefined;
}

/**
 * All that a stub knows of the world: the registers and IPC buffer of one user thread, and the trap.
 * Whoever hosts a kernel implements it.
 */
export interface UserContext {
  readonly scheduling: Scheduling;
  /** Lanes of the context slots (`abi/registers.ts`): slot i at 2i (low) and 2i + 1 (high). Live: the kernel writes here. */
  readonly registers: Uint32Array;
  /**
   * Lanes of the IPC buffer's 128 words as the thread itself sees its memory, or `undefined` when it has none.
   * A thread may be able to read a buffer that the kernel treats as absent.
   */
  readonly ipcBuffer: Uint32Array | undefined;
  /** Whether the thread may write its buffer's memory. */
  readonly ipcBufferWritable: boolean;
  /**
   * Executes the system call that the registers describe. Returns `undefined` when the thread already runs again
   * (the fast path: nothing to await), otherwise a promise that settles when it does. The promise never settles
   * for a thread that stops for good.
   */
  trap(): Promise<void> | undefined;
  /**
   * Executes an instruction that raises a user exception: `cause` is its scause, 2 for an illegal instruction. Returns
   * as `trap`, once the thread goes on behind the instruction; a handler that restarts it there has it raised again.
   */
  exception(cause: number): Promise<void> | undefined;
  /** Loads and stores of the thread; `undefined` where the host has no memory for user code to see. */
  readonly memory?: UserMemory | undefined;
  /** The thread computes for this many virtual nanoseconds without a system call. Returns as `trap`. */
  compute(ns: number): Promise<void> | undefined;
  /** Virtual time in nanoseconds. */
  now(): number;
  /**
   * Makes a function startable as a thread: returns the pc that WriteRegisters must give a TCB.
   * The same function may be registered more than once.
   */
  entry(start: (context: UserContext) => Promise<void>): bigint;
  /** Tells observers a name for the object behind a capability of this thread. No effect on the kernel. */
  hint(cptr: bigint, name: string): void;
}
