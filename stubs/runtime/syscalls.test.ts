// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import type { Scheduling } from '../../schema/abi/syscalls.ts';
import { FakeContext, type FakeContextOptions } from '../testing/fake-context.ts';
import { Message } from './message.ts';
import type { Syscalls } from './syscalls.ts';
import { ThreadRuntime } from './thread-runtime.ts';

function setUp(options: FakeContextOptions = {}) {
  const context = new FakeContext(options);
  const runtime = new ThreadRuntime(context);
  return { context, runtime, syscalls: runtime.syscalls };
}

const MESSAGE = new Message(9, [1, 2]);

interface Row {
  readonly name: string;
  readonly on: readonly Scheduling[];
  readonly invoke: (syscalls: Syscalls) => Promise<unknown>;
  readonly expected: Partial<Record<Scheduling, object>>;
}

const both = (expected: object): Partial<Record<Scheduling, object>> => ({ mcs: expected, classic: expected });
const sent = { tag: { label: 9, length: 2, extraCaps: 0, capsUnwrapped: 0 }, words: new Uint32Array([1, 0, 2, 0]) };
const empty = { tag: { label: 0, length: 0, extraCaps: 0, capsUnwrapped: 0 } };

const ROWS: readonly Row[] = [
  { name: 'call', on: ['mcs', 'classic'], invoke: (s) => s.call(5, MESSAGE), expected: both({ syscall: 'Call', cptr: 5n, ...sent }) },
  { name: 'send', on: ['mcs', 'classic'], invoke: (s) => s.send(5, MESSAGE), expected: both({ syscall: 'Send', cptr: 5n, ...sent }) },
  { name: 'nbSend', on: ['mcs', 'classic'], invoke: (s) => s.nbSend(5, MESSAGE), expected: both({ syscall: 'NBSend', cptr: 5n, ...sent }) },
  { name: 'signal', on: ['mcs', 'classic'], invoke: (s) => s.signal(5), expected: both({ syscall: 'Send', cptr: 5n, ...empty }) },
  { name: 'reply', on: ['classic'], invoke: (s) => s.reply(MESSAGE), expected: { classic: { syscall: 'Reply', ...sent } } },
  { name: 'recv', on: ['mcs'], invoke: (s) => s.recv(5, 6), expected: { mcs: { syscall: 'Recv', cptr: 5n, reply: 6n, ...empty } } },
  { name: 'recv', on: ['classic'], invoke: (s) => s.recv(5), expected: { classic: { syscall: 'Recv', cptr: 5n, ...empty } } },
  { name: 'nbRecv', on: ['mcs'], invoke: (s) => s.nbRecv(5, 6), expected: { mcs: { syscall: 'NBRecv', cptr: 5n, reply: 6n, ...empty } } },
  { name: 'nbRecv', on: ['classic'], invoke: (s) => s.nbRecv(5), expected: { classic: { syscall: 'NBRecv', cptr: 5n, ...empty } } },
  {
    name: 'wait', on: ['mcs', 'classic'], invoke: (s) => s.wait(5),
    expected: { mcs: { syscall: 'Wait', cptr: 5n, ...empty }, classic: { syscall: 'Recv', cptr: 5n, ...empty } },
  },
  {
    name: 'nbWait', on: ['mcs', 'classic'], invoke: (s) => s.nbWait(5),
    expected: { mcs: { syscall: 'NBWait', cptr: 5n, ...empty }, classic: { syscall: 'NBRecv', cptr: 5n, ...empty } },
  },
  {
    name: 'poll', on: ['mcs', 'classic'], invoke: (s) => s.poll(5),
    expected: { mcs: { syscall: 'NBWait', cptr: 5n, ...empty }, classic: { syscall: 'NBRecv', cptr: 5n, ...empty } },
  },
  { name: 'replyRecv', on: ['mcs'], invoke: (s) => s.replyRecv(5, MESSAGE, 6), expected: { mcs: { syscall: 'ReplyRecv', cptr: 5n, reply: 6n, ...sent } } },
  { name: 'replyRecv', on: ['classic'], invoke: (s) => s.replyRecv(5, MESSAGE), expected: { classic: { syscall: 'ReplyRecv', cptr: 5n, ...sent } } },
  {
    name: 'nbSendRecv', on: ['mcs'], invoke: (s) => s.nbSendRecv(4, MESSAGE, 5, 6),
    expected: { mcs: { syscall: 'NBSendRecv', cptr: 5n, reply: 6n, destination: 4n, ...sent } },
  },
  { name: 'nbSendWait', on: ['mcs'], invoke: (s) => s.nbSendWait(4, MESSAGE, 5), expected: { mcs: { syscall: 'NBSendWait', cptr: 5n, reply: 4n, ...sent } } },
  { name: 'yield', on: ['mcs', 'classic'], invoke: (s) => s.yield(), expected: both({ syscall: 'Yield', ...empty }) },
];

describe.each(['mcs', 'classic'] as const)('system calls of a %s kernel', (scheduling) => {
  it.each(ROWS.filter(({ on }) => on.includes(scheduling)))('$name', async ({ invoke, expected }) => {
    for (const blocking of [false, true]) {
      const { context, syscalls } = setUp({ scheduling, blocking });
      await invoke(syscalls);
      expect(context.lastTrap).toMatchObject(expected[scheduling]!);
    }
  });
});

