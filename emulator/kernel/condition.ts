// SPDX-License-Identifier: BSD-2-Clause
import { STATE } from '../../schema/abi/index.ts';
import { TRANSITION_FLAG } from '../../schema/trace/trap-record.ts';
import type { Kernel } from './kernel.ts';
import type { Tcb } from './objects.ts';
import { isRunnable } from './scheduling/readiness.ts';

/** What the state of a thread alone does not tell: `faultRecorded`, `orphaned` and `misqueued` of `TRANSITION_FLAG`. */
export function conditionOf(kernel: Kernel, thread: Tcb): number {
  return (thread.fault !== null ? TRANSITION_FLAG.faultRecorded : 0)
    | (isOrphaned(kernel, thread) ? TRANSITION_FLAG.orphaned : 0)
    | (isMisqueued(kernel, thread) ? TRANSITION_FLAG.misqueued : 0);
}

function isOrphaned(kernel: Kernel, thread: Tcb): boolean {
  if (thread.state !== STATE.BlockedOnReply) return false;
  return kernel.mcs ? thread.reply === null : thread.slots.reply.firstChild === null;
}

function isMisqueued(kernel: Kernel, thread: Tcb): boolean {
  if (!thread.inReadyQueue && !thread.inReleaseQueue) return false;
  if (!isRunnable(thread) || (thread.inReadyQueue && thread.inReleaseQueue)) return true;
  return kernel.mcs && thread.schedContext === null;
}
