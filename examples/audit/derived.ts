// SPDX-License-Identifier: BSD-2-Clause
/** Situations that every method has, made from the first request that it accepts. */
import type { Capability, Thread } from 'sel4scope';
import { MSG_MAX_EXTRA_CAPS, MSG_MAX_LENGTH, type Method, type Scheduling } from 'sel4scope/schema';
import { CALLER_PRIORITY, type Auditor, type Expectation } from './auditor.ts';
import { DEPTH, NO_SLOT } from './objects.ts';
import type { Request } from './request.ts';
import type { Built, SituationKind, Variant } from './variant.ts';

/** A budget, and a time after which what is left of it is too little for a kernel entry. */
const SMALL_BUDGET_US = 1000;
const ALMOST_ALL_NS = 985_000;

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
  for (const { name } of method.parameters.filter(({ name }) => name.endsWith('depth'))) {
    const bad = (depth: number): Variant => derive('bad depth', 'RangeError', (built) => ({ ...built, args: { ...built.args, [name]: depth } }));
    variants[`${name}-65`] = bad(DEPTH + 1);
    // Retype means its root CNode by a depth of 0.
    if (method.id !== 'UntypedRetype') variants[`${name}-0`] = bad(0);
  }
  return { ...variants, ...stoppedBefore(good) };
}

/**
 * The caller is about to make its system call, its time is over, and another thread stops it: it makes the system call
 * when it goes on, or never.
 */
function stoppedBefore(good: Variant): Record<string, Variant> {
  const stopped = (kind: SituationKind, expect: Expectation, act: (self: Thread, a: Auditor) => Promise<void>): Variant => ({
    ...good, kind, expect, syscalls: ['Call', 'Send'],
    caller: { ...good.caller, budgetUs: SMALL_BUDGET_US, periodUs: 10 * SMALL_BUDGET_US },
    build: async (a) => {
      const built = await good.build(a);
      const ready = await a.create('Notification', { name: 'ready' });
      const signal = await a.task.mint(ready, 1);
      // MCS: below the caller, it runs when the caller has no budget. Classic: when the caller's time slice is over.
      const priority = a.mcs ? MEDDLER_PRIORITY : good.caller?.priority ?? CALLER_PRIORITY;
      await a.start({ name: 'meddler', priority, run: async (self) => {
        await self.use(ready).wait();
        await act(self, a);
      } });
      return { ...built, before: async (self) => {
        await built.before?.(self);
        await self.use(signal).signal();
        await self.compute(a.mcs ? ALMOST_ALL_NS : MORE_THAN_A_SLICE_NS);
      } };
    },
  });
  return {
    'suspended-before-and-resumed': stopped('caller suspended', good.expect, async (self, a) => {
      await self.use(a.caller.tcb).suspend();
      await self.use(a.caller.tcb).resume();
    }),
    'deleted-before': stopped('caller deleted', 'stops', (self, a) => self.cnode.delete(a.caller.tcb.cptr, DEPTH)),
  };
}

const MEDDLER_PRIORITY = 1;
/** Classic: five ticks of 2 ms are a time slice; a kernel's first tick comes when it likes. */
const MORE_THAN_A_SLICE_NS = 6 * 2_000_000;

/** A kernel object of another type than the method is for. */
function otherType({ interfaceName }: Method, a: Auditor): Capability {
  return interfaceName === 'seL4_Untyped' ? a.task.domainSet : a.task.initialUntypeds[0]!;
}

/** System calls that can invoke, by configuration. */
export const INVOKING: Readonly<Record<Scheduling, readonly ('Call' | 'Send' | 'NBSend' | 'NBSendRecv' | 'NBSendWait')[]>> = {
  mcs: ['Call', 'Send', 'NBSend', 'NBSendRecv', 'NBSendWait'],
  classic: ['Call', 'Send', 'NBSend'],
};
