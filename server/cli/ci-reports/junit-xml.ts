// SPDX-License-Identifier: BSD-2-Clause
/** JUnit XML, as the CI systems read it. */
import { escapeXml } from './xml.ts';

export interface TestCase {
  readonly classname: string;
  readonly name: string;
  /** It neither passes nor fails, and why. */
  readonly skipped?: string;
  /** It fails: a line, and more where there is more to say. */
  readonly failure?: { readonly message: string; readonly text?: string };
}

export interface TestSuite {
  readonly name: string;
  readonly cases: readonly TestCase[];
}

/** The whole file. */
export function junitXml(name: string, suites: readonly TestSuite[]): string {
  const cases = suites.flatMap((suite) => suite.cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${escapeXml(name)}" tests="${cases.length}" failures="${failures(cases)}">`,
    ...suites.map(suiteXml),
    '</testsuites>', '',
  ].join('\n');
}

function suiteXml({ name, cases }: TestSuite): string {
  const skipped = cases.filter((each) => each.skipped !== undefined).length;
  return [
    `  <testsuite name="${escapeXml(name)}" tests="${cases.length}" failures="${failures(cases)}" skipped="${skipped}">`,
    ...cases.map(caseXml),
    '  </testsuite>',
  ].join('\n');
}

function caseXml({ classname, name, skipped, failure }: TestCase): string {
  const start = `    <testcase classname="${escapeXml(classname)}" name="${escapeXml(name)}"`;
  if (skipped !== undefined) return `${start}><skipped message="${escapeXml(skipped)}"/></testcase>`;
  if (failure === undefined) return `${start}/>`;
  const message = `<failure message="${escapeXml(failure.message)}"`;
  return `${start}>${message}${failure.text === undefined ? '/>' : `>${escapeXml(failure.text)}</failure>`}</testcase>`;
}

function failures(cases: readonly TestCase[]): number {
  return cases.filter(({ failure }) => failure !== undefined).length;
}
