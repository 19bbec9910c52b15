// SPDX-License-Identifier: BSD-2-Clause
/** A tool for tests of threads: a booted kernel in which the test plays whichever thread is running. */
import {
  CAP_TYPE, INIT_CAP, IPC_BUFFER, MESSAGE_REGISTERS, ROLE, SLOT, STATE, SYSCALL_NUMBERS, fromWordLike,
  packMessageInfo, lanesToBigInt, tagCapsUnwrapped, tagExtraCaps, tagLabel, tagLength, type ApiSyscall, type ObjectTypeName, type Scheduling,
  type WordLike,
} from '../../schema/abi/index.ts';
import { DELIVERY_KINDS, type DeliveryKind } from '../../schema/trace/trap-record.ts';
import type { KernelObserver } from '../host.ts';
import { VM_RIGHTS, type Capability, type EndpointCap, type NotificationCap } from './capability.ts';
import { insertRoot } from './cspace/derivation.ts';
import type { DefectName } from './defects.ts';
import { checkThreads } from './invariants/threads.ts';
import type { Kernel } from './kernel.ts';
import { ModelKernel } from './model.ts';
import { createObject } from './object/object-types.ts';
import type { CNode, Endpoint, Notification, Reply, SchedContext, Tcb } from './objects.ts';
import { SILENT } from './observers.ts';
import { bufferLanes } from './registers.ts';
import type { Slot } from './slot.ts';

/** An object with a capability to it that every thread of the test can use. */
export interface Placed<T> {
  readonly cptr: number;
  readonly slot: Slot;
  readonly object: T;
}

export interface Request {
  readonly cptr?: number;
  readonly label?: number;
  readonly words?: readonly WordLike[];
  /** Extra caps. */
  readonly caps?: readonly number[];
  /** Register a6: reply object, or destination of NBSendWait. */
  readonly reply?: number;
  /** Register t0: destination of NBSendRecv. */
  readonly destination?: number;
}

/** What a thread's registers say after a system call. */
export interface Answer {
  readonly badge: bigint;
  readonly label: number;
  readonly length: number;
  readonly extraCaps: number;
  readonly capsUnwrapped: number;
  readonly words: readonly bigint[];
}

export interface ThreadOptions {
  readonly priority?: number;
  readonly mcp?: number;
  /** MCS: budget and period in µs. Without it the thread is passive. Default: round robin, 5 ms. */
  readonly time?: { readonly budget: number; readonly period: number; readonly extraRefills?: number; readonly sporadic?: boolean } | null;
  readonly buffer?: 'rw' | 'ro' | 'none';
  readonly faultHandler?: Placed<Endpoint>;
  /** MCS. */
  readonly timeoutHandler?: Placed<Endpoint>;
}

/** A thread of the test. */
export interface TestThread extends Placed<Tcb> {
  readonly context: Placed<SchedContext> | null;
}

const FIRST_PC = 0x10_0000;
const BUFFER_ADDRESS = 0x20_0000;

export class World {
  readonly host: ModelKernel;
  readonly kernel: Kernel;
  readonly root: Tcb;
  /** Writes and states since {@link clear}: `name <- kind slot|word`, `name: From -> To`. */
  readonly events: string[] = [];
  private readonly cnode: CNode;
  private nextSlot = 0x400;
  private nextPaddr = 0x9000_0000;
  private readonly kindOf = new Map<number, string>();

  constructor(scheduling: Scheduling, options: { readonly defects?: readonly DefectName[]; readonly checked?: boolean } = {}) {
    const afterTrap = (kernel: Kernel): void => {
      const problems = checkThreads(kernel);
      if (problems.length > 0) throw new Error(problems.join('\n'));
    };
    this.host = new ModelKernel({
      configuration: `riscv64-${scheduling}`, defects: options.defects ?? [], ...(options.checked === false ? {} : { afterTrap }),
    });
    this.kernel = this.host.kernel;
    this.host.boot({ name: 'root', entryLo: FIRST_PC, entryHi: 0 });
    this.root = this.kernel.current;
    const cspace = this.root.slots.cspace.cap;
    if (cspace.type !== CAP_TYPE.CNode) throw new Error('no root CNode');
    this.cnode = cspace.object;
    this.host.observe(this.recorder());
  }

