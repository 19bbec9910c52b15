// SPDX-License-Identifier: BSD-2-Clause
/**
 * The capability derivation tree, and how many capabilities refer to each object. The only module that puts
 * capabilities into slots or takes them out. Manual, "Capability Derivation Tree".
 *
 * The children of a slot are in the order in which revoking it deletes them: the latest first. Slots without a
 * parent are roots and have no siblings.
 */
import { CAP_TYPE, equal } from '../../../schema/abi/index.ts';
import { NULL_CAP, type Capability } from '../capability.ts';
import type { KernelObject } from '../objects.ts';
import { Slot } from '../slot.ts';

/** How often a slot was changed, in all kernels: of use only to compare two moments of one trap. */
let changes = 0;
export function capabilityChanges(): number {
  return changes;
}

/**
 * Puts a capability that was derived from the one in `source` into an empty slot: as child if the source can be
 * revoked, as sibling otherwise. An untyped that is copied has no free memory left itself.
 */
export function insertDerived(slot: Slot, cap: Capability, source: Slot): void {
  fill(slot, cap, startsLevel(cap, source.cap));
  if (source.revocable) linkFirst(slot, source);
  else linkAfter(slot, source);
  if (cap.type === CAP_TYPE.Untyped && source.cap.type === CAP_TYPE.Untyped) {
    source.cap = { ...source.cap, freeIndex: 2 ** source.cap.object.sizeBits };
  }
}

/** Puts the first capability to a new object into an empty slot, below the capability that authorised its creation. */
export function insertChild(slot: Slot, cap: Capability, parent: Slot): void {
  fill(slot, cap, true);
  linkFirst(slot, parent);
}

/** Puts a capability that nothing was derived from into an empty slot. */
export function insertRoot(slot: Slot, cap: Capability): void {
  fill(slot, cap, true);
}

/** Moves a capability to an empty slot, with its place in the tree; there it has the value `cap`. */
export function moveCapability(from: Slot, to: Slot, cap: Capability): void {
  changes++;
  to.cap = cap;
  from.cap = NULL_CAP;
  takePlace(from, to);
}

/** Exchanges the capabilities of two slots, with their places in the tree. One of them may be empty. */
export function swapCapabilities(a: Slot, b: Slot): void {
  changes++;
  const cap = a.cap;
  a.cap = b.cap;
  b.cap = cap;
  const between = new Slot(a.holder, -1);
  takePlace(a, between);
  takePlace(b, a);
  takePlace(between, b);
}

/** Gives the capability in a slot another value; it refers to the same object. */
export function replaceCapability(slot: Slot, cap: Capability): void {
  changes++;
  slot.cap = cap;
}

/** Empties a slot. What was derived from it moves up one level. Returns the object if this was the last capability to it. */
export function removeCapability(slot: Slot): KernelObject | null {
  changes++;
  const object = countedObject(slot.cap);
  slot.cap = NULL_CAP;
  slot.revocable = false;
  unlink(slot);
  return object !== null && --object.capCount === 0 ? object : null;
}

/** Whether capabilities were derived from the one in the slot. */
export function hasChildren(slot: Slot): boolean {
  return slot.firstChild !== null;
}

/** Whether this capability, which is in a slot, is the last one to its object. */
export function isFinal(cap: Capability): boolean {
  return countedObject(cap)?.capCount === 1;
}

/** The object that a capability keeps alive: a reply capability of a classic kernel does not keep the caller. */
export function countedObject(cap: Capability): KernelObject | null {
  return cap.type === CAP_TYPE.Reply && cap.object.capType === CAP_TYPE.Thread ? null : cap.object;
}

/** Whether a derived capability is an original itself: what is derived from it becomes its child. */
function startsLevel(cap: Capability, source: Capability): boolean {
  switch (cap.type) {
    case CAP_TYPE.Untyped:
      return true;
    case CAP_TYPE.Endpoint:
    case CAP_TYPE.Notification:
      return (source.type === CAP_TYPE.Endpoint || source.type === CAP_TYPE.Notification) && !equal(cap.badge, source.badge);
    case CAP_TYPE.IRQHandler:
      return source.type === CAP_TYPE.IRQControl;
    default:
      return false;
  }
}

function fill(slot: Slot, cap: Capability, revocable: boolean): void {
  changes++;
  slot.cap = cap;
  slot.revocable = revocable;
  const object = countedObject(cap);
  if (object !== null) object.capCount++;
}

function linkFirst(slot: Slot, parent: Slot): void {
  slot.parent = parent;
  connect(parent, slot, parent.firstChild);
  connect(parent, null, slot);
}

function linkAfter(slot: Slot, sibling: Slot): void {
  const { parent } = sibling;
  if (parent === null) return;
  slot.parent = parent;
  connect(parent, slot, sibling.nextSibling);
  connect(parent, sibling, slot);
}

/** Makes `right` follow `left` among the children of `parent`. */
function connect(parent: Slot, left: Slot | null, right: Slot | null): void {
  if (left === null) parent.firstChild = right;
  else left.nextSibling = right;
  if (right !== null) right.previousSibling = left;
}

/** Takes a slot out of the tree; its children stand where it stood. */
function unlink(slot: Slot): void {
  const { parent, firstChild, previousSibling, nextSibling } = slot;
  let lastChild: Slot | null = null;
  for (let child = firstChild; child !== null;) {
    const next: Slot | null = child.nextSibling;
    child.parent = parent;
    if (parent === null) {
      child.previousSibling = null;
      child.nextSibling = null;
    }
    lastChild = child;
    child = next;
  }
  if (parent !== null) {
    connect(parent, previousSibling, firstChild ?? nextSibling);
    if (lastChild !== null) connect(parent, lastChild, nextSibling);
  }
  clearLinks(slot);
}

/** Puts `to`, which is not in the tree, where `from` is. */
function takePlace(from: Slot, to: Slot): void {
  to.parent = from.parent;
  to.firstChild = from.firstChild;
  to.revocable = from.revocable;
  for (let child = from.firstChild; child !== null; child = child.nextSibling) child.parent = to;
  if (from.parent !== null) {
    connect(from.parent, from.previousSibling, to);
    connect(from.parent, to, from.nextSibling);
  }
  clearLinks(from);
  from.revocable = false;
}

function clearLinks(slot: Slot): void {
  slot.parent = null;
  slot.firstChild = null;
  slot.previousSibling = null;
  slot.nextSibling = null;
}
