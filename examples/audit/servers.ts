// SPDX-License-Identifier: BSD-2-Clause
/**
 * Servers: what a thread may do between a request and its answer, and what may happen to it, its client and the time
 * that they share. The root task is the client's starter and the last to run; server and clients have threads.
 */
import { Message, type Endpoint, type Notification, type Reply, type RootTask, type Thread } from 'sel4scope';
import type { Scheduling } from 'sel4scope/schema';
import type { Started } from './auditor.ts';
import { DEPTH } from './objects.ts';
import { answer, destroy, expect, replyObject, rest, signalOf, type Scenario, type Scenarios } from './scenario.ts';

const SERVER_PRIORITY = 210;
const CLIENT_PRIORITY = 200;
const QUESTION = 20n;

/** A server with a request that it has not answered, and the client behind it. */
interface Scene {
  readonly task: RootTask;
  readonly endpoint: Endpoint;
  /** Another one, with nobody on it. */
  readonly other: Endpoint;
  readonly notification: Notification;
  readonly signal: Notification;
  readonly reply: Reply | undefined;
  /** MCS: a reply object that stands for nobody. */
  readonly spare: Reply | undefined;
  client: Started;
  server: Started;
}

interface Meanwhile {
  /** What the server does before it answers. */
  readonly server?: (self: Thread, scene: Scene) => Promise<unknown>;
  /** What the root task does while the server waits for a signal; it is signalled then. */
  readonly root?: (scene: Scene) => Promise<unknown>;
  /** Whether the client gets its answer. Default true. */
  readonly answered?: boolean;
  readonly only?: Scheduling;
}

const MEANWHILE: Readonly<Record<string, Meanwhile>> = {
  nothing: {},
  'server-yields': { server: (self) => self.yield() },
  'server-waits-for-signal': { server: (self, { notification }) => self.use(notification).wait(), root: async () => {} },
  'server-polls': { server: (self, { notification }) => self.use(notification).poll() },
  'server-polls-endpoint': {
    // Classic kernels drop the caller before they look.
    answered: true, only: 'mcs', server: (self, { other, spare }) => self.use(other).nbRecv(spare && self.use(spare)),
  },
  'server-polls-endpoint-and-loses-caller': { answered: false, only: 'classic', server: (self, { other }) => self.use(other).nbRecv() },
  'server-uses-reply-object-again': { answered: false, only: 'mcs', server: (self, { other, reply }) => self.use(other).nbRecv(reply && self.use(reply)) },
  'server-invokes': { server: (self) => self.untyped.create('Endpoint') },
  'server-calls-on': { server: async (self, { signal }) => { await self.use(signal).signal(); } },
  'server-faults': { answered: false, server: (self) => self.illegalInstruction() },
  'server-suspends-itself': { answered: false, server: (self) => self.tcb.suspend() },
  'server-is-suspended-and-resumed': { server: wait, root: async ({ server }) => {
    await server.tcb.suspend();
    await server.tcb.resume();
  } },
  'server-is-deleted': { answered: false, server: wait, root: ({ task, server }) => task.delete(server.tcb) },
  'client-is-suspended': { answered: false, server: wait, root: ({ client }) => client.tcb.suspend() },
  'client-is-deleted': { answered: false, server: wait, root: ({ task, client }) => task.delete(client.tcb) },
  'client-gets-other-priority': { server: wait, root: ({ task, client }) => client.tcb.setPriority(task.tcb, 205) },
  'endpoint-is-destroyed': { server: wait, root: ({ task, endpoint }) => destroy(task, endpoint) },
  'reply-object-is-deleted': { answered: false, only: 'mcs', server: wait, root: ({ task, reply }) => task.delete(reply!) },
  'context-of-client-is-unbound': { only: 'mcs', server: wait, root: async ({ client }) => {
    await client.schedContext.unbind();
    await client.schedContext.bind(client.tcb);
  } },
  'context-of-client-is-deleted': { answered: false, only: 'mcs', server: wait, root: ({ task, client }) => task.delete(client.schedContext) },
  'context-of-server-is-unbound': { only: 'mcs', server: wait, root: async ({ server, signal }) => {
    await server.schedContext.unbind();
    await signal.signal();
    await server.schedContext.bind(server.tcb);
  } },
};

/** The server waits for the root task. */
function wait(self: Thread, { notification }: Scene): Promise<unknown> {
  return self.use(notification).wait();
}

