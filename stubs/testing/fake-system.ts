// SPDX-License-Identifier: BSD-2-Clause
/** A root task's context and boot information over a {@link FakeContext}, for tests of the SDK. */
import type { BootInfo, UntypedDescription } from '../../schema/abi/boot-info.ts';
import type { Scheduling } from '../../schema/abi/syscalls.ts';
import { toBigInt } from '../../schema/abi/word.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import { readParameter } from '../../schema/idl/pack.ts';
import { FakeContext, type FakeReply, type FakeTrap } from './fake-context.ts';

/** An invocation as its interface describes it. Structures are left out. */
export interface FakeInvocation {
  /** Invocation name; the system call when it is none. */
  readonly id: string;
  readonly cptr: bigint;
  /** Arguments by their names, capabilities included. */
  readonly args: Readonly<Record<string, bigint>>;
}

/** Answers an invocation; `undefined` stands for an empty success. */
export type FakeHandler = (invocation: FakeInvocation) => FakeReply | undefined;

export const FAKE_BOOT_INFO: BootInfo = {
  nodeId: 0, numNodes: 1, initThreadCNodeSizeBits: 12, initThreadDomain: 0,
  empty: { start: 100, end: 120 }, userImageFrames: { start: 20, end: 20 }, userImagePaging: { start: 20, end: 20 },
  untyped: { start: 50, end: 53 },
  untypedList: [
    { slot: 50, paddr: 0x8000_0000n, sizeBits: 20, isDevice: false },
    { slot: 51, paddr: 0x1000_0000n, sizeBits: 12, isDevice: true },
    { slot: 52, paddr: 0x9000_0000n, sizeBits: 13, isDevice: false },
  ],
  schedControl: { start: 40, end: 41 },
};

export class FakeSystem {
  readonly context: FakeContext;
  readonly invocations: FakeInvocation[] = [];
  readonly bootInfo: BootInfo;

  constructor(scheduling: Scheduling, handler: FakeHandler = () => undefined, untypedList: readonly UntypedDescription[] = FAKE_BOOT_INFO.untypedList) {
    this.bootInfo = { ...FAKE_BOOT_INFO, untypedList };
    this.context = new FakeContext({
      scheduling,
      kernel: (trap) => {
        const invocation = decode(scheduling, trap);
        this.invocations.push(invocation);
        return handler(invocation) ?? {};
      },
    });
  }

  /** Names of the invocations so far. */
  get ids(): string[] {
    return this.invocations.map(({ id }) => id);
  }

  /** The invocations of one method so far. */
  of(id: string): FakeInvocation[] {
    return this.invocations.filter((invocation) => invocation.id === id);
  }
}

function decode(scheduling: Scheduling, trap: FakeTrap): FakeInvocation {
  const method = trap.syscall === 'Call' ? interfacesOf(`riscv64-${scheduling}`).byLabel[trap.tag.label] : undefined;
  if (method === undefined) return { id: trap.syscall, cptr: trap.cptr, args: {} };
  const words = method.parameters.filter(({ type }) => type.kind !== 'struct').map((p) => [p.name, toBigInt(readParameter(trap.words, p))] as const);
  const caps = method.capParameters.map(({ name, index }) => [name, trap.caps[index]!] as const);
  return { id: method.id, cptr: trap.cptr, args: Object.fromEntries([...words, ...caps]) };
}
