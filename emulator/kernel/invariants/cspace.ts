// SPDX-License-Identifier: BSD-2-Clause
/** What always holds of slots, the derivation tree, capability counts and untyped memory, between any two traps. */
import { CAP_TYPE, equal, isZero } from '../../../schema/abi/index.ts';
import type { Capability, UntypedCap, ZombieCap } from '../capability.ts';
import { countedObject } from '../cspace/derivation.ts';
import { containedSlot } from '../cspace/delete.ts';
import type { Kernel } from '../kernel.ts';
import { CNode, IrqLine, Tcb, type KernelObject } from '../objects.ts';
import type { Slot } from '../slot.ts';
import { detailsOf, type InvariantName, type Violation } from './violation.ts';

/** Every violation in words; empty when all is well. */
export function checkCSpace(kernel: Kernel): string[] {
  return detailsOf(cspaceViolations(kernel, allSlots(kernel)));
}

/** @param slots {@link allSlots} */
export function cspaceViolations(kernel: Kernel, slots: readonly Slot[]): Violation[] {
  const violations: Violation[] = [];
  /** Capabilities by the id of their object. */
  const counts: number[] = [];
  let slot: Slot;
  const report: Report = (name, text) => { violations.push({ name, detail: `${slotName(slot)}: ${text}` }); };
  for (slot of slots) {
    checkLinks(slot, report);
    if (slot.cap.type === CAP_TYPE.Null) continue;
    checkPlace(slot, report);
    if (slot.cap.object?.alive === false) report('capability-alive', 'refers to a destroyed object');
    if (slot.cap.type === CAP_TYPE.Untyped) checkUntyped(slot, slot.cap, report);
    if (slot.cap.type === CAP_TYPE.Zombie) checkZombie(kernel, slot.cap, report);
    const object = countedObject(slot.cap);
    if (object !== null) counts[object.id] = (counts[object.id] ?? 0) + 1;
  }
  for (const object of kernel.allObjects()) {
    const found = counts[object.id] ?? 0;
    if (object.capCount === found) continue;
    violations.push({ name: 'capability-count', detail: `${objectName(object)} counts ${object.capCount} capabilities, there are ${found}` });
  }
  return violations;
}

/** Every slot that was ever used. */
export function allSlots(kernel: Kernel): Slot[] {
  const slots: Slot[] = [];
  addSlots(kernel.idleThread, slots);
  for (const object of kernel.allObjects()) addSlots(object, slots);
  return slots;
}

function addSlots(object: KernelObject, slots: Slot[]): void {
  if (object instanceof CNode) {
    const length = object.usedLength;
    for (let i = 0; i < length; i++) {
      const slot = object.peek(i);
      if (slot !== undefined) slots.push(slot);
    }
  } else if (object instanceof Tcb) {
    const { cspace, vspace, reply, caller, ipcBuffer, faultHandler, timeoutHandler } = object.slots;
    slots.push(cspace, vspace, reply, caller, ipcBuffer, faultHandler, timeoutHandler);
  } else if (object instanceof IrqLine) {
    slots.push(object.notificationSlot);
  }
}

type Report = (name: InvariantName, text: string) => void;

function checkLinks(slot: Slot, report: Report): void {
  if (slot.cap.type === CAP_TYPE.Null) {
    if (slot.parent !== null || slot.firstChild !== null || slot.previousSibling !== null || slot.nextSibling !== null) report('derivation-links', 'empty, but in the tree');
    if (slot.revocable) report('derivation-links', 'empty, but revocable');
    return;
  }
  if (slot.parent === null) {
    if (slot.previousSibling !== null || slot.nextSibling !== null) report('derivation-links', 'a root with siblings');
  } else if (slot.previousSibling === null ? slot.parent.firstChild !== slot : slot.previousSibling.nextSibling !== slot) {
    report('derivation-links', 'not linked from its parent or previous sibling');
  }
  if (slot.nextSibling !== null && slot.nextSibling.previousSibling !== slot) report('derivation-links', 'next sibling does not link back');
  if (slot.nextSibling !== null && slot.nextSibling.parent !== slot.parent) report('derivation-links', 'next sibling has another parent');
  if (slot.firstChild !== null) {
    if (slot.firstChild.parent !== slot || slot.firstChild.previousSibling !== null) report('derivation-links', 'first child does not link back');
    if (!slot.revocable) report('derivation-links', 'has children, but is not revocable');
  }
  if (isInRing(slot)) report('derivation-links', 'the tree above is a ring');
}

