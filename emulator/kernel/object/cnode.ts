// SPDX-License-Identifier: BSD-2-Clause
/** CNode methods. Manual, "CNode Methods". */
import { CAP_TYPE, isZero } from '../../../schema/abi/index.ts';
import type { Capability, CNodeCap, EndpointCap } from '../capability.ts';
import { deleteSlot, revokeSlot } from '../cspace/delete.ts';
import { insertDerived, moveCapability, replaceCapability, swapCapabilities } from '../cspace/derivation.ts';
import { deriveCapability, maskRights, withCapabilityData } from '../cspace/derive.ts';
import {
  DELETE_FIRST, ILLEGAL_OPERATION, SyscallError, TRUNCATED_MESSAGE, failedLookup, missingCapability,
} from '../errors.ts';
import type { Decode, Invocation, Perform } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import type { Slot } from '../slot.ts';
import { argNumber, argSlot, argWord, extraSlot } from './arguments.ts';
import { cancelBadgedSends } from './endpoint.ts';

/** Decodes a method of a CNode: the capability is the root that the first index and depth are resolved in. */
export const decodeCNode: Decode<CNodeCap> = (kernel, invocation, cap) => {
  const { method } = invocation;
  if (method === undefined || !method.startsWith('CNode')) return ILLEGAL_OPERATION;
  if (invocation.length < 2) return TRUNCATED_MESSAGE;
  const slot = argSlot(invocation, false, cap, 0);
  if (slot instanceof SyscallError) return slot;
  switch (method) {
    case 'CNodeRevoke':
      return () => revokeSlot(kernel, slot);
    case 'CNodeDelete':
      return () => deleteSlot(kernel, slot);
    case 'CNodeCancelBadgedSends':
      return decodeCancelBadgedSends(kernel, slot.cap);
    case 'CNodeSaveCaller':
      return decodeSaveCaller(invocation, slot);
    case 'CNodeRotate':
      return decodeRotate(invocation, slot);
    default:
      return decodeTransfer(kernel, invocation, slot, method);
  }
};

/** Copy, Mint, Move, Mutate: all fill an empty slot from an occupied one. */
function decodeTransfer(kernel: Kernel, invocation: Invocation, dest: Slot, method: string): SyscallError | Perform {
  const root = extraSlot(invocation, 0);
  if (invocation.length < 4 || root === undefined) return TRUNCATED_MESSAGE;
  if (dest.cap.type !== CAP_TYPE.Null) return DELETE_FIRST;
  const source = argSlot(invocation, true, root.cap, 2);
  if (source instanceof SyscallError) return source;
  if (source.cap.type === CAP_TYPE.Null) return missing(true, argNumber(invocation, 3));

  const moves = method === 'CNodeMove' || method === 'CNodeMutate';
  const cap = transferred(kernel, invocation, source, method);
  if (cap instanceof SyscallError) return cap;
  if (cap.type === CAP_TYPE.Null) return ILLEGAL_OPERATION;
  return () => {
    if (moves) moveCapability(source, dest, cap);
    else insertDerived(dest, cap, source);
    return 'done';
  };
}

/** What the destination slot gets. */
function transferred(kernel: Kernel, invocation: Invocation, source: Slot, method: string): Capability | SyscallError {
  switch (method) {
    case 'CNodeCopy':
      if (invocation.length < 5) return TRUNCATED_MESSAGE;
      return deriveCapability(kernel, source, maskRights(source.cap, invocation.argLo(4)));
    case 'CNodeMint': {
      if (invocation.length < 6) return TRUNCATED_MESSAGE;
      const masked = maskRights(source.cap, invocation.argLo(4));
      return deriveCapability(kernel, source, withCapabilityData(masked, false, argWord(invocation, 5)));
    }
    case 'CNodeMutate':
      if (invocation.length < 5) return TRUNCATED_MESSAGE;
      return withCapabilityData(source.cap, true, argWord(invocation, 4));
    default:
      return source.cap;
  }
}

/** Moves the pivot's capability to the destination and the source's to the pivot; source and destination may be one slot. */
function decodeRotate(invocation: Invocation, dest: Slot): SyscallError | Perform {
  const pivotRoot = extraSlot(invocation, 0);
  const sourceRoot = extraSlot(invocation, 1);
  if (invocation.length < 8 || pivotRoot === undefined || sourceRoot === undefined) return TRUNCATED_MESSAGE;
  const source = argSlot(invocation, true, sourceRoot.cap, 6);
  if (source instanceof SyscallError) return source;
  const pivot = argSlot(invocation, true, pivotRoot.cap, 3);
  if (pivot instanceof SyscallError) return pivot;
  if (pivot === source || pivot === dest) return ILLEGAL_OPERATION;
  if (source !== dest && dest.cap.type !== CAP_TYPE.Null) return DELETE_FIRST;
  if (source.cap.type === CAP_TYPE.Null) return missing(true, argNumber(invocation, 7));
  if (pivot.cap.type === CAP_TYPE.Null) return missing(false, argNumber(invocation, 4));

  const intoPivot = withCapabilityData(source.cap, true, argWord(invocation, 5));
  const intoDest = withCapabilityData(pivot.cap, true, argWord(invocation, 2));
  if (intoPivot.type === CAP_TYPE.Null || intoDest.type === CAP_TYPE.Null) return ILLEGAL_OPERATION;
  return () => {
    if (source === dest) {
      swapCapabilities(source, pivot);
      replaceCapability(source, intoDest);
      replaceCapability(pivot, intoPivot);
    } else {
      moveCapability(pivot, dest, intoDest);
      moveCapability(source, pivot, intoPivot);
    }
    return 'done';
  };
}

function missing(isSource: boolean, depth: number): SyscallError {
  return failedLookup(isSource, missingCapability(depth));
}

function decodeCancelBadgedSends(kernel: Kernel, cap: Capability): SyscallError | Perform {
  if (cap.type !== CAP_TYPE.Endpoint || !hasAllRights(cap)) return ILLEGAL_OPERATION;
  return () => {
    if (!isZero(cap.badge)) cancelBadgedSends(kernel, cap.object, cap.badge);
    return 'done';
  };
}

function hasAllRights(cap: EndpointCap): boolean {
  return cap.canSend && cap.canReceive && cap.canGrant && cap.canGrantReply;
}

/** Classic: the reply capability of the last caller, if there is one, goes to a slot of the CSpace. */
function decodeSaveCaller(invocation: Invocation, dest: Slot): SyscallError | Perform {
  if (dest.cap.type !== CAP_TYPE.Null) return DELETE_FIRST;
  const { caller } = invocation.thread.slots;
  return () => {
    if (caller.cap.type !== CAP_TYPE.Null) moveCapability(caller, dest, caller.cap);
    return 'done';
  };
}
