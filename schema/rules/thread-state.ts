// SPDX-License-Identifier: BSD-2-Clause
/** Rules over the states in which a trap leaves threads, and over the thread that runs next. */
import { CAP_TYPE } from '../abi/cap-types.ts';
import { STATE, THREAD_STATES } from '../abi/thread-state.ts';
import { CAUSE, DELIVERY, FLAG, TRANSITION_FLAG, type Transition, type TrapRecord } from '../trace/trap-record.ts';
import { TRIGGER, type Report, type RuleInfo, type TraceContext, type TraceRule } from './rule.ts';
import { SYSCALL_CLASS } from './syscall-class.ts';
import { EFFECT, effectsOf, isExplained, statesAfter } from './transition-table.ts';

const stateName = (state: number): string => THREAD_STATES[state] ?? `state ${state}`;

const exitState: RuleInfo = {
  id: 'S01', name: 'exit-state', severity: 'error',
  title: 'The kernel runs a thread that is not Running',
  explanation:
    'When the kernel returns to user mode, the thread it returns to is Running; one in Restart becomes Running on the way. ' +
    'A blocked or inactive thread that runs anyway continues with registers that nobody prepared, while others still think that it waits. ' +
    'The scheduler chose it although it had stopped, or a state was set after the choice.',
  references: ['93cc22b28', 'manual: Threads and Execution'],
};
export const S01: TraceRule = {
  info: exitState, on: TRIGGER.exit,
  check({ record, run }, report) {
    if (record.nextState === STATE.Running || record.next === 0 || record.nextState === STATE.IdleThreadState) return;
    report(exitState, `${run.describe(record.next)} runs next in state ${stateName(record.nextState)}, expected Running.`, record.next);
  },
};

const illegalTransition: RuleInfo = {
  id: 'S05', name: 'illegal-transition', severity: 'error',
  title: 'A thread changed to a state that this trap cannot bring it to',
  explanation:
    'Each kind of trap moves threads between few states: a message wakes a receiver, a reply lets a caller go on or a faulter start again, ' +
    'a destroyed endpoint restarts those who waited. This transition is none of those. ' +
    'The thread may run without an answer, repeat a fault, or wait for somebody who does not know of it.',
  references: ['5d1db7c94', '395df9396', '225d74f6a', 'f127b0bdb', 'efefbd832', 'manual: Threads and Execution'],
};
export const S05: TraceRule = {
  info: illegalTransition, on: TRIGGER.transition,
  check(context, report) {
    if (context.record.cause === CAUSE.boot) return;
    checkInvoker(context, report);
    checkOthers(context, report);
  },
};

function checkInvoker(context: TraceContext, report: Report): void {
  const { record, run, invokerState } = context;
  if (record.thread === 0 || ((statesAfter(context) >>> invokerState) & 1) === 1) return;
  report(illegalTransition, `${run.describe(record.thread)} is ${stateName(invokerState)} after its own trap, which cannot end so.`);
}

function checkOthers(context: TraceContext, report: Report): void {
  const { record, run } = context;
  let effects = -1;
  for (let i = 0; i < record.transitionCount; i++) {
    const step = record.transitions[i]!;
    if (step.thread === record.thread || step.thread === 0) continue;
    const transition = context.mcs ? withoutUnlinking(record, i) : step;
    if (transition === undefined) continue;
    if (effects < 0) effects = effectsOf(context);
    if (isExplained(context, transition, effects, run.thread(transition.thread))) continue;
    report(illegalTransition, `${run.describe(transition.thread)} went from ${stateName(transition.from)} to ${stateName(transition.to)}, which this trap does not explain.`, transition.thread);
  }
}

/**
 * MCS kernels make a thread Inactive when they take its reply object away, also on the way to its next state: the two
 * steps are one. Returns it for the first, nothing for the second, and any other step as it is.
 */
function withoutUnlinking(record: TrapRecord, index: number): Transition | undefined {
  const step = record.transitions[index]!;
  if (step.to === STATE.Inactive && hasReplyObject(step.from)) {
    const next = neighbour(record, index, 1);
    return next === undefined || next.to === STATE.Inactive ? step : { ...step, to: next.to };
  }
  const before = step.from === STATE.Inactive && step.to !== STATE.Inactive ? neighbour(record, index, -1) : undefined;
  return before !== undefined && hasReplyObject(before.from) ? undefined : step;
}

function hasReplyObject(state: number): boolean {
  return state === STATE.BlockedOnReceive || state === STATE.BlockedOnReply;
}

