// SPDX-License-Identifier: BSD-2-Clause
/** Root tasks and threads of MCS kernels: the default. */
import { INIT_CAP, type BootInfo } from '../../schema/abi/boot-info.ts';
import { MIN_REFILLS, REFILL_BYTES, SCHED_CONTEXT_CORE_BYTES } from '../../schema/abi/objects.ts';
import type { WordLike } from '../../schema/abi/word.ts';
import {
  CNode, DomainSet, IRQControl, IRQHandler, RISCVASIDControl, RISCVASIDPool, RISCVPage, RISCVPageTable, SchedContext, SchedControl, TCB, Untyped,
} from '../generated/riscv64-mcs.ts';
import type { UserContext } from '../runtime/user-context.ts';
import { Endpoint, Notification, Reply, type EndpointRef } from './ipc.ts';
import type { ClassesOf, KernelObjects } from './kernel-objects.ts';
import { TaskResources, type RootTaskOptions } from './task-resources.ts';
import { prioritiesOf, TaskThread, type CommonThreadOptions, type IpcBuffer, type ThreadIdentity } from './task-thread.ts';

/** Capability types of an MCS kernel. */
export interface McsObjects extends KernelObjects {
  Untyped: Untyped;
  TCB: TCB;
  CapTable: CNode;
  SchedContext: SchedContext;
  Reply: Reply;
  RISCV_4K_Page: RISCVPage;
  RISCV_Mega_Page: RISCVPage;
  RISCV_Giga_Page: RISCVPage;
  RISCV_PageTable: RISCVPageTable;
  IRQControl: IRQControl;
  IRQHandler: IRQHandler;
  DomainSet: DomainSet;
  ASIDControl: RISCVASIDControl;
  ASIDPool: RISCVASIDPool;
}

const CLASSES: ClassesOf<McsObjects> = {
  Untyped, TCB, CapTable: CNode, Endpoint, Notification, SchedContext, Reply,
  RISCV_4K_Page: RISCVPage, RISCV_Mega_Page: RISCVPage, RISCV_Giga_Page: RISCVPage, RISCV_PageTable: RISCVPageTable,
  IRQControl, IRQHandler, DomainSet, ASIDControl: RISCVASIDControl, ASIDPool: RISCVASIDPool,
};

/** A budget that is a whole time slice of the boot configuration: `CONFIG_BOOT_THREAD_TIME_SLICE` of 5 ms. */
const DEFAULT_BUDGET_US = 5000;

export interface ThreadOptions extends CommonThreadOptions<Thread> {
  /** Execution time in each period, in microseconds. Default 5000. */
  readonly budgetUs?: WordLike;
  /** In microseconds. Default: the budget, so that the thread shares its priority round robin. */
  readonly periodUs?: WordLike;
  /** Refills besides the two that every scheduling context has. Default 0. */
  readonly extraRefills?: number;
  /** Identifies the scheduling context in Timeout faults. Default 0. */
  readonly schedContextBadge?: WordLike;
  /** Where Timeout faults of the thread are sent. Default: nowhere; the thread waits for its next refill. */
  readonly timeoutEndpoint?: EndpointRef;
}

/** A started thread, as the thread that started it sees it. */
export interface StartedThread {
  readonly name: string;
  readonly tcb: TCB;
  readonly schedContext: SchedContext;
  readonly ipcBuffer: IpcBuffer<McsObjects>;
}

/** One thread of a task on an MCS kernel, seen from its own code. */
export class Thread extends TaskThread<McsObjects> {
  /** The scheduling context that the thread was started with. */
  readonly schedContext: SchedContext;

  constructor(resources: TaskResources, context: UserContext, identity: ThreadIdentity & { readonly schedContext: WordLike }) {
    super(CLASSES, resources, context, identity);
    this.schedContext = new SchedContext(this.runtime, identity.schedContext);
  }

  /** The scheduling control capability of a core. Throws a RangeError for a core that the system does not have. */
  schedControl(core = 0): SchedControl {
    const { start, end } = this.bootInfo.schedControl;
    if (!Number.isInteger(core) || core < 0 || start + core >= end) throw new RangeError(`there is no core ${core}: the system has ${end - start}`);
    return new SchedControl(this.runtime, start + core);
  }

  /** Starts a thread that shares CSpace and address space with this one. */
  async startThread(options: ThreadOptions): Promise<StartedThread> {
    const { tcb, ipcBuffer } = await this.createThread(options);
    const schedContext = await this.createSchedContext(options);
    const { priority, maxControlledPriority } = prioritiesOf(options);
    await tcb.configure(this.cnode, 0, this.vspace, 0, ipcBuffer.address, ipcBuffer.frame ?? 0);
    await tcb.setSchedParams(this.tcb, maxControlledPriority, priority, schedContext, options.faultEndpoint ?? 0);
    if (options.timeoutEndpoint !== undefined) await tcb.setTimeoutEndpoint(options.timeoutEndpoint);
    await this.launch(tcb, options, (context) =>
      new Thread(this.resources, context, { name: options.name, tcb: tcb.cptr, schedContext: schedContext.cptr }));
    return { name: options.name, tcb, schedContext, ipcBuffer };
  }

  private async createSchedContext(options: ThreadOptions): Promise<SchedContext> {
    const { budgetUs = DEFAULT_BUDGET_US, periodUs = budgetUs, extraRefills = 0, schedContextBadge = 0 } = options;
    const sizeBits = Math.max(this.resources.pools.minSchedContextBits, schedContextBits(extraRefills));
    const schedContext = await this.untyped.create('SchedContext', { sizeBits, name: `${options.name} scheduling context` });
    await this.schedControl().configureFlags(schedContext, budgetUs, periodUs, extraRefills, schedContextBadge, 0);
    return schedContext;
  }
}

/** The initial thread of a system with an MCS kernel. */
export class RootTask extends Thread {
  /**
   * @param context the thread that the kernel started
   * @param bootInfo what the kernel told it
   */
  constructor(context: UserContext, bootInfo: BootInfo, options: RootTaskOptions = {}) {
    super(new TaskResources(bootInfo, options), context, {
      name: options.name ?? 'root', tcb: INIT_CAP.threadTCB, schedContext: bootInfo.initThreadSC ?? INIT_CAP.initThreadSC,
    });
  }
}

/** A user program: the default export of a module that `sel4scope run` starts. The system ends when it returns. */
export type Program = (task: RootTask) => Promise<void> | void;

/** log2 of the bytes of a scheduling context with so many refills besides the least number. */
function schedContextBits(extraRefills: number): number {
  const bytes = SCHED_CONTEXT_CORE_BYTES + REFILL_BYTES * (MIN_REFILLS + extraRefills);
  return Math.ceil(Math.log2(bytes));
}
