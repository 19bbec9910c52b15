// SPDX-License-Identifier: BSD-2-Clause
/**
 * TrapRecord: one kernel entry and exit, as a mutable struct that is filled, used and filled again.
 *
 * The probe fills one and hands it to its sinks; the store decodes chunks into one and runs the rules on it.
 * Whoever keeps a record beyond the call that handed it over must {@link TrapRecord.clone} it. All words are
 * lanes (see `abi/word.ts`); times are virtual nanoseconds as safe integers; ids are small positive
 * integers that are stable in a run, 0 meaning none.
 */
import { CAP_TYPE_NONE } from '../abi/cap-types.ts';
import { MSG_MAX_LENGTH } from '../abi/message-info.ts';

/** Why the kernel was entered. The number is the value on the wire. */
export const CAUSES = ['syscall', 'unknownSyscall', 'userException', 'vmFault', 'interrupt', 'boot'] as const;
export type Cause = (typeof CAUSES)[number];
export const CAUSE = Object.freeze({ syscall: 0, unknownSyscall: 1, userException: 2, vmFault: 3, interrupt: 4, boot: 5 });

/** How the trap ended for the thread that made it. */
export const OUTCOMES = ['completed', 'replied', 'error', 'blocked', 'faulted', 'preempted', 'outOfBudget', 'stopped'] as const;
export type Outcome = (typeof OUTCOMES)[number];
export const OUTCOME = Object.freeze({
  /** The operation finished and the thread goes on without a kernel reply (Send, Signal, Yield, a failed NBSend, a received message). */
  completed: 0,
  /** A kernel reply with label 0. */
  replied: 1,
  /** A kernel reply with an error label. */
  error: 2,
  /** The thread waits: for a message, a receiver, a reply or a signal. */
  blocked: 3,
  /** The trap turned into a fault of the thread. */
  faulted: 4,
  /** A preemption point stopped the operation; the same system call will be executed again. */
  preempted: 5,
  /** No budget at entry: nothing was executed. */
  outOfBudget: 6,
  /** The thread is Inactive: it suspended or destroyed itself. */
  stopped: 7,
});

/** What a delivery is. */
export const DELIVERY_KINDS = ['reply', 'message', 'signal', 'fault', 'lateReply', 'registers', 'other'] as const;
export type DeliveryKind = (typeof DELIVERY_KINDS)[number];
export const DELIVERY = Object.freeze({
  /** Registers or buffer of the invoker, by an invocation of a kernel object. */
  reply: 0,
  /** A message by IPC, a user's reply included. */
  message: 1,
  /** A notification word. */
  signal: 2,
  /** A fault message to a handler. */
  fault: 3,
  /** The answer to an earlier trap, made in this one by something else than IPC (YieldTo). */
  lateReply: 4,
  /** Registers written by Write/CopyRegisters, SetTLSBase, or the reply to a fault. */
  registers: 5,
  other: 6,
});

/** Memory that a kernel has no business with. */
export const STRAYS = ['none', 'deniedBuffer', 'foreignMemory', 'userAddress'] as const;
export type Stray = (typeof STRAYS)[number];
export const STRAY = Object.freeze({
  none: 0,
  /** It wrote the IPC buffer of a thread whose buffer it must not write: there is none, or it is read-only or a device. */
  deniedBuffer: 1,
  /** It wrote a word of a message to memory that user code can have and that is not in the IPC buffer of the receiver. */
  foreignMemory: 2,
  /** It read or wrote, by itself, at a virtual address that belongs to user code; a null pointer is such an address. */
  userAddress: 3,
});

/** Most words a delivery keeps. */
export const MAX_WORDS = MSG_MAX_LENGTH;

/** Everything the kernel wrote for one thread in one trap, under one cause. */
export class Delivery {
  kind = 0;
  /** Receiving thread. */
  thread = 0;
  /** Sequence number of the trap that this answers, 0 for none; the record's own for a direct reply. */
  answers = 0;
  badgeLo = 0;
  badgeHi = 0;
  tagLo = 0;
  tagHi = 0;
  /** Words of the message as they stand after the trap; as many as the tag's length says (if the delivery is a message and wrote the tag), or the highest written MR + 1 if that is more. */
  wordCount = 0;
  readonly words = new Uint32Array(2 * MAX_WORDS);
  /** Context slots really written: bit i of [0] is slot i, of [1] slot 32 + i. */
  readonly slots = new Uint32Array(2);
  /** IPC buffer words really written: bit i of [k] is word 32 * k + i. */
  readonly bufferWords = new Uint32Array(4);

