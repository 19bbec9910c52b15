// SPDX-License-Identifier: BSD-2-Clause
/** The report as SARIF: a result for each rule and method, with the case that reproduces it. */
import { sarifLog } from '../ci-reports/sarif-log.ts';
import { commandFor, type AuditReport } from './report.ts';

export function sarifOf(report: AuditReport): unknown {
  return sarifLog({
    id: `audit/${report.configuration}`,
    results: report.findings.map(({ rule, title, severity, method, detail, cases, example, known }) => ({
      rule, title, severity, method, place: example, known,
      message: `${method}: ${detail} (${cases} cases; ${commandFor(report, example)})`,
      fingerprint: ['ruleAndMethod/v1', `${rule}/${method}`],
    })),
    notifications: report.vanished.map(({ rule, method, reason }) => `${rule} ${method}: expected, but it no longer appears: ${reason}`),
  });
}
