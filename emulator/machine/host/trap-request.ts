// SPDX-License-Identifier: BSD-2-Clause
/** What the trapping thread asks of the kernel, looked up at kernel entry in its registers and its CSpace. */
import {
  CAP_TYPE, INTERFACE_OF_CAP, IPC_BUFFER, MESSAGE_REGISTERS, OBJECT_TYPES, ROLE, SYSCALL_NUMBERS, tagExtraCaps, tagLabel, tagLength,
  type ApiSyscall, type CapTypeName,
} from '../../../schema/abi/index.ts';
import type { Method } from '../../../schema/idl/model.ts';
import { Capability, SLOT_BYTES } from '../image/capability.ts';
import { CSpaceWalk } from '../image/cspace.ts';
import type { KernelImage } from '../image/kernel-image.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import { NO_LABEL, type AskedLabels } from './label-translation.ts';
import type { ObservedThread } from './observed-thread.ts';

/** Slots that a retype fills. */
export interface RetypeTarget {
  readonly firstSlot: number;
  readonly count: number;
}

interface Shape {
  /** Register that holds the invoked capability pointer. */
  readonly sends?: number;
  readonly isCall?: boolean;
  readonly receives?: boolean;
}

const MCS: Partial<Record<ApiSyscall, Shape>> = {
  Call: { sends: ROLE.cap, isCall: true }, Send: { sends: ROLE.cap }, NBSend: { sends: ROLE.cap },
  Recv: { receives: true }, NBRecv: { receives: true }, Wait: { receives: true }, NBWait: { receives: true },
  ReplyRecv: { sends: ROLE.reply, receives: true }, NBSendRecv: { sends: ROLE.nbSendRecvDest, receives: true }, NBSendWait: { sends: ROLE.reply, receives: true },
};
const CLASSIC: Partial<Record<ApiSyscall, Shape>> = {
  Call: { sends: ROLE.cap, isCall: true }, Send: { sends: ROLE.cap }, NBSend: { sends: ROLE.cap },
  Recv: { receives: true }, NBRecv: { receives: true }, ReplyRecv: { receives: true },
};

const INTERFACE_BY_CAP_TYPE: (string | undefined)[] = [];
for (const [name, type] of Object.entries(CAP_TYPE)) INTERFACE_BY_CAP_TYPE[type] = INTERFACE_OF_CAP[name as CapTypeName];

const WRITES_REGISTERS: ReadonlySet<string> = new Set(['TCBWriteRegisters', 'TCBCopyRegisters', 'TCBSetTLSBase']);
const NOTIFICATION_STATE = 3;
const NOTIFICATION_ACTIVE = 2;
/** Objects that one retype can create. */
const MOST_RETYPED = 1024;

export class TrapRequest {
  /** The invoked capability; meaningful if {@link invokes}. */
  readonly sent: Capability;
  /** The capability that is received from; meaningful if {@link hasSource}. */
  readonly source: Capability;
  invokes = false;
  hasSource = false;
  isCall = false;
  /** A system call that sends and waits for nothing but the kernel's answer. */
  isSend = false;
  isReceive = false;
  /** The request writes registers of the thread behind the invoked capability. Combined system calls may not invoke threads. */
  writesRegisters = false;
  /** The method that the label means for the capability. */
  method: Method | undefined;
  /** What is recorded of its label; {@link NO_LABEL} without a method. */
  recordedLabel = NO_LABEL;
  /** A signal is there to be received at once. */
  signalIsThere = false;
  retype: RetypeTarget | undefined;

  private readonly memory: PhysicalMemory;
  private readonly labels: AskedLabels;
  private readonly shapes: (Shape | undefined)[] = [];
  private readonly walk: CSpaceWalk;
  private readonly scratch: Capability;
  private readonly cspaceSlot: number;
  private readonly isRetypable: ReadonlySet<number>;

  constructor(memory: PhysicalMemory, image: KernelImage, labels: AskedLabels) {
    const capability = (): Capability => new Capability(image);
    this.memory = memory;
    this.labels = labels;
    this.sent = capability();
    this.source = capability();
    this.scratch = capability();
    this.walk = new CSpaceWalk(memory, capability());
    this.cspaceSlot = image.layout.slots.cspace;
    const numbers = SYSCALL_NUMBERS[image.scheduling];
    for (const [name, shape] of Object.entries(image.scheduling === 'mcs' ? MCS : CLASSIC)) this.shapes[-numbers[name as ApiSyscall]!] = shape;
    this.isRetypable = new Set(Object.values(OBJECT_TYPES[image.scheduling]));
  }

  /** No system call: an exception, an interrupt. */
  clear(): void {
    this.invokes = this.hasSource = this.isCall = this.isSend = this.isReceive = this.writesRegisters = this.signalIsThere = false;
    this.method = undefined;
    this.recordedLabel = NO_LABEL;
    this.retype = undefined;
  }

