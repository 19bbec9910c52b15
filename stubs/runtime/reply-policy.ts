// SPDX-License-Identifier: BSD-2-Clause
/** What happens when a reply breaks the protocol, and how often it did. */
import type { RuleInfo } from '../../schema/rules/rule.ts';

/**
 * `throw`: a reply with a finding of severity `error` rejects the method with a {@link ReplyAnomalyError}; lesser
 * findings go to the handler.
 * `warn`: all findings go to the handler, and the reply is used as it is.
 * `off`: replies are not checked.
 * In every case an out-parameter is never read beyond the reply's length: a word that the reply does not have is 0.
 */
export type ReplyPolicy = 'throw' | 'warn' | 'off';

/** One broken rule in one reply. */
export interface ReplyFinding {
  readonly rule: RuleInfo;
  /** Invocation name, e.g. `SchedContextConsumed`, or the system call. */
  readonly method: string;
  /** What was seen and what was expected. */
  readonly detail: string;
}

export type FindingHandler = (finding: ReplyFinding) => void;

export interface ReplyPolicyOptions {
  /** Default `throw`. */
  readonly policy?: ReplyPolicy;
  /** Where findings go that are not thrown. The default prints the first one of each rule and method to the standard error stream. */
  readonly onFinding?: FindingHandler;
}

/** Counts of a task: all its threads together. */
export interface ReplyStatistics {
  /** Returns that were checked, of Call and of Send and NBSend. */
  readonly checked: number;
  /** Findings by rule id. */
  readonly findings: ReadonlyMap<string, number>;
}

/** A reply broke the protocol: the kernel, not the program, is at fault. */
export class ReplyAnomalyError extends Error {
  override readonly name = 'ReplyAnomalyError';
  /** Everything found in this reply; at least one. */
  readonly findings: readonly ReplyFinding[];

  constructor(findings: readonly ReplyFinding[]) {
    super(findings.map(describeFinding).join('\n'));
    this.findings = findings;
  }

  /** Id of the first broken rule, e.g. `K05`. */
  get rule(): string {
    return this.findings[0]!.rule.id;
  }

  /** Invocation name, e.g. `SchedContextConsumed`. */
  get method(): string {
    return this.findings[0]!.method;
  }

  get detail(): string {
    return this.findings[0]!.detail;
  }
}

/** Rule and detail in one line. */
export function describeFinding(finding: ReplyFinding): string {
  return `${finding.rule.id} ${finding.rule.name}: ${finding.detail}`;
}

/** Prints the first finding of each rule and method; the others are in the statistics only. */
function printFirstOfEach(): FindingHandler {
  const seen = new Set<string>();
  return (finding) => {
    const key = `${finding.rule.id} ${finding.method}`;
    if (seen.has(key)) return;
    seen.add(key);
    console.error(`${describeFinding(finding)} (further findings of this kind are counted only)`);
  };
}

/** The reply policy of a task, shared by its threads, and its counts. */
export class ReplyMonitor {
  /** May be changed at any time; holds from the next return on. */
  policy: ReplyPolicy;
  /** Returns that were checked. */
  checked = 0;
  private readonly onFinding: FindingHandler;
  private readonly counts = new Map<string, number>();

  constructor(options: ReplyPolicyOptions = {}) {
    this.policy = options.policy ?? 'throw';
    this.onFinding = options.onFinding ?? printFirstOfEach();
  }

  get statistics(): ReplyStatistics {
    return { checked: this.checked, findings: new Map(this.counts) };
  }

  /** Counts the findings of one reply, or of one use of it, and acts on them. */
  handle(found: readonly { rule: RuleInfo; detail: string }[], method: string): void {
    const findings = found.map(({ rule, detail }) => ({ rule, method, detail }));
    for (const { rule } of findings) this.counts.set(rule.id, (this.counts.get(rule.id) ?? 0) + 1);
    if (this.policy === 'throw' && findings.some(({ rule }) => rule.severity === 'error')) throw new ReplyAnomalyError(findings);
    findings.forEach((finding) => this.onFinding(finding));
  }
}
