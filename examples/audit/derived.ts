// SPDX-License-Identifier: BSD-2-Clause
/** Situations that every method has, made from the first request that it accepts. */
import type { Capability } from 'sel4scope';
import { MSG_MAX_EXTRA_CAPS, MSG_MAX_LENGTH, type Method, type Scheduling } from 'sel4scope/schema';
import type { Auditor } from './auditor.ts';
import { NO_SLOT } from './objects.ts';
import type { Request } from './request.ts';
import type { Expectation } from './auditor.ts';
import type { Built, SituationKind, Variant } from './variant.ts';

/** A budget that is gone when the caller has computed for longer. */
const SMALL_BUDGET_US = 1000;
const ALMOST_ALL_NS = 999_000;

/** Situations of a method by name. `good` is a request that it accepts. */
export function derivedVariants(method: Method, good: Variant): Record<string, Variant> {
  const derive = (kind: SituationKind, expect: Expectation, change: (built: Built, a: Auditor) => Built, options: Partial<Variant> = {}): Variant => (
    { ...good, kind, expect, build: async (a) => change(await good.build(a), a), ...options });
  const spoilt = (kind: SituationKind, expect: Expectation, spoil: (request: Request) => Request): Variant =>
    derive(kind, expect, (built) => ({ ...built, spoil }));
  const variants: Record<string, Variant> = {
    'null': derive('null', 'InvalidCapability', (built) => ({ ...built, cap: 0 })),
    'wrong-type': derive('wrong type', 'IllegalOperation', (built, a) => ({ ...built, cap: otherType(method, a) })),
    'no-such-slot': derive('no such slot', 'stops', (built) => ({ ...built, cap: NO_SLOT }), { syscalls: ['Call', 'Send'] }),
    'no-such-slot-nb': derive('no such slot', 'any', (built) => ({ ...built, cap: NO_SLOT }), { syscalls: ['NBSend', 'NBSendRecv', 'NBSendWait'] }),
    'full-message': spoilt('too much', 'accepted', (request) => ({
      ...request, length: MSG_MAX_LENGTH, extraCaps: MSG_MAX_EXTRA_CAPS, caps: [...request.caps, 0n, 0n, 0n].slice(0, MSG_MAX_EXTRA_CAPS),
    })),
    'out-of-budget': derive('out of budget', good.expect, (built) => ({ ...built, before: (self) => self.compute(ALMOST_ALL_NS) }), {
      only: 'mcs', caller: { ...good.caller, budgetUs: SMALL_BUDGET_US, periodUs: 10 * SMALL_BUDGET_US },
    }),
  };
  if (method.requestLength > 0) {
    variants['no-words'] = spoilt('too little', 'TruncatedMessage', (request) => ({ ...request, length: 0 }));
    variants['a-word-missing'] = spoilt('too little', 'any', (request) => ({ ...request, length: request.length - 1 }));
  }
  if (method.capParameters.length > 0) {
    variants['no-extra-caps'] = spoilt('too little', 'TruncatedMessage', (request) => ({ ...request, extraCaps: 0 }));
  }
  return variants;
}

/** A kernel object of another type than the method is for. */
function otherType({ interfaceName }: Method, a: Auditor): Capability {
  return interfaceName === 'seL4_Untyped' ? a.task.domainSet : a.task.initialUntypeds[0]!;
}

/** System calls that can invoke, by configuration. */
export const INVOKING: Readonly<Record<Scheduling, readonly ('Call' | 'Send' | 'NBSend' | 'NBSendRecv' | 'NBSendWait')[]>> = {
  mcs: ['Call', 'Send', 'NBSend', 'NBSendRecv', 'NBSendWait'],
  classic: ['Call', 'Send', 'NBSend'],
};
