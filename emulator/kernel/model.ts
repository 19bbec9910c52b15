// SPDX-License-Identifier: BSD-2-Clause
import { SLOT, STATE, word, type BootInfo } from '../../schema/abi/index.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import type { BundledConfigurationName, InterfaceModel } from '../../schema/idl/model.ts';
import { CAUSE } from '../../schema/trace/trap-record.ts';
import type { AccessBytes, ExceptionTrap, KernelHost, KernelObserver, RootTaskImage } from '../host.ts';
import { handleException } from './api/exception.ts';
import { handleSyscall } from './api/syscall.ts';
import { bootRootTask } from './boot/boot.ts';
import { capabilityChanges } from './cspace/derivation.ts';
import { lookupCapability } from './cspace/lookup.ts';
import { conditionOf } from './condition.ts';
import type { DefectName } from './defects.ts';
import type { IrqCompletion } from './devices/interrupt-controller.ts';
import { DEFAULT_TIMING, Kernel, type Timing } from './kernel.ts';
import { Hart } from './memory/hart.ts';
import { addressSpaceOf } from './memory/translate.ts';
import { handleInterrupt } from './object/interrupt.ts';
import { Tcb } from './objects.ts';
import { SILENT, both } from './observers.ts';
import { bufferKind, bufferLanes } from './registers.ts';
import { checkBudgetAtEntry, headBudget } from './scheduling/budget.ts';
import { activateThread, schedule } from './scheduling/scheduler.ts';
import { Slot } from './slot.ts';

export interface ModelOptions {
  readonly configuration: BundledConfigurationName;
  readonly defects?: Iterable<DefectName>;
  readonly timing?: Partial<Timing>;
  /** log2 of the slots of the root task's CNode, 8..20. Default 13. */
  readonly rootCNodeBits?: number;
  /** Whether interrupts of devices are masked until they are acknowledged. Default `atClaim`: no, as on qemu-riscv-virt. */
  readonly irqCompletion?: IrqCompletion;
  /** Receives what user programs print through the kernel or the UART, and what the kernel and the model themselves have to say. */
  readonly console?: (text: string) => void;
  /** Runs after every kernel exit; used for invariant checks. */
  readonly afterTrap?: (kernel: Kernel) => void;
}

/** The model as a kernel host: takes traps, shows every write, and never looks at the wall clock. */
export class ModelKernel implements KernelHost {
  readonly interfaces: InterfaceModel;
  /** The kernel's state, for tests and invariant checks. */
  readonly kernel: Kernel;
  private readonly hart: Hart;
  private readonly afterTrap: ((kernel: Kernel) => void) | undefined;
  private readonly rootCNodeBits: number | undefined;
  private booted = false;
  private capabilityChangesAtEntry = 0;

  constructor(options: ModelOptions) {
    this.interfaces = interfacesOf(options.configuration);
    this.kernel = new Kernel(this.interfaces, new Set(options.defects), { ...DEFAULT_TIMING, ...options.timing });
    if (options.console !== undefined) this.kernel.console = options.console;
    if (options.irqCompletion !== undefined) this.kernel.board.interrupts.completion = options.irqCompletion;
    this.hart = new Hart(this.kernel);
    this.afterTrap = options.afterTrap;
    this.rootCNodeBits = options.rootCNodeBits;
  }

  get time(): number {
    return this.kernel.time;
  }

  get running(): number {
    return this.kernel.current.id;
  }

  get halted(): boolean {
    return this.kernel.halted;
  }

  boot(image: RootTaskImage): BootInfo {
    if (this.booted) throw new Error('the kernel is booted already');
    this.booted = true;
    const { thread, bootInfo } = bootRootTask(this.kernel, { name: image.name, ...(this.rootCNodeBits === undefined ? {} : { rootCNodeBits: this.rootCNodeBits }) });
    setPc(thread, SLOT.FaultIP, image.entryLo, image.entryHi);
    setPc(thread, SLOT.NextIP, image.entryLo, image.entryHi);
    return bootInfo;
  }

  observe(observer: KernelObserver): void {
    for (const object of this.kernel.allObjects()) {
      if (object.alive) observer.subject(object.id, object.capType, object.name);
    }
    this.kernel.observer = this.kernel.observer === SILENT ? observer : both(this.kernel.observer, observer);
  }

  registers(thread: number): Uint32Array {
    return this.kernel.thread(thread).registers;
  }

  threadState(thread: number): number {
    const tcb = this.kernel.thread(thread);
    return tcb.alive ? tcb.state : STATE.Inactive;
  }

  exists(thread: number): boolean {
    const object = this.kernel.object(thread);
    return object instanceof Tcb && object.alive;
  }

  bufferKind(thread: number): number {
    return bufferKind(this.kernel.thread(thread));
  }

  hasSchedContext(thread: number): boolean {
    const { kernel } = this;
    if (!kernel.mcs) return true;
    const tcb = kernel.thread(thread);
    const context = tcb.schedContext;
    return context !== null && context.thread === tcb && (tcb !== kernel.current || context === kernel.currentSchedContext);
  }

