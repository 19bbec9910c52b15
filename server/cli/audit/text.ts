// SPDX-License-Identifier: BSD-2-Clause
/** The report on the terminal. */
import { bold, dim, green, printLine, red, wrap, yellow } from '../output.ts';
import { commandFor, fails, percent, sharesOf, unreachableIn, type AuditReport, type Cell, type Share } from './report.ts';

const MARK: Readonly<Record<Cell['verdict'], string>> = { clean: '●', known: '◐', finding: '✗', 'not run': '·' };

export function printAudit(report: AuditReport): void {
  printMatrix(report);
  printLine();
  for (const group of report.findings) {
    const paint = group.known === '' ? red : yellow;
    printLine(paint(`${group.rule} ${group.method}: ${group.title}`));
    printLine(wrap(group.detail, 92, '  '));
    printLine(dim(`  ${group.cases} cases: ${group.situations.join(', ')}`));
    printLine(`  ${commandFor(report, group.example)}`);
    if (group.known !== '') printLine(`  known: ${group.known}`);
  }
  for (const { rule, method, situation, reason } of report.vanished) {
    printLine(red(`${rule} ${method}${situation === undefined ? '' : ` (${situation})`}: expected, but it no longer appears: ${reason}`));
  }
  if (report.findings.length + report.vanished.length > 0) printLine();
  printCoverage(report);
  printLine();
  const { clean, known, finding } = report.verdicts;
  const summary = `${report.configuration}: ${report.cases} cases, ${clean} clean, ${known} with known findings, ${finding} with findings; ${report.records} traps checked`;
  printLine(bold(fails(report) ? red(summary) : green(summary)));
}

function printMatrix({ kinds, matrix }: AuditReport): void {
  const width = Math.max(...matrix.map(({ method }) => method.length));
  for (const [i, kind] of kinds.entries()) printLine(dim(`${' '.repeat(width)}  ${'│  '.repeat(i)}┌─ ${kind}`));
  for (const { method, cells } of matrix) {
    const marks = cells.map(({ verdict }) => (verdict === 'finding' ? red : verdict === 'clean' ? green : dim)(MARK[verdict]));
    const rules = [...new Set(cells.flatMap((cell) => cell.rules))];
    printLine(`${method.padEnd(width)}  ${marks.join('  ')}  ${red(rules.join(' '))}`.trimEnd());
  }
  printLine(dim(`${MARK.clean} clean  ${MARK.finding} finding  ${MARK.known} known finding  ${MARK['not run']} no such situation`));
}

function printCoverage(report: AuditReport): void {
  for (const [what, share] of sharesOf(report)) printShare(what, share);
  for (const [name, reason] of unreachableIn(report)) printLine(dim(`  ${name} cannot be covered: ${reason}`));
}

function printShare(what: string, share: Share): void {
  const { covered, total, missing } = share;
  printLine(`${what}: ${covered} of ${total} (${percent(share)} %)`);
  if (missing.length > 0) printLine(wrap(`missing: ${missing.join(', ')}`, 92, '  '));
}