  /** Whether the request may delete capabilities, so that objects can be destroyed. */
  get mayDestroy(): boolean {
    return this.invokes && (this.sent.type === CAP_TYPE.CNode || this.sent.type === CAP_TYPE.Untyped);
  }

  /** Reads the system call of a thread. */
  read(thread: ObservedThread): void {
    this.clear();
    const { registers } = thread;
    const number = registers[2 * ROLE.syscall]! | 0;
    const shape = number < 0 && registers[2 * ROLE.syscall + 1] === 0xffff_ffff ? this.shapes[-number] : undefined;
    if (shape === undefined) return;
    this.isCall = shape.isCall === true;
    this.isReceive = shape.receives === true;
    this.isSend = shape.sends !== undefined && !this.isReceive;
    if (shape.sends !== undefined) this.readInvoked(thread, shape.sends);
    if (this.isReceive) this.readSource(thread);
  }

  /** Slot that a capability pointer of a thread leads to; undefined where the lookup fails. */
  slotOf(thread: ObservedThread, lo: number, hi: number): number | undefined {
    return this.walk.lookup(thread.slot(this.cspaceSlot), lo, hi);
  }

  private readInvoked(thread: ObservedThread, register: number): void {
    const { registers } = thread;
    const slot = this.slotOf(thread, registers[2 * register]!, registers[2 * register + 1]!);
    if (slot === undefined) return;
    this.invokes = true;
    this.sent.read(this.memory, slot);
    const label = tagLabel(registers[2 * ROLE.tag]!, registers[2 * ROLE.tag + 1]!);
    const method = this.labels.methods.byLabel[label];
    if (method === undefined || INTERFACE_BY_CAP_TYPE[this.sent.type] !== method.interfaceName) return;
    this.method = method;
    this.recordedLabel = this.labels.recorded(label);
    this.writesRegisters = this.isSend && WRITES_REGISTERS.has(method.id);
    if (method.id === 'UntypedRetype') this.retype = this.readRetype(thread);
  }

  private readSource(thread: ObservedThread): void {
    const { registers } = thread;
    const slot = this.slotOf(thread, registers[2 * ROLE.cap]!, registers[2 * ROLE.cap + 1]!);
    if (slot === undefined) return;
    this.hasSource = true;
    this.source.read(this.memory, slot);
    this.signalIsThere = this.source.type === CAP_TYPE.Notification ? this.isActive(this.source.object)
      : this.source.type === CAP_TYPE.Endpoint && this.isActive(thread.boundNotification);
  }

  private isActive(notification: number): boolean {
    return this.memory.contains(notification, 8) && (this.memory.readU32(notification) & NOTIFICATION_STATE) === NOTIFICATION_ACTIVE;
  }

  /** Where a retype puts its capabilities; undefined when it cannot succeed. Words: type, size, node index, node depth, offset, count. */
  private readRetype(thread: ObservedThread): RetypeTarget | undefined {
    const { registers } = thread;
    const tag = registers[2 * ROLE.tag]!;
    const buffer = thread.bufferLanes;
    if (buffer === undefined || tagLength(tag) < 6 || tagExtraCaps(tag) < 1) return undefined;
    const wordLo = (i: number): number => (i < MESSAGE_REGISTERS ? registers[2 * (ROLE.mr0 + i)]! : buffer[2 * (IPC_BUFFER.msg + i)]!);
    const wordHi = (i: number): number => (i < MESSAGE_REGISTERS ? registers[2 * (ROLE.mr0 + i) + 1]! : buffer[2 * (IPC_BUFFER.msg + i) + 1]!);
    if (!this.isRetypable.has(wordLo(0)) || wordHi(3) !== 0) return undefined;
    const root = this.slotOf(thread, buffer[2 * IPC_BUFFER.capsOrBadges]!, buffer[2 * IPC_BUFFER.capsOrBadges + 1]!);
    if (root === undefined) return undefined;
    const node = wordLo(3) === 0 ? root : this.walk.lookupExactly(root, wordLo(2), wordHi(2), wordLo(3));
    if (node === undefined) return undefined;
    this.scratch.read(this.memory, node);
    const { scratch } = this;
    const offset = wordLo(4);
    const count = wordLo(5);
    if (scratch.type !== CAP_TYPE.CNode || wordHi(4) !== 0 || wordHi(5) !== 0 || count > MOST_RETYPED || offset + count > 2 ** scratch.radix) return undefined;
    const target = { firstSlot: scratch.object + offset * SLOT_BYTES, count };
    return this.isEmpty(target) ? target : undefined;
  }

  private isEmpty({ firstSlot, count }: RetypeTarget): boolean {
    for (let i = 0; i < count; i++) {
      this.scratch.read(this.memory, firstSlot + i * SLOT_BYTES);
      if (this.scratch.type !== CAP_TYPE.Null) return false;
    }
    return true;
  }
}
