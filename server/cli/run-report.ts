// SPDX-License-Identifier: BSD-2-Clause
/** What a run came to: for people, for scripts, and as an exit code. */
import { interfacesOf } from '../../schema/idl/load.ts';
import type { BundledConfigurationName } from '../../schema/idl/model.ts';
import { RULES } from '../../schema/rules/catalogue.ts';
import type { AnomalyGroup, RunDetail, RunSummary, ServiceStatus } from '../../schema/api/index.ts';
import { EXIT } from './exit-codes.ts';
import { lastRecords } from './last-records.ts';
import { bold, dim, green, note, printLine, printTable, red, virtualTime, wrap } from './output.ts';
import type { ServiceAccess } from './service-access.ts';
import type { SessionReport } from './session.ts';

export interface RunReport {
  readonly run: string;
  readonly program: string;
  /** `model`, or `image` for a real kernel, and which. */
  readonly kernel: RunSummary['kernel'];
  readonly kernelVersion: string;
  readonly configuration: string;
  readonly defects: readonly string[];
  readonly end: SessionReport['end'];
  /** What the program threw; empty when it did not. */
  readonly error: string;
  readonly records: number;
  /** Virtual time of the run, ns. */
  readonly time: number;
  /** Methods of the object API that were invoked. */
  readonly methods: number;
  /** Kernel-object invocations. */
  readonly invocations: number;
  /** Replies that the kernel delivered. */
  readonly replies: number;
  /** Returns that the stubs checked, of Call, Send and NBSend. */
  readonly checkedByStubs: number;
  readonly anomalies: readonly AnomalyGroup[];
  /** Of a run that failed: its last records, for people. */
  readonly lastRecords: readonly string[];
  readonly dataFile: string;
}

/** Puts together what the service and the session know of a run. */
export async function reportOf(service: ServiceAccess, session: SessionReport): Promise<RunReport> {
  const { summary, replies, methods, anomalies } = await service.get<RunDetail>(`/api/runs/${session.run}`);
  const { dataFile } = await service.get<ServiceStatus>('/api/status');
  const { byId } = interfacesOf(summary.configuration as BundledConfigurationName);
  const invoked = methods.filter(({ method }) => byId.has(method));
  return {
    run: session.run, program: summary.program, kernel: summary.kernel, kernelVersion: summary.kernelVersion, configuration: summary.configuration, defects: summary.defects,
    end: session.end, error: describeError(session.error), records: summary.records, time: summary.time,
    methods: new Set(invoked.map(({ method }) => method)).size,
    invocations: invoked.reduce((sum, { records }) => sum + records, 0),
    replies, checkedByStubs: session.replies.checked, anomalies, dataFile: service.traceFile ?? dataFile,
    lastRecords: session.end === 'crashed' ? await lastRecords(service, session.run, summary.records) : [],
  };
}

function describeError(error: unknown): string {
  if (error === undefined) return '';
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error ? cause.stack ?? cause.message : String(cause);
}

/** Findings are errors and warnings; notes are not. */
function findings(report: RunReport): AnomalyGroup[] {
  return report.anomalies.filter(({ severity }) => severity !== 'info');
}

/** Which findings fail a run: `any`, or those that are `open`: nobody has acknowledged or expects them, or they came back. */
export type FailOn = 'any' | 'open';

export function exitCodeOf(report: RunReport, failOn: FailOn = 'any'): number {
  if (report.end === 'interrupted') return EXIT.interrupted;
  const failing = findings(report).filter(({ state }) => failOn === 'any' || state === 'open' || state === 'regressed');
  if (failing.length > 0) return EXIT.findings;
  if (report.end === 'crashed') return EXIT.crashed;
  return report.end === 'timeLimit' ? EXIT.timeout : EXIT.fine;
}

const END_TEXT: Readonly<Record<SessionReport['end'], string>> = {
  completed: 'completed',
  stalled: 'stalled: no thread can run any more',
  halted: 'halted by DebugHalt',
  timeLimit: 'stopped at its limit of virtual time',
  interrupted: 'interrupted',
  crashed: 'failed',
};

export function printReport(report: RunReport): void {
  const number = new Intl.NumberFormat('en');
  const defects = report.defects.length === 0 ? '' : `, with ${report.defects.join(', ')}`;
  printLine(bold(`${report.program} on ${report.kernel === 'model' ? 'the embedded kernel' : report.kernelVersion} (${report.configuration}${defects}): ${END_TEXT[report.end]}`));
  printLine(`  ${number.format(report.records)} traps in ${virtualTime(report.time)} of virtual time`);
  printLine(`  ${number.format(report.invocations)} invocations of ${report.methods} methods, ${number.format(report.replies)} replies from the kernel`);
  printLine(`  ${number.format(report.checkedByStubs)} returns checked by the stubs, ${number.format(report.records)} records checked by the rules`);
  printAnomalies(report);
  printLine(`  trace: run ${report.run} in ${report.dataFile}`);
  for (const [i, line] of report.lastRecords.entries()) note(`  ${i === 0 ? 'last records:' : '             '} ${line}`);
  if (report.error !== '') note(red(report.error));
}

/** Groups of the service are told apart by their situation too; for the summary rule and method are enough. */
function byRuleAndMethod(groups: readonly AnomalyGroup[]): (Pick<AnomalyGroup, 'rule' | 'method' | 'count' | 'firstSeq'> & { readonly states: string })[] {
  const merged = new Map<string, { rule: string; method: string; count: number; firstSeq: number; states: string }>();
  for (const { rule, method, count, firstSeq, state } of groups) {
    const key = `${rule} ${method}`;
    const earlier = merged.get(key);
    merged.set(key, { rule, method, count: count + (earlier?.count ?? 0), firstSeq: Math.min(firstSeq, earlier?.firstSeq ?? Infinity), states: [...new Set([...earlier?.states.split(', ') ?? [], state])].join(', ') });
  }
  return [...merged.values()];
}

function printAnomalies(report: RunReport): void {
  const found = findings(report);
  if (found.length === 0) printLine(`  anomalies: ${green('none')}`);
  else {
    printLine(`  anomalies: ${red(String(found.reduce((sum, { count }) => sum + count, 0)))}`);
    printTable(byRuleAndMethod(found), [
      { title: '    rule', text: (group) => `    ${group.rule}` },
      { title: 'method', text: (group) => group.method },
      { title: 'count', text: (group) => String(group.count), right: true },
      { title: 'first record', text: (group) => String(group.firstSeq), right: true },
      ...(found.some(({ state }) => state !== 'open') ? [{ title: 'state', text: (group: { states: string }) => group.states }] : []),
      { title: 'what', text: (group) => RULES.get(group.rule)?.title ?? '' },
    ]);
    for (const rule of new Set(found.map((group) => group.rule))) {
      const info = RULES.get(rule);
      if (info !== undefined) printLine(`${bold(`    ${rule} ${info.name}`)}\n${wrap(info.explanation, 92, '      ')}`);
    }
  }
  const notes = report.anomalies.filter(({ severity }) => severity === 'info');
  for (const { rule, method, count } of notes) printLine(dim(`  note: ${rule} ${RULES.get(rule)?.title ?? ''} (${method}, ${count} times)`));
}
