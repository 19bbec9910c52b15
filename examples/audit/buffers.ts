// SPDX-License-Identifier: BSD-2-Clause
/**
 * Messages between threads with every kind of IPC buffer, of lengths on both sides of what registers hold, sent and
 * called, to threads that wait and to such that come later. A buffer that was refused is none.
 */
import { Message, type IpcBufferOption, type ReceivedMessage, type RootTask, type Thread, type WordLike } from 'sel4scope';
import { MESSAGE_REGISTERS, MSG_MAX_LENGTH } from 'sel4scope/schema';
import { deviceFrame } from './objects.ts';
import { THREAD_PRIORITY, answer, expect, replyObject, rest, type Scenario, type Scenarios } from './scenario.ts';

type BufferOption = IpcBufferOption | 'device';

const SENDERS: readonly IpcBufferOption[] = ['readWrite', 'none'];
const RECEIVERS: readonly BufferOption[] = ['readWrite', 'readOnly', 'none', 'device'];
const LENGTHS: readonly number[] = [0, MESSAGE_REGISTERS, MESSAGE_REGISTERS + 1, MSG_MAX_LENGTH];

interface Exchange {
  readonly sender: IpcBufferOption;
  readonly receiver: BufferOption;
  readonly length: number;
  /** The sender comes first. */
  readonly isQueued: boolean;
  /** The message is a call, which is answered with the same words, or it is only sent. */
  readonly isCall: boolean;
}

/** A message from one thread to another. */
async function exchange(task: RootTask, { sender, receiver, length, isQueued, isCall }: Exchange): Promise<void> {
  const endpoint = await task.untyped.create('Endpoint', { name: 'exchange' });
  const reply = await replyObject(task);
  const words = Array.from({ length }, (_, i) => BigInt(i + 1) << 40n);
  let got: ReceivedMessage | undefined;
  let answered: ReceivedMessage | undefined;
  const startReceiver = (): Promise<void> => startThread(task, 'receiver', receiver, async (self) => {
    got = await (isCall ? self.syscalls.recv(endpoint, reply) : self.syscalls.wait(endpoint));
    if (isCall) await answer(self as RootTask, reply, messageOf(self, got.words()));
  });
  const startSender = (): Promise<void> => startThread(task, 'sender', sender, async (self) => {
    const message = messageOf(self, words);
    if (isCall) answered = await self.use(endpoint).call(message);
    else await self.use(endpoint).send(message);
  });
  for (const start of isQueued ? [startSender, startReceiver] : [startReceiver, startSender]) {
    await start();
    await rest(task);
  }
  const arrives = sender === 'readWrite' && receiver === 'readWrite' ? length : Math.min(length, MESSAGE_REGISTERS);
  expect(isMessage(got, words, arrives), 'a message');
  if (isCall) expect(isMessage(answered, words, arrives), 'an answer');
}

function isMessage(message: ReceivedMessage | undefined, words: readonly bigint[], length: number): boolean {
  return message?.length === length && message.words().every((word, i) => word === words[i]);
}

/** A message of words that the thread can send: without a buffer to write only those in registers. */
function messageOf(self: Thread, words: readonly WordLike[]): Message {
  return new Message(1, self.runtime.context.ipcBufferWritable ? words : words.slice(0, MESSAGE_REGISTERS));
}

/** Starts a thread. One with a device frame for a buffer has none if the kernel refuses that, as it must. */
async function startThread(task: RootTask, name: string, buffer: BufferOption, run: (self: Thread) => Promise<void>): Promise<void> {
  const { tcb } = await task.startThread({ name, priority: THREAD_PRIORITY, ipcBuffer: buffer === 'device' ? 'none' : buffer, start: false, run });
  if (buffer === 'device') {
    const frame = await deviceFrame({ task });
    await tcb.trySetIPCBuffer(await task.map(frame), frame);
  }
  await tcb.resume();
}

function allExchanges(): Scenarios {
  const scenarios: Record<string, Scenario> = {};
  for (const sender of SENDERS) for (const receiver of RECEIVERS) for (const length of LENGTHS) {
    for (const isQueued of [false, true]) for (const isCall of [false, true]) {
      const name = `${isQueued ? 'queued-' : ''}${isCall ? 'call' : 'send'}-of-${length}-from-${sender}-to-${receiver}`;
      scenarios[name] = { run: (task) => exchange(task, { sender, receiver, length, isQueued, isCall }) };
    }
  }
  return scenarios;
}

export const BUFFERS: Scenarios = allExchanges();
