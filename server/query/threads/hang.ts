// SPDX-License-Identifier: BSD-2-Clause
/** Which threads can never run again, and why. */
import { STATE } from '../../../schema/abi/thread-state.ts';
import type { HangReason, HangReport, HungThread, SubjectRef, ThreadWait } from '../../../schema/api/index.ts';
import { TRANSITION_FLAG } from '../../../schema/trace/trap-record.ts';
import { cyclesOf } from './cycles.ts';
import type { ThreadHistory } from './run-history.ts';
import { stateOf, stateText, waitOf, wakersOf, type RunInTime, type Wakers } from './waits.ts';

interface Suspect extends Wakers {
  readonly thread: ThreadHistory;
  readonly state: number;
  readonly wait: ThreadWait | null;
  /** What the kernel's own state says, whoever else lives. */
  readonly verdict: Verdict | undefined;
}

interface Verdict {
  readonly reason: HangReason;
  readonly certain: boolean;
  readonly text: string;
}

/** How the run is after the record at hand. */
export interface RunState {
  readonly stalled: boolean;
  readonly completed: boolean;
}

/**
 * A thread lives when it can run, or when one that lives was seen to do what would wake it; a device always lives. In a run
 * that stalled nothing does.
 */
export function findHung(run: RunInTime, runId: string, { stalled, completed }: RunState): HangReport {
  const { history } = run;
  const threads = [...history.threads.values()].filter((thread) => !thread.destroyed && stateOf(thread) !== STATE.IdleThreadState).sort((a, b) => a.id - b.id);
  const finished = new Set(threads.filter((thread) => hasFinished(run, thread)).map(({ id }) => id));
  const suspects = threads.filter(({ id }) => !finished.has(id)).map((thread) => suspect(run, thread, finished, stalled));
  const living = livingOf(suspects, stalled);
  const left = suspects.filter(({ thread }) => !wasNeverStarted(thread) && !living.has(thread.id));
  const stopped = left.filter(wasStopped);
  const idle = completed ? left.filter(isIdle) : [];
  const hung = left.filter((each) => !stopped.includes(each) && !idle.includes(each));
  const refsOf = (each: readonly Suspect[]): SubjectRef[] => each.map(({ thread }) => run.ref(thread.id));
  const edges = new Map(hung.map(({ thread, wakers, verdict }) => [thread.id, verdict === undefined ? wakers.map((waker) => waker.thread.id) : []]));
  const cycles = cyclesOf(edges);
  const inCycle = new Set(cycles.flat());
  const named = hung.map((each) => hungThread(run, each, inCycle.has(each.thread.id), stalled));
  return {
    run: runId, at: history.lastSeq, time: history.lastTime, stalled, completed,
    alive: suspects.filter(({ thread }) => !wasNeverStarted(thread) && living.has(thread.id)).length,
    finished: [...finished].map(run.ref), stopped: refsOf(stopped), idle: refsOf(idle),
    neverStarted: refsOf(suspects.filter(({ thread }) => wasNeverStarted(thread))),
    hung: named.sort((a, b) => order(a.reason) - order(b.reason) || a.sinceSeq - b.sinceSeq),
    cycles: cycles.map((cycle) => cycle.map((id) => run.ref(id))),
  };
}

/** What is known of one thread; those that came to their end wake nobody. */
function suspect(run: RunInTime, thread: ThreadHistory, finished: ReadonlySet<number>, stalled: boolean): Suspect {
  const state = stateOf(thread);
  const wait = waitOf(run, thread);
  const { wakers, unknown } = wakersOf(run, thread, wait);
  return { thread, state, wait, wakers: wakers.filter((waker) => !finished.has(waker.thread.id)), unknown, verdict: verdictOf(run, thread, state, stalled) };
}

/** Least set of threads that live: runnable ones, and from there all that they could wake. */
function livingOf(suspects: readonly Suspect[], stalled: boolean): ReadonlySet<number> {
  const living = new Set<number>();
  if (stalled) return living;
  const canBeWoken = ({ wakers, unknown }: Suspect): boolean => unknown || wakers.some(({ thread, how }) => how === 'interrupts' || living.has(thread.id));
  for (let grew = true; grew;) {
    grew = false;
    for (const each of suspects) {
      if (living.has(each.thread.id) || each.verdict !== undefined) continue;
      if (!isRunnable(each.state) && !canBeWoken(each)) continue;
      living.add(each.thread.id);
      grew = true;
    }
  }
  return living;
}

function wasNeverStarted(thread: ThreadHistory): boolean {
  return thread.state < 0 && thread.lastRan === 0;
}

/** Inactive, and not by a fault or a lost answer of its own. */
function wasStopped({ state, verdict }: Suspect): boolean {
  return state === STATE.Inactive && verdict === undefined;
}

/** A server without a client, or a thread that waits for a signal: what threads do that have nothing to do. */
function isIdle({ wait, verdict }: Suspect): boolean {
  return verdict === undefined && (wait?.for === 'message' || wait?.for === 'signal');
}

function isRunnable(state: number): boolean {
  return state === STATE.Running || state === STATE.Restart;
}

