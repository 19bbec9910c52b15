// SPDX-License-Identifier: BSD-2-Clause
import { tagLabel, tagLength } from '../../schema/abi/message-info.ts';
import { MESSAGE_REGISTERS } from '../../schema/abi/registers.ts';
import { syscallName, syscallNumber, type Scheduling, type SyscallName } from '../../schema/abi/syscalls.ts';
import { bitsOf, lanesToBigInt, type WordLike } from '../../schema/abi/word.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import type { InterfaceModel, Method } from '../../schema/idl/model.ts';
import { USE, type MessageUse } from '../../schema/rules/message-use.ts';
import type { RuleInfo } from '../../schema/rules/rule.ts';
import { checkUse } from '../../schema/rules/stub-uses.ts';
import { SYSCALL_CLASS, syscallClasses } from '../../schema/rules/syscall-class.ts';
import type { Capability } from './capability.ts';
import { DebugSyscalls } from './debug-syscalls.ts';
import { kernelErrorOf, type ErrorReply, type KernelError } from './kernel-error.ts';
import { requestOf } from './kernel-request.ts';
import { bufferLane, CAP, MR0, MR_END, SYSCALL, TAG } from './lanes.ts';
import { MarshalError, putWord } from './marshal.ts';
import { MessageRegisters } from './message-registers.ts';
import type { StubSet } from './method-descriptor.ts';
import { ReplyCheck } from './reply-check.ts';
import { ReplyMonitor } from './reply-policy.ts';
import { failureOf, type Failure } from './result.ts';
import { Syscalls } from './syscalls.ts';
import type { UserContext } from './user-context.ts';

export interface RuntimeOptions {
  /** Policy and counts; give the same one to all threads of a task. Default: a new one that throws. */
  readonly replies?: ReplyMonitor;
  /** Interfaces of the kernel, if it is not one of the bundled configurations. */
  readonly interfaces?: InterfaceModel;
}

/** System calls that return with a message. */
const DELIVERS: ReadonlySet<number> = new Set([SYSCALL_CLASS.call, SYSCALL_CLASS.combined, SYSCALL_CLASS.receive, SYSCALL_CLASS.nbReceive]);

/** System calls numbers are negative, so their high lane is all ones. */
const SYSCALL_HIGH = 0xffff_ffff;

/**
 * The stubs' side of one thread: puts a request into its registers, traps, checks what came back.
 *
 * A generated method calls, in this order: {@link begin} and the `put…` functions of `marshal.ts`; {@link call},
 * whose promise it awaits if there is one; {@link finishCall}; then {@link kernelError} or {@link outWord}.
 * A thread is in one system call at a time: starting a second one before the first has returned is an error.
 */
export class ThreadRuntime {
  readonly context: UserContext;
  /** Live lanes of the thread's context slots. */
  readonly registers: Uint32Array;
  readonly scheduling: Scheduling;
  readonly interfaces: InterfaceModel;
  /** Policy and counts of the reply check. */
  readonly replies: ReplyMonitor;
  /** The API system calls. */
  readonly syscalls: Syscalls;
  /** The debug system calls. */
  readonly debug: DebugSyscalls;
  /** Single words of messages, tags and faults, as libsel4 gives them. */
  readonly message: MessageRegisters;
  /** How often the thread trapped through this runtime. */
  traps = 0;

  private readonly replyCheck: ReplyCheck;
  private readonly invocations: { readonly Call: number; readonly Send: number; readonly NBSend: number };
  private stubs: StubSet | undefined;
  private waiting = false;
  private replyLength = 0;
  private lastLabel = 0;
  /** Label of the last kernel reply if it is an error and no result has been taken from it. */
  private errorLabel = 0;
  /** Nobody has taken the words of the last error reply. */
  private errorUnread = false;

  /** Throws when no interfaces are known for the context's kernel. */
  constructor(context: UserContext, options: RuntimeOptions = {}) {
    this.context = context;
    this.registers = context.registers;
    this.scheduling = context.scheduling;
    this.interfaces = options.interfaces ?? interfacesOf(`riscv64-${context.scheduling}`);
    this.replies = options.replies ?? new ReplyMonitor();
    this.replyCheck = new ReplyCheck(context, this.replies);
    this.invocations = { Call: this.number('Call'), Send: this.number('Send'), NBSend: this.number('NBSend') };
    this.syscalls = new Syscalls(this);
    this.debug = new DebugSyscalls(this);
    this.message = new MessageRegisters(this);
  }

