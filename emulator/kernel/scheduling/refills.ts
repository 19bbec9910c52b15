// SPDX-License-Identifier: BSD-2-Clause
/**
 * Replenishments of a scheduling context, as in the manual's "Scheduling Contexts". All times in virtual ns.
 *
 * A sporadic context (budget < period) holds refills in the order of their times; what is used of one comes back a
 * period after the time from which it could be used. A round-robin context (budget = period) always holds two: the
 * head is what is left of the time slice, the tail what was used of it. The amounts always sum up to the budget.
 */
import { MIN_REFILLS } from '../../../schema/abi/index.ts';
import type { Refill, SchedContext } from '../objects.ts';

/** Worst time that the kernel takes between entry and exit (`CONFIG_KERNEL_WCET_SCALE`, 10 µs on qemu-riscv-virt). */
const KERNEL_WCET = 10_000;

/** Least budget with which a thread may run or a head refill exist: into the kernel and out again. */
export const MIN_BUDGET = 2 * KERNEL_WCET;

/** Whether the context was configured. */
export function isActive(context: SchedContext): boolean {
  return context.maxRefills > 0;
}

export function isRoundRobin(context: SchedContext): boolean {
  return context.period === context.budget;
}

/** Whether the head refill may be used now. */
export function headReady(context: SchedContext, now: number): boolean {
  return context.refills[0]!.time <= now;
}

/** Whether enough of the head refill is left after `usage` ns to run. */
export function headSufficient(context: SchedContext, usage = 0): boolean {
  return context.refills[0]!.amount - usage >= MIN_BUDGET;
}

/** Whether a thread could run on the context now: configured, its head refill ready and sufficient. */
export function isReleased(context: SchedContext, now: number): boolean {
  return isActive(context) && headReady(context, now) && headSufficient(context);
}

/** Gives a context that nobody runs on new parameters: its whole budget from now on. */
export function startRefills(context: SchedContext, maxRefills: number, budget: number, period: number, now: number): void {
  setParameters(context, maxRefills, budget, period);
  context.refills.length = 0;
  context.refills.push({ time: now, amount: budget });
  if (isRoundRobin(context)) context.refills.push({ time: now, amount: 0 });
}

/**
 * Gives a context that is in use new parameters. The head refill stays, cut to the new budget; what is missing of
 * the new budget comes a new period later, so that the new budget is never exceeded within a new period.
 */
export function changeRefills(context: SchedContext, maxRefills: number, budget: number, period: number, now: number): void {
  const head = context.refills[0]!;
  if (headReady(context, now)) head.time = now;
  setParameters(context, maxRefills, budget, period);
  context.refills.length = 1;
  const missing = budget - head.amount;
  if (missing > 0) {
    context.refills.push({ time: head.time + (isRoundRobin(context) ? 0 : period), amount: missing });
  } else {
    head.amount = budget;
    if (isRoundRobin(context)) context.refills.push({ time: head.time, amount: 0 });
  }
}

function setParameters(context: SchedContext, maxRefills: number, budget: number, period: number): void {
  context.budget = budget;
  context.period = period;
  // A round-robin context needs its two refills and no more.
  context.maxRefills = budget === period ? MIN_REFILLS : maxRefills;
}

/** Takes `usage` ns of the time slice of a round-robin context. */
export function useSlice(context: SchedContext, usage: number): void {
  context.refills[0]!.amount -= usage;
  context.refills[1]!.amount += usage;
}

/** Ends the time slice of a round-robin context: the next one is there at once. */
export function renewSlice(context: SchedContext): void {
  const [head, tail] = context.refills;
  head!.amount += tail!.amount;
  tail!.amount = 0;
}

/** Takes `usage` ns from the refills of a sporadic context, and schedules their replenishment. */
export function useRefills(context: SchedContext, usage: number): void {
  const { refills, period } = context;
  let left = usage;
  while (refills[0]!.amount <= left) {
    const used = refills[0]!;
    left -= used.amount;
    used.time += period;
    if (refills.length > 1) {
      refills.shift();
      replenish(context, used);
    }
  }
  const head = refills[0]!;
  if (left > 0) {
    const used: Refill = { time: head.time + period, amount: left };
    head.amount -= left;
    // What is left of the head is used after what was used of it.
    head.time += left;
    replenish(context, used);
  }
  while (!headSufficient(context)) mergeHead(context, refills[0]!.amount);
}

/** Adds a replenishment at the tail: joined with the tail where they touch, or where there is no room for it. */
function replenish(context: SchedContext, refill: Refill): void {
  const { refills } = context;
  const tail = refills[refills.length - 1]!;
  if (refill.time <= tail.time + tail.amount) {
    tail.amount += refill.amount;
  } else if (refills.length < context.maxRefills) {
    refills.push(refill);
  } else {
    // The joined refill ends where the later of the two would have ended.
    tail.time = refill.time - tail.amount;
    tail.amount += refill.amount;
  }
}

/** Joins the head with the refill behind it, which then starts `advance` ns earlier. */
function mergeHead(context: SchedContext, advance: number): void {
  const head = context.refills.shift()!;
  const next = context.refills[0]!;
  next.amount += head.amount;
  next.time -= advance;
}

/**
 * For a context that comes into use: unused time does not add up, so a head refill that is ready counts from now,
 * and refills that overlap it are joined with it. True when the refills changed.
 */
export function countFromNow(context: SchedContext, now: number): boolean {
  if (isRoundRobin(context) || !headReady(context, now)) return false;
  const { refills } = context;
  refills[0]!.time = now;
  while (refills.length > 1 && refills[1]!.time <= refills[0]!.time + refills[0]!.amount) {
    mergeHead(context, refills[1]!.time - now);
  }
  return true;
}
