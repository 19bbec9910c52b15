// SPDX-License-Identifier: BSD-2-Clause
/** What an audit came to. */
import { SCENARIO_FAMILIES } from '../../../examples/audit/cases.ts';
import { INVOKING } from '../../../examples/audit/derived.ts';
import { SITUATION_KINDS, type SituationKind } from '../../../examples/audit/variant.ts';
import { NOT_TRIED, notAsked, unreachable, whyNot } from '../../../examples/audit/unreachable.ts';
import type { BufferKind } from '../../../schema/abi/ipc-buffer.ts';
import type { Scheduling } from '../../../schema/abi/syscalls.ts';
import { interfacesOf } from '../../../schema/idl/load.ts';
import type { Method } from '../../../schema/idl/model.ts';
import { RULES, decidersOf } from '../../../schema/rules/catalogue.ts';
import type { Severity } from '../../../schema/rules/rule.ts';
import { OUTCOMES } from '../../../schema/trace/trap-record.ts';
import { OWN_RULES, type CaseResult, type Coverage, type Finding } from './case-run.ts';
import { isKnown, type Known } from './expectations.ts';

export type Verdict = 'clean' | 'known' | 'finding' | 'not run';

export interface Cell {
  readonly kind: SituationKind;
  readonly verdict: Verdict;
  readonly cases: number;
  readonly withFindings: number;
  /** Why there is no case; empty when there are some. */
  readonly reason: string;
  /** Ids of rules that fired. */
  readonly rules: readonly string[];
}

export interface MatrixRow {
  readonly method: string;
  readonly object: string;
  readonly cells: readonly Cell[];
}

/** All findings of one rule about one method. */
export interface FindingGroup {
  readonly rule: string;
  readonly title: string;
  readonly severity: Severity;
  readonly method: string;
  readonly situations: readonly string[];
  /** Cases that show it, and the first of them with what it shows. */
  readonly cases: number;
  readonly example: string;
  readonly detail: string;
  /** Why it is known; empty when it is not. */
  readonly known: string;
}

/** How much of a list was come across. */
export interface Share {
  readonly covered: number;
  readonly total: number;
  readonly missing: readonly string[];
}

export interface CaseSummary {
  readonly id: string;
  readonly method: string;
  readonly object: string;
  readonly verdict: Verdict;
  readonly records: number;
  readonly findings: readonly Finding[];
}

export interface AuditReport {
  readonly configuration: string;
  readonly defects: readonly string[];
  /** Options of the command that make the same kernel. */
  readonly options: readonly string[];
  readonly cases: number;
  readonly records: number;
  readonly verdicts: Readonly<Record<'clean' | 'known' | 'finding', number>>;
  readonly kinds: readonly SituationKind[];
  readonly matrix: readonly MatrixRow[];
  readonly findings: readonly FindingGroup[];
  /** Known findings that did not appear. */
  readonly vanished: readonly Known[];
  readonly coverage: {
    readonly methods: Share;
    /** Documented errors, as `METHOD/ERROR`. */
    readonly errors: Share & { readonly unreachable: Readonly<Record<string, string>> };
    readonly outcomes: Share;
    /**
     * Situations that make sense for each method, as `METHOD: SITUATION`: the kinds of the matrix, each kind of IPC
     * buffer, and each system call that can invoke.
     */
    readonly situations: Share;
    /** Rules that were asked about a record, of those that a trace of the model decides. */
    readonly rules: Share & { readonly unreachable: Readonly<Record<string, string>> };
    /** Rules that fired. */
    readonly fired: readonly string[];
  };
  readonly results: readonly CaseSummary[];
}

export interface Audited {
  readonly scheduling: Scheduling;
  readonly defects: readonly string[];
  readonly options: readonly string[];
  readonly results: readonly CaseResult[];
  readonly coverage: Coverage;
  readonly known: readonly Known[];
}

export function makeReport({ scheduling, defects, options, results, coverage, known }: Audited): AuditReport {
  const { methods } = interfacesOf(`riscv64-${scheduling}`);
  const summaries = results.map((result) => summaryOf(result, known));
  const count = (verdict: Verdict): number => summaries.filter((summary) => summary.verdict === verdict).length;
  return {
    configuration: `riscv64-${scheduling}`,
    defects,
    options,
    cases: results.length,
    records: results.reduce((sum, { records }) => sum + records, 0),
    verdicts: { clean: count('clean'), known: count('known'), finding: count('finding') },
    kinds: SITUATION_KINDS,
    matrix: [...methods.map((method) => rowOf(method, scheduling, results, known)), ...SCENARIO_FAMILIES.map((family) => scenarioRow(family, results, known))],
    findings: groups(results, known),
    vanished: known.filter((entry) => !results.some((result) => result.findings.some((finding) => isKnown(entry, finding, result.case)))),
    coverage: {
      methods: share(methods.map(({ id }) => id), coverage.methods),
      errors: {
        ...share(methods.flatMap(({ id, errors }) => errors.map(({ error }) => `${id}/${error}`)), coverage.errors),
        unreachable: unreachable(scheduling),
      },
      outcomes: share(OUTCOMES.filter((outcome) => scheduling === 'mcs' || outcome !== 'outOfBudget'), coverage.outcomes),
      situations: situationsOf(methods, scheduling, results),
      rules: {
        ...share([...RULES.values()].filter((info) => decidersOf(info).includes('model') && !(info.id in notAsked(scheduling))).map(({ id }) => id), coverage.rules),
        unreachable: notAsked(scheduling),
      },
      fired: [...new Set(results.flatMap(({ findings }) => findings.map(({ rule }) => rule)))].sort(),
    },
    results: summaries,
  };
}

