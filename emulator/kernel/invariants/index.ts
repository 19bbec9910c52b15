// SPDX-License-Identifier: BSD-2-Clause
/** Checks of the whole kernel between two traps. */
import type { Kernel } from '../kernel.ts';
import { allSlots, cspaceViolations } from './cspace.ts';
import { interruptViolations } from './interrupts.ts';
import { threadViolations } from './threads.ts';
import type { InvariantName, Violation } from './violation.ts';
import { vspaceViolations } from './vspace.ts';

export { INVARIANTS, type InvariantName, type Violation } from './violation.ts';

/** Every broken invariant; empty when all is well. Meant for a kernel exit: within a trap some do not hold. */
export function checkInvariants(kernel: Kernel): Violation[] {
  const slots = allSlots(kernel);
  return [...threadViolations(kernel), ...cspaceViolations(kernel, slots), ...vspaceViolations(kernel, slots), ...interruptViolations(kernel)];
}

/** The kernel model broke one of its own invariants. */
export class InvariantError extends Error {
  /** The first of {@link violations}. */
  readonly invariant: InvariantName;
  readonly detail: string;
  /** Number of the trap that broke it, from 1: the sequence number of its record when it is traced from boot. */
  readonly trap: number;
  readonly violations: readonly Violation[];

  /** @param violations at least one */
  constructor(violations: readonly [Violation, ...Violation[]], trap: number) {
    const [first] = violations;
    super(`invariant ${first.name} broken in trap ${trap}: ${violations.map(({ detail }) => detail).join('; ')}`);
    this.name = 'InvariantError';
    this.invariant = first.name;
    this.detail = first.detail;
    this.trap = trap;
    this.violations = violations;
  }
}

/** A hook for `ModelOptions.afterTrap`, for one kernel: throws an {@link InvariantError} at the first trap that breaks an invariant. */
export function stopOnViolation(): (kernel: Kernel) => void {
  let trap = 0;
  return (kernel) => {
    trap++;
    const [first, ...others] = checkInvariants(kernel);
    if (first !== undefined) throw new InvariantError([first, ...others], trap);
  };
}
