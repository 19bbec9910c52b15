// SPDX-License-Identifier: BSD-2-Clause
/** What a thread waits for, and who was seen to be able to end it. */
import { CAP_TYPE } from '../../../schema/abi/cap-types.ts';
import { faultName } from '../../../schema/abi/faults.ts';
import { STATE, THREAD_STATES } from '../../../schema/abi/thread-state.ts';
import { lanesToHex } from '../../../schema/abi/word.ts';
import type { SubjectRef, ThreadWait, Waker } from '../../../schema/api/index.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import { DELIVERY, type TrapRecord } from '../../../schema/trace/trap-record.ts';
import { syscallText } from '../record-row.ts';
import type { RunHistory, ThreadHistory, Use } from './run-history.ts';

/** A run with its history, as far as threads need it. */
export interface RunInTime {
  readonly interfaces: InterfaceModel;
  readonly history: RunHistory;
  readonly ref: (id: number) => SubjectRef;
  /** A record; valid until the next is asked for. */
  readonly record: (seq: number) => TrapRecord;
}

/** What is known of who could make a thread go on. */
export interface Wakers {
  readonly wakers: readonly Waker[];
  /** The trace does not say what the thread waits for, so it may be anybody. */
  readonly unknown: boolean;
}

export function stateText(state: number): Waker['state'] {
  return THREAD_STATES[state] ?? 'unknown';
}

/** A thread without any transition runs, if it ran, and else was never started. */
export function stateOf(thread: ThreadHistory): number {
  return thread.state >= 0 ? thread.state : thread.lastRan > 0 ? STATE.Running! : STATE.Inactive!;
}

/** What keeps a thread from running; null for one that is running or gone. */
export function waitOf(run: RunInTime, thread: ThreadHistory): ThreadWait | null {
  if (thread.destroyed || thread.id === run.history.running) return null;
  const { interfaces, history, ref } = run;
  const isFault = thread.fault !== 0;
  const fault = isFault ? faultName(interfaces.configuration.scheduling, thread.fault) ?? `fault ${thread.fault}` : '';
  const trap = { syscall: isFault || thread.syscall === 0 ? '' : syscallText(thread.syscall, interfaces), seq: isFault ? thread.lastEntry : thread.lastTrap };
  const cptr = trap.syscall === '' || trap.seq === 0 ? null : cptrOf(run, trap.seq);
  const named = (object: number): SubjectRef | null => (object === 0 ? null : ref(object));
  const handler = history.setup.handlerOf(thread.id)?.object ?? 0;
  switch (stateOf(thread)) {
    case STATE.BlockedOnReceive: {
      const object = thread.capType === CAP_TYPE.Endpoint && isReceived(run, thread) ? thread.object : 0;
      return { for: 'message', object: named(object), server: null, fault: '', ...trap, cptr, text: `waits for a message on ${nameOr(named(object), 'an endpoint')}` };
    }
    case STATE.BlockedOnNotification: {
      const object = thread.capType === CAP_TYPE.Notification && isReceived(run, thread) ? thread.object : 0;
      return { for: 'signal', object: named(object), server: null, fault: '', ...trap, cptr, text: `waits for a signal on ${nameOr(named(object), 'a notification')}` };
    }
    case STATE.BlockedOnSend: {
      const object = isFault ? handler : thread.capType === CAP_TYPE.Endpoint ? thread.object : 0;
      const what = isFault ? `its ${fault} waits for a handler to receive it from` : 'waits for somebody to receive from';
      return { for: isFault ? 'faultHandler' : 'receiver', object: named(object), server: null, fault, ...trap, cptr, text: `${what} ${nameOr(named(object), 'an endpoint')}` };
    }
    case STATE.BlockedOnReply: {
      const server = named(serverOf(run, thread));
      const object = isFault ? handler : thread.capType === CAP_TYPE.Endpoint ? thread.object : 0;
      return {
        for: 'reply', object: named(object), server, fault, ...trap, cptr,
        text: isFault ? `its ${fault} waits for an answer of ${nameOr(server, 'its handler')}` : `waits for a reply of ${nameOr(server, 'whoever has its message')}`,
      };
    }
    case STATE.Inactive: return { for: 'resume', object: ref(thread.id), server: null, fault, ...trap, cptr: null, text: isFault ? `stopped by its ${fault}` : thread.lastRan === 0 ? 'was never started' : 'is suspended' };
    case STATE.Running:
    case STATE.Restart: return { for: 'processor', object: null, server: null, fault: '', ...trap, cptr: null, text: 'could run, and waits for its turn' };
    default: return null;
  }
}

