// SPDX-License-Identifier: BSD-2-Clause
import { INIT_CAP, type BootInfo } from '../../schema/abi/boot-info.ts';
import { MAX_PRIORITY, PAGE_BITS } from '../../schema/abi/objects.ts';
import type { WordLike } from '../../schema/abi/word.ts';
import type { Capability } from '../runtime/capability.ts';
import type { DebugSyscalls } from '../runtime/debug-syscalls.ts';
import type { ReplyMonitor } from '../runtime/reply-policy.ts';
import { CapRights } from '../runtime/rights.ts';
import type { Syscalls } from '../runtime/syscalls.ts';
import { ThreadRuntime } from '../runtime/thread-runtime.ts';
import type { UserContext } from '../runtime/user-context.ts';
import { mapFrame } from './address-space.ts';
import { DeviceAllocator } from './device-memory.ts';
import type { EndpointRef } from './ipc.ts';
import type { ClassesOf, KernelObjects } from './kernel-objects.ts';
import type { SlotAllocator } from './slot-allocator.ts';
import type { TaskResources } from './task-resources.ts';
import { ThreadMemory } from './thread-memory.ts';
import { UntypedAllocator } from './untyped-allocator.ts';

/** All bits of a capability pointer are resolved: the root CNode's guard makes the pointer of a slot its index. */
export const CPTR_DEPTH = 64;

/** scause of an illegal instruction. */
const ILLEGAL_INSTRUCTION = 2;

/** What the kernel may do with the IPC buffer of a new thread: send and receive, send only, or there is none. */
export type IpcBufferOption = 'readWrite' | 'readOnly' | 'none';

/** How to start a thread, on every kind of kernel. `T` is the thread object that its function gets. */
export interface CommonThreadOptions<T> {
  /** For observers and error messages. */
  readonly name: string;
  /** The thread's code. It gets the thread itself: invocations through it use this thread's registers. */
  readonly run: (thread: T) => Promise<void> | void;
  /** 0 to 255. Default 254: below the root task, so the thread runs when the root task waits. */
  readonly priority?: number;
  /** The highest priority that the thread may give. Default: its own priority. */
  readonly maxControlledPriority?: number;
  /** Default `readWrite`. */
  readonly ipcBuffer?: IpcBufferOption;
  /** Where faults of the thread are sent. Default: nowhere; a faulting thread stops. */
  readonly faultEndpoint?: EndpointRef;
  /** Whether the thread is resumed at once. Default true. */
  readonly start?: boolean;
  /** Whether the thread suspends itself when `run` has returned. Default true; otherwise it runs into a fault. */
  readonly suspendAtEnd?: boolean;
}

/** The IPC buffer of a thread. */
export interface IpcBuffer<O extends KernelObjects> {
  /** Virtual address; 0 when there is none. */
  readonly address: number;
  readonly frame: O['RISCV_4K_Page'] | undefined;
}

/** Which thread a {@link TaskThread} is. */
export interface ThreadIdentity {
  readonly name: string;
  /** Slot of its TCB capability. */
  readonly tcb: WordLike;
}

/**
 * One thread of a task, seen from its own code. The threads of a task share CSpace, address space, untyped memory and
 * reply policy; each has its own registers and IPC buffer. The subclass of a configuration adds how threads start.
 */
export abstract class TaskThread<O extends KernelObjects> {
  readonly name: string;
  readonly runtime: ThreadRuntime;
  /** What this thread shares with the others of its task. */
  readonly resources: TaskResources;
  /** The thread's own TCB. */
  readonly tcb: O['TCB'];
  /** The root CNode of the task. */
  readonly cnode: O['CapTable'];
  /** The root page table of the task. */
  readonly vspace: O['RISCV_PageTable'];
  /** Creates kernel objects. */
  readonly untyped: UntypedAllocator<O>;
  /** Makes frames of device memory. */
  readonly devices: DeviceAllocator<O>;
  /** What this thread loads from and stores to: the address space that its TCB has, which is the task's unless it was given another. */
  readonly memory: ThreadMemory;
  protected readonly classes: ClassesOf<O>;