describe('system calls that a configuration does not have', () => {
  it.each([
    ['classic', (s: Syscalls) => s.nbSendWait(1, MESSAGE, 2), 'seL4_NBSendWait does not exist on a classic kernel'],
    ['mcs', (s: Syscalls) => s.reply(), 'seL4_Reply does not exist on a MCS kernel'],
    ['classic', (s: Syscalls) => s.recv(1, 2), 'classic kernels have no reply objects'],
    ['classic', (s: Syscalls) => s.nbSendRecv(1, MESSAGE, 2, 3), 'classic kernels have no reply objects'],
    ['mcs', (s: Syscalls) => s.recv(1), 'an MCS kernel needs a reply object here'],
    ['mcs', (s: Syscalls) => s.replyRecv(1, MESSAGE), 'an MCS kernel needs a reply object here'],
  ] as const)('on %s', async (scheduling, invoke, message) => {
    const { context, syscalls } = setUp({ scheduling });
    await expect(invoke(syscalls)).rejects.toThrow(message);
    expect(context.traps).toEqual([]);
  });
});

describe('messages', () => {
  const long = Array.from({ length: 120 }, (_, i) => BigInt(i) << 33n);

  it('carry 120 words and 3 capabilities', async () => {
    const { context, syscalls } = setUp();
    await syscalls.send(1, new Message(2 ** 52 - 1, long, [7, 8n, 9]));
    const { tag, words, caps } = context.lastTrap;
    expect(tag).toEqual({ label: 2 ** 52 - 1, length: 120, extraCaps: 3, capsUnwrapped: 0 });
    expect(Array.from({ length: 120 }, (_, i) => (BigInt(words[2 * i + 1]!) << 32n) | BigInt(words[2 * i]!))).toEqual(long);
    expect(caps).toEqual([7n, 8n, 9n]);
  });

  it('are received with badge, label, flags and badges of unwrapped capabilities', async () => {
    const { context, syscalls } = setUp();
    context.kernel = () => {
      context.ipcBuffer!.set([0xaa, 0xbb], 2 * 123);
      return { badge: 0x1_0000_0001n, label: 77, extraCaps: 2, capsUnwrapped: 2, words: long };
    };
    const message = await syscalls.recv(1, 2);
    expect(message.badge).toBe(0x1_0000_0001n);
    expect([message.label, message.length, message.extraCaps, message.capsUnwrapped]).toEqual([77, 120, 2, 2]);
    expect(message.words()).toEqual(long);
    expect(message.capBadge(1)).toBe(0xbb_0000_00aan);
    expect(() => message.capBadge(0)).toThrow('capability 0 of the message was not unwrapped');
  });

  it('received without a buffer end at the registers', async () => {
    const { syscalls } = setUp({ buffer: 'none', kernel: () => ({ length: 9, words: [1n, 2n, 3n, 4n] }) });
    expect((await syscalls.recv(1, 2)).words()).toEqual([1n, 2n, 3n, 4n]);
  });

  it('are empty when a notification or nothing came', async () => {
    const { context, syscalls } = setUp({ kernel: () => undefined });
    context.kernel = () => { context.registers[18] = 64; return undefined; };
    const message = await syscalls.recv(5, 6);
    expect([message.badge, message.label, message.length]).toEqual([64n, 0, 0]);
  });

  it('received can be sent on', async () => {
    const { context, syscalls } = setUp({ kernel: () => ({ badge: 3n, label: 4, words: [5n], extraCaps: 1 }) });
    await syscalls.send(8, await syscalls.recv(1, 2));
    expect(context.lastTrap).toMatchObject({ cptr: 8n, tag: { label: 4, length: 1, extraCaps: 0, capsUnwrapped: 0 } });
  });

  it('need a buffer for a fifth word or a capability', async () => {
    for (const buffer of ['none', 'readOnly'] as const) {
      const { context, syscalls } = setUp({ buffer });
      await expect(syscalls.send(1, Message.of(1, 2, 3, 4, 5))).rejects.toThrow('needs an IPC buffer');
      await expect(syscalls.send(1, new Message(0, [], [3]))).rejects.toThrow('needs an IPC buffer');
      expect(context.traps).toEqual([]);
      await syscalls.send(1, Message.of(1, 2, 3, 4));
      expect(context.lastTrap.tag.length).toBe(4);
    }
  });

  it('refuse what they cannot carry', async () => {
    const { syscalls } = setUp();
    expect(() => new Message(0, Array.from({ length: 121 }, () => 0))).toThrow('a message has at most 120 words');
    expect(() => Message.of(-1)).toThrow('message word 0: -1 is not a 64-bit word');
    await expect(syscalls.send(1, new Message(0, [], [1, 2, 3, 4]))).rejects.toThrow('at most 3 capabilities, not 4');
    await expect(syscalls.send(1, new Message(2 ** 52))).rejects.toThrow('does not fit 52 bits');
  });

  it('give their words as BigInt or as number', () => {
    const message = Message.of(1, 2n ** 53n).push(3);
    expect([message.get(1), message.number(0), message.number(2)]).toEqual([2n ** 53n, 1, 3]);
    expect(() => message.number(1)).toThrow('message word 1 is 9007199254740992, too large for a number');
    expect(() => message.get(3)).toThrow('the message has 3 words: there is no word 3');
    expect(message.set(0, 9).words()).toEqual([9n, 2n ** 53n, 3n]);
    expect(() => message.set(-1, 0)).toThrow(RangeError);
  });
});

it('the receive path goes to the IPC buffer', () => {
  const { context, syscalls } = setUp();
  syscalls.setReceivePath({ root: 2, index: 0x1_0000_0003n, depth: 64 });
  expect([...context.ipcBuffer!.subarray(2 * 125)]).toEqual([2, 0, 3, 1, 64, 0]);
  expect(() => setUp({ buffer: 'none' }).syscalls.setReceivePath({ root: 2, index: 1, depth: 64 })).toThrow('receive path');
});

it('a poll gives the notification word', async () => {
  const { syscalls } = setUp({ kernel: () => ({ badge: 2n ** 63n }) });
  expect(await syscalls.poll(4)).toBe(2n ** 63n);
});
