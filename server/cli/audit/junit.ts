// SPDX-License-Identifier: BSD-2-Clause
/** The report as JUnit XML: a suite for each class of the object API, a test case for each case. */
import type { AuditReport, CaseSummary } from './report.ts';
import { escapeXml } from './xml.ts';

export function junitOf(report: AuditReport): string {
  const suites = [...new Set(report.results.map(({ object }) => object))];
  const vanished = report.vanished.map(({ rule, method, reason }) => (
    `    <testcase classname="expectations" name="${escapeXml(`${rule} ${method}`)}"><failure message="${escapeXml(`known finding no longer appears: ${reason}`)}"/></testcase>`));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escapeXml(`sel4scope audit ${report.configuration}`)}" tests="${report.cases + vanished.length}" failures="${report.verdicts.finding + vanished.length}">`,
    ...suites.map((object) => suite(object, report.results.filter((result) => result.object === object))),
    ...(vanished.length === 0 ? [] : [`  <testsuite name="expectations" tests="${vanished.length}" failures="${vanished.length}" skipped="0">`, ...vanished, '  </testsuite>']),
    '</testsuites>', '',
  ].join('\n');
}

function suite(object: string, results: readonly CaseSummary[]): string {
  const count = (verdict: CaseSummary['verdict']): number => results.filter((result) => result.verdict === verdict).length;
  return [
    `  <testsuite name="${escapeXml(object)}" tests="${results.length}" failures="${count('finding')}" skipped="${count('known')}">`,
    ...results.map(testCase),
    '  </testsuite>',
  ].join('\n');
}

/** A known finding counts as skipped: it neither passes nor fails the build. */
function testCase({ id, method, verdict, findings }: CaseSummary): string {
  const start = `    <testcase classname="${escapeXml(method)}" name="${escapeXml(id)}"`;
  if (verdict === 'clean') return `${start}/>`;
  const text = findings.map(({ rule, method: about, detail, seq }) => `${rule} ${about} (record ${seq}): ${detail}`).join('\n');
  const what = escapeXml([...new Set(findings.map(({ rule }) => rule))].join(' '));
  if (verdict === 'known') return `${start}><skipped message="known: ${what}"/></testcase>`;
  return `${start}><failure message="${what}">${escapeXml(text)}</failure></testcase>`;
}
