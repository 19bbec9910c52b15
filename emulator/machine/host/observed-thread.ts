// SPDX-License-Identifier: BSD-2-Clause
import {
  BUFFER_NONE, BUFFER_RO, BUFFER_RW, CAP_TYPE, CONTEXT_SLOTS, IPC_BUFFER_BYTES, IPC_BUFFER_WORDS, STATE,
} from '../../../schema/abi/index.ts';
import { TRANSITION_FLAG } from '../../../schema/trace/trap-record.ts';
import { FRAME_RIGHTS, SLOT_BYTES, type Capability } from '../image/capability.ts';
import type { KernelLayout } from '../image/layout.ts';
import { physicalOf } from '../image/physical.ts';
import type { SparseMemory } from '../memory/sparse-memory.ts';

/** Bits of a fault's first word that are its label. */
const FAULT_LABEL = 0xf;
/** Byte offset within a slot of the word that leads to the next capability in the derivation tree. */
const NEXT_LINK = 24;

/** A TCB in guest memory. What is read here is what stands there now. */
export class ObservedThread {
  readonly id: number;
  /** Physical address that kernel pointers to the TCB mean, and of the object that holds it. */
  readonly tcb: number;
  readonly object: number;
  /** Live lanes of the context slots. */
  readonly registers: Uint32Array;

  /** State and fault label as of the last store that was shown to observers, and whether a YieldTo is to be completed. */
  shownState: number;
  shownFault: number;
  shownYieldTo = false;

  /** The trap that wrote to the thread last; what follows is as it was at its entry, or what happened in it. */
  trap = 0;
  entryState: number = STATE.Inactive;
  entryFault = 0;
  faultedInTrap = false;
  stateWritten = false;
  tagWritten = false;
  yieldEndsInTrap = false;
  /** Stores to the badge register in the trap that the replay has not come to yet. */
  badgeWritesLeft = 0;
  /** The YieldTo that the thread waits for began in this trap, and is not answered with the interim reply yet. */
  interimReply = false;
  /** Kind of the delivery that observers were told of last in this trap; -1 before the first. */
  kind = -1;

  /** Number of the IPC buffer that is watched for the thread, 0 for none. */
  buffer = 0;

  private readonly memory: SparseMemory;
  private readonly layout: KernelLayout;
  private readonly cap: Capability;
  /** Lanes of the whole object. */
  private readonly lanes: Uint32Array;
  private bufferAddress = 0;
  private bufferView: Uint32Array | undefined;

  /** @param cap read over whenever a capability of the thread is looked at */
  constructor(id: number, tcb: number, memory: SparseMemory, layout: KernelLayout, cap: Capability) {
    this.id = id;
    this.tcb = tcb;
    this.object = tcb - layout.tcb.pointerOffset;
    this.memory = memory;
    this.layout = layout;
    this.cap = cap;
    this.lanes = memory.lanes(this.object, layout.tcb.objectBytes / 4);
    this.registers = memory.lanes(tcb + layout.tcb.registers, 2 * CONTEXT_SLOTS);
    this.shownState = this.state;
    this.shownFault = this.fault;
  }

  get state(): number {
    return this.field(this.layout.tcb.state) & 0xf;
  }

  /** Label of the recorded fault, 0 for none. */
  get fault(): number {
    return this.field(this.layout.tcb.fault) & FAULT_LABEL;
  }

  /** MCS; physical address, 0 for none. */
  get schedContext(): number {
    return this.pointer(this.layout.tcb.schedContext!);
  }

  get boundNotification(): number {
    return this.pointer(this.layout.tcb.boundNotification);
  }

  /** Physical address of a capability slot of the TCB. */
  slot(index: number): number {
    return this.object + index * SLOT_BYTES;
  }

  /** Whether the slots of the TCB hold no capability, as in one that is destroyed, or was never configured. */
  get isBare(): boolean {
    for (let i = 0; i < this.layout.slots.count; i++) if (this.lanes[(i * SLOT_BYTES) / 4 + 1]! >>> 27 !== CAP_TYPE.Null) return false;
    return true;
  }

  /** Name in a debug kernel; empty in others. */
  get debugName(): string {
    const { debug, pointerOffset, objectBytes } = this.layout.tcb;
    if (debug === undefined) return '';
    // It ends where its half of the object does.
    const end = debug.name < pointerOffset ? pointerOffset : objectBytes;
    const bytes = this.memory.read(this.object + debug.name, end - debug.name);
    const length = bytes.indexOf(0);
    return new TextDecoder().decode(length < 0 ? bytes : bytes.subarray(0, length));
  }

