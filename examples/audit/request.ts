// SPDX-License-Identifier: BSD-2-Clause
/**
 * Requests as values: what a thread has in its registers and IPC buffer when it invokes a method. They are packed from
 * the interface model, so one case is the same on every configuration, and can be spoilt before they are sent.
 */
import { CapRights, type Capability, type CapabilityRef, type ThreadRuntime, type WordLike } from 'sel4scope';
import {
  IPC_BUFFER, MESSAGE_REGISTERS, MSG_MAX_LENGTH, ROLE, fromWordLike, packMessageInfo, writeParameter,
  type InterfaceModel, type Method, type SyscallName,
} from 'sel4scope/schema';

/** System calls that can invoke a method. The last two exist on MCS kernels, and send without blocking. */
export type InvokingSyscall = 'Call' | 'Send' | 'NBSend' | 'NBSendRecv' | 'NBSendWait';

export type Argument = CapabilityRef | CapRights | boolean;

/** Arguments by their names in the interface; one that is left out is 0, or the null capability. */
export type Arguments = Readonly<Record<string, Argument>>;

export interface Request {
  readonly method: Method;
  readonly cptr: bigint;
  /** Words that the tag announces. */
  readonly length: number;
  /** Extra capabilities that the tag announces. */
  readonly extraCaps: number;
  /** Lanes of all message words; what is behind the request's own words is 0. */
  readonly words: Uint32Array;
  readonly caps: readonly bigint[];
}

/** Packs a request. Throws a RangeError for an argument that the method does not have. */
export function requestOf(model: InterfaceModel, id: string, cap: CapabilityRef, args: Arguments = {}): Request {
  const method = model.byId.get(id);
  if (method === undefined) throw new RangeError(`${model.name} has no method ${id}`);
  const words = new Uint32Array(2 * MSG_MAX_LENGTH);
  const caps = method.capParameters.map(({ name }) => cptrOf(args[name]));
  for (const [name, value] of Object.entries(args)) {
    const parameter = method.parameters.find((p) => p.name === name);
    if (parameter !== undefined) writeParameter(words, parameter, fromWordLike(wordOf(value)));
    else if (!method.capParameters.some((p) => p.name === name)) throw new RangeError(`${id} has no argument ${name}`);
  }
  return { method, cptr: cptrOf(cap), length: method.requestLength, extraCaps: caps.length, words, caps };
}

function wordOf(value: Argument): WordLike {
  if (value instanceof CapRights) return value.word;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'object' ? (value as Capability).cptr : value;
}

function cptrOf(value: Argument | undefined): bigint {
  return BigInt(wordOf(value ?? 0));
}

/** What the second half of NBSendRecv and NBSendWait receives from. */
export interface ReceiveFrom {
  readonly source: CapabilityRef;
  readonly reply: CapabilityRef;
}

/**
 * Makes the invocation from a thread. What does not fit the registers goes to its IPC buffer if there is one: to a
 * buffer that is read-only, as another mapping of the frame would.
 * @returns the label of the reply to a Call, 0 for success; `undefined` for a system call that is owed none
 */
export async function invoke(runtime: ThreadRuntime, request: Request, syscall: InvokingSyscall, receive: ReceiveFrom | undefined): Promise<number | undefined> {
  const owesReply = syscall === 'Call';
  put(runtime, request, syscall, receive);
  const combined = syscall === 'NBSendRecv' || syscall === 'NBSendWait';
  const blocked = combined ? runtime.trap(syscall satisfies SyscallName) : runtime.invoke(syscall);
  if (blocked !== undefined) await blocked;
  if (combined) runtime.returned();
  else if (owesReply) return runtime.finishCall(request.method.label);
  else runtime.finishSend(request.method.label);
  return undefined;
}

function put(runtime: ThreadRuntime, request: Request, syscall: InvokingSyscall, receive: ReceiveFrom | undefined): void {
  const { lo, hi } = fromWordLike(request.cptr);
  const tag = packMessageInfo({ label: request.method.label, length: request.length, extraCaps: request.extraCaps, capsUnwrapped: 0 });
  runtime.beginLanes(lo, hi, tag.lo, tag.hi);
  const { registers } = runtime;
  if (syscall === 'NBSendRecv' || syscall === 'NBSendWait') {
    if (receive === undefined) throw new Error(`${syscall} needs something to receive from`);
    putRegister(registers, ROLE.cap, cptrOf(receive.source));
    putRegister(registers, ROLE.reply, syscall === 'NBSendWait' ? request.cptr : cptrOf(receive.reply));
    if (syscall === 'NBSendRecv') putRegister(registers, ROLE.nbSendRecvDest, request.cptr);
  }
  registers.set(request.words.subarray(0, 2 * MESSAGE_REGISTERS), 2 * ROLE.mr0);
  const buffer = runtime.context.ipcBuffer;
  if (buffer === undefined) return;
  buffer.set(request.words.subarray(2 * MESSAGE_REGISTERS), 2 * (IPC_BUFFER.msg + MESSAGE_REGISTERS));
  for (const [i, cap] of request.caps.entries()) putRegister(buffer, IPC_BUFFER.capsOrBadges + i, cap);
}

function putRegister(lanes: Uint32Array, index: number, value: bigint): void {
  const { lo, hi } = fromWordLike(value);
  lanes[2 * index] = lo;
  lanes[2 * index + 1] = hi;
}
