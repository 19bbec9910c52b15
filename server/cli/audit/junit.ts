// SPDX-License-Identifier: BSD-2-Clause
/** The report as JUnit XML: a suite for each class of the object API, a test case for each case. */
import { junitXml, type TestCase } from '../ci-reports/junit-xml.ts';
import type { AuditReport, CaseSummary } from './report.ts';

export function junitOf(report: AuditReport): string {
  const suites = [...new Set(report.results.map(({ object }) => object))];
  const vanished = report.vanished.map(({ rule, method, reason }): TestCase => (
    { classname: 'expectations', name: `${rule} ${method}`, failure: { message: `known finding no longer appears: ${reason}` } }));
  return junitXml(`sel4scope audit ${report.configuration}`, [
    ...suites.map((name) => ({ name, cases: report.results.filter(({ object }) => object === name).map(testCase) })),
    ...(vanished.length === 0 ? [] : [{ name: 'expectations', cases: vanished }]),
  ]);
}

/** A known finding counts as skipped: it neither passes nor fails the build. */
function testCase({ id, method, verdict, findings }: CaseSummary): TestCase {
  const named = { classname: method, name: id };
  if (verdict === 'clean') return named;
  const message = [...new Set(findings.map(({ rule }) => rule))].join(' ');
  if (verdict === 'known') return { ...named, skipped: `known: ${message}` };
  return { ...named, failure: { message, text: findings.map(({ rule, method: about, detail, seq }) => `${rule} ${about} (record ${seq}): ${detail}`).join('\n') } };
}