  /** `faultRecorded`, `orphaned` and `misqueued` of `TRANSITION_FLAG`. */
  get condition(): number {
    return (this.fault !== 0 ? TRANSITION_FLAG.faultRecorded : 0)
      | (this.isOrphaned ? TRANSITION_FLAG.orphaned : 0)
      | (this.isMisqueued ? TRANSITION_FLAG.misqueued : 0);
  }

  /** The thread waits for a reply, and nothing leads to it. */
  get isOrphaned(): boolean {
    if (this.state !== STATE.BlockedOnReply) return false;
    const { reply } = this.layout.slots;
    if (reply === undefined) return this.replyObject === 0;
    const link = (reply * SLOT_BYTES + NEXT_LINK) / 4;
    const child = physicalOf((this.lanes[link]! & ~3) >>> 0, this.lanes[link + 1]!);
    if (!this.memory.contains(child, SLOT_BYTES)) return true;
    this.cap.read(this.memory, child);
    return this.cap.type !== CAP_TYPE.Reply || this.cap.isMaster || this.cap.object !== this.tcb;
  }

  private get isMisqueued(): boolean {
    const { inReadyQueue, inReleaseQueue } = this.layout.threadState;
    const flags = this.field(this.layout.tcb.state + 8);
    const ready = ((flags >>> inReadyQueue) & 1) === 1;
    const toRelease = inReleaseQueue !== undefined && ((flags >>> inReleaseQueue) & 1) === 1;
    if (!ready && !toRelease) return false;
    const { state } = this;
    if ((state !== STATE.Running && state !== STATE.Restart) || (ready && toRelease)) return true;
    return inReleaseQueue !== undefined && this.schedContext === 0;
  }

  /** MCS: reply object that the thread waits for or with; its pointer stands one bit above its field. */
  private get replyObject(): number {
    const at = (this.layout.tcb.pointerOffset + this.layout.tcb.state + 8) / 4;
    const lo = this.lanes[at]!;
    const hi = this.lanes[at + 1]!;
    return physicalOf((((lo >>> 1) | (hi << 31)) & ~0xf) >>> 0, hi >>> 1);
  }

  /** What the kernel may do with the IPC buffer. */
  get bufferKind(): number {
    if (!this.readBufferCap() || this.cap.isDevice) return BUFFER_NONE;
    if (this.cap.rights === FRAME_RIGHTS.readWrite) return BUFFER_RW;
    return this.cap.rights === FRAME_RIGHTS.readOnly ? BUFFER_RO : BUFFER_NONE;
  }

  /** Physical address of the IPC buffer; undefined without a frame in RAM. */
  get bufferPlace(): number | undefined {
    if (!this.readBufferCap()) return undefined;
    const at = (this.layout.tcb.pointerOffset + this.layout.tcb.ipcBuffer) / 4;
    // A frame holds the buffer at the address's offset within it.
    const offset = (this.lanes[at]! & (2 ** this.cap.sizeBits - 1) & ~(IPC_BUFFER_BYTES - 1)) >>> 0;
    const address = this.cap.object + offset;
    return this.memory.contains(address, IPC_BUFFER_BYTES) ? address : undefined;
  }

  /** Live lanes of the IPC buffer. */
  get bufferLanes(): Uint32Array | undefined {
    const place = this.bufferPlace;
    if (place === undefined) return undefined;
    if (place !== this.bufferAddress) {
      this.bufferAddress = place;
      this.bufferView = this.memory.lanes(place, 2 * IPC_BUFFER_WORDS);
    }
    return this.bufferView;
  }

  private readBufferCap(): boolean {
    const at = (this.layout.slots.ipcBuffer * SLOT_BYTES) / 4;
    const { lanes, cap } = this;
    if (lanes[at + 1]! >>> 27 !== CAP_TYPE.Frame) return false;
    cap.decode(lanes[at]!, lanes[at + 1]!, lanes[at + 2]!, lanes[at + 3]!);
    return true;
  }

  /** Low lane of a field of the TCB. */
  private field(offset: number): number {
    return this.lanes[(this.layout.tcb.pointerOffset + offset) / 4]!;
  }

  private pointer(offset: number): number {
    const at = (this.layout.tcb.pointerOffset + offset) / 4;
    return physicalOf(this.lanes[at]!, this.lanes[at + 1]!);
  }
}
