// SPDX-License-Identifier: BSD-2-Clause
/** What the kernel's own state says of a thread: that it came to its end, was stopped, or can never go on whoever else lives. */
import { STATE } from '../../../schema/abi/thread-state.ts';
import type { HangReason } from '../../../schema/api/index.ts';
import { SYSCALL_CLASS, syscallClasses } from '../../../schema/rules/syscall-class.ts';
import { activityName } from '../../store/activity.ts';
import type { SchedContextFacts } from './setup-view.ts';
import type { ThreadHistory } from './thread-history.ts';
import { stateOf, waitOf, type RunInTime } from './waits.ts';

export interface Verdict {
  readonly reason: HangReason;
  /** The kernel's state says so; else it follows from what was seen. */
  readonly certain: boolean;
  readonly text: string;
}

export function isRunnable(state: number): boolean {
  return state === STATE.Running || state === STATE.Restart;
}

/**
 * Its function returned, to address 0, where it faulted: without a handler the kernel stopped it, else the fault waits. Or it
 * suspended itself.
 */
export function hasFinished(thread: ThreadHistory): boolean {
  if (thread.waitsWithFault) return thread.faultAtZero === 1 && !isRunnable(thread.state);
  return thread.state === STATE.Inactive && thread.by === thread.id;
}

/** Undefined for one that waits, runs or was stopped on purpose. */
export function verdictOf(run: RunInTime, thread: ThreadHistory, stalled: boolean): Verdict | undefined {
  const state = stateOf(thread);
  if (isRunnable(state)) return thread.id === run.history.running || run.interfaces.configuration.scheduling === 'classic' ? undefined : processorVerdict(run, thread, stalled);
  if (state === STATE.BlockedOnReply && thread.orphaned !== 0) {
    return { reason: 'orphanCaller', certain: true, text: `waits for a reply, and no reply capability leads to it any more since record ${thread.changedSeq}` };
  }
  return state === STATE.Inactive ? inactiveVerdict(run, thread) : undefined;
}

function inactiveVerdict(run: RunInTime, thread: ThreadHistory): Verdict | undefined {
  if (thread.waitsWithFault && thread.lastEntry === thread.sinceSeq) {
    return { reason: 'unhandledFault', certain: false, text: `raised ${waitOf(run, thread)?.fault ?? 'a fault'} in record ${thread.sinceSeq}, and had no fault handler: the kernel stopped it` };
  }
  // A kernel that has nobody to answer a caller any more stops it.
  if (thread.stateBefore === STATE.BlockedOnReply && thread.by !== thread.id && !isSuspension(run, thread) && !wasDismissed(run, thread)) {
    return { reason: 'orphanCaller', certain: true, text: `waited for a reply until its reply object was deleted or used for another caller (record ${thread.sinceSeq}): the kernel stopped it` };
  }
  return undefined;
}

function isSuspension({ interfaces }: RunInTime, thread: ThreadHistory): boolean {
  return thread.byObject === thread.id && activityName(thread.activity, interfaces) === 'TCBSuspend';
}

/** A fault handler answered, and did not let it go on. Who only receives answers nobody. */
function wasDismissed({ interfaces }: RunInTime, thread: ThreadHistory): boolean {
  if (!thread.waitsWithFault || thread.activity >= 0) return false;
  const kind = syscallClasses(interfaces.configuration.scheduling)[-thread.activity] ?? SYSCALL_CLASS.none;
  return kind !== SYSCALL_CLASS.receive && kind !== SYSCALL_CLASS.nbReceive;
}

/** A thread of an MCS kernel that could run and does not: the kernel runs none without a scheduling context that has budget. */
function processorVerdict(run: RunInTime, thread: ThreadHistory, stalled: boolean): Verdict | undefined {
  const { setup } = run;
  const context = setup.schedContextOf(thread.id);
  if (context === undefined ? isKnownPassive(run, thread) : context.lostSeq > 0) {
    if (!stalled && holdsLent(run, thread, context?.lostSeq ?? 0)) return undefined;
    return { reason: 'noSchedContext', certain: stalled, text: `could run, but has no scheduling context: ${passiveText(run, thread, context)}` };
  }
  if (context?.budgetUs === null && thread.lastRan === 0 && thread.madeHere === 1 && (stalled || !setup.hasUnknownBudgets)) {
    return { reason: 'noBudget', certain: stalled, text: 'could run, but its scheduling context was never given a budget (SchedControl_ConfigureFlags)' };
  }
  if (!stalled) return undefined;
  const ran = thread.lastRan === 0 ? 'never ran it' : `did not run it after record ${thread.lastRan}`;
  return { reason: context === undefined ? 'noSchedContext' : 'noBudget', certain: true, text: `could run, and yet the kernel ${ran}: its scheduling context is gone or has no budget` };
}

/** The trace has all that happened to the thread, and nobody gave it a scheduling context. */
function isKnownPassive({ setup }: RunInTime, thread: ThreadHistory): boolean {
  return thread.madeHere === 1 && !setup.lendsUnseen;
}

/** Whether a thread without a scheduling context of its own may have one that was lent to it. */
function holdsLent({ history, setup, interfaces }: RunInTime, thread: ThreadHistory, lostSeq: number): boolean {
  if (setup.lendsUnseen) return true;
  // It came back to user mode after its last trap: on a scheduling context that nobody took away since.
  if (thread.lastRan >= thread.lastTrap && thread.lastRan > lostSeq) return true;
  // An answer brings back what the caller lent.
  if (thread.stateBefore === STATE.BlockedOnReply && thread.by !== thread.id) return true;
  const name = thread.by === thread.id ? '' : activityName(thread.activity, interfaces);
  if (name === 'NBSendRecv' || name === 'NBSendWait' || name === 'ReplyRecv') return true;
  for (const caller of history.threads) if (caller.server === thread.id && caller.state === STATE.BlockedOnReply && caller.destroyed === 0) return true;
  return false;
}

function passiveText({ interfaces, ref }: RunInTime, thread: ThreadHistory, context: SchedContextFacts | undefined): string {
  if (thread.lastRan > (context?.lostSeq ?? 0)) {
    const how = thread.lastTrap > thread.lastRan ? `, and it gave the last one back in record ${thread.lastTrap}` : '';
    return `it ran on those of its callers until record ${thread.lastRan}${how}`;
  }
  if (context === undefined) return 'none was ever bound to it';
  const woken = thread.sinceSeq > context.lostSeq && thread.by !== 0 ? `, and ${activityName(thread.activity, interfaces)} of ${ref(thread.by).name} in record ${thread.sinceSeq} lent it none` : '';
  return `it was taken away in record ${context.lostSeq}${woken}`;
}
