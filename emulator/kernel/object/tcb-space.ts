// SPDX-License-Identifier: BSD-2-Clause
/** TCB methods that install capabilities in the TCB: spaces, IPC buffer, fault handler. Manual, "Thread Creation". */
import { CAP_TYPE, IPC_BUFFER_BYTES, isZero, type Word } from '../../../schema/abi/index.ts';
import { isFaultHandler } from '../api/faults.ts';
import { NULL_CAP, type Capability } from '../capability.ts';
import { deleteSlot } from '../cspace/delete.ts';
import { insertDerived, isFinal } from '../cspace/derivation.ts';
import { deriveCapability, withCapabilityData } from '../cspace/derive.ts';
import { ALIGNMENT_ERROR, ILLEGAL_OPERATION, SyscallError, TRUNCATED_MESSAGE, invalidCapability } from '../errors.ts';
import type { Completion, Invocation, Perform } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';
import { rescheduleRequired } from '../scheduling/readiness.ts';
import type { Slot } from '../slot.ts';
import { argWord, extraSlot } from './arguments.ts';

/** A capability to install, and where it comes from. */
interface Derived {
  readonly cap: Capability;
  readonly source: Slot;
}

interface Spaces {
  readonly cspace: Derived;
  readonly vspace: Derived;
}

/** IPC buffer to install; without a capability the thread has none. */
interface Buffer {
  readonly address: Word;
  readonly frame: Derived | null;
}

export function decodeConfigure(kernel: Kernel, invocation: Invocation, thread: Tcb): SyscallError | Perform {
  // Classic kernels take the capability pointer of the fault handler first.
  const first = kernel.mcs ? 0 : 1;
  const [cspaceSlot, vspaceSlot, bufferSlot] = [extraSlot(invocation, 0), extraSlot(invocation, 1), extraSlot(invocation, 2)];
  if (invocation.length < first + 3 || cspaceSlot === undefined || vspaceSlot === undefined || bufferSlot === undefined) return TRUNCATED_MESSAGE;
  const handler = kernel.mcs ? null : argWord(invocation, 0);
  const buffer = decodeBuffer(kernel, argWord(invocation, first + 2), bufferSlot);
  if (buffer instanceof SyscallError) return buffer;
  const spaces = decodeSpaces(kernel, thread, cspaceSlot, argWord(invocation, first), vspaceSlot, argWord(invocation, first + 1));
  if (spaces instanceof SyscallError) return spaces;
  return () => {
    if (handler !== null) thread.faultHandler = handler;
    if (installSpaces(kernel, invocation, thread, spaces) === 'preempted') return 'preempted';
    return installBuffer(kernel, invocation, thread, buffer);
  };
}

export function decodeSetSpace(kernel: Kernel, invocation: Invocation, thread: Tcb): SyscallError | Perform {
  return kernel.mcs ? decodeSetSpaceMcs(kernel, invocation, thread) : decodeSetSpaceClassic(kernel, invocation, thread);
}

function decodeSetSpaceMcs(kernel: Kernel, invocation: Invocation, thread: Tcb): SyscallError | Perform {
  const [handlerSlot, cspaceSlot, vspaceSlot] = [extraSlot(invocation, 0), extraSlot(invocation, 1), extraSlot(invocation, 2)];
  if (invocation.length < 2 || handlerSlot === undefined || cspaceSlot === undefined || vspaceSlot === undefined) return TRUNCATED_MESSAGE;
  const spaces = decodeSpaces(kernel, thread, cspaceSlot, argWord(invocation, 0), vspaceSlot, argWord(invocation, 1));
  if (spaces instanceof SyscallError) return spaces;
  const handler = handlerSlot.cap;
  if (!isHandlerOrNone(handler)) return invalidCapability(1);
  return () => {
    if (installCapability(kernel, invocation, thread.slots.faultHandler, handler, handlerSlot) === 'preempted') return 'preempted';
    return installSpaces(kernel, invocation, thread, spaces);
  };
}

function decodeSetSpaceClassic(kernel: Kernel, invocation: Invocation, thread: Tcb): SyscallError | Perform {
  const [cspaceSlot, vspaceSlot] = [extraSlot(invocation, 0), extraSlot(invocation, 1)];
  if (invocation.length < 3 || cspaceSlot === undefined || vspaceSlot === undefined) return TRUNCATED_MESSAGE;
  const spaces = decodeSpaces(kernel, thread, cspaceSlot, argWord(invocation, 1), vspaceSlot, argWord(invocation, 2));
  if (spaces instanceof SyscallError) return spaces;
  const handler = argWord(invocation, 0);
  return () => {
    thread.faultHandler = handler;
    return installSpaces(kernel, invocation, thread, spaces);
  };
}

export function decodeSetIpcBuffer(kernel: Kernel, invocation: Invocation, thread: Tcb): SyscallError | Perform {
  const slot = extraSlot(invocation, 0);
  if (invocation.length < 1 || slot === undefined) return TRUNCATED_MESSAGE;
  const buffer = decodeBuffer(kernel, argWord(invocation, 0), slot);
  if (buffer instanceof SyscallError) return buffer;
  return () => installBuffer(kernel, invocation, thread, buffer);
}

