// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { Affected, FindingChange, FindingDetail, FindingOccurrence, Sighting } from '../../../schema/api/index.ts';
import { clock, count, plural, programName } from '../format.ts';
import { useSelect, useSession } from '../session-context.ts';
import { situation } from '../state/anomaly-groups.ts';
import { DecisionForm, StateMark } from './finding-state.tsx';
import { HistoryStrip } from './history-strip.tsx';
import { SeverityMark } from './marks.tsx';
import { References } from './references.tsx';

/** One finding: its state, where it was seen and where not, and what happened to it. */
export function FindingDetailView({ fingerprint }: { fingerprint: string }): JSX.Element {
  const open = useSelect((state) => state.finding);
  const shown = open?.fingerprint === fingerprint ? open : null;
  return (
    <article class="group-view" aria-label="Finding">
      {shown !== null && shown.problem !== '' && <p class="bad">{shown.problem}</p>}
      {shown?.value != null && <Detail detail={shown.value} />}
    </article>
  );
}

function Detail({ detail: { finding, changes, occurrences, example } }: { detail: FindingDetail }): JSX.Element {
  const session = useSession();
  const rule = useSelect((state) => state.rules.get(finding.rule));
  const history = useSelect((state) => state.finding?.history ?? null);
  return (
    <>
      <header>
        <h3><SeverityMark severity={finding.severity} /><span class="rule-id">{finding.rule}</span>{finding.title}</h3>
        <p class="dim">{[finding.severity, finding.method, situation(finding)].join(' · ')}</p>
      </header>
      <StateLine finding={finding} />
      <DecisionForm fingerprint={finding.fingerprint} state={finding.state} />
      {history !== null && <HistoryStrip history={history} />}
      <dl class="finding-facts">
        <Fact name="Found">{plural(finding.count, 'time')} in {plural(finding.runs, 'run')}</Fact>
        <Fact name="First"><Seen sighting={finding.first} /></Fact>
        <Fact name="Last"><Seen sighting={finding.last} /></Fact>
        <Fact name="Releases">{names(finding.releases)}</Fact>
        <Fact name="Not found in">{finding.notIn.map(({ release, configuration, records }) => `${release} ${configuration} (${plural(records, 'record')})`).join(', ') || 'no release that was tested'}</Fact>
        <Fact name="Configurations">{names(finding.configurations)}</Fact>
        <Fact name="Kernels">{names(finding.kernels)}</Fact>
      </dl>
      {example !== null && <button type="button" onClick={() => session.openRecordOf(example.run, example.seq)}>Open a record that shows it</button>}
      {rule !== undefined && <><p class="explanation">{rule.explanation}</p><References references={rule.references} /></>}
      {changes.length > 0 && <ol class="changes" aria-label="What happened to it">{changes.map((change, i) => <Change key={i} change={change} />)}</ol>}
      <table class="occurrences">
        <thead><tr><th scope="col">First record</th><th scope="col">Count</th><th scope="col">Release</th><th scope="col">Kernel</th><th scope="col">Started</th><th scope="col">Program</th></tr></thead>
        <tbody>{occurrences.map((occurrence) => <Occurrence key={occurrence.run} occurrence={occurrence} />)}</tbody>
      </table>
      {finding.runs > occurrences.length && <p class="dim">and {plural(finding.runs - occurrences.length, 'older run')}</p>}
    </>
  );
}

function StateLine({ finding: { state, fixedIn, reason, changedAt } }: { finding: Pick<FindingDetail['finding'], 'state' | 'fixedIn' | 'reason' | 'changedAt'> }): JSX.Element {
  return (
    <p class="state-line">
      <StateMark state={state} />
      {fixedIn !== '' && state === 'fixed' && <span>in {fixedIn}</span>}
      {reason !== '' && <span>{reason}</span>}
      <time class="faint" dateTime={changedAt}>{clock(changedAt, new Date())}</time>
    </p>
  );
}

function Fact({ name, children }: { name: string; children: unknown }): JSX.Element {
  return <div><dt>{name}</dt><dd>{children as JSX.Element}</dd></div>;
}

function Seen({ sighting: { at, run, seq } }: { sighting: Sighting }): JSX.Element {
  const session = useSession();
  return (
    <>
      <time dateTime={at} title={at}>{clock(at, new Date())}</time>
      {run !== null && seq !== null && <> in <button type="button" class="link" onClick={() => session.openRecordOf(run, seq)}>record {count(seq)}</button></>}
    </>
  );
}

function Change({ change }: { change: FindingChange }): JSX.Element {
  return <li><StateLine finding={{ ...change, changedAt: change.at }} /></li>;
}

function Occurrence({ occurrence }: { occurrence: FindingOccurrence }): JSX.Element {
  const session = useSession();
  const { run, firstSeq, recordsKept } = occurrence;
  return (
    <tr>
      <td>{recordsKept ? <button type="button" class="link" aria-label={`open record ${firstSeq} of run ${run}`} onClick={() => session.openRecordOf(run, firstSeq)}>{count(firstSeq)}</button> : <span title="the records of this run are not kept any more">{count(firstSeq)}</span>}</td>
      <td>{count(occurrence.count)}</td>
      <td>{occurrence.release || 'unknown'}</td>
      <td>{occurrence.kernel} · {occurrence.configuration}</td>
      <td><time dateTime={occurrence.startedAt}>{clock(occurrence.startedAt, new Date())}</time></td>
      <td>{programName(occurrence.program)}</td>
    </tr>
  );
}

function names(affected: readonly Affected[]): string {
  return affected.map(({ name, runs }) => `${name === '' ? 'unknown' : name}${runs === 1 ? '' : ` (${plural(runs, 'run')})`}`).join(', ') || 'none that is kept';
}
