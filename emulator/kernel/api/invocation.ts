// SPDX-License-Identifier: BSD-2-Clause
/**
 * Invocations: from the system call's registers to the operation on the object behind the capability, and the
 * generic half of the reply protocol. Facts: reply protocol, "Flow of an invocation".
 */
import {
  CAP_TYPE, ERROR, INTERFACE_OF_CAP, IPC_BUFFER, MESSAGE_REGISTERS, MSG_MAX_LENGTH, ROLE, STATE,
  tagExtraCaps, tagLabel, tagLength, type CapTypeName,
} from '../../../schema/abi/index.ts';
import type { Method } from '../../../schema/idl/model.ts';
import { lookupCapability } from '../cspace/lookup.ts';
import type { Capability, ReplyCap } from '../capability.ts';
import { ILLEGAL_OPERATION, SyscallError, invalidCapability, type LookupFailure } from '../errors.ts';
import type { Completion, Invocation, Perform } from '../invocation.ts';
import type { Kernel } from '../kernel.ts';
import { Reply, type Tcb } from '../objects.ts';
import { decodeCNode } from '../object/cnode.ts';
import { decodeDomain } from '../object/domain.ts';
import { sendMessage } from '../object/endpoint.ts';
import { decodeIrqControl, decodeIrqHandler } from '../object/interrupt.ts';
import { sendSignal } from '../object/notification.ts';
import { doClassicReply, doReply } from '../object/reply.ts';
import { decodeSchedContext } from '../object/schedcontext.ts';
import { decodeSchedControl } from '../object/schedcontrol.ts';
import { decodeTcb } from '../object/tcb.ts';
import { decodeUntyped } from '../object/untyped.ts';
import { sendBuffer, setThreadState, slotHi, slotLo } from '../registers.ts';
import { Slot } from '../slot.ts';
import { decodeAsidControl, decodeAsidPool } from '../vspace/asid.ts';
import { decodeFrame } from '../vspace/frame.ts';
import { decodePageTable } from '../vspace/page-table.ts';
import { capFault, handleFault } from './faults.ts';
import { replyEmptySuccess, replyError } from './replies.ts';

/** How a system call invokes. */
export interface InvocationKind {
  readonly isCall: boolean;
  readonly isBlocking: boolean;
  /** MCS: send half of a combined system call. */
  readonly isFirstPhase: boolean;
  /** MCS: the scheduling context may go along with the message. */
  readonly canDonate: boolean;
}

class Request implements Invocation {
  method: string | undefined;
  label = 0;
  length = 0;
  thread!: Tcb;
  slot!: Slot;
  cap!: Capability;
  readonly extraSlots: (Slot | undefined)[] = [undefined, undefined, undefined];
  extraCapCount = 0;
  isCall = false;
  isBlocking = false;
  isFirstPhase = false;
  buffer: Uint32Array | undefined;

  argLo(i: number): number {
    return i < MESSAGE_REGISTERS ? slotLo(this.thread, ROLE.mr0 + i) : this.buffer![2 * (IPC_BUFFER.msg + i)]!;
  }

  argHi(i: number): number {
    return i < MESSAGE_REGISTERS ? slotHi(this.thread, ROLE.mr0 + i) : this.buffer![2 * (IPC_BUFFER.msg + i) + 1]!;
  }
}

/** Capability types that the send half of a combined system call may not invoke. */
const REFUSED_IN_FIRST_PHASE = new Set<number>([
  CAP_TYPE.Thread, CAP_TYPE.Domain, CAP_TYPE.CNode, CAP_TYPE.SchedControl, CAP_TYPE.SchedContext,
]);

const INVALID_INVOKED = invalidCapability(0);

/** Invokes the capability `cptr` of the current thread with the message in its registers. */
export function handleInvocation(kernel: Kernel, kind: InvocationKind, cptrLo: number, cptrHi: number): Completion {
  const thread = kernel.current;
  const slot = lookupCapability(kernel, thread, cptrLo, cptrHi);
  if (!(slot instanceof Slot)) return failLookup(kernel, kind, cptrLo, cptrHi, slot);

  const request = new Request();
  request.thread = thread;
  request.slot = slot;
  request.cap = slot.cap;
  request.isCall = kind.isCall;
  request.isBlocking = kind.isBlocking;
  request.isFirstPhase = kind.isFirstPhase;
  const tagLo = slotLo(thread, ROLE.tag);
  request.label = tagLabel(tagLo, slotHi(thread, ROLE.tag));
  const method = kernel.interfaces.byLabel[request.label];
  const known = method !== undefined && belongsTo(method, slot.cap.type);
  kernel.observer.invocation(slot.cap.type, slot.cap.object?.id ?? 0, known ? request.label : 0);
  request.method = method?.id;

  request.buffer = sendBuffer(thread);
  const asked = Math.min(tagLength(tagLo), MSG_MAX_LENGTH);
  request.length = request.buffer === undefined ? Math.min(asked, MESSAGE_REGISTERS) : asked;
  if (request.buffer !== undefined) {
    const count = tagExtraCaps(tagLo);
    for (let i = 0; i < count; i++) {
      const lo = request.buffer[2 * (IPC_BUFFER.capsOrBadges + i)]!;
      const hi = request.buffer[2 * (IPC_BUFFER.capsOrBadges + i) + 1]!;
      const extra = lookupCapability(kernel, thread, lo, hi);
      if (!(extra instanceof Slot)) return failLookup(kernel, kind, lo, hi, extra);
      request.extraSlots[i] = extra;
    }
    request.extraCapCount = count;
  }
  return complete(kernel, request, decodeInvocation(kernel, request, kind));
}

