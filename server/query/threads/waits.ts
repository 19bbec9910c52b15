// SPDX-License-Identifier: BSD-2-Clause
/** What a thread waits for, and who was seen to be able to end it. */
import { CAP_TYPE } from '../../../schema/abi/cap-types.ts';
import { faultName } from '../../../schema/abi/faults.ts';
import { STATE, THREAD_STATES } from '../../../schema/abi/thread-state.ts';
import { lanesToHex } from '../../../schema/abi/word.ts';
import type { SubjectRef, ThreadWait, Waker } from '../../../schema/api/index.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import { syscallText } from '../record-row.ts';
import type { RunHistory } from './run-history.ts';
import type { SetupView } from './setup-view.ts';
import type { ThreadHistory } from './thread-history.ts';
import type { Use } from './uses.ts';

/** A run after some record. */
export interface RunInTime {
  readonly interfaces: InterfaceModel;
  readonly history: RunHistory;
  readonly setup: SetupView;
  readonly ref: (id: number) => SubjectRef;
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

/** Threads are made Inactive: one that no record starts or runs is. */
export function stateOf(thread: ThreadHistory): number {
  return thread.state >= 0 ? thread.state : STATE.Inactive!;
}

/** Whether a thread is there, as far as records say. */
function isThere({ history }: RunInTime, thread: number): boolean {
  return history.find(thread)?.destroyed !== 1;
}

/** What keeps a thread from running; null for one that is running or gone. */
export function waitOf(run: RunInTime, thread: ThreadHistory): ThreadWait | null {
  if (thread.destroyed === 1 || thread.id === run.history.running) return null;
  const { interfaces, setup, ref } = run;
  const isFault = thread.waitsWithFault;
  const fault = isFault ? faultName(interfaces.configuration.scheduling, thread.fault) ?? `fault ${thread.fault}` : '';
  const syscall = isFault || thread.syscall === 0 ? '' : syscallText(thread.syscall, interfaces);
  const cptr = syscall === '' ? null : lanesToHex(thread.cptrLo, thread.cptrHi);
  const named = (object: number): SubjectRef | null => (object === 0 ? null : ref(object));
  const common = { fault, syscall, seq: isFault ? thread.lastEntry : thread.lastTrap, cptr, server: null };
  // Timeout faults go elsewhere, and no record says where.
  const handler = fault === 'Timeout' ? 0 : setup.handlerOf(thread.id)?.object ?? 0;
  const endpoint = named(isFault ? handler : thread.capType === CAP_TYPE.Endpoint ? thread.object : 0);
  switch (stateOf(thread)) {
    case STATE.BlockedOnReceive: {
      const object = named(thread.capType === CAP_TYPE.Endpoint && isReceived(run, thread) ? thread.object : 0);
      return { ...common, for: 'message', object, fault: '', text: `waits for a message on ${nameOr(object, 'an endpoint')}` };
    }
    case STATE.BlockedOnNotification: {
      const object = named(thread.capType === CAP_TYPE.Notification && isReceived(run, thread) ? thread.object : 0);
      return { ...common, for: 'signal', object, fault: '', text: `waits for a signal on ${nameOr(object, 'a notification')}` };
    }
    case STATE.BlockedOnSend: {
      const what = isFault ? `its ${fault} waits for a handler to receive it from` : 'waits for somebody to receive from';
      return { ...common, for: isFault ? 'faultHandler' : 'receiver', object: endpoint, text: `${what} ${nameOr(endpoint, 'an endpoint')}` };
    }
    case STATE.BlockedOnReply: {
      const server = named(thread.server);
      return {
        ...common, for: 'reply', object: endpoint, server,
        text: isFault ? `its ${fault} waits for an answer of ${nameOr(server, 'its handler')}` : `waits for a reply of ${nameOr(server, 'whoever has its message')}`,
      };
    }
    case STATE.Inactive: {
      const text = thread.state < 0 ? 'was never started' : isFault && thread.sinceSeq === thread.lastEntry ? `stopped by its ${fault}` : 'is suspended';
      return { ...common, for: 'resume', object: ref(thread.id), cptr: null, text };
    }
    case STATE.Running:
    case STATE.Restart: return { ...common, for: 'processor', object: null, fault: '', cptr: null, text: 'could run, and waits for its turn' };
    default: return null;
  }
}

/** Who was seen to do what would make the thread go on. */
export function wakersOf(run: RunInTime, thread: ThreadHistory, wait: ThreadWait | null): Wakers {
  const object = wait?.object?.id ?? 0;
  const others = (how: Waker['how'], last: (use: Use) => number, of = object): Waker[] => run.history.uses.of(of)
    .filter((use) => last(use) > 0 && use.thread !== thread.id && isThere(run, use.thread))
    .map((use) => waker(run, use.thread, how, last(use)));
  const unknown = object === 0;
  switch (wait?.for) {
    case 'message': return {
      wakers: [...others('sends', ({ sent }) => sent), ...faulters(run, thread.id, object), ...boundSignallers(run, thread, others)],
      unknown: unknown || run.setup.notificationOf(thread.id) === 0,
    };
    case 'signal': return { wakers: [...others('signals', ({ sent }) => sent), ...interrupts(run, object)], unknown };
    case 'receiver':
    case 'faultHandler': return { wakers: others('receives', ({ received }) => received), unknown };
    case 'reply': {
      const server = wait.server?.id ?? 0;
      return { wakers: server !== 0 && isThere(run, server) ? [waker(run, server, 'answers', thread.sinceSeq)] : [], unknown: server === 0 };
    }
    case 'resume': return { wakers: others('resumes', ({ invoked }) => invoked, thread.id), unknown: false };
    default: return { wakers: [], unknown: false };
  }
}

function waker({ history, ref }: RunInTime, id: number, how: Waker['how'], seq: number): Waker {
  const thread = history.find(id);
  return { thread: ref(id), state: stateText(thread === undefined ? STATE.Inactive! : stateOf(thread)), how, seq };
}

/** A receiver is also woken by the faults of those whose handler it is. */
function faulters(run: RunInTime, receiver: number, endpoint: number): Waker[] {
  if (endpoint === 0) return [];
  return run.setup.faultersOf(endpoint).filter((thread) => thread !== receiver && isThere(run, thread))
    .map((thread) => waker(run, thread, 'faults', run.setup.handlerOf(thread)?.seq ?? 0));
}

/** And by its bound notification. */
function boundSignallers(run: RunInTime, thread: ThreadHistory, others: (how: Waker['how'], last: (use: Use) => number, of: number) => Waker[]): Waker[] {
  const notification = run.setup.notificationOf(thread.id);
  return notification === undefined || notification === 0 ? [] : [...others('signals', ({ sent }) => sent, notification), ...interrupts(run, notification)];
}

function interrupts({ setup, ref }: RunInTime, notification: number): Waker[] {
  return setup.isInterrupt(notification) ? [{ thread: { ...ref(0), name: 'a device' }, state: 'unknown', how: 'interrupts', seq: 0 }] : [];
}

/** Whether the object of a thread's last trap is the one that it receives from: combined system calls may name the one that they send to. */
function isReceived({ interfaces }: RunInTime, thread: ThreadHistory): boolean {
  const name = syscallText(thread.syscall, interfaces);
  return name !== 'NBSendRecv' && name !== 'NBSendWait';
}

function nameOr(ref: SubjectRef | null, otherwise: string): string {
  return ref === null ? otherwise : ref.name;
}
