// SPDX-License-Identifier: BSD-2-Clause
/** What the audit does not do, and why. */
import type { Method, Scheduling } from 'sel4scope/schema';
import type { SituationKind } from './variant.ts';

/** Documented errors that no request can bring about, as `METHOD/ERROR`, with the reason. */
export function unreachable(_scheduling: Scheduling): Readonly<Record<string, string>> {
  return {};
}

/** Why a method has no case of a kind. */
export function whyNot(kind: SituationKind, method: Method, scheduling: Scheduling): string {
  switch (kind) {
    case 'refused': return 'it documents no error besides those of a null capability and one of the wrong type';
    case 'too little': return 'it takes neither words nor capabilities';
    case 'out of budget': return scheduling === 'classic' ? 'classic kernels have no budgets' : 'not tried';
    case 'preempted': return 'it does not run long';
    case 'caller stopped': return 'it cannot stop its caller';
    case 'late answer': return method.contract.mayComeLater ? 'not tried' : 'it answers at once';
    default: return 'not tried';
  }
}
