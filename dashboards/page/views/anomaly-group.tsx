// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { AnomalyRow } from '../../../schema/api/index.ts';
import { count, plural, threadName, virtualTime } from '../format.ts';
import { useSelect, useSession } from '../session-context.ts';
import { situation } from '../state/anomaly-groups.ts';
import { DecisionForm, StateMark } from './finding-state.tsx';
import { ThreadLink } from './links.tsx';
import { SeverityMark } from './marks.tsx';
import { References } from './references.tsx';

/** One group: what its rule means, and where it was found. */
export function AnomalyGroupView({ fingerprint }: { fingerprint: string }): JSX.Element {
  const session = useSession();
  const group = useSelect((state) => state.rollup?.anomalies.find((each) => each.fingerprint === fingerprint));
  const rules = useSelect((state) => state.rules);
  const occurrences = useSelect((state) => state.occurrences);
  const rows = occurrences?.fingerprint === fingerprint ? occurrences.rows : [];
  const ruleId = group?.rule ?? rows[0]?.rule;
  const rule = ruleId === undefined ? undefined : rules.get(ruleId);
  return (
    <article class="group-view" aria-label="Group of anomalies">
      {rule !== undefined && <>
        <header>
          <h3><SeverityMark severity={rule.severity} /><span class="rule-id">{rule.id}</span>{rule.title}</h3>
          <p class="dim">{rule.severity} · {rule.name}{group !== undefined && <> · {[group.method, situation(group)].filter((text) => text !== '').join(' · ')} · found {plural(group.count, 'time')}</>}</p>
        </header>
        {group !== undefined && <>
          <p class="state-line">
            <StateMark state={group.state} />
            {group.reason !== '' && <span>{group.reason}</span>}
            <button type="button" class="link" onClick={() => session.openFindings(fingerprint)}>in all runs</button>
          </p>
          <DecisionForm fingerprint={fingerprint} state={group.state} />
        </>}
        <p class="explanation">{rule.explanation}</p>
        <References references={rule.references} />
      </>}
      <table class="occurrences">
        <thead><tr><th scope="col">#</th><th scope="col">Time, s</th><th scope="col">Thread</th><th scope="col">What was seen</th></tr></thead>
        <tbody>{rows.map((row) => <Occurrence key={row.id} row={row} />)}</tbody>
      </table>
      {occurrences !== null && occurrences.problem !== '' && <p class="bad">{occurrences.problem}</p>}
      {occurrences?.more === true && rows.length > 0 && <button type="button" onClick={() => session.moreOccurrences()}>More</button>}
      {group !== undefined && group.kept < group.count && occurrences?.more === false && (
        <p class="dim">{plural(group.count - group.kept, 'more was', 'more were')} counted, not kept: a flood is limited.</p>
      )}
      {group === undefined && occurrences?.more === false && rows.length === 0 && <p class="dim">This group has no anomalies in this run.</p>}
    </article>
  );
}

function Occurrence({ row }: { row: AnomalyRow }): JSX.Element {
  const session = useSession();
  const open = useSelect((state) => state.view.seq === row.seq);
  const threads = useSelect((state) => state.threads);
  return (
    <tr aria-selected={open} onClick={() => session.openRecord(row.seq)}>
      <td><button type="button" class="link" aria-label={`open record ${row.seq}`}>{count(row.seq)}</button></td>
      <td>{virtualTime(row.time)}</td>
      <td><ThreadLink thread={{ id: row.thread, name: row.threadName || threadName(row.thread, threads) }} inTable /></td>
      <td>{row.detail}</td>
    </tr>
  );
}
