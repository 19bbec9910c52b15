// SPDX-License-Identifier: BSD-2-Clause
/** The report as Markdown, for issues and pull requests. */
import { commandFor, fails, percent, sharesOf, unreachableIn, type AuditReport, type Cell, type FindingGroup, type Share } from './report.ts';

export function markdownOf(report: AuditReport): string {
  const { configuration, defects, cases, records, verdicts } = report;
  return [
    `# Reply audit of ${configuration}: ${fails(report) ? 'findings' : 'clean'}`,
    `${cases} cases in kernels of their own, ${records} traps checked: ${verdicts.clean} clean, ${verdicts.known} with known findings, ${verdicts.finding} with findings.`,
    ...(defects.length === 0 ? [] : [`Defects switched on: ${defects.map(code).join(', ')}.`]),
    '## Findings',
    report.findings.length === 0 ? 'None.' : report.findings.map((group) => findingText(group, report)).join('\n\n'),
    ...(report.vanished.length === 0 ? [] : [
      '## Known findings that no longer appear',
      report.vanished.map(({ rule, method, situation, reason }) => `- ${rule} ${code(method)}${situation === undefined ? '' : ` (${situation})`}: ${reason}`).join('\n'),
    ]),
    '## Coverage',
    ['| | covered | of | missing |', '|---|---:|---:|---|', ...sharesOf(report).map(([what, share]) => shareRow(what, share))].join('\n'),
    ...unreachableIn(report).map(([name, reason]) => `${code(name)} cannot be covered: ${reason}.`),
    '## Matrix',
    [`| method | ${report.kinds.join(' | ')} |`, `|---|${report.kinds.map(() => '---').join('|')}|`,
      ...report.matrix.map(({ method, cells }) => `| ${code(method)} | ${cells.map(cellText).join(' | ')} |`)].join('\n'),
    '',
  ].join('\n\n');
}

function findingText(group: FindingGroup, report: AuditReport): string {
  return [
    `### ${group.rule} ${code(group.method)}`,
    `${group.title}. ${group.detail}`,
    ...(group.known === '' ? [] : [`Known: ${group.known}`]),
    `${group.cases} cases (${group.situations.join(', ')}), e.g. \`${commandFor(report, group.example)}\``,
  ].join('\n\n');
}

function cellText({ verdict, cases, withFindings, rules }: Cell): string {
  if (verdict === 'not run') return '–';
  return verdict === 'clean' ? String(cases) : `**${withFindings}/${cases}** ${rules.join(' ')}${verdict === 'known' ? ' (known)' : ''}`;
}

function shareRow(what: string, share: Share): string {
  return `| ${what} | ${share.covered} (${percent(share)} %) | ${share.total} | ${share.missing.map(code).join(', ')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
