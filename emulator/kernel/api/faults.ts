// SPDX-License-Identifier: BSD-2-Clause
/** Faults: what they record, and who hears of them. Manual, "Faults" and "Exceptions". */
import { CAP_TYPE, ROLE, STATE, ZERO, fromNumber, type FaultName, type Word } from '../../../schema/abi/index.ts';
import type { Capability, EndpointCap } from '../capability.ts';
import { lookupCapability } from '../cspace/lookup.ts';
import type { LookupFailure } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { sendMessage } from '../object/endpoint.ts';
import type { Fault, Tcb } from '../objects.ts';
import { slotHi, slotLo } from '../registers.ts';
import { changeState } from '../scheduling/readiness.ts';
import { Slot } from '../slot.ts';
import { faultLabel } from './fault-messages.ts';
import { invalidRoot } from '../errors.ts';

function fault(kernel: Kernel, name: FaultName, fields: Partial<Omit<Fault, 'label'>>): Fault {
  return { label: faultLabel(kernel, name), address: ZERO, number: ZERO, code: ZERO, flag: false, lookupFailure: null, ...fields };
}

/** The capability pointer `address` led to no capability that the system call can use. */
export function capFault(kernel: Kernel, address: Word, inReceivePhase: boolean, lookupFailure: LookupFailure): Fault {
  kernel.lastLookupFailure = lookupFailure;
  // What the thread itself keeps of a failed lookup was never set.
  const told = kernel.mcs && kernel.defects.has('cap-fault-lookup') ? invalidRoot() : lookupFailure;
  return fault(kernel, 'CapFault', { address, flag: inReceivePhase, lookupFailure: told });
}

/** The thread's system call register holds no number of a system call. */
export function unknownSyscall(kernel: Kernel, thread: Tcb): Fault {
  return fault(kernel, 'UnknownSyscall', { number: { lo: slotLo(thread, ROLE.syscall), hi: slotHi(thread, ROLE.syscall) } });
}

export function userException(kernel: Kernel, number: number, code: number): Fault {
  return fault(kernel, 'UserException', { number: fromNumber(number), code: fromNumber(code) });
}

/** @param cause scause of the exception */
export function vmFault(kernel: Kernel, address: Word, cause: number, isInstructionFetch: boolean): Fault {
  return fault(kernel, 'VMFault', { address, number: fromNumber(cause), flag: isInstructionFetch });
}

/** MCS: the budget of the thread's scheduling context ended. */
function timeout(kernel: Kernel, thread: Tcb): Fault {
  return fault(kernel, 'Timeout', { number: thread.schedContext!.badge });
}

/** Records a fault of a thread and sends it to the fault handler; without one that can be reached the thread becomes inactive. */
export function handleFault(kernel: Kernel, thread: Tcb, raised: Fault): void {
  kernel.observer.faulted(thread.id, raised.label);
  const handler = handlerEndpoint(kernel, thread);
  if (handler === undefined) changeState(kernel, thread, STATE.Inactive);
  else sendFault(kernel, thread, raised, handler, thread.schedContext !== null);
}

/** MCS: tells the timeout handler of a thread, which has one, that its budget ended. */
export function raiseTimeout(kernel: Kernel, thread: Tcb): void {
  const raised = timeout(kernel, thread);
  kernel.observer.faulted(thread.id, raised.label);
  sendFault(kernel, thread, raised, thread.slots.timeoutHandler.cap as EndpointCap, false);
}

/** A fault message is sent like a Call, by the faulter. */
function sendFault(kernel: Kernel, thread: Tcb, raised: Fault, handler: EndpointCap, canDonate: boolean): void {
  thread.fault = raised;
  sendMessage(kernel, {
    thread, endpoint: handler.object, badge: handler.badge, canGrant: handler.canGrant, canGrantReply: handler.canGrantReply,
    isCall: !kernel.mcs, isBlocking: true, canDonate,
  });
}

/** MCS: the capability that was installed. Classic: what the handler's capability pointer leads to now, if it is usable. */
function handlerEndpoint(kernel: Kernel, thread: Tcb): EndpointCap | undefined {
  if (kernel.mcs) {
    const { cap } = thread.slots.faultHandler;
    return cap.type === CAP_TYPE.Endpoint ? cap : undefined;
  }
  const slot = lookupCapability(kernel, thread, thread.faultHandler.lo, thread.faultHandler.hi);
  return slot instanceof Slot && isFaultHandler(slot.cap) ? slot.cap : undefined;
}

/** Whether fault messages can be sent through the capability and answered. */
export function isFaultHandler(cap: Capability): cap is EndpointCap {
  return cap.type === CAP_TYPE.Endpoint && cap.canSend && (cap.canGrant || cap.canGrantReply);
}
