// SPDX-License-Identifier: BSD-2-Clause
/** Runs one case of the audit: a kernel of its own from boot to end, its records under the rules. */
import { auditCases, type AuditCase } from '../../../examples/audit/cases.ts';
import { ExpectationError } from '../../../examples/audit/auditor.ts';
import type { DefectName } from '../../../emulator/kernel/defects.ts';
import { InvariantError, stopOnViolation } from '../../../emulator/kernel/invariants/index.ts';
import { ModelKernel } from '../../../emulator/kernel/model.ts';
import { Probe } from '../../../emulator/probe/probe.ts';
import { UserThreads } from '../../../emulator/user/threads.ts';
import { ERRORS, type ErrorName } from '../../../schema/abi/errors.ts';
import { tagLabel } from '../../../schema/abi/message-info.ts';
import type { Scheduling } from '../../../schema/abi/syscalls.ts';
import type { InterfaceModel } from '../../../schema/idl/model.ts';
import { RuleEngine } from '../../../schema/rules/engine.ts';
import { REPLY_RULES } from '../../../schema/rules/reply.ts';
import type { Severity, TraceRule } from '../../../schema/rules/rule.ts';
import type { Subject } from '../../../schema/trace/names.ts';
import { DELIVERY, OUTCOMES, type Outcome, type TrapRecord } from '../../../schema/trace/trap-record.ts';
import { ClassicRootTask, RootTask } from '../../../stubs/index.ts';
import { hostOf, type KernelFile } from '../kernel-file.ts';

export { auditCases, type AuditCase };

/** Findings that are not a rule's: what stands in place of its id. */
export const OWN_RULES = {
  answer: 'The kernel did not answer as the case expects',
  invariant: 'The kernel model broke one of its invariants',
  crash: 'The kernel model or the case itself failed',
} as const;

export interface Finding {
  /** Id of a rule, or a name of {@link OWN_RULES}. */
  readonly rule: string;
  readonly severity: Severity;
  /** Method id, system call or cause that the finding names. */
  readonly method: string;
  readonly detail: string;
  /** Record at fault, 0 when it is none. */
  readonly seq: number;
}

/** What all cases of an audit came across. */
export interface Coverage {
  /** Ids of methods that were invoked on a capability of their interface. */
  readonly methods: Set<string>;
  /** `METHOD/ERROR` of every refusal. */
  readonly errors: Set<string>;
  readonly outcomes: Set<Outcome>;
  /** Ids of rules that were asked about a record. */
  readonly rules: Set<string>;
}

export interface CaseResult {
  readonly case: AuditCase;
  readonly findings: readonly Finding[];
  readonly records: number;
}

export interface CaseOptions {
  readonly scheduling: Scheduling;
  readonly defects: readonly DefectName[];
  /** A real kernel of that kind, in place of the model. */
  readonly kernel?: KernelFile;
  /** Whether the model's invariants are checked after every trap. */
  readonly checkInvariants: boolean;
  readonly coverage: Coverage;
  /** Sees every record of the case, valid only during the call. */
  readonly onRecord?: (record: TrapRecord) => void;
  readonly onSubject?: (subject: Subject) => void;
}

export function emptyCoverage(): Coverage {
  return { methods: new Set(), errors: new Set(), outcomes: new Set(), rules: new Set() };
}

/** Notes which rules are asked. Those over replies are asked together, at every answer to a Call, or for the lack of one. */
class RecordingEngine extends RuleEngine {
  private readonly rules: Set<string>;
  private readonly seen = new Set<readonly TraceRule[]>();

  constructor(rules: Set<string>, ...engine: ConstructorParameters<typeof RuleEngine>) {
    super(...engine);
    this.rules = rules;
    for (const { info } of REPLY_RULES) rules.add(info.id);
  }

  protected override ask(rules: readonly TraceRule[]): void {
    if (!this.seen.has(rules)) {
      this.seen.add(rules);
      for (const { info } of rules) this.rules.add(info.id);
    }
    super.ask(rules);
  }
}

/** Virtual time after which a case counts as one that never ends, ns. */
const TIME_LIMIT = 60e9;

/** Runs a case to its end. Whatever goes wrong in it is a finding; this never throws for it. */
export async function runCase(each: AuditCase, options: CaseOptions): Promise<CaseResult> {
  const { scheduling } = options;
  const host = options.kernel === undefined ? modelOf(options) : hostOf(options.kernel);
  const model = host.interfaces;
  const findings: Finding[] = [];
  const engine = new RecordingEngine(options.coverage.rules, model, ({ rule, severity, method, detail, seq }) => {
    if (severity !== 'info' && !each.provokes.includes(rule)) findings.push({ rule, severity, method, detail, seq });
  });
  let records = 0;
  new Probe(host, {
    subject: (subject) => {
      engine.subject(subject);
      options.onSubject?.(subject);
    },
    record: (record) => {
      records++;
      engine.apply(record);
      cover(record, model, options.coverage);
      options.onRecord?.(record);
    },
  });
  try {
    const end = await new UserThreads(host, { timeLimit: TIME_LIMIT }).run('root', (context, bootInfo) => {
      // What the stubs would find, the rules find in the records.
      const quiet = { replies: { policy: 'off' as const } };
      return each.run(scheduling === 'mcs' ? new RootTask(context, bootInfo, quiet) : new ClassicRootTask(context, bootInfo, quiet));
    });
    if (end !== (each.stalls ? 'stalled' : 'completed')) findings.push(own('answer', each, `the run ended as ${end}: the caller never came back`));
  } catch (error) {
    findings.push(failure(each, error));
  }
  return { case: each, findings, records };
}

function modelOf({ scheduling, defects, checkInvariants }: CaseOptions): ModelKernel {
  return new ModelKernel({ configuration: `riscv64-${scheduling}`, defects, ...(checkInvariants ? { afterTrap: stopOnViolation() } : {}) });
}

function failure(each: AuditCase, error: unknown): Finding {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (cause instanceof ExpectationError) return own('answer', each, cause.message);
  if (cause instanceof InvariantError) return own('invariant', each, cause.message, cause.trap);
  return own('crash', each, cause instanceof Error ? cause.message : String(cause));
}

function own(rule: keyof typeof OWN_RULES, { method }: AuditCase, detail: string, seq = 0): Finding {
  return { rule, severity: 'error', method, detail, seq };
}

function cover(record: TrapRecord, model: InterfaceModel, coverage: Coverage): void {
  coverage.outcomes.add(OUTCOMES[record.outcome]!);
  if (record.syscall === 0) return;
  if (record.method > 0) coverage.methods.add(model.byLabel[record.method]!.id);
  const error = refusal(record);
  const asked = model.byLabel[tagLabel(record.tagLo, record.tagHi)];
  if (error !== undefined && asked !== undefined) coverage.errors.add(`${asked.id}/${error}`);
}

/** The error that the kernel answered this trap with. */
function refusal(record: TrapRecord): ErrorName | undefined {
  for (let i = 0; i < record.deliveryCount; i++) {
    const { kind, thread, tagLo, tagHi } = record.deliveries[i]!;
    if (kind === DELIVERY.reply && thread === record.thread && tagLabel(tagLo, tagHi) > 0) return ERRORS[tagLabel(tagLo, tagHi)];
  }
  return undefined;
}
