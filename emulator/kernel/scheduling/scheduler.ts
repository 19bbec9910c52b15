// SPDX-License-Identifier: BSD-2-Clause
/** The choice of the thread that runs next, made once before every kernel exit. Manual, "Scheduling". */
import { MIN_REFILLS, STATE } from '../../../schema/abi/index.ts';
import { setupMasterReply } from '../ipc/caller.ts';
import type { Kernel } from '../kernel.ts';
import type { SchedContext, Tcb } from '../objects.ts';
import { completeYieldTo } from '../object/yield-to.ts';
import { resumeAtFaultIp } from '../object/user-context.ts';
import { setThreadState } from '../registers.ts';
import { TIME_SLICE_TICKS, commitTime, domainExpired, endBudget, setTimer } from './budget.ts';
import { unblockContext } from './context-binding.ts';
import { isSchedulable, possibleSwitchTo, rescheduleRequired, isRunnable } from './readiness.ts';
import { dequeueReady, enqueueFirst, enqueueLast, firstReady, highestReadyPriority } from './ready-queue.ts';
import { headReady, startRefills } from './refills.ts';
import { dequeueRelease } from './release-queue.ts';

export { rescheduleRequired } from './readiness.ts';

/** Budget and period of the root task's scheduling context (`CONFIG_BOOT_THREAD_TIME_SLICE`), ns. */
const BOOT_SLICE = 5_000_000;

/** Makes the kernel ready to schedule: called once at boot, before any thread exists. */
export function initScheduling(kernel: Kernel): void {
  kernel.idleThread.state = STATE.IdleThreadState;
}

/** Makes a thread the running one at boot. MCS: on a scheduling context that gets the boot thread's time slice. */
export function startBootThread(kernel: Kernel, thread: Tcb, context: SchedContext | null): void {
  if (context !== null) {
    startRefills(context, MIN_REFILLS, BOOT_SLICE, BOOT_SLICE, kernel.timestamp);
    context.thread = thread;
    thread.schedContext = context;
    kernel.currentSchedContext = context;
  }
  if (!kernel.mcs) {
    thread.timeSlice = TIME_SLICE_TICKS;
    setupMasterReply(thread);
  }
  setThreadState(kernel, thread, STATE.Running);
  kernel.current = thread;
  setTimer(kernel);
}

/** Chooses the thread that runs next, and on MCS charges time and sets the timer. */
export function schedule(kernel: Kernel): void {
  if (kernel.mcs) {
    releaseThreads(kernel);
    if (domainExpired(kernel)) {
      kernel.reprogram = true;
      rescheduleRequired(kernel);
    }
  }
  if (kernel.candidate !== null || kernel.rescheduleNeeded || !mayGoOn(kernel)) {
    const { candidate } = kernel;
    const currentMayRun = isSchedulable(kernel, kernel.current);
    if (currentMayRun) enqueueFirst(kernel, kernel.current);
    kernel.candidate = null;
    kernel.rescheduleNeeded = false;
    if (candidate === null || !isSchedulable(kernel, candidate)) chooseThread(kernel);
    else tryCandidate(kernel, candidate, currentMayRun);
  }
  if (kernel.mcs) chargeAndSetTimer(kernel);
  else setTimer(kernel);
}

function mayGoOn(kernel: Kernel): boolean {
  const { current } = kernel;
  if (current.schedContext === null && isRunnable(current) && kernel.defects.has('unbind-current')) return true;
  return current === kernel.idleThread || isSchedulable(kernel, current);
}

/** Moves threads whose refill is ready out of the release queue. */
function releaseThreads(kernel: Kernel): void {
  for (;;) {
    const thread = kernel.releaseQueue[0];
    if (thread === undefined || !headReady(thread.schedContext!, kernel.timestamp)) return;
    dequeueRelease(kernel, thread);
    possibleSwitchTo(kernel, thread);
  }
}

/** Switches to the candidate, unless a ready thread has a higher priority or the current thread an equal one. */
function tryCandidate(kernel: Kernel, candidate: Tcb, currentMayRun: boolean): void {
  const { current } = kernel;
  // Above the current thread's priority nothing else can be ready.
  const mayBeBelow = current === kernel.idleThread || candidate.priority < current.priority;
  if (mayBeBelow && candidate.priority < highestReadyPriority(kernel)) {
    enqueueFirst(kernel, candidate);
    chooseThread(kernel);
  } else if (currentMayRun && candidate.priority === current.priority) {
    enqueueLast(kernel, candidate);
    chooseThread(kernel);
  } else {
    switchTo(kernel, candidate);
  }
}

/** Switches to the first ready thread of the highest priority, or the idle thread. */
function chooseThread(kernel: Kernel): void {
  if (domainExpired(kernel)) nextDomain(kernel);
  const thread = firstReady(kernel);
  if (thread === undefined) kernel.current = kernel.idleThread;
  else switchTo(kernel, thread);
}

function switchTo(kernel: Kernel, thread: Tcb): void {
  dequeueReady(kernel, thread);
  kernel.current = thread;
}

/** MCS: follows the switch of threads with the switch of scheduling contexts. */
function chargeAndSetTimer(kernel: Kernel): void {
  const next = kernel.current.schedContext;
  if (next !== kernel.currentSchedContext) {
    kernel.reprogram = true;
    if (next !== null && !next.sporadic) unblockContext(kernel, next);
  }
  if (kernel.reprogram) commitTime(kernel);
  kernel.currentSchedContext = next;
  if (!kernel.reprogram) return;
  setTimer(kernel);
  kernel.reprogram = false;
}

/** Goes on in the domain schedule; after its last entry, or at an end marker, it begins again. */
function nextDomain(kernel: Kernel): void {
  const next = kernel.domainScheduleIndex + 1;
  const entry = kernel.domainSchedule[next];
  enterDomain(kernel, entry === undefined || entry.duration === 0 ? kernel.domainScheduleStart : next);
}

/** Makes an entry of the domain schedule the current one; `index` must not be an end marker. */
export function enterDomain(kernel: Kernel, index: number): void {
  const entry = kernel.domainSchedule[index]!;
  kernel.domainScheduleIndex = index;
  kernel.domain = entry.domain;
  kernel.domainTimeLeft = entry.duration;
  if (kernel.mcs) kernel.reprogram = true;
}

/** Moves a thread to a domain. */
export function setDomain(kernel: Kernel, thread: Tcb, domain: number): void {
  dequeueReady(kernel, thread);
  thread.domain = domain;
  if (isSchedulable(kernel, thread)) enqueueFirst(kernel, thread);
  if (thread === kernel.current) rescheduleRequired(kernel);
}

/** Makes the chosen thread ready to return to user mode: completes its YieldTo, and lets one in Restart trap again. */
export function activateThread(kernel: Kernel): void {
  const thread = kernel.current;
  if (thread.yieldTo !== null) completeYieldTo(kernel, thread);
  if (thread.state === STATE.Restart) {
    resumeAtFaultIp(thread);
    setThreadState(kernel, thread, STATE.Running);
  }
}

/** seL4_Yield. MCS: gives up what is left of the head refill. Classic: goes behind the others of its priority. */
export function yieldCurrent(kernel: Kernel): void {
  if (!kernel.mcs) {
    enqueueLast(kernel, kernel.current);
    rescheduleRequired(kernel);
    return;
  }
  // Where a defect lets a thread run without a scheduling context, real kernels stop when they look for its budget.
  if (kernel.currentSchedContext === null) kernel.halted = true;
  else endBudget(kernel, kernel.currentSchedContext.refills[0]!.amount, false);
}