  constructor(classes: ClassesOf<O>, resources: TaskResources, context: UserContext, identity: ThreadIdentity) {
    this.classes = classes;
    this.resources = resources;
    this.name = identity.name;
    this.runtime = new ThreadRuntime(context, { replies: resources.replies });
    this.tcb = new classes.TCB(this.runtime, identity.tcb);
    this.cnode = new classes.CapTable(this.runtime, INIT_CAP.threadCNode);
    this.vspace = new classes.RISCV_PageTable(this.runtime, INIT_CAP.threadVSpace);
    this.untyped = new UntypedAllocator(this.runtime, classes, resources.pools, resources.slots, INIT_CAP.threadCNode);
    this.devices = new DeviceAllocator(this.runtime, classes, resources.deviceRegions, resources.slots, INIT_CAP.threadCNode);
    this.memory = new ThreadMemory(context);
  }

  // What the task has

  /** What the kernel told the root task. */
  get bootInfo(): BootInfo {
    return this.resources.bootInfo;
  }

  /** Policy and counts of the reply check, of all threads of the task. */
  get replies(): ReplyMonitor {
    return this.resources.replies;
  }

  /** Empty slots of the root CNode. */
  get slots(): SlotAllocator {
    return this.resources.slots;
  }

  get irqControl(): O['IRQControl'] {
    return new this.classes.IRQControl(this.runtime, INIT_CAP.irqControl);
  }

  get domainSet(): O['DomainSet'] {
    return new this.classes.DomainSet(this.runtime, INIT_CAP.domain);
  }

  get asidControl(): O['ASIDControl'] {
    return new this.classes.ASIDControl(this.runtime, INIT_CAP.asidControl);
  }

  /** The ASID pool of the root task. */
  get asidPool(): O['ASIDPool'] {
    return new this.classes.ASIDPool(this.runtime, INIT_CAP.initThreadASIDPool);
  }

  /** The frame with the boot information. */
  get bootInfoFrame(): O['RISCV_4K_Page'] {
    return this.frame(INIT_CAP.bootInfoFrame);
  }

  /** The frame of the root task's IPC buffer. */
  get rootIpcBuffer(): O['RISCV_4K_Page'] {
    return this.frame(INIT_CAP.initThreadIPCBuffer);
  }

  /** The task's initial untyped memory, device memory included, as capabilities in the order of the boot information. */
  get initialUntypeds(): O['Untyped'][] {
    return this.bootInfo.untypedList.map(({ slot }) => new this.classes.Untyped(this.runtime, slot));
  }

  // System calls

  /** The API system calls of this thread. */
  get syscalls(): Syscalls {
    return this.runtime.syscalls;
  }

  /** The debug system calls of this thread. */
  get debug(): DebugSyscalls {
    return this.runtime.debug;
  }

  /** Gives up the rest of the time slice. */
  yield(): Promise<void> {
    return this.syscalls.yield();
  }

  /** Computes for this many virtual nanoseconds without a system call. */
  async compute(ns: number): Promise<void> {
    const waiting = this.runtime.context.compute(ns);
    if (waiting !== undefined) await waiting;
  }

  /** Executes an illegal instruction, a UserException. Goes on when the fault handler has moved the thread behind it. */
  async illegalInstruction(): Promise<void> {
    const waiting = this.runtime.context.exception(ILLEGAL_INSTRUCTION);
    if (waiting !== undefined) await waiting;
  }

  /** Virtual time in nanoseconds. */
  now(): number {
    return this.runtime.context.now();
  }

  // Capabilities

  /** A capability of another thread of this task, to be invoked by this thread. */
  use<T extends Capability>(cap: T): T {
    return cap.on(this);
  }

  /** Copies a capability to a new slot, with the same or fewer rights. */
  async copy<T extends Capability>(cap: T, rights: CapRights = CapRights.all): Promise<T> {
    return this.intoNewSlot(cap, (slot) => this.cnode.copy(slot, CPTR_DEPTH, INIT_CAP.threadCNode, cap.cptr, CPTR_DEPTH, rights));
  }

  /** Copies an endpoint or notification capability to a new slot with a badge, or a CNode capability with a guard. */
  async mint<T extends Capability>(cap: T, badge: WordLike, rights: CapRights = CapRights.all): Promise<T> {
    return this.intoNewSlot(cap, (slot) => this.cnode.mint(slot, CPTR_DEPTH, INIT_CAP.threadCNode, cap.cptr, CPTR_DEPTH, rights, badge));
  }

