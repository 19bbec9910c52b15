// SPDX-License-Identifier: BSD-2-Clause
/**
 * Kernel objects as plain state. What may happen to them is in `object/`, `cspace/`, `vspace/` and `scheduling/`.
 * Physical addresses and sizes are numbers of bytes (RAM lies far below 2^53); times are virtual nanoseconds.
 */
import { CAP_TYPE, CONTEXT_SLOTS, STATE, ZERO, type Word } from '../../schema/abi/index.ts';
import type { Capability } from './capability.ts';
import type { LookupFailure } from './errors.ts';
import { Slot } from './slot.ts';

/** State common to all objects. */
export abstract class KernelObject {
  /** Capability type of the object. */
  abstract readonly capType: number;
  /** Stable in a run, from 1; the idle thread has 0. */
  readonly id: number;
  readonly paddr: number;
  readonly sizeBits: number;
  /** Capabilities that refer to the object; the last one to go destroys it. */
  capCount = 0;
  alive = true;
  name = '';

  constructor(id: number, paddr: number, sizeBits: number) {
    this.id = id;
    this.paddr = paddr;
    this.sizeBits = sizeBits;
  }
}

/** A region of memory that objects are made from. How much of it is in use is a property of the capability. */
export class UntypedRegion extends KernelObject {
  readonly capType = CAP_TYPE.Untyped;
  readonly isDevice: boolean;

  constructor(id: number, paddr: number, sizeBits: number, isDevice: boolean) {
    super(id, paddr, sizeBits);
    this.isDevice = isDevice;
  }
}

/** A table of capability slots. */
export class CNode extends KernelObject {
  readonly capType = CAP_TYPE.CNode;
  /** log2 of the number of slots. */
  readonly radix: number;
  private readonly slots: (Slot | undefined)[];

  constructor(id: number, paddr: number, radix: number, slotBits: number) {
    super(id, paddr, radix + slotBits);
    this.radix = radix;
    this.slots = [];
  }

  get length(): number {
    return 2 ** this.radix;
  }

  /** Slots from this index on were never used. */
  get usedLength(): number {
    return this.slots.length;
  }

  /** The slot with this index, 0..length-1. Slots come into being on first use: a large CSpace costs what it holds. */
  slot(index: number): Slot {
    return (this.slots[index] ??= new Slot(this, index));
  }

  /** The slot if it was ever used. */
  peek(index: number): Slot | undefined {
    return this.slots[index];
  }
}

/** Queue discipline of an endpoint. */
export const EP_IDLE = 0;
export const EP_SEND = 1;
export const EP_RECEIVE = 2;

export class Endpoint extends KernelObject {
  readonly capType = CAP_TYPE.Endpoint;
  /** EP_IDLE, EP_SEND (senders wait) or EP_RECEIVE (receivers wait). */
  state = EP_IDLE;
  readonly queue: Tcb[] = [];
}

export const NTFN_IDLE = 0;
export const NTFN_WAITING = 1;
export const NTFN_ACTIVE = 2;

export class Notification extends KernelObject {
  readonly capType = CAP_TYPE.Notification;
  state = NTFN_IDLE;
  readonly queue: Tcb[] = [];
  /** Accumulated notification word while active. */
  word: Word = ZERO;
  boundThread: Tcb | null = null;
  /** MCS: scheduling context that a passive thread borrows when it is signalled. */
  schedContext: SchedContext | null = null;
}

/** MCS reply object: a frame of a call stack. */
export class Reply extends KernelObject {
  readonly capType = CAP_TYPE.Reply;
  /** Thread that waits for this reply (BlockedOnReply), or that waits to receive with it (BlockedOnReceive). */
  thread: Tcb | null = null;
  /** Towards the caller further out. */
  previous: Reply | null = null;
  /** Towards the top of the stack: a reply, or the scheduling context when this is the top. */
  next: Reply | SchedContext | null = null;
}

/** One replenishment of a scheduling context. */
export interface Refill {
  /** Earliest time of use, ns. */
  time: number;
  /** ns. */
  amount: number;
}

export class SchedContext extends KernelObject {
  readonly capType = CAP_TYPE.SchedContext;
  /** ns; 0 period and budget when not configured. A context with period = budget is round robin. */
  period = 0;
  budget = 0;
  core = 0;
  thread: Tcb | null = null;
  /** Top of the call stack of reply objects. */
  reply: Reply | null = null;
  notification: Notification | null = null;
  badge: Word = ZERO;
  /** Thread that waits for its YieldTo of this context to complete. */
  yieldFrom: Tcb | null = null;
  sporadic = false;
  /** Head first. Empty when inactive. */
  readonly refills: Refill[] = [];
  maxRefills = 0;
  /** Time consumed since it was last asked for, ns. */
  consumed = 0;
}

/** Interrupt line and its notification slot. */
export class IrqLine extends KernelObject {
  readonly capType = CAP_TYPE.IRQHandler;
  readonly irq: number;
  readonly notificationSlot: Slot;
  active = false;