  /** Throws unless generated stubs were made from the interfaces of this thread's kernel. */
  requireStubs(stubs: StubSet): void {
    if (this.stubs === stubs) return;
    const { methods, name } = this.interfaces;
    if (stubs.methods.length !== methods.length || methods.some(({ id, label }) => stubs.methods[label - 1] !== id)) {
      throw new Error(`stubs of ${stubs.configuration} cannot be used on this ${name} kernel: its labels mean other methods`);
    }
    this.stubs = stubs;
  }

  // Request

  /** Starts a request to a capability: tag set (labels of methods fit the low lane), all message registers 0. */
  begin(cap: Capability, tagLo: number): void {
    this.beginLanes(cap.cptrLo, cap.cptrHi, tagLo, 0);
  }

  /** {@link begin} with lanes. Throws while the thread is still in a system call. */
  beginLanes(cptrLo: number, cptrHi: number, tagLo: number, tagHi: number): void {
    if (this.waiting) throw new Error('this thread is still in a system call: await it before the next one');
    if (this.errorUnread) this.loseError();
    const registers = this.registers;
    registers[CAP] = cptrLo;
    registers[CAP + 1] = cptrHi;
    registers[TAG] = tagLo;
    registers[TAG + 1] = tagHi;
    for (let lane = MR0; lane < MR_END; lane++) registers[lane] = 0;
  }

  /** The IPC buffer, for a request that needs it (more than 4 words, or extra capabilities). Throws a {@link MarshalError} without one. */
  sendBuffer(what: string): Uint32Array {
    const { ipcBuffer, ipcBufferWritable } = this.context;
    if (ipcBuffer !== undefined && ipcBufferWritable) return ipcBuffer;
    throw new MarshalError(
      `${what}: a request of more than ${MESSAGE_REGISTERS} words or with extra capabilities needs an IPC buffer, and this thread `
      + (ipcBuffer === undefined ? 'has none' : 'cannot write its own'),
    );
  }

  /** Puts the words of a structure, named by `fields`, from message word `first` on; a field that is left out is 0. */
  putStruct<F extends string>(first: number, fields: readonly F[], value: Readonly<Partial<Record<F, WordLike>>>, what: string): void {
    for (const [i, field] of fields.entries()) {
      const index = first + i;
      const inRegister = index < MESSAGE_REGISTERS;
      const lanes = inRegister ? this.registers : this.sendBuffer(what);
      putWord(lanes, inRegister ? MR0 + 2 * index : bufferLane(index), value[field] ?? 0, `${what}.${field}`);
    }
  }

  // Trap

  /** Traps with `seL4_Call`; the request is remembered for the check. Await the promise, if there is one. */
  call(): Promise<void> | undefined {
    return this.invoke('Call');
  }

  /** Traps with the request of a method; it is remembered for the check. Await the promise, if there is one. */
  invoke(syscall: 'Call' | 'Send' | 'NBSend'): Promise<void> | undefined {
    this.replyCheck.remember();
    return this.trapNumber(this.invocations[syscall]);
  }

  /** Traps with any system call; what comes back is not checked. Call {@link returned} when the thread runs again. */
  trap(name: SyscallName): Promise<void> | undefined {
    return this.trapNumber(this.number(name));
  }

  private number(name: SyscallName): number {
    return syscallNumber(this.scheduling, name) >>> 0;
  }

  private trapNumber(number: number): Promise<void> | undefined {
    this.traps++;
    this.registers[SYSCALL] = number;
    this.registers[SYSCALL + 1] = SYSCALL_HIGH;
    const blocked = this.context.trap();
    if (blocked !== undefined) this.waiting = true;
    return blocked;
  }

  // Return

  /** The system call made by {@link trap} has returned. */
  returned(): void {
    this.waiting = false;
  }

  /**
   * The Call of the method with this label has returned: checks the reply and gives the kernel's error label, 0 for
   * success. Throws a {@link ReplyAnomalyError} under the policy `throw`.
   */
  finishCall(label: number): number {
    const tagLo = this.registers[TAG]!;
    const tagHi = this.registers[TAG + 1]!;
    this.waiting = false;
    this.lastLabel = label;
    this.replyLength = tagLength(tagLo);
    if (this.replies.policy !== 'off') this.replyCheck.check(this.methodOf(label), true);
    const error = tagHi === 0 ? tagLo >>> 12 : tagLabel(tagLo, tagHi);
    this.errorLabel = error;
    this.errorUnread = error !== 0;
    return error;
  }

  /** The Send or NBSend of the method with this label has returned: checks that nothing was delivered. */
  finishSend(label: number): void {
    this.waiting = false;
    if (this.replies.policy !== 'off') this.replyCheck.check(this.methodOf(label), false);
  }