/** The command that runs one case again on the same kernel. */
export function commandFor({ options }: AuditReport, id: string): string {
  return ['sel4scope audit', ...options, '--case', id].join(' ');
}

/** Whether the audit fails: findings that are not known, or known ones that are gone. */
export function fails({ verdicts, vanished }: AuditReport): boolean {
  return verdicts.finding > 0 || vanished.length > 0;
}

/** Covered part in percent. */
export function percent({ covered, total }: Share): number {
  return total === 0 ? 100 : Math.floor((1000 * covered) / total) / 10;
}

function share(all: readonly string[], seen: ReadonlySet<string>): Share {
  const missing = all.filter((name) => !seen.has(name));
  return { covered: all.length - missing.length, total: all.length, missing };
}

function situationsOf(methods: readonly Method[], scheduling: Scheduling, results: readonly CaseResult[]): Share {
  const tried = new Set(results.flatMap(({ case: { method, kind, buffer, syscall } }) => (
    [kind, BUFFER_SITUATIONS[buffer], syscallSituation(syscall)].map((situation) => `${method}: ${situation}`))));
  const all = methods.flatMap((method) => [
    ...SITUATION_KINDS.filter((kind) => whyNot(kind, method, scheduling) === NOT_TRIED || tried.has(`${method.id}: ${kind}`)),
    ...Object.values(BUFFER_SITUATIONS), ...INVOKING[scheduling].map(syscallSituation),
  ].map((situation) => `${method.id}: ${situation}`));
  return share(all, tried);
}

const BUFFER_SITUATIONS: Readonly<Record<BufferKind, string>> = { none: 'no buffer', ro: 'read-only buffer', rw: 'writable buffer' };

const syscallSituation = (name: string): string => `by ${name}`;

/** The shares of a report with what they are of, in the order in which people read them. */
export function sharesOf({ coverage }: AuditReport): readonly (readonly [what: string, share: Share])[] {
  return [
    ['methods', coverage.methods], ['documented errors', coverage.errors], ['outcomes', coverage.outcomes],
    ['situations', coverage.situations], ['rules asked', coverage.rules],
  ];
}

/** What cannot be covered, with the reason. */
export function unreachableIn({ coverage }: AuditReport): readonly (readonly [name: string, reason: string])[] {
  return [...Object.entries(coverage.errors.unreachable), ...Object.entries(coverage.rules.unreachable)];
}

function summaryOf(result: CaseResult, known: readonly Known[]): CaseSummary {
  const { id, method, object } = result.case;
  return { id, method, object, verdict: verdictOf([result], known), records: result.records, findings: result.findings };
}

function verdictOf(results: readonly CaseResult[], known: readonly Known[]): Verdict {
  if (results.length === 0) return 'not run';
  let verdict: Verdict = 'clean';
  for (const result of results) {
    for (const finding of result.findings) {
      if (!known.some((entry) => isKnown(entry, finding, result.case))) return 'finding';
      verdict = 'known';
    }
  }
  return verdict;
}

function rowOf(method: Method, scheduling: Scheduling, results: readonly CaseResult[], known: readonly Known[]): MatrixRow {
  return { method: method.id, object: method.interfaceName, cells: cellsOf(method.id, (kind) => whyNot(kind, method, scheduling), results, known) };
}

/** The exchange of messages, signals and faults: accepted, or it fails. */
function scenarioRow(family: string, results: readonly CaseResult[], known: readonly Known[]): MatrixRow {
  return { method: family, object: 'system calls', cells: cellsOf(family, () => 'no method of an object', results, known) };
}

function cellsOf(method: string, reason: (kind: SituationKind) => string, results: readonly CaseResult[], known: readonly Known[]): Cell[] {
  const own = results.filter((result) => result.case.method === method);
  return SITUATION_KINDS.map((kind): Cell => {
    const of = own.filter((result) => result.case.kind === kind);
    return {
      kind,
      verdict: verdictOf(of, known),
      cases: of.length,
      withFindings: of.filter(({ findings }) => findings.length > 0).length,
      reason: of.length === 0 ? reason(kind) : '',
      rules: [...new Set(of.flatMap(({ findings }) => findings.map(({ rule }) => rule)))].sort(),
    };
  });
}

function groups(results: readonly CaseResult[], known: readonly Known[]): FindingGroup[] {
  const found = new Map<string, { finding: Finding; example: string; cases: Set<string>; situations: Set<string>; reasons: Set<string> }>();
  for (const { case: each, findings } of results) {
    for (const finding of findings) {
      const reason = known.find((entry) => isKnown(entry, finding, each))?.reason ?? '';
      const key = `${finding.rule}/${finding.method}/${reason}`;
      let group = found.get(key);
      if (group === undefined) found.set(key, (group = { finding, example: each.id, cases: new Set(), situations: new Set(), reasons: new Set() }));
      group.cases.add(each.id);
      group.situations.add(each.situation);
      group.reasons.add(reason);
    }
  }
  return [...found.values()]
    .map(({ finding, example, cases, situations, reasons }) => ({
      rule: finding.rule, title: ruleTitle(finding.rule), severity: finding.severity, method: finding.method,
      situations: [...situations], cases: cases.size, example, detail: finding.detail, known: [...reasons].join(''),
    }))
    .sort((a, b) => (a.rule + a.method < b.rule + b.method ? -1 : 1));
}

/** What a rule of a finding means. */
export function ruleTitle(rule: string): string {
  return RULES.get(rule)?.title ?? OWN_RULES[rule as keyof typeof OWN_RULES] ?? rule;
}
