// SPDX-License-Identifier: BSD-2-Clause
import { IPC_BUFFER } from '../../schema/abi/ipc-buffer.ts';
import { MSG_MAX_LENGTH } from '../../schema/abi/message-info.ts';
import type { DebugSyscall } from '../../schema/abi/syscalls.ts';
import { CAP_TYPE_NAMES, type CapTypeName } from '../../schema/abi/cap-types.ts';
import type { WordLike } from '../../schema/abi/word.ts';
import type { CapabilityRef } from './capability.ts';
import { CAP } from './lanes.ts';
import { MarshalError, putCap } from './marshal.ts';
import type { ThreadRuntime } from './thread-runtime.ts';

const MAX_NAME_BYTES = 8 * MSG_MAX_LENGTH - 1;

/**
 * The debug system calls of one thread (`seL4_DebugPutChar` is `putChar`). Most exist only in kernels built with
 * printing or debugging; elsewhere the thread faults with an unknown system call.
 */
export class DebugSyscalls {
  private readonly runtime: ThreadRuntime;

  constructor(runtime: ThreadRuntime) {
    this.runtime = runtime;
  }

  /** Writes one byte to the kernel's console. */
  putChar(code: number): Promise<void> {
    return this.debug('DebugPutChar', code);
  }

  /** Writes text to the kernel's console as UTF-8, byte by byte. */
  async putString(text: string): Promise<void> {
    for (const byte of new TextEncoder().encode(text)) await this.putChar(byte);
  }

  /** Names a thread in the kernel's own debug output. The name goes through the IPC buffer. */
  async nameThread(tcb: CapabilityRef, name: string): Promise<void> {
    const bytes = new TextEncoder().encode(name);
    if (bytes.length > MAX_NAME_BYTES) throw new MarshalError(`a thread name has at most ${MAX_NAME_BYTES} bytes, not ${bytes.length}`);
    if (bytes.includes(0)) throw new MarshalError('a thread name cannot contain a zero byte');
    const buffer = this.runtime.sendBuffer('seL4_DebugNameThread');
    const target = new Uint8Array(buffer.buffer, buffer.byteOffset + 8 * IPC_BUFFER.msg, bytes.length + 1);
    target.set(bytes);
    target[bytes.length] = 0;
    await this.debug('DebugNameThread', tcb);
  }

  /** Type of the capability in a slot, as the kernel numbers it; see {@link capTypeName}. 0 for an empty slot. */
  async capIdentify(cap: CapabilityRef): Promise<number> {
    await this.debug('DebugCapIdentify', cap);
    return this.runtime.registers[CAP]!;
  }

  /** Prints a capDL description of the system, where the kernel can. */
  snapshot(): Promise<void> {
    return this.debug('DebugSnapshot', 0);
  }

  /** Prints all threads with their states and priorities. */
  dumpScheduler(): Promise<void> {
    return this.debug('DebugDumpScheduler', 0);
  }

  /** Halts the kernel. The promise never settles. */
  halt(): Promise<void> {
    return this.debug('DebugHalt', 0);
  }

  /** Sets the calling thread's TLS base register. Every configuration has this call. */
  setTLSBase(base: WordLike): Promise<void> {
    return this.debug('SetTLSBase', base);
  }

  private async debug(name: DebugSyscall, argument: CapabilityRef): Promise<void> {
    this.runtime.beginLanes(0, 0, 0, 0);
    putCap(this.runtime.registers, CAP, argument, `seL4_${name}`);
    const blocked = this.runtime.trap(name);
    if (blocked !== undefined) await blocked;
    this.runtime.returned();
  }
}

/** Name of a capability type number of {@link DebugSyscalls.capIdentify}. */
export function capTypeName(type: number): CapTypeName | undefined {
  return CAP_TYPE_NAMES.get(type);
}
