// SPDX-License-Identifier: BSD-2-Clause
/** New capability values from old ones: fewer rights, a badge or guard, and what a copy looks like. */
import { CAP_TYPE, RIGHTS, isZero, lowMask, and, shiftRight, type Word } from '../../../schema/abi/index.ts';
import { NULL_CAP, VM_RIGHTS, type Capability, type EndpointCap, type NotificationCap } from '../capability.ts';
import { ILLEGAL_OPERATION, REVOKE_FIRST, type SyscallError } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import type { Slot } from '../slot.ts';
import { hasChildren } from './derivation.ts';

const WORD_BITS = 64;
/** Fields of a CNode's capability data: size of the guard, then the guard. `seL4_CNode_CapData` of libsel4. */
const GUARD_SIZE_MASK = 0x3f;
const GUARD_SHIFT = 6;

/**
 * The capability that a copy of `cap` (which comes from `slot`) is. The null capability for those that cannot be
 * copied. Manual, table "Capability derivation".
 */
export function deriveCapability(kernel: Kernel, slot: Slot, cap: Capability): Capability | SyscallError {
  switch (cap.type) {
    case CAP_TYPE.Zombie:
    case CAP_TYPE.IRQControl:
      return NULL_CAP;
    case CAP_TYPE.Reply:
      return kernel.mcs ? cap : NULL_CAP;
    case CAP_TYPE.Untyped:
      return hasChildren(slot) ? REVOKE_FIRST : cap;
    case CAP_TYPE.PageTable:
      return cap.mapping === null ? ILLEGAL_OPERATION : cap;
    case CAP_TYPE.Frame:
      return cap.mapping === null ? cap : { ...cap, mapping: null };
    default:
      return cap;
  }
}

/** The capability with those of its rights that are in `rights` too. @param rights bits of `RIGHTS` */
export function maskRights(cap: Capability, rights: number): Capability {
  switch (cap.type) {
    case CAP_TYPE.Endpoint: {
      const canSend = cap.canSend && (rights & RIGHTS.write) !== 0;
      const canReceive = cap.canReceive && (rights & RIGHTS.read) !== 0;
      const canGrant = cap.canGrant && (rights & RIGHTS.grant) !== 0;
      const canGrantReply = cap.canGrantReply && (rights & RIGHTS.grantReply) !== 0;
      const same = canSend === cap.canSend && canReceive === cap.canReceive && canGrant === cap.canGrant
        && canGrantReply === cap.canGrantReply;
      return same ? cap : { ...cap, canSend, canReceive, canGrant, canGrantReply };
    }
    case CAP_TYPE.Notification: {
      const canSend = cap.canSend && (rights & RIGHTS.write) !== 0;
      const canReceive = cap.canReceive && (rights & RIGHTS.read) !== 0;
      return canSend === cap.canSend && canReceive === cap.canReceive ? cap : { ...cap, canSend, canReceive };
    }
    case CAP_TYPE.Reply:
      return !cap.canGrant || (rights & RIGHTS.grant) !== 0 ? cap : { ...cap, canGrant: false };
    case CAP_TYPE.Frame: {
      const masked = maskFrameRights(cap.rights, rights);
      return masked === cap.rights ? cap : { ...cap, rights: masked };
    }
    default:
      return cap;
  }
}

/** Rights on a frame: there is no write without read. */
export function maskFrameRights(frameRights: number, rights: number): number {
  if (frameRights === VM_RIGHTS.kernelOnly || (rights & RIGHTS.read) === 0) return VM_RIGHTS.kernelOnly;
  return frameRights === VM_RIGHTS.readWrite && (rights & RIGHTS.write) !== 0 ? VM_RIGHTS.readWrite : VM_RIGHTS.readOnly;
}

/**
 * The capability with new capability data: a badge, or a guard. The null capability where that is not allowed.
 * @param preserve the capability is moved: it keeps its place in the derivation tree, so it cannot get a badge
 */
export function withCapabilityData(cap: Capability, preserve: boolean, data: Word): Capability {
  switch (cap.type) {
    case CAP_TYPE.Endpoint:
    case CAP_TYPE.Notification:
      return preserve ? NULL_CAP : withBadge(cap, data);
    case CAP_TYPE.CNode: {
      const guardSize = data.lo & GUARD_SIZE_MASK;
      if (guardSize + cap.object.radix > WORD_BITS) return NULL_CAP;
      return { ...cap, guardSize, guard: and(shiftRight(data, GUARD_SHIFT), lowMask(guardSize)) };
    }
    default:
      return cap;
  }
}

function withBadge(cap: EndpointCap | NotificationCap, badge: Word): Capability {
  return isZero(cap.badge) ? { ...cap, badge } : NULL_CAP;
}
