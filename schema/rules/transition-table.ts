// SPDX-License-Identifier: BSD-2-Clause
/**
 * Which thread state transitions a trap may cause. Three tables: what a trap can do to other threads, the transitions
 * that each of those effects explains, and the states in which each kind of trap may leave the thread that made it.
 * Source: manual, "Threads and Execution", "Message Passing", "Faults"; observed on riscv64.
 */
import { CAP_TYPE, CAP_TYPE_NONE } from '../abi/cap-types.ts';
import { FAULT_LABELS } from '../abi/faults.ts';
import type { Scheduling } from '../abi/syscalls.ts';
import { STATE } from '../abi/thread-state.ts';
import { CAUSE, FLAG, OUTCOME, type Transition } from '../trace/trap-record.ts';
import type { ThreadKnowledge } from './run-state.ts';
import type { TraceContext } from './rule.ts';
import { SYSCALL_CLASS } from './syscall-class.ts';

/** What a trap can do to other threads, as bits. */
export const EFFECT = Object.freeze({
  /** Stops the thread that is invoked. */
  suspend: 1,
  /** Restarts the thread that is invoked. */
  resume: 2,
  /** Deletes capabilities: the last one to a thread, endpoint, notification or reply object destroys it. */
  destroy: 4,
  /** Cancels queued senders of one badge. */
  cancelSends: 8,
  /** Brings a message or fault to a thread that waits for one. */
  message: 16,
  /** Takes a message or fault from a thread that waits to send it; may take a reply object from its caller. */
  receive: 32,
  signal: 64,
  /** Answers a caller or faulter. */
  reply: 128,
});
const EVERY_EFFECT = 255;

const METHOD_EFFECTS: ReadonlyMap<string, number> = new Map([
  ['TCBSuspend', EFFECT.suspend],
  ['TCBReadRegisters', EFFECT.suspend],
  ['TCBWriteRegisters', EFFECT.resume],
  ['TCBResume', EFFECT.resume],
  ['TCBCopyRegisters', EFFECT.suspend | EFFECT.resume],
  ['CNodeRevoke', EFFECT.destroy],
  ['CNodeDelete', EFFECT.destroy],
  ['CNodeCancelBadgedSends', EFFECT.cancelSends],
  // These replace a capability and delete the old one.
  ['TCBConfigure', EFFECT.destroy],
  ['TCBSetSpace', EFFECT.destroy],
  ['TCBSetIPCBuffer', EFFECT.destroy],
  ['TCBSetSchedParams', EFFECT.destroy],
  ['TCBSetTimeoutEndpoint', EFFECT.destroy],
  ['IRQSetIRQHandler', EFFECT.destroy],
  ['IRQClearIRQHandler', EFFECT.destroy],
]);

/** Methods that act on the one thread that is invoked. */
const ONE_TARGET: ReadonlySet<string> = new Set(['TCBSuspend', 'TCBReadRegisters', 'TCBWriteRegisters', 'TCBResume']);

/** What this trap can do to threads other than the one that made it. */
export function effectsOf(context: TraceContext): number {
  const { record } = context;
  let effects = record.fault === 0 ? 0 : EFFECT.message;
  // A preempted operation goes on to the interrupt that preempted it.
  if (record.cause === CAUSE.interrupt || record.outcome === OUTCOME.preempted) effects |= EFFECT.signal | EFFECT.message;
  if (record.cause === CAUSE.boot) return EVERY_EFFECT;
  if (record.cause !== CAUSE.syscall) return effects;
  switch (context.syscallClass) {
    case SYSCALL_CLASS.call:
    case SYSCALL_CLASS.send:
    case SYSCALL_CLASS.nbSend:
      return effects | invocationEffects(context);
    case SYSCALL_CLASS.combined:
      return effects | EFFECT.message | EFFECT.receive | EFFECT.signal | EFFECT.reply | EFFECT.destroy | methodEffects(context);
    case SYSCALL_CLASS.receive:
    case SYSCALL_CLASS.nbReceive:
      return effects | EFFECT.receive;
    case SYSCALL_CLASS.reply:
      return effects | EFFECT.reply;
    default:
      return effects;
  }
}

