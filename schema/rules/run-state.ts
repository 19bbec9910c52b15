// SPDX-License-Identifier: BSD-2-Clause
/** What earlier records said about each thread of a run. Filled by the rule engine as records pass, in sequence order. */
import { CAP_TYPE, CAP_TYPE_NONE } from '../abi/cap-types.ts';
import { FAULT_LABELS } from '../abi/faults.ts';
import { BUFFER_RW } from '../abi/ipc-buffer.ts';
import { SLOT } from '../abi/registers.ts';
import { STATE } from '../abi/thread-state.ts';
import type { Subject } from '../trace/names.ts';
import { CAUSE, DELIVERY, FLAG, OUTCOME, TRANSITION_FLAG, type Delivery, type TrapRecord } from '../trace/trap-record.ts';
import { READS_CONSUMED, consumedTime } from './consumed.ts';
import { FailedRequests, type FailuresSnapshot } from './failed-requests.ts';
import type { TraceContext } from './rule.ts';
import { SYSCALL_CLASS } from './syscall-class.ts';
import { BADGE_BIT, TAG_BIT } from './written.ts';

/** All that is known of one thread. Lanes as in `abi/word.ts`; 0, false or -1 where nothing is known yet. */
export class ThreadKnowledge {
  /** Last known state, -1 before any. */
  state = -1;
  /** Last trap that the thread made itself (no interrupt): sequence number, 0 before any. */
  lastTrap = 0;
  /** Of that trap: system call number, class (`SYSCALL_CLASS`), method label, capability type, outcome. */
  lastSyscall = 0;
  lastClass = 0;
  lastMethod = 0;
  lastCapType: number = CAP_TYPE_NONE;
  lastOutcome = 0;
  /** It was a completed Call that the kernel itself answers. */
  lastWasKernelCall = false;
  /** It was a suspension of the thread by itself. */
  lastWasSelfSuspend = false;
  /** Last trap in which it found a capability through its CSpace; 0 before any. */
  lastLookup = 0;
  /** Request tag, IPC buffer kind and pc of that trap; read-write where the buffer was set since. */
  lastTagLo = 0;
  lastTagHi = 0;
  lastBufferKind = 0;
  lastPcLo = 0;
  lastPcHi = 0;
  /** Badge and tag registers as that trap and later deliveries left them. */
  badgeLo = 0;
  badgeHi = 0;
  tagLo = 0;
  tagHi = 0;
  /** Sequence number of the last delivery to it; 0 before any. */
  lastDelivery = 0;
  /** Sequence number of the last trap after which it ran in user mode. */
  lastRan = 0;
  /** Its registers were written by Write/CopyRegisters or a reply to its fault since its last trap. */
  registersWritten = false;
  /** A YieldTo of it has not been completed. */
  yieldPending = false;
  /** Answered (its system call is finished, state Running) and has not run since. */
  answeredNotRun = false;
  /** It was taken out of Running before it ran on its answer; whether it was left to execute the answered trap again. */
  takenFromAnswer = false;
  mayRepeat = false;
  /** Label of the fault for which it waits, 0 for none. */
  pendingFault = 0;
  destroyed = false;
}

/** A run's knowledge as plain JSON. */
export interface RunSnapshot {
  readonly version: 1;
  readonly threads: readonly (readonly [id: number, knowledge: Partial<ThreadKnowledge>])[];
  readonly names: readonly (readonly [id: number, name: string])[];
  readonly consumed: readonly (readonly [object: number, time: number])[];
  readonly lastSpaceChange?: number;
  readonly domainsUsed?: boolean;
  readonly mapped?: readonly (readonly [frame: number, mapping: KnownMapping])[];
  readonly failures?: FailuresSnapshot;
}

/** Where a page was mapped, and through which capability. */
export interface KnownMapping {
  readonly thread: number;
  readonly cptrLo: number;
  readonly cptrHi: number;
  readonly addressLo: number;
  readonly addressHi: number;
}

/** Thread ids below this are kept in an array. Ids are small integers; larger ones cost a map lookup. */
const DENSE_IDS = 1 << 16;

/** Label of a Timeout fault. Only MCS kernels have them. */
const TIMEOUT = FAULT_LABELS.mcs.Timeout!;

export class RunState {
  /** Some thread of the run was destroyed. */
  anyDestroyed = false;
  /** Last trap that may have changed what capability pointers mean; 0 before any. */
  lastSpaceChange = 0;
  /** A method of the domain capability was invoked. */
  domainsUsed = false;
  /** Frames by object, where they were mapped last; only what no change of a CSpace has made uncertain. */
  readonly mapped = new Map<number, KnownMapping>();
  /** Invocations that failed, see there. */
  failures = new FailedRequests();
  private readonly dense: (ThreadKnowledge | undefined)[] = [];
  private readonly sparse = new Map<number, ThreadKnowledge>();
  private readonly names = new Map<number, string>();
  /** Consumed time that replies stated for each scheduling context, ns in total. */
  private readonly consumed = new Map<number, number>();

