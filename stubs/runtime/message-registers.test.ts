// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { ERROR } from '../../schema/abi/errors.ts';
import { FAULT_LABELS } from '../../schema/abi/faults.ts';
import { RISCVPage, TCB } from '../generated/riscv64-mcs.ts';
import { FakeContext, type FakeKernel, type FakeReply } from '../testing/fake-context.ts';
import { MarshalError } from './marshal.ts';
import { Message, ReceivedMessage } from './message.ts';
import { ReplyAnomalyError, ReplyMonitor, type ReplyFinding, type ReplyPolicy } from './reply-policy.ts';
import { ThreadRuntime } from './thread-runtime.ts';

function setUp(kernel: FakeKernel | FakeReply = {}, policy: ReplyPolicy = 'warn', buffer: 'readWrite' | 'none' = 'readWrite') {
  const findings: ReplyFinding[] = [];
  const replies = new ReplyMonitor({ policy, onFinding: (finding) => findings.push(finding) });
  const context = new FakeContext({ kernel: typeof kernel === 'function' ? kernel : () => kernel, buffer });
  const runtime = new ThreadRuntime(context, { replies });
  return { runtime, context, findings, rules: () => findings.map(({ rule }) => rule.id), endpoint: 5n, page: new RISCVPage(runtime, 6n), tcb: new TCB(runtime, 7n) };
}

describe('a message word', () => {
  it('is read from the registers, or from the buffer', async () => {
    const { runtime, endpoint, rules } = setUp({ words: [1n, 2n, 3n, 4n, 5n] });
    await runtime.syscalls.call(endpoint);
    expect([0, 3, 4].map((i) => runtime.message.get(i))).toEqual([1n, 4n, 5n]);
    expect(runtime.message.info()).toEqual({ label: 0, length: 5, extraCaps: 0, capsUnwrapped: 0 });
    expect(rules()).toEqual([]);
  });

  it('is stale beyond the length of the message (L03)', async () => {
    const { runtime, endpoint, findings } = setUp({ words: [1n, 2n] });
    await runtime.syscalls.call(endpoint, Message.of(7, 8, 9));
    expect(runtime.message.get(2)).toBe(9n);
    expect(findings).toMatchObject([{ rule: { id: 'L03' }, method: 'Call', detail: 'Message word 2 was read after Call, which delivered 2 words.' }]);
  });

  it('is stale after a system call that delivers none, and before any', async () => {
    const { runtime, endpoint, rules } = setUp();
    runtime.message.get(0);
    await runtime.syscalls.send(endpoint, Message.of(1));
    runtime.message.get(0);
    expect(rules()).toEqual(['L03', 'L03']);
  });

  it('that the thread has set itself is its own until the next message', async () => {
    const { runtime, endpoint, rules } = setUp({ words: [1n] });
    await runtime.syscalls.call(endpoint);
    runtime.message.set(2, 20);
    runtime.message.set(100, 21n);
    expect([2, 100].map((i) => runtime.message.get(i))).toEqual([20n, 21n]);
    expect(rules()).toEqual([]);
    await runtime.syscalls.call(endpoint);
    expect(runtime.message.get(100)).toBe(21n);
    expect(rules()).toEqual(['L03']);
  });

  it('has an index below 120, and a place', async () => {
    const { runtime, endpoint } = setUp({ length: 6, words: [1n] }, 'warn', 'none');
    await runtime.syscalls.call(endpoint);
    expect(runtime.message.get(5)).toBe(0n);
    expect(() => runtime.message.set(5, 1)).toThrow(MarshalError);
    expect(() => runtime.message.get(120)).toThrow(RangeError);
    expect(() => runtime.message.set(-1, 1)).toThrow(RangeError);
    expect(() => runtime.message.set(0, -1)).toThrow();
  });
});

