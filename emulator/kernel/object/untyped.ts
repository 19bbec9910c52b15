// SPDX-License-Identifier: BSD-2-Clause
/** Untyped_Retype. Manual, "Kernel Memory Allocation" and "Reusing Memory". */
import {
  CAP_TYPE, MAX_UNTYPED_BITS, MIN_SCHED_CONTEXT_BITS, MIN_UNTYPED_BITS, fromNumber, objectTypeName, type ObjectTypeName,
} from '../../../schema/abi/index.ts';
import type { CNodeCap, UntypedCap } from '../capability.ts';
import { hasChildren, insertChild, replaceCapability } from '../cspace/derivation.ts';
import { lookupSlotForCNodeOp } from '../cspace/lookup.ts';
import {
  DELETE_FIRST, ILLEGAL_OPERATION, SyscallError, TRUNCATED_MESSAGE, failedLookup, invalidArgument, missingCapability,
  notEnoughMemory, rangeError,
} from '../errors.ts';
import type { Completion, Decode, Invocation } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import type { CNode } from '../objects.ts';
import type { Slot } from '../slot.ts';
import { argNumber, extraSlot } from './arguments.ts';
import { createObject, isFrameType, objectBits } from './object-types.ts';

const WORD_BITS = 64;
/** Objects that one invocation can create (`CONFIG_RETYPE_FAN_OUT_LIMIT`). */
const FAN_OUT_LIMIT = 256;
/** Memory is cleared in chunks of this many bytes, with a preemption point after each (`CONFIG_RESET_CHUNK_BITS` 8). */
const CHUNK = 256;

/** Objects to create: of this type and size, in this window of a CNode. */
interface Creation {
  readonly type: ObjectTypeName;
  /** `size_bits` of the request. */
  readonly userBits: number;
  /** log2 of the bytes of one object. */
  readonly bits: number;
  readonly node: CNode;
  readonly offset: number;
  readonly count: number;
}

export const decodeUntyped: Decode<UntypedCap> = (kernel, invocation, cap) => {
  if (invocation.method !== 'UntypedRetype') return ILLEGAL_OPERATION;
  const root = extraSlot(invocation, 0);
  if (invocation.length < 6 || root === undefined) return TRUNCATED_MESSAGE;
  const creation = decodeCreation(kernel, invocation, root);
  if (creation instanceof SyscallError) return creation;

  const { slot } = invocation;
  const { object } = cap;
  const isUnused = !hasChildren(slot);
  const used = isUnused ? 0 : cap.freeIndex;
  const free = 2 ** object.sizeBits - used;
  const size = 2 ** creation.bits;
  if (Math.floor(free / size) < creation.count) return notEnoughMemory(free);
  if (object.isDevice && !isFrameType(creation.type) && creation.type !== 'Untyped') return invalidArgument(1);
  const first = Math.ceil(used / size) * size;
  return () => {
    if (isUnused && reset(kernel, slot, cap) === 'preempted') return 'preempted';
    create(kernel, slot, cap, first, creation);
    return 'done';
  };
};

function decodeCreation(kernel: Kernel, invocation: Invocation, root: Slot): Creation | SyscallError {
  const type = objectTypeName(kernel.interfaces.configuration.scheduling, argNumber(invocation, 0));
  if (type === undefined) return invalidArgument(0);
  const userBits = argNumber(invocation, 1);
  const bits = objectBits(kernel, type, userBits);
  if (userBits >= WORD_BITS || bits > MAX_UNTYPED_BITS) {
    return rangeError(fromNumber(0), fromNumber(kernel.defects.has('retype-range') ? WORD_BITS - 3 : MAX_UNTYPED_BITS));
  }
  if (userBits < minimumUserBits(type)) return invalidArgument(1);

  const node = decodeNode(invocation, root);
  if (node instanceof SyscallError) return node;
  const { object } = node;
  const offset = argNumber(invocation, 4);
  if (offset > object.length - 1) return rangeError(fromNumber(0), fromNumber(object.length - 1));
  const count = argNumber(invocation, 5);
  if (count < 1 || count > FAN_OUT_LIMIT) return rangeError(fromNumber(1), fromNumber(FAN_OUT_LIMIT));
  if (count > object.length - offset) return rangeError(fromNumber(1), fromNumber(object.length - offset));
  for (let i = offset; i < offset + count; i++) {
    const occupied = object.peek(i);
    if (occupied !== undefined && occupied.cap.type !== CAP_TYPE.Null) return DELETE_FIRST;
  }
  return { type, userBits, bits, node: object, offset, count };
}

function minimumUserBits(type: ObjectTypeName): number {
  switch (type) {
    case 'CapTable': return 1;
    case 'Untyped': return MIN_UNTYPED_BITS;
    case 'SchedContext': return MIN_SCHED_CONTEXT_BITS;
    default: return 0;
  }
}

/** The destination CNode: the root itself for depth 0. */
function decodeNode(invocation: Invocation, root: Slot): CNodeCap | SyscallError {
  const depth = argNumber(invocation, 3);
  let cap = root.cap;
  if (depth !== 0) {
    const slot = lookupSlotForCNodeOp(false, cap, invocation.argLo(2), invocation.argHi(2), depth);
    if (slot instanceof SyscallError) return slot;
    cap = slot.cap;
  }
  return cap.type === CAP_TYPE.CNode ? cap : failedLookup(false, missingCapability(depth));
}

/**
 * Clears what was in use of an untyped that has no children, from the top down. How far it got stands in the
 * capability, so that a restart goes on from there. Memory of devices is not cleared.
 */
function reset(kernel: Kernel, slot: Slot, cap: UntypedCap): Completion {
  if (cap.freeIndex === 0) return 'done';
  if (!cap.object.isDevice && 2 ** cap.object.sizeBits >= CHUNK) {
    for (let start = Math.ceil(cap.freeIndex / CHUNK) * CHUNK - CHUNK; start >= 0; start -= CHUNK) {
      if (kernel.preemptionPoint()) {
        replaceCapability(slot, { ...cap, freeIndex: start });
        return 'preempted';
      }
    }
  }
  return 'done';
}

function create(kernel: Kernel, slot: Slot, cap: UntypedCap, first: number, creation: Creation): void {
  const { type, userBits, bits, node, offset, count } = creation;
  const size = 2 ** bits;
  replaceCapability(slot, { ...cap, freeIndex: first + count * size });
  for (let i = 0; i < count; i++) {
    const paddr = cap.object.paddr + first + i * size;
    insertChild(node.slot(offset + i), createObject(kernel, type, userBits, paddr, cap.object.isDevice), slot);
  }
}
