// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { AnomalyGroup } from '../../../schema/api/index.ts';
import { count, plural } from '../format.ts';
import { useSelect, useSession } from '../session-context.ts';
import { byRule, shownGroups, situation, type RuleGroups } from '../state/anomaly-groups.ts';
import { AnomalyGroupView } from './anomaly-group.tsx';
import { Message } from './empty-state.tsx';
import { StateFilterChoice, StateMark } from './finding-state.tsx';
import { SeverityMark } from './marks.tsx';

/** Anomalies of the run by rule and method; the open group with the rule's text and its records. */
export function AnomaliesView(): JSX.Element {
  const rollup = useSelect((state) => state.rollup);
  const open = useSelect((state) => state.view.group);
  const states = useSelect((state) => state.view.states);
  if (rollup === null) return <Message title="Reading the anomalies…" />;
  if (rollup.anomalies.length === 0 && open === null) {
    return <Message title="No anomalies"><p>No rule found anything in {plural(rollup.summary.records, 'record')} and {plural(rollup.replies, 'kernel reply', 'kernel replies')}.</p></Message>;
  }
  const groups = shownGroups(rollup.anomalies, states);
  return (
    <section class="anomalies" aria-label="Anomalies">
      <div class="groups">
        <div class="groups-filter"><StateFilterChoice />{groups.length < rollup.anomalies.length && <span class="dim">{count(rollup.anomalies.length - groups.length)} hidden</span>}</div>
        {byRule(groups).map((rule) => <RuleSection key={rule.rule} rule={rule} open={open} />)}
      </div>
      {open === null
        ? <p class="group-hint dim">Choose a group for the rule's explanation and the records in which it was found.</p>
        : <AnomalyGroupView key={open} fingerprint={open} />}
    </section>
  );
}

function RuleSection({ rule, open }: { rule: RuleGroups; open: string | null }): JSX.Element {
  const title = useSelect((state) => state.rules.get(rule.rule)?.title);
  return (
    <section aria-label={`${rule.rule} ${title ?? ''}`}>
      <h3><SeverityMark severity={rule.severity} /><span class="rule-id">{rule.rule}</span>{title}<span class="count">{count(rule.count)}</span></h3>
      <ul>
        {rule.groups.map((group) => <li key={group.fingerprint}><GroupButton group={group} open={group.fingerprint === open} /></li>)}
      </ul>
    </section>
  );
}

function GroupButton({ group, open }: { group: AnomalyGroup; open: boolean }): JSX.Element {
  const session = useSession();
  const range = group.firstSeq === group.lastSeq ? `#${count(group.firstSeq)}` : `#${count(group.firstSeq)} to #${count(group.lastSeq)}`;
  return (
    <button type="button" class="group" aria-current={open} onClick={() => session.openGroup(group.fingerprint)}>
      <span class="group-method">{group.method}</span>
      <span class="group-figures"><StateMark state={group.state} /> <span class="count">{count(group.count)}</span></span>
      <span class="dim">{[situation(group), range].filter((text) => text !== '').join(' · ')}{group.kept < group.count && ` · ${count(group.kept)} kept`}</span>
      {group.reason !== '' && <span class="group-reason">{group.reason}</span>}
    </button>
  );
}
