// SPDX-License-Identifier: BSD-2-Clause
/**
 * Waiting that ends without what was waited for: every state in which a thread can wait × everything that ends it. Then
 * the thread is moved behind its wait, if it did not go on by itself, and its next call must arrive as what it is.
 */
import { Message, type Endpoint, type Notification, type Reply, type RootTask, type Thread } from 'sel4scope';
import type { Scheduling } from 'sel4scope/schema';
import type { Started } from './auditor.ts';
import { DEPTH } from './objects.ts';
import { THREAD_PRIORITY, answer, destroy, expect, replyObject, rest, type Scenarios } from './scenario.ts';

const BADGE = 6n;
/** Labels of its two calls. */
const FIRST = 11;
const NEXT = 12;
const ANSWER = 13n;

/** A thread that waits, and what it may wait for. */
interface Scene {
  readonly task: RootTask;
  readonly thread: Started;
  /** What it sends to or receives from, or where its faults go; the badged copy it uses itself. */
  readonly endpoint: Endpoint;
  readonly badged: Endpoint;
  readonly notification: Notification;
  /** MCS: with which the thread receives, and with which the root task does. */
  readonly own: Reply | undefined;
  readonly reply: Reply | undefined;
}

interface Wait {
  readonly wait: (self: Thread, scene: Scene) => Promise<unknown>;
  /** What else brings the thread into the state, by the root task, once it waits. */
  readonly then?: (scene: Scene) => Promise<unknown>;
  /** It computes rather than to execute an instruction that traps. */
  readonly computes?: boolean;
  readonly only?: Scheduling;
}

/** Longer than the thread's budget, and not than two of them. */
const BUDGET_US = 200;
const SPENT_NS = 300_000;
const PERIOD_US = 10_000;

const receive = ({ task, endpoint, reply }: Scene): Promise<unknown> => task.use(endpoint).recv(reply);

const WAITS: Readonly<Record<string, Wait>> = {
  sending: { wait: (self, { badged }) => self.use(badged).send(new Message(FIRST)) },
  calling: { wait: (self, { badged }) => self.use(badged).call(new Message(FIRST)) },
  'awaiting-answer': { wait: (self, { badged }) => self.use(badged).call(new Message(FIRST)), then: receive },
  receiving: { wait: (self, { badged, own }) => self.use(badged).recv(own && self.use(own)) },
  'receiving-with-bound-notification': {
    wait: (self, { badged, own }) => self.use(badged).recv(own && self.use(own)),
    then: ({ thread, notification }) => thread.tcb.bindNotification(notification),
  },
  'waiting-for-signal': { wait: (self, { notification }) => self.use(notification).wait() },
  faulted: { wait: (self) => self.illegalInstruction() },
  'fault-received': { wait: (self) => self.illegalInstruction(), then: receive },
  'timed-out': { only: 'mcs', computes: true, wait: (self) => self.compute(SPENT_NS) },
  'timeout-received': { only: 'mcs', computes: true, wait: (self) => self.compute(SPENT_NS), then: receive },
};

/** Bytes of an instruction that traps. */
const INSTRUCTION = 4n;

interface End {
  readonly end: (scene: Scene) => Promise<unknown>;
  /** The thread never goes on after it. */
  readonly isLast?: boolean;
  readonly only?: Scheduling;
}

