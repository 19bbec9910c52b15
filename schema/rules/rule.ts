// SPDX-License-Identifier: BSD-2-Clause
/**
 * What a rule is. A rule is a pure function of a record, of what is known of its thread and run, and of the
 * method's contract. The same functions run on ingest, over history, at the return of a stub and on the command line.
 */
import type { InterfaceModel, Method } from '../idl/model.ts';
import type { TrapRecord } from '../trace/trap-record.ts';
import type { RunState } from './run-state.ts';
import type { ReplyFacts } from './reply-facts.ts';

export type Severity = 'error' | 'warning' | 'info';

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
}

/** Reports one finding. `detail` says in one sentence what was seen and what was expected, with numbers. */
export type Report = (rule: RuleInfo, detail: string, thread?: number) => void;

/** A rule over one reply: needs nothing but the facts of that reply, so the stubs run it at return. */
export interface ReplyRule {
  readonly info: RuleInfo;
  readonly check: (reply: ReplyFacts, report: Report) => void;
}

/** What a trace rule sees. */
export interface TraceContext {
  readonly record: TrapRecord;
  /** Interfaces of the run's configuration. */
  readonly model: InterfaceModel;
  /** The invoked method, if the record has one. */
  readonly method: Method | undefined;
  /** What earlier records of the run said, before this record is applied. */
  readonly run: RunState;
}

export interface TraceRule {
  readonly info: RuleInfo;
  readonly check: (context: TraceContext, report: Report) => void;
}

/** One finding as kept and shown. */
export interface Anomaly {
  readonly rule: string;
  readonly severity: Severity;
  readonly seq: number;
  /** Thread concerned; usually the invoker. */
  readonly thread: number;
  /** Method id (`SchedContextConsumed`) or system call name when there is none. */
  readonly method: string;
  readonly detail: string;
  /** Same rule, method and situation give the same fingerprint, in every run. */
  readonly fingerprint: string;
}
