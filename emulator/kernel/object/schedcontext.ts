// SPDX-License-Identifier: BSD-2-Clause
/** Methods and end of scheduling contexts. Manual, "Scheduling Contexts"; times: `scheduling/`. */
import { CAP_TYPE } from '../../../schema/abi/index.ts';
import { replyLosingInfo, replyWithWords } from '../api/replies.ts';
import type { SchedContextCap } from '../capability.ts';
import { ILLEGAL_OPERATION, TRUNCATED_MESSAGE, invalidCapability, type SyscallError } from '../errors.ts';
import type { Invocation, Perform } from '../invocation.ts';
import { detachStack } from '../ipc/call-stack.ts';
import type { Kernel } from '../kernel.ts';
import type { Notification, SchedContext, Tcb } from '../objects.ts';
import { takeConsumed } from '../scheduling/consumed.ts';
import { bindThread, unbindThread } from '../scheduling/context-binding.ts';
import { isBlocked } from '../scheduling/readiness.ts';
import { isReleased } from '../scheduling/refills.ts';
import { extraSlot } from './arguments.ts';
import { completeYieldTo, decodeYieldTo } from './yield-to.ts';

export function decodeSchedContext(kernel: Kernel, invocation: Invocation, cap: SchedContextCap): SyscallError | Perform {
  const context = cap.object;
  switch (invocation.method) {
    case 'SchedContextConsumed': return performConsumed(kernel, invocation, context);
    case 'SchedContextBind': return decodeBind(kernel, invocation, context);
    case 'SchedContextUnbind': return decodeUnbind(kernel, invocation, context);
    case 'SchedContextUnbindObject': return decodeUnbindObject(kernel, invocation, context);
    case 'SchedContextYieldTo': return decodeYieldTo(kernel, invocation, context);
    default: return ILLEGAL_OPERATION;
  }
}

function performConsumed(kernel: Kernel, invocation: Invocation, context: SchedContext): Perform {
  return () => {
    const reply = kernel.defects.has('sc-consumed') ? replyLosingInfo : replyWithWords;
    reply(kernel, invocation, [takeConsumed(kernel, context)]);
    return 'done';
  };
}

function decodeBind(kernel: Kernel, invocation: Invocation, context: SchedContext): SyscallError | Perform {
  const extra = extraSlot(invocation, 0);
  if (extra === undefined) return TRUNCATED_MESSAGE;
  const { cap } = extra;
  switch (cap.type) {
    case CAP_TYPE.Thread: {
      const thread = cap.object;
      if (!canBind(kernel, context, thread)) return ILLEGAL_OPERATION;
      return () => {
        bindThread(kernel, context, thread);
        return 'done';
      };
    }
    case CAP_TYPE.Notification: {
      const notification = cap.object;
      if (context.notification !== null || notification.schedContext !== null) return ILLEGAL_OPERATION;
      return () => {
        context.notification = notification;
        notification.schedContext = context;
        return 'done';
      };
    }
    default:
      return invalidCapability(1);
  }
}

/** Whether both are free; a thread that waits must be able to run on the context as soon as it is woken. */
export function canBind(kernel: Kernel, context: SchedContext, thread: Tcb): boolean {
  return context.thread === null && thread.schedContext === null && mayContinueOn(kernel, context, thread);
}

/** A blocked thread may have a context only that is released: it could not wait for its next refill. */
export function mayContinueOn(kernel: Kernel, context: SchedContext, thread: Tcb): boolean {
  return !isBlocked(thread) || isReleased(context, kernel.timestamp);
}

function decodeUnbind(kernel: Kernel, invocation: Invocation, context: SchedContext): SyscallError | Perform {
  if (context.thread === invocation.thread && !kernel.defects.has('unbind-current')) return ILLEGAL_OPERATION;
  return () => {
    unbindAll(kernel, context);
    return 'done';
  };
}

function decodeUnbindObject(kernel: Kernel, invocation: Invocation, context: SchedContext): SyscallError | Perform {
  const extra = extraSlot(invocation, 0);
  if (extra === undefined) return TRUNCATED_MESSAGE;
  const { cap } = extra;
  switch (cap.type) {
    case CAP_TYPE.Thread:
      if (context.thread !== cap.object) return ILLEGAL_OPERATION;
      if (cap.object === invocation.thread && !kernel.defects.has('unbind-current')) return ILLEGAL_OPERATION;
      return () => {
        unbindThread(kernel, context);
        return 'done';
      };
    case CAP_TYPE.Notification: {
      const notification = cap.object;
      if (context.notification !== notification) return ILLEGAL_OPERATION;
      return () => {
        unbindFromNotification(context, notification);
        return 'done';
      };
    }
    default:
      return invalidCapability(1);
  }
}

function unbindFromNotification(context: SchedContext, notification: Notification): void {
  notification.schedContext = null;
  context.notification = null;
}

function unbindAll(kernel: Kernel, context: SchedContext): void {
  if (context.thread !== null) unbindThread(kernel, context);
  if (context.notification !== null) unbindFromNotification(context, context.notification);
  detachStack(context);
}

/** What the end of a scheduling context means to others: all bindings end, and who waits for a YieldTo of it is answered. */
export function destroySchedContext(kernel: Kernel, context: SchedContext): void {
  unbindAll(kernel, context);
  if (context.yieldFrom !== null) completeYieldTo(kernel, context.yieldFrom);
  context.maxRefills = 0;
  context.refills.length = 0;
}