const ENDS: Readonly<Record<string, End>> = {
  suspended: { end: ({ thread }) => thread.tcb.suspend() },
  'read-and-suspended': { end: ({ thread }) => thread.tcb.readRegisters(true, 0, 2) },
  resumed: { end: ({ thread }) => thread.tcb.resume() },
  'resumed-by-copy-registers': { end: ({ task, thread }) => thread.tcb.copyRegisters(task.tcb, false, true, false, false, 0) },
  'endpoint-revoked': { end: ({ task, endpoint }) => task.revoke(endpoint) },
  'endpoint-destroyed': { end: ({ task, endpoint }) => destroy(task, endpoint) },
  'notification-destroyed': { end: ({ task, notification }) => destroy(task, notification) },
  signalled: { end: async ({ task, notification }) => (await task.mint(notification, 2)).signal() },
  'sends-cancelled': { end: ({ task, badged }) => task.cnode.cancelBadgedSends(badged.cptr, DEPTH) },
  'other-sends-cancelled': { end: async ({ task, endpoint }) => task.cnode.cancelBadgedSends((await task.mint(endpoint, 99)).cptr, DEPTH) },
  'priority-changed': { end: ({ task, thread }) => thread.tcb.setPriority(task.tcb, 50) },
  'buffer-taken': { end: ({ thread }) => thread.tcb.trySetIPCBuffer(0, 0) },
  'space-set-again': { end: ({ task, thread, badged }) => thread.tcb.setSpace(badged.cptr, task.cnode, 0, task.vspace, 0) },
  'answered-without-right': { end: ({ task, reply }) => answer(task, reply, new Message(1)) },
  'reply-destroyed': { only: 'mcs', end: ({ task, reply }) => task.delete(reply!) },
  'own-reply-destroyed': { only: 'mcs', end: ({ task, own }) => task.delete(own!) },
  'reply-used-again': { only: 'mcs', end: async ({ task, reply }) => (await task.untyped.create('Endpoint')).nbRecv(reply) },
  'context-unbound': {
    only: 'mcs',
    end: async ({ task, thread, notification }) => {
      await thread.schedContext.unbind();
      await (await task.mint(notification, 2)).signal();
      await rest(task);
      // A blocked thread takes no context that has no budget.
      await task.compute(1000 * PERIOD_US);
      await thread.schedContext.bind(thread.tcb);
    },
  },
  'context-configured': { only: 'mcs', end: ({ task, thread }) => task.schedControl().configureFlags(thread.schedContext, 500, 900, 0, 3, 0) },
  deleted: { isLast: true, end: ({ task, thread }) => task.delete(thread.tcb) },
  'context-destroyed': { isLast: true, only: 'mcs', end: ({ task, thread }) => task.delete(thread.schedContext) },
};

/** A thread waits, that ends, and it goes on to something else. */
async function wait(task: RootTask, { wait, then, computes = false }: Wait, { end, isLast = false }: End): Promise<void> {
  const isMcs = task.runtime.scheduling === 'mcs';
  const endpoint = await task.untyped.create('Endpoint', { name: 'awaited' });
  const service = await task.untyped.create('Endpoint', { name: 'next' });
  const holder: { scene?: Scene } = {};
  const progress = { isThrough: false, answer: 0n };
  const badged = await task.mint(endpoint, BADGE);
  const thread = await task.startThread({
    name: 'waiter', priority: THREAD_PRIORITY, maxControlledPriority: THREAD_PRIORITY, faultEndpoint: badged, start: false,
    ...(isMcs ? { budgetUs: BUDGET_US, periodUs: PERIOD_US, timeoutEndpoint: badged } : {}),
    run: async (self) => {
      await wait(self, holder.scene!);
      progress.isThrough = true;
      progress.answer = (await self.use(service).call(new Message(NEXT))).get(0);
    },
  });
  const scene = (holder.scene = {
    task, thread, endpoint, badged, notification: await task.untyped.create('Notification', { name: 'signals' }),
    own: await replyObject(task), reply: await replyObject(task),
  });
  await thread.tcb.resume();
  await rest(task);
  await then?.(scene);
  await end(scene);
  await rest(task);
  if (isLast) return;
  if (!progress.isThrough) await moveOn(thread, computes ? 0n : INSTRUCTION);
  const reply = await replyObject(task);
  const next = await service.recv(reply);
  expect(next.label === NEXT, 'the next message of a thread that waited');
  await answer(task, reply, Message.of(ANSWER));
  await rest(task);
  expect(progress.answer === ANSWER, 'the answer to it');
}

/** Lets a thread go on so many bytes behind the place where it waits. */
async function moveOn({ tcb }: Started, bytes: bigint): Promise<void> {
  const { pc = 0n } = await tcb.readRegisters(true, 0, 1);
  await tcb.writeRegisters(true, 0, 1, { pc: pc + bytes });
}

/** Every wait × every end of it. */
function allWaits(): Scenarios {
  const scenarios: Record<string, Scenarios[string]> = {};
  for (const [waitName, waiting] of Object.entries(WAITS)) {
    for (const [endName, ending] of Object.entries(ENDS)) {
      const only = waiting.only ?? ending.only;
      scenarios[`${waitName}-${endName}`] = { run: (task) => wait(task, waiting, ending), ...(only === undefined ? {} : { only }) };
    }
  }
  return scenarios;
}

export const WAITING: Scenarios = allWaits();
