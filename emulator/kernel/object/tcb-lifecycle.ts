// SPDX-License-Identifier: BSD-2-Clause
/** How threads stop, go on, and end. */
import { STATE } from '../../../schema/abi/index.ts';
import { setupMasterReply } from '../ipc/caller.ts';
import { cancelIpc } from '../ipc/cancel.ts';
import type { Kernel } from '../kernel.ts';
import type { Tcb } from '../objects.ts';
import { resumeContext, unbindThread, wakeContext } from '../scheduling/context-binding.ts';
import { changeState, isBlocked, isSchedulable, possibleSwitchTo } from '../scheduling/readiness.ts';
import { dequeueReady, enqueueFirst } from '../scheduling/ready-queue.ts';
import { dequeueRelease } from '../scheduling/release-queue.ts';
import { unbindNotification } from './notification.ts';
import { keepPlace } from './user-context.ts';
import { cancelYieldTo, completeYieldTo } from './yield-to.ts';

/** Makes a thread inactive, whatever it does. */
export function suspendThread(kernel: Kernel, thread: Tcb): void {
  cancelIpc(kernel, thread);
  if (thread.state === STATE.Running && !kernel.defects.has('answered-restart')) keepPlace(thread);
  changeState(kernel, thread, STATE.Inactive);
  dequeueReady(kernel, thread);
  dequeueRelease(kernel, thread);
  cancelYieldTo(kernel, thread);
}

/** Lets a thread that is inactive or waits go on at its trap instruction. Nothing for one that can run. */
export function resumeThread(kernel: Kernel, thread: Tcb): void {
  if (thread.state !== STATE.Inactive && !isBlocked(thread)) return;
  cancelIpc(kernel, thread);
  if (!kernel.mcs) setupMasterReply(thread);
  changeState(kernel, thread, STATE.Restart);
  if (!kernel.mcs) {
    enqueueFirst(kernel, thread);
  } else if (thread.schedContext !== null) {
    wakeContext(kernel, thread.schedContext);
    resumeContext(kernel, thread.schedContext);
  }
  if (isSchedulable(kernel, thread)) possibleSwitchTo(kernel, thread);
}

/** What the end of a TCB means to others: it is bound to nothing, and who waits for a YieldTo of its context is answered. */
export function destroyThread(kernel: Kernel, thread: Tcb): void {
  unbindNotification(thread);
  const context = thread.schedContext;
  if (context !== null) {
    unbindThread(kernel, context);
    if (context.yieldFrom !== null) completeYieldTo(kernel, context.yieldFrom);
  }
  suspendThread(kernel, thread);
}
