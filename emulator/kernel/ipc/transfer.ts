// SPDX-License-Identifier: BSD-2-Clause
/** The transfer of one message between threads: words, badge, capabilities, tag. Manual, "Message Passing (IPC)". */
import {
  CAP_TYPE, IPC_BUFFER, MESSAGE_REGISTERS, MSG_MAX_LENGTH, ROLE, packMessageInfo, tagExtraCaps, tagLength, type Word,
} from '../../../schema/abi/index.ts';
import { DELIVERY } from '../../../schema/trace/trap-record.ts';
import { writeFaultMessage } from '../api/fault-messages.ts';
import { insertDerived } from '../cspace/derivation.ts';
import { deriveCapability } from '../cspace/derive.ts';
import { lookupCapability, lookupSlotForCNodeOp } from '../cspace/lookup.ts';
import { SyscallError } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import type { Endpoint, Tcb } from '../objects.ts';
import { receiveBuffer, sendBuffer, slotHi, slotLo, writeBufferWord, writeSlot } from '../registers.ts';
import { Slot } from '../slot.ts';

/** Low bits of the tag below its label. */
const BELOW_LABEL = 0xfff;

/**
 * Delivers what the sender says: its fault if it has one, otherwise the message in its registers and buffer.
 * @param endpoint through which it goes; null for a reply
 */
export function transferMessage(
  kernel: Kernel, sender: Tcb, endpoint: Endpoint | null, badge: Word, canGrant: boolean, receiver: Tcb,
): void {
  if (sender.fault !== null) transferFault(kernel, sender, badge, receiver);
  else transferWords(kernel, sender, endpoint, badge, canGrant, receiver);
}

function transferFault(kernel: Kernel, faulter: Tcb, badge: Word, receiver: Tcb): void {
  kernel.observer.delivery(receiver.id, DELIVERY.fault);
  const length = writeFaultMessage(kernel, faulter, receiver);
  const tag = packMessageInfo({ label: faulter.fault!.label, length, extraCaps: 0, capsUnwrapped: 0 });
  writeSlot(kernel, receiver, ROLE.tag, tag.lo, tag.hi);
  writeSlot(kernel, receiver, ROLE.badge, badge.lo, badge.hi);
}

function transferWords(
  kernel: Kernel, sender: Tcb, endpoint: Endpoint | null, badge: Word, canGrant: boolean, receiver: Tcb,
): void {
  kernel.observer.delivery(receiver.id, DELIVERY.message);
  const tagLo = slotLo(sender, ROLE.tag);
  const length = Math.min(tagLength(tagLo), MSG_MAX_LENGTH);
  const count = canGrant ? tagExtraCaps(tagLo) : 0;
  let belowLabel = Math.min(length, MESSAGE_REGISTERS);
  copyRegisters(kernel, sender, receiver, belowLabel);
  if (length > MESSAGE_REGISTERS || count > 0) {
    const from = sendBuffer(sender);
    const to = receiveBuffer(receiver);
    if (from !== undefined && to !== undefined) {
      copyWords(kernel, from, receiver, to, length);
      belowLabel = length | (count > 0 ? transferCapabilities(kernel, sender, from, count, endpoint, receiver, to) : 0);
    }
  }
  const label = tagLo & ~BELOW_LABEL;
  writeSlot(kernel, receiver, ROLE.tag, (label | belowLabel) >>> 0, slotHi(sender, ROLE.tag));
  writeSlot(kernel, receiver, ROLE.badge, badge.lo, badge.hi);
}

/** What a poll that finds nothing leaves behind: badge 0, everything else stays. */
export function receiveNothing(kernel: Kernel, thread: Tcb): void {
  kernel.observer.delivery(thread.id, DELIVERY.other);
  writeSlot(kernel, thread, ROLE.badge, 0, 0);
}

function copyRegisters(kernel: Kernel, sender: Tcb, receiver: Tcb, count: number): void {
  for (let i = 0; i < count; i++) {
    writeSlot(kernel, receiver, ROLE.mr0 + i, slotLo(sender, ROLE.mr0 + i), slotHi(sender, ROLE.mr0 + i));
  }
}

/** Copies the message words that do not travel in registers. */
function copyWords(kernel: Kernel, from: Uint32Array, receiver: Tcb, to: Uint32Array, length: number): void {
  for (let i = MESSAGE_REGISTERS; i < length; i++) {
    const word = IPC_BUFFER.msg + i;
    writeBufferWord(kernel, receiver, to, word, from[2 * word]!, from[2 * word + 1]!);
  }
}

/**
 * Transfers the extra caps of a message as far as it goes. Capabilities to the endpoint itself are unwrapped: only
 * their badge arrives. One other can be put into the receiver's receive slot. Returns the extraCaps and capsUnwrapped
 * fields of the receiver's tag.
 */
function transferCapabilities(
  kernel: Kernel, sender: Tcb, from: Uint32Array, count: number, endpoint: Endpoint | null, receiver: Tcb, to: Uint32Array,
): number {
  const sources = lookupExtraCaps(kernel, sender, from, count);
  if (sources === undefined) return 0;
  let free = receiveSlot(kernel, receiver, to);
  let unwrapped = 0;
  let i = 0;
  for (; i < count; i++) {
    const source = sources[i]!;
    const { cap } = source;
    if (cap.type === CAP_TYPE.Endpoint && cap.object === endpoint) {
      writeBufferWord(kernel, receiver, to, IPC_BUFFER.capsOrBadges + i, cap.badge.lo, cap.badge.hi);
      unwrapped |= 1 << i;
      continue;
    }
    if (free === undefined) break;
    const derived = deriveCapability(kernel, source, cap);
    if (derived instanceof SyscallError || derived.type === CAP_TYPE.Null) break;
    insertDerived(free, derived, source);
    free = undefined;
  }
  return (unwrapped << 9) | (i << 7);
}

/** The slots of the extra caps; `undefined` if one of them cannot be looked up any more, then none is transferred. */
function lookupExtraCaps(kernel: Kernel, sender: Tcb, from: Uint32Array, count: number): Slot[] | undefined {
  const slots: Slot[] = [];
  for (let i = 0; i < count; i++) {
    const word = 2 * (IPC_BUFFER.capsOrBadges + i);
    const slot = lookupCapability(kernel, sender, from[word]!, from[word + 1]!);
    if (!(slot instanceof Slot)) return undefined;
    slots.push(slot);
  }
  return slots;
}

/** The empty slot that the receiver's buffer names; `undefined` if it names none. */
function receiveSlot(kernel: Kernel, receiver: Tcb, buffer: Uint32Array): Slot | undefined {
  const lo = (word: number): number => buffer[2 * word]!;
  const hi = (word: number): number => buffer[2 * word + 1]!;
  const root = lookupCapability(kernel, receiver, lo(IPC_BUFFER.receiveCNode), hi(IPC_BUFFER.receiveCNode));
  if (!(root instanceof Slot)) return undefined;
  const depth = hi(IPC_BUFFER.receiveDepth) * 0x1_0000_0000 + lo(IPC_BUFFER.receiveDepth);
  const slot = lookupSlotForCNodeOp(false, root.cap, lo(IPC_BUFFER.receiveIndex), hi(IPC_BUFFER.receiveIndex), depth);
  return slot instanceof Slot && slot.cap.type === CAP_TYPE.Null ? slot : undefined;
}
