// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it, vi } from 'vitest';
import { RISCVPage, SchedContext, TCB } from '../generated/riscv64-mcs.ts';
import { FakeContext, type FakeContextOptions, type FakeKernel, type FakeReply } from '../testing/fake-context.ts';
import { ReplyAnomalyError, ReplyMonitor, type ReplyFinding, type ReplyPolicy } from './reply-policy.ts';
import { ThreadRuntime } from './thread-runtime.ts';

const CPTR = 0x29n;

function setUp(kernel: FakeKernel, policy: ReplyPolicy = 'warn', options: FakeContextOptions = {}) {
  const findings: ReplyFinding[] = [];
  const replies = new ReplyMonitor({ policy, onFinding: (finding) => findings.push(finding) });
  const context = new FakeContext({ ...options, kernel });
  const runtime = new ThreadRuntime(context, { replies });
  return {
    context, replies, findings,
    page: new RISCVPage(runtime, CPTR), schedContext: new SchedContext(runtime, CPTR), tcb: new TCB(runtime, CPTR),
    rules: () => findings.map(({ rule }) => rule.id).sort(),
  };
}

type Stubs = ReturnType<typeof setUp>;
interface Case {
  readonly rules: readonly string[];
  readonly what: string;
  readonly reply: FakeReply | undefined;
  readonly invoke: (stubs: Stubs) => Promise<unknown>;
  readonly options?: FakeContextOptions;
}

const getAddress = ({ page }: Stubs) => page.tryGetAddress();
const suspend = ({ tcb }: Stubs) => tcb.trySuspend();
const setPriority = ({ tcb }: Stubs) => tcb.trySetPriority(1, 300);

const ANOMALIES: readonly Case[] = [
  { rules: ['K01', 'K03', 'L09'], what: 'no reply at all', reply: undefined, invoke: getAddress },
  { rules: ['K02'], what: 'badge left over from the request', reply: { badge: CPTR, words: [0x8000n] }, invoke: getAddress },
  { rules: ['K03', 'L09'], what: 'label that is no error', reply: { label: 11 }, invoke: suspend },
  { rules: ['K04'], what: 'extra capabilities', reply: { extraCaps: 1 }, invoke: suspend },
  { rules: ['K04'], what: 'unwrapped capabilities', reply: { capsUnwrapped: 2, words: [0x8000n] }, invoke: getAddress },
  { rules: ['K05', 'L01'], what: 'empty success where a result is due', reply: {}, invoke: getAddress },
  { rules: ['K06'], what: 'more words than out-parameters', reply: { words: [1n, 2n] }, invoke: getAddress },
  {
    rules: ['K06', 'K07'], what: 'words claimed that no buffer could carry', reply: { length: 8, words: [1n, 2n, 3n, 4n] },
    invoke: ({ tcb }) => tcb.tryReadRegisters(false, 0, 8), options: { buffer: 'none' },
  },
  { rules: ['K10'], what: 'error without its payload', reply: { label: 4, words: [0n] }, invoke: setPriority },
  { rules: ['K10', 'K12'], what: 'failed lookup of the wrong length', reply: { label: 6, words: [0n, 2n] }, invoke: setPriority },
  { rules: ['K11'], what: 'payload that contradicts the request', reply: { label: 2, words: [9n] }, invoke: setPriority },
  { rules: ['K12'], what: 'error that the interface does not document', reply: { label: 10, words: [64n] }, invoke: suspend },
];

describe('a reply that breaks the protocol', () => {
  it.each(ANOMALIES)('$rules: $what', async ({ rules, reply, invoke, options }) => {
    const stubs = setUp(() => reply, 'warn', options);
    await invoke(stubs);
    expect(stubs.rules()).toEqual(rules);
    for (const { method, detail } of stubs.findings) {
      expect(method).toMatch(/^(RISCVPageGetAddress|TCBSuspend|TCBSetPriority|TCBReadRegisters)$/);
      expect(detail).not.toBe('');
    }
  });

  it.each(ANOMALIES)('is thrown under the policy throw if it is an error ($rules: $what)', async ({ reply, invoke, options }) => {
    const warned = setUp(() => reply, 'warn', options);
    await invoke(warned);
    const stubs = setUp(() => reply, 'throw', options);
    const error = await invoke(stubs).then(() => undefined, (thrown: unknown) => thrown);
    if (warned.findings.some(({ rule }) => rule.severity === 'error')) {
      expect(error).toBeInstanceOf(ReplyAnomalyError);
      // What is thrown is the reply: the stub does not come to make an error of it.
      const ofReply = warned.findings.map(({ rule }) => rule.id).filter((id) => id !== 'L09');
      expect((error as ReplyAnomalyError).findings.map(({ rule }) => rule.id)).toEqual(ofReply);
      expect(stubs.findings).toEqual([]);
    } else {
      expect(error).toBeUndefined();
      expect(stubs.rules()).toEqual(warned.rules());
    }
  });

  it('names rule, method and detail', async () => {
    const stubs = setUp(() => ({}), 'throw');
    const error = await stubs.schedContext.consumed().catch((thrown: unknown) => thrown) as ReplyAnomalyError;
    expect([error.name, error.rule, error.method]).toEqual(['ReplyAnomalyError', 'K05', 'SchedContextConsumed']);
    expect(error.message).toContain(`K05 reply-short: ${error.detail}`);
    expect(error.detail).toContain('SchedContextConsumed');
    expect(error.findings.map(({ rule }) => rule.id)).toEqual(['K05', 'L01']);
  });

  it('is not looked for under the policy off', async () => {
    const stubs = setUp(() => ({ badge: 5n }), 'off');
    expect(await stubs.page.getAddress()).toBe(0n);
    expect(stubs.replies.statistics).toEqual({ checked: 0, findings: new Map() });
  });

  it('never lends a register that it does not cover', async () => {
    const stubs = setUp(() => undefined, 'warn');
    stubs.context.kernel = () => {
      stubs.context.registers.fill(0xdead, 18);
      stubs.context.registers.fill(0, 18, 22);
      return undefined;
    };
    expect(await stubs.page.getAddress()).toBe(0n);
    expect(await stubs.tcb.readRegisters(false, 0, 4)).toEqual({});
    expect(stubs.rules()).toContain('L01');
  });
});

