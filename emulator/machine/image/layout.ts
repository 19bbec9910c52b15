// SPDX-License-Identifier: BSD-2-Clause
/**
 * Where an seL4 kernel for riscv64 keeps what an observer reads: offsets in its structures, and the bits of those
 * that its build generates. Offsets come from debug information where a kernel has it, and from {@link knownLayout}
 * otherwise. All in bytes from the start of the structure, unless a comment says otherwise.
 */
import { CONTEXT_SLOTS, INIT_CAP, MIN_SCHED_CONTEXT_BITS, type Release, type Scheduling } from '../../../schema/abi/index.ts';
import type { DebugTypes } from './dwarf/debug-types.ts';
import { ImageError } from './image-error.ts';
import { isFrom } from './releases.ts';

/** A field of a word: bits `shift` to `shift + bits - 1`. */
export interface BitField {
  readonly shift: number;
  readonly bits: number;
}

/** Thread control block. Offsets count from what kernel pointers point at; its capability slots lie before that. */
export interface TcbLayout {
  /** Size of the object, slots included. */
  readonly objectBytes: number;
  /** From the start of the object to where pointers point. */
  readonly pointerOffset: number;
  readonly registers: number;
  /** Three words, see {@link ThreadStateLayout}. */
  readonly state: number;
  readonly boundNotification: number;
  /** Two words: what fault is recorded. */
  readonly fault: number;
  readonly priority: number;
  readonly ipcBuffer: number;
  /** MCS. */
  readonly schedContext: number | undefined;
  readonly yieldTo: number | undefined;
  /** From the start of the object: links of the list of all threads, and the name; debug kernels only. */
  readonly debug: { readonly next: number; readonly previous: number; readonly name: number } | undefined;
}

/** Capability slots of a TCB, by index from the start of the object. */
export interface TcbSlots {
  readonly cspace: number;
  readonly vspace: number;
  readonly ipcBuffer: number;
  /** Classic: the master reply capability, whose child is with the one who is to answer. */
  readonly reply: number | undefined;
  readonly count: number;
}

/** The generated bits of the thread state. Word 0: type, and what the thread waits on; word 1: flags. */
export interface ThreadStateLayout {
  readonly type: BitField;
  readonly inReadyQueue: number;
  /** MCS. */
  readonly inReleaseQueue: number | undefined;
}

/** MCS. */
export interface SchedContextLayout {
  readonly consumed: number;
  readonly refillHead: number;
  readonly refills: number;
  /** log2 of the bytes of the smallest one. */
  readonly minBits: number;
  readonly refillBytes: number;
  readonly refillAmount: number;
}

/** What the kernel tells the root task. */
export interface BootInfoLayout {
  readonly nodeId: number;
  readonly numNodes: number;
  readonly empty: number;
  readonly userImageFrames: number;
  readonly userImagePaging: number;
  readonly cnodeSizeBits: number;
  readonly domain: number;
  readonly schedControl: number | undefined;
  /** Slot of the root task's scheduling context; MCS. */
  readonly initThreadSC: number | undefined;
  readonly untyped: number;
  readonly untypedList: number;
  /** In an entry of the list. */
  readonly untypedSizeBits: number;
  readonly untypedIsDevice: number;
}

/**
 * How frame capabilities say what may be done with the frame. `two bits`: 2 to read, 3 to write, else nothing. `three bits`, up to
 * release 11.0.0: 1 to read, 3 to write, else nothing; what lies below is one bit lower.
 */
export type FrameRightsFormat = 'two bits' | 'three bits';

export interface KernelLayout {
  /** Where it is from, for messages. */
  readonly source: string;
  readonly tcb: TcbLayout;
  readonly slots: TcbSlots;
  readonly threadState: ThreadStateLayout;
  readonly schedContext: SchedContextLayout | undefined;
  readonly bootInfo: BootInfoLayout;
  readonly frameRights: FrameRightsFormat;
  /** Places of registers in the saved context are those of `abi/registers.ts`. */
  readonly contextSlots: number;
}

