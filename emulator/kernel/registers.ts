// SPDX-License-Identifier: BSD-2-Clause
/**
 * The few functions through which the model writes what a user thread can see: context slots, IPC buffer words and
 * thread states. Each write is an observation, a rewrite of the same value too.
 */
import {
  BUFFER_NONE, BUFFER_RO, BUFFER_RW, CAP_TYPE, IPC_BUFFER, IPC_BUFFER_WORDS, MESSAGE_REGISTERS, ROLE,
} from '../../schema/abi/index.ts';
import { STRAY } from '../../schema/trace/trap-record.ts';
import { VM_RIGHTS } from './capability.ts';
import type { Kernel } from './kernel.ts';
import type { Tcb } from './objects.ts';

export function writeSlot(kernel: Kernel, thread: Tcb, slot: number, lo: number, hi: number): void {
  thread.registers[2 * slot] = lo;
  thread.registers[2 * slot + 1] = hi;
  kernel.observer.slotWritten(thread.id, slot);
}

export function slotLo(thread: Tcb, slot: number): number {
  return thread.registers[2 * slot]!;
}

export function slotHi(thread: Tcb, slot: number): number {
  return thread.registers[2 * slot + 1]!;
}

/** Sets a thread's state. The only place that does. */
export function setThreadState(kernel: Kernel, thread: Tcb, state: number): void {
  const from = thread.state;
  thread.state = state;
  kernel.observer.stateWritten(thread.id, from, state);
}

/** What the kernel may do with a thread's IPC buffer: `BUFFER_NONE`, `BUFFER_RO` (send only) or `BUFFER_RW`. */
export function bufferKind(thread: Tcb): number {
  const cap = thread.slots.ipcBuffer.cap;
  return cap.type === CAP_TYPE.Frame && cap.object.isDevice ? BUFFER_NONE : kindByRights(thread);
}

/** What the rights on the frame allow. That it is no device was checked when the buffer was installed. */
function kindByRights(thread: Tcb): number {
  const cap = thread.slots.ipcBuffer.cap;
  if (cap.type !== CAP_TYPE.Frame) return BUFFER_NONE;
  if (cap.rights === VM_RIGHTS.readWrite) return BUFFER_RW;
  return cap.rights === VM_RIGHTS.readOnly ? BUFFER_RO : BUFFER_NONE;
}

/** Lanes of a thread's IPC buffer memory, whatever the rights on it; `undefined` without a frame. */
export function bufferLanes(thread: Tcb): Uint32Array | undefined {
  const cap = thread.slots.ipcBuffer.cap;
  if (cap.type !== CAP_TYPE.Frame) return undefined;
  // A frame holds the buffer at the address's offset within it; the buffer never crosses a 4 KiB page.
  const pageMask = 2 ** (cap.object.sizeBits - 12) - 1;
  const { lo, hi } = thread.ipcBufferAddress;
  const page = cap.object.page(((lo >>> 12) + hi * 0x10_0000) & pageMask);
  const first = (lo & 0xc00) >>> 2;
  if (thread.bufferPage !== page || thread.bufferFirst !== first) {
    thread.bufferPage = page;
    thread.bufferFirst = first;
    thread.bufferView = page.subarray(first, first + 2 * IPC_BUFFER_WORDS);
  }
  return thread.bufferView;
}

/** Buffer that the kernel may read a message from. */
export function sendBuffer(thread: Tcb): Uint32Array | undefined {
  return kindByRights(thread) >= BUFFER_RO ? bufferLanes(thread) : undefined;
}

/** Buffer that the kernel may write a message to. */
export function receiveBuffer(thread: Tcb): Uint32Array | undefined {
  return kindByRights(thread) === BUFFER_RW ? bufferLanes(thread) : undefined;
}

export function writeBufferWord(kernel: Kernel, thread: Tcb, buffer: Uint32Array, index: number, lo: number, hi: number): void {
  buffer[2 * index] = lo;
  buffer[2 * index + 1] = hi;
  kernel.observer.bufferWordWritten(thread.id, index);
  // Whoever looks up a thread's own buffer leaves the thread's view of it.
  if (buffer !== thread.bufferView) kernel.observer.strayAccess(STRAY.foreignMemory, 0, 0, 0, 0);
}

/**
 * Writes message word `i` where it belongs: a register, or the buffer. Returns the number of words that the
 * receiver can see up to and including this one: i + 1, or 4 when the word had no place.
 */
export function writeMessageWord(kernel: Kernel, thread: Tcb, buffer: Uint32Array | undefined, i: number, lo: number, hi: number): number {
  if (i < MESSAGE_REGISTERS) {
    writeSlot(kernel, thread, ROLE.mr0 + i, lo, hi);
    return i + 1;
  }
  if (buffer === undefined) return MESSAGE_REGISTERS;
  writeBufferWord(kernel, thread, buffer, IPC_BUFFER.msg + i, lo, hi);
  return i + 1;
}
