// SPDX-License-Identifier: BSD-2-Clause
/** Endpoints: threads meet here to exchange a message. Manual, "Endpoints"; reply protocol, thread states (c). */
import { STATE, equal, type Word } from '../../../schema/abi/index.ts';
import { faultLabel } from '../api/fault-messages.ts';
import type { EndpointCap, ReplyCap } from '../capability.ts';
import { linkReply, pushCall, unlinkReply } from '../ipc/call-stack.ts';
import { setupCaller } from '../ipc/caller.ts';
import { cancelIpc, restartWaiter } from '../ipc/cancel.ts';
import { receiveNothing, transferMessage } from '../ipc/transfer.ts';
import { enqueueWaiter, takeAllWaiters, takeFirstWaiter } from '../ipc/wait-queue.ts';
import type { Kernel } from '../kernel.ts';
import { EP_IDLE, EP_RECEIVE, EP_SEND, NTFN_ACTIVE, Reply, type Endpoint, type Tcb } from '../objects.ts';
import { donate, returnContext, wakeContext } from '../scheduling/context-binding.ts';
import { changeState, possibleSwitchTo, rescheduleRequired } from '../scheduling/readiness.ts';
import { takeSignal } from './notification.ts';

/** A message that a thread sends: the one in its registers, or its fault. */
export interface Send {
  readonly thread: Tcb;
  readonly endpoint: Endpoint;
  readonly badge: Word;
  readonly canGrant: boolean;
  readonly canGrantReply: boolean;
  /** The sender waits for an answer. A faulter always does. */
  readonly isCall: boolean;
  readonly isBlocking: boolean;
  /** MCS: a passive receiver gets the sender's scheduling context. */
  readonly canDonate: boolean;
}

/** Sends a message: to a waiting receiver, or the sender waits for one if it may block, or the message is dropped. */
export function sendMessage(kernel: Kernel, send: Send): void {
  const { thread, endpoint } = send;
  if (endpoint.state !== EP_RECEIVE) {
    if (send.isBlocking) waitToSend(kernel, send);
    return;
  }
  const receiver = takeFirstWaiter(endpoint);
  transferMessage(kernel, thread, endpoint, send.badge, send.canGrant, receiver);
  if (kernel.mcs) meetReceiver(kernel, send, receiver);
  else meetReceiverClassic(kernel, send, receiver);
}

function waitToSend(kernel: Kernel, send: Send): void {
  const { thread, endpoint } = send;
  thread.blockedOn = endpoint;
  thread.blockedBadge = send.badge;
  thread.blockedCanGrant = send.canGrant;
  thread.blockedCanGrantReply = send.canGrantReply;
  thread.blockedIsCall = send.isCall;
  changeState(kernel, thread, STATE.BlockedOnSend);
  endpoint.state = EP_SEND;
  enqueueWaiter(kernel, endpoint.queue, thread);
}

function meetReceiver(kernel: Kernel, send: Send, receiver: Tcb): void {
  const { thread } = send;
  const { reply } = receiver;
  if (reply !== null) unlinkReply(kernel, reply);
  if (send.isCall || thread.fault !== null) {
    if (reply !== null && (send.canGrant || send.canGrantReply)) pushCall(kernel, thread, receiver, reply, send.canDonate);
    else if (!kernel.defects.has('call-without-reply')) changeState(kernel, thread, STATE.Inactive);
  } else if (send.canDonate && receiver.schedContext === null && thread.schedContext !== null) {
    donate(kernel, thread.schedContext, receiver);
  }
  changeState(kernel, receiver, STATE.Running);
  wakeContext(kernel, receiver.schedContext);
  possibleSwitchTo(kernel, receiver);
}

function meetReceiverClassic(kernel: Kernel, send: Send, receiver: Tcb): void {
  changeState(kernel, receiver, STATE.Running);
  possibleSwitchTo(kernel, receiver);
  if (!send.isCall) return;
  if (send.canGrant || send.canGrantReply) setupCaller(kernel, send.thread, receiver, receiver.blockedCanGrant);
  else changeState(kernel, send.thread, STATE.Inactive);
}

