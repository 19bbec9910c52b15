// SPDX-License-Identifier: BSD-2-Clause
/**
 * Faults that nobody received: a thread waits where no capability is, its handler does not listen, and its fault ends in
 * one of several ways. By then the capability is there and the thread goes on; its next message must arrive as what it is.
 */
import { CapRights, Message, Notification, type Endpoint, type ReceivedMessage, type RootTask, type Thread } from 'sel4scope';
import { answer, expect, replyObject, rest, type Scenarios } from './scenario.ts';

const LABEL = 9;
const WORD = 5n;
const ANSWER = 6n;
const HANDLER_BADGE = 0xfa;

/** A thread whose fault is queued on the endpoint of its handler. */
interface Unheard {
  readonly task: RootTask;
  readonly tcb: RootTask['tcb'];
  readonly handler: Endpoint;
  /** The capability through which its faults go. */
  readonly badged: Endpoint;
}

/** Ways in which the wait for the handler ends; afterwards the thread executes again what it faulted at. */
const ENDS: Readonly<Record<string, (unheard: Unheard) => Promise<void>>> = {
  resumed: ({ tcb }) => tcb.resume(),
  suspended: async ({ tcb }) => {
    await tcb.suspend();
    await tcb.resume();
  },
  rewritten: async ({ tcb }) => {
    const { pc = 0n } = await tcb.readRegisters(false, 0, 1);
    await tcb.writeRegisters(true, 0, 1, { pc });
  },
  'handler-deleted': async ({ task, tcb, handler }) => {
    await task.revoke(handler);
    await task.delete(handler);
    // MCS: faulters of an endpoint that is gone do not go on by themselves.
    await tcb.resume();
  },
  'sends-cancelled': async ({ task, tcb, badged }) => {
    await task.cnode.cancelBadgedSends(badged.cptr, 64);
    await tcb.resume();
  },
};

/** How the thread sends its message. The answer that it got, if it waits for one. */
const SENDS: Readonly<Record<string, (service: Endpoint, message: Message) => Promise<ReceivedMessage | undefined>>> = {
  call: (service, message) => service.call(message),
  send: async (service, message) => {
    await service.send(message);
    return undefined;
  },
};

async function unheardFault(task: RootTask, end: (unheard: Unheard) => Promise<void>, send: (typeof SENDS)[string]): Promise<void> {
  const handler = await task.untyped.create('Endpoint', { name: 'deaf handler' });
  const badged = await task.mint(handler, HANDLER_BADGE);
  const service = await task.untyped.create('Endpoint', { name: 'service' });
  const signal = await task.untyped.create('Notification', { name: 'signal' });
  const reply = await replyObject(task);
  const place = task.slots.allocate();
  let answered: ReceivedMessage | undefined;
  const run = async (self: Thread): Promise<void> => {
    await new Notification(self.runtime, place).wait();
    answered = await send(self.use(service), new Message(LABEL, [WORD]));
  };
  const { tcb } = await task.startThread({ name: 'client', priority: 200, faultEndpoint: badged, run });
  await rest(task);
  await task.cnode.copy(place, 64, task.cnode, signal.cptr, 64, CapRights.all);
  await signal.signal();
  await end({ task, tcb, handler, badged });
  const message = await service.recv(reply);
  if (send === SENDS.call) {
    await answer(task, reply, Message.of(ANSWER));
    await rest(task);
    expect(answered?.get(0) === ANSWER, 'the answer that a caller got');
  }
  expect(message.label === LABEL && message.get(0) === WORD, 'the message of a thread that had a fault');
}

/** A scenario for every way in which the wait ends and every way to send. */
export const UNHEARD_FAULTS: Scenarios = Object.fromEntries(
  Object.entries(ENDS).flatMap(([ending, end]) => Object.entries(SENDS).map(([sending, send]) => [
    `unheard-${ending}-${sending}`, { run: (task: RootTask) => unheardFault(task, end, send) },
  ])),
);
