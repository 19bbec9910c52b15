// SPDX-License-Identifier: BSD-2-Clause
/**
 * What a rule is. A rule is a pure function of a record, of what is known of its thread and run, and of the
 * method's contract. The same functions run on ingest, over history, at the return of a stub and on the command line.
 */
import type { InterfaceModel, Method } from '../idl/model.ts';
import type { TrapRecord } from '../trace/trap-record.ts';
import type { RunState, ThreadKnowledge } from './run-state.ts';
import type { MessageUse } from './message-use.ts';
import type { ReplyFacts } from './reply-facts.ts';

export type Severity = 'error' | 'warning' | 'info';

/** Who can find out that a rule is broken: a stub while its program runs, the trace of the model, the trace of a kernel image. */
export const DECIDERS = ['stub', 'model', 'image'] as const;
export type Decider = (typeof DECIDERS)[number];

/** Catalogue entry: what a person reads. */
export interface RuleInfo {
  /** Stable id, e.g. `K05`. */
  readonly id: string;
  /** e.g. `reply-short`. */
  readonly name: string;
  readonly title: string;
  readonly severity: Severity;
  /** What it means, how it shows, what to do. */
  readonly explanation: string;
  /** Manual sections, issues and commits, e.g. `seL4#846`, `4ce6cbe9e`. */
  readonly references: readonly string[];
  /** Who decides it, where that is not everybody who can ask rules of its kind; see `decidersOf` of the catalogue. */
  readonly decidedBy?: readonly Decider[];
}

/**
 * Reports one finding. `detail` says in one sentence what was seen and what was expected, with numbers. `thread` and
 * `method` say whom it is about where that is not the invoker and its method.
 */
export type Report = (rule: RuleInfo, detail: string, thread?: number, method?: Method) => void;

/** A rule over one reply: needs nothing but the facts of that reply, so the stubs run it at return. */
export interface ReplyRule {
  readonly info: RuleInfo;
  readonly check: (reply: ReplyFacts, report: Report) => void;
}

/** A rule over what a program does with the message that a system call left it. Only stubs see that, so only they ask. */
export interface UseRule {
  readonly info: RuleInfo;
  readonly check: (use: MessageUse, report: Report) => void;
}

/**
 * What makes a trace rule worth asking, as bits. The engine finds the bits of a record in one pass; a clean invocation
 * of a kernel object, the most frequent record by far, has none.
 */
export const TRIGGER = Object.freeze({
  /** A delivery of this kind. */
  message: 1,
  fault: 2,
  lateReply: 4,
  /** A delivery of another kind than these and a direct reply to the invoker. */
  otherDelivery: 8,
  /** IPC buffer words were written. */
  bufferWrite: 16,
  /** A thread other than the invoker changed its state, the invoker does not go on, or it invoked an endpoint. */
  transition: 32,
  /** A flag of `TRANSITION_FLAG` on a thread other than the invoker; the restart pc behind only where one leaves Running. Or the invoker was destroyed, or is in no place where it could go on from. */
  flagged: 64,
  /** The operation was preempted. */
  preempted: 128,
  /** A system call that left the pc at its trap. */
  stayed: 256,
  /** A debug or benchmark system call. */
  debug: 512,
  /** The thread that runs next is not Running or has no scheduling context. */
  exit: 1024,
  /** The invoker, or the thread that runs next, has a YieldTo that is not completed. */
  yieldPending: 2048,
  /** The invoker was taken from its answer before it could run, see `ThreadKnowledge.takenFromAnswer`. */
  takenFromAnswer: 4096,
  /** Threads were destroyed earlier in the run. */
  destroyedBefore: 8192,
  /** The kernel accessed memory that it has no business with. */
  stray: 16_384,
  /** A delivery, other than one of registers, wrote a context slot that is no part of a message. */
  otherSlots: 32_768,
  /** The kernel answered with an error. */
  error: 65_536,
});

/** The deliveries that are no direct reply to the invoker. */
export const ANY_DELIVERY = TRIGGER.message | TRIGGER.fault | TRIGGER.lateReply | TRIGGER.otherDelivery;

/** What a trace rule sees. The object is used again for the next record. */
export interface TraceContext {
  readonly record: TrapRecord;
  /** Interfaces of the run's configuration. */
  readonly model: InterfaceModel;
  readonly mcs: boolean;
  /** The invoked method, if the record has one. */
  readonly method: Method | undefined;
  /** See `SYSCALL_CLASS`. */
  readonly syscallClass: number;
  /** The outcome is completed, replied or error: the invocation ran to its end. */
  readonly done: boolean;
  /** State in which the trap leaves the invoker. */
  readonly invokerState: number;
  /** What earlier records of the run said, before this record is applied. */
  readonly run: RunState;
  /** `run`'s knowledge of the thread that trapped, and of the one that runs next; of nobody for the idle thread. */
  readonly invoker: ThreadKnowledge;
  readonly next: ThreadKnowledge;
}

export interface TraceRule {
  readonly info: RuleInfo;
  /** When the rule is asked: if any of these bits of {@link TRIGGER} holds, or at every invocation of one of these method ids. */
  readonly on: number | readonly string[];
  readonly check: (context: TraceContext, report: Report) => void;
}

/** One finding as kept and shown. */
export interface Anomaly {
  readonly rule: string;
  readonly severity: Severity;
  readonly seq: number;
  /** Thread concerned; usually the invoker. */
  readonly thread: number;
  /** Method id (`SchedContextConsumed`), system call name when there is none, else the cause of the trap. */
  readonly method: string;
  readonly detail: string;
  /** Same rule, method and situation give the same fingerprint, in every run. */
  readonly fingerprint: string;
}