describe('the tag', () => {
  it('is nobody else’s after a Send (L07)', async () => {
    const { runtime, endpoint, findings } = setUp(() => undefined);
    await runtime.syscalls.send(endpoint, new Message(9, [1]));
    expect(runtime.message.info()).toMatchObject({ label: 9, length: 1 });
    expect(findings).toMatchObject([{ rule: { id: 'L07' }, method: 'Send' }]);
  });

  it('is not looked at under the policy off', async () => {
    const { runtime, endpoint, rules } = setUp({}, 'off');
    await runtime.syscalls.send(endpoint);
    runtime.message.info();
    runtime.message.get(0);
    expect(rules()).toEqual([]);
  });
});

describe('the words of an error', () => {
  const RANGE = { label: ERROR.RangeError, words: [0n, 255n] };

  it('are lost when a request comes before anybody has taken them (L06)', async () => {
    const { runtime, tcb, findings } = setUp(RANGE);
    runtime.begin(tcb, (4 << 12) | 2);
    runtime.call();
    runtime.finishCall(4);
    await runtime.syscalls.yield();
    await runtime.syscalls.yield();
    expect(findings.map(({ rule }) => rule.id)).toContain('L06');
    expect(findings.filter(({ rule }) => rule.id === 'L06')).toHaveLength(1);
  });

  it('are kept by the methods of the stubs', async () => {
    const { runtime, tcb, rules } = setUp(RANGE);
    expect(await tcb.trySetPriority(1, 300)).toMatchObject({ ok: false, error: { min: 0n, max: 255n } });
    await runtime.syscalls.yield();
    expect(rules()).toEqual([]);
  });

  it('are no results (L02)', async () => {
    const { runtime, page, findings } = setUp({ label: ERROR.InvalidArgument, words: [1n] });
    await page.tryGetAddress();
    expect(runtime.outWord(0)).toBe(1n);
    runtime.outWord(0);
    expect(findings.filter(({ rule }) => rule.id === 'L02')).toMatchObject([{ method: 'RISCVPageGetAddress' }]);
  });
});

describe('a fault message', () => {
  const received = (kernel: FakeReply, policy: ReplyPolicy = 'warn') => {
    const { runtime, endpoint, rules } = setUp(kernel, policy);
    return { runtime, rules, message: runtime.syscalls.recv(endpoint, 8n) };
  };

  it('has words with names', async () => {
    const { runtime, message, rules } = received({ label: FAULT_LABELS.mcs.VMFault!, words: [0x1000n, 0x8n, 0n, 5n] });
    const decoded = runtime.message.fault(await message);
    expect(decoded).toEqual({ fault: 'VMFault', words: new Map([['IP', 0x1000n], ['Addr', 0x8n], ['PrefetchFault', 0n], ['FSR', 5n]]) });
    expect(rules()).toEqual([]);
  });

  it('tells why a lookup failed', async () => {
    const { runtime, message } = received({ label: FAULT_LABELS.mcs.CapFault!, words: [0x1000n, 0x30n, 1n, 4n, 58n, 3n, 6n] });
    expect([...runtime.message.fault(await message)!.words.keys()]).toEqual(['IP', 'Addr', 'InRecvPhase', 'LookupFailureType', 'BitsLeft', 'GuardFound', 'GuardBitsFound']);
  });

  it('that is too short has fewer words', async () => {
    const { runtime, message } = received({ label: FAULT_LABELS.mcs.UserException!, words: [0x1000n] });
    expect(runtime.message.fault(await message)).toEqual({ fault: 'UserException', words: new Map([['FaultIP', 0x1000n]]) });
  });

  it('with an unknown label is none (L09)', async () => {
    const { runtime, message, rules } = received({ label: 40, words: [1n] });
    expect(runtime.message.fault(await message)).toBeUndefined();
    expect(rules()).toEqual(['L09']);
    expect(() => received({}, 'throw').runtime.message.fault(new ReceivedMessage())).toThrow(ReplyAnomalyError);
  });
});
