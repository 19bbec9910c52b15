// SPDX-License-Identifier: BSD-2-Clause
/** Notifications. Manual, "Notifications". A signal reaches a thread through its badge register only. */
import { ROLE, STATE, ZERO, type Word } from '../../../schema/abi/index.ts';
import { DELIVERY } from '../../../schema/trace/trap-record.ts';
import type { NotificationCap } from '../capability.ts';
import { cancelIpc, restartWaiter } from '../ipc/cancel.ts';
import { receiveNothing } from '../ipc/transfer.ts';
import { enqueueWaiter, takeAllWaiters, takeFirstWaiter } from '../ipc/wait-queue.ts';
import type { Kernel } from '../kernel.ts';
import { NTFN_ACTIVE, NTFN_IDLE, NTFN_WAITING, type Notification, type Tcb } from '../objects.ts';
import { writeSlot } from '../registers.ts';
import { lendContext, returnContext, wakeContext } from '../scheduling/context-binding.ts';
import { changeState, isSchedulable, possibleSwitchTo, rescheduleRequired } from '../scheduling/readiness.ts';
import { enqueueFirst } from '../scheduling/ready-queue.ts';

/** Signals with a badge: wakes the bound thread if it receives, or the first waiter; otherwise the notification word collects the badge. */
export function sendSignal(kernel: Kernel, notification: Notification, badge: Word): void {
  const { boundThread } = notification;
  if (notification.state === NTFN_WAITING) {
    wake(kernel, notification, takeFirstWaiter(notification), badge);
  } else if (notification.state === NTFN_ACTIVE) {
    const { word } = notification;
    notification.word = { lo: (word.lo | badge.lo) >>> 0, hi: (word.hi | badge.hi) >>> 0 };
  } else if (boundThread !== null && boundThread.state === STATE.BlockedOnReceive) {
    cancelIpc(kernel, boundThread);
    wake(kernel, notification, boundThread, badge);
  } else {
    notification.state = NTFN_ACTIVE;
    notification.word = badge;
  }
}

function wake(kernel: Kernel, notification: Notification, thread: Tcb, badge: Word): void {
  changeState(kernel, thread, STATE.Running);
  deliver(kernel, notification, thread, badge);
  if (kernel.mcs && kernel.defects.has('wake-unschedulable')) enqueueAnyway(kernel, thread);
  else if (isSchedulable(kernel, thread)) possibleSwitchTo(kernel, thread);
}

/** How early kernels woke a thread: into its ready queue, whether it had time or not. */
function enqueueAnyway(kernel: Kernel, thread: Tcb): void {
  enqueueFirst(kernel, thread);
  rescheduleRequired(kernel);
}

function deliver(kernel: Kernel, notification: Notification, thread: Tcb, badge: Word): void {
  kernel.observer.delivery(thread.id, DELIVERY.signal);
  writeSlot(kernel, thread, ROLE.badge, badge.lo, badge.hi);
  if (!kernel.mcs) return;
  lendContext(kernel, notification, thread);
  wakeContext(kernel, thread.schedContext);
}

/** Hands the word of an active notification to a thread, and resets it. */
export function takeSignal(kernel: Kernel, notification: Notification, thread: Tcb): void {
  const { word } = notification;
  notification.state = NTFN_IDLE;
  notification.word = ZERO;
  deliver(kernel, notification, thread, word);
}

/** Waits for a signal, or polls for one. */
export function receiveSignal(kernel: Kernel, thread: Tcb, cap: NotificationCap, isBlocking: boolean): void {
  const notification = cap.object;
  if (notification.state === NTFN_ACTIVE) {
    takeSignal(kernel, notification, thread);
  } else if (isBlocking) {
    thread.blockedOn = notification;
    changeState(kernel, thread, STATE.BlockedOnNotification);
    if (kernel.mcs) returnContext(kernel, notification, thread);
    notification.state = NTFN_WAITING;
    enqueueWaiter(kernel, notification.queue, thread);
  } else {
    receiveNothing(kernel, thread);
  }
}

/** Binds a notification to a thread; neither is bound yet. */
export function bindNotification(thread: Tcb, notification: Notification): void {
  notification.boundThread = thread;
  thread.boundNotification = notification;
}

/** Ends the binding of a thread to its notification, if it has one. */
export function unbindNotification(thread: Tcb): void {
  if (thread.boundNotification !== null) thread.boundNotification.boundThread = null;
  thread.boundNotification = null;
}

/** What the end of a notification means to others: its waiters make their system calls again, its bindings end. */
export function destroyNotification(kernel: Kernel, notification: Notification): void {
  if (notification.boundThread !== null) unbindNotification(notification.boundThread);
  if (notification.schedContext !== null) notification.schedContext.notification = null;
  notification.schedContext = null;
  if (notification.state !== NTFN_WAITING) return;
  for (const thread of takeAllWaiters(notification)) restartWaiter(kernel, thread);
  rescheduleRequired(kernel);
}
