// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { ERROR } from '../abi/errors.ts';
import type { ErrorName } from '../abi/errors.ts';
import { fromBigInt, writeWord } from '../abi/word.ts';
import { decodeReply, decodeRequest, fieldText } from './describe.ts';
import type { DecodedReply } from './describe.ts';
import { interfacesOf } from './load.ts';
import type { Method } from './model.ts';

const model = interfacesOf('riscv64-mcs');

function method(id: string): Method {
  return model.byId.get(id)!;
}

function lanes(...values: bigint[]): Uint32Array {
  const words = new Uint32Array(2 * values.length);
  values.forEach((v, i) => { writeWord(words, i, fromBigInt(v)); });
  return words;
}

function request(id: string, values: bigint[], caps: bigint[] = []): string[] {
  return decodeRequest(method(id), lanes(...values), values.length, lanes(...caps), caps.length).map(fieldText);
}

function reply(id: string | undefined, label: number, values: bigint[], length = values.length): DecodedReply {
  const tag = { label, length, extraCaps: 0, capsUnwrapped: 0 };
  return decodeReply(id === undefined ? undefined : method(id), tag, lanes(...values), values.length);
}

function errorReply(id: string, error: ErrorName, ...payload: bigint[]): DecodedReply {
  return reply(id, ERROR[error], payload);
}

describe('decodeRequest', () => {
  it('gives the arguments in the order of the interface, words and capabilities mixed', () => {
    expect(request('CNodeMint', [7n, 64n, 8n, 52n, 3n, 0xffff_ffff_ffff_ffffn], [2n])).toEqual([
      'dest_index = 7', 'dest_depth = 64 (0x40)', 'src_root = 2', 'src_index = 8', 'src_depth = 52 (0x34)',
      'rights = 3, write, read', 'badge = 18446744073709551615 (0xffffffffffffffff)',
    ]);
  });

  it('takes packed flags apart', () => {
    expect(request('TCBCopyRegisters', [0x0506n], [9n])).toEqual([
      'source = 9', 'suspend_source = 0, false', 'resume_target = 1, true', 'transfer_frame = 1, true',
      'transfer_integer = 0, false', 'arch_flags = 5',
    ]);
  });

  it('shows the members of a structure that were sent', () => {
    expect(request('TCBWriteRegisters', [1n, 2n, 0x1000n, 0x2000n])).toEqual([
      'resume_target = 1, true', 'arch_flags = 0', 'count = 2', 'regs.pc = 4096 (0x1000)', 'regs.ra = 8192 (0x2000)',
    ]);
  });

  it('says which arguments are missing', () => {
    expect(request('CNodeDelete', [5n])).toEqual(['index = 5', 'depth: missing: the message has 1 word']);
    expect(request('TCBSetPriority', [])).toEqual(['authority: missing: the message has no extra caps', 'priority: missing: the message has no words']);
  });

  it('does not read words that were sent but are not at hand', () => {
    expect(decodeRequest(method('CNodeDelete'), lanes(5n), 2, lanes(), 3).map(fieldText)).toEqual(
      ['index = 5', 'depth: missing: the message has 1 word']);
  });

  it('shows words and capabilities that the interface does not have', () => {
    expect(request('TCBSuspend', [4n], [6n])).toEqual(['word 0 = 4, not in the interface', 'extra cap 0 = 6, not in the interface']);
  });
});

describe('decodeReply of a success', () => {
  it('gives the out-parameters', () => {
    expect(reply('RISCVPageGetAddress', 0, [0x8020_0000n])).toEqual({
      error: 'NoError', summary: 'success', explanation: '',
      fields: [{ name: 'paddr', type: 'seL4_Word', decimal: '2149580800', hex: '0x80200000', note: '' }],
    });
  });

  it('does not take words for a reply that the reply does not claim', () => {
    const { summary, fields } = reply('SchedContextConsumed', 0, [1234n, 0n, 0n, 0n], 0);
    expect(summary).toBe('success');
    expect(fields.map(fieldText)).toEqual(['consumed: missing: the message has no words']);
  });

  it('gives as many registers as the reply has', () => {
    expect(reply('TCBReadRegisters', 0, [1n, 2n, 3n]).fields.map(fieldText)).toEqual(['regs.pc = 1', 'regs.ra = 2', 'regs.sp = 3']);
  });

  it('shows words beyond the out-parameters, and all of an unknown method', () => {
    expect(reply('TCBSuspend', 0, [9n]).fields.map(fieldText)).toEqual(['word 0 = 9, not in the interface']);
    expect(reply(undefined, 0, [9n]).fields.map(fieldText)).toEqual(['word 0 = 9, not in the interface']);
  });
});