  /** Knowledge of a thread; created on first use with everything unknown. */
  thread(id: number): ThreadKnowledge {
    return this.dense[id] ?? this.sparse.get(id) ?? this.add(id, new ThreadKnowledge());
  }

  private add(id: number, knowledge: ThreadKnowledge): ThreadKnowledge {
    if (Number.isInteger(id) && id >= 0 && id < DENSE_IDS) {
      while (this.dense.length <= id) this.dense.push(undefined);
      this.dense[id] = knowledge;
    } else {
      this.sparse.set(id, knowledge);
    }
    return knowledge;
  }

  /** Takes note of a thread's name. */
  subject(subject: Subject): void {
    if (subject.type === CAP_TYPE.Thread) this.names.set(subject.id, subject.name);
  }

  /** `thread 7 (server)`, for messages to people. */
  describe(thread: number): string {
    const name = this.names.get(thread);
    return name === undefined || name === '' ? `thread ${thread}` : `thread ${thread} (${name})`;
  }

  /** Sum of the consumed times that replies stated for a scheduling context, ns. */
  consumedBy(object: number): number {
    return this.consumed.get(object) ?? 0;
  }

  /** Takes in what a record says. Rules are asked before. */
  apply(context: TraceContext): void {
    const record = context.record;
    for (let i = 0; i < record.transitionCount; i++) applyTransition(this, record, i);
    if (record.thread !== 0) applyInvoker(context);
    for (let i = 0; i < record.deliveryCount; i++) applyDelivery(this, record, record.deliveries[i]!);
    if (record.next !== 0) applyRunning(context.next, record);
    this.failures.apply(record);
    if (record.capType === CAP_TYPE.SchedContext) this.addConsumed(context);
    if (record.capType === CAP_TYPE.Frame) this.noteMapping(context);
    if (record.capType === CAP_TYPE.Domain) this.domainsUsed = true;
    if (changesSpaces(context)) this.changeSpaces(record.seq);
    if (record.capType === CAP_TYPE.Thread && setsBuffer(context)) this.thread(record.object).lastBufferKind = BUFFER_RW;
  }

  /** From trap `seq` on, capability pointers of some thread may mean something else. */
  changeSpaces(seq: number): void {
    this.lastSpaceChange = seq;
    this.mapped.clear();
  }

  private addConsumed({ record, method }: TraceContext): void {
    const consumed = consumedTime(record, method);
    // A value that rule T01 objects to must not make it object to all that follow.
    const total = this.consumedBy(record.object) + consumed;
    if (consumed > 0 && total <= record.exitTime) this.consumed.set(record.object, total);
  }

  private noteMapping({ record, method }: TraceContext): void {
    if (method?.id === 'RISCVPageUnmap') this.mapped.delete(record.object);
    if (method?.id !== 'RISCVPageMap' || record.outcome !== OUTCOME.replied || record.wordCount < 1) return;
    const { thread, cptrLo, cptrHi, words } = record;
    this.mapped.set(record.object, { thread, cptrLo, cptrHi, addressLo: words[0]!, addressHi: words[1]! });
  }

  snapshot(): RunSnapshot {
    const threads: [number, Partial<ThreadKnowledge>][] = [];
    this.dense.forEach((knowledge, id) => { if (knowledge !== undefined) threads.push([id, { ...knowledge }]); });
    for (const [id, knowledge] of this.sparse) threads.push([id, { ...knowledge }]);
    const { lastSpaceChange, domainsUsed } = this;
    return {
      version: 1, threads, names: [...this.names], consumed: [...this.consumed], lastSpaceChange, domainsUsed, mapped: [...this.mapped],
      failures: this.failures.snapshot(),
    };
  }

  /** The state of a snapshot. Throws a TypeError for something that is none. */
  static restore(snapshot: RunSnapshot): RunState {
    if (snapshot?.version !== 1) throw new TypeError('not a snapshot of rule knowledge, version 1');
    const run = new RunState();
    for (const [id, knowledge] of snapshot.threads) {
      run.add(id, Object.assign(new ThreadKnowledge(), knowledge));
      run.anyDestroyed ||= knowledge.destroyed === true;
    }
    for (const [id, name] of snapshot.names) run.names.set(id, name);
    for (const [object, time] of snapshot.consumed) run.consumed.set(object, time);
    run.lastSpaceChange = snapshot.lastSpaceChange ?? 0;
    run.domainsUsed = snapshot.domainsUsed ?? false;
    for (const [frame, mapping] of snapshot.mapped ?? []) run.mapped.set(frame, mapping);
    run.failures = FailedRequests.restore(snapshot.failures);
    return run;
  }
}

function applyTransition(run: RunState, record: TrapRecord, index: number): void {
  const { thread: id, from, to, flags } = record.transitions[index]!;
  if (id === 0) return;
  const thread = run.thread(id);
  thread.state = to;
  if (to !== STATE.Running) {
    if (thread.answeredNotRun) {
      thread.takenFromAnswer = true;
      if ((flags & TRANSITION_FLAG.pcBehind) !== 0) thread.mayRepeat = true;
    }
    thread.answeredNotRun = false;
  }
  if (to === STATE.BlockedOnSend || to === STATE.BlockedOnReply) {
    // Only a fault blocks a thread that is runnable but not running.
    if (id !== record.thread && (from === STATE.Running || from === STATE.Restart)) thread.pendingFault = TIMEOUT;
  } else {
    thread.pendingFault = 0;
  }
  if (to === STATE.Inactive) thread.yieldPending = false;
  if ((flags & TRANSITION_FLAG.destroyed) !== 0) thread.destroyed = run.anyDestroyed = true;
}