/** Whether the way up does not end: somebody who takes two steps at a time meets one who takes one. */
function isInRing(slot: Slot): boolean {
  let slow: Slot | null = slot;
  let fast: Slot | null | undefined = slot.parent;
  while (fast !== null && fast !== undefined) {
    if (fast === slow) return true;
    slow = slow!.parent;
    fast = fast.parent?.parent;
  }
  return false;
}

/** Whether what a capability was derived from gives authority over it. */
function checkPlace(slot: Slot, report: Report): void {
  const parent = slot.parent?.cap;
  if (parent !== undefined && !covers(parent, slot.cap)) report('derivation-authority', `not covered by the capability in ${slotName(slot.parent!)}`);
}

function covers(parent: Capability, child: Capability): boolean {
  if (parent.type === CAP_TYPE.Untyped) return child.object !== null && contains(parent.object, child.object);
  if (parent.type === CAP_TYPE.IRQControl) return child.type === CAP_TYPE.IRQHandler;
  if (parent.object === null) return parent.type === child.type;
  if (parent.object !== child.object) return false;
  if (parent.type === CAP_TYPE.Endpoint || parent.type === CAP_TYPE.Notification) {
    return isZero(parent.badge) || (child.type === parent.type && equal(parent.badge, child.badge));
  }
  return true;
}

function contains(region: KernelObject, object: KernelObject): boolean {
  return object.paddr >= region.paddr && endOf(object) <= endOf(region);
}

function endOf(object: KernelObject): number {
  return object.paddr + SIZES[object.sizeBits]!;
}

/** Powers of two: to look one up is cheaper than to raise it. */
const SIZES: readonly number[] = Array.from({ length: 64 }, (_, bits) => 2 ** bits);

function checkUntyped(slot: Slot, cap: UntypedCap, report: Report): void {
  const { object, freeIndex } = cap;
  if (freeIndex < 0 || freeIndex > SIZES[object.sizeBits]! || freeIndex % 16 !== 0) report('untyped-memory', `watermark ${freeIndex} out of range`);
  if (slot.firstChild === null) return;
  const made: KernelObject[] = [];
  for (let child: Slot | null = slot.firstChild; child !== null; child = child.nextSibling) {
    if (child.cap.object !== null) made.push(child.cap.object);
  }
  made.sort((a, b) => a.paddr - b.paddr || a.id - b.id);
  for (let i = 0; i < made.length; i++) {
    const one = made[i]!;
    const next = made[i + 1];
    if (endOf(one) > object.paddr + freeIndex) report('untyped-memory', `${objectName(one)} lies above the watermark`);
    // Several capabilities may refer to one object.
    if (next !== undefined && next !== one && endOf(one) > next.paddr) report('untyped-memory', `${objectName(one)} overlaps ${objectName(next)}`);
  }
}

function checkZombie(kernel: Kernel, zombie: ZombieCap, report: Report): void {
  const size = zombie.object instanceof CNode ? zombie.object.length : 5;
  if (zombie.remaining < 0 || zombie.remaining > size) report('zombie-empty', `zombie of ${zombie.remaining} slots`);
  for (let i = zombie.remaining; i < size; i++) {
    const slot = zombie.object instanceof CNode ? zombie.object.peek(i) : containedSlot(kernel, zombie.object, i);
    if (slot !== undefined && slot.cap.type !== CAP_TYPE.Null) report('zombie-empty', `slot ${i} of the zombie is not empty`);
  }
}

export function slotName(slot: Slot): string {
  return `slot ${slot.index} of ${objectName(slot.holder)}`;
}

export function objectName(object: KernelObject): string {
  return object.name === '' ? `object ${object.id} (type ${object.capType})` : object.name;
}