/**
 * Receives a message: a pending signal of the bound notification, a waiting sender's message, or the receiver waits.
 * @param replyCap MCS: reply object through which a caller will be answered
 */
export function receiveMessage(kernel: Kernel, thread: Tcb, cap: EndpointCap, isBlocking: boolean, replyCap: ReplyCap | null): void {
  const endpoint = cap.object;
  const reply = replyCap !== null && replyCap.object instanceof Reply ? replyCap.object : null;
  if (reply !== null && reply.thread !== null && reply.thread !== thread) {
    // The object can serve one call at a time: who waits for an answer through it waits in vain.
    cancelIpc(kernel, reply.thread);
  }
  const bound = thread.boundNotification;
  if (bound !== null && bound.state === NTFN_ACTIVE) {
    takeSignal(kernel, bound, thread);
    return;
  }
  if (bound !== null && isBlocking && kernel.mcs) returnContext(kernel, bound, thread);
  if (endpoint.state === EP_SEND) meetSender(kernel, thread, cap, reply);
  else if (isBlocking) waitToReceive(kernel, thread, cap, reply);
  else receiveNothing(kernel, thread);
}

function waitToReceive(kernel: Kernel, thread: Tcb, cap: EndpointCap, reply: Reply | null): void {
  const endpoint = cap.object;
  thread.blockedOn = endpoint;
  thread.blockedCanGrant = cap.canGrant;
  if (reply !== null) linkReply(reply, thread);
  changeState(kernel, thread, STATE.BlockedOnReceive);
  endpoint.state = EP_RECEIVE;
  enqueueWaiter(kernel, endpoint.queue, thread);
}

function meetSender(kernel: Kernel, thread: Tcb, cap: EndpointCap, reply: Reply | null): void {
  const endpoint = cap.object;
  const sender = takeFirstWaiter(endpoint);
  transferMessage(kernel, sender, endpoint, sender.blockedBadge, sender.blockedCanGrant, thread);
  if (kernel.mcs) wakeContext(kernel, sender.schedContext);
  // Classic: a faulter waits like a caller, and no other sender has a fault, unless one was left behind.
  if (!sender.blockedIsCall && (sender.fault === null || !kernel.mcs)) {
    changeState(kernel, sender, STATE.Running);
    possibleSwitchTo(kernel, sender);
  } else if (!sender.blockedCanGrant && !sender.blockedCanGrantReply) {
    changeState(kernel, sender, STATE.Inactive);
  } else if (!kernel.mcs) {
    setupCaller(kernel, sender, thread, cap.canGrant);
  } else if (reply === null) {
    changeState(kernel, sender, STATE.Inactive);
  } else {
    // A timeout handler must not get the context whose budget ended.
    const isTimeout = sender.fault !== null && sender.fault.label === faultLabel(kernel, 'Timeout');
    pushCall(kernel, sender, thread, reply, !isTimeout);
  }
}

/** Restarts every thread that waits on an endpoint, as it is destroyed. MCS: faulters become inactive. */
export function cancelAllIpc(kernel: Kernel, endpoint: Endpoint): void {
  if (endpoint.state === EP_IDLE) return;
  for (const thread of takeAllWaiters(endpoint)) restartWaiter(kernel, thread);
  rescheduleRequired(kernel);
}

/** Restarts the threads that wait to send with a badge. MCS: faulters become inactive. */
export function cancelBadgedSends(kernel: Kernel, endpoint: Endpoint, badge: Word): void {
  if (endpoint.state !== EP_SEND) return;
  for (const thread of takeAllWaiters(endpoint)) {
    if (equal(thread.blockedBadge, badge)) {
      restartWaiter(kernel, thread);
    } else {
      endpoint.queue.push(thread);
      endpoint.state = EP_SEND;
      thread.blockedOn = endpoint;
    }
  }
  rescheduleRequired(kernel);
}