/** The transition of the same thread after (1) or before (-1) one. */
function neighbour(record: TrapRecord, index: number, direction: 1 | -1): Transition | undefined {
  const { thread } = record.transitions[index]!;
  for (let i = index + direction; i >= 0 && i < record.transitionCount; i += direction) {
    if (record.transitions[i]!.thread === thread) return record.transitions[i];
  }
  return undefined;
}

const orphanCaller: RuleInfo = {
  id: 'S06', name: 'orphan-caller', severity: 'error',
  title: 'A caller waits for a reply that nobody can give',
  explanation:
    'The thread is blocked on a reply, and no reply object or reply capability leads to it any more, so it waits for ever. On classic kernels ' +
    'a server may throw its caller away, by deleting the reply capability or by receiving from an endpoint again; this trap does neither. ' +
    'Keep the reply capability through operations that have nothing to do with it.',
  references: ['f15959a73', '5d1db7c94', 'manual: Calling and Replying'],
};
export const S06: TraceRule = {
  info: orphanCaller, on: TRIGGER.flagged,
  check(context, report) {
    const { record, mcs, run } = context;
    for (let i = 0; i < record.transitionCount; i++) {
      const { thread, flags } = record.transitions[i]!;
      if ((flags & TRANSITION_FLAG.orphaned) === 0 || !isLast(record, i)) continue;
      if (!mcs && mayAbandonCaller(context)) continue;
      report(orphanCaller, `${run.describe(thread)} waits for a reply, and nothing leads to it any more.`, thread);
    }
  },
};

/** Classic kernels: whether this trap may take the reply capability to a caller that still waits. */
function mayAbandonCaller(context: TraceContext): boolean {
  const { record, syscallClass } = context;
  if (syscallClass === SYSCALL_CLASS.receive || syscallClass === SYSCALL_CLASS.nbReceive || syscallClass === SYSCALL_CLASS.combined) {
    return record.capType === CAP_TYPE.Endpoint;
  }
  return (effectsOf(context) & EFFECT.destroy) !== 0;
}

/** Whether no later transition of this record is one of the same thread: flags are those of the thread at kernel exit. */
function isLast(record: TrapRecord, index: number): boolean {
  for (let i = index + 1; i < record.transitionCount; i++) {
    if (record.transitions[i]!.thread === record.transitions[index]!.thread) return false;
  }
  return true;
}

const queuedNotRunnable: RuleInfo = {
  id: 'S07', name: 'queued-not-runnable', severity: 'error',
  title: 'A thread that cannot run stands in a queue of the scheduler',
  explanation:
    'The ready queue is for threads that can run at once, the release queue for those that only wait for time. This thread is blocked or has no ' +
    'scheduling context, or stands in both queues. The scheduler will run it as soon as it comes first. ' +
    'Check that a thread can be scheduled before putting it into a queue, and take it out when it stops.',
  references: ['61b886664', 'c64867ebd', '6dbe58ef0', '232471e90'],
};
export const S07: TraceRule = {
  info: queuedNotRunnable, on: TRIGGER.flagged,
  check({ record, run }, report) {
    for (let i = 0; i < record.transitionCount; i++) {
      const { thread, to, flags } = record.transitions[i]!;
      if ((flags & TRANSITION_FLAG.misqueued) === 0 || !isLast(record, i)) continue;
      report(queuedNotRunnable, `${run.describe(thread)} is ${stateName(to)} and stands in a queue of the scheduler where it does not belong.`, thread);
    }
  },
};

const staleFault: RuleInfo = {
  id: 'S08', name: 'stale-fault', severity: 'error',
  title: 'A thread that goes on still has a fault',
  explanation:
    'A fault is recorded for a thread as long as it waits for its handler. This thread may run or waits for something else, and its fault is still ' +
    'recorded: whatever it sends next will be delivered as that fault. ' +
    'Clear the fault wherever the wait for the handler ends, by an answer or not.',
  references: ['12be24951'],
};
export const S08: TraceRule = {
  info: staleFault, on: TRIGGER.flagged,
  check({ record, run }, report) {
    for (let i = 0; i < record.transitionCount; i++) {
      const { thread, from, to, flags } = record.transitions[i]!;
      if ((flags & TRANSITION_FLAG.faultRecorded) === 0 || MAY_HAVE_FAULT.includes(to) || !isLast(record, i)) continue;
      // That it runs now was to be expected when it was put into Restart: said then, unless it is the same trap.
      if (from === STATE.Restart && to === STATE.Running && neighbour(record, i, -1) === undefined) continue;
      report(staleFault, `${run.describe(thread)} is ${stateName(to)}, and its fault is still recorded.`, thread);
    }
  },
};

const MAY_HAVE_FAULT: readonly number[] = [STATE.BlockedOnSend, STATE.BlockedOnReply, STATE.Inactive];

