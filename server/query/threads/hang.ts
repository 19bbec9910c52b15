// SPDX-License-Identifier: BSD-2-Clause
/** Which threads can never run again, and why. */
import { STATE } from '../../../schema/abi/thread-state.ts';
import type { HangReason, HangReport, HungThread, SubjectRef, ThreadWait } from '../../../schema/api/index.ts';
import { cyclesOf } from './cycles.ts';
import type { ThreadHistory } from './thread-history.ts';
import { hasFinished, isRunnable, verdictOf, type Verdict } from './verdicts.ts';
import { stateOf, stateText, waitOf, wakersOf, type RunInTime, type Wakers } from './waits.ts';

interface Suspect extends Wakers {
  readonly thread: ThreadHistory;
  readonly state: number;
  readonly wait: ThreadWait | null;
  /** What the kernel's own state says, whoever else lives. */
  readonly verdict: Verdict | undefined;
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
  const threads = [...history.threads].filter((thread) => thread.destroyed === 0 && stateOf(thread) !== STATE.IdleThreadState).sort((a, b) => a.id - b.id);
  const finished = new Set(threads.filter(hasFinished).map(({ id }) => id));
  const suspects = threads.filter(({ id }) => !finished.has(id)).map((thread) => suspect(run, thread, finished, stalled));
  const living = stalled ? new Set<number>() : livingOf(suspects);
  const left = suspects.filter(({ thread }) => wasStarted(thread) && !living.has(thread.id));
  const stopped = left.filter(wasStopped);
  const idle = completed ? left.filter(isIdle) : [];
  const hung = left.filter((each) => !stopped.includes(each) && !idle.includes(each));
  const edges = new Map(hung.map(({ thread, wakers, verdict }) => [thread.id, verdict === undefined ? wakers.map((waker) => waker.thread.id) : []]));
  const cycles = cyclesOf(edges);
  const inCycle = new Set(cycles.flat());
  const named = hung.map((each) => hungThread(run, each, inCycle.has(each.thread.id), stalled));
  const refsOf = (each: readonly Suspect[]): SubjectRef[] => each.map(({ thread }) => run.ref(thread.id));
  return {
    run: runId, at: history.lastSeq, time: history.lastTime, stalled, completed,
    alive: suspects.filter(({ thread }) => wasStarted(thread) && living.has(thread.id)).length,
    finished: [...finished].map(run.ref), stopped: refsOf(stopped), neverStarted: refsOf(suspects.filter(({ thread }) => !wasStarted(thread))), idle: refsOf(idle),
    hung: named.sort((a, b) => order(a.reason) - order(b.reason) || a.sinceSeq - b.sinceSeq),
    cycles: cycles.map((cycle) => cycle.map((id) => run.ref(id))),
  };
}

/** What is known of one thread; those that came to their end wake nobody. */
function suspect(run: RunInTime, thread: ThreadHistory, finished: ReadonlySet<number>, stalled: boolean): Suspect {
  const wait = waitOf(run, thread);
  const { wakers, unknown } = wakersOf(run, thread, wait);
  return { thread, state: stateOf(thread), wait, wakers: wakers.filter((waker) => !finished.has(waker.thread.id)), unknown, verdict: verdictOf(run, thread, stalled) };
}

/** Least set of threads that live: runnable ones, and from there all that they could wake. */
function livingOf(suspects: readonly Suspect[]): ReadonlySet<number> {
  const living = new Set<number>();
  const wokenBy = new Map<number, Suspect[]>();
  const fresh: Suspect[] = [];
  for (const each of suspects.filter(({ verdict }) => verdict === undefined)) {
    if (isRunnable(each.state) || each.unknown || each.wakers.some(({ how }) => how === 'interrupts')) fresh.push(each);
    for (const { thread: { id } } of each.wakers) {
      const woken = wokenBy.get(id);
      if (woken === undefined) wokenBy.set(id, [each]);
      else woken.push(each);
    }
  }
  for (let each = fresh.pop(); each !== undefined; each = fresh.pop()) {
    if (living.has(each.thread.id)) continue;
    living.add(each.thread.id);
    fresh.push(...wokenBy.get(each.thread.id) ?? []);
  }
  return living;
}

function wasStarted(thread: ThreadHistory): boolean {
  return thread.state >= 0;
}

/** Inactive, and not by a fault or a lost answer of its own. */
function wasStopped({ state, verdict }: Suspect): boolean {
  return state === STATE.Inactive && verdict === undefined;
}

/** A server without a client, or a thread that waits for a signal: what threads do that have nothing to do. */
function isIdle({ wait, verdict }: Suspect): boolean {
  return verdict === undefined && (wait?.for === 'message' || wait?.for === 'signal');
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
  if (wakers.some(({ how }) => how === 'interrupts')) return { reason: 'nobodySignals', certain, text: `${text}, which interrupts signal, and none was to come` };
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