/** Who was seen to do what would make the thread go on. */
export function wakersOf(run: RunInTime, thread: ThreadHistory, wait: ThreadWait | null): Wakers {
  const { history } = run;
  const object = wait?.object?.id ?? 0;
  const others = (how: Waker['how'], last: (use: Use) => number, of = object): Waker[] => history.usersOf(of)
    .filter((use) => last(use) > 0 && use.thread !== thread.id && !history.thread(use.thread).destroyed)
    .map((use) => waker(run, use.thread, how, last(use)));
  const unknown = object === 0;
  switch (wait?.for) {
    case 'message': return { wakers: [...others('sends', ({ sent }) => sent), ...faulters(run, thread.id, object), ...boundSignallers(run, thread, others)], unknown };
    case 'signal': return { wakers: [...others('signals', ({ sent }) => sent), ...interrupts(run, object)], unknown };
    case 'receiver':
    case 'faultHandler': return { wakers: others('receives', ({ received }) => received), unknown };
    case 'reply': {
      const server = wait.server?.id ?? 0;
      const isThere = server !== 0 && !history.thread(server).destroyed;
      return { wakers: isThere ? [waker(run, server, 'answers', thread.sinceSeq)] : [], unknown: server === 0 };
    }
    case 'resume': return { wakers: others('resumes', ({ invoked }) => invoked, thread.id), unknown: false };
    default: return { wakers: [], unknown: false };
  }
}

function waker({ history, ref }: RunInTime, thread: number, how: Waker['how'], seq: number): Waker {
  return { thread: ref(thread), state: stateText(stateOf(history.thread(thread))), how, seq };
}

/** A receiver is also woken by the faults of those whose handler it is. */
function faulters(run: RunInTime, receiver: number, endpoint: number): Waker[] {
  if (endpoint === 0) return [];
  const { setup } = run.history;
  return setup.faultersOf(endpoint).filter((thread) => thread !== receiver && !run.history.thread(thread).destroyed)
    .map((thread) => waker(run, thread, 'faults', setup.handlerOf(thread)?.seq ?? 0));
}

/** And by its bound notification. */
function boundSignallers(run: RunInTime, thread: ThreadHistory, others: (how: Waker['how'], last: (use: Use) => number, of: number) => Waker[]): Waker[] {
  const notification = run.history.setup.notificationOf(thread.id);
  return notification === undefined || notification === 0 ? [] : [...others('signals', ({ sent }) => sent, notification), ...interrupts(run, notification)];
}

function interrupts({ history, ref }: RunInTime, notification: number): Waker[] {
  return history.setup.isInterrupt(notification) ? [{ thread: { ...ref(0), name: 'a device' }, state: 'unknown', how: 'interrupts', seq: 0 }] : [];
}

/** The thread that was given the message or fault of one that waits for a reply, 0 when the record does not say. */
function serverOf(run: RunInTime, thread: ThreadHistory): number {
  if (thread.sinceSeq === 0) return 0;
  const record = run.record(thread.sinceSeq);
  for (let i = 0; i < record.deliveryCount; i++) {
    const { kind, thread: receiver } = record.deliveries[i]!;
    if ((kind === DELIVERY.message || kind === DELIVERY.fault) && receiver !== thread.id) return receiver;
  }
  return 0;
}

/** Whether the object of a thread's last trap is the one that it receives from: combined system calls may name the one that they send to. */
function isReceived({ interfaces }: RunInTime, thread: ThreadHistory): boolean {
  const name = syscallText(thread.syscall, interfaces);
  return name !== 'NBSendRecv' && name !== 'NBSendWait';
}

function cptrOf(run: RunInTime, seq: number): string {
  const { cptrLo, cptrHi } = run.record(seq);
  return lanesToHex(cptrLo, cptrHi);
}

function nameOr(ref: SubjectRef | null, otherwise: string): string {
  return ref === null ? otherwise : ref.name;
}
