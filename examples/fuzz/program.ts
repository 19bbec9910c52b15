// SPDX-License-Identifier: BSD-2-Clause
/** A random user program as plain data: what is generated, shrunk, interpreted and printed. */
import type { BootInfo, IpcBufferOption } from 'sel4scope';
import { INIT_CAP, type ObjectTypeName, type Scheduling } from 'sel4scope/schema';
import { CLOCK, type AlarmAction } from './alarms.ts';

/**
 * A capability by the name of what it refers to: something of the {@link SCENE}, `slot0`… for a slot that is empty at
 * first, `worker1`… for the TCB of a worker and `context1`… for its scheduling context, `null`, or `nowhere`.
 */
export type Ref = string;

export type WordValue = number | bigint;

/** Registers by name, for WriteRegisters. */
export type RegisterValues = Readonly<Record<string, WordValue>>;

/** A {@link Ref} stands for its capability pointer. */
export type Argument = Ref | WordValue | boolean | RegisterValues;

export interface MessageValue {
  readonly label: number;
  readonly words: readonly WordValue[];
  readonly caps: readonly Ref[];
}

export type SendCall = 'Call' | 'Send' | 'NBSend';
export type ReceiveCall = 'recv' | 'nbRecv' | 'wait' | 'nbWait';

export type AccessBits = 8 | 16 | 32 | 64;

/** What a thread does in one step. */
export type Action =
  | { readonly kind: 'invoke'; readonly by: SendCall; readonly cap: Ref; readonly method: string; readonly args: readonly Argument[] }
  | { readonly kind: 'send'; readonly by: SendCall; readonly cap: Ref; readonly message: MessageValue }
  | { readonly kind: 'receive'; readonly by: ReceiveCall; readonly cap: Ref; readonly reply: Ref }
  | { readonly kind: 'replyRecv'; readonly cap: Ref; readonly message: MessageValue; readonly reply: Ref }
  | { readonly kind: 'nbSendRecv'; readonly dest: Ref; readonly message: MessageValue; readonly cap: Ref; readonly reply: Ref }
  | { readonly kind: 'nbSendWait'; readonly dest: Ref; readonly message: MessageValue; readonly cap: Ref }
  | { readonly kind: 'reply'; readonly message: MessageValue }
  | { readonly kind: 'receivePath'; readonly root: Ref; readonly index: Ref | WordValue; readonly depth: number }
  | { readonly kind: 'setTLSBase'; readonly base: WordValue }
  | { readonly kind: 'unknownSyscall' }
  | { readonly kind: 'illegalInstruction' }
  | { readonly kind: 'load'; readonly address: WordValue; readonly bits: AccessBits }
  /** `value` fits in 8 bits, and so in all of them. */
  | { readonly kind: 'store'; readonly address: WordValue; readonly bits: AccessBits; readonly value: number }
  | AlarmAction
  | { readonly kind: 'compute'; readonly ns: number }
  | { readonly kind: 'yield' };

export interface Step {
  /** 0: the root task; n: worker n. */
  readonly thread: number;
  readonly action: Action;
}

export interface WorkerSpec {
  readonly priority: number;
  readonly maxControlledPriority: number;
  readonly ipcBuffer: IpcBufferOption;
  readonly faultEndpoint: Ref;
  /** MCS, as the next ones. */
  readonly timeoutEndpoint: Ref;
  readonly budgetUs: number;
  readonly periodUs: number;
  readonly extraRefills: number;
}

/** Each thread does its own steps one after the other; the kernel decides who runs. */
export interface FuzzProgram {
  readonly scheduling: Scheduling;
  /** Priority of the root task when everything is set up. */
  readonly rootPriority: number;
  readonly workers: readonly WorkerSpec[];
  readonly steps: readonly Step[];
}

/** Where a capability of the scene comes from. */
export type Source =
  | { readonly from: 'boot'; readonly cptr: (bootInfo: BootInfo) => number; readonly code: string }
  | { readonly from: 'untyped'; readonly type: ObjectTypeName; readonly sizeBits?: number }
  /** `rights`: a rights word. */
  | { readonly from: 'mint'; readonly of: Ref; readonly badge: WordValue; readonly rights: number }
  | { readonly from: 'irq'; readonly irq: number; readonly notification: Ref }
  /** A frame of device memory, mapped at a virtual address. */
  | { readonly from: 'device'; readonly paddr: number; readonly address: number };

function fixed(name: keyof typeof INIT_CAP): Source {
  return { from: 'boot', cptr: () => INIT_CAP[name], code: `INIT_CAP.${name}` };
}

