// SPDX-License-Identifier: BSD-2-Clause
/**
 * Debug system calls of a kernel with `CONFIG_DEBUG_BUILD` and `CONFIG_PRINTING`. None of them replies. SetTLSBase is an
 * unknown system call here: no riscv configuration has it (`CONFIG_SET_TLS_BASE_SELF`).
 */
import { CAP_TYPE, IPC_BUFFER, IPC_BUFFER_WORDS, ROLE, type SyscallName } from '../../../schema/abi/index.ts';
import { DELIVERY } from '../../../schema/trace/trap-record.ts';
import { lookupCapability } from '../cspace/lookup.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';
import { sendBuffer, slotHi, slotLo, writeSlot } from '../registers.ts';
import { Slot } from '../slot.ts';

/** False for a system call that this kernel does not provide. */
export function handleDebugSyscall(kernel: Kernel, name: SyscallName): boolean {
  const thread = kernel.current;
  switch (name) {
    case 'DebugPutChar':
      kernel.console(String.fromCharCode(slotLo(thread, ROLE.cap) & 0xff));
      return true;
    case 'DebugDumpScheduler':
      for (const object of kernel.allObjects()) {
        if (object.capType === CAP_TYPE.Thread && object.alive) kernel.console(describeThread(object as Tcb));
      }
      return true;
    case 'DebugHalt':
      kernel.halted = true;
      return true;
    case 'DebugSnapshot':
      return true;
    case 'DebugCapIdentify':
      writeIdentity(kernel, thread);
      return true;
    case 'DebugNameThread':
      nameThread(kernel, thread);
      return true;
    default:
      return false;
  }
}

function describeThread(thread: Tcb): string {
  return `${thread.name === '' ? `thread ${thread.id}` : thread.name}: state ${thread.state}, priority ${thread.priority}\n`;
}

/** The capability's type in the cap register; 0 when the lookup fails. */
function writeIdentity(kernel: Kernel, thread: Tcb): void {
  const slot = lookupCapability(kernel, thread, slotLo(thread, ROLE.cap), slotHi(thread, ROLE.cap));
  kernel.observer.delivery(thread.id, DELIVERY.other);
  writeSlot(kernel, thread, ROLE.cap, slot instanceof Slot ? slot.cap.type : 0, 0);
}

/** Names the thread behind a TCB capability; the name is a string in the message words of the caller's buffer. */
function nameThread(kernel: Kernel, thread: Tcb): void {
  const slot = lookupCapability(kernel, thread, slotLo(thread, ROLE.cap), slotHi(thread, ROLE.cap));
  const buffer = sendBuffer(thread);
  if (!(slot instanceof Slot) || slot.cap.type !== CAP_TYPE.Thread || buffer === undefined) return;
  const bytes = new Uint8Array(buffer.buffer, buffer.byteOffset + 8 * IPC_BUFFER.msg, 8 * (IPC_BUFFER_WORDS - IPC_BUFFER.msg - 7));
  const end = bytes.indexOf(0);
  kernel.rename(slot.cap.object, new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end)));
}