  get current(): Tcb {
    return this.kernel.current;
  }

  clear(): void {
    this.events.length = 0;
  }

  private recorder(): KernelObserver {
    const name = (id: number): string => (id === 0 ? 'idle' : this.kernel.thread(id).name || `thread ${id}`);
    return {
      ...SILENT,
      entry: () => { this.kindOf.clear(); },
      delivery: (thread, kind) => { this.kindOf.set(thread, DELIVERY_KINDS[kind]!); },
      slotWritten: (thread, slot) => { this.events.push(`${name(thread)} <- ${this.kindOf.get(thread) ?? 'unannounced'} ${slotName(slot)}`); },
      bufferWordWritten: (thread, index) => { this.events.push(`${name(thread)} <- ${this.kindOf.get(thread) ?? 'unannounced'} word ${index}`); },
      stateWritten: (thread, from, to) => { this.events.push(`${name(thread)}: ${stateName(from)} -> ${stateName(to)}`); },
      faulted: (thread, label) => { this.events.push(`${name(thread)}: fault ${label}`); },
      yieldPending: (thread, pending) => { this.events.push(`${name(thread)}: ${pending ? 'waits' : 'waits no more'} for a YieldTo`); },
      outOfBudget: () => { this.events.push('out of budget'); },
      preempted: () => { this.events.push('preempted'); },
    };
  }

  /** State changes since {@link clear}. */
  get transitions(): string[] {
    return this.events.filter((event) => event.includes(' -> '));
  }

  /** Slots and words that the kernel wrote for a thread since {@link clear}, of one kind of delivery. */
  writes(thread: Tcb, kind: DeliveryKind): string[] {
    const start = `${thread.name} <- ${kind} `;
    return this.events.filter((event) => event.startsWith(start)).map((event) => event.slice(start.length));
  }

  /** Puts a capability where every thread finds it. */
  place(cap: Capability): { cptr: number; slot: Slot } {
    const cptr = this.nextSlot++;
    const slot = this.cnode.slot(cptr);
    insertRoot(slot, cap);
    return { cptr, slot };
  }

  /** Names a slot that is empty. */
  emptySlot(): { cptr: number; slot: Slot } {
    const cptr = this.nextSlot++;
    return { cptr, slot: this.cnode.slot(cptr) };
  }

  create<T>(type: ObjectTypeName, name: string, userBits = 0): Placed<T> {
    const paddr = this.nextPaddr;
    this.nextPaddr += 0x1_0000;
    const cap = createObject(this.kernel, type, userBits, paddr, false);
    if (cap.object === null) throw new Error(`${type} is no object`);
    this.kernel.rename(cap.object, name);
    return { ...this.place(cap), object: cap.object as T };
  }

  endpoint(name = 'endpoint'): Placed<Endpoint> {
    return this.create('Endpoint', name);
  }

  notification(name = 'notification'): Placed<Notification> {
    return this.create('Notification', name);
  }

  reply(name = 'reply'): Placed<Reply> {
    return this.create('Reply', name);
  }

  schedContext(name: string, userBits = 9): Placed<SchedContext> {
    return this.create('SchedContext', name, userBits);
  }

  /** A second capability to an endpoint or notification, with other properties. */
  mint<T extends Endpoint | Notification>(of: Placed<T>, change: Partial<Omit<EndpointCap, 'type' | 'object'>>): Placed<T> {
    const cap = of.slot.cap as EndpointCap | NotificationCap;
    return { ...this.place({ ...cap, ...change } as Capability), object: of.object };
  }