function applyInvoker(context: TraceContext): void {
  const { record, invoker, invokerState } = context;
  if (record.cause < CAUSE.interrupt) applyTrap(context);
  invoker.yieldPending = (record.flags & FLAG.yieldPending) !== 0;
  const waits = invokerState === STATE.BlockedOnSend || invokerState === STATE.BlockedOnReply;
  invoker.pendingFault = waits ? record.fault : 0;
  if ((record.flags & FLAG.invokerDestroyed) !== 0) invoker.destroyed = context.run.anyDestroyed = true;
}

function applyTrap(context: TraceContext): void {
  const { record, invoker } = context;
  invoker.lastTrap = record.seq;
  invoker.lastSyscall = record.syscall;
  invoker.lastClass = context.syscallClass;
  invoker.lastMethod = record.method;
  invoker.lastCapType = record.capType;
  if (record.capType !== CAP_TYPE_NONE) invoker.lastLookup = record.seq;
  invoker.lastOutcome = record.outcome;
  invoker.lastWasKernelCall = context.done && owesReply(context);
  invoker.lastWasSelfSuspend = suspendsItself(context);
  invoker.lastTagLo = invoker.tagLo = record.tagLo;
  invoker.lastTagHi = invoker.tagHi = record.tagHi;
  invoker.lastBufferKind = record.bufferKind;
  invoker.lastPcLo = record.pcBeforeLo;
  invoker.lastPcHi = record.pcBeforeHi;
  invoker.badgeLo = record.cptrLo;
  invoker.badgeHi = record.cptrHi;
  invoker.registersWritten = false;
  invoker.takenFromAnswer = invoker.mayRepeat = false;
  invoker.answeredNotRun = context.done;
}

function applyDelivery(run: RunState, record: TrapRecord, delivery: Delivery): void {
  if (delivery.thread === 0) return;
  const thread = run.thread(delivery.thread);
  const slots = delivery.slots[0]!;
  thread.lastDelivery = record.seq;
  if ((slots & BADGE_BIT) !== 0) {
    thread.badgeLo = delivery.badgeLo;
    thread.badgeHi = delivery.badgeHi;
  }
  if ((slots & TAG_BIT) !== 0) {
    thread.tagLo = delivery.tagLo;
    thread.tagHi = delivery.tagHi;
  }
  if (delivery.kind === DELIVERY.registers) {
    // SetTLSBase writes tp alone and leaves the thread's system call as it is.
    if (((slots & ~(1 << SLOT.tp)) | delivery.slots[1]!) !== 0) {
      thread.registersWritten = true;
      thread.takenFromAnswer = thread.mayRepeat = false;
    }
    return;
  }
  if (delivery.kind === DELIVERY.lateReply) thread.yieldPending = false;
  if (delivery.kind !== DELIVERY.other && thread.state === STATE.Running) thread.answeredNotRun = true;
}

function applyRunning(next: ThreadKnowledge, record: TrapRecord): void {
  next.state = record.nextState;
  next.lastRan = record.seq;
  next.answeredNotRun = false;
  next.yieldPending = false;
}

/** Whether the kernel itself owes the invoker an answer once the operation is done. */
export function owesReply(context: TraceContext): boolean {
  const { record } = context;
  if (context.syscallClass !== SYSCALL_CLASS.call || record.capType === CAP_TYPE_NONE) return false;
  // A Call on an endpoint is answered by a thread, unless the kernel refuses it.
  return record.capType !== CAP_TYPE.Endpoint || record.outcome === OUTCOME.error;
}

/** Whether capability pointers of some thread may mean something else from now on. */
function changesSpaces({ record, method }: TraceContext): boolean {
  return record.capType === CAP_TYPE.CNode || (method !== undefined && CHANGES_SPACE.has(method.id));
}

const CHANGES_SPACE: ReadonlySet<string> = new Set(['TCBConfigure', 'TCBSetSpace']);

/** Methods of which more is remembered than of all others. */
export const CHANGES_KNOWLEDGE: ReadonlySet<string> = new Set([...CHANGES_SPACE, ...READS_CONSUMED, 'TCBSetIPCBuffer', 'RISCVPageMap', 'RISCVPageUnmap']);

/** Whether a thread may have another IPC buffer from now on. */
function setsBuffer({ record, method }: TraceContext): boolean {
  if (method === undefined || record.object === 0 || record.outcome === OUTCOME.error) return false;
  return method.id === 'TCBSetIPCBuffer' || method.id === 'TCBConfigure';
}

function suspendsItself(context: TraceContext): boolean {
  const { record } = context;
  return record.outcome === OUTCOME.stopped && record.object === record.thread && context.method?.id === 'TCBSuspend';
}
