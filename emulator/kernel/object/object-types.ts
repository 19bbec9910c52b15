// SPDX-License-Identifier: BSD-2-Clause
/** The kinds of object that an untyped can become. */
import { CAP_TYPE, OBJECT_BITS, SLOT_BITS, ZERO, type ObjectTypeName } from '../../../schema/abi/index.ts';
import { VM_RIGHTS, type Capability } from '../capability.ts';
import type { Kernel } from '../kernel.ts';
import { CNode, Endpoint, Frame, Notification, PageTable, Reply, SchedContext, Tcb, UntypedRegion } from '../objects.ts';
import { TIME_SLICE_TICKS } from '../scheduling/budget.ts';

/** log2 of the bytes of an object. @param userBits `size_bits` of the request, used by types of variable size */
export function objectBits(kernel: Kernel, type: ObjectTypeName, userBits: number): number {
  switch (type) {
    case 'Untyped':
    case 'SchedContext':
      return userBits;
    case 'CapTable':
      return userBits + SLOT_BITS;
    default:
      return OBJECT_BITS[kernel.interfaces.configuration.scheduling][type]!;
  }
}

/** Whether user code can map the object. */
export function isFrameType(type: ObjectTypeName): boolean {
  return type === 'RISCV_4K_Page' || type === 'RISCV_Mega_Page' || type === 'RISCV_Giga_Page';
}

/** Makes an object at a physical address. Returns the first capability to it, with all rights; the caller puts it into a slot. */
export function createObject(kernel: Kernel, type: ObjectTypeName, userBits: number, paddr: number, isDevice: boolean): Capability {
  const id = kernel.nextId();
  const bits = objectBits(kernel, type, userBits);
  switch (type) {
    case 'Untyped':
      return { type: CAP_TYPE.Untyped, object: kernel.register(new UntypedRegion(id, paddr, bits, isDevice)), freeIndex: 0 };
    case 'TCB':
      return { type: CAP_TYPE.Thread, object: kernel.register(newThread(kernel, id, paddr, bits)) };
    case 'Endpoint':
      return {
        type: CAP_TYPE.Endpoint, object: kernel.register(new Endpoint(id, paddr, bits)), badge: ZERO,
        canSend: true, canReceive: true, canGrant: true, canGrantReply: true,
      };
    case 'Notification':
      return {
        type: CAP_TYPE.Notification, object: kernel.register(new Notification(id, paddr, bits)), badge: ZERO,
        canSend: true, canReceive: true,
      };
    case 'CapTable':
      return { type: CAP_TYPE.CNode, object: kernel.register(new CNode(id, paddr, userBits, SLOT_BITS)), guardSize: 0, guard: ZERO };
    case 'SchedContext':
      return { type: CAP_TYPE.SchedContext, object: kernel.register(new SchedContext(id, paddr, bits)) };
    case 'Reply':
      return { type: CAP_TYPE.Reply, object: kernel.register(new Reply(id, paddr, bits)), canGrant: true, master: false };
    case 'RISCV_PageTable':
      return { type: CAP_TYPE.PageTable, object: kernel.register(new PageTable(id, paddr, bits)), mapping: null };
    case 'RISCV_4K_Page':
    case 'RISCV_Mega_Page':
    case 'RISCV_Giga_Page':
      return {
        type: CAP_TYPE.Frame, object: kernel.register(new Frame(id, paddr, bits, isDevice)),
        rights: VM_RIGHTS.readWrite, mapping: null,
      };
  }
}

/** A thread starts inactive, in the domain that runs now. */
function newThread(kernel: Kernel, id: number, paddr: number, bits: number): Tcb {
  const thread = new Tcb(id, paddr, bits);
  thread.domain = kernel.domain;
  if (!kernel.mcs) thread.timeSlice = TIME_SLICE_TICKS;
  return thread;
}