async function serve(task: RootTask, { server, root, answered = true }: Meanwhile): Promise<void> {
  const progress = { answer: 0n };
  const scene = await prepare(task);
  scene.server = await task.startThread({
    name: 'server', priority: SERVER_PRIORITY,
    run: async (self) => {
      const { badge } = await self.use(scene.endpoint).recv(scene.reply && self.use(scene.reply));
      await server?.(self, scene);
      await answer(self as RootTask, scene.reply, Message.of(badge + QUESTION));
    },
  });
  const badged = await task.mint(scene.endpoint, 1);
  scene.client = await task.startThread({
    name: 'client', priority: CLIENT_PRIORITY,
    run: async (self) => { progress.answer = (await self.use(badged).call(Message.of(QUESTION))).get(0); },
  });
  await rest(task);
  await root?.(scene);
  await scene.signal.signal();
  await rest(task);
  expect(progress.answer === (answered ? 1n + QUESTION : 0n), answered ? 'the answer of a server' : 'a client without an answer');
}

async function prepare(task: RootTask): Promise<Scene> {
  return {
    task, ...await signalOf(task, 'go on'), endpoint: await task.untyped.create('Endpoint', { name: 'service' }),
    other: await task.untyped.create('Endpoint', { name: 'other' }), reply: await replyObject(task), spare: await replyObject(task),
  } as Scene;
}

/** MCS: a thread without a context waits, its waiting ends, and it runs only when it gets time. */
async function passiveSleeper(task: RootTask, wake: (notification: Notification, endpoint: Endpoint) => Promise<unknown>, receives: boolean): Promise<void> {
  const { notification, signal } = await signalOf(task, 'wake up');
  const endpoint = await task.untyped.create('Endpoint', { name: 'service' });
  let awake = false;
  const sleeper = await task.startThread({
    name: 'sleeper', priority: CLIENT_PRIORITY,
    run: async (self) => {
      await (receives ? self.syscalls.wait(endpoint) : self.use(notification).wait());
      awake = true;
    },
  });
  await rest(task);
  if (receives) await sleeper.tcb.bindNotification(notification);
  await sleeper.schedContext.unbind();
  await wake(signal, endpoint);
  await rest(task);
  expect(!awake, 'a thread without time');
  await sleeper.schedContext.bind(sleeper.tcb);
  await rest(task);
  expect(awake, 'a thread that got time');
}

/** MCS: a notification lends its context to the thread that it wakes, until it waits again. */
async function lentContext(task: RootTask): Promise<void> {
  const { notification, signal } = await signalOf(task, 'with time');
  let times = 0;
  const sleeper = await task.startThread({
    name: 'sleeper', priority: CLIENT_PRIORITY,
    run: async (self) => { for (;;) { await self.use(notification).wait(); times++; } },
  });
  await rest(task);
  await sleeper.schedContext.unbind();
  await sleeper.schedContext.bind(notification);
  for (let i = 1; i <= 3; i++) {
    await signal.signal();
    await rest(task);
    expect(times === i, 'a thread that runs on lent time');
  }
  await sleeper.schedContext.unbindObject(notification);
}

/** MCS: passive servers in a row: the client's context goes down and comes back, also when one in the middle goes away. */
async function passiveServers(task: RootTask, breaks: boolean): Promise<void> {
  const endpoints = [await task.untyped.create('Endpoint'), await task.untyped.create('Endpoint'), await task.untyped.create('Endpoint')];
  const { notification, signal } = await signalOf(task, 'deep down');
  const servers: Started[] = [];
  const replies: Reply[] = [];
  for (const [i, endpoint] of endpoints.entries()) {
    const reply = await task.untyped.create('Reply', { name: `reply ${i}` });
    replies.push(reply);
    const next = endpoints[i + 1];
    servers.push(await task.startThread({
      name: `server ${i}`, priority: SERVER_PRIORITY + i,
      run: async (self) => {
        let request = await self.use(endpoint).recv(self.use(reply));
        for (;;) {
          const result = next === undefined ? await self.use(notification).wait() : (await self.use(next).call(request)).get(0);
          request = await self.use(endpoint).replyRecv(Message.of(result + 1n), self.use(reply));
        }
      },
    }));
  }
  await rest(task);
  for (const { schedContext } of servers) await schedContext.unbind();
  let result = 0n;
  const client = await task.startThread({ name: 'client', priority: CLIENT_PRIORITY, run: async (self) => { result = (await self.use(endpoints[0]!).call(Message.of(1n))).get(0); } });
  await rest(task);
  if (breaks) await task.delete(replies[1]!);
  await signal.signal();
  await rest(task);
  expect(result === (breaks ? 0n : 4n), 'what came of a row of servers');
  if (!breaks) expect(await client.schedContext.consumed() >= 0n, 'a context that came back');
}

