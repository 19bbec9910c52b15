// SPDX-License-Identifier: BSD-2-Clause
import { IPC_BUFFER } from '../../schema/abi/ipc-buffer.ts';
import type { SyscallName } from '../../schema/abi/syscalls.ts';
import { lanesToBigInt, type WordLike } from '../../schema/abi/word.ts';
import type { CapabilityRef } from './capability.ts';
import { CAP, NBSENDRECV_DEST, REPLY } from './lanes.ts';
import { MarshalError, putCap, putWord } from './marshal.ts';
import { Message, ReceivedMessage } from './message.ts';
import type { ThreadRuntime } from './thread-runtime.ts';

/** Where a received capability goes: a slot, looked up from a CNode. */
export interface ReceivePath {
  readonly root: CapabilityRef;
  readonly index: WordLike;
  /** Bits of `index` to resolve. */
  readonly depth: number;
}

const EMPTY = new Message();

/**
 * The system calls of the API, under the manual's names (`seL4_NBSendRecv` is `nbSendRecv`), for one thread.
 *
 * A system call that the kernel's configuration does not have throws a RangeError. What these calls return is not
 * checked against the reply protocol: a bare system call does not say what kind of object it invokes. A received
 * message takes the tag register as it is. A wake by a notification, or an `nbRecv` that found nothing, leaves that
 * register alone; the calls that only receive set it to 0 before, so there such a message is empty.
 */
export class Syscalls {
  private readonly runtime: ThreadRuntime;

  constructor(runtime: ThreadRuntime) {
    this.runtime = runtime;
  }

  /** Sends a message and waits for the reply to it. */
  async call(dest: CapabilityRef, message: Message = EMPTY): Promise<ReceivedMessage> {
    message.put(this.runtime, dest);
    const blocked = this.runtime.trap('Call');
    if (blocked !== undefined) await blocked;
    return this.received();
  }

  /** Sends a message; waits until it is taken. */
  send(dest: CapabilityRef, message: Message = EMPTY): Promise<void> {
    return this.sendBy('Send', dest, message);
  }

  /** Sends a message if a receiver waits; otherwise it is dropped, and the sender does not learn of it. */
  nbSend(dest: CapabilityRef, message: Message = EMPTY): Promise<void> {
    return this.sendBy('NBSend', dest, message);
  }

  /** Signals a notification: a Send of an empty message. */
  signal(notification: CapabilityRef): Promise<void> {
    return this.sendBy('Send', notification, EMPTY);
  }

  /** Replies to the caller kept by the kernel. Classic kernels only; on MCS, send to the reply object. */
  async reply(message: Message = EMPTY): Promise<void> {
    message.put(this.runtime, 0);
    const blocked = this.runtime.trap('Reply');
    if (blocked !== undefined) await blocked;
    this.runtime.returned();
  }

  /**
   * Waits for a message or a signal. On MCS, `reply` is the reply object that will stand for the caller; where none is
   * wanted, {@link wait} is the system call.
   */
  recv(source: CapabilityRef, reply?: CapabilityRef): Promise<ReceivedMessage> {
    return this.receiveFor('Recv', source, reply);
  }

  /** Receives a message or signal if one is there; otherwise the badge is 0. */
  nbRecv(source: CapabilityRef, reply?: CapabilityRef): Promise<ReceivedMessage> {
    return this.receiveFor('NBRecv', source, reply);
  }

  /** Waits for a message or a signal, without a reply object. On classic kernels the same as {@link recv}. */
  wait(source: CapabilityRef): Promise<ReceivedMessage> {
    return this.receiveBy(this.isMcs ? 'Wait' : 'Recv', source);
  }

  /** {@link wait} that does not block; otherwise the badge is 0. On classic kernels the same as {@link nbRecv}. */
  nbWait(source: CapabilityRef): Promise<ReceivedMessage> {
    return this.receiveBy(this.isMcs ? 'NBWait' : 'NBRecv', source);
  }