export function decodeSetTimeoutEndpoint(kernel: Kernel, invocation: Invocation, thread: Tcb): SyscallError | Perform {
  const slot = extraSlot(invocation, 0);
  if (slot === undefined) return kernel.defects.has('timeout-endpoint-error') ? kernel.lastError : TRUNCATED_MESSAGE;
  const { cap } = slot;
  if (!isHandlerOrNone(cap)) return invalidCapability(1);
  return () => installCapability(kernel, invocation, thread.slots.timeoutHandler, cap, slot);
}

/** MCS: whether a capability can be a fault or timeout handler; the null capability is for having none. */
export function isHandlerOrNone(cap: Capability): boolean {
  return cap.type === CAP_TYPE.Null || isFaultHandler(cap);
}

function decodeBuffer(kernel: Kernel, address: Word, slot: Slot): Buffer | SyscallError {
  if (isZero(address)) return { address, frame: null };
  const cap = deriveCapability(kernel, slot, slot.cap);
  if (cap instanceof SyscallError) return cap;
  if (cap.type !== CAP_TYPE.Frame || (cap.object.isDevice && !kernel.defects.has('device-buffer'))) return ILLEGAL_OPERATION;
  if (address.lo % IPC_BUFFER_BYTES !== 0) return ALIGNMENT_ERROR;
  return { address, frame: { cap, source: slot } };
}

function decodeSpaces(
  kernel: Kernel, thread: Tcb, cspaceSlot: Slot, cspaceData: Word, vspaceSlot: Slot, vspaceData: Word,
): Spaces | SyscallError {
  if (isLongDeletion(thread.slots.cspace.cap) || isLongDeletion(thread.slots.vspace.cap)) return ILLEGAL_OPERATION;
  const cspace = derive(kernel, cspaceSlot, cspaceData);
  if (cspace instanceof SyscallError) return cspace;
  if (cspace.type !== CAP_TYPE.CNode) return ILLEGAL_OPERATION;
  const vspace = derive(kernel, vspaceSlot, vspaceData);
  if (vspace instanceof SyscallError) return vspace;
  if (vspace.type !== CAP_TYPE.PageTable || vspace.mapping === null) return ILLEGAL_OPERATION;
  return { cspace: { cap: cspace, source: cspaceSlot }, vspace: { cap: vspace, source: vspaceSlot } };
}

/** Whether deleting the capability would take many steps: what is the last capability to a CNode or TCB, or left of one. */
function isLongDeletion(cap: Capability): boolean {
  return isFinal(cap) && (cap.type === CAP_TYPE.CNode || cap.type === CAP_TYPE.Thread || cap.type === CAP_TYPE.Zombie);
}

/** The capability to install for one that is given with data; data 0 leaves it as it is. */
function derive(kernel: Kernel, slot: Slot, data: Word): Capability | SyscallError {
  return deriveCapability(kernel, slot, isZero(data) ? slot.cap : withCapabilityData(slot.cap, false, data));
}

function installSpaces(kernel: Kernel, invocation: Invocation, thread: Tcb, spaces: Spaces): Completion {
  const { cspace, vspace } = spaces;
  if (installCapability(kernel, invocation, thread.slots.cspace, cspace.cap, cspace.source) === 'preempted') return 'preempted';
  return installCapability(kernel, invocation, thread.slots.vspace, vspace.cap, vspace.source);
}

function installBuffer(kernel: Kernel, invocation: Invocation, thread: Tcb, buffer: Buffer): Completion {
  const { cap, source } = buffer.frame ?? { cap: NULL_CAP, source: thread.slots.ipcBuffer };
  if (deleteSlot(kernel, thread.slots.ipcBuffer) === 'preempted') return 'preempted';
  thread.ipcBufferAddress = buffer.address;
  insertIfStillThere(invocation, thread.slots.ipcBuffer, cap, source);
  if (thread === kernel.current) rescheduleRequired(kernel);
  return 'done';
}

/** Replaces the capability in a slot of the TCB by one that was derived from `source`; the null capability just empties it. */
export function installCapability(kernel: Kernel, invocation: Invocation, slot: Slot, cap: Capability, source: Slot): Completion {
  if (deleteSlot(kernel, slot) === 'preempted') return 'preempted';
  insertIfStillThere(invocation, slot, cap, source);
  return 'done';
}

/** Inserts unless deleting what was in the slot before has deleted the source or the invoked capability. */
function insertIfStillThere(invocation: Invocation, slot: Slot, cap: Capability, source: Slot): void {
  if (cap.type === CAP_TYPE.Null || !isSameObject(cap, source.cap)) return;
  if (isSameObject(invocation.cap, invocation.slot.cap)) insertDerived(slot, cap, source);
}

function isSameObject(a: Capability, b: Capability): boolean {
  return a.type === b.type && a.object === b.object;
}
