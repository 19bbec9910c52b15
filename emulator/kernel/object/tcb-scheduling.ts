// SPDX-License-Identifier: BSD-2-Clause
/** TCB methods that set priorities, and on MCS the scheduling context and fault handler. Manual, "Scheduling". */
import { CAP_TYPE, ZERO, fromNumber } from '../../../schema/abi/index.ts';
import type { Capability, ThreadCap } from '../capability.ts';
import { ILLEGAL_OPERATION, SyscallError, TRUNCATED_MESSAGE, invalidCapability, rangeError } from '../errors.ts';
import type { Invocation, Perform } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import type { SchedContext, Tcb } from '../objects.ts';
import { bindThread, unbindThread } from '../scheduling/context-binding.ts';
import { setPriority } from '../scheduling/priority.ts';
import { argNumber, extraSlot } from './arguments.ts';
import { canBind, mayContinueOn } from './schedcontext.ts';
import { installCapability, isHandlerOrNone } from './tcb-space.ts';

export function decodeSetPriority(kernel: Kernel, invocation: Invocation, thread: Tcb): SyscallError | Perform {
  const priority = decodeAuthorised(invocation);
  if (priority instanceof SyscallError) return priority;
  return () => {
    setPriority(kernel, thread, priority);
    return 'done';
  };
}

export function decodeSetMcPriority(_kernel: Kernel, invocation: Invocation, thread: Tcb): SyscallError | Perform {
  const mcp = decodeAuthorised(invocation);
  if (mcp instanceof SyscallError) return mcp;
  return () => {
    thread.mcp = mcp;
    return 'done';
  };
}

/** The priority in the first word, which the thread behind the first extra cap may give. */
function decodeAuthorised(invocation: Invocation): number | SyscallError {
  const authority = extraSlot(invocation, 0);
  if (invocation.length < 1 || authority === undefined) return TRUNCATED_MESSAGE;
  if (authority.cap.type !== CAP_TYPE.Thread) return invalidCapability(1);
  return allowed(argNumber(invocation, 0), authority.cap.object);
}

/** A priority that is not above the authority's maximum controlled priority. */
function allowed(priority: number, authority: Tcb): number | SyscallError {
  return priority > authority.mcp ? rangeError(ZERO, fromNumber(authority.mcp)) : priority;
}

export function decodeSetSchedParams(kernel: Kernel, invocation: Invocation, cap: ThreadCap): SyscallError | Perform {
  const authority = extraSlot(invocation, 0);
  const contextSlot = extraSlot(invocation, 1);
  const handlerSlot = extraSlot(invocation, 2);
  if (invocation.length < 2 || authority === undefined) return TRUNCATED_MESSAGE;
  if (kernel.mcs && (contextSlot === undefined || handlerSlot === undefined)) return TRUNCATED_MESSAGE;
  if (authority.cap.type !== CAP_TYPE.Thread) return invalidCapability(1);
  const mcp = allowed(argNumber(invocation, 0), authority.cap.object);
  if (mcp instanceof SyscallError) return mcp;
  const priority = allowed(argNumber(invocation, 1), authority.cap.object);
  if (priority instanceof SyscallError) return priority;
  const thread = cap.object;
  if (!kernel.mcs) {
    return () => {
      thread.mcp = mcp;
      setPriority(kernel, thread, priority);
      return 'done';
    };
  }
  const context = decodeContext(kernel, invocation, thread, contextSlot!.cap);
  if (context instanceof SyscallError) return context;
  if (!isHandlerOrNone(handlerSlot!.cap)) return invalidCapability(3);
  const handler = handlerSlot!.cap;
  return () => {
    if (installCapability(kernel, invocation, thread.slots.faultHandler, handler, handlerSlot!) === 'preempted') return 'preempted';
    thread.mcp = mcp;
    setPriority(kernel, thread, priority);
    setContext(kernel, thread, context);
    return 'done';
  };
}

/** The scheduling context to bind, or null to unbind. */
function decodeContext(kernel: Kernel, invocation: Invocation, thread: Tcb, cap: Capability): SchedContext | null | SyscallError {
  switch (cap.type) {
    case CAP_TYPE.SchedContext: {
      // The context that the thread has already may be given again: it stays.
      const context = cap.object;
      const allowed = context === thread.schedContext ? mayContinueOn(kernel, context, thread) : canBind(kernel, context, thread);
      return allowed ? context : ILLEGAL_OPERATION;
    }
    case CAP_TYPE.Null: return thread === invocation.thread ? ILLEGAL_OPERATION : null;
    default: return invalidCapability(2);
  }
}

function setContext(kernel: Kernel, thread: Tcb, context: SchedContext | null): void {
  if (context === thread.schedContext) return;
  if (context !== null) bindThread(kernel, context, thread);
  else if (thread.schedContext !== null) unbindThread(kernel, thread.schedContext);
}
