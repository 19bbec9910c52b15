// SPDX-License-Identifier: BSD-2-Clause
/** Capabilities: immutable values held in slots. A change of a capability replaces the value in its slot. */
import { CAP_TYPE, type Word } from '../../schema/abi/index.ts';
import type {
  AsidPool, CNode, Endpoint, Frame, IrqLine, KernelObject, Notification, PageTable, Reply, SchedContext, Tcb, UntypedRegion,
} from './objects.ts';

interface CapabilityOf<Type extends number, Object extends KernelObject | null> {
  readonly type: Type;
  readonly object: Object;
}

export type NullCap = CapabilityOf<typeof CAP_TYPE.Null, null>;

export interface UntypedCap extends CapabilityOf<typeof CAP_TYPE.Untyped, UntypedRegion> {
  /** Bytes from the start of the region that are in use: the watermark. */
  readonly freeIndex: number;
}

export interface EndpointCap extends CapabilityOf<typeof CAP_TYPE.Endpoint, Endpoint> {
  readonly badge: Word;
  readonly canSend: boolean;
  readonly canReceive: boolean;
  readonly canGrant: boolean;
  readonly canGrantReply: boolean;
}

export interface NotificationCap extends CapabilityOf<typeof CAP_TYPE.Notification, Notification> {
  readonly badge: Word;
  readonly canSend: boolean;
  readonly canReceive: boolean;
}

/** MCS: to a reply object. Classic: to the thread that waits for the reply. */
export interface ReplyCap extends CapabilityOf<typeof CAP_TYPE.Reply, Reply | Tcb> {
  readonly canGrant: boolean;
  /** Classic: the master reply capability that sits in the TCB of the caller. */
  readonly master: boolean;
}

export interface CNodeCap extends CapabilityOf<typeof CAP_TYPE.CNode, CNode> {
  readonly guardSize: number;
  readonly guard: Word;
}

export type ThreadCap = CapabilityOf<typeof CAP_TYPE.Thread, Tcb>;
export type IrqControlCap = CapabilityOf<typeof CAP_TYPE.IRQControl, null>;
export type IrqHandlerCap = CapabilityOf<typeof CAP_TYPE.IRQHandler, IrqLine>;
export type DomainCap = CapabilityOf<typeof CAP_TYPE.Domain, null>;
export type AsidControlCap = CapabilityOf<typeof CAP_TYPE.ASIDControl, null>;
export type AsidPoolCap = CapabilityOf<typeof CAP_TYPE.ASIDPool, AsidPool>;
export type SchedContextCap = CapabilityOf<typeof CAP_TYPE.SchedContext, SchedContext>;

export interface SchedControlCap extends CapabilityOf<typeof CAP_TYPE.SchedControl, null> {
  readonly core: number;
}

/** Where a frame or page table is mapped. */
export interface Mapping {
  readonly asid: number;
  /** Virtual address. */
  readonly address: Word;
}

/** Rights that user code has on a frame. */
export const VM_RIGHTS = Object.freeze({ kernelOnly: 1, readOnly: 2, readWrite: 3 });

export interface FrameCap extends CapabilityOf<typeof CAP_TYPE.Frame, Frame> {
  readonly rights: number;
  readonly mapping: Mapping | null;
}

export interface PageTableCap extends CapabilityOf<typeof CAP_TYPE.PageTable, PageTable> {
  /** For a root table: its ASID with address 0 once assigned to a pool. */
  readonly mapping: Mapping | null;
}

/** What is left of a CNode or TCB whose last capability is being deleted, slot by slot. */
export interface ZombieCap extends CapabilityOf<typeof CAP_TYPE.Zombie, CNode | Tcb> {
  /** Slots that may still hold capabilities: indices below this number. */
  readonly remaining: number;
}

export type Capability =
  | NullCap | UntypedCap | EndpointCap | NotificationCap | ReplyCap | CNodeCap | ThreadCap | IrqControlCap | IrqHandlerCap
  | DomainCap | AsidControlCap | AsidPoolCap | SchedContextCap | SchedControlCap | FrameCap | PageTableCap | ZombieCap;

export const NULL_CAP: NullCap = Object.freeze({ type: CAP_TYPE.Null, object: null });
