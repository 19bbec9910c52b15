// SPDX-License-Identifier: BSD-2-Clause
/** Scheduling contexts, domains, interrupts. */
import type { Capability } from 'sel4scope';
import type { Auditor } from './auditor.ts';
import { DEPTH, NO_SLOT, bareThread, configuredContext, idleThread } from './objects.ts';
import type { Arguments } from './request.ts';
import { accepted, refused, type Built, type Variant, type Variants } from './variant.ts';

async function configure(a: Auditor, args: Arguments = {}): Promise<Built> {
  const schedcontext = await a.create('SchedContext', { sizeBits: 8 });
  return { cap: a.task.schedControl(), args: { schedcontext, budget: 1000, period: 5000, ...args } };
}

/** The methods that give an interrupt handler. */
function issueErrors(issue: (a: Auditor, args: Arguments) => Promise<Built>): Readonly<Record<string, Variant>> {
  return {
    ok: accepted((a) => issue(a, {})),
    occupied: refused('DeleteFirst', async (a) => issue(a, { index: (await bareThread(a)).cptr })),
    'no-slot': refused('FailedLookup', (a) => issue(a, { index: NO_SLOT })),
    'root-is-tcb': refused('FailedLookup', async (a) => issue(a, { root: await bareThread(a) })),
    'no-such-irq': refused('RangeError', (a) => issue(a, { irq: 5000 })),
    'irq-0': refused('RangeError', (a) => issue(a, { irq: 0 })),
    'issued-already': refused('RevokeFirst', async (a) => {
      const irq = a.freeIrq();
      await a.task.irqControl.get(irq, a.task.cnode, a.emptySlot(), DEPTH);
      return issue(a, { irq });
    }),
  };
}

async function issue(a: Auditor, args: Arguments): Promise<Built> {
  return { cap: a.task.irqControl, args: { irq: a.freeIrq(), root: a.task.cnode, index: a.emptySlot(), depth: DEPTH, ...args } };
}

/** A handler for an interrupt. */
async function handler(a: Auditor): Promise<bigint> {
  const slot = a.emptySlot();
  await a.task.irqControl.get(a.freeIrq(), a.task.cnode, slot, DEPTH);
  return BigInt(slot);
}

async function bound(a: Auditor, object: Capability): Promise<Built> {
  const context = await configuredContext(a);
  await context.bind(object);
  return { cap: context, args: { cap: object } };
}

