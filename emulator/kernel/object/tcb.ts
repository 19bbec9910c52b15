// SPDX-License-Identifier: BSD-2-Clause
/** Methods of thread control blocks. Manual, "Threads". */
import { CAP_TYPE, TCB_FLAG_FPU_DISABLED, word } from '../../../schema/abi/index.ts';
import { replyWithWords } from '../api/replies.ts';
import type { ThreadCap } from '../capability.ts';
import { ILLEGAL_OPERATION, TRUNCATED_MESSAGE, type SyscallError } from '../errors.ts';
import type { Invocation, Perform } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';
import { extraSlot } from './arguments.ts';
import { bindNotification, unbindNotification } from './notification.ts';
import { resumeThread, suspendThread } from './tcb-lifecycle.ts';
import { decodeCopyRegisters, decodeReadRegisters, decodeSetTlsBase, decodeWriteRegisters } from './tcb-registers.ts';
import { decodeSetMcPriority, decodeSetPriority, decodeSetSchedParams } from './tcb-scheduling.ts';
import { decodeConfigure, decodeSetIpcBuffer, decodeSetSpace, decodeSetTimeoutEndpoint } from './tcb-space.ts';

export { destroyThread } from './tcb-lifecycle.ts';

export function decodeTcb(kernel: Kernel, invocation: Invocation, cap: ThreadCap): SyscallError | Perform {
  const thread = cap.object;
  switch (invocation.method) {
    case 'TCBReadRegisters': return decodeReadRegisters(kernel, invocation, thread);
    case 'TCBWriteRegisters': return decodeWriteRegisters(kernel, invocation, thread);
    case 'TCBCopyRegisters': return decodeCopyRegisters(kernel, invocation, thread);
    case 'TCBConfigure': return decodeConfigure(kernel, invocation, thread);
    case 'TCBSetPriority': return decodeSetPriority(kernel, invocation, thread);
    case 'TCBSetMCPriority': return decodeSetMcPriority(kernel, invocation, thread);
    case 'TCBSetSchedParams': return decodeSetSchedParams(kernel, invocation, cap);
    case 'TCBSetTimeoutEndpoint': return decodeSetTimeoutEndpoint(kernel, invocation, thread);
    case 'TCBSetIPCBuffer': return decodeSetIpcBuffer(kernel, invocation, thread);
    case 'TCBSetSpace': return decodeSetSpace(kernel, invocation, thread);
    case 'TCBSuspend': return performAlways(() => suspendThread(kernel, thread));
    case 'TCBResume': return performAlways(() => resumeThread(kernel, thread));
    case 'TCBBindNotification': return decodeBindNotification(invocation, thread);
    case 'TCBUnbindNotification': return decodeUnbindNotification(thread);
    case 'TCBSetTLSBase': return decodeSetTlsBase(kernel, invocation, thread);
    case 'TCBSetFlags': return decodeSetFlags(kernel, invocation, thread);
    default: return ILLEGAL_OPERATION;
  }
}

function performAlways(act: () => void): Perform {
  return () => {
    act();
    return 'done';
  };
}

function decodeBindNotification(invocation: Invocation, thread: Tcb): SyscallError | Perform {
  const extra = extraSlot(invocation, 0);
  if (extra === undefined) return TRUNCATED_MESSAGE;
  const { cap } = extra;
  if (thread.boundNotification !== null || cap.type !== CAP_TYPE.Notification || !cap.canReceive) return ILLEGAL_OPERATION;
  const notification = cap.object;
  if (notification.queue.length > 0 || notification.boundThread !== null) return ILLEGAL_OPERATION;
  return performAlways(() => bindNotification(thread, notification));
}

function decodeUnbindNotification(thread: Tcb): SyscallError | Perform {
  if (thread.boundNotification === null) return ILLEGAL_OPERATION;
  return performAlways(() => unbindNotification(thread));
}

function decodeSetFlags(kernel: Kernel, invocation: Invocation, thread: Tcb): SyscallError | Perform {
  if (invocation.length < 2) return TRUNCATED_MESSAGE;
  // Unknown flags are ignored; set wins over clear.
  const clear = invocation.argLo(0);
  const set = invocation.argLo(1) & TCB_FLAG_FPU_DISABLED;
  return () => {
    thread.flags = (thread.flags & ~clear) | set;
    replyWithWords(kernel, invocation, [word(thread.flags)]);
    return 'done';
  };
}
