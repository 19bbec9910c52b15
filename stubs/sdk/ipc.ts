// SPDX-License-Identifier: BSD-2-Clause
/** Capabilities to the objects of inter-thread communication: they have no methods of the object API, only system calls. */
import type { WordLike } from '../../schema/abi/word.ts';
import { Capability } from '../runtime/capability.ts';
import type { Message, ReceivedMessage } from '../runtime/message.ts';

export class Endpoint extends Capability {
  /** Sends a message and waits for the reply to it. */
  call(message?: Message): Promise<ReceivedMessage> {
    return this.runtime.syscalls.call(this, message);
  }

  /** Sends a message; waits until it is taken. */
  send(message?: Message): Promise<void> {
    return this.runtime.syscalls.send(this, message);
  }

  /** Sends a message if a receiver waits; otherwise it is dropped. */
  nbSend(message?: Message): Promise<void> {
    return this.runtime.syscalls.nbSend(this, message);
  }

  /**
   * Waits for a message. To be able to answer a caller on an MCS kernel, give a reply object; without one, callers
   * get no answer.
   */
  recv(reply?: Reply): Promise<ReceivedMessage> {
    const { syscalls, scheduling } = this.runtime;
    return scheduling === 'mcs' && reply === undefined ? syscalls.wait(this) : syscalls.recv(this, reply);
  }

  /** {@link recv} that does not wait; the badge is 0 when nobody was sending. */
  nbRecv(reply?: Reply): Promise<ReceivedMessage> {
    const { syscalls, scheduling } = this.runtime;
    return scheduling === 'mcs' && reply === undefined ? syscalls.nbWait(this) : syscalls.nbRecv(this, reply);
  }

  /** Answers the last caller and waits for the next message. On MCS kernels the reply object of both is needed. */
  replyRecv(message: Message, reply?: Reply): Promise<ReceivedMessage> {
    return this.runtime.syscalls.replyRecv(this, message, reply);
  }
}

export class Notification extends Capability {
  /** Adds this capability's badge to the notification word and wakes a waiting thread. */
  signal(): Promise<void> {
    return this.runtime.syscalls.signal(this);
  }

  /** Waits until the word is not 0, and takes it. */
  async wait(): Promise<bigint> {
    return (await this.runtime.syscalls.wait(this)).badge;
  }

  /** Takes the word as it is; 0 when nothing was signalled. */
  poll(): Promise<bigint> {
    return this.runtime.syscalls.poll(this);
  }
}

/** A reply object (MCS): stands for the caller of a received message until it is answered. */
export class Reply extends Capability {
  /** Answers the caller. */
  send(message?: Message): Promise<void> {
    return this.runtime.syscalls.send(this, message);
  }
}

/** An endpoint capability, or a pointer to one. */
export type EndpointRef = Endpoint | WordLike;