function verdictOf(run: RunInTime, thread: ThreadHistory, state: number, stalled: boolean): Verdict | undefined {
  if (isRunnable(state)) return thread.id === run.history.running ? undefined : processorVerdict(run, thread, stalled);
  if ((thread.flags & TRANSITION_FLAG.orphaned) !== 0 && state === STATE.BlockedOnReply) {
    return { reason: 'orphanCaller', certain: true, text: `waits for a reply, and no reply capability leads to it any more since record ${thread.changedSeq}` };
  }
  if (state !== STATE.Inactive) return undefined;
  if (thread.fault !== 0 && thread.lastEntry === thread.sinceSeq) {
    const wait = waitOf(run, thread);
    return { reason: 'unhandledFault', certain: false, text: `raised ${wait?.fault ?? 'a fault'} in record ${thread.sinceSeq}, and had no fault handler: the kernel stopped it` };
  }
  // A kernel that has nobody to answer a caller any more stops it; so does TCB_Suspend, which its record names.
  if (thread.stateBefore === STATE.BlockedOnReply && thread.changedBy !== thread.id && !isSuspension(run, thread)) {
    return { reason: 'orphanCaller', certain: true, text: `waited for a reply until its reply object was deleted or used for another caller (record ${thread.sinceSeq}): the kernel stopped it` };
  }
  return undefined;
}

/** A thread that could run and does not: MCS kernels run none without a scheduling context that has budget. */
function processorVerdict(run: RunInTime, thread: ThreadHistory, stalled: boolean): Verdict | undefined {
  if (run.interfaces.configuration.scheduling === 'classic') return undefined;
  const context = run.history.setup.schedContextOf(thread.id);
  // Without a word of it in the trace, a thread that ran has one: the first thread's is made by the kernel.
  const hasNone = context === null || (context === undefined && thread.lastRan === 0);
  if (hasNone) return { reason: 'noSchedContext', certain: stalled, text: `could run, but has no scheduling context${context === null ? '' : ': none was ever bound to it'}` };
  if (context !== undefined && (context.budgetUs === null || context.budgetUs === 0) && thread.lastRan === 0) {
    return { reason: 'noBudget', certain: stalled, text: 'could run, but its scheduling context was never given a budget (SchedControl_ConfigureFlags)' };
  }
  return stalled ? { reason: 'noBudget', certain: true, text: 'could run, and yet the kernel never ran it: its scheduling context is gone or has no budget' } : undefined;
}

function isSuspension(run: RunInTime, thread: ThreadHistory): boolean {
  const record = run.record(thread.sinceSeq);
  return run.interfaces.byLabel[record.method]?.id === 'TCBSuspend' && record.object === thread.id;
}

/** Its function returned (to address 0, where it faulted without a handler), or it suspended itself. */
function hasFinished(run: RunInTime, thread: ThreadHistory): boolean {
  if (thread.state !== STATE.Inactive || thread.changedBy !== thread.id) return false;
  const record = run.record(thread.sinceSeq);
  return record.fault === 0 || (record.pcBeforeLo === 0 && record.pcBeforeHi === 0);
}

function hungThread(run: RunInTime, each: Suspect, inCycle: boolean, stalled: boolean): HungThread {
  const { thread, state, wait, wakers } = each;
  const { reason, certain, text } = each.verdict ?? helplessness(each, inCycle);
  return {
    thread: run.ref(thread.id), state: stateText(state), sinceSeq: thread.sinceSeq, since: thread.sinceTime,
    reason, certainty: certain || stalled ? 'certain' : 'seen', text, waits: wait, waitsFor: [...wakers],
  };
}

/** Why nobody wakes a thread that somebody would have to. */
function helplessness({ wait, wakers, unknown }: Suspect, inCycle: boolean): Verdict {
  const certain = false;
  const text = wait?.text ?? 'waits';
  if (wakers.length > 0) {
    const names = [...new Set(wakers.map(({ thread }) => thread.name))].join(', ');
    return inCycle ? { reason: 'deadlock', certain, text: `${text}; ${names} waits for it in turn` } : { reason: 'waitsForHung', certain, text: `${text}; ${names} can never run again` };
  }
  if (unknown) return { reason: 'unknown', certain, text: `${text}; the trace does not say who could end that` };
  switch (wait?.for) {
    case 'message': return { reason: 'nobodySends', certain, text: `${text}, where nobody that is left was seen to send` };
    case 'signal': return { reason: 'nobodySignals', certain, text: `${text}, which nobody that is left was seen to signal` };
    case 'receiver':
    case 'faultHandler': return { reason: 'nobodyReceives', certain, text: `${text}, where nobody that is left was seen to receive` };
    case 'reply': return { reason: 'nobodyAnswers', certain, text: `${text}, and that thread is gone` };
    default: return { reason: 'nobodyResumes', certain, text: `${text}, and nobody that is left was seen to use its TCB` };
  }
}

/** Causes before consequences. */
function order(reason: HangReason): number {
  return reason === 'waitsForHung' ? 2 : reason === 'deadlock' ? 1 : 0;
}
