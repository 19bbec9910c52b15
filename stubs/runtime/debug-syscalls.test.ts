// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { FakeContext } from '../testing/fake-context.ts';
import { capTypeName, type DebugSyscalls } from './debug-syscalls.ts';
import { ThreadRuntime } from './thread-runtime.ts';

function setUp(scheduling: 'mcs' | 'classic' = 'mcs') {
  const context = new FakeContext({ scheduling, kernel: () => undefined });
  return { context, debug: new ThreadRuntime(context).debug };
}

describe.each(['mcs', 'classic'] as const)('debug system calls of a %s kernel', (scheduling) => {
  it.each<[string, (debug: DebugSyscalls) => Promise<unknown>, bigint]>([
    ['DebugPutChar', (d) => d.putChar(65), 65n],
    ['DebugCapIdentify', (d) => d.capIdentify(9), 9n],
    ['DebugSnapshot', (d) => d.snapshot(), 0n],
    ['DebugDumpScheduler', (d) => d.dumpScheduler(), 0n],
    ['DebugHalt', (d) => d.halt(), 0n],
    ['DebugNameThread', (d) => d.nameThread(9, 'server'), 9n],
    ['SetTLSBase', (d) => d.setTLSBase(2n ** 40n), 2n ** 40n],
  ])('%s', async (syscall, invoke, argument) => {
    const { context, debug } = setUp(scheduling);
    await invoke(debug);
    expect(context.lastTrap).toMatchObject({ syscall, cptr: argument, tag: { label: 0, length: 0 } });
  });
});

it('names go through the IPC buffer, ended by a zero byte', async () => {
  const { context, debug } = setUp();
  context.ipcBuffer!.fill(0xffff_ffff);
  await debug.nameThread(9, 'sérver');
  const bytes = new Uint8Array(context.ipcBuffer!.buffer, 8);
  expect(new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)))).toBe('sérver');
});

it.each([['x'.repeat(960), 'at most 959 bytes, not 960'], ['a\0b', 'cannot contain a zero byte']])('a name that cannot be sent is refused', async (name, message) => {
  const { context, debug } = setUp();
  await expect(debug.nameThread(9, name)).rejects.toThrow(message);
  expect(context.traps).toEqual([]);
});

it('a string is put byte by byte', async () => {
  const { context, debug } = setUp();
  await debug.putString('aé');
  expect(context.traps.map(({ cptr }) => cptr)).toEqual([0x61n, 0xc3n, 0xa9n]);
});

it('identifies a capability by the type that comes back in the capability register', async () => {
  const { context, debug } = setUp();
  context.kernel = () => { context.registers[18] = 12; return undefined; };
  expect(capTypeName(await debug.capIdentify(1))).toBe('Thread');
});
