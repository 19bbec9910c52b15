// SPDX-License-Identifier: BSD-2-Clause
/**
 * Deleting and revoking capabilities, and what the end of an object means. Manual, "Deletion and Revocation".
 *
 * The last capability to a CNode or TCB becomes a zombie, which loses the slots of the object one by one, the last
 * slot first, with a preemption point after each. Restarted, the deletion goes on from the zombie. A last capability
 * to another CNode or TCB that is found in such a slot is not descended into: it changes places with what is in the
 * first slot of its own object. So the object that is being destroyed goes, and the one found is left unreachable.
 */
import { CAP_TYPE } from '../../../schema/abi/index.ts';
import { NULL_CAP, type Capability, type ReplyCap, type ZombieCap } from '../capability.ts';
import type { Completion } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import { CNode, IrqLine, Reply, type KernelObject, type Tcb } from '../objects.ts';
import { cancelAllIpc } from '../object/endpoint.ts';
import { retireIrqLine } from '../object/interrupt.ts';
import { destroyNotification } from '../object/notification.ts';
import { destroyReply } from '../object/reply.ts';
import { destroySchedContext } from '../object/schedcontext.ts';
import { destroyThread } from '../object/tcb.ts';
import type { Slot } from '../slot.ts';
import { destroyAsidPool } from '../vspace/asid.ts';
import { unmapFrame } from '../vspace/frame.ts';
import { destroyPageTable } from '../vspace/page-table.ts';
import { isFinal, removeCapability, replaceCapability, swapCapabilities } from './derivation.ts';

/** Deletes the capability in a slot, and its object if it was the last. An empty slot stays empty. */
export function deleteSlot(kernel: Kernel, slot: Slot): Completion {
  return deleteCapability(kernel, slot, false);
}

/**
 * Deletes a capability of a kind that needs no preemption: anything but the last capability to a CNode or TCB.
 * Throws for those; no caller puts one there.
 */
export function deleteSlotNow(kernel: Kernel, slot: Slot): void {
  if (slot.cap.type === CAP_TYPE.Null) return;
  if (finalise(kernel, slot.cap).type !== CAP_TYPE.Null) throw new Error('a capability container cannot be deleted at once');
  emptySlot(kernel, slot);
}

/** Deletes every capability that was derived from the one in a slot, latest first. */
export function revokeSlot(kernel: Kernel, slot: Slot): Completion {
  while (slot.firstChild !== null) {
    if (deleteSlot(kernel, slot.firstChild) === 'preempted' || kernel.preemptionPoint()) return 'preempted';
  }
  return 'done';
}

/** The slots that an object destroys with itself, in order of their index. */
export function containedSlot(kernel: Kernel, object: CNode | Tcb, index: number): Slot {
  if (object instanceof CNode) return object.slot(index);
  const { cspace, vspace, ipcBuffer, faultHandler, timeoutHandler, reply, caller } = object.slots;
  return (kernel.mcs ? [cspace, vspace, ipcBuffer, faultHandler, timeoutHandler] : [cspace, vspace, reply, caller, ipcBuffer])[index]!;
}

const TCB_SLOTS = 5;

/** @param isContained whether the slot belongs to an object that is being destroyed: another container is not descended into */
function deleteCapability(kernel: Kernel, slot: Slot, isContained: boolean): Completion {
  while (slot.cap.type !== CAP_TYPE.Null) {
    const rest = finalise(kernel, slot.cap);
    if (rest.type !== CAP_TYPE.Zombie || isSpent(kernel, rest, slot)) {
      const { cap } = slot;
      emptySlot(kernel, slot);
      if (isReplyToCaller(cap)) kernel.observer.orphaned(cap.object.id);
      return 'done';
    }
    replaceCapability(slot, rest);
    if (isContained) swapCapabilities(containedSlot(kernel, rest.object, 0), slot);
    else if (deleteLastContained(kernel, slot, rest) === 'preempted') return 'preempted';
    if (kernel.preemptionPoint()) return 'preempted';
  }
  return 'done';
}

/** Classic: nobody else can answer the caller. */
function isReplyToCaller(cap: Capability): cap is ReplyCap & { readonly object: Tcb } {
  return cap.type === CAP_TYPE.Reply && !(cap.object instanceof Reply) && !cap.master;
}

/** Whether a zombie in `slot` has nothing left to delete but itself. */
function isSpent(kernel: Kernel, zombie: ZombieCap, slot: Slot): boolean {
  return zombie.remaining === 0 || (zombie.remaining === 1 && containedSlot(kernel, zombie.object, 0) === slot);
}

/** Deletes the last of the slots that a zombie still has. */
function deleteLastContained(kernel: Kernel, slot: Slot, zombie: ZombieCap): Completion {
  const { object } = zombie;
  let { remaining } = zombie;
  if (object instanceof CNode) {
    while (remaining > 2 && isUnused(object, remaining - 1)) {
      remaining--;
      if (kernel.preemptionPoint()) {
        replaceCapability(slot, { ...zombie, remaining });
        return 'preempted';
      }
    }
    replaceCapability(slot, { ...zombie, remaining });
  }
  if (deleteCapability(kernel, containedSlot(kernel, object, remaining - 1), true) === 'preempted') return 'preempted';
  const now = slot.cap;
  // The deletion may have moved the zombie away, when its slot is in an object that was found on the way.
  if (now.type === CAP_TYPE.Zombie && now.object === object && now.remaining === remaining) {
    replaceCapability(slot, { ...now, remaining: remaining - 1 });
  }
  return 'done';
}

function isUnused(cnode: CNode, index: number): boolean {
  const slot = cnode.peek(index);
  return slot === undefined || slot.cap.type === CAP_TYPE.Null;
}

/** Empties a slot whose capability is finalised. */
function emptySlot(kernel: Kernel, slot: Slot): void {
  const object = removeCapability(slot);
  if (object !== null) end(kernel, object);
}

function end(kernel: Kernel, object: KernelObject): void {
  if (object instanceof IrqLine) retireIrqLine(kernel, object);
  kernel.destroy(object);
}

/**
 * Undoes what a capability, and for the last one its object, means to the rest of the system. Returns what is left to
 * delete step by step: a zombie, or nothing (the null capability).
 */
function finalise(kernel: Kernel, cap: Capability): Capability {
  if (cap.type === CAP_TYPE.Zombie) return cap;
  if (cap.type === CAP_TYPE.Frame) unmapFrame(kernel, cap);
  if (!isFinal(cap)) return NULL_CAP;
  switch (cap.type) {
    case CAP_TYPE.CNode:
      return { type: CAP_TYPE.Zombie, object: cap.object, remaining: cap.object.length };
    case CAP_TYPE.Thread:
      destroyThread(kernel, cap.object);
      return { type: CAP_TYPE.Zombie, object: cap.object, remaining: TCB_SLOTS };
    case CAP_TYPE.Endpoint:
      cancelAllIpc(kernel, cap.object);
      break;
    case CAP_TYPE.Notification:
      destroyNotification(kernel, cap.object);
      break;
    case CAP_TYPE.Reply:
      if (cap.object instanceof Reply) destroyReply(kernel, cap.object);
      break;
    case CAP_TYPE.SchedContext:
      destroySchedContext(kernel, cap.object);
      break;
    case CAP_TYPE.IRQHandler:
      deleteSlotNow(kernel, cap.object.notificationSlot);
      break;
    case CAP_TYPE.PageTable:
      destroyPageTable(kernel, cap);
      break;
    case CAP_TYPE.ASIDPool:
      destroyAsidPool(kernel, cap.object);
      break;
  }
  return NULL_CAP;
}
