// SPDX-License-Identifier: BSD-2-Clause
/** The report as one HTML page that needs nothing else: no script, no font, no network. */
import { commandFor, fails, percent, sharesOf, unreachableIn, type AuditReport, type Cell, type FindingGroup, type MatrixRow, type Share } from './report.ts';
import { escapeXml as e } from '../ci-reports/xml.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1c2330, #dfe5ee); --dim: light-dark(#667085, #8e99ab); --page: light-dark(#fbfbf9, #14181f);
  --card: light-dark(#fff, #1b212b); --line: light-dark(#e3e6ea, #2c3440); --good: light-dark(#1c7a4d, #5ccb95); --goodbg: light-dark(#e6f4ec, #16301f);
  --bad: light-dark(#b3261e, #ff8a80); --badbg: light-dark(#fde8e6, #3d1a18); --warn: light-dark(#8a5a00, #f0bd55); --warnbg: light-dark(#fdf1d8, #382a0d); }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 80rem; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; } h3 { font-size: 1rem; margin: 0; }
p { margin: .25rem 0; } code { font: .87em ui-monospace, monospace; } .dim { color: var(--dim); }
.bad { color: var(--bad); } .good { color: var(--good); }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.25rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem; min-width: 9.5rem; }
.tile b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.finding { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--bad); border-radius: 8px; padding: .75rem 1rem; margin-bottom: .75rem; }
.finding.known { border-left-color: var(--warn); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: center; white-space: nowrap; }
th { font-weight: 600; font-size: .8rem; color: var(--dim); } th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--card); }
tr.object td { color: var(--dim); font-size: .8rem; padding-top: .9rem; }
td.clean { color: var(--good); background: var(--goodbg); } td.finding-cell { color: var(--bad); background: var(--badbg); font-weight: 600; }
td.known { color: var(--warn); background: var(--warnbg); } td.none { color: var(--dim); }
`;

export function htmlOf(report: AuditReport): string {
  const { configuration, defects, cases, records } = report;
  const failed = fails(report);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Reply audit of ${e(configuration)}</title><style>${STYLE}</style></head><body>
<h1>Reply audit of ${e(configuration)}: <span class="${failed ? 'bad' : 'good'}">${failed ? 'findings' : 'clean'}</span></h1>
<p class="dim">${cases} cases, each in a kernel of its own; ${records} traps checked.${defects.length === 0 ? '' : ` Defects switched on: ${defects.map((name) => `<code>${e(name)}</code>`).join(', ')}.`}</p>
<div class="tiles">${tiles(report)}</div>
<h2>Findings</h2>${report.findings.length === 0 ? '<p>None.</p>' : report.findings.map((group) => finding(group, report)).join('\n')}
${report.vanished.map(({ rule, method, reason }) => `<div class="finding"><h3>${e(rule)} <code>${e(method)}</code> no longer appears</h3><p>Expected: ${e(reason)}</p></div>`).join('')}
<h2>Methods and situations</h2><p class="dim">Number of cases: each situation by every system call that can invoke, and with every kind of IPC buffer where it matters.</p>
<div class="scroll"><table><thead><tr><th>method</th>${report.kinds.map((kind) => `<th>${e(kind)}</th>`).join('')}</tr></thead><tbody>${matrix(report)}</tbody></table></div>
<h2>Not come across</h2>${sharesOf(report).map(([what, share]) => missing(what, share)).join('')}
${unreachableIn(report).map(([name, reason]) => `<p class="dim"><code>${e(name)}</code> cannot be covered: ${e(reason)}</p>`).join('')}
</body></html>
`;
}

function tiles({ verdicts, coverage }: AuditReport): string {
  const tile = (value: string, what: string): string => `<div class="tile"><b>${value}</b>${what}</div>`;
  const ratio = (share: Share): string => `${share.covered} / ${share.total}`;
  return [
    tile(String(verdicts.clean), 'clean cases'),
    tile(String(verdicts.finding), 'cases with findings'),
    ...(verdicts.known === 0 ? [] : [tile(String(verdicts.known), 'with known findings')]),
    tile(ratio(coverage.methods), 'methods'),
    tile(`${percent(coverage.errors)} %`, `of ${coverage.errors.total} documented errors`),
    tile(ratio(coverage.outcomes), 'outcomes'),
    tile(ratio(coverage.situations), 'situations'),
    tile(ratio(coverage.rules), 'rules asked'),
  ].join('');
}

function finding(group: FindingGroup, report: AuditReport): string {
  return `<div class="finding${group.known === '' ? '' : ' known'}"><h3>${e(group.rule)} <code>${e(group.method)}</code> ${e(group.title)}</h3>
<p>${e(group.detail)}</p>${group.known === '' ? '' : `<p>Known: ${e(group.known)}</p>`}
<p class="dim">${group.cases} cases: ${e(group.situations.join(', '))}</p><p><code>${e(commandFor(report, group.example))}</code></p></div>`;
}

function matrix({ matrix: rows, kinds }: AuditReport): string {
  let object = '';
  return rows.map((row) => {
    const head = row.object === object ? '' : `<tr class="object"><td>${e(row.object)}</td><td colspan="${kinds.length}"></td></tr>`;
    object = row.object;
    return head + rowText(row);
  }).join('\n');
}

function rowText({ method, cells }: MatrixRow): string {
  return `<tr><td><code>${e(method)}</code></td>${cells.map(cellText).join('')}</tr>`;
}

function cellText({ verdict, cases, withFindings, rules, reason }: Cell): string {
  switch (verdict) {
    case 'clean': return `<td class="clean">${cases}</td>`;
    case 'known': return `<td class="known" title="known: ${e(rules.join(' '))}">${withFindings} / ${cases}</td>`;
    case 'finding': return `<td class="finding-cell" title="${e(rules.join(' '))}">${withFindings} / ${cases}</td>`;
    case 'not run': return `<td class="none" title="${e(reason)}">–</td>`;
  }
}

function missing(what: string, { covered, total, missing: names }: Share): string {
  if (names.length === 0) return '';
  return `<p>${what} (${covered} of ${total}): ${names.map((name) => `<code>${e(name)}</code>`).join(', ')}</p>`;
}
