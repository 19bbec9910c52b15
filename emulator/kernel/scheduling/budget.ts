// SPDX-License-Identifier: BSD-2-Clause
/**
 * Time: the clock, what the running thread has used of its budget (MCS) or time slice (classic), and timer interrupts.
 *
 * MCS charges a scheduling context when the processor leaves it, when its budget ends, and whenever the kernel acts on
 * the current time (`Kernel.reprogram`); until then its time stands in `Kernel.uncharged`.
 */
import { CAP_TYPE, STATE } from '../../../schema/abi/index.ts';
import { raiseTimeout } from '../api/faults.ts';
import type { Kernel } from '../kernel.ts';
import type { SchedContext, Tcb } from '../objects.ts';
import { setThreadState } from '../registers.ts';
import { postpone } from './context-binding.ts';
import { isRunnable, isSchedulable, rescheduleRequired } from './readiness.ts';
import { anyReady, enqueueLast } from './ready-queue.ts';
import { MIN_BUDGET, headSufficient, isActive, isReleased, isRoundRobin, renewSlice, useRefills, useSlice } from './refills.ts';

/** Classic: time between two ticks, ns. */
export const TICK = 2_000_000;
/** Classic: ticks of a time slice (`CONFIG_TIME_SLICE`). */
export const TIME_SLICE_TICKS = 5;
/** MCS: how much earlier than asked for the timer is set, so that it is not late, ns. */
export const TIMER_PRECISION = 1_000;

/** Looks at the clock: time since the last look was used by the running context, and by the running domain. */
function updateTime(kernel: Kernel): void {
  const elapsed = kernel.time - kernel.timestamp;
  kernel.timestamp = kernel.time;
  if (!kernel.mcs) return;
  kernel.uncharged += elapsed;
  // A rest of domain time that no thread could use is given up.
  kernel.domainTimeLeft = elapsed + MIN_BUDGET >= kernel.domainTimeLeft ? 0 : kernel.domainTimeLeft - elapsed;
}

/** Whether the current domain's time is over. Never with one domain. */
export function domainExpired(kernel: Kernel): boolean {
  return kernel.domainTimeLeft === 0;
}

/** Charges the time used so far to the running context, which has budget left. */
export function commitTime(kernel: Kernel): void {
  const context = kernel.currentSchedContext;
  const used = kernel.uncharged;
  kernel.uncharged = 0;
  if (context === null || !isActive(context) || used === 0) return;
  if (isRoundRobin(context)) useSlice(context, used);
  else useRefills(context, used);
  recordConsumed(kernel, context, used);
}

/** Ends the budget that the running thread has now: takes `amount` ns from the refills, of which it consumed the uncharged time. */
export function endBudget(kernel: Kernel, amount: number, mayRaiseTimeout: boolean): void {
  const context = kernel.currentSchedContext;
  const used = kernel.uncharged;
  kernel.uncharged = 0;
  if (context !== null && isActive(context)) {
    if (isRoundRobin(context)) renewSlice(context);
    else useRefills(context, amount);
    recordConsumed(kernel, context, used);
  }
  const { current } = kernel;
  if (!isSchedulable(kernel, current)) return;
  endSlice(kernel, current, mayRaiseTimeout);
  rescheduleRequired(kernel);
  kernel.reprogram = true;
}

function recordConsumed(kernel: Kernel, context: SchedContext, amount: number): void {
  context.consumed += amount;
  kernel.chargedAtEntry += amount;
}

/** What becomes of a thread whose budget ended: its timeout handler hears of it, it goes behind others, or it waits for a refill. */
function endSlice(kernel: Kernel, thread: Tcb, mayRaiseTimeout: boolean): void {
  const context = thread.schedContext!;
  if (mayRaiseTimeout && !isRoundRobin(context) && hasTimeoutHandler(thread)) raiseTimeout(kernel, thread);
  else if (isReleased(context, kernel.timestamp)) enqueueLast(kernel, thread);
  else postpone(kernel, context);
}

/** MCS: whether timeout faults of the thread have somewhere to go. */
export function hasTimeoutHandler(thread: Tcb): boolean {
  return thread.slots.timeoutHandler.cap.type === CAP_TYPE.Endpoint;
}