const deadRuns: RuleInfo = {
  id: 'S09', name: 'dead-runs', severity: 'error',
  title: 'A destroyed thread is alive',
  explanation:
    'The thread was destroyed, so its memory may already hold another object, and yet it runs or takes another state than Inactive. ' +
    'Whatever it does from now on damages that memory. ' +
    'Deleting a thread must take it out of every queue and, if it is the current one, make the scheduler choose again.',
  references: ['acdf0be5e', '0647a84c3', '8373f0a0a', 'bbd3f5ab1'],
};
export const S09: TraceRule = {
  info: deadRuns, on: TRIGGER.destroyedBefore | TRIGGER.flagged,
  check(context, report) {
    const { record, run } = context;
    if (record.next !== 0 && (context.next.destroyed || destroyedHere(record, record.next))) {
      report(deadRuns, `${run.describe(record.next)} was destroyed and runs next.`, record.next);
    }
    for (let i = 0; i < record.transitionCount; i++) {
      const { thread, to } = record.transitions[i]!;
      if (to === STATE.Inactive || thread === 0 || thread === record.next || !run.thread(thread).destroyed) continue;
      report(deadRuns, `${run.describe(thread)} was destroyed and became ${stateName(to)}.`, thread);
    }
  },
};

function destroyedHere(record: TrapRecord, thread: number): boolean {
  if (thread === record.thread && (record.flags & FLAG.invokerDestroyed) !== 0) return true;
  for (let i = 0; i < record.transitionCount; i++) {
    const transition = record.transitions[i]!;
    if (transition.thread === thread && (transition.flags & TRANSITION_FLAG.destroyed) !== 0) return true;
  }
  return false;
}

const yieldLink: RuleInfo = {
  id: 'S11', name: 'yield-link', severity: 'error',
  title: 'A thread runs while its YieldTo is still pending',
  explanation:
    'A YieldTo is complete at the latest when its caller runs again, because then the consumed time is written into its registers. ' +
    'This thread runs with the link to the other scheduling context still set: it has read an interim reply, and the real one will hit it later. ' +
    'Complete the yield wherever the thread is activated.',
  references: ['6611cff6c', 'fba2c8451', 'manual: Scheduling Contexts'],
};
export const S11: TraceRule = {
  info: yieldLink, on: TRIGGER.yieldPending,
  check(context, report) {
    const { record, next, run, model } = context;
    if (record.next === 0) return;
    if (record.next === record.thread) {
      if ((record.flags & FLAG.yieldPending) !== 0) report(yieldLink, `${run.describe(record.next)} runs on with a pending YieldTo.`, record.next);
    } else if (next.yieldPending && next.lastWasKernelCall && !next.registersWritten && !completesYield(record)) {
      report(yieldLink, `${run.describe(record.next)} runs again, but the YieldTo of its trap ${next.lastTrap} was not completed.`, record.next, model.byLabel[next.lastMethod]);
    }
  },
};

/** Whether the yield of the thread that runs next is answered or cancelled in this trap. */
function completesYield(record: TrapRecord): boolean {
  for (let i = 0; i < record.deliveryCount; i++) {
    const delivery = record.deliveries[i]!;
    if (delivery.thread === record.next && delivery.kind === DELIVERY.lateReply) return true;
  }
  for (let i = 0; i < record.transitionCount; i++) {
    const transition = record.transitions[i]!;
    if (transition.thread === record.next && transition.to === STATE.Inactive) return true;
  }
  return false;
}

const runningWithoutSchedContext: RuleInfo = {
  id: 'S12', name: 'running-without-sc', severity: 'error',
  title: 'A thread runs without a scheduling context of its own',
  explanation:
    'On an MCS kernel only a thread with a scheduling context may run; its time is charged to it. Without one, with one that is bound to another ' +
    'thread, or while another one is charged, the time goes to somebody else, or the kernel stops when it looks for the budget. ' +
    'Operations that take a scheduling context from the running thread, or lend it one, have to make the scheduler choose again.',
  references: ['52dd8f092', 'd989d2b85', 'e94c928bc', '82601b883', 'f127b0bdb', '7258ea5bb', 'manual: Scheduling Contexts'],
};
export const S12: TraceRule = {
  info: runningWithoutSchedContext, on: TRIGGER.exit,
  check({ record, mcs, run }, report) {
    if ((record.flags & FLAG.nextHasSchedContext) !== 0 || !mcs || record.next === 0) return;
    report(runningWithoutSchedContext, `${run.describe(record.next)} runs next and has no scheduling context of its own that is charged.`, record.next);
  },
};