  constructor(id: number, irq: number) {
    super(id, 0, 0);
    this.irq = irq;
    this.notificationSlot = new Slot(this, 0);
  }
}

/** Frame: its memory comes into being page by page, in lanes. */
export class Frame extends KernelObject {
  readonly capType = CAP_TYPE.Frame;
  readonly isDevice: boolean;
  private readonly pages: (Uint32Array | undefined)[] = [];

  constructor(id: number, paddr: number, sizeBits: number, isDevice: boolean) {
    super(id, paddr, sizeBits);
    this.isDevice = isDevice;
  }

  /** Pages of the frame that have memory so far. */
  get touchedPages(): number {
    return Object.keys(this.pages).length;
  }

  /** Memory of 4 KiB page `index` of the frame: 1024 u32. */
  page(index: number): Uint32Array {
    return (this.pages[index] ??= new Uint32Array(1024));
  }
}

/** An entry of a page table: nothing, a lower table, or a leaf. */
export type PageTableEntry = { readonly table: PageTable } | { readonly frame: Frame; readonly rights: number; readonly executable: boolean };

export class PageTable extends KernelObject {
  readonly capType = CAP_TYPE.PageTable;
  readonly entries = new Map<number, PageTableEntry>();
}

export class AsidPool extends KernelObject {
  readonly capType = CAP_TYPE.ASIDPool;
  /** First ASID of the pool. */
  base = 0;
  readonly vspaces = new Map<number, PageTable>();
}

/** Capability slots of a TCB. */
export interface TcbSlots {
  readonly cspace: Slot;
  readonly vspace: Slot;
  readonly ipcBuffer: Slot;
  /** MCS: endpoint capabilities; null capability when there is none. */
  readonly faultHandler: Slot;
  readonly timeoutHandler: Slot;
  /** Classic: the master reply capability and the capability of the last caller. */
  readonly reply: Slot;
  readonly caller: Slot;
}

/** What a thread's fault says; `words` beyond the fixed part are made at delivery. */
export interface Fault {
  /** `FAULT_LABELS` of the configuration. */
  readonly label: number;
  readonly address: Word;
  /** UnknownSyscall: number; UserException: number; VMFault: fault status (scause); Timeout: badge of the scheduling context. */
  readonly number: Word;
  readonly code: Word;
  /** CapFault: in the receive phase; VMFault: instruction fetch. */
  readonly flag: boolean;
  readonly lookupFailure: LookupFailure | null;
}

export class Tcb extends KernelObject {
  readonly capType = CAP_TYPE.Thread;
  /** Lanes of the context slots. The kernel writes them only through `registers.ts`. */
  readonly registers = new Uint32Array(2 * CONTEXT_SLOTS);
  state: number = STATE.Inactive;
  readonly slots: TcbSlots;
  domain = 0;
  mcp = 0;
  priority = 0;
  flags = 0;
  fault: Fault | null = null;
  /** Virtual address of the IPC buffer. */
  ipcBufferAddress: Word = ZERO;
  /** The lanes that `registers.ts` last found behind the address, and where: a page of the frame, from an index. */
  bufferView: Uint32Array | undefined;
  bufferPage: Uint32Array | undefined;
  bufferFirst = 0;
  /** The address space that the hart was last found to have for the thread: by which capability, and in which epoch. */
  addressSpace: PageTable | null = null;
  addressSpaceCap: Capability | null = null;
  addressSpaceEpoch = 0;
  boundNotification: Notification | null = null;
  /** Endpoint or notification that a blocked thread waits on. */
  blockedOn: Endpoint | Notification | null = null;
  /** What a blocked sender carries. */
  blockedBadge: Word = ZERO;
  blockedCanGrant = false;
  blockedCanGrantReply = false;
  blockedIsCall = false;
  /** MCS: reply object of a thread that is BlockedOnReceive or BlockedOnReply. */
  reply: Reply | null = null;
  /** MCS. */
  schedContext: SchedContext | null = null;
  /** MCS: context whose YieldTo is not completed yet. */
  yieldTo: SchedContext | null = null;
  /** MCS: the completion of that YieldTo answers the thread. */
  yieldOwesReply = false;
  /** Classic: ticks left of the time slice. */
  timeSlice = 0;
  /** Classic: capability pointer of the fault handler. */
  faultHandler: Word = ZERO;
  inReadyQueue = false;
  inReleaseQueue = false;

  constructor(id: number, paddr: number, sizeBits: number) {
    super(id, paddr, sizeBits);
    this.slots = {
      cspace: new Slot(this, 0), vspace: new Slot(this, 1), ipcBuffer: new Slot(this, 2),
      faultHandler: new Slot(this, 3), timeoutHandler: new Slot(this, 4), reply: new Slot(this, 5), caller: new Slot(this, 6),
    };
  }
}