  /** The typed error of the last Call, after {@link finishCall} gave a label other than 0. */
  kernelError(): KernelError {
    return kernelErrorOf(this.takeErrorReply());
  }

  /** {@link kernelError} as a {@link Failure}: what the error tells is taken now, the error made when somebody asks for it. */
  failure(): Failure {
    const reply = this.takeErrorReply();
    return failureOf(() => kernelErrorOf(reply));
  }

  private takeErrorReply(): ErrorReply {
    const method = this.methodOf(this.lastLabel);
    const { registers, replyLength } = this;
    this.errorUnread = false;
    this.checkUse(USE.error, { after: method.id });
    const buffer = this.context.ipcBuffer;
    const words = new Uint32Array(2 * (MESSAGE_REGISTERS + 1));
    words.set(registers.subarray(MR0, MR_END));
    const readable = buffer === undefined ? MESSAGE_REGISTERS : MESSAGE_REGISTERS + 1;
    if (buffer !== undefined) words.set(buffer.subarray(bufferLane(MESSAGE_REGISTERS), bufferLane(MESSAGE_REGISTERS + 1)), MR_END - MR0);
    return {
      label: tagLabel(registers[TAG]!, registers[TAG + 1]!),
      length: Math.min(replyLength, readable),
      words,
      method,
      request: requestOf(method, this.replyCheck.facts, buffer, replyLength),
    };
  }

  /** Word `index` of the last reply; 0 when the reply is shorter. */
  outWord(index: number): bigint {
    const at = this.outLane(index);
    if (at < 0) return 0n;
    const lanes = index < MESSAGE_REGISTERS ? this.registers : this.context.ipcBuffer!;
    return lanesToBigInt(lanes[at]!, lanes[at + 1]!);
  }

  /** Bits [bit, bit + count) of word `index` of the last reply, count 1..32; 0 when the reply is shorter. */
  outBits(index: number, bit: number, count: number): number {
    const at = this.outLane(index);
    if (at < 0) return 0;
    const lanes = index < MESSAGE_REGISTERS ? this.registers : this.context.ipcBuffer!;
    return bitsOf(lanes[at]!, lanes[at + 1]!, bit, count);
  }

  /** The words of a structure, named by `fields`, from word `first` of the last reply on: those that the reply has. */
  outStruct<F extends string>(first: number, fields: readonly F[]): Partial<Record<F, bigint>> {
    const value: Partial<Record<F, bigint>> = {};
    for (const [i, field] of fields.entries()) {
      if (this.outLane(first + i) < 0) break;
      value[field] = this.outWord(first + i);
    }
    return value;
  }

  /** Low lane of reply word `index` in the registers or the IPC buffer; -1 when the reply does not have it. */
  private outLane(index: number): number {
    if (this.errorLabel !== 0) this.takeResultOfError(index);
    if (index >= this.replyLength) return -1;
    if (index < MESSAGE_REGISTERS) return MR0 + 2 * index;
    return this.context.ipcBuffer === undefined ? -1 : bufferLane(index);
  }

  // Uses of what came back

  /** Asks the rules about a use of the last message, and acts on what they find as on a reply that breaks the protocol. */
  checkUse(use: number, changes: Partial<MessageUse> = {}): void {
    if (this.replies.policy === 'off') return;
    const { registers, scheduling } = this;
    const number = registers[SYSCALL]! | 0;
    const after = changes.after ?? syscallName(scheduling, number) ?? 'no system call';
    const found: { rule: RuleInfo; detail: string }[] = [];
    checkUse({
      use, index: 0, delivered: DELIVERS.has(syscallClasses(scheduling)[-number] ?? SYSCALL_CLASS.none),
      label: tagLabel(registers[TAG]!, registers[TAG + 1]!), length: tagLength(registers[TAG]!), ownWord: false, errorKept: false, scheduling,
      ...changes, after,
    }, (rule, detail) => { found.push({ rule, detail }); });
    if (found.length > 0) this.replies.handle(found, after);
  }

  /** The first result that is taken from an error reply; the others say nothing new. */
  private takeResultOfError(index: number): void {
    this.errorLabel = 0;
    this.checkUse(USE.outParameter, { index, after: this.methodOf(this.lastLabel).id });
  }

  private loseError(): void {
    this.errorUnread = false;
    this.checkUse(USE.nextRequest, { after: this.methodOf(this.lastLabel).id });
  }

  private methodOf(label: number): Method {
    const method = this.interfaces.byLabel[label];
    if (method === undefined) throw new RangeError(`${this.interfaces.name} has no method with label ${label}`);
    return method;
  }
}
