// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../schema/abi/errors.ts';
import { CNode, TCB, Untyped } from '../generated/riscv64-mcs.ts';
import { FakeContext, type FakeReply } from '../testing/fake-context.ts';
import {
  AlignmentError, DeleteFirstError, errorClassName, FailedLookupError, IllegalOperationError, InvalidArgumentError, InvalidCapabilityError,
  KernelError, NotEnoughMemoryError, RevokeFirstError, SeL4RangeError, TruncatedMessageError, UnknownKernelError,
} from './kernel-error.ts';
import { ReplyMonitor } from './reply-policy.ts';
import { CapRights } from './rights.ts';
import { ThreadRuntime } from './thread-runtime.ts';

function runtimeWith(reply: FakeReply, buffer: 'readWrite' | 'none' = 'readWrite'): ThreadRuntime {
  return new ThreadRuntime(new FakeContext({ kernel: () => reply, buffer }), { replies: new ReplyMonitor({ policy: 'off' }) });
}

async function retypeError(reply: FakeReply): Promise<KernelError> {
  const result = await new Untyped(runtimeWith(reply), 0x44).tryRetype(4, 300, 2, 0, 0, 0x1_0000_0010n, 1);
  if (result.ok) throw new Error('expected a failure');
  return result.error;
}

const MAX = 0xffff_ffff_ffff_ffffn;

describe('every kernel error has a class with its payload', () => {
  it.each([
    [{ label: 1, words: [1n] }, InvalidArgumentError, { argument: 1, argumentName: 'size_bits' }],
    [{ label: 1, words: [77n] }, InvalidArgumentError, { argument: 77, argumentName: undefined }],
    [{ label: 1, words: [MAX] }, InvalidArgumentError, { argument: Number.MAX_SAFE_INTEGER, argumentName: undefined }],
    [{ label: 2, words: [0n] }, InvalidCapabilityError, { which: 0, capabilityName: undefined }],
    [{ label: 2, words: [1n] }, InvalidCapabilityError, { which: 1, capabilityName: 'root' }],
    [{ label: 3 }, IllegalOperationError, {}],
    [{ label: 4, words: [1n, MAX] }, SeL4RangeError, { min: 1n, max: MAX }],
    [{ label: 5 }, AlignmentError, {}],
    [{ label: 6, words: [0n, 1n] }, FailedLookupError, { isSource: false, lookup: { type: 'InvalidRoot' } }],
    [{ label: 6, words: [1n, 2n, 30n] }, FailedLookupError, { isSource: true, lookup: { type: 'MissingCapability', bitsLeft: 30 } }],
    [{ label: 6, words: [0n, 3n, 64n, 12n] }, FailedLookupError, { lookup: { type: 'DepthMismatch', bitsLeft: 64, bitsFound: 12 } }],
    [{ label: 6, words: [0n, 4n, 3n, MAX, 52n] }, FailedLookupError, { lookup: { type: 'GuardMismatch', bitsLeft: 3, guardFound: MAX, guardBitsFound: 52 } }],
    [{ label: 6, words: [0n, 9n] }, FailedLookupError, { lookup: { type: 'Unknown', number: 9 } }],
    [{ label: 7 }, TruncatedMessageError, {}],
    [{ label: 8 }, DeleteFirstError, {}],
    [{ label: 9 }, RevokeFirstError, {}],
    [{ label: 10, words: [0x1_0000_0000n] }, NotEnoughMemoryError, { bytes: 0x1_0000_0000n }],
    [{ label: 11 }, UnknownKernelError, { label: 11 }],
    [{ label: 2 ** 40 }, UnknownKernelError, { label: 2 ** 40 }],
  ] as const)('%o', async (reply, errorClass, fields) => {
    const error = await retypeError(reply);
    expect(error).toBeInstanceOf(errorClass);
    expect(error).toBeInstanceOf(KernelError);
    expect(error).toMatchObject({ name: errorClass.name, label: reply.label, method: 'UntypedRetype', ...fields });
    expect(error.message).toContain('seL4_Untyped_Retype failed');
  });

  it('for every error number', () => {
    expect(ERRORS.map(errorClassName)).toHaveLength(11);
    expect(new Set(ERRORS.map(errorClassName)).size).toBe(11);
  });

  it('reads a payload word that the reply does not have as 0', async () => {
    expect(await retypeError({ label: 10 })).toMatchObject({ bytes: 0n });
    expect(await retypeError({ label: 6, words: [0n, 2n] })).toMatchObject({ lookup: { type: 'MissingCapability', bitsLeft: 0 } });
  });

  it('knows that a guard mismatch has no fifth word without a buffer', async () => {
    const cnode = new CNode(runtimeWith({ label: 6, words: [0n, 4n, 3n, 3n] }, 'none'), 2);
    const result = await cnode.tryDelete(9, 64);
    expect(result).toMatchObject({ ok: false, error: { lookup: { type: 'GuardMismatch', guardFound: 3n, guardBitsFound: undefined } } });
  });
});