  /** A thread in the root task's spaces, inactive. Set up by the root task, which must be running. */
  thread(name: string, options: ThreadOptions = {}): TestThread {
    const tcb = this.create<Tcb>('TCB', name);
    const thread = tcb.object;
    const buffer = options.buffer ?? 'rw';
    const frame = this.create('RISCV_4K_Page', `${name} buffer`);
    if (buffer === 'ro') this.cnode.slot(frame.cptr).cap = { ...frame.slot.cap, rights: VM_RIGHTS.readOnly } as Capability;
    const withBuffer = buffer !== 'none';
    const configure = this.kernel.mcs ? [0, 0, withBuffer ? BUFFER_ADDRESS : 0] : [options.faultHandler?.cptr ?? 0, 0, 0, withBuffer ? BUFFER_ADDRESS : 0];
    this.succeed(tcb.cptr, 'TCBConfigure', configure, [INIT_CAP.threadCNode, INIT_CAP.threadVSpace, frame.cptr]);
    const time = options.time === undefined ? { budget: 5000, period: 5000 } : options.time;
    const context = this.kernel.mcs && time !== null ? this.schedContext(`${name} context`) : null;
    if (context !== null) this.configure(context, time!);
    const caps = this.kernel.mcs
      ? [INIT_CAP.threadTCB, context?.cptr ?? NULL_CPTR, options.faultHandler?.cptr ?? NULL_CPTR] : [INIT_CAP.threadTCB];
    this.succeed(tcb.cptr, 'TCBSetSchedParams', [options.mcp ?? 0, options.priority ?? 100], caps);
    if (this.kernel.mcs && options.timeoutHandler !== undefined) this.succeed(tcb.cptr, 'TCBSetTimeoutEndpoint', [], [options.timeoutHandler.cptr]);
    thread.registers[2 * SLOT.FaultIP] = FIRST_PC + 0x1_0000 * thread.id;
    return { ...tcb, context };
  }

  configure(context: Placed<SchedContext>, time: NonNullable<ThreadOptions['time']>): void {
    const flags = time.sporadic === true ? 1 : 0;
    this.succeed(this.schedControl, 'SchedControlConfigureFlags', [time.budget, time.period, time.extraRefills ?? 0, 0, flags], [context.cptr]);
  }

  get schedControl(): number {
    for (let i = 0; i < 0x400; i++) {
      if (this.cnode.peek(i)?.cap.type === CAP_TYPE.SchedControl) return i;
    }
    throw new Error('no SchedControl capability');
  }

  /** Makes the running thread execute a system call; what has no place without a buffer is left out. Returns its registers afterwards, whether it was answered or not. */
  trap(syscall: ApiSyscall, request: Request = {}): Answer {
    const thread = this.current;
    const words = request.words ?? [];
    const caps = request.caps ?? [];
    const set = (slot: number, value: WordLike): void => {
      const w = fromWordLike(value);
      thread.registers[2 * slot] = w.lo;
      thread.registers[2 * slot + 1] = w.hi;
    };
    const tag = packMessageInfo({ label: request.label ?? 0, length: words.length, extraCaps: caps.length, capsUnwrapped: 0 });
    set(ROLE.cap, request.cptr ?? 0);
    set(ROLE.tag, lanesToBigInt(tag.lo, tag.hi));
    const buffer = bufferLanes(thread);
    words.forEach((value, i) => {
      if (i < MESSAGE_REGISTERS) return set(ROLE.mr0 + i, value);
      if (buffer !== undefined) setBufferWord(buffer, IPC_BUFFER.msg + i, value);
    });
    if (buffer !== undefined) caps.forEach((cptr, i) => { setBufferWord(buffer, IPC_BUFFER.capsOrBadges + i, cptr); });
    if (request.reply !== undefined) set(ROLE.reply, request.reply);
    if (request.destination !== undefined) set(ROLE.nbSendRecvDest, request.destination);
    set(ROLE.syscall, BigInt.asUintN(64, BigInt(SYSCALL_NUMBERS[this.kernel.mcs ? 'mcs' : 'classic'][syscall]!)));
    this.host.syscall();
    return this.answer(thread);
  }

  /** Makes the running thread call a method of a kernel object. */
  call(cptr: number, method: string, words: readonly WordLike[] = [], caps: readonly number[] = []): Answer {
    return this.invoke('Call', cptr, method, words, caps);
  }

