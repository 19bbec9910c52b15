// SPDX-License-Identifier: BSD-2-Clause
import type {
  Capability, ClassicRootTask, ClassicThread, Creatable, CreateOptions, IpcBufferOption, McsObjects, RootTask,
  SchedContext, SlotAllocator, TCB, Thread, ThreadOptions,
} from 'sel4scope';
import { ERRORS, type ErrorName, type InterfaceModel } from 'sel4scope/schema';
import { invoke, requestOf, type InvokingSyscall, type ReceiveFrom, type Request } from './request.ts';
import type { Built } from './variant.ts';

/** The initial thread of a system of either kind. */
export type AuditTask = RootTask | ClassicRootTask;

/** What must come of a case: success, this error, or a caller that never runs again. `any`: only the rules judge. */
export type Expectation = 'accepted' | 'stops' | 'any' | ErrorName;

/** The thread that makes the audited invocation. */
export interface CallerOptions {
  readonly ipcBuffer?: IpcBufferOption;
  /** Default 254, below the root task. */
  readonly priority?: number;
  /** Highest priority that the caller may give. Default: its priority. */
  readonly maxControlledPriority?: number;
  /** MCS: budget and period in µs. */
  readonly budgetUs?: number;
  readonly periodUs?: number;
}

/** The kernel did not do what the case expects. */
export class ExpectationError extends Error {
  override readonly name = 'ExpectationError';
}

/** A thread that was started for a case. */
export interface Started {
  readonly tcb: TCB;
  /** MCS only. */
  readonly schedContext: SchedContext;
}

/** Of the caller, unless a case says otherwise. */
export const CALLER_PRIORITY = 254;

/** The next interrupt line without a handler, by the slots of the task: its cases share the lines. */
const FREE_IRQS = new WeakMap<SlotAllocator, number>();

/**
 * What a case works with: objects of its own, and a caller. The root task has the highest priority and sets everything
 * up by Call; the caller, a thread of its own, makes the audited invocation while the root task waits.
 *
 * Typed by the classes of an MCS kernel: on a classic kernel those of the same names stand for them.
 */
export class Auditor {
  readonly task: RootTask;
  readonly mcs: boolean;
  readonly model: InterfaceModel;
  /** The caller's TCB and, on MCS, its scheduling context. */
  readonly caller: Started;
  private readonly syscall: InvokingSyscall;
  private request: Request | undefined;
  private before: Built['before'];
  private answer: number | undefined;
  private done!: Capability;
  private receive: ReceiveFrom | undefined;

  private constructor(task: AuditTask, syscall: InvokingSyscall, caller: Started) {
    this.task = task as RootTask;
    this.mcs = task.runtime.scheduling === 'mcs';
    this.model = task.runtime.interfaces;
    this.syscall = syscall;
    this.caller = caller;
  }

  /** Prepares a caller that waits to be started by {@link invoke}. */
  static async prepare(task: AuditTask, syscall: InvokingSyscall, options: CallerOptions = {}): Promise<Auditor> {
    // The thread's function runs only after `invoke` resumes it, so it finds the auditor.
    const holder: { auditor?: Auditor } = {};
    const caller = await startThread(task, {
      priority: CALLER_PRIORITY, ...options, name: 'caller', start: false, run: (self) => holder.auditor!.runCaller(self),
    });
    return (holder.auditor = new Auditor(task, syscall, caller));
  }

  /** Creates an object, see `UntypedAllocator.create`. */
  create<K extends Creatable<McsObjects>>(type: K, options?: CreateOptions): Promise<McsObjects[K]> {
    return this.task.untyped.create(type, options);
  }

  /** Starts another thread than the caller. */
  async start(options: ThreadOptions): Promise<Started> {
    return startThread(this.task, options);
  }

  /** An empty slot of the root CNode. */
  emptySlot(): number {
    return this.task.slots.allocate();
  }

  /** An interrupt line without a handler: each is handed out once. */
  freeIrq(): number {
    const irq = FREE_IRQS.get(this.task.slots) ?? 1;
    FREE_IRQS.set(this.task.slots, irq + 1);
    return irq;
  }

  /**
   * The caller invokes. Returns when it has its answer and nothing else can run before the root task; never, if the
   * caller never runs again: then the run stalls.
   */
  async invoke(id: string, { cap, args, spoil, before }: Built): Promise<void> {
    const request = requestOf(this.model, id, cap, args);
    this.request = spoil === undefined ? request : spoil(request);
    this.before = before;
    const done = await this.create('Notification', { name: 'done' });
    this.done = await this.task.mint(done, 1);
    if (this.syscall === 'NBSendRecv' || this.syscall === 'NBSendWait') await this.prepareReceive();
    await this.caller.tcb.resume();
    await this.task.syscalls.wait(done);
  }

  /** Throws an {@link ExpectationError} when a Call was answered otherwise. Other system calls have no answer to compare. */
  expectAnswer(expected: Expectation): void {
    if (expected === 'any' || expected === 'stops' || this.syscall !== 'Call') return;
    const got = this.answer === 0 ? 'accepted' : ERRORS[this.answer ?? -1] ?? `label ${this.answer}`;
    if (got !== expected) throw new ExpectationError(`expected ${expected}, got ${got}`);
  }

  /** Something that the second half of a combined system call receives at once. */
  private async prepareReceive(): Promise<void> {
    const source = await this.create('Notification', { name: 'receive' });
    const signal = await this.task.mint(source, 1);
    await this.task.syscalls.signal(signal);
    this.receive = { source, reply: await this.create('Reply') };
  }

  private async runCaller(self: Thread | ClassicThread): Promise<void> {
    await this.before?.(self as Thread);
    this.answer = await invoke(self.runtime, this.request!, this.syscall, this.receive);
    await self.syscalls.signal(this.done);
  }
}

/** Starts a thread of either kind of task; a classic one has no budget and period. */
export async function startThread(task: AuditTask, options: ThreadOptions): Promise<Started> {
  return (task as RootTask).startThread(options);
}