function invocationEffects({ record, method }: TraceContext): number {
  switch (record.capType) {
    case CAP_TYPE.Endpoint: return EFFECT.message;
    case CAP_TYPE.Notification: return EFFECT.signal;
    case CAP_TYPE.Reply: return EFFECT.reply;
    case CAP_TYPE_NONE: return EVERY_EFFECT;
    default: return method === undefined ? EVERY_EFFECT : METHOD_EFFECTS.get(method.id) ?? 0;
  }
}

function methodEffects({ method }: TraceContext): number {
  return method === undefined ? 0 : METHOD_EFFECTS.get(method.id) ?? 0;
}

const { Inactive, Running, Restart, BlockedOnReceive, BlockedOnSend, BlockedOnReply, BlockedOnNotification } = STATE;

type Row = readonly [from: readonly number[], to: number, effects: number];

const BLOCKED = [BlockedOnReceive, BlockedOnSend, BlockedOnReply, BlockedOnNotification];
const ANY = [Inactive, Running, Restart, ...BLOCKED];

/** Transitions of threads other than the invoker, with the effects that explain them. */
const COMMON: readonly Row[] = [
  // A resume, and a signal through a bound notification, first cancel what the thread waits for.
  [ANY, Inactive, EFFECT.suspend | EFFECT.resume | EFFECT.destroy],
  [[BlockedOnReceive], Inactive, EFFECT.signal],
  [[Inactive], Running, EFFECT.signal],
  [[Inactive, ...BLOCKED], Restart, EFFECT.resume],
  [[BlockedOnReceive, BlockedOnSend, BlockedOnNotification], Restart, EFFECT.destroy],
  [[BlockedOnSend], Restart, EFFECT.cancelSends],
  [[BlockedOnReceive], Running, EFFECT.message | EFFECT.signal],
  [[BlockedOnNotification], Running, EFFECT.signal],
  [[BlockedOnSend], Running, EFFECT.receive],
  [[BlockedOnSend], BlockedOnReply, EFFECT.receive],
  [[BlockedOnSend], Inactive, EFFECT.receive],
  [[BlockedOnReply], Running, EFFECT.reply],
  [[BlockedOnReply], Restart, EFFECT.reply],
  [[BlockedOnReply], Inactive, EFFECT.reply],
];

const MCS_ONLY: readonly Row[] = [
  [[BlockedOnSend], Inactive, EFFECT.cancelSends],
  // A receive takes its reply object from a thread that still uses it.
  [[BlockedOnReply, BlockedOnReceive], Inactive, EFFECT.receive],
  // A reply that returns an exhausted scheduling context raises a Timeout fault.
  [[Running, Restart, BlockedOnReply], BlockedOnSend, EFFECT.reply],
  [[Running, Restart], BlockedOnReply, EFFECT.reply],
  [[Running, Restart], Inactive, EFFECT.reply],
];

const STATES = 16;

function compile(rows: readonly Row[]): Uint8Array {
  const table = new Uint8Array(STATES * STATES);
  for (const [froms, to, effects] of rows) for (const from of froms) table[from * STATES + to]! |= effects;
  return table;
}

const TABLES: Readonly<Record<Scheduling, Uint8Array>> = {
  classic: compile(COMMON),
  mcs: compile([...COMMON, ...MCS_ONLY]),
};

/** Whether a transition of a thread that did not trap is explained by what this trap can do. `known` is from before the trap. */
export function isExplained(context: TraceContext, transition: Transition, effects: number, known: ThreadKnowledge): boolean {
  const { from, to } = transition;
  if (from === to) return true;
  if (to !== Running || transition.thread !== context.record.next) return allowed(context, transition, to, effects, known);
  // Choosing a thread turns Restart into Running, which a host may show as one step.
  return from === Restart || allowed(context, transition, Running, effects, known) || allowed(context, transition, Restart, effects, known);
}