/** Interface of the object API by capability type number. */
const INTERFACE_BY_CAP_TYPE: (string | undefined)[] = [];
for (const [name, type] of Object.entries(CAP_TYPE)) INTERFACE_BY_CAP_TYPE[type] = INTERFACE_OF_CAP[name as CapTypeName];

/** Whether the interface of a capability type has a method. */
function belongsTo(method: Method, capType: number): boolean {
  return INTERFACE_BY_CAP_TYPE[capType] === method.interfaceName;
}

function failLookup(kernel: Kernel, kind: InvocationKind, cptrLo: number, cptrHi: number, failure: LookupFailure): Completion {
  if (kind.isBlocking) {
    handleFault(kernel, kernel.current, capFault(kernel, { lo: cptrLo, hi: cptrHi }, false, failure));
  }
  return 'done';
}

/** Performs what was decoded and makes the generic part of the reply. */
function complete(kernel: Kernel, request: Request, decoded: SyscallError | Perform): Completion {
  const thread = request.thread;
  if (decoded instanceof SyscallError) {
    kernel.lastError = decoded;
    if (decoded.label === ERROR.InvalidArgument) kernel.lastArgument = decoded.words[0]!;
    if (request.isCall) replyError(kernel, thread, decoded);
    return 'done';
  }
  setThreadState(kernel, thread, STATE.Restart);
  if (decoded() === 'preempted') return 'preempted';
  if (thread.state === STATE.Restart) {
    if (request.isCall) replyEmptySuccess(kernel, thread);
    setThreadState(kernel, thread, STATE.Running);
  }
  return 'done';
}

function decodeInvocation(kernel: Kernel, request: Request, kind: InvocationKind): SyscallError | Perform {
  const cap = request.cap;
  if (kind.isFirstPhase && REFUSED_IN_FIRST_PHASE.has(cap.type)) return INVALID_INVOKED;
  switch (cap.type) {
    case CAP_TYPE.Null:
    case CAP_TYPE.Zombie:
      return INVALID_INVOKED;
    case CAP_TYPE.Endpoint:
      if (!cap.canSend) return INVALID_INVOKED;
      return () => {
        sendMessage(kernel, {
          thread: request.thread, endpoint: cap.object, badge: cap.badge, canGrant: cap.canGrant, canGrantReply: cap.canGrantReply,
          isCall: request.isCall, isBlocking: request.isBlocking, canDonate: kind.canDonate,
        });
        return 'done';
      };
    case CAP_TYPE.Notification:
      if (!cap.canSend) return INVALID_INVOKED;
      return () => {
        sendSignal(kernel, cap.object, cap.badge);
        return 'done';
      };
    case CAP_TYPE.Reply:
      return decodeReply(kernel, request, cap);
    case CAP_TYPE.Untyped: return decodeUntyped(kernel, request, cap);
    case CAP_TYPE.CNode: return decodeCNode(kernel, request, cap);
    case CAP_TYPE.Thread: return decodeTcb(kernel, request, cap);
    case CAP_TYPE.IRQControl: return decodeIrqControl(kernel, request, cap);
    case CAP_TYPE.IRQHandler: return decodeIrqHandler(kernel, request, cap);
    case CAP_TYPE.Domain: return decodeDomain(kernel, request, cap);
    case CAP_TYPE.SchedContext: return decodeSchedContext(kernel, request, cap);
    case CAP_TYPE.SchedControl: return decodeSchedControl(kernel, request, cap);
    case CAP_TYPE.Frame: return decodeFrame(kernel, request, cap);
    case CAP_TYPE.PageTable: return decodePageTable(kernel, request, cap);
    case CAP_TYPE.ASIDControl: return decodeAsidControl(kernel, request, cap);
    case CAP_TYPE.ASIDPool: return decodeAsidPool(kernel, request, cap);
    default: return ILLEGAL_OPERATION;
  }
}

function decodeReply(kernel: Kernel, request: Request, cap: ReplyCap): SyscallError | Perform {
  const target = cap.object;
  if (target instanceof Reply) {
    return () => {
      doReply(kernel, request.thread, target, cap.canGrant);
      return 'done';
    };
  }
  if (cap.master) return INVALID_INVOKED;
  return () => {
    doClassicReply(kernel, request.thread, target, request.slot, cap.canGrant);
    return 'done';
  };
}
