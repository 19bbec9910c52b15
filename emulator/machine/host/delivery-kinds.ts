// SPDX-License-Identifier: BSD-2-Clause
/**
 * What the kernel's writes to a thread are, told from what the invoker asked for and from what the thread waited for at
 * kernel entry. Reply protocol, "Thread states".
 */
import { ROLE, STATE } from '../../../schema/abi/index.ts';
import { DELIVERY } from '../../../schema/trace/trap-record.ts';
import type { ObservedThread } from './observed-thread.ts';
import type { TrapRequest } from './trap-request.ts';

export class DeliveryKinds {
  private readonly request: TrapRequest;
  /** Threads that the current trap wrote to. */
  private readonly touched: readonly ObservedThread[];

  constructor(request: TrapRequest, touched: readonly ObservedThread[]) {
    this.request = request;
    this.touched = touched;
  }

  /** Whether the invocation sets registers of this thread. */
  isRegisterTarget(thread: ObservedThread): boolean {
    return this.request.writesRegisters && this.request.sent.object === thread.tcb;
  }

  /**
   * `DELIVERY` that a write belongs to.
   * @param slot that is written; undefined for a word of the IPC buffer
   */
  of(thread: ObservedThread, invoker: ObservedThread | undefined, slot: number | undefined): number {
    if (this.isRegisterTarget(thread) && !this.isAnswerToTarget(thread, invoker, slot)) return DELIVERY.registers;
    if (thread.shownYieldTo) return thread.interimReply ? DELIVERY.reply : DELIVERY.lateReply;
    switch (thread.entryState) {
      case STATE.Running:
      case STATE.Restart:
        return thread === invoker ? this.ofInvoker(thread) : DELIVERY.other;
      case STATE.BlockedOnReceive:
        if (!thread.tagWritten) return DELIVERY.signal;
        return this.isFaultFor(thread, invoker) ? DELIVERY.fault : DELIVERY.message;
      case STATE.BlockedOnNotification:
        return DELIVERY.signal;
      case STATE.BlockedOnReply:
        return thread.entryFault !== 0 ? DELIVERY.registers : DELIVERY.message;
      default:
        return DELIVERY.other;
    }
  }

  /**
   * A thread whose registers are set also gets an answer: to its own Call, if it sets them itself, or to the YieldTo that it
   * waits for. That begins with the last write of the badge.
   */
  private isAnswerToTarget(thread: ObservedThread, invoker: ObservedThread | undefined, slot: number | undefined): boolean {
    const isAnswered = thread === invoker ? this.request.isCall : thread.yieldEndsInTrap;
    if (!isAnswered || slot === undefined || slot < ROLE.badge || slot >= ROLE.reply) return false;
    return thread.badgeWritesLeft === (slot === ROLE.badge ? 1 : 0);
  }

  private ofInvoker(thread: ObservedThread): number {
    const { request } = this;
    if (request.isSend) return DELIVERY.reply;
    if (!request.isReceive) return DELIVERY.other;
    // What waits has received nothing yet: somebody answered its send half.
    if (thread.state >= STATE.BlockedOnReceive) return DELIVERY.reply;
    if (thread.tagWritten) return this.tookFault() ? DELIVERY.fault : DELIVERY.message;
    return request.signalIsThere ? DELIVERY.signal : DELIVERY.other;
  }

  /** Whether the sender that the invoker received from had a fault to tell. */
  private tookFault(): boolean {
    return this.touched.some((sender) => sender.entryState === STATE.BlockedOnSend && sender.stateWritten && sender.entryFault !== 0);
  }

  /** Whether what a waiting thread gets is a fault: of a thread that faults now, or one that the invoker has kept. */
  private isFaultFor(receiver: ObservedThread, invoker: ObservedThread | undefined): boolean {
    if (this.touched.some((thread) => thread !== receiver && thread.faultedInTrap)) return true;
    return invoker !== undefined && invoker !== receiver && invoker.entryFault !== 0;
  }
}
