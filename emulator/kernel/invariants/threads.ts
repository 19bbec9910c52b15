// SPDX-License-Identifier: BSD-2-Clause
/** What must hold about threads, queues, scheduling contexts and reply objects at every kernel exit. */
import { CAP_TYPE, STATE, THREAD_STATES } from '../../../schema/abi/index.ts';
import { faultName } from '../../../schema/abi/faults.ts';
import type { Kernel } from '../kernel.ts';
import {
  EP_IDLE, EP_RECEIVE, Endpoint, NTFN_WAITING, Notification, Reply, SchedContext, type KernelObject, type Tcb,
} from '../objects.ts';
import { headBudget } from '../scheduling/budget.ts';
import { isRunnable, isSchedulable } from '../scheduling/readiness.ts';
import { headReady, headSufficient, isActive, isReleased, isRoundRobin } from '../scheduling/refills.ts';
import { detailsOf, type InvariantName, type Violation } from './violation.ts';

/** Every violation in words; empty when all is well. */
export function checkThreads(kernel: Kernel): string[] {
  return detailsOf(threadViolations(kernel));
}

export function threadViolations(kernel: Kernel): Violation[] {
  const check = new Check(kernel);
  check.run();
  return check.violations;
}

/** The queue of a priority that no thread ever had. */
const EMPTY: readonly Tcb[] = [];

