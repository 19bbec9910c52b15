// SPDX-License-Identifier: BSD-2-Clause
import { Command } from 'commander';
import type { AnomalyPage, AnomalyRow, FindingState, RunList } from '../../../schema/api/index.ts';
import { anomaliesAsJunit, anomaliesAsSarif, reportedRun, type ReportedRun } from '../ci-reports/anomalies.ts';
import { jsonText, writeReport } from '../ci-reports/report-file.ts';
import { EXIT } from '../exit-codes.ts';
import { dim, note, printJson, printLine, printTable } from '../output.ts';
import { accessService, withServiceOptions, type ServiceAccess, type ServiceOptions } from '../service-access.ts';
import { fetchFindings } from './findings.ts';
import { parseNatural } from './options.ts';

interface AnomaliesOptions extends ServiceOptions {
  readonly run: string;
  readonly allRuns?: boolean;
  readonly rule?: string;
  readonly method?: string;
  readonly severity?: string;
  readonly limit: number;
  readonly json?: boolean;
  readonly junit?: string;
  readonly sarif?: string;
}

/** `sel4scope anomalies`: what the rules found. Exit code 1 when there is something. */
export function anomaliesCommand(): Command {
  return withServiceOptions(new Command('anomalies'))
    .description('list what the rules found; exit code 1 when there is something')
    .option('--run <id>', 'run id', 'latest')
    .option('--all-runs', 'of all runs')
    .option('--rule <rule>', 'of one rule, e.g. K05')
    .option('--method <method>', 'of one method, e.g. SchedContextConsumed')
    .option('--severity <severity>', 'error, warning or info')
    .option('--limit <rows>', 'most rows, 0 for all', parseNatural, 100)
    .option('--json', 'print JSON')
    .option('--junit <file>', 'write JUnit XML: a test case for each method that a run used; what is acknowledged or expected is skipped')
    .option('--sarif <file>', 'write SARIF 2.1.0: a result for each fingerprint')
    .action(async (options: AnomaliesOptions) => {
      const service = await accessService(options);
      try {
        const { anomalies, more } = await fetchAnomalies(service, options);
        if (options.junit !== undefined || options.sarif !== undefined) await writeReports(service, options);
        if (anomalies.length > 0) process.exitCode = EXIT.findings;
        const states = await statesOf(service, options);
        if (options.json === true) return printJson({ anomalies: anomalies.map((row) => ({ ...row, state: states.get(row.fingerprint) ?? 'open' })), more });
        if (anomalies.length === 0) return printLine('no anomaly');
        printTable(anomalies, [
          { title: 'rule', text: (row) => row.rule },
          { title: 'severity', text: (row) => row.severity },
          { title: 'seq', text: (row) => String(row.seq), right: true },
          { title: 'thread', text: (row) => row.threadName || `thread ${row.thread}` },
          { title: 'method', text: (row) => row.method },
          { title: 'state', text: (row) => states.get(row.fingerprint) ?? 'open' },
          { title: 'detail', text: (row) => row.detail },
        ]);
        if (more) note(dim(`more were found: raise --limit (${options.limit})`));
        note(dim('`sel4scope explain RULE` says what a rule means, `sel4scope records SEQ` shows a record in full'));
      } finally {
        await service.close();
      }
    });
}

/** States of the findings to which the anomalies can belong, by fingerprint; open ones are left out. */
async function statesOf(service: ServiceAccess, { run, allRuns, rule, method, severity }: AnomaliesOptions): Promise<ReadonlyMap<string, FindingState>> {
  const filter = { ...(allRuns === true ? {} : { run }), ...(rule === undefined ? {} : { rule }), ...(method === undefined ? {} : { method }), ...(severity === undefined ? {} : { severity }) };
  const { findings } = await fetchFindings(service, { ...filter, state: 'acknowledged,expected,fixed,regressed', limit: 0 });
  return new Map(findings.map(({ fingerprint, state }) => [fingerprint, state]));
}

async function writeReports(service: ServiceAccess, { junit, sarif, ...options }: AnomaliesOptions): Promise<void> {
  const filter = { rule: options.rule?.toUpperCase(), method: options.method, severity: options.severity };
  const runs: ReportedRun[] = [];
  for (const run of options.allRuns === true ? await allRuns(service) : [options.run]) runs.push(await reportedRun(service, run, filter));
  if (junit !== undefined) writeReport(junit, anomaliesAsJunit(runs));
  if (sarif !== undefined) writeReport(sarif, jsonText(anomaliesAsSarif(runs)));
}

async function allRuns(service: ServiceAccess): Promise<string[]> {
  const runs: string[] = [];
  for (let after: string | undefined | null; after !== null;) {
    const page: RunList = await service.get<RunList>('/api/runs', { after, limit: 1000 });
    runs.push(...page.runs.map(({ run }) => run));
    after = page.next;
  }
  return runs;
}

async function fetchAnomalies(service: ServiceAccess, options: AnomaliesOptions): Promise<{ anomalies: AnomalyRow[]; more: boolean }> {
  const limit = options.limit === 0 ? Infinity : options.limit;
  const anomalies: AnomalyRow[] = [];
  let after: number | null | undefined;
  while (after !== null && anomalies.length < limit) {
    const page: AnomalyPage = await service.get<AnomalyPage>('/api/anomalies', {
      run: options.allRuns === true ? undefined : options.run, rule: options.rule?.toUpperCase(), method: options.method, severity: options.severity,
      after, limit: Math.min(limit - anomalies.length, 1000),
    });
    anomalies.push(...page.anomalies);
    after = page.next;
  }
  return { anomalies, more: after !== null };
}