  changedCapabilities(): boolean {
    return capabilityChanges() !== this.capabilityChangesAtEntry;
  }

  condition(thread: number): number {
    return conditionOf(this.kernel, this.kernel.thread(thread));
  }

  bufferLanes(thread: number): Uint32Array | undefined {
    return bufferLanes(this.kernel.thread(thread));
  }

  hint(thread: number, cptrLo: number, cptrHi: number, name: string): void {
    const slot = lookupCapability(this.kernel, this.kernel.thread(thread), cptrLo, cptrHi);
    const object = slot instanceof Slot ? slot.cap.object : null;
    if (object !== null && object.name !== name) this.kernel.rename(object, name);
  }

  syscall(): void {
    const pc = this.enter(CAUSE.syscall);
    const { current } = this.kernel;
    const next = pc.lo + 4;
    setPc(current, SLOT.NextIP, next >>> 0, pc.hi + (next > 0xffff_ffff ? 1 : 0));
    if (this.mayExecute()) handleSyscall(this.kernel);
    this.leave();
  }

  exception(trap: ExceptionTrap): void {
    this.enter(trap.cause === ILLEGAL_INSTRUCTION ? CAUSE.userException : CAUSE.vmFault);
    if (this.mayExecute()) handleException(this.kernel, trap);
    this.leave();
  }

  compute(ns: number): number {
    const { kernel } = this;
    const until = kernel.time + ns;
    for (;;) {
      const device = kernel.board.deadline;
      const next = device < kernel.timerDeadline ? device : kernel.timerDeadline;
      if (until < next) {
        kernel.time = until;
        return 0;
      }
      if (next > kernel.time) kernel.time = next;
      if (this.interrupted) break;
    }
    const left = until - kernel.time;
    this.interrupt();
    return left;
  }

  idle(): boolean {
    const { kernel } = this;
    const next = Math.min(kernel.timerDeadline, kernel.board.deadline);
    if (next === Infinity || kernel.halted) return false;
    if (next > kernel.time) kernel.time = next;
    // What a device does then need not interrupt: its line may be masked.
    if (this.interrupted) this.interrupt();
    return true;
  }

  load(addressLo: number, addressHi: number, bytes: AccessBytes, into: Uint32Array, lane: number): boolean {
    const { hart } = this;
    if (!hart.load(this.kernel.current, word(addressLo, addressHi), bytes)) return this.memoryFault();
    into[lane] = hart.lo;
    into[lane + 1] = hart.hi;
    return true;
  }

  store(addressLo: number, addressHi: number, bytes: AccessBytes, lo: number, hi: number): boolean {
    return this.hart.store(this.kernel.current, word(addressLo, addressHi), bytes, lo, hi) || this.memoryFault();
  }

  hasAddressSpace(): boolean {
    return addressSpaceOf(this.kernel, this.kernel.current) !== null;
  }

  fetchFault(addressLo: number, addressHi: number): number {
    const { hart } = this;
    return hart.fetch(this.kernel.current, word(addressLo, addressHi)) ? 0 : hart.cause;
  }

  private memoryFault(): false {
    const { cause, value } = this.hart;
    this.exception({ cause, valueLo: value.lo, valueHi: value.hi });
    return false;
  }

  /** Whether an interrupt is pending, of a device or the timer. */
  private get interrupted(): boolean {
    const { kernel } = this;
    return kernel.board.interrupting() || kernel.time >= kernel.timerDeadline;
  }

  private interrupt(): void {
    this.enter(CAUSE.interrupt);
    handleInterrupt(this.kernel);
    this.leave();
  }

  /** Saves the context: the trap's pc becomes FaultIP. Returns it. */
  private enter(cause: number): { lo: number; hi: number } {
    const { kernel } = this;
    const { current } = kernel;
    const lo = current.registers[2 * SLOT.NextIP]!;
    const hi = current.registers[2 * SLOT.NextIP + 1]!;
    setPc(current, SLOT.FaultIP, lo, hi);
    this.capabilityChangesAtEntry = capabilityChanges();
    kernel.observer.entry(cause, current.id, kernel.time);
    kernel.time += kernel.timing.trap;
    return { lo, hi };
  }

  /** MCS: whether the running scheduling context has budget for a kernel entry. */
  private mayExecute(): boolean {
    if (!this.kernel.mcs || checkBudgetAtEntry(this.kernel)) return true;
    this.kernel.observer.outOfBudget();
    return false;
  }

  private leave(): void {
    const { kernel } = this;
    schedule(kernel);
    activateThread(kernel);
    kernel.observer.exit(kernel.current.id, kernel.time, kernel.chargedAtEntry, kernel.mcs ? headBudget(kernel) : 0);
    kernel.chargedAtEntry = 0;
    this.afterTrap?.(kernel);
  }
}

const ILLEGAL_INSTRUCTION = 2;

function setPc(thread: Tcb, slot: number, lo: number, hi: number): void {
  thread.registers[2 * slot] = lo;
  thread.registers[2 * slot + 1] = hi;
}
