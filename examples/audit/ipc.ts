// SPDX-License-Identifier: BSD-2-Clause
/** Messages, signals, faults: not replies from the kernel, but every state transition that the rules watch. */
import { CapRights, Message, SchedContext, type RootTask } from 'sel4scope';
import { CAP_TYPE } from 'sel4scope/schema';
import { answer, expect, replyObject, rest, type Scenarios } from './scenario.ts';

/** A server answers calls with one more than it was sent. */
async function callAndReply(task: RootTask): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'service' });
  const reply = await replyObject(task);
  await task.startThread({
    name: 'server',
    priority: 200,
    run: async (self) => {
      const service = self.use(endpoint);
      const answer = reply && self.use(reply);
      let request = await service.recv(answer);
      for (;;) request = await service.replyRecv(Message.of(request.get(0) + 1n, request.badge), answer);
    },
  });
  const client = await task.mint(endpoint, 0xb0b0_0000_0000_0001n, CapRights.all);
  for (const word of [0n, 41n, 0xffff_ffff_ffff_fffen]) {
    const answer = await client.call(Message.of(word));
    expect(answer.get(0) === word + 1n && answer.get(1) === 0xb0b0_0000_0000_0001n, 'an answer');
  }
}

/** Long messages and a capability travel through the IPC buffers. */
async function longMessages(task: RootTask): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'long messages' });
  const words = Array.from({ length: 60 }, (_, i) => BigInt(i) << 56n);
  await task.startThread({ name: 'sender', priority: 200, run: (self) => self.use(endpoint).send(new Message(9, words)) });
  await task.yield();
  const message = await endpoint.recv();
  expect(message.label === 9 && message.words().every((w, i) => w === words[i]), 'a long message');
}

/** Signals are collected, waited for and polled. */
async function signals(task: RootTask): Promise<void> {
  const notification = await task.untyped.create('Notification', { name: 'signals' });
  const [one, two] = [await task.mint(notification, 1), await task.mint(notification, 2)];
  await one.signal();
  await two.signal();
  expect(await notification.wait() === 3n, 'a signal');
  expect(await notification.poll() === 0n, 'that a signal was taken');
  let woken = 0n;
  await task.startThread({ name: 'waiter', priority: 200, run: async (self) => { woken = await self.use(notification).wait(); } });
  await rest(task);
  await two.signal();
  await rest(task);
  expect(woken === 2n, 'a woken thread');
}

/** A thread ends in a fault; its handler receives the message. */
async function faults(task: RootTask): Promise<void> {
  const handler = await task.untyped.create('Endpoint', { name: 'fault handler' });
  await task.startThread({ name: 'faulter', priority: 200, run: () => {}, suspendAtEnd: false, faultEndpoint: handler });
  const fault = await handler.recv();
  expect(fault.label === (task.runtime.scheduling === 'mcs' ? 6 : 5) && fault.length === 4, 'a VM fault');
}

/** A handler answers a fault: the thread goes on where the handler says. */
async function answeredFault(task: RootTask): Promise<void> {
  const handler = await task.untyped.create('Endpoint', { name: 'fault handler' });
  const reply = await replyObject(task);
  await task.startThread({ name: 'faulter', priority: 200, run: () => {}, suspendAtEnd: false, faultEndpoint: handler });
  const first = await handler.recv(reply);
  // The thread is restarted at its pc, where it faults again.
  const second = await handler.replyRecv(new Message(0, []), reply);
  expect(first.label === second.label && first.get(0) === second.get(0), 'the second of two equal faults');
}

/** A server that only takes requests and never answers keeps its client waiting; deleting the client ends that. */
async function deletedClient(task: RootTask): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'service' });
  const reply = await replyObject(task);
  const { tcb } = await task.startThread({ name: 'client', priority: 200, run: async (self) => { await self.use(endpoint).call(Message.of(1n)); } });
  const request = await endpoint.recv(reply);
  expect(request.get(0) === 1n, 'a request');
  await task.delete(tcb);
  await answer(task, reply, Message.of(2n));
}