class Check {
  readonly violations: Violation[] = [];
  private readonly kernel: Kernel;
  private readonly objects: readonly KernelObject[];
  private readonly threads: readonly Tcb[];

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.objects = [...kernel.allObjects()];
    this.threads = this.objects.filter((object): object is Tcb => object.capType === CAP_TYPE.Thread);
  }

  run(): void {
    this.checkExit();
    this.checkReadyQueues();
    this.checkReleaseQueue();
    for (const object of this.objects) if (object.alive) this.checkObject(object);
  }

  private checkObject(object: KernelObject): void {
    switch (object.capType) {
      case CAP_TYPE.Thread: return this.checkThread(object as Tcb);
      case CAP_TYPE.Endpoint: return this.checkWaiters(object as Endpoint);
      case CAP_TYPE.Notification:
        this.checkWaiters(object as Notification);
        return this.checkBindings(object as Notification);
      case CAP_TYPE.SchedContext: return this.checkContext(object as SchedContext);
      case CAP_TYPE.Reply: return this.checkReply(object as Reply);
    }
  }

  private expect(name: InvariantName, condition: boolean, object: KernelObject | null, problem: string): void {
    if (!condition) this.violations.push({ name, detail: object === null ? problem : `${describe(object)}: ${problem}` });
  }

  /** The current thread can run, and the kernel has nothing left to decide. */
  private checkExit(): void {
    const { kernel } = this;
    const { current } = kernel;
    this.expect('decision-made', kernel.candidate === null && !kernel.rescheduleNeeded && !kernel.reprogram, null, 'a scheduling decision was left open');
    const context = kernel.mcs ? current.schedContext : null;
    if (current === kernel.idleThread) {
      this.expect('running-thread', current.state === STATE.IdleThreadState, current, 'the idle thread is not idle');
    } else {
      this.expect('running-thread', current.alive, current, 'a destroyed thread runs');
      this.expect('running-thread', current.state === STATE.Running, current, 'runs, but its state is another');
      this.expect('running-thread', isSchedulable(kernel, current), current, 'runs, but is not schedulable');
      this.expect('running-thread', current.yieldTo === null, current, 'runs while its YieldTo is not completed');
    }
    if (!kernel.mcs) return;
    this.expect('charged-context', kernel.currentSchedContext === context, current, 'another context than that of the running thread is charged');
    if (context === null) return;
    this.expect('timer-set', kernel.timerDeadline <= kernel.timestamp + headBudget(kernel), context, 'the timer comes after the end of the budget');
    this.expect('charged-context', headReady(context, kernel.timestamp), context, 'is used before its refill is ready');
  }

  private checkReadyQueues(): void {
    const { kernel } = this;
    const seen = new Set<Tcb>();
    kernel.readyQueues.forEach((priorities, domain) => {
      const marks = kernel.readyPriorities[domain]!;
      for (let priority = 0; priority < priorities.length; priority++) {
        const queue = priorities[priority] ?? EMPTY;
        const marked = ((marks[priority >>> 5]! >>> (priority & 31)) & 1) === 1;
        if (marked !== queue.length > 0) this.expect('ready-queue', false, null, `ready queue ${priority} of domain ${domain} is marked wrongly`);
        for (const thread of queue) {
          this.expect('ready-queue', !seen.has(thread), thread, 'is in the ready queues twice');
          seen.add(thread);
          this.expect('ready-queue', thread.inReadyQueue, thread, 'is in a ready queue without knowing it');
          this.expect('ready-queue', thread.domain === domain && thread.priority === priority, thread, 'is in the wrong ready queue');
          this.expect('ready-queue', isSchedulable(kernel, thread), thread, 'is in a ready queue but not schedulable');
          this.expect('ready-queue', thread !== kernel.current, thread, 'runs and is in a ready queue');
        }
      }
    });
    for (const thread of this.threads) {
      this.expect('ready-queue', thread.inReadyQueue === seen.has(thread), thread, 'is wrong about being in a ready queue');
      if (isSchedulable(kernel, thread)) this.expect('ready-queue', seen.has(thread) || thread === kernel.current, thread, 'is schedulable but in no queue');
    }
  }

  private checkReleaseQueue(): void {
    const { releaseQueue, timestamp } = this.kernel;
    releaseQueue.forEach((thread, i) => {
      const context = thread.schedContext;
      this.expect('release-queue', releaseQueue.indexOf(thread) === i, thread, 'is in the release queue twice');
      this.expect('release-queue', thread.inReleaseQueue, thread, 'is in the release queue without knowing it');
      this.expect('release-queue', isRunnable(thread), thread, 'waits for a refill but cannot run');
      this.expect('release-queue', context !== null && isActive(context), thread, 'waits for a refill without a configured context');
      if (context === null || !isActive(context)) return;
      this.expect('release-queue', !headReady(context, timestamp), thread, 'waits for a refill that is ready');
      const before = releaseQueue[i - 1]?.schedContext?.refills[0];
      if (before !== undefined) this.expect('release-queue', before.time <= context.refills[0]!.time, thread, 'is not in order in the release queue');
    });
    for (const thread of this.threads) {
      this.expect('release-queue', thread.inReleaseQueue === releaseQueue.includes(thread), thread, 'is wrong about being in the release queue');
    }
  }

  private checkThread(thread: Tcb): void {
    const { kernel } = this;
    const { state, blockedOn, fault, schedContext, yieldTo, boundNotification } = thread;
    const waits = state === STATE.BlockedOnReceive || state === STATE.BlockedOnSend || state === STATE.BlockedOnNotification;
    this.expect('blocked-thread', (blockedOn !== null) === waits, thread, 'waits on an object in a state in which it does not, or the reverse');
    if (blockedOn !== null) {
      this.expect('blocked-thread', blockedOn.queue.filter((other) => other === thread).length === 1, thread, 'is not once in the queue that it waits in');
      this.expect('blocked-thread', (state === STATE.BlockedOnNotification) === blockedOn instanceof Notification, thread, 'waits on the wrong kind of object');
    }
    const mayHaveFault = state === STATE.BlockedOnSend || state === STATE.BlockedOnReply || state === STATE.Inactive;
    this.expect('pending-fault', fault === null || mayHaveFault, thread, 'has a fault that nobody will answer');
    if (schedContext !== null) this.expect('context-links', schedContext.thread === thread, thread, 'has a context that has another thread');
    if (boundNotification !== null) this.expect('notification-links', boundNotification.boundThread === thread, thread, 'is bound to a notification that is not bound to it');
    if (yieldTo !== null) this.expect('yield-links', yieldTo.yieldFrom === thread, thread, 'waits for a YieldTo of a context that does not know it');
    if (!kernel.mcs) return;
    this.expect('reply-links', (thread.reply !== null) || state !== STATE.BlockedOnReply, thread, 'waits for a reply without a reply object');
    if (thread.reply !== null) this.expect('reply-links', thread.reply.thread === thread, thread, 'has a reply object that refers to another thread');
    const timedOut = fault !== null && faultName('mcs', fault.label) === 'Timeout';
    if (waits && !timedOut && schedContext !== null && isActive(schedContext)) {
      this.expect('blocked-thread-released', isReleased(schedContext, kernel.timestamp), thread, 'waits on an object, but could not run if it were woken');
    }
  }

  private checkWaiters(object: Endpoint | Notification): void {
    const waiting = object instanceof Endpoint ? object.state !== EP_IDLE : object.state === NTFN_WAITING;
    this.expect('wait-queue', waiting === object.queue.length > 0, object, 'its state disagrees with its queue');
    object.queue.forEach((thread, i) => {
      if (thread.blockedOn !== object || !thread.alive) this.expect('wait-queue', false, thread, `is in the queue of ${describe(object)} by mistake`);
      const before = object.queue[i - 1];
      if (this.kernel.mcs && before !== undefined) this.expect('wait-queue', before.priority >= thread.priority, thread, 'waits behind a lower priority');
      if (object instanceof Endpoint) {
        const state = object.state === EP_RECEIVE ? STATE.BlockedOnReceive : STATE.BlockedOnSend;
        if (thread.state !== state) this.expect('wait-queue', false, thread, `is in the queue of ${describe(object)} in another state`);
      }
    });
  }

  private checkBindings(notification: Notification): void {
    const { boundThread, schedContext } = notification;
    if (boundThread !== null) this.expect('notification-links', boundThread.boundNotification === notification, notification, 'is bound to a thread that is not bound to it');
    if (schedContext !== null) this.expect('notification-links', schedContext.notification === notification, notification, 'has a context that has another notification');
  }

  private checkContext(context: SchedContext): void {
    const { thread, notification, yieldFrom, reply, refills } = context;
    if (thread !== null) this.expect('context-links', thread.schedContext === context, context, 'has a thread that has another context');
    if (notification !== null) this.expect('notification-links', notification.schedContext === context, context, 'has a notification that has another context');
    if (yieldFrom !== null) this.expect('yield-links', yieldFrom.yieldTo === context, context, 'knows a yielder that does not wait for it');
    if (reply !== null) this.expect('call-stack', reply.next === context, context, 'is not what stands on top of its call stack');
    if (!isActive(context)) {
      this.expect('refills', refills.length === 0, context, 'has refills without being configured');
      return;
    }
    const total = refills.reduce((sum, refill) => sum + refill.amount, 0);
    if (total !== context.budget) this.expect('refills', false, context, `refills of ${total} ns with a budget of ${context.budget} ns`);
    this.expect('refills', refills.length <= context.maxRefills, context, 'has too many refills');
    this.expect('refills', headSufficient(context), context, 'its head refill is too small to run on');
    if (isRoundRobin(context)) {
      this.expect('refills', refills.length === 2, context, 'is round robin without two refills');
      return;
    }
    for (let i = 1; i < refills.length; i++) {
      const before = refills[i - 1]!;
      this.expect('refills', before.time + before.amount <= refills[i]!.time, context, `refill ${i} comes before the end of the one ahead of it`);
    }
    const last = refills[refills.length - 1]!;
    this.expect('refills', last.time <= refills[0]!.time + context.period, context, 'its last refill comes more than a period after the first');
  }

  private checkReply(reply: Reply): void {
    const { thread, previous, next } = reply;
    if (thread !== null) {
      this.expect('reply-links', thread.reply === reply, reply, 'refers to a thread that does not know it');
      const waits = thread.state === STATE.BlockedOnReply || thread.state === STATE.BlockedOnReceive;
      if (!waits) this.expect('reply-links', false, reply, `refers to a thread in state ${THREAD_STATES[thread.state]!}`);
    }
    if (previous !== null) this.expect('call-stack', previous.next === reply, reply, 'stands on a reply object that does not know it');
    if (next instanceof Reply) this.expect('call-stack', next.previous === reply, reply, 'stands below a reply object that does not know it');
    if (next instanceof SchedContext) this.expect('call-stack', next.reply === reply, reply, 'is not on top of the stack that it should be on top of');
    if (previous !== null || next !== null) {
      this.expect('call-stack', thread !== null && thread.state === STATE.BlockedOnReply, reply, 'is in a call stack without a caller');
    }
  }

}

function describe(object: KernelObject): string {
  const kind = object.capType === CAP_TYPE.Thread ? 'thread' : object.constructor.name;
  return object.name === '' ? `${kind} ${object.id}` : `${kind} ${object.id} (${object.name})`;
}
