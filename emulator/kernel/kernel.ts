// SPDX-License-Identifier: BSD-2-Clause
import { SLOT } from '../../schema/abi/registers.ts';
import { ZERO, lanesToBigInt, type Word } from '../../schema/abi/word.ts';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import type { KernelObserver } from '../host.ts';
import type { DefectName } from './defects.ts';
import { Board } from './devices/board.ts';
import { SyscallError, type LookupFailure } from './errors.ts';
import { Tcb, type AsidPool, type IrqLine, type KernelObject, type SchedContext } from './objects.ts';
import { SILENT } from './observers.ts';

/** How long things take, in virtual ns. Constants of the model, not of any board. */
export interface Timing {
  /** Every kernel entry and exit. */
  readonly trap: number;
  /** User code between two traps. */
  readonly user: number;
  /** One unit of long-running kernel work (a slot deleted, 256 bytes cleared). */
  readonly workUnit: number;
}

export const DEFAULT_TIMING: Timing = Object.freeze({ trap: 500, user: 500, workUnit: 100 });

/** Units of work between two looks at pending interrupts (`CONFIG_MAX_NUM_WORK_UNITS_PER_PREEMPTION`). */
export const WORK_UNITS_PER_PREEMPTION = 100;

/** One entry of the domain schedule; duration in ns, 0 for an end marker. */
export interface DomainScheduleEntry {
  domain: number;
  duration: number;
}

/** All state of the modelled kernel. Behaviour is in the modules around it, one for each kind of object. */
export class Kernel {
  readonly interfaces: InterfaceModel;
  /** Whether this is an MCS kernel. */
  readonly mcs: boolean;
  readonly defects: ReadonlySet<DefectName>;
  readonly timing: Timing;
  observer: KernelObserver = SILENT;
  /** Receives what the kernel prints. */
  console: (text: string) => void = () => {};
  /** Set by DebugHalt: nothing runs any more. */
  halted = false;

  /** The last error of an invocation, and the argument that the last InvalidArgument named: what a path that sets neither reports. */
  lastError = new SyscallError(0);
  lastArgument: Word = ZERO;
  /** The last capability lookup that failed, `null` before any. */
  lastLookupFailure: LookupFailure | null = null;

  /** Virtual time, ns. */
  time = 0;
  readonly idleThread = new Tcb(0, 0, 0);
  current: Tcb = this.idleThread;
  /** Set when the scheduler must choose again before the kernel exits. */
  rescheduleNeeded = false;
  /** Thread that just became ready and is tried first at the next choice. On MCS it is in no queue. */
  candidate: Tcb | null = null;
  /** Ready threads: [domain][priority], head first. */
  readonly readyQueues: Tcb[][][] = [];
  /** Priorities with ready threads: [domain], bit p & 31 of word p >>> 5. */
  readonly readyPriorities: Uint32Array[] = [];

  /** Virtual time at which the kernel last looked at the clock; what this entry takes for now. */
  timestamp = 0;
  /** MCS: set when the kernel acted on the current time, so that it is charged and the timer set before the exit. */
  reprogram = false;
  /** MCS: context that is being charged; time that it has used and was not charged for yet (ns). */
  currentSchedContext: SchedContext | null = null;
  uncharged = 0;
  /** MCS: ns charged to a scheduling context since the last kernel exit. */
  chargedAtEntry = 0;
  /** MCS: threads that wait for their next refill, earliest first. */
  readonly releaseQueue: Tcb[] = [];
  /** Virtual time of the next timer interrupt; Infinity for none. */
  timerDeadline = Infinity;

  /** Domains that threads can be in (`KernelNumDomains`). Set before boot. */
  domains = 1;
  domain = 0;
  /** ns left of the current domain's slot; Infinity with one domain. */
  domainTimeLeft = Infinity;
  readonly domainSchedule: DomainScheduleEntry[] = [];
  domainScheduleStart = 0;
  domainScheduleIndex = 0;

  readonly irqLines = new Map<number, IrqLine>();
  /** The devices that user code can drive, and the interrupt controller. */
  readonly board = new Board({
    time: () => this.time,
    pc: () => lanesToBigInt(this.current.registers[2 * SLOT.NextIP]!, this.current.registers[2 * SLOT.NextIP + 1]!),
    console: (text) => this.console(text),
    diagnose: (text) => this.console(`model: ${text}\n`),
  });
  /** ASID pools by their first ASID. */
  readonly asidPools = new Map<number, AsidPool>();
  /** Counts the changes of what identifiers mean. */
  asidEpoch = 0;

  /** Work done since the last look at pending interrupts. */
  private workDone = 0;
  private readonly objects: (KernelObject | undefined)[] = [this.idleThread];

  constructor(interfaces: InterfaceModel, defects: ReadonlySet<DefectName>, timing: Timing) {
    this.interfaces = interfaces;
    this.mcs = interfaces.configuration.scheduling === 'mcs';
    this.defects = defects;
    this.timing = timing;
  }

  /** Id of the next object. The caller constructs the object with it and hands it to {@link register}. */
  nextId(): number {
    return this.objects.length;
  }

  /** Makes a new object known, to observers too. */
  register<T extends KernelObject>(object: T): T {
    this.objects[object.id] = object;
    this.observer.subject(object.id, object.capType, object.name);
    return object;
  }

  /** Names an object; observers are told. */
  rename(object: KernelObject, name: string): void {
    object.name = name;
    this.observer.subject(object.id, object.capType, name);
  }

  /** Marks an object as destroyed. Its id is never used again. */
  destroy(object: KernelObject): void {
    object.alive = false;
    this.observer.destroyed(object.id);
  }

  object(id: number): KernelObject | undefined {
    return this.objects[id];
  }

  /** Objects in the order of their ids, destroyed ones included, the idle thread left out. */
  *allObjects(): IterableIterator<KernelObject> {
    for (let id = 1; id < this.objects.length; id++) yield this.objects[id]!;
  }

  /** The TCB of a thread id. Throws for anything else. */
  thread(id: number): Tcb {
    const object = this.objects[id];
    if (!(object instanceof Tcb)) throw new RangeError(`no thread ${id}`);
    return object;
  }

  /**
   * Accounts for units of long-running work. True when an interrupt is pending at a preemption point: the caller
   * leaves everything consistent and returns `preempted`.
   */
  preemptionPoint(units = 1): boolean {
    this.time += units * this.timing.workUnit;
    this.workDone += units;
    if (this.workDone < WORK_UNITS_PER_PREEMPTION) return false;
    this.workDone = 0;
    return this.time >= this.timerDeadline || this.board.interrupting();
  }
}