describe('decodeReply of an error', () => {
  it.each<[string, ErrorName, bigint[], string, string[]]>([
    ['CNodeDelete', 'InvalidCapability', [0n], 'InvalidCapability: capability 0 (_service)', ['capability = 0, _service']],
    ['CNodeCopy', 'InvalidCapability', [1n], 'InvalidCapability: capability 1 (src_root)', ['capability = 1, src_root']],
    ['CNodeCopy', 'InvalidCapability', [2n], 'InvalidCapability: capability 2 (the method has no such capability)', ['capability = 2, the method has no such capability']],
    ['UntypedRetype', 'InvalidArgument', [1n], 'InvalidArgument: argument 1 (size_bits)', ['argument = 1, size_bits']],
    ['DomainSetSet', 'InvalidArgument', [1n], 'InvalidArgument: argument 1 (thread)', ['argument = 1, thread']],
    ['UntypedRetype', 'InvalidArgument', [1n << 63n], 'InvalidArgument: argument 9223372036854775808 (the method has no such argument)',
      ['argument = 9223372036854775808 (0x8000000000000000), the method has no such argument']],
    ['CNodeCopy', 'IllegalOperation', [], 'IllegalOperation', []],
    ['CNodeDelete', 'RangeError', [1n, 64n], 'RangeError: allowed is 1 to 64', ['min = 1', 'max = 64 (0x40)']],
    ['UntypedRetype', 'NotEnoughMemory', [4096n], 'NotEnoughMemory: 4096 bytes available', ['bytesAvailable = 4096 (0x1000)']],
    ['UntypedRetype', 'FailedLookup', [0n, 1n], 'FailedLookup: of the destination, InvalidRoot', ['wasSource = 0, destination', 'lookupFailure = 1, InvalidRoot']],
    ['CNodeCopy', 'FailedLookup', [1n, 2n, 52n], 'FailedLookup: of the source, MissingCapability, bitsLeft = 52 (0x34)',
      ['wasSource = 1, source', 'lookupFailure = 2, MissingCapability', 'bitsLeft = 52 (0x34)']],
    ['CNodeCopy', 'FailedLookup', [1n, 3n, 4n, 8n], 'FailedLookup: of the source, DepthMismatch, bitsLeft = 4, bitsFound = 8',
      ['wasSource = 1, source', 'lookupFailure = 3, DepthMismatch', 'bitsLeft = 4', 'bitsFound = 8']],
    ['CNodeDelete', 'FailedLookup', [0n, 4n, 3n, 0n, 52n], 'FailedLookup: of the destination, GuardMismatch, bitsLeft = 3, guardFound = 0, guardBitsFound = 52 (0x34)',
      ['wasSource = 0, destination', 'lookupFailure = 4, GuardMismatch', 'bitsLeft = 3', 'guardFound = 0', 'guardBitsFound = 52 (0x34)']],
  ])('%s: %s', (id, error, payload, summary, fields) => {
    const decoded = errorReply(id, error, ...payload);
    expect(decoded.error).toBe(error);
    expect(decoded.summary).toBe(summary);
    expect(decoded.fields.map(fieldText)).toEqual(fields);
  });

  it('says what the interface says about the error, or that it does not', () => {
    expect(errorReply('CNodeCopy', 'DeleteFirst').explanation).toBe('The destination slot is not empty.');
    expect(errorReply('TCBSuspend', 'DeleteFirst').explanation).toBe('The interface does not document this error for the method.');
    expect(reply(undefined, ERROR.DeleteFirst, []).explanation).toBe('');
  });

  it('says when the payload is shorter than it must be, and shows what is there', () => {
    const guard = errorReply('CNodeDelete', 'FailedLookup', 0n, 4n, 3n, 0n);
    expect(guard.summary).toBe('FailedLookup: of the destination, GuardMismatch, bitsLeft = 3, guardFound = 0, guardBitsFound: missing: the message has 4 words');
    const range = errorReply('CNodeDelete', 'RangeError', 1n);
    expect(range.summary).toBe('RangeError: its payload is incomplete');
    expect(range.fields.map(fieldText)).toEqual(['min = 1', 'max: missing: the message has 1 word']);
  });

  it('marks payload values that the protocol does not have', () => {
    expect(errorReply('CNodeDelete', 'FailedLookup', 2n, 9n, 1n).fields.map(fieldText)).toEqual([
      'wasSource = 2, neither 0 nor 1', 'lookupFailure = 9, no lookup failure', 'word 2 = 1, not in the interface']);
    expect(errorReply('CNodeDelete', 'DeleteFirst', 1n).fields.map(fieldText)).toEqual(['word 0 = 1, not in the interface']);
  });

  it('does not call a label beyond the errors one', () => {
    expect(reply('CNodeDelete', 37, [5n])).toMatchObject({
      error: undefined, summary: 'label 37 is no error of the kernel', fields: [{ name: 'word 0', decimal: '5' }],
    });
  });
});