function allowed(context: TraceContext, transition: Transition, to: number, effects: number, known: ThreadKnowledge): boolean {
  const { record, method, mcs } = context;
  const { from, thread } = transition;
  const table = TABLES[mcs ? 'mcs' : 'classic'];
  const explaining = effects & (table[(from & 15) * STATES + (to & 15)]!);
  if (explaining === 0) return false;
  if (method !== undefined && ONE_TARGET.has(method.id) && record.object !== 0) {
    if (thread === record.object) return true;
    // What the method does, it does to its target; a combined system call goes on to receive.
    if ((explaining & ~methodEffects(context)) === 0) return false;
  }
  // Only a thread that waited to receive is first cancelled and then woken by a signal.
  if (from === Inactive && to === Running) return known.state !== Inactive;
  if (from === BlockedOnReply && explaining === EFFECT.reply && known.lastTrap > 0) return fitsReply(context, to, known.pendingFault);
  // MCS stops queued faulters for good when their endpoint goes away.
  if (mcs && from === BlockedOnSend && to === Restart && (explaining & EFFECT.resume) === 0) return known.pendingFault === 0;
  return true;
}

/** A caller goes on after its reply; a faulter starts again, or stays stopped if its fault can be refused. */
function fitsReply({ mcs }: TraceContext, to: number, fault: number): boolean {
  if (to === Running) return fault === 0;
  if (to === Restart) return fault !== 0;
  if (to !== Inactive) return true;
  const labels = FAULT_LABELS[mcs ? 'mcs' : 'classic'];
  return fault !== 0 && fault !== labels.CapFault && fault !== labels.VMFault;
}

const bit = (...states: number[]): number => states.reduce((mask, state) => mask | (1 << state), 0);

const FAULTED = bit(BlockedOnReply, BlockedOnSend, Inactive);

/** Methods by which a thread can stop or destroy itself. */
const SELF_STOPPING: ReadonlySet<string> = new Set([
  'TCBSuspend', 'TCBCopyRegisters', 'CNodeRevoke', 'CNodeDelete', 'TCBConfigure', 'TCBSetSpace',
]);

/** States, as bits, in which this trap may leave the thread that made it. */
export function statesAfter(context: TraceContext): number {
  const { record, mcs } = context;
  if ((record.flags & FLAG.invokerDestroyed) !== 0) return bit(Inactive);
  switch (record.outcome) {
    // Running only as the thread that runs next; otherwise rule S04 says so. The time until then may be over.
    case OUTCOME.preempted: return bit(Restart, Running) | (record.fault === 0 ? 0 : FAULTED);
    case OUTCOME.outOfBudget: return FAULTED | bit(Restart) | (record.next === record.thread ? bit(Running) : 0);
    case OUTCOME.faulted: return FAULTED;
  }
  if (record.cause === CAUSE.interrupt) return mcs ? FAULTED | bit(Running, Restart) : bit(Running);
  if (record.cause !== CAUSE.syscall) return FAULTED | bit(Running);
  switch (context.syscallClass) {
    case SYSCALL_CLASS.call: return record.capType === CAP_TYPE.Endpoint ? afterEndpointCall(record.outcome) : afterInvocation(context);
    case SYSCALL_CLASS.send: return record.capType === CAP_TYPE.Endpoint ? bit(Running, BlockedOnSend) : afterInvocation(context);
    case SYSCALL_CLASS.nbSend: return record.capType === CAP_TYPE.Endpoint ? bit(Running) : afterInvocation(context);
    case SYSCALL_CLASS.combined:
    case SYSCALL_CLASS.receive: return bit(Running, BlockedOnReceive, BlockedOnNotification);
    default: return bit(Running);
  }
}

function afterEndpointCall(outcome: number): number {
  return outcome === OUTCOME.error ? bit(Running) : bit(BlockedOnSend, BlockedOnReply, Inactive);
}

function afterInvocation({ record, method }: TraceContext): number {
  if (record.capType === CAP_TYPE.Notification || record.capType === CAP_TYPE.Reply) return bit(Running);
  return method === undefined || SELF_STOPPING.has(method.id) ? bit(Running, Inactive) : bit(Running);
}
