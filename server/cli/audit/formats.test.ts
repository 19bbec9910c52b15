// SPDX-License-Identifier: BSD-2-Clause
import { parseXml, XmlElement } from '@rgrove/parse-xml';
import { beforeAll, describe, expect, it } from 'vitest';
import { auditCases } from './case-run.ts';
import { htmlOf } from './html.ts';
import { junitOf } from './junit.ts';
import { markdownOf } from './markdown.ts';
import { makeReport, type AuditReport } from './report.ts';
import { runAudit } from './run-audit.ts';
import { sarifOf } from './sarif.ts';

let report: AuditReport;

beforeAll(async () => {
  const defects = ['sc-consumed'] as const;
  const cases = auditCases('mcs').filter(({ method, buffer }) => buffer === 'rw' && method.startsWith('SchedContext'));
  const known = [
    { rule: 'N01', method: 'SchedContextConsumed', reason: 'known since <2014> & "before"' },
    { rule: 'K99', method: 'TCBSuspend', reason: 'gone' },
  ];
  report = makeReport({ scheduling: 'mcs', defects, options: ['--defect sc-consumed'], known, ...await runAudit(cases, { scheduling: 'mcs', defects, checkInvariants: false }) });
});

function elements(root: XmlElement, name: string): XmlElement[] {
  return root.children.flatMap((child) => (child instanceof XmlElement ? [...(child.name === name ? [child] : []), ...elements(child, name)] : []));
}

describe('the report', () => {
  it('is JSON without loss', () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(report.findings.map(({ rule, known }) => [rule, known !== ''])).toEqual([['K05', false], ['K09', false], ['N01', true]]);
  });

  it('as JUnit counts what it lists', () => {
    const root = parseXml(junitOf(report)).root!;
    const cases = elements(root, 'testcase');
    expect(root.attributes['tests']).toBe(String(cases.length));
    expect(cases).toHaveLength(report.cases + 1);
    expect(root.attributes['failures']).toBe(String(elements(root, 'failure').length));
    expect(elements(root, 'failure')).toHaveLength(report.verdicts.finding + 1);
    for (const suite of elements(root, 'testsuite')) {
      expect(suite.attributes['tests']).toBe(String(elements(suite, 'testcase').length));
      expect(suite.attributes['failures']).toBe(String(elements(suite, 'failure').length));
      expect(suite.attributes['skipped']).toBe(String(elements(suite, 'skipped').length));
    }
  });

  it('as SARIF has what the standard asks for', () => {
    const sarif = JSON.parse(JSON.stringify(sarifOf(report))) as { version: string; $schema: string; runs: { tool: { driver: { name: string; rules: { id: string }[] } }; results: Result[]; invocations: { executionSuccessful: boolean; toolExecutionNotifications: unknown[] }[] }[] };
    interface Result { ruleId: string; ruleIndex: number; level: string; message: { text: string }; locations: { logicalLocations: { fullyQualifiedName: string }[] }[]; suppressions?: { kind: string; justification: string }[] }
    expect(sarif).toMatchObject({ version: '2.1.0', $schema: expect.stringMatching(/sarif-2\.1\.0/) });
    const [run] = sarif.runs;
    const { driver } = run!.tool;
    expect(driver.name).toBe('sel4scope');
    expect(run!.results).toHaveLength(report.findings.length);
    for (const { ruleId, ruleIndex, level, message, locations } of run!.results) {
      expect(driver.rules[ruleIndex]!.id).toBe(ruleId);
      expect(['error', 'warning', 'note']).toContain(level);
      expect(message.text).toContain('sel4scope audit --defect sc-consumed --case');
      expect(report.results.map(({ id }) => id)).toContain(locations[0]!.logicalLocations[0]!.fullyQualifiedName);
    }
    expect(run!.results.filter(({ suppressions }) => suppressions !== undefined).map(({ ruleId }) => ruleId)).toEqual(['N01']);
    expect(run!.invocations[0]!.toolExecutionNotifications).toHaveLength(1);
  });

  it('as Markdown has a row of the matrix for each method and every finding', () => {
    const text = markdownOf(report);
    const columns = report.kinds.length + 1;
    const rows = text.slice(text.indexOf('## Matrix')).split('\n').filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(report.matrix.length + 2);
    for (const row of rows) expect(row.split('|')).toHaveLength(columns + 2);
    for (const { rule, example } of report.findings) {
      expect(text).toContain(`### ${rule} \`SchedContextConsumed\``);
      expect(text).toContain(`--case ${example}`);
    }
  });

  it('as HTML is one page with balanced elements, escaped text and no outside reference', () => {
    const page = htmlOf(report);
    expect(page.startsWith('<!doctype html>')).toBe(true);
    expect(page).toContain('known since &lt;2014&gt; &amp; &quot;before&quot;');
    expect(page).not.toMatch(/<script|<link|src=|href=|url\(/);
    const body = page.slice(page.indexOf('<body>')).replace('</html>', '').trim();
    const root = parseXml(body).root!;
    expect(elements(root, 'table')).toHaveLength(1);
    expect(elements(root, 'tr').filter((row) => row.attributes['class'] === undefined)).toHaveLength(report.matrix.length + 1);
  });
});
