// SPDX-License-Identifier: BSD-2-Clause
/**
 * KernelHost: the port between whatever hosts a kernel (the model, the machine) and those that run threads on
 * it (`user/`) or watch it (`probe/`).
 */
import type { BootInfo } from '../schema/abi/boot-info.ts';
import type { InterfaceModel } from '../schema/idl/model.ts';
import type { AccessBytes } from '../stubs/runtime/user-context.ts';

export type { AccessBytes };

/** Why the running thread enters the kernel, besides a system call. */
export interface ExceptionTrap {
  /** scause of the exception. */
  readonly cause: number;
  /** stval as lanes. */
  readonly valueLo: number;
  readonly valueHi: number;
}

/**
 * What a kernel host shows while it handles a trap. Calls come in the order in which the kernel acts; a rewrite of
 * the same value is still a write. Threads and objects are named by ids that are stable in a run; 0 is none (for
 * `running`: the idle thread).
 */
export interface KernelObserver {
  /** A thread or object exists from now on, or has a new name. */
  subject(id: number, capType: number, name: string): void;
  destroyed(id: number): void;
  /** Kernel entry. `thread` was running; its registers are still those of the trap. */
  entry(cause: number, thread: number, time: number): void;
  /** What the trapping thread's invocation was found to address (first lookup of the trap). `method` is the label if the capability's interface has it. */
  invocation(capType: number, object: number, method: number): void;
  /** Writes that follow for `thread` belong to a delivery of this kind (`DELIVERY` of trap-record.ts). */
  delivery(thread: number, kind: number): void;
  /** A context slot of a thread was written by the kernel (not: saved at entry). */
  slotWritten(thread: number, slot: number): void;
  /** An IPC buffer word of a thread was written by the kernel. */
  bufferWordWritten(thread: number, index: number): void;
  stateWritten(thread: number, from: number, to: number): void;
  /** The last reply capability to a thread that waits for a reply is gone, other than by its use. Only classic kernels do that to a thread whose state stays. */
  orphaned(thread: number): void;
  /** A fault was recorded for a thread. */
  faulted(thread: number, label: number): void;
  /**
   * The kernel accessed memory that it has no business with: `foreignMemory` or `userAddress` of `STRAY` (trap-record.ts). Lanes
   * of its address (physical for the former, virtual for the latter) and of the kernel's pc; 0 where the host cannot tell. If
   * the kernel does not survive it, the host ends the trap with `exit` all the same.
   */
  strayAccess(kind: number, addressLo: number, addressHi: number, pcLo: number, pcHi: number): void;
  /** A preemption point stopped the current operation. */
  preempted(): void;
  /** The entry check found no budget: the system call was not executed. */
  outOfBudget(): void;
  /** `thread` began or ended to wait for the completion of a YieldTo. */
  yieldPending(thread: number, pending: boolean): void;
  /** Kernel exit; see `ExitView` for what can be asked of the host now. `consumed`, `budget`: ns, 0 on classic. */
  exit(next: number, time: number, consumed: number, budget: number): void;
}

/** What the host needs to start the root task. */
export interface RootTaskImage {
  /** Name of the root thread. */
  readonly name: string;
  /** Entry pc, lanes. */
  readonly entryLo: number;
  readonly entryHi: number;
}

/** A host, as threads and probes see it. */
export interface KernelHost {
  /** Boots the kernel up to the first instruction of the root task, once. Observers added before see everything. */
  boot(image: RootTaskImage): BootInfo;
  /** DebugHalt was called, or the kernel stopped for good. */
  readonly halted: boolean;
  readonly interfaces: InterfaceModel;
  /** Virtual time, ns. */
  readonly time: number;
  /** Thread that runs in user mode now; 0 when only the idle thread could. */
  readonly running: number;
  /** Adds an observer. Subjects that already exist are announced to it at once. */
  observe(observer: KernelObserver): void;
  /** Live lanes of a thread's context slots. Valid until the thread is destroyed. */
  registers(thread: number): Uint32Array;
  /** Current state of a thread (`abi/thread-state.ts`); Inactive for a destroyed one. */
  threadState(thread: number): number;
  /** Whether the thread still exists. */
  exists(thread: number): boolean;
  /** What the kernel may do with a thread's IPC buffer (`abi/ipc-buffer.ts`). */
  bufferKind(thread: number): number;
  /** MCS: whether a thread has a scheduling context that knows it and, if the thread runs, is the one that is charged. Missing on hosts that cannot tell. */
  hasSchedContext?(thread: number): boolean;
  /** What else the host knows of a thread at kernel exit: `faultRecorded`, `orphaned` and `misqueued` of `TRANSITION_FLAG`. Missing on hosts that cannot tell. */
  condition?(thread: number): number;
  /** Whether a slot was filled, emptied or changed since kernel entry; a page that is mapped or unmapped changes its capability. Missing on hosts that cannot tell. */
  changedCapabilities?(): boolean;
  /** The host sees registers and nothing else, see `registersOnly` of `FLAG` (trap-record.ts). Missing: it sees all. */
  readonly registersOnly?: true;
  /** Lanes of the thread's IPC buffer memory, whatever the kernel's rights on it; undefined when there is no frame. */
  bufferLanes(thread: number): Uint32Array | undefined;
  /** Tells the host a name for the object behind a capability of a thread; observers hear of it. Unknown capabilities are ignored. */
  hint(thread: number, cptrLo: number, cptrHi: number, name: string): void;
  /** The running thread executes `ecall`. */
  syscall(): void;
  /** The running thread raises an exception. */
  exception(trap: ExceptionTrap): void;
  /**
   * The running thread loads 1, 2, 4 or 8 bytes from a virtual address, zero-extended, into the lanes from `lane` on. False: it
   * raised an exception instead, which the kernel has handled. Missing, as is `store`, on hosts without user memory.
   */
  load?(addressLo: number, addressHi: number, bytes: AccessBytes, into: Uint32Array, lane: number): boolean;
  /** The running thread stores 1, 2, 4 or 8 bytes at a virtual address. As `load`. */
  store?(addressLo: number, addressHi: number, bytes: AccessBytes, lo: number, hi: number): boolean;
  /** Whether the running thread has an address space: without one, every fetch of an instruction is a page fault. Missing: it has. */
  hasAddressSpace?(): boolean;
  /** scause of the exception that the running thread raises when it fetches an instruction from a virtual address; 0 for none. Missing: a page fault. */
  fetchFault?(addressLo: number, addressHi: number): number;
  /** The running thread computes for `ns`; a timer interrupt may come and another thread run before it is over. Returns the ns not yet spent. */
  compute(ns: number): number;
  /** With only the idle thread runnable: skips to the next event. False when there is none, so nothing will ever run again. */
  idle(): boolean;
}

/** What a probe asks of whoever shows it a kernel. */
export type KernelView = Pick<
  KernelHost, 'interfaces' | 'observe' | 'registers' | 'threadState' | 'hasSchedContext' | 'condition' | 'changedCapabilities' | 'registersOnly' | 'bufferKind' | 'bufferLanes'
>;
