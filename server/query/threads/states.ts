// SPDX-License-Identifier: BSD-2-Clause
/** All threads of a run as a record leaves them. */
import type { SubjectRef, ThreadNow, ThreadStates, ThreadStory } from '../../../schema/api/index.ts';
import { activityName } from '../../store/activity.ts';
import type { ThreadHistory } from './thread-history.ts';
import { stateOf, stateText, waitOf, type RunInTime } from './waits.ts';

/** Threads by their ids. */
export function statesOf(run: RunInTime, runId: string): ThreadStates {
  const { history } = run;
  return {
    run: runId, at: history.lastSeq, time: history.lastTime,
    threads: [...history.threads].sort((a, b) => a.id - b.id).map((thread) => threadNow(run, thread)),
  };
}

/** MCS: the scheduling context of a thread, as invocations set it up. */
export function schedContextOf({ setup, ref }: RunInTime, thread: number): Pick<ThreadStory, 'schedContext' | 'schedContextKnown'> {
  const context = setup.schedContextOf(thread);
  const object = (id: number): SubjectRef | null => (id === 0 ? null : ref(id));
  return {
    schedContext: context?.lostSeq === 0 ? { object: object(context.object), budgetUs: context.budgetUs, periodUs: context.periodUs, seq: context.seq } : null,
    schedContextKnown: context !== undefined,
  };
}

function threadNow(run: RunInTime, thread: ThreadHistory): ThreadNow {
  const { history, ref } = run;
  return {
    thread: ref(thread.id), state: stateText(stateOf(thread)), destroyed: thread.destroyed === 1, sinceSeq: thread.sinceSeq, since: thread.sinceTime,
    isRunning: thread.id === history.running, waits: waitOf(run, thread), ...schedContextOf(run, thread.id),
    lastTrap: thread.lastTrap === 0 ? null : { seq: thread.lastTrap, what: activityName(thread.lastActivity, run.interfaces) },
  };
}