  reset(): void {
    this.kind = 0;
    this.thread = 0;
    this.answers = 0;
    this.badgeLo = this.badgeHi = this.tagLo = this.tagHi = 0;
    this.wordCount = 0;
    this.slots[0] = this.slots[1] = 0;
    // Four stores: `fill` costs several times as much for so few.
    this.bufferWords[0] = this.bufferWords[1] = this.bufferWords[2] = this.bufferWords[3] = 0;
  }

  copyFrom(other: Delivery): void {
    this.kind = other.kind;
    this.thread = other.thread;
    this.answers = other.answers;
    this.badgeLo = other.badgeLo;
    this.badgeHi = other.badgeHi;
    this.tagLo = other.tagLo;
    this.tagHi = other.tagHi;
    this.wordCount = other.wordCount;
    for (let i = 0; i < 2 * other.wordCount; i++) this.words[i] = other.words[i]!;
    this.slots.set(other.slots);
    this.bufferWords.set(other.bufferWords);
  }

  slotWritten(slot: number): boolean {
    return ((this.slots[slot >>> 5]! >>> (slot & 31)) & 1) === 1;
  }

  bufferWordWritten(index: number): boolean {
    return ((this.bufferWords[index >>> 5]! >>> (index & 31)) & 1) === 1;
  }
}

/** Bits of {@link Transition.flags}: what is known of the thread at kernel exit, in each of its transitions. */
export const TRANSITION_FLAG = Object.freeze({
  /** The restart pc is behind the resume pc (riscv64: FaultIP differs from NextIP): resumed by Restart, the thread would trap again. */
  pcBehind: 1,
  /** The thread was destroyed in this trap. */
  destroyed: 2,
  /** A fault is recorded for the thread. */
  faultRecorded: 4,
  /** The thread waits for a reply, and no reply object or reply capability leads to it. */
  orphaned: 8,
  /** The thread stands in the ready queue and cannot run, in the release queue and does not wait for time, or in both. */
  misqueued: 16,
});

/** One write of a thread's state, in the order in which the kernel made them. From a state to itself also: the thread lost what leads to it (`orphaned`). */
export class Transition {
  thread = 0;
  from = 0;
  to = 0;
  /** See {@link TRANSITION_FLAG}. */
  flags = 0;
}

/** Bits of {@link TrapRecord.flags}. */
export const FLAG = Object.freeze({
  /** The invoker's pc moved past the trap. */
  pcAdvanced: 1,
  /** The invoker has a pending YieldTo at exit. */
  yieldPending: 2,
  /** The invoking thread was destroyed in this trap. */
  invokerDestroyed: 4,
  /** The thread that runs next has a scheduling context of its own, to which its time is charged; or it is the idle thread, or the kernel is classic. */
  nextHasSchedContext: 8,
  /** The answer is an error, and yet a capability was changed. Never set by hosts that cannot tell. */
  refusedWithEffect: 16,
  /**
   * The host sees registers and nothing else: no states, objects, methods or outcomes, and deliveries are registers that differ at
   * the return to a thread from what it trapped with. Rules are not asked.
   */
  registersOnly: 32,
});

export class TrapRecord {
  /** Sequence number in the run, from 1 without gaps. */
  seq = 0;
  /** Virtual time of entry and exit, ns. */
  entryTime = 0;
  exitTime = 0;
  /** See {@link CAUSE}. */
  cause = 0;
  /** Thread that was running at entry; 0 for the idle thread. */
  thread = 0;
  /** System call number (negative), 0 when the cause is not a system call. */
  syscall = 0;
  cptrLo = 0;
  cptrHi = 0;
  /** Type of the capability behind cptr (`abi/cap-types.ts`). */
  capType: number = CAP_TYPE_NONE;
  /** Object behind it, 0 for none. */
  object = 0;
  /** Label of the invoked method in the run's configuration if the capability's interface has it, else 0. */
  method = 0;
  tagLo = 0;
  tagHi = 0;
  /** Request words: min(length, 120, what the send buffer allows). */
  wordCount = 0;
  readonly words = new Uint32Array(2 * MAX_WORDS);
  /** Extra caps of the request as capability pointers. */
  capCount = 0;
  readonly caps = new Uint32Array(2 * 3);
  /** Reply register at entry (MCS): reply object of Recv and ReplyRecv. */
  replyLo = 0;
  replyHi = 0;
  /** The invoker's IPC buffer at entry: 0 none, 1 read-only, 2 read-write (`abi/ipc-buffer.ts`). */
  bufferKind = 0;
  /** See {@link OUTCOME}. */
  outcome = 0;
  /** See {@link FLAG}. */
  flags = 0;
  /** Fault label raised by the invoker in this trap, 0 for none. */
  fault = 0;
  /** pc of the trapping instruction, and pc at which the invoker will go on: NextIP; FaultIP when its state is Restart or Inactive or it faulted, since only a restart resumes it then. */
  pcBeforeLo = 0;
  pcBeforeHi = 0;
  pcAfterLo = 0;
  pcAfterHi = 0;
  /** Thread that runs next, 0 for the idle thread. */
  next = 0;
  /** State of `next` at exit. */
  nextState = 0;
  /** MCS: time charged to the running scheduling context at this entry, and what is left of its head refill at exit, ns. */
  consumed = 0;
  budget = 0;
  /** The first access of the kernel in this trap to memory that it has no business with, see {@link STRAY}; 0 for none. */
  stray = 0;
  /** Its address (virtual for `userAddress`, else physical) and the pc of the kernel; 0 where the host does not know. */
  strayAddressLo = 0;
  strayAddressHi = 0;
  strayPcLo = 0;
  strayPcHi = 0;
  deliveryCount = 0;
  readonly deliveries: Delivery[] = [];
  transitionCount = 0;
  readonly transitions: Transition[] = [];

