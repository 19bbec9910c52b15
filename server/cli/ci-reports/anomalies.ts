// SPDX-License-Identifier: BSD-2-Clause
/** What the rules found in recorded runs, for CI. */
import type { AnomalyGroup, AnomalyPage, RunDetail, RunSummary } from '../../../schema/api/index.ts';
import { RULES } from '../../../schema/rules/catalogue.ts';
import type { ServiceAccess } from '../service-access.ts';
import { junitXml, type TestCase } from './junit-xml.ts';
import { sarifLog } from './sarif-log.ts';

/** Which anomalies are reported. */
export interface AnomalyFilter {
  readonly rule?: string | undefined;
  readonly method?: string | undefined;
  readonly severity?: string | undefined;
}

/** The anomalies of one fingerprint in a run, with one of them to show. */
export interface ReportedGroup extends AnomalyGroup {
  readonly detail: string;
  /** Why nobody has to look at it: it is acknowledged or expected; empty when it is not. */
  readonly known: string;
}

export interface ReportedRun {
  readonly summary: RunSummary;
  /** Everything that the run did: methods, system calls, causes. */
  readonly methods: readonly string[];
  readonly groups: readonly ReportedGroup[];
}

/** Asks a service for what a report says of one run. */
export async function reportedRun(service: ServiceAccess, run: string, filter: AnomalyFilter): Promise<ReportedRun> {
  const { summary, methods, anomalies } = await service.get<RunDetail>(`/api/runs/${run}`);
  const wanted = anomalies.filter(({ rule, method, severity }) => (
    (filter.rule ?? rule) === rule && (filter.method ?? method) === method && (filter.severity ?? severity) === severity));
  const groups: ReportedGroup[] = [];
  for (const group of wanted) {
    const { anomalies: [example] } = await service.get<AnomalyPage>('/api/anomalies', { run: summary.run, fingerprint: group.fingerprint, limit: 1 });
    groups.push({ ...group, detail: example?.detail ?? '', known: whyKnown(group) });
  }
  const names = [...new Set([...methods.map(({ method }) => method), ...wanted.map(({ method }) => method)])];
  return { summary, methods: names.filter((name) => (filter.method ?? name) === name).sort(), groups };
}

function whyKnown({ state, reason }: AnomalyGroup): string {
  return state === 'acknowledged' || state === 'expected' ? `${state}: ${reason}` : '';
}

/** A suite for each run, a test case for each method that it used. */
export function anomaliesAsJunit(runs: readonly ReportedRun[]): string {
  return junitXml('sel4scope anomalies', runs.map(({ summary, methods, groups }) => ({
    name: `${summary.program} (${summary.run})`,
    cases: methods.map((method) => testCase(summary, method, groups.filter((group) => group.method === method))),
  })));
}

/** What is known counts as skipped: it neither passes nor fails the build. */
function testCase({ program }: RunSummary, method: string, groups: readonly ReportedGroup[]): TestCase {
  const named = { classname: program, name: method };
  const failing = groups.filter(({ known }) => known === '');
  if (groups.length === 0) return named;
  if (failing.length === 0) return { ...named, skipped: groups.map(({ rule, known }) => `${rule} ${known}`).join('; ') };
  return {
    ...named,
    failure: {
      message: [...new Set(failing.map(({ rule }) => rule))].join(' '),
      text: failing.map(({ rule, detail, count, firstSeq }) => `${rule} (${times(count)}, first in record ${firstSeq}): ${detail}`).join('\n'),
    },
  };
}

/** A result for each fingerprint of each run. */
export function anomaliesAsSarif(runs: readonly ReportedRun[]): unknown {
  return sarifLog({
    id: 'anomalies',
    results: runs.flatMap(({ summary, groups }) => groups.map(({ rule, severity, method, detail, count, firstSeq, fingerprint, known }) => ({
      rule, severity, method, known,
      title: RULES.get(rule)?.title ?? rule,
      place: `${summary.program}/${summary.run}/${firstSeq}`,
      message: `${method}: ${detail} (${times(count)} in run ${summary.run}; sel4scope records ${firstSeq} --run ${summary.run})`,
      fingerprint: ['fingerprint/v1', fingerprint] as const,
    }))),
    notifications: [],
  });
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
