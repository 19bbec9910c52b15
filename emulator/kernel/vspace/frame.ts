// SPDX-License-Identifier: BSD-2-Clause
/** Page methods: mapping frames into address spaces. Manual, "Page". */
import { CAP_TYPE, VM_ATTRIBUTES, add, equal, fromNumber, lowMask, type Word } from '../../../schema/abi/index.ts';
import { replyLosingInfo, replyWithWords } from '../api/replies.ts';
import { VM_RIGHTS, type FrameCap, type Mapping } from '../capability.ts';
import { replaceCapability } from '../cspace/derivation.ts';
import { maskFrameRights } from '../cspace/derive.ts';
import {
  ALIGNMENT_ERROR, DELETE_FIRST, ILLEGAL_OPERATION, TRUNCATED_MESSAGE, failedLookup, invalidArgument,
  invalidCapability, missingCapability, type SyscallError,
} from '../errors.ts';
import type { Decode, Invocation, Perform } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import { argWord, extraSlot } from '../object/arguments.ts';
import type { Frame } from '../objects.ts';
import { findVSpace, missingVSpace } from './asid.ts';
import { entryAt, isKernelAddress, walk, type Walk } from './paging.ts';

export const decodeFrame: Decode<FrameCap> = (kernel, invocation, cap) => {
  switch (invocation.method) {
    case 'RISCVPageMap': return decodeMap(kernel, invocation, cap);
    case 'RISCVPageUnmap': return decodeUnmap(kernel, invocation, cap);
    case 'RISCVPageGetAddress': return () => getAddress(kernel, invocation, cap);
    default: return ILLEGAL_OPERATION;
  }
};

function decodeMap(kernel: Kernel, invocation: Invocation, cap: FrameCap): SyscallError | Perform {
  const vspace = extraSlot(invocation, 0);
  if (invocation.length < 3 || vspace === undefined) return TRUNCATED_MESSAGE;
  const root = vspace.cap;
  if (root.type !== CAP_TYPE.PageTable || root.mapping === null) return invalidCapability(1);
  const { asid } = root.mapping;
  const found = findVSpace(kernel, asid);
  if (found === null) return failedLookup(false, missingVSpace(kernel));
  if (found !== root.object) return invalidCapability(1);

  const address = argWord(invocation, 0);
  const { object, mapping } = cap;
  const mask = lowMask(object.sizeBits);
  if (isKernelAddress(add(address, mask))) return invalidArgument(0);
  if ((address.lo & mask.lo) !== 0) return ALIGNMENT_ERROR;
  const place = walk(found, address);
  if (place.bitsLeft !== object.sizeBits) return failedLookup(false, missingCapability(place.bitsLeft));
  if (mapping === null) {
    if (entryAt(place) !== undefined) return DELETE_FIRST;
  } else {
    if (mapping.asid !== asid) return invalidCapability(1);
    if (!equal(mapping.address, address) && !kernel.defects.has('page-remap')) return invalidArgument(0);
  }

  const rights = maskFrameRights(cap.rights, invocation.argLo(1));
  const executable = (invocation.argLo(2) & VM_ATTRIBUTES.executeNever) === 0;
  const { slot } = invocation;
  return () => {
    replaceCapability(slot, { ...cap, mapping: { asid, address } });
    writeLeaf(place, object, rights, executable);
    return 'done';
  };
}

/** A leaf without any right is no valid entry: nothing is mapped then, though the capability says so. */
export function writeLeaf(place: Walk, frame: Frame, rights: number, executable: boolean): void {
  if (rights === VM_RIGHTS.kernelOnly && !executable) place.table.entries.delete(place.index);
  else place.table.entries.set(place.index, { frame, rights, executable });
}

function decodeUnmap(kernel: Kernel, invocation: Invocation, cap: FrameCap): Perform {
  const { slot } = invocation;
  return () => {
    unmapFrame(kernel, cap);
    if (cap.mapping !== null) replaceCapability(slot, { ...cap, mapping: null });
    return 'done';
  };
}

/** Takes the mapping of a frame capability away, if its address still leads to the frame. */
export function unmapFrame(kernel: Kernel, cap: FrameCap): void {
  const { mapping } = cap;
  if (mapping === null) return;
  const place = mappedAt(kernel, cap.object, mapping);
  if (place !== null) place.table.entries.delete(place.index);
}

function mappedAt(kernel: Kernel, frame: Frame, mapping: Mapping): Walk | null {
  const root = findVSpace(kernel, mapping.asid);
  if (root === null) return null;
  const place = walk(root, mapping.address);
  const entry = entryAt(place);
  const isMapped = place.bitsLeft === frame.sizeBits && entry !== undefined && 'frame' in entry && entry.frame === frame;
  return isMapped ? place : null;
}

function getAddress(kernel: Kernel, invocation: Invocation, cap: FrameCap): 'done' {
  const words: Word[] = [fromNumber(cap.object.paddr)];
  if (kernel.defects.has('page-get-address')) replyLosingInfo(kernel, invocation, words);
  else replyWithWords(kernel, invocation, words);
  return 'done';
}