/** MCS: whether the running thread may go on; ends its budget when there is not enough for a kernel entry. */
function checkBudget(kernel: Kernel): boolean {
  const context = kernel.currentSchedContext;
  if (context === null || !isActive(context)) {
    kernel.uncharged = 0;
    return true;
  }
  if (headSufficient(context, kernel.uncharged)) return !domainExpired(kernel);
  endBudget(kernel, kernel.uncharged, true);
  return false;
}

/** MCS: false when the trap must not be executed now for want of budget; the thread will trap again (Restart) unless a timeout fault stops it. */
export function checkBudgetAtEntry(kernel: Kernel): boolean {
  updateTime(kernel);
  if (checkBudget(kernel)) return true;
  if (isRunnable(kernel.current)) setThreadState(kernel, kernel.current, STATE.Restart);
  return false;
}

/** Looks at the clock at an interrupt. MCS: what the running thread used is charged as at every kernel entry. */
export function chargeForInterrupt(kernel: Kernel): void {
  updateTime(kernel);
  if (kernel.mcs) checkBudget(kernel);
}

/** Handles the timer interrupt, without the choice of the next thread. */
export function handleTimerInterrupt(kernel: Kernel): void {
  chargeForInterrupt(kernel);
  if (kernel.mcs) kernel.reprogram = true;
  else tick(kernel);
}

/**
 * Charges for a long operation that an interrupt stopped, and handles that of the timer. The operation may have taken
 * the scheduling context from the running thread, or destroyed either.
 * @param isOfDevice whether a device interrupts: the timer has to wait
 */
export function handlePreemption(kernel: Kernel, isOfDevice = false): void {
  updateTime(kernel);
  if (!kernel.mcs) {
    if (!isOfDevice && kernel.time >= kernel.timerDeadline) tick(kernel);
    return;
  }
  if (isSchedulable(kernel, kernel.current)) checkBudget(kernel);
  else endBudget(kernel, kernel.uncharged, false);
  kernel.reprogram = true;
}

function tick(kernel: Kernel): void {
  const thread = kernel.current;
  if (thread.state === STATE.Running) {
    thread.timeSlice--;
    if (thread.timeSlice <= 0) {
      thread.timeSlice = TIME_SLICE_TICKS;
      enqueueLast(kernel, thread);
      rescheduleRequired(kernel);
    }
  }
  if (kernel.domainTimeLeft !== Infinity) {
    kernel.domainTimeLeft = Math.max(0, kernel.domainTimeLeft - TICK);
    if (domainExpired(kernel)) rescheduleRequired(kernel);
  }
  kernel.timerDeadline = nextTick(kernel);
}

/** Sets the timer. MCS: a little before whatever comes first, the end of the budget, of the domain, or a refill that somebody waits for. */
export function setTimer(kernel: Kernel): void {
  if (kernel.mcs) {
    const due = nextDeadline(kernel);
    // What is due within the precision of the timer is waited for exactly.
    kernel.timerDeadline = due - TIMER_PRECISION > kernel.time ? due - TIMER_PRECISION : due;
  } else {
    const next = nextTick(kernel);
    // A tick that is due already is still to be taken.
    if (next === Infinity || kernel.timerDeadline === Infinity) kernel.timerDeadline = next;
  }
}

function nextDeadline(kernel: Kernel): number {
  const now = kernel.timestamp;
  const context = kernel.currentSchedContext;
  const first = kernel.releaseQueue[0];
  return Math.min(
    context === null ? Infinity : now + context.refills[0]!.amount,
    first === undefined ? Infinity : first.schedContext!.refills[0]!.time,
    domainMatters(kernel) ? now + kernel.domainTimeLeft : Infinity,
  );
}

/** Classic: the next tick. While nothing can run nothing happens at a tick, so there is none. */
function nextTick(kernel: Kernel): number {
  if (kernel.current === kernel.idleThread && !domainMatters(kernel)) return Infinity;
  return (Math.floor(kernel.time / TICK) + 1) * TICK;
}

/** Whether the end of the domain's time will change anything: not with one domain, and not while no thread of any domain can run. */
function domainMatters(kernel: Kernel): boolean {
  return kernel.domainTimeLeft !== Infinity && (kernel.current !== kernel.idleThread || anyReady(kernel));
}

/** MCS: ns left of the head refill of the running context; 0 for none. */
export function headBudget(kernel: Kernel): number {
  const context = kernel.currentSchedContext;
  return context === null || !isActive(context) ? 0 : Math.max(0, context.refills[0]!.amount - kernel.uncharged);
}
