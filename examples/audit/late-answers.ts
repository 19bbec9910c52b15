// SPDX-License-Identifier: BSD-2-Clause
/**
 * YieldTo that is not answered at once: the thread of the context is ready at the caller's priority, so it runs first.
 * Every way in which that can end is a case; the thread itself brings it about.
 */
import { SchedContext, type Thread } from 'sel4scope';
import type { Auditor, Expectation, Started } from './auditor.ts';
import type { SituationKind, Variant, Variants } from './variant.ts';

const PRIORITY = 100;
const BELOW = 10;
const ABOVE = 200;

type Act = (self: Thread, a: Auditor, target: Started, rival: Started) => Promise<void>;

interface LateOptions {
  readonly budgetUs?: number;
  readonly periodUs?: number;
  readonly provokes?: readonly string[];
  readonly kind?: SituationKind;
  /** How the rival yields. */
  readonly rivalBy?: 'Call' | 'Send';
}

/** @param act what the thread does that the caller yields to; `rival` is a stopped thread above both */
function late(act: Act, expect: Expectation = 'accepted', options: LateOptions = {}): Variant {
  const { provokes = [], rivalBy = 'Call', kind = expect === 'stops' ? 'caller suspended' : 'late answer', ...target } = options;
  return {
    provokes,
    kind,
    expect,
    only: 'mcs',
    syscalls: ['Call', 'Send', 'NBSend'],
    caller: { priority: PRIORITY },
    build: async (a) => {
      const threads: { target?: Started } = {};
      const rival = await a.start({
        name: 'rival', priority: ABOVE, maxControlledPriority: 255, start: false, run: (self) => yieldInstead(self, threads.target!, rivalBy),
      });
      const started = await a.start({ name: 'target', priority: BELOW, maxControlledPriority: ABOVE, run: (self) => act(self, a, threads.target!, rival), ...target });
      threads.target = started;
      // Just before the caller yields, the thread gets its priority: until then it could not run.
      const ready = await a.create('Notification', { name: 'ready' });
      const signal = await a.task.mint(ready, 1);
      await a.start({ name: 'helper', priority: ABOVE, maxControlledPriority: ABOVE, run: async (self) => {
        await self.use(ready).wait();
        await self.use(started.tcb).setPriority(self.tcb, PRIORITY);
        // Whose priority was set last is the first in the queue: the caller goes on before the thread does.
        await self.use(a.caller.tcb).setPriority(self.tcb, PRIORITY);
      } });
      return { cap: started.schedContext, before: (self) => self.use(signal).signal() };
    },
  };
}

/** The program itself does what N04 warns of: it touches the caller before the yield is complete. */
const TOUCHED = { provokes: ['N04'] };

/** Another thread yields to the same context: the first one is answered. */
async function yieldInstead(self: Thread, target: Started, by: 'Call' | 'Send'): Promise<void> {
  const schedContext = self.use(target.schedContext);
  if (by === 'Call') await schedContext.yieldTo();
  else await schedContext.invokeBy(by, SchedContext.methods.yieldTo);
}

export const LATE_ANSWERS: Variants = {
  SchedContextYieldTo: {
    'target-ends': late((self) => self.compute(20_000)),
    'target-blocks': late(async (self) => {
      await (await self.untyped.create('Notification')).wait();
    }),
    'target-spends-its-budget': late((self) => self.compute(1_000_000), 'accepted', { budgetUs: 100, periodUs: 10_000 }),
    'target-yields': late((self) => self.yield()),
    'target-lowers-itself': late((self) => self.tcb.setPriority(self.tcb, BELOW)),
    'target-is-configured': late((self, _a, target) => self.schedControl().configureFlags(target.schedContext, 1000, 20_000, 0, 0, 0)),
    'target-loses-its-context': late((self, _a, target) => self.cnode.delete(target.schedContext.cptr, 64)),
    'target-is-deleted': late((self, _a, target) => self.cnode.delete(target.tcb.cptr, 64)),
    'another-yields': late((self, _a, _target, rival) => self.use(rival.tcb).resume()),
    'another-yields-by-send': late((self, _a, _target, rival) => self.use(rival.tcb).resume(), 'accepted', { rivalBy: 'Send' }),
    'target-yields-back': late((self, a) => self.use(a.caller.schedContext).yieldTo().then(() => undefined)),
    'caller-is-stopped-and-resumed': late(async (self, a) => {
      await self.use(a.caller.tcb).suspend();
      await self.use(a.caller.tcb).resume();
    }, 'accepted', TOUCHED),
    'registers-of-the-caller-are-written': late((self, a) => self.use(a.caller.tcb).writeRegisters(false, 0, 0, {}), 'any', TOUCHED),
    'caller-is-suspended': late((self, a) => self.use(a.caller.tcb).suspend(), 'stops', TOUCHED),
    'caller-is-deleted': late((self, a) => self.cnode.delete(a.caller.tcb.cptr, 64), 'stops', { kind: 'caller deleted' }),
    'caller-loses-its-context': late((self, a) => self.cnode.delete(a.caller.schedContext.cptr, 64), 'stops'),
  },
};