/** A client that has its answer is stopped before it can look at it, and goes on later: it calls only once. */
async function stoppedWithAnswer(task: RootTask): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'service' });
  const reply = await replyObject(task);
  let answered = 0n;
  const { tcb } = await task.startThread({
    name: 'client', priority: 200, run: async (self) => { answered = (await self.use(endpoint).call(Message.of(1n))).get(0); },
  });
  await endpoint.recv(reply);
  await answer(task, reply, Message.of(2n));
  await tcb.suspend();
  await tcb.resume();
  await rest(task);
  expect(answered === 2n, 'an answer');
}

/** Debug system calls, which change nothing. */
async function debugCalls(task: RootTask): Promise<void> {
  await task.debug.putString('the reply audit says hello\n');
  await task.debug.nameThread(task.tcb, 'root');
  const capType: number = await task.debug.capIdentify(task.tcb);
  expect(capType === CAP_TYPE.Thread, 'the type of a capability');
  await task.debug.snapshot();
}

/** MCS: a thread without a scheduling context runs on that of its caller, and gives it back. */
async function passiveServer(task: RootTask): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'service' });
  const reply = await task.untyped.create('Reply', { name: 'server reply' });
  const server = await task.startThread({
    name: 'passive server', priority: 200,
    run: async (self) => {
      const [service, answer] = [self.use(endpoint), self.use(reply)];
      let request = await service.recv(answer);
      for (;;) request = await service.replyRecv(Message.of(request.get(0) * 2n), answer);
    },
  });
  await rest(task);
  await server.schedContext.unbind();
  const answer = await (await task.mint(endpoint, 1)).call(Message.of(21n));
  expect(answer.get(0) === 42n, 'the answer of a passive server');
}

/** MCS: a thread that has used up its budget tells its timeout handler. */
async function timeoutFault(task: RootTask): Promise<void> {
  const handler = await task.untyped.create('Endpoint', { name: 'timeout handler' });
  const reply = await task.untyped.create('Reply', { name: 'handler reply' });
  await task.startThread({
    name: 'spender', priority: 200, budgetUs: 100, periodUs: 10_000, timeoutEndpoint: handler, schedContextBadge: 7,
    run: (self) => self.compute(1_000_000),
  });
  const fault = await handler.recv(reply);
  expect(fault.label === 5 && fault.get(0) === 7n, 'a timeout fault');
}

/** YieldTo that completes later: the answer comes when the caller runs again. */
async function delayedYield(task: RootTask): Promise<void> {
  const { schedContext } = await task.startThread({
    name: 'equal', priority: 255, maxControlledPriority: 255, run: async (self) => { await self.compute(20_000); },
  });
  await schedContext.yieldTo();
}

/** Time consumed is reset by reading it. */
async function consumedTime(task: RootTask): Promise<void> {
  await task.compute(100_000);
  await task.schedContext.consumed();
  const by = SchedContext.methods.consumed;
  await task.schedContext.invokeBy('Send', by);
  await task.schedContext.consumed();
}

export const MESSAGES: Scenarios = {
  'call-and-reply': { run: callAndReply },
  'long-messages': { run: longMessages },
  signals: { run: signals },
  faults: { run: faults },
  'answered-fault': { run: answeredFault },
  'deleted-client': { run: deletedClient },
  'stopped-with-answer': { run: stoppedWithAnswer },
  'debug-calls': { run: debugCalls, needsDebugBuild: true },
  'passive-server': { run: passiveServer, only: 'mcs' },
  'timeout-fault': { run: timeoutFault, only: 'mcs' },
  'delayed-yield': { run: delayedYield, only: 'mcs' },
  'consumed-time': { run: consumedTime, only: 'mcs' },
};
