// SPDX-License-Identifier: BSD-2-Clause
/** Scheduling contexts, domains, interrupts. */
import { DomainSet, IRQControl, IRQHandler, SchedContext, SchedControl, type RootTask } from 'sel4scope';
import type { AuditCase } from './auditor.ts';
import { DEPTH, emptySlot, idleThread, stoppedThread } from './objects.ts';

async function configured(task: RootTask): Promise<SchedContext> {
  const schedContext = await task.untyped.create('SchedContext', { sizeBits: 8 });
  await task.schedControl().configureFlags(schedContext, 1000, 2000, 0, 0, 0);
  return schedContext;
}

export const SCHEDULING_CASES: readonly AuditCase[] = [
  {
    title: 'configure a scheduling context',
    run: async (a) => {
      const schedContext = await a.task.untyped.create('SchedContext', { sizeBits: 8 });
      await a.accepted(a.task.schedControl(), SchedControl.methods.configureFlags, schedContext, 1000, 5000, 2, 0xffff_ffff_ffff_ffffn, 0);
    },
  },
  {
    title: 'a budget longer than its period',
    run: async (a) => {
      const schedContext = await a.task.untyped.create('SchedContext');
      await a.refused('RangeError', a.task.schedControl(), SchedControl.methods.configureFlags, schedContext, 5000, 1000, 0, 0, 0);
    },
  },
  {
    title: 'bind and unbind a scheduling context',
    run: async (a) => {
      const schedContext = await configured(a.task);
      const thread = await stoppedThread(a);
      await a.accepted(schedContext, SchedContext.methods.bind, thread);
      await a.accepted(schedContext, SchedContext.methods.unbindObject, thread);
      await a.accepted(schedContext, SchedContext.methods.bind, await a.task.untyped.create('Notification'));
      await a.accepted(schedContext, SchedContext.methods.unbind);
    },
  },
  {
    title: 'unbind the own scheduling context',
    run: async (a) => a.refused('IllegalOperation', a.task.schedContext, SchedContext.methods.unbindObject, a.task.tcb),
  },
  {
    title: 'time consumed by the own scheduling context',
    run: async (a) => a.accepted(a.task.schedContext, SchedContext.methods.consumed),
  },
  {
    title: 'time consumed by a scheduling context that never ran',
    run: async (a) => a.accepted(await configured(a.task), SchedContext.methods.consumed),
  },
  {
    title: 'yield to a thread that is stopped: answered at once',
    run: async (a) => {
      const { schedContext } = await idleThread(a);
      await a.accepted(schedContext, SchedContext.methods.yieldTo);
    },
  },
  {
    title: 'yield to a thread of lower priority: answered at once',
    run: async (a) => {
      const { schedContext } = await a.task.startThread({ name: 'lower', run: () => {}, priority: 10 });
      await a.accepted(schedContext, SchedContext.methods.yieldTo);
    },
  },
  {
    title: 'yield to the own scheduling context',
    run: async (a) => a.refused('IllegalOperation', a.task.schedContext, SchedContext.methods.yieldTo),
  },
  {
    title: 'domain of a thread, and one that does not exist',
    run: async (a) => {
      const thread = await stoppedThread(a);
      await a.accepted(a.task.domainSet, DomainSet.methods.set, 0, thread);
      await a.refused('InvalidArgument', a.task.domainSet, DomainSet.methods.set, 255, thread);
    },
  },
  {
    title: 'domain schedule',
    run: async (a) => {
      await a.accepted(a.task.domainSet, DomainSet.methods.scheduleConfigure, 0, 0, 100_000);
      await a.accepted(a.task.domainSet, DomainSet.methods.scheduleSetStart, 0);
    },
  },
  {
    title: 'interrupt handler: get, notify, acknowledge, clear',
    run: async (a) => {
      const slot = emptySlot(a);
      await a.task.irqControl.get(a.freeIrq(), a.task.cnode, slot, DEPTH);
      const handler = new IRQHandler(a.task.runtime, slot);
      await a.accepted(handler, IRQHandler.methods.setNotification, await a.task.untyped.create('Notification'));
      await a.accepted(handler, IRQHandler.methods.ack);
      await a.accepted(handler, IRQHandler.methods.clear);
    },
  },
  {
    title: 'interrupt lines: a free one, and one with a trigger',
    run: async (a) => {
      await a.accepted(a.task.irqControl, IRQControl.methods.get, a.freeIrq(), a.task.cnode, emptySlot(a), DEPTH);
      await a.accepted(a.task.irqControl, IRQControl.methods.getTrigger, a.freeIrq(), 0, a.task.cnode, emptySlot(a), DEPTH);
    },
  },
  {
    title: 'interrupt line that does not exist',
    run: async (a) => a.refused('RangeError', a.task.irqControl, IRQControl.methods.get, 5000, a.task.cnode, emptySlot(a), DEPTH),
  },
];