  /** Deletes a capability; its slot can be used again. The last capability to an object destroys it. */
  async delete(cap: Capability): Promise<void> {
    await this.cnode.delete(cap.cptr, CPTR_DEPTH);
    this.slots.free(Number(cap.cptr));
  }

  /** Deletes all capabilities derived from this one. Their slots are not given back. */
  async revoke(cap: Capability): Promise<void> {
    await this.cnode.revoke(cap.cptr, CPTR_DEPTH);
  }

  // Memory

  /**
   * Maps a frame at an unused address, and gives the address. Missing page tables are created.
   * @param sizeBits log2 of the bytes of the frame: 12, 21 or 30
   */
  async map(frame: O['RISCV_4K_Page'], rights: CapRights = CapRights.readWrite, sizeBits: number = PAGE_BITS.small): Promise<number> {
    const address = this.resources.addresses.allocate(sizeBits);
    await mapFrame(frame, this.vspace, address, rights, this.untyped);
    return address;
  }

  // Devices

  /** The handler of an interrupt line, in a new slot. Each line has one handler; the kernel refuses a second. */
  async irqHandler(irq: number): Promise<O['IRQHandler']> {
    const slot = this.slots.allocate();
    try {
      await this.irqControl.get(irq, INIT_CAP.threadCNode, slot, CPTR_DEPTH);
    } catch (error) {
      this.slots.free(slot);
      throw error;
    }
    return new this.classes.IRQHandler(this.runtime, slot);
  }

  // Starting threads: what all configurations have in common

  /** Creates the TCB and the IPC buffer of a new thread. */
  protected async createThread<T>(options: CommonThreadOptions<T>): Promise<{ tcb: O['TCB']; ipcBuffer: IpcBuffer<O> }> {
    const { priority, maxControlledPriority } = prioritiesOf(options);
    for (const value of [priority, maxControlledPriority]) {
      if (!Number.isInteger(value) || value < 0 || value > MAX_PRIORITY) throw new RangeError(`thread ${options.name}: priority ${value} is not in 0..${MAX_PRIORITY}`);
    }
    const tcb = await this.untyped.create('TCB', { name: options.name });
    return { tcb, ipcBuffer: await this.createIpcBuffer(options.name, options.ipcBuffer ?? 'readWrite') };
  }

  /** Sets the start of a new thread, names it, and lets it run. */
  protected async launch<T>(tcb: O['TCB'], options: CommonThreadOptions<T>, thread: (context: UserContext) => T & TaskThread<O>): Promise<void> {
    const pc = this.runtime.context.entry(async (context) => {
      const self = thread(context);
      await options.run(self);
      if (options.suspendAtEnd ?? true) await self.tcb.suspend();
    });
    await tcb.writeRegisters(false, 0, 1, { pc });
    if (this.resources.debugNames) await this.debug.nameThread(tcb, options.name);
    if (options.start ?? true) await tcb.resume();
  }

  private async createIpcBuffer(name: string, kind: IpcBufferOption): Promise<IpcBuffer<O>> {
    if (kind === 'none') return { address: 0, frame: undefined };
    const frame = await this.untyped.create('RISCV_4K_Page', { name: `${name} IPC buffer` });
    if (kind === 'readWrite') return { address: await this.map(frame), frame };
    // What the kernel may do with the buffer depends on the rights of the capability, not on those of the mapping.
    const readOnly = await this.copy(frame, CapRights.read);
    return { address: await this.map(readOnly, CapRights.read), frame: readOnly };
  }

  private async intoNewSlot<T extends Capability>(cap: T, fill: (slot: number) => Promise<void>): Promise<T> {
    const slot = this.slots.allocate();
    try {
      await fill(slot);
    } catch (error) {
      this.slots.free(slot);
      throw error;
    }
    const constructor = cap.constructor as new (runtime: ThreadRuntime, cptr: WordLike) => T;
    return new constructor(this.runtime, slot);
  }

  private frame(slot: number): O['RISCV_4K_Page'] {
    return new this.classes.RISCV_4K_Page(this.runtime, slot);
  }
}

/** Priorities of a new thread, defaults filled in. */
export function prioritiesOf<T>(options: CommonThreadOptions<T>): { priority: number; maxControlledPriority: number } {
  const priority = options.priority ?? MAX_PRIORITY - 1;
  return { priority, maxControlledPriority: options.maxControlledPriority ?? priority };
}
