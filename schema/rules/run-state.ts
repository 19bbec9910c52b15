// SPDX-License-Identifier: BSD-2-Clause
/** What earlier records said about each thread of a run. Filled by the rule engine as records pass, in sequence order. */

export interface ThreadKnowledge {
  /** Last known state. */
  state: number;
  /** Last trap made by the thread: its sequence number, system call, method, whether it was a Call on a kernel object. 0 / false before any. */
  lastTrap: number;
  lastSyscall: number;
  lastMethod: number;
  lastWasKernelCall: boolean;
  /** Sequence number of the last delivery to it; 0 before any. */
  lastDelivery: number;
  /** Sequence number of the last trap after which it ran in user mode. */
  lastRan: number;
  /** Its registers were written by Write/CopyRegisters since its last trap. */
  registersWritten: boolean;
  /** A YieldTo of it has not been completed. */
  yieldPending: boolean;
  /** Answered (message or reply delivered, state Running) and has not run since. */
  answeredNotRun: boolean;
}

export interface RunState {
  /** Knowledge of a thread; created on first use with everything unknown (state -1). */
  thread(id: number): ThreadKnowledge;
}