  /** The word of a notification, which becomes 0; 0 when nothing was signalled. */
  async poll(notification: CapabilityRef): Promise<bigint> {
    this.beginReceive(notification);
    const blocked = this.runtime.trap(this.isMcs ? 'NBWait' : 'NBRecv');
    if (blocked !== undefined) await blocked;
    this.runtime.returned();
    return lanesToBigInt(this.runtime.registers[CAP]!, this.runtime.registers[CAP + 1]!);
  }

  /** Replies to the last caller and waits for the next message. On MCS, `reply` is the reply object, of both. */
  async replyRecv(source: CapabilityRef, message: Message = EMPTY, reply?: CapabilityRef): Promise<ReceivedMessage> {
    message.put(this.runtime, source);
    this.putReply(reply);
    const blocked = this.runtime.trap('ReplyRecv');
    if (blocked !== undefined) await blocked;
    return this.received();
  }

  /** Sends without blocking, then waits for a message. MCS only. */
  async nbSendRecv(dest: CapabilityRef, message: Message, source: CapabilityRef, reply: CapabilityRef): Promise<ReceivedMessage> {
    message.put(this.runtime, source);
    putCap(this.runtime.registers, NBSENDRECV_DEST, dest, 'destination');
    this.putReply(reply);
    const blocked = this.runtime.trap('NBSendRecv');
    if (blocked !== undefined) await blocked;
    return this.received();
  }

  /** Sends without blocking, then waits for a message without a reply object. MCS only. */
  async nbSendWait(dest: CapabilityRef, message: Message, source: CapabilityRef): Promise<ReceivedMessage> {
    message.put(this.runtime, source);
    putCap(this.runtime.registers, REPLY, dest, 'destination');
    const blocked = this.runtime.trap('NBSendWait');
    if (blocked !== undefined) await blocked;
    return this.received();
  }

  /** Gives up the rest of the time slice. */
  async yield(): Promise<void> {
    this.runtime.beginLanes(0, 0, 0, 0);
    const blocked = this.runtime.trap('Yield');
    if (blocked !== undefined) await blocked;
    this.runtime.returned();
  }

  /** Says where the capability of the next received message goes. Needs an IPC buffer. */
  setReceivePath(path: ReceivePath): void {
    const buffer = this.runtime.sendBuffer('receive path');
    putCap(buffer, 2 * IPC_BUFFER.receiveCNode, path.root, 'receive path root');
    putWord(buffer, 2 * IPC_BUFFER.receiveIndex, path.index, 'receive path index');
    putWord(buffer, 2 * IPC_BUFFER.receiveDepth, path.depth, 'receive path depth');
  }

  private get isMcs(): boolean {
    return this.runtime.scheduling === 'mcs';
  }

  private async sendBy(name: 'Send' | 'NBSend', dest: CapabilityRef, message: Message): Promise<void> {
    message.put(this.runtime, dest);
    const blocked = this.runtime.trap(name);
    if (blocked !== undefined) await blocked;
    this.runtime.returned();
  }

  private async receiveBy(name: SyscallName, source: CapabilityRef): Promise<ReceivedMessage> {
    this.beginReceive(source);
    const blocked = this.runtime.trap(name);
    if (blocked !== undefined) await blocked;
    return this.received();
  }

  private async receiveFor(name: 'Recv' | 'NBRecv', source: CapabilityRef, reply: CapabilityRef | undefined): Promise<ReceivedMessage> {
    this.beginReceive(source);
    this.putReply(reply);
    const blocked = this.runtime.trap(name);
    if (blocked !== undefined) await blocked;
    return this.received();
  }

  private beginReceive(source: CapabilityRef): void {
    this.runtime.beginLanes(0, 0, 0, 0);
    putCap(this.runtime.registers, CAP, source, 'source');
  }

  private putReply(reply: CapabilityRef | undefined): void {
    if (this.isMcs) {
      if (reply === undefined) throw new MarshalError('an MCS kernel needs a reply object here; to receive without one, use wait or nbWait');
      putCap(this.runtime.registers, REPLY, reply, 'reply object');
    } else if (reply !== undefined) throw new MarshalError('classic kernels have no reply objects');
  }

  private received(): ReceivedMessage {
    this.runtime.returned();
    return ReceivedMessage.take(this.runtime);
  }
}
