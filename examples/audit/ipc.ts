// SPDX-License-Identifier: BSD-2-Clause
/** Messages, signals, faults: not replies from the kernel, but every state transition that the rules watch. */
import { CapRights, Message, SchedContext, type RootTask } from 'sel4scope';

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the kernel lost something: ${what}`);
}

/** A server answers calls with one more than it was sent. */
async function callAndReply(task: RootTask): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'service' });
  const reply = await task.untyped.create('Reply', { name: 'server reply' });
  await task.startThread({
    name: 'server',
    priority: 200,
    run: async (self) => {
      const [service, answer] = [self.use(endpoint), self.use(reply)];
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
  expect(fault.label === 6 && fault.length === 4, 'a VM fault');
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

/** Lets threads of lower priority run: waits for a signal that one of the lowest priority sends. */
async function rest(task: RootTask): Promise<void> {
  const done = await task.untyped.create('Notification', { name: 'rest' });
  const signal = await task.mint(done, 1);
  await task.startThread({ name: 'rest', priority: 1, run: (self) => self.use(signal).signal() });
  await done.wait();
}

/** In the order in which they run. */
export const SCENARIOS: Readonly<Record<string, (task: RootTask) => Promise<void>>> = {
  'call and reply': callAndReply,
  'long messages': longMessages,
  signals,
  faults,
  'delayed YieldTo': delayedYield,
  'consumed time': consumedTime,
};
