// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { Finding } from '../../../schema/api/index.ts';
import { count, plural } from '../format.ts';
import { useSelect, useSession } from '../session-context.ts';
import { situation } from '../state/anomaly-groups.ts';
import { Message } from './empty-state.tsx';
import { FindingDetailView } from './finding-detail.tsx';
import { StateFilterChoice, StateMark } from './finding-state.tsx';
import { Jobs } from './jobs.tsx';
import { SeverityMark } from './marks.tsx';

/** The findings of all runs, by rule, and the open one in full. */
export function FindingsView(): JSX.Element {
  const session = useSession();
  const findings = useSelect((state) => state.findings);
  const open = useSelect((state) => state.view.finding);
  return (
    <main class="findings-page">
      <header class="findings-head">
        <h1>Findings of all runs</h1>
        {findings !== null && <span class="dim">{plural(findings.rows.length, 'finding')}{findings.next !== null && ', more to come'}</span>}
        <span class="spread" />
        <StateFilterChoice />
        <button type="button" onClick={() => session.backToRun()}>Back to the run</button>
      </header>
      <Jobs />
      <section class="anomalies" aria-label="Findings">
        <div class="groups">
          {findings === null && <p class="group-hint dim">Reading the findings…</p>}
          {findings?.problem !== undefined && findings.problem !== '' && <p class="group-hint bad">{findings.problem}</p>}
          {findings?.rows.length === 0 && findings.problem === '' && <p class="group-hint dim">No finding in this state.</p>}
          {byRule(findings?.rows ?? []).map(([rule, rows]) => <RuleSection key={rule} rows={rows} open={open} />)}
          {findings?.next != null && <button type="button" class="quiet" onClick={() => session.moreFindings()}>More</button>}
        </div>
        {open === null
          ? <Message title="Anomalies of one rule, method and situation"><p>Choose one for the releases that show it and those that do not, what was decided about it, and a record to look at.</p></Message>
          : <FindingDetailView key={open} fingerprint={open} />}
      </section>
    </main>
  );
}

/** They come in the order of their fingerprints, and so by rule. */
function byRule(findings: readonly Finding[]): [string, Finding[]][] {
  const rules = new Map<string, Finding[]>();
  for (const finding of findings) {
    const others = rules.get(finding.rule);
    if (others === undefined) rules.set(finding.rule, [finding]);
    else others.push(finding);
  }
  return [...rules];
}

function RuleSection({ rows, open }: { rows: readonly Finding[]; open: string | null }): JSX.Element {
  const { rule, title, severity } = rows[0]!;
  return (
    <section aria-label={`${rule} ${title}`}>
      <h3><SeverityMark severity={severity} /><span class="rule-id">{rule}</span>{title}</h3>
      <ul>{rows.map((finding) => <li key={finding.fingerprint}><FindingButton finding={finding} open={finding.fingerprint === open} /></li>)}</ul>
    </section>
  );
}

function FindingButton({ finding, open }: { finding: Finding; open: boolean }): JSX.Element {
  const session = useSession();
  const releases = finding.releases.map(({ name }) => (name === '' ? 'unknown release' : name)).join(' ');
  return (
    <button type="button" class="group" aria-current={open} onClick={() => session.openFindings(finding.fingerprint)}>
      <span class="group-method">{finding.method}</span>
      <StateMark state={finding.state} />
      <span class="dim">{[situation(finding), `${count(finding.count)} in ${plural(finding.runs, 'run')}`, releases].filter((text) => text !== '').join(' · ')}</span>
      {finding.reason !== '' && <span class="group-reason">{finding.reason}</span>}
    </button>
  );
}
