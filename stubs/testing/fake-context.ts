// SPDX-License-Identifier: BSD-2-Clause
/** A user thread without a kernel behind it, for tests: records what it traps with, and plays replies. */
import { IPC_BUFFER, IPC_BUFFER_WORDS } from '../../schema/abi/ipc-buffer.ts';
import { packMessageInfo, unpackMessageInfo, type MessageInfo } from '../../schema/abi/message-info.ts';
import { CONTEXT_SLOTS, MESSAGE_REGISTERS, ROLE } from '../../schema/abi/registers.ts';
import { syscallName, type Scheduling, type SyscallName } from '../../schema/abi/syscalls.ts';
import { fromBigInt, lanesToBigInt, writeWord } from '../../schema/abi/word.ts';
import type { UserContext } from '../runtime/user-context.ts';

/** A trap as the kernel would see it. */
export interface FakeTrap {
  readonly syscall: SyscallName;
  readonly cptr: bigint;
  readonly tag: MessageInfo;
  /** Lanes of the message words that the tag counts. */
  readonly words: Uint32Array;
  /** The extra capabilities that the tag counts. */
  readonly caps: readonly bigint[];
  /** The reply register (MCS) and the destination of NBSendRecv. */
  readonly reply: bigint;
  readonly destination: bigint;
}

/** What the kernel writes into the thread. Fields that are left out are those of a correct empty success. */
export interface FakeReply {
  readonly badge?: bigint;
  readonly label?: number;
  /** Default: the number of `words`. */
  readonly length?: number;
  readonly extraCaps?: number;
  readonly capsUnwrapped?: number;
  readonly words?: readonly bigint[];
}

/** Gives the reply to a trap, or nothing when the kernel writes nothing. */
export type FakeKernel = (trap: FakeTrap) => FakeReply | undefined;

export interface FakeContextOptions {
  readonly scheduling?: Scheduling;
  readonly kernel?: FakeKernel;
  /** Default `readWrite`. */
  readonly buffer?: 'readWrite' | 'readOnly' | 'none';
  /** Every trap blocks for one turn of the event loop. Default false. */
  readonly blocking?: boolean;
}

export class FakeContext implements UserContext {
  readonly scheduling: Scheduling;
  readonly registers = new Uint32Array(2 * CONTEXT_SLOTS);
  readonly ipcBuffer: Uint32Array | undefined;
  readonly ipcBufferWritable: boolean;
  /** Every trap so far. */
  readonly traps: FakeTrap[] = [];
  readonly hints = new Map<bigint, string>();
  readonly entries: ((context: UserContext) => Promise<void>)[] = [];
  /** The kernel; can be exchanged. */
  kernel: FakeKernel;
  private readonly blocking: boolean;
  private time = 0;

  constructor(options: FakeContextOptions = {}) {
    this.scheduling = options.scheduling ?? 'mcs';
    this.kernel = options.kernel ?? (() => ({}));
    this.blocking = options.blocking ?? false;
    this.ipcBuffer = options.buffer === 'none' ? undefined : new Uint32Array(2 * IPC_BUFFER_WORDS);
    this.ipcBufferWritable = options.buffer === undefined || options.buffer === 'readWrite';
  }

  get lastTrap(): FakeTrap {
    return this.traps.at(-1)!;
  }

  trap(): Promise<void> | undefined {
    const trap = this.readTrap();
    this.traps.push(trap);
    const reply = this.kernel(trap);
    if (!this.blocking) {
      if (reply !== undefined) this.write(reply);
      return undefined;
    }
    return Promise.resolve().then(() => { if (reply !== undefined) this.write(reply); });
  }

  exception(): undefined {
    throw new Error('there is no fault handler here');
  }

  compute(ns: number): Promise<void> | undefined {
    this.time += ns;
    return this.blocking ? Promise.resolve() : undefined;
  }

  now(): number {
    return this.time;
  }

  entry(start: (context: UserContext) => Promise<void>): bigint {
    this.entries.push(start);
    return BigInt(this.entries.length) * 0x1_0000n;
  }

  hint(cptr: bigint, name: string): void {
    this.hints.set(cptr, name);
  }

  private readTrap(): FakeTrap {
    const number = Number(BigInt.asIntN(64, this.register(ROLE.syscall)));
    const syscall = syscallName(this.scheduling, number);
    if (syscall === undefined) throw new Error(`the thread traps with ${number}, which is no system call`);
    const tag = unpackMessageInfo(this.registers[2 * ROLE.tag]!, this.registers[2 * ROLE.tag + 1]!);
    const words = new Uint32Array(2 * tag.length);
    const inRegisters = Math.min(tag.length, MESSAGE_REGISTERS);
    words.set(this.registers.subarray(2 * ROLE.mr0, 2 * (ROLE.mr0 + inRegisters)));
    if (tag.length > inRegisters) {
      words.set(this.ipcBuffer!.subarray(2 * (IPC_BUFFER.msg + inRegisters), 2 * (IPC_BUFFER.msg + tag.length)), 2 * inRegisters);
    }
    return {
      syscall, cptr: this.register(ROLE.cap), tag, words,
      caps: Array.from({ length: tag.extraCaps }, (_, i) => this.bufferWord(IPC_BUFFER.capsOrBadges + i)),
      reply: this.register(ROLE.reply), destination: this.register(ROLE.nbSendRecvDest),
    };
  }

  private write(reply: FakeReply): void {
    const words = reply.words ?? [];
    writeWord(this.registers, ROLE.badge, fromBigInt(reply.badge ?? 0n));
    writeWord(this.registers, ROLE.tag, packMessageInfo({
      label: reply.label ?? 0, length: reply.length ?? words.length,
      extraCaps: reply.extraCaps ?? 0, capsUnwrapped: reply.capsUnwrapped ?? 0,
    }));
    words.forEach((word, i) => {
      if (i < MESSAGE_REGISTERS) writeWord(this.registers, ROLE.mr0 + i, fromBigInt(word));
      else if (this.ipcBuffer !== undefined) writeWord(this.ipcBuffer, IPC_BUFFER.msg + i, fromBigInt(word));
    });
  }

  private register(slot: number): bigint {
    return lanesToBigInt(this.registers[2 * slot]!, this.registers[2 * slot + 1]!);
  }

  private bufferWord(index: number): bigint {
    return lanesToBigInt(this.ipcBuffer![2 * index]!, this.ipcBuffer![2 * index + 1]!);
  }
}