/** What a kernel's configuration and its release say about layouts. */
export interface LayoutTraits {
  readonly scheduling: Scheduling;
  readonly debug: boolean;
  readonly fpu: boolean;
  readonly release: Release;
}

const SLOT_BYTES = 32;
const TCB_SLOTS = 5;
const NEXT = 0;
const PREVIOUS = 8;
const NAME = 16;
const FPU_STATE_BYTES = 33 * 8;

function threadState(scheduling: Scheduling): ThreadStateLayout {
  return { type: { shift: 0, bits: 4 }, ...(scheduling === 'mcs' ? { inReadyQueue: 1, inReleaseQueue: 0 } : { inReadyQueue: 0, inReleaseQueue: undefined }) };
}

/** Not in debug information: the build generates it. */
function frameRights(release: Release): FrameRightsFormat {
  return isFrom(release, '12.0.0') ? 'two bits' : 'three bits';
}

/** A constant of libsel4: `seL4_MinSchedContextBits`. */
function minSchedContextBits(release: Release): number {
  return isFrom(release, '13.0.0') ? MIN_SCHED_CONTEXT_BITS : 8;
}

/** Slot of the root task's scheduling context: 12.0.0 put two others before it. */
function initThreadSC(release: Release): number {
  return isFrom(release, '12.0.0') ? INIT_CAP.initThreadSC : 12;
}

/** The list of threads and the name, one after the other from `start`. */
function debugPart(start: number): TcbLayout['debug'] {
  return { next: start + NEXT, previous: start + PREVIOUS, name: start + NAME };
}

/** Layout of the kernels of a release, for files without debug information. */
export function knownLayout({ scheduling, debug, fpu, release }: LayoutTraits): KernelLayout {
  const mcs = scheduling === 'mcs';
  const pointerOffset = fpu ? 1024 : 512;
  const state = CONTEXT_SLOTS * 8 + (fpu ? FPU_STATE_BYTES : 0);
  // The three words of the state, and since release 14.0.0 one of flags.
  const next = state + (isFrom(release, '14.0.0') ? 32 : 24);
  const end = next + (mcs ? 128 : 120);
  const debugStart = isFrom(release, '12.0.0') ? TCB_SLOTS * SLOT_BYTES : pointerOffset + end;
  return {
    source: `known layout of release ${release}`,
    tcb: {
      objectBytes: 2 * pointerOffset, pointerOffset, registers: 0,
      state, boundNotification: next, fault: next + 8, priority: next + 56, ipcBuffer: next + 80,
      schedContext: mcs ? next + 64 : undefined, yieldTo: mcs ? next + 72 : undefined,
      debug: debug ? debugPart(debugStart) : undefined,
    },
    slots: mcs ? { cspace: 0, vspace: 1, ipcBuffer: 2, reply: undefined, count: TCB_SLOTS } : { cspace: 0, vspace: 1, ipcBuffer: 4, reply: 2, count: TCB_SLOTS },
    threadState: threadState(scheduling),
    schedContext: mcs ? { consumed: 8, refillHead: 72, refills: isFrom(release, '12.1.0') ? 96 : 88, minBits: minSchedContextBits(release), refillBytes: 16, refillAmount: 8 } : undefined,
    bootInfo: {
      nodeId: 8, numNodes: 16, empty: 40, userImageFrames: 72, userImagePaging: 88, cnodeSizeBits: 136, domain: 144,
      schedControl: mcs ? 152 : undefined, initThreadSC: mcs ? initThreadSC(release) : undefined, untyped: mcs ? 168 : 152, untypedList: mcs ? 184 : 168,
      ...(isFrom(release, '12.0.0') ? { untypedSizeBits: 8, untypedIsDevice: 9 } : { untypedSizeBits: 10, untypedIsDevice: 11 }),
    },
    frameRights: frameRights(release),
    contextSlots: CONTEXT_SLOTS,
  };
}

