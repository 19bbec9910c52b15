// SPDX-License-Identifier: BSD-2-Clause
import type { KernelObserver } from '../host.ts';

const nothing = (): void => {};

/** Observer of a kernel that nobody watches. */
export const SILENT: KernelObserver = Object.freeze({
  subject: nothing, destroyed: nothing, entry: nothing, invocation: nothing, delivery: nothing, slotWritten: nothing,
  bufferWordWritten: nothing, stateWritten: nothing, orphaned: nothing, faulted: nothing, strayAccess: nothing, preempted: nothing, outOfBudget: nothing,
  yieldPending: nothing, exit: nothing,
});

/** One observer that passes everything to two. */
export function both(first: KernelObserver, second: KernelObserver): KernelObserver {
  return {
    subject(...a) { first.subject(...a); second.subject(...a); },
    destroyed(...a) { first.destroyed(...a); second.destroyed(...a); },
    entry(...a) { first.entry(...a); second.entry(...a); },
    invocation(...a) { first.invocation(...a); second.invocation(...a); },
    delivery(...a) { first.delivery(...a); second.delivery(...a); },
    slotWritten(...a) { first.slotWritten(...a); second.slotWritten(...a); },
    bufferWordWritten(...a) { first.bufferWordWritten(...a); second.bufferWordWritten(...a); },
    stateWritten(...a) { first.stateWritten(...a); second.stateWritten(...a); },
    orphaned(...a) { first.orphaned(...a); second.orphaned(...a); },
    faulted(...a) { first.faulted(...a); second.faulted(...a); },
    strayAccess(...a) { first.strayAccess(...a); second.strayAccess(...a); },
    preempted() { first.preempted(); second.preempted(); },
    outOfBudget() { first.outOfBudget(); second.outOfBudget(); },
    yieldPending(...a) { first.yieldPending(...a); second.yieldPending(...a); },
    exit(...a) { first.exit(...a); second.exit(...a); },
  };
}
