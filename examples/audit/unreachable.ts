// SPDX-License-Identifier: BSD-2-Clause
/** What the audit does not do, and why. */
import type { Method, Scheduling } from 'sel4scope/schema';
import type { SituationKind } from './variant.ts';

/** Documented errors that no request can bring about, as `METHOD/ERROR`, with the reason. */
export function unreachable(_scheduling: Scheduling): Readonly<Record<string, string>> {
  return {};
}

/** Rules that no record of the configuration can be about, with the reason. */
export function notAsked(scheduling: Scheduling): Readonly<Record<string, string>> {
  return scheduling === 'classic' ? { N02: YIELD_TO, S11: YIELD_TO, T01: 'classic kernels count no consumed time' } : {};
}

const YIELD_TO = 'it is about YieldTo, which classic kernels do not have';

/** Why a method has no case of a kind; {@link NOT_TRIED} where it could have one. */
export function whyNot(kind: SituationKind, method: Method, scheduling: Scheduling): string {
  switch (kind) {
    case 'refused': return method.errors.some(({ error }) => !OF_ANY_METHOD.has(error)) ? NOT_TRIED : 'it documents no error besides those of a null capability and one of the wrong type';
    case 'too little': return method.requestLength + method.capParameters.length > 0 ? NOT_TRIED : 'it takes neither words nor capabilities';
    case 'bad depth': return method.parameters.some(({ name }) => name.endsWith('depth')) ? NOT_TRIED : 'it names no slot by its depth';
    case 'out of budget': return scheduling === 'classic' ? 'classic kernels have no budgets' : NOT_TRIED;
    case 'preempted': return RUN_LONG.has(method.id) ? NOT_TRIED : 'it does not run long';
    case 'late answer': return method.contract.mayComeLater ? NOT_TRIED : 'it answers at once';
    default: return NOT_TRIED;
  }
}

export const NOT_TRIED = 'not tried';

/** Errors of any invocation of a null capability or one of another type. */
const OF_ANY_METHOD: ReadonlySet<string> = new Set(['InvalidCapability', 'IllegalOperation']);

/** Methods with preemption points. Manual, "Preemption"; what else destroys a CNode refuses to when that may take long. */
const RUN_LONG: ReadonlySet<string> = new Set(['UntypedRetype', 'CNodeRevoke', 'CNodeDelete']);