describe('a correct reply has no finding', () => {
  const GOOD: readonly Omit<Case, 'rules'>[] = [
    { what: 'empty success', reply: {}, invoke: suspend },
    { what: 'one result', reply: { words: [0x8000_0000n] }, invoke: getAddress },
    { what: 'error without payload', reply: { label: 3 }, invoke: suspend },
    { what: 'range error', reply: { label: 4, words: [0n, 255n] }, invoke: setPriority },
    { what: 'as many registers as were asked for', reply: { words: [1n, 2n, 3n, 4n, 5n, 6n] }, invoke: ({ tcb }) => tcb.tryReadRegisters(false, 0, 6) },
    {
      what: 'four registers without a buffer', reply: { words: [1n, 2n, 3n, 4n] },
      invoke: ({ tcb }) => tcb.tryReadRegisters(false, 0, 6), options: { buffer: 'none' },
    },
    {
      what: 'the late result of a YieldTo', reply: { words: [17n] }, invoke: ({ schedContext }) => schedContext.tryYieldTo(), options: { blocking: true },
    },
  ];
  it.each(GOOD)('$what', async ({ reply, invoke, options }) => {
    const stubs = setUp(() => reply, 'throw', options);
    await invoke(stubs);
    expect(stubs.replies.statistics).toEqual({ checked: 1, findings: new Map() });
  });
});

describe('Send and NBSend', () => {
  it.each(['Send', 'NBSend'] as const)('%s to a silent kernel has no finding', async (syscall) => {
    const stubs = setUp(() => undefined, 'throw');
    await stubs.schedContext.invokeBy(syscall, SchedContext.methods.consumed);
    expect(stubs.replies.statistics).toEqual({ checked: 1, findings: new Map() });
  });

  it.each([
    ['a whole reply', { words: [33n] }],
    ['a message register only', { badge: CPTR, label: 37, words: [], length: 0 }],
  ] as const)('%s to a non-Call is N01', async (what, reply) => {
    const stubs = setUp(() => undefined, 'throw');
    stubs.context.kernel = () => {
      if (what !== 'a whole reply') stubs.context.registers[22] = 33;
      return reply;
    };
    const error = await stubs.schedContext.invokeBy('Send', SchedContext.methods.consumed).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ReplyAnomalyError);
    expect((error as ReplyAnomalyError).rule).toBe('N01');
    expect((error as ReplyAnomalyError).method).toBe('SchedContextConsumed');
  });

  it('a delivery after the thread was blocked is found as well', async () => {
    const stubs = setUp(() => ({ words: [33n] }), 'warn', { blocking: true });
    await stubs.schedContext.invokeBy('NBSend', SchedContext.methods.yieldTo);
    expect(stubs.rules()).toEqual(['N01']);
  });
});

describe('policy and counts', () => {
  it('are shared by the threads of a task', async () => {
    const replies = new ReplyMonitor({ policy: 'warn', onFinding: () => {} });
    for (const kernel of [() => ({}), () => ({ words: [1n] })]) {
      await new RISCVPage(new ThreadRuntime(new FakeContext({ kernel }), { replies }), 1).getAddress();
    }
    expect(replies.statistics).toEqual({ checked: 2, findings: new Map([['K05', 1], ['L01', 1]]) });
  });

  it('can change between two replies', async () => {
    const stubs = setUp(() => ({}), 'off');
    await stubs.page.getAddress();
    stubs.replies.policy = 'throw';
    await expect(stubs.page.getAddress()).rejects.toThrow(ReplyAnomalyError);
  });

  it('prints the first finding of each rule and method when there is no handler', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {});
    try {
      const runtime = new ThreadRuntime(new FakeContext(), { replies: new ReplyMonitor({ policy: 'warn' }) });
      const page = new RISCVPage(runtime, 1);
      await page.getAddress();
      await page.getAddress();
      expect(print.mock.calls.map(([line]) => String(line).slice(0, 3))).toEqual(['K05', 'L01']);
      expect(runtime.replies.statistics.findings).toEqual(new Map([['K05', 2], ['L01', 2]]));
    } finally {
      print.mockRestore();
    }
  });
});

it('refuses a second system call of a thread that is still in one', async () => {
  const context = new FakeContext({ blocking: true });
  const tcb = new TCB(new ThreadRuntime(context), 1);
  const first = tcb.suspend();
  await expect(tcb.resume()).rejects.toThrow('this thread is still in a system call');
  await first;
  await tcb.resume();
  expect(context.traps).toHaveLength(2);
});
