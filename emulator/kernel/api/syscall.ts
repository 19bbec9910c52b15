// SPDX-License-Identifier: BSD-2-Clause
/** System calls: what each does with the registers of the current thread. Manual, "System Calls"; numbers: `schema/abi/syscalls.ts`. */
import { CAP_TYPE, ROLE, syscallName, type Scheduling, type SyscallName } from '../../../schema/abi/index.ts';
import type { ReplyCap } from '../capability.ts';
import { lookupCapability } from '../cspace/lookup.ts';
import { missingCapability, invalidRoot, type LookupFailure } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { receiveMessage } from '../object/endpoint.ts';
import { handleInterruptAtPreemption } from '../object/interrupt.ts';
import { receiveSignal } from '../object/notification.ts';
import { deleteCallerCap, replyFromCallerSlot } from '../object/reply.ts';
import { slotHi, slotLo } from '../registers.ts';
import { yieldCurrent } from '../scheduling/scheduler.ts';
import { Slot } from '../slot.ts';
import { handleDebugSyscall } from './debug.ts';
import { capFault, handleFault, unknownSyscall } from './faults.ts';
import { handleInvocation, type InvocationKind } from './invocation.ts';

const CALL: InvocationKind = { isCall: true, isBlocking: true, isFirstPhase: false, canDonate: true };
const SEND: InvocationKind = { isCall: false, isBlocking: true, isFirstPhase: false, canDonate: false };
const NB_SEND: InvocationKind = { isCall: false, isBlocking: false, isFirstPhase: false, canDonate: false };
const FIRST_PHASE: InvocationKind = { isCall: false, isBlocking: false, isFirstPhase: true, canDonate: true };

/** Executes the system call that the current thread's registers describe. */
export function handleSyscall(kernel: Kernel): void {
  const scheduling: Scheduling = kernel.mcs ? 'mcs' : 'classic';
  // Numbers are negative words; anything whose high lane is not all ones is no system call.
  const thread = kernel.current;
  const number = slotHi(thread, ROLE.syscall) === 0xffff_ffff ? slotLo(thread, ROLE.syscall) | 0 : 0;
  const name = number < 0 ? syscallName(scheduling, number) : undefined;
  if (name === undefined || !(kernel.mcs ? handleMcs(kernel, name) : handleClassic(kernel, name))) {
    if (name === undefined || !handleDebugSyscall(kernel, name)) handleFault(kernel, thread, unknownSyscall(kernel, thread));
  }
}

/** False for a system call that is not part of the MCS API. */
function handleMcs(kernel: Kernel, name: SyscallName): boolean {
  switch (name) {
    case 'Call': invoke(kernel, CALL, ROLE.cap); return true;
    case 'Send': invoke(kernel, SEND, ROLE.cap); return true;
    case 'NBSend': invoke(kernel, NB_SEND, ROLE.cap); return true;
    case 'Recv': receive(kernel, true, true); return true;
    case 'NBRecv': receive(kernel, false, true); return true;
    case 'Wait': receive(kernel, true, false); return true;
    case 'NBWait': receive(kernel, false, false); return true;
    case 'ReplyRecv': sendThenReceive(kernel, ROLE.reply, true); return true;
    case 'NBSendRecv': sendThenReceive(kernel, ROLE.nbSendRecvDest, true); return true;
    case 'NBSendWait': sendThenReceive(kernel, ROLE.reply, false); return true;
    case 'Yield': yieldCurrent(kernel); return true;
    default: return false;
  }
}

/** False for a system call that is not part of the classic API. */
function handleClassic(kernel: Kernel, name: SyscallName): boolean {
  switch (name) {
    case 'Call': invoke(kernel, CALL, ROLE.cap); return true;
    case 'Send': invoke(kernel, SEND, ROLE.cap); return true;
    case 'NBSend': invoke(kernel, NB_SEND, ROLE.cap); return true;
    case 'Recv': receive(kernel, true, false); return true;
    case 'NBRecv': receive(kernel, false, false); return true;
    case 'Reply': replyFromCallerSlot(kernel, kernel.current); return true;
    case 'ReplyRecv':
      replyFromCallerSlot(kernel, kernel.current);
      receive(kernel, true, false);
      return true;
    case 'Yield': yieldCurrent(kernel); return true;
    default: return false;
  }
}

function invoke(kernel: Kernel, kind: InvocationKind, register: number): boolean {
  const thread = kernel.current;
  if (handleInvocation(kernel, kind, slotLo(thread, register), slotHi(thread, register)) === 'preempted') {
    kernel.observer.preempted();
    handleInterruptAtPreemption(kernel);
    return false;
  }
  return true;
}

function sendThenReceive(kernel: Kernel, register: number, canReply: boolean): void {
  if (invoke(kernel, FIRST_PHASE, register)) receive(kernel, true, canReply);
}

/** The receive half: looks up the source and, for an endpoint on MCS, the reply object. */
function receive(kernel: Kernel, isBlocking: boolean, canReply: boolean): void {
  const thread = kernel.current;
  const lo = slotLo(thread, ROLE.cap);
  const hi = slotHi(thread, ROLE.cap);
  const slot = lookupCapability(kernel, thread, lo, hi);
  if (!(slot instanceof Slot)) return failReceive(kernel, lo, hi, slot);
  const cap = slot.cap;
  kernel.observer.invocation(cap.type, cap.object?.id ?? 0, 0);
  if (cap.type === CAP_TYPE.Endpoint && cap.canReceive) {
    let reply: ReplyCap | null = null;
    if (canReply) {
      const replyLo = slotLo(thread, ROLE.reply);
      const replyHi = slotHi(thread, ROLE.reply);
      const replySlot = lookupCapability(kernel, thread, replyLo, replyHi);
      if (!(replySlot instanceof Slot)) return failReceive(kernel, replyLo, replyHi, replySlot);
      if (replySlot.cap.type !== CAP_TYPE.Reply) return failReceive(kernel, replyLo, replyHi, noReplyObject(kernel));
      reply = replySlot.cap;
    }
    if (!kernel.mcs) deleteCallerCap(kernel, thread);
    receiveMessage(kernel, thread, cap, isBlocking, reply);
    return;
  }
  if (cap.type === CAP_TYPE.Notification && cap.canReceive) {
    if (!kernel.mcs && kernel.defects.has('wait-loses-caller')) deleteCallerCap(kernel, thread);
    const bound = cap.object.boundThread;
    if (bound === null || bound === thread) {
      receiveSignal(kernel, thread, cap, isBlocking);
      return;
    }
  }
  failReceive(kernel, lo, hi, missingCapability(0));
}

function noReplyObject(kernel: Kernel): LookupFailure {
  return kernel.defects.has('reply-cap-fault') ? kernel.lastLookupFailure ?? invalidRoot() : missingCapability(0);
}

function failReceive(kernel: Kernel, cptrLo: number, cptrHi: number, failure: LookupFailure): void {
  handleFault(kernel, kernel.current, capFault(kernel, { lo: cptrLo, hi: cptrHi }, true, failure));
}
