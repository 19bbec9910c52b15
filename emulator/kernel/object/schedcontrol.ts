// SPDX-License-Identifier: BSD-2-Clause
/** SchedControl_ConfigureFlags: the parameters of a scheduling context. Manual, "Scheduling Context Creation". */
import {
  CAP_TYPE, MIN_REFILLS, REFILL_BYTES, SCHED_CONTEXT_CORE_BYTES, ZERO, compare, fromNumber, type Word,
} from '../../../schema/abi/index.ts';
import type { SchedControlCap } from '../capability.ts';
import { ILLEGAL_OPERATION, TRUNCATED_MESSAGE, invalidCapability, rangeError, type SyscallError } from '../errors.ts';
import type { Invocation, Perform } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import type { SchedContext } from '../objects.ts';
import { commitTime } from '../scheduling/budget.ts';
import { resumeContext } from '../scheduling/context-binding.ts';
import { isRunnable, possibleSwitchTo, rescheduleRequired } from '../scheduling/readiness.ts';
import { dequeueReady } from '../scheduling/ready-queue.ts';
import { MIN_BUDGET, changeRefills, isActive, startRefills } from '../scheduling/refills.ts';
import { dequeueRelease } from '../scheduling/release-queue.ts';
import { argNumber, argWord, extraSlot } from './arguments.ts';
import { sendBuffer } from '../registers.ts';

/** `seL4_SchedContext_Sporadic`. */
const FLAG_SPORADIC = 1;
const MIN_BUDGET_US = fromNumber(MIN_BUDGET / 1000);

/** Longest period in µs: an eighth of what the 64-bit counter of a 10 MHz timer can hold. */
const MAX_PERIOD_US: Word = { lo: 0x3333_3333, hi: 0x0333_3333 };

/**
 * Longest time that the model keeps, ns (52 days). Longer periods, and budgets below them, are cut to it: virtual
 * time of a run stays far below, and larger numbers of nanoseconds would not be exact.
 */
const LONGEST = 2 ** 52;

interface Parameters {
  readonly budget: number;
  readonly period: number;
  readonly maxRefills: number;
  readonly badge: Word;
  readonly sporadic: boolean;
}

export function decodeSchedControl(kernel: Kernel, invocation: Invocation, cap: SchedControlCap): SyscallError | Perform {
  if (invocation.method !== 'SchedControlConfigureFlags') return ILLEGAL_OPERATION;
  const target = extraSlot(invocation, 0);
  const needed = kernel.defects.has('configure-flags-short') && sendBuffer(invocation.thread) !== undefined ? 4 : 5;
  if (target === undefined || invocation.length < needed) return TRUNCATED_MESSAGE;
  const budget = argWord(invocation, 0);
  const period = argWord(invocation, 1);
  const extraRefills = argNumber(invocation, 2);
  if (!isPeriod(budget) || !isPeriod(period)) return rangeError(MIN_BUDGET_US, MAX_PERIOD_US);
  if (compare(budget, period) > 0) return rangeError(MIN_BUDGET_US, period);
  if (target.cap.type !== CAP_TYPE.SchedContext) return invalidCapability(1);
  const context = target.cap.object;
  const most = refillCapacity(context) - MIN_REFILLS;
  if (extraRefills > most) return rangeError(ZERO, fromNumber(most));
  const parameters: Parameters = {
    ...nanoseconds(budget, period),
    maxRefills: MIN_REFILLS + extraRefills,
    badge: argWord(invocation, 3),
    sporadic: (invocation.argLo(4) & FLAG_SPORADIC) !== 0,
  };
  return () => {
    configure(kernel, context, cap.core, parameters);
    return 'done';
  };
}

function isPeriod(us: Word): boolean {
  return compare(us, MIN_BUDGET_US) >= 0 && compare(us, MAX_PERIOD_US) <= 0;
}

function nanoseconds(budget: Word, period: Word): { budget: number; period: number } {
  const ns = (us: Word): number => (us.hi * 0x1_0000_0000 + us.lo) * 1000;
  const longest = Math.min(ns(period), LONGEST);
  // A context stays round robin or sporadic when its times are cut.
  return { period: longest, budget: compare(budget, period) === 0 ? longest : Math.min(ns(budget), LONGEST / 2) };
}

/** How many refills a scheduling context of this size can hold. */
function refillCapacity(context: SchedContext): number {
  return Math.floor((2 ** context.sizeBits - SCHED_CONTEXT_CORE_BYTES) / REFILL_BYTES);
}

function configure(kernel: Kernel, context: SchedContext, core: number, parameters: Parameters): void {
  const { thread } = context;
  context.badge = parameters.badge;
  context.sporadic = parameters.sporadic;
  context.core = core;
  if (thread !== null) {
    dequeueRelease(kernel, thread);
    dequeueReady(kernel, thread);
  }
  if (context === kernel.currentSchedContext) {
    // What was used so far is charged under the old parameters.
    commitTime(kernel);
    kernel.reprogram = true;
  }
  const setRefills = thread !== null && isActive(context) && isRunnable(thread) ? changeRefills : startRefills;
  setRefills(context, parameters.maxRefills, parameters.budget, parameters.period, kernel.timestamp);
  if (thread === null) return;
  resumeContext(kernel, context);
  if (thread === kernel.current) rescheduleRequired(kernel);
  else if (isRunnable(thread)) possibleSwitchTo(kernel, thread);
}
