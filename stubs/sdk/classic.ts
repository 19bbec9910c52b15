// SPDX-License-Identifier: BSD-2-Clause
/** Root tasks and threads of kernels without MCS. */
import { INIT_CAP, type BootInfo } from '../../schema/abi/boot-info.ts';
import {
  CNode, DomainSet, IRQControl, IRQHandler, RISCVASIDControl, RISCVASIDPool, RISCVPage, RISCVPageTable, TCB, Untyped,
} from '../generated/riscv64-classic.ts';
import type { UserContext } from '../runtime/user-context.ts';
import { Endpoint, Notification } from './ipc.ts';
import type { ClassesOf, KernelObjects } from './kernel-objects.ts';
import { TaskResources, type RootTaskOptions } from './task-resources.ts';
import { prioritiesOf, TaskThread, type CommonThreadOptions, type IpcBuffer, type ThreadIdentity } from './task-thread.ts';

/** Capability types of a classic kernel. */
export interface ClassicObjects extends KernelObjects {
  Untyped: Untyped;
  TCB: TCB;
  CapTable: CNode;
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

const CLASSES: ClassesOf<ClassicObjects> = {
  Untyped, TCB, CapTable: CNode, Endpoint, Notification,
  RISCV_4K_Page: RISCVPage, RISCV_Mega_Page: RISCVPage, RISCV_Giga_Page: RISCVPage, RISCV_PageTable: RISCVPageTable,
  IRQControl, IRQHandler, DomainSet, ASIDControl: RISCVASIDControl, ASIDPool: RISCVASIDPool,
};

export type ClassicThreadOptions = CommonThreadOptions<ClassicThread>;

/** A started thread, as the thread that started it sees it. */
export interface ClassicStartedThread {
  readonly name: string;
  readonly tcb: TCB;
  readonly ipcBuffer: IpcBuffer<ClassicObjects>;
}

/** One thread of a task on a classic kernel, seen from its own code. */
export class ClassicThread extends TaskThread<ClassicObjects> {
  constructor(resources: TaskResources, context: UserContext, identity: ThreadIdentity) {
    super(CLASSES, resources, context, identity);
  }

  /** Starts a thread that shares CSpace and address space with this one. */
  async startThread(options: ClassicThreadOptions): Promise<ClassicStartedThread> {
    const { tcb, ipcBuffer } = await this.createThread(options);
    const { priority, maxControlledPriority } = prioritiesOf(options);
    const faultEndpoint = options.faultEndpoint ?? 0;
    const faultCptr = typeof faultEndpoint === 'object' ? faultEndpoint.cptr : faultEndpoint;
    await tcb.configure(faultCptr, this.cnode, 0, this.vspace, 0, ipcBuffer.address, ipcBuffer.frame ?? 0);
    await tcb.setSchedParams(this.tcb, maxControlledPriority, priority);
    await this.launch(tcb, options, (context) => new ClassicThread(this.resources, context, { name: options.name, tcb: tcb.cptr }));
    return { name: options.name, tcb, ipcBuffer };
  }
}

/** The initial thread of a system with a classic kernel. */
export class ClassicRootTask extends ClassicThread {
  /**
   * @param context the thread that the kernel started
   * @param bootInfo what the kernel told it
   */
  constructor(context: UserContext, bootInfo: BootInfo, options: RootTaskOptions = {}) {
    super(new TaskResources(bootInfo, options), context, { name: options.name ?? 'root', tcb: INIT_CAP.threadTCB });
  }
}

/** A user program for classic kernels. */
export type ClassicProgram = (task: ClassicRootTask) => Promise<void> | void;
