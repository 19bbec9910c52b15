// SPDX-License-Identifier: BSD-2-Clause
/** What the remote-protocol server asks of a machine. */

/** A thread as the debugger lists it. Ids are positive and stable. */
export interface GdbThread {
  readonly id: number;
  /** Its seL4 name, or the hart's. */
  readonly name: string;
  /** What it does, in the field's words: a thread state, a mode. */
  readonly state: string;
}

/** Why the machine stopped. */
export type GdbStop =
  | { readonly kind: 'breakpoint'; readonly thread: number }
  | { readonly kind: 'step'; readonly thread: number }
  | { readonly kind: 'interrupt'; readonly thread: number }
  /** The guest is over: power off with this status. */
  | { readonly kind: 'exited'; readonly status: number };

/** Numbers of the registers that the server describes to the debugger: x0..x31, pc, then f0..f31 and the CSRs. */
export const PC_REGISTER = 32;
export const F_REGISTER = 33;

export interface GdbTarget {
  /** Names of the control and status registers that can be read. */
  readonly csrs: readonly string[];
  threads(): readonly GdbThread[];
  /** The thread whose registers the hart holds. */
  current(): number;
  /** x0..x31 and pc. Undefined for a thread that is gone. */
  registers(thread: number): readonly bigint[] | undefined;
  /** f0..f31; undefined where they are not known (a thread whose floating-point state the kernel has put away). */
  floatRegisters(thread: number): readonly bigint[] | undefined;
  /** A control and status register of the hart. */
  csr(name: string): bigint | undefined;
  /** Writes x1..x31 or pc. False when the thread is gone or the register cannot be written. */
  setRegister(thread: number, register: number, value: bigint): boolean;
  /** Memory as the thread's address space shows it, kernel window included; as many bytes as are mapped in one piece, undefined for none. */
  readMemory(thread: number, address: bigint, bytes: number): Uint8Array | undefined;
  /** All or nothing. */
  writeMemory(thread: number, address: bigint, data: Uint8Array): boolean;
  setBreakpoints(addresses: readonly bigint[]): void;
  /** Executes one instruction. */
  step(): GdbStop;
  /** Runs for a while: a stop, or undefined when nothing happened yet. Called again until something does. */
  resume(): GdbStop | undefined;
  /** Answers `monitor COMMAND` with text to print, undefined for an unknown one. */
  monitor(command: string): string | undefined;
}