/**
 * Layout that the debug information of a kernel describes.
 * @throws ImageError that names every structure member that is missing
 */
export function layoutOf(types: DebugTypes, { scheduling, debug, release }: LayoutTraits): KernelLayout {
  const mcs = scheduling === 'mcs';
  const missing: string[] = [];
  const at = (struct: string, ...path: string[]): number => {
    const offset = types.offsetOf(struct, ...path);
    if (offset === undefined) missing.push(`${struct}.${path.join('.')}`);
    return offset ?? 0;
  };
  const enumerator = (name: string): number => {
    const value = types.enumeration(name)?.get(name);
    if (value === undefined) missing.push(name);
    return value ?? 0;
  };
  const tcbBytes = types.struct('tcb')?.bytes ?? 0;
  const pointerOffset = tcbBytes > 512 ? 1024 : 512;
  const count = enumerator('tcbCNodeEntries');
  const listInTcb = types.offsetOf('tcb', 'tcbDebugNext');
  const layout: KernelLayout = {
    source: 'debug information',
    tcb: {
      objectBytes: 2 * pointerOffset, pointerOffset,
      registers: at('tcb', 'tcbArch', 'tcbContext', 'registers'),
      state: at('tcb', 'tcbState'), boundNotification: at('tcb', 'tcbBoundNotification'), fault: at('tcb', 'tcbFault'), priority: at('tcb', 'tcbPriority'), ipcBuffer: at('tcb', 'tcbIPCBuffer'),
      schedContext: mcs ? at('tcb', 'tcbSchedContext') : undefined,
      yieldTo: mcs ? at('tcb', 'tcbYieldTo') : undefined,
      debug: debug ? debugPart(listInTcb === undefined ? count * SLOT_BYTES : pointerOffset + listInTcb) : undefined,
    },
    slots: {
      cspace: enumerator('tcbCTable'), vspace: enumerator('tcbVTable'), ipcBuffer: enumerator('tcbBuffer'),
      reply: mcs ? undefined : enumerator('tcbReply'), count,
    },
    threadState: threadState(scheduling),
    schedContext: mcs ? {
      consumed: at('sched_context', 'scConsumed'), refillHead: at('sched_context', 'scRefillHead'), refills: types.struct('sched_context')?.bytes ?? 0,
      minBits: minSchedContextBits(release), refillBytes: types.struct('refill')?.bytes ?? 0, refillAmount: at('refill', 'rAmount'),
    } : undefined,
    bootInfo: {
      nodeId: at('seL4_BootInfo', 'nodeID'), numNodes: at('seL4_BootInfo', 'numNodes'), empty: at('seL4_BootInfo', 'empty'),
      userImageFrames: at('seL4_BootInfo', 'userImageFrames'), userImagePaging: at('seL4_BootInfo', 'userImagePaging'),
      cnodeSizeBits: at('seL4_BootInfo', 'initThreadCNodeSizeBits'), domain: at('seL4_BootInfo', 'initThreadDomain'),
      schedControl: mcs ? at('seL4_BootInfo', 'schedcontrol') : undefined,
      initThreadSC: mcs ? enumerator('seL4_CapInitThreadSC') : undefined,
      untyped: at('seL4_BootInfo', 'untyped'), untypedList: at('seL4_BootInfo', 'untypedList'),
      untypedSizeBits: at('seL4_UntypedDesc', 'sizeBits'), untypedIsDevice: at('seL4_UntypedDesc', 'isDevice'),
    },
    frameRights: frameRights(release),
    contextSlots: enumerator('n_contextRegisters'),
  };
  if (missing.length > 0) throw new ImageError(`its debug information does not have ${missing.join(', ')}`);
  if (layout.contextSlots !== CONTEXT_SLOTS) throw new ImageError(`it saves ${layout.contextSlots} registers of a thread; ${CONTEXT_SLOTS} are known here`);
  return layout;
}