/** MCS: a caller that is received without a reply object never goes on. */
async function unansweredCaller(task: RootTask, isQueued: boolean): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'service' });
  let goneOn = false;
  const { tcb } = await task.startThread({ name: 'client', priority: CLIENT_PRIORITY, run: async (self) => { await self.use(endpoint).call(Message.of(1, 2, 3)); goneOn = true; } });
  if (isQueued) await rest(task);
  const request = await task.syscalls.wait(endpoint);
  expect(request.length === 3, 'a request');
  await rest(task);
  expect(!goneOn, 'a caller without an answer');
  await task.delete(tcb);
}

/** Classic: the right to answer is kept in a slot while other requests are answered. */
async function savedCaller(task: RootTask): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'service' });
  const answers: bigint[] = [];
  for (const i of [1, 2]) {
    await task.startThread({ name: `client ${i}`, priority: CLIENT_PRIORITY, run: async (self) => { answers.push((await self.use(endpoint).call(Message.of(i))).get(0)); } });
  }
  const slot = task.slots.allocate();
  const first = await endpoint.recv();
  await (task.cnode as unknown as { saveCaller: (index: number, depth: number) => Promise<void> }).saveCaller(slot, DEPTH);
  const second = await endpoint.recv();
  await task.syscalls.reply(Message.of(second.get(0)));
  await task.syscalls.send(slot, Message.of(first.get(0)));
  await task.syscalls.send(slot, Message.of(99));
  await rest(task);
  expect(answers.length === 2 && answers.includes(1n) && answers.includes(2n), 'two answers');
}

/** MCS: what goes before a receive, in one system call. */
async function combined(task: RootTask): Promise<void> {
  const [endpoint, reply] = [await task.untyped.create('Endpoint', { name: 'service' }), await replyObject(task)];
  const { notification, signal } = await signalOf(task, 'combined');
  const answers: bigint[] = [];
  for (const i of [1, 2]) {
    await task.startThread({ name: `client ${i}`, priority: CLIENT_PRIORITY, run: async (self) => { answers.push((await self.use(endpoint).call(Message.of(i))).get(0)); } });
  }
  const first = await task.syscalls.nbSendRecv(signal, Message.of(), endpoint, reply!);
  const second = await task.syscalls.nbSendRecv(reply!, Message.of(first.get(0)), endpoint, reply!);
  const woken = await task.syscalls.nbSendWait(reply!, Message.of(second.get(0)), notification);
  expect(woken.badge === 1n, 'a signal');
  await rest(task);
  expect(answers.length === 2, 'two answers');
}

function scenariosOf(table: Readonly<Record<string, Meanwhile>>): Scenarios {
  return Object.fromEntries(Object.entries(table).map(([name, meanwhile]): [string, Scenario] => (
    [name, { run: (task) => serve(task, meanwhile), ...(meanwhile.only === undefined ? {} : { only: meanwhile.only }) }])));
}

const mcs = (run: (task: RootTask) => Promise<void>): Scenario => ({ only: 'mcs', run });

export const SERVERS: Scenarios = {
  ...scenariosOf(MEANWHILE),
  'saved-caller': { only: 'classic', run: savedCaller },
  'combined-system-calls': mcs(combined),
  'caller-received-without-reply-object': mcs((task) => unansweredCaller(task, false)),
  'queued-caller-received-without-reply-object': mcs((task) => unansweredCaller(task, true)),
  'passive-sleeper-is-signalled': mcs((task) => passiveSleeper(task, (signal) => signal.signal(), false)),
  'passive-sleeper-is-signalled-by-bound-notification': mcs((task) => passiveSleeper(task, (signal) => signal.signal(), true)),
  'context-lent-by-notification': mcs(lentContext),
  'passive-servers': mcs((task) => passiveServers(task, false)),
  'passive-servers-lose-a-reply-object': mcs((task) => passiveServers(task, true)),
};
