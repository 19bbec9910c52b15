// SPDX-License-Identifier: BSD-2-Clause
/** TCB methods that read and write registers. Manual, "Message Layout of the Read-/Write-Registers Methods". */
import { CAP_TYPE, SLOT, fromNumber } from '../../../schema/abi/index.ts';
import { DELIVERY } from '../../../schema/trace/trap-record.ts';
import { replyWithWords } from '../api/replies.ts';
import { ILLEGAL_OPERATION, TRUNCATED_MESSAGE, invalidCapability, rangeError, type SyscallError } from '../errors.ts';
import type { Invocation, Perform } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';
import { writeSlot } from '../registers.ts';
import { rescheduleRequired } from '../scheduling/readiness.ts';
import { argNumber, extraSlot } from './arguments.ts';
import { resumeThread, suspendThread } from './tcb-lifecycle.ts';
import { USER_CONTEXT_SLOTS, copyRegisters, readRegisters, writeRegisters } from './user-context.ts';

const REGISTERS = USER_CONTEXT_SLOTS.length;
const COUNT_RANGE = rangeError(fromNumber(1), fromNumber(REGISTERS));

/** Bits of the first word of the methods. */
const READ_SUSPEND = 1;
const WRITE_RESUME = 1;
const COPY_SUSPEND_SOURCE = 1;
const COPY_RESUME_TARGET = 2;
const COPY_FRAME = 4;
const COPY_INTEGER = 8;

export function decodeReadRegisters(kernel: Kernel, invocation: Invocation, thread: Tcb): SyscallError | Perform {
  if (invocation.length < 2) return TRUNCATED_MESSAGE;
  const count = argNumber(invocation, 1);
  if (count < 1 || count > REGISTERS) return COUNT_RANGE;
  if (thread === invocation.thread) return ILLEGAL_OPERATION;
  const suspend = (invocation.argLo(0) & READ_SUSPEND) !== 0;
  return () => {
    if (suspend) suspendThread(kernel, thread);
    replyWithWords(kernel, invocation, readRegisters(thread, count));
    return 'done';
  };
}

export function decodeWriteRegisters(kernel: Kernel, invocation: Invocation, thread: Tcb): SyscallError | Perform {
  if (invocation.length < 2) return TRUNCATED_MESSAGE;
  const count = argNumber(invocation, 1);
  if (invocation.length - 2 < count) return TRUNCATED_MESSAGE;
  if (thread === invocation.thread) return ILLEGAL_OPERATION;
  const resume = (invocation.argLo(0) & WRITE_RESUME) !== 0;
  return () => {
    writeRegisters(kernel, thread, count, invocation, 2);
    if (resume) resumeThread(kernel, thread);
    return 'done';
  };
}

export function decodeCopyRegisters(kernel: Kernel, invocation: Invocation, target: Tcb): SyscallError | Perform {
  const extra = extraSlot(invocation, 0);
  if (invocation.length < 1 || extra === undefined) return TRUNCATED_MESSAGE;
  if (extra.cap.type !== CAP_TYPE.Thread) return invalidCapability(1);
  const source = extra.cap.object;
  const flags = invocation.argLo(0);
  return () => {
    if ((flags & COPY_SUSPEND_SOURCE) !== 0) suspendThread(kernel, source);
    if ((flags & COPY_RESUME_TARGET) !== 0) resumeThread(kernel, target);
    copyRegisters(kernel, source, target, (flags & COPY_FRAME) !== 0, (flags & COPY_INTEGER) !== 0);
    if (target === kernel.current) rescheduleRequired(kernel);
    return 'done';
  };
}

export function decodeSetTlsBase(kernel: Kernel, invocation: Invocation, thread: Tcb): SyscallError | Perform {
  if (invocation.length < 1) return TRUNCATED_MESSAGE;
  const lo = invocation.argLo(0);
  const hi = invocation.argHi(0);
  return () => {
    kernel.observer.delivery(thread.id, DELIVERY.registers);
    writeSlot(kernel, thread, SLOT.tp, lo, hi);
    if (thread === kernel.current) rescheduleRequired(kernel);
    return 'done';
  };
}