  invoke(syscall: ApiSyscall, cptr: number, method: string, words: readonly WordLike[] = [], caps: readonly number[] = []): Answer {
    const label = this.kernel.interfaces.byId.get(method)?.label;
    if (label === undefined) throw new Error(`no method ${method}`);
    return this.trap(syscall, { cptr, label, words, caps });
  }

  /** Like {@link call}, for a call that must succeed. */
  succeed(cptr: number, method: string, words: readonly WordLike[] = [], caps: readonly number[] = []): Answer {
    const answer = this.call(cptr, method, words, caps);
    if (answer.label !== 0 || answer.badge !== 0n) throw new Error(`${method} failed with ${answer.label} (${answer.words.join(', ')})`);
    return answer;
  }

  /** What a thread's registers and buffer say as a message. */
  answer(thread: Tcb): Answer {
    const register = (slot: number): bigint => lanesToBigInt(thread.registers[2 * slot]!, thread.registers[2 * slot + 1]!);
    const lo = thread.registers[2 * ROLE.tag]!;
    const buffer = bufferLanes(thread);
    const length = tagLength(lo);
    const words = Array.from({ length }, (_, i) => {
      if (i < MESSAGE_REGISTERS) return register(ROLE.mr0 + i);
      return buffer === undefined ? -1n : lanesToBigInt(buffer[2 * (IPC_BUFFER.msg + i)]!, buffer[2 * (IPC_BUFFER.msg + i) + 1]!);
    });
    return {
      badge: register(ROLE.badge), label: tagLabel(lo, thread.registers[2 * ROLE.tag + 1]!), length,
      extraCaps: tagExtraCaps(lo), capsUnwrapped: tagCapsUnwrapped(lo), words,
    };
  }

  /** Resumes threads; the root task must be running, and goes on running if they have lower priorities. */
  resume(...threads: readonly Placed<Tcb>[]): void {
    for (const thread of threads) this.succeed(thread.cptr, 'TCBResume');
  }

  /** Makes the running thread wait for a message without means to reply. */
  wait(endpoint: { readonly cptr: number }): Answer {
    return this.trap(this.kernel.mcs ? 'Wait' : 'Recv', { cptr: endpoint.cptr });
  }

  /** Makes the root task wait for ever, so that the others run. */
  rest(): void {
    if (this.current !== this.root) throw new Error('the root task is not running');
    this.wait(this.notification('silence'));
  }

  /** Fails unless this thread is running. */
  mustRun(thread: Placed<Tcb> | Tcb): void {
    const tcb = 'object' in thread ? thread.object : thread;
    if (this.current !== tcb) throw new Error(`${tcb.name} should be running, not ${this.current.name}`);
  }

  /** Lets the running thread compute, or time pass while nothing runs, until another thread runs. */
  runUntilSwitch(limit = 100): Tcb {
    const before = this.current;
    for (let i = 0; i < limit && this.current === before; i++) {
      if (before === this.kernel.idleThread) {
        if (!this.host.idle()) break;
      } else {
        this.host.compute(10_000_000);
      }
    }
    return this.current;
  }
}

/** A capability pointer to an empty slot. */
export const NULL_CPTR = 0;

function setBufferWord(buffer: Uint32Array, index: number, value: WordLike): void {
  const w = fromWordLike(value);
  buffer[2 * index] = w.lo;
  buffer[2 * index + 1] = w.hi;
}

/** Sets where a thread receives capabilities: a slot of the root CNode. */
export function setReceiveSlot(thread: Tcb, cptr: number): void {
  const buffer = bufferLanes(thread)!;
  setBufferWord(buffer, IPC_BUFFER.receiveCNode, INIT_CAP.threadCNode);
  setBufferWord(buffer, IPC_BUFFER.receiveIndex, cptr);
  setBufferWord(buffer, IPC_BUFFER.receiveDepth, 64);
}

function slotName(slot: number): string {
  return Object.entries(SLOT).find(([, number]) => number === slot)?.[0] ?? `slot ${slot}`;
}

function stateName(state: number): string {
  return Object.entries(STATE).find(([, number]) => number === state)?.[0] ?? `state ${state}`;
}