  reset(): void {
    this.seq = this.entryTime = this.exitTime = 0;
    this.cause = this.thread = this.syscall = 0;
    this.cptrLo = this.cptrHi = 0;
    this.capType = CAP_TYPE_NONE;
    this.object = this.method = 0;
    this.tagLo = this.tagHi = this.wordCount = this.capCount = 0;
    this.replyLo = this.replyHi = 0;
    this.bufferKind = this.outcome = this.flags = this.fault = 0;
    this.pcBeforeLo = this.pcBeforeHi = this.pcAfterLo = this.pcAfterHi = 0;
    this.next = this.nextState = 0;
    this.consumed = this.budget = 0;
    this.stray = this.strayAddressLo = this.strayAddressHi = this.strayPcLo = this.strayPcHi = 0;
    this.deliveryCount = this.transitionCount = 0;
  }

  /** Takes a cleared delivery into use. */
  addDelivery(): Delivery {
    let delivery = this.deliveries[this.deliveryCount];
    if (delivery === undefined) this.deliveries.push((delivery = new Delivery()));
    else delivery.reset();
    this.deliveryCount++;
    return delivery;
  }

  addTransition(thread: number, from: number, to: number, flags = 0): void {
    let transition = this.transitions[this.transitionCount];
    if (transition === undefined) this.transitions.push((transition = new Transition()));
    transition.thread = thread;
    transition.from = from;
    transition.to = to;
    transition.flags = flags;
    this.transitionCount++;
  }

  copyFrom(other: TrapRecord): void {
    this.seq = other.seq;
    this.entryTime = other.entryTime;
    this.exitTime = other.exitTime;
    this.cause = other.cause;
    this.thread = other.thread;
    this.syscall = other.syscall;
    this.cptrLo = other.cptrLo;
    this.cptrHi = other.cptrHi;
    this.capType = other.capType;
    this.object = other.object;
    this.method = other.method;
    this.tagLo = other.tagLo;
    this.tagHi = other.tagHi;
    this.wordCount = other.wordCount;
    for (let i = 0; i < 2 * other.wordCount; i++) this.words[i] = other.words[i]!;
    this.capCount = other.capCount;
    this.caps.set(other.caps);
    this.replyLo = other.replyLo;
    this.replyHi = other.replyHi;
    this.bufferKind = other.bufferKind;
    this.outcome = other.outcome;
    this.flags = other.flags;
    this.fault = other.fault;
    this.pcBeforeLo = other.pcBeforeLo;
    this.pcBeforeHi = other.pcBeforeHi;
    this.pcAfterLo = other.pcAfterLo;
    this.pcAfterHi = other.pcAfterHi;
    this.next = other.next;
    this.nextState = other.nextState;
    this.consumed = other.consumed;
    this.budget = other.budget;
    this.stray = other.stray;
    this.strayAddressLo = other.strayAddressLo;
    this.strayAddressHi = other.strayAddressHi;
    this.strayPcLo = other.strayPcLo;
    this.strayPcHi = other.strayPcHi;
    this.deliveryCount = this.transitionCount = 0;
    for (let i = 0; i < other.deliveryCount; i++) this.addDelivery().copyFrom(other.deliveries[i]!);
    for (let i = 0; i < other.transitionCount; i++) {
      const t = other.transitions[i]!;
      this.addTransition(t.thread, t.from, t.to, t.flags);
    }
  }

  clone(): TrapRecord {
    const copy = new TrapRecord();
    copy.copyFrom(this);
    return copy;
  }
}