const COMMON: Readonly<Record<Ref, Source>> = {
  rootTcb: fixed('threadTCB'),
  cspace: fixed('threadCNode'),
  vspace: fixed('threadVSpace'),
  irqControl: fixed('irqControl'),
  asidControl: fixed('asidControl'),
  asidPool: fixed('initThreadASIDPool'),
  domainSet: fixed('domain'),
  rootBuffer: fixed('initThreadIPCBuffer'),
  image: { from: 'boot', cptr: (info) => info.userImageFrames.start, code: 'task.bootInfo.userImageFrames.start' },
  paging: { from: 'boot', cptr: (info) => info.userImagePaging.start, code: 'task.bootInfo.userImagePaging.start' },
  device: { from: 'boot', cptr: (info) => info.untyped.start, code: 'task.bootInfo.untyped.start' },
  endpoint: { from: 'untyped', type: 'Endpoint' },
  other: { from: 'untyped', type: 'Endpoint' },
  handler: { from: 'untyped', type: 'Endpoint' },
  notification: { from: 'untyped', type: 'Notification' },
  second: { from: 'untyped', type: 'Notification' },
  tcb: { from: 'untyped', type: 'TCB' },
  cnode: { from: 'untyped', type: 'CapTable', sizeBits: 3 },
  untyped: { from: 'untyped', type: 'Untyped', sizeBits: 14 },
  poolMemory: { from: 'untyped', type: 'Untyped', sizeBits: 12 },
  frame: { from: 'untyped', type: 'RISCV_4K_Page' },
  frame2: { from: 'untyped', type: 'RISCV_4K_Page' },
  table: { from: 'untyped', type: 'RISCV_PageTable' },
  table2: { from: 'untyped', type: 'RISCV_PageTable' },
  badged: { from: 'mint', of: 'endpoint', badge: 0xffff_ffff_ffff_ffffn, rights: 15 },
  badged2: { from: 'mint', of: 'endpoint', badge: 7, rights: 15 },
  noGrant: { from: 'mint', of: 'endpoint', badge: 0, rights: 3 },
  grantReply: { from: 'mint', of: 'endpoint', badge: 0x8000_0000_0000_0000n, rights: 9 },
  receiveOnly: { from: 'mint', of: 'other', badge: 0, rights: 2 },
  signal: { from: 'mint', of: 'notification', badge: 0x8000_0000_0000_0001n, rights: 1 },
  irqHandler: { from: 'irq', irq: CLOCK.irq, notification: 'signal' },
  clock: { from: 'device', paddr: CLOCK.paddr, address: CLOCK.address },
};

const MCS: Readonly<Record<Ref, Source>> = {
  ...COMMON,
  schedControl: { from: 'boot', cptr: (info) => info.schedControl.start, code: 'task.bootInfo.schedControl.start' },
  rootContext: fixed('initThreadSC'),
  reply: { from: 'untyped', type: 'Reply' },
  reply2: { from: 'untyped', type: 'Reply' },
  reply3: { from: 'untyped', type: 'Reply' },
  context: { from: 'untyped', type: 'SchedContext', sizeBits: 8 },
  small: { from: 'untyped', type: 'SchedContext', sizeBits: 7 },
};

/** What a program can have besides its workers: only what its steps name is made, in this order. */
export const SCENE: Readonly<Record<Scheduling, Readonly<Record<Ref, Source>>>> = { mcs: MCS, classic: COMMON };

/** Slots of the root CNode that are empty at first. */
export const SLOTS = 12;
/** Capability pointer of `nowhere`: no guard of the root CNode matches it. */
export const NOWHERE = 0x7fff_ffff_0000_0000n;

/** The name if it means something in this program, otherwise `null`. */
export function known(program: FuzzProgram, ref: Ref): Ref {
  const worker = /^(worker|context)(\d+)$/.exec(ref);
  if (worker === null) return ref;
  const isThere = Number(worker[2]) <= program.workers.length && (worker[1] === 'worker' || program.scheduling === 'mcs');
  return isThere ? ref : 'null';
}

/** The names of the scene that a program needs, in the order of the scene. */
export function sceneOf(program: FuzzProgram): Ref[] {
  const scene = SCENE[program.scheduling];
  const needed = new Set<Ref>();
  // Neither kinds of actions nor system calls nor methods have the name of something in the scene.
  const need = (name: unknown): void => {
    if (typeof name === 'string') {
      const source = scene[name];
      if (source === undefined || needed.has(name)) return;
      needed.add(name);
      if (source.from === 'mint') need(source.of);
      if (source.from === 'irq') need(source.notification);
    } else if (Array.isArray(name)) {
      for (const part of name as unknown[]) need(part);
    } else if (typeof name === 'object') {
      for (const key in name) need((name as Record<string, unknown>)[key]);
    }
  };
  for (const { action } of program.steps) need(action);
  for (const { faultEndpoint, timeoutEndpoint } of program.workers) need([faultEndpoint, timeoutEndpoint]);
  return Object.keys(scene).filter((name) => needed.has(name));
}