describe('the message says what a person needs', () => {
  it('request by names, payload, and what the interface documents', async () => {
    const error = await retypeError({ label: 10, words: [64n] });
    expect(error.message).toMatch(/^seL4_Untyped_Retype failed with NotEnoughMemory: 64 bytes are left in the untyped memory \[/);
    expect(error.message).toMatch(/Request: capability 0x44, type=4, size_bits=300, root=2, node_index=0, node_depth=0, node_offset=0x100000010, num_objects=1$/);
    expect(error.request.cptr).toBe(0x44n);
    expect([...error.request.arguments]).toEqual([
      ['type', 4n], ['size_bits', 300n], ['root', 2n], ['node_index', 0n], ['node_depth', 0n], ['node_offset', 0x1_0000_0010n], ['num_objects', 1n],
    ]);
  });

  it('which arguments a range excludes', async () => {
    expect((await retypeError({ label: 4, words: [0n, 64n] })).message).toContain('size_bits=300 or node_offset=4294967312 is outside 0..64');
    expect((await retypeError({ label: 4, words: [0n, MAX] })).message).toContain(`a value is outside 0..${MAX}`);
  });

  it('leaves out request words that the reply has overwritten', async () => {
    const error = await retypeError({ label: 6, words: [0n, 4n, 3n, 3n, 52n] });
    expect([...error.request.arguments.keys()]).toEqual(['type', 'size_bits', 'root', 'node_index', 'node_depth', 'num_objects']);
  });

  it('takes packed arguments apart', async () => {
    const tcb = new TCB(runtimeWith({ label: 3 }), 5);
    const result = await tcb.tryCopyRegisters(6, true, false, true, false, 0xab);
    expect(result.ok).toBe(false);
    if (!result.ok) {
      expect(Object.fromEntries(result.error.request.arguments)).toEqual({
        source: 6n, suspend_source: 1n, resume_target: 0n, transfer_frame: 1n, transfer_integer: 0n, arch_flags: 0xabn,
      });
    }
  });
});

describe('the two forms of a method', () => {
  it('throw, or give a value', async () => {
    const runtime = runtimeWith({ label: 8 });
    const cnode = new CNode(runtime, 2);
    await expect(cnode.copy(5, 64, 2, 6, 64, CapRights.all)).rejects.toBeInstanceOf(DeleteFirstError);
    const result = await cnode.tryCopy(5, 64, 2, 6, 64, CapRights.all);
    expect(result.ok).toBe(false);
    await expect(cnode.invokeBy('Call', CNode.methods.copy, 5, 64, 2, 6, 64, CapRights.all)).rejects.toBeInstanceOf(DeleteFirstError);
    (runtime.context as FakeContext).kernel = () => ({});
    expect(await cnode.tryCopy(5, 64, 2, 6, 64, CapRights.all)).toEqual({ ok: true, value: undefined });
    await expect(cnode.copy(5, 64, 2, 6, 64, CapRights.all)).resolves.toBeUndefined();
  });

  it('keep the error of a value as it was, and make it where it is asked for', async () => {
    const runtime = runtimeWith({ label: 4, words: [0n, 64n] });
    const result = await new Untyped(runtime, 0x44).tryRetype(4, 300, 2, 0, 0, 0x1_0000_0010n, 1);
    runtime.registers.fill(0xffff_ffff);
    const askForIt = (): unknown => !result.ok && result.error;
    const error = askForIt();
    expect(error).toMatchObject({ name: 'SeL4RangeError', min: 0n, max: 64n });
    expect((error as Error).message).toContain('size_bits=300');
    expect((error as Error).stack).toContain('askForIt');
    expect(askForIt()).toBe(error);
  });
});