export const SCHEDULING: Variants = {
  SchedControlConfigureFlags: {
    ok: accepted((a) => configure(a, { extra_refills: 2, badge: 0xffff_ffff_ffff_ffffn })),
    sporadic: accepted((a) => configure(a, { flags: 1 })),
    running: accepted(async (a) => configure(a, { schedcontext: (await a.start({ name: 'ready', priority: 10, run: () => {} })).schedContext })),
    own: accepted((a) => configure(a, { schedcontext: a.caller.schedContext })),
    'budget-above-period': refused('RangeError', (a) => configure(a, { budget: 5000, period: 1000 })),
    'budget-too-small': refused('RangeError', (a) => configure(a, { budget: 0 })),
    'too-many-refills': refused('RangeError', (a) => configure(a, { extra_refills: 1000 })),
    'context-is-cnode': refused('InvalidCapability', (a) => configure(a, { schedcontext: a.task.cnode })),
  },
  SchedContextBind: {
    thread: accepted(async (a) => ({ cap: await configuredContext(a), args: { cap: await bareThread(a) } })),
    notification: accepted(async (a) => ({ cap: await configuredContext(a), args: { cap: await a.create('Notification') } })),
    'bound-already': refused('IllegalOperation', async (a) => ({ cap: (await idleThread(a)).schedContext, args: { cap: await bareThread(a) } })),
    'thread-has-one': refused('IllegalOperation', async (a) => ({ cap: await configuredContext(a), args: { cap: a.caller.tcb } })),
    'is-cnode': refused('InvalidCapability', async (a) => ({ cap: await configuredContext(a), args: { cap: a.task.cnode } })),
  },
  SchedContextUnbind: {
    thread: accepted(async (a) => ({ cap: (await idleThread(a)).schedContext })),
    nothing: accepted(async (a) => ({ cap: await configuredContext(a) })),
    own: refused('IllegalOperation', async (a) => ({ cap: a.caller.schedContext })),
  },
  SchedContextUnbindObject: {
    thread: accepted(async (a) => bound(a, await bareThread(a))),
    notification: accepted(async (a) => bound(a, await a.create('Notification'))),
    'not-bound': refused('IllegalOperation', async (a) => ({ cap: await configuredContext(a), args: { cap: await bareThread(a) } })),
    own: refused('IllegalOperation', async (a) => ({ cap: a.caller.schedContext, args: { cap: a.caller.tcb } })),
    'is-cnode': refused('InvalidCapability', async (a) => ({ cap: await configuredContext(a), args: { cap: a.task.cnode } })),
  },
  SchedContextConsumed: {
    own: accepted(async (a) => ({ cap: a.caller.schedContext, before: (self) => self.compute(100_000) })),
    'never-ran': accepted(async (a) => ({ cap: await configuredContext(a) })),
    other: accepted(async (a) => ({ cap: (await a.start({ name: 'worker', priority: 200, run: (self) => self.compute(50_000) })).schedContext }), { caller: { priority: 100 } }),
  },
  SchedContextYieldTo: {
    stopped: accepted(async (a) => ({ cap: (await idleThread(a)).schedContext })),
    lower: accepted(async (a) => ({ cap: (await a.start({ name: 'lower', priority: 10, run: () => {} })).schedContext })),
    'out-of-budget': accepted(async (a) => {
      const { schedContext } = await a.start({ name: 'spent', priority: 200, budgetUs: 100, periodUs: 1_000_000, run: (self) => self.compute(1_000_000) });
      return { cap: schedContext };
    }, { caller: { priority: 100, maxControlledPriority: 255 } }),
    'nobody-bound': refused('IllegalOperation', async (a) => ({ cap: await configuredContext(a) })),
    own: refused('IllegalOperation', async (a) => ({ cap: a.caller.schedContext })),
    'above-authority': refused('IllegalOperation', async (a) => ({ cap: (await a.start({ name: 'higher', priority: 200, start: false, run: () => {} })).schedContext }), { caller: { priority: 100 } }),
  },
  DomainSetSet: {
    ok: accepted(async (a) => ({ cap: a.task.domainSet, args: { domain: 0, thread: await bareThread(a) } })),
    own: accepted(async (a) => ({ cap: a.task.domainSet, args: { domain: 0, thread: a.caller.tcb } })),
    'no-such-domain': refused('InvalidArgument', async (a) => ({ cap: a.task.domainSet, args: { domain: 255, thread: await bareThread(a) } })),
    'thread-is-cnode': refused('InvalidArgument', async (a) => ({ cap: a.task.domainSet, args: { domain: 0, thread: a.task.cnode } })),
  },
  DomainScheduleConfigure: {
    ok: accepted(async (a) => ({ cap: a.task.domainSet, args: { index: 0, domain: 0, duration: 100_000 } })),
    'no-such-entry': refused('RangeError', async (a) => ({ cap: a.task.domainSet, args: { index: 1 << 20, domain: 0, duration: 1 } })),
    'no-such-domain': refused('RangeError', async (a) => ({ cap: a.task.domainSet, args: { index: 0, domain: 255, duration: 1 } })),
    'too-long': refused('InvalidArgument', async (a) => ({ cap: a.task.domainSet, args: { index: 0, domain: 0, duration: 1n << 56n } })),
    'start-becomes-end': refused('InvalidArgument', async (a) => ({ cap: a.task.domainSet, args: { index: 0, domain: 0, duration: 0 } })),
  },
  DomainScheduleSetStart: {
    ok: accepted(async (a) => ({ cap: a.task.domainSet, args: { index: 0 } })),
    'no-such-entry': refused('RangeError', async (a) => ({ cap: a.task.domainSet, args: { index: 1 << 20 } })),
    'end-marker': refused('InvalidArgument', async (a) => ({ cap: a.task.domainSet, args: { index: 1 } })),
  },
  IRQIssueIRQHandler: issueErrors(issue),
  RISCVIRQIssueIRQHandlerTrigger: issueErrors(issue),
  IRQAckIRQ: { ok: accepted(async (a) => ({ cap: await handler(a) })) },
  IRQSetIRQHandler: {
    ok: accepted(async (a) => ({ cap: await handler(a), args: { notification: await a.create('Notification') } })),
    'is-cnode': refused('InvalidCapability', async (a) => ({ cap: await handler(a), args: { notification: a.task.cnode } })),
  },
  IRQClearIRQHandler: { ok: accepted(async (a) => ({ cap: await handler(a) })) },
};
