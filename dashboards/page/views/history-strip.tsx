// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import type { HistoryLine, MethodHistory, ReleaseHistory } from '../../../schema/api/index.ts';
import { count, plural } from '../format.ts';
import { useSession } from '../session-context.ts';

/** Each release as a cell: which showed the rule broken, which did not, which nobody tested. */
export function HistoryStrip({ history }: { history: MethodHistory }): JSX.Element {
  return (
    <section class="history" aria-label="History by release">
      <h4>{history.rule} at {history.method}, by release</h4>
      {history.lines.map((line) => <Line key={`${line.kernel} ${line.configuration}`} line={line} />)}
    </section>
  );
}

function Line({ line }: { line: HistoryLine }): JSX.Element {
  return (
    <div class="history-line">
      <p class="dim">{line.kernel === 'model' ? 'embedded kernel' : 'real kernel'} · {line.configuration}</p>
      <ol>{line.releases.map((release) => <Cell key={release.release} release={release} turn={line.turns.find((turn) => turn.release === release.release)?.kind} />)}</ol>
      {line.turns.map(({ kind, release, after, untested }) => (
        <p key={release}>
          <b class={kind === 'broke' ? 'bad' : 'good'}>{kind}</b> with {release}: {after} was {kind === 'broke' ? 'good' : 'bad'}
          {untested.length > 0 && <span class="dim">; not tested: {untested.join(', ')}</span>}
        </p>
      ))}
    </div>
  );
}

function Cell({ release, turn }: { release: ReleaseHistory; turn: 'broke' | 'mended' | undefined }): JSX.Element {
  const session = useSession();
  const { verdict, example } = release;
  const name = release.release === '' ? 'unknown' : release.release;
  const text = verdict === 'untested' ? 'not tested' : verdict === 'bad' ? `${count(release.count)} in ${plural(release.records, 'record')}` : `none in ${plural(release.records, 'record')}`;
  const body = <><b>{name}</b><span>{verdict === 'untested' ? '' : verdict}{turn === undefined ? '' : ` · ${turn}`}</span><span class="dim">{text}</span></>;
  return (
    <li class={`verdict-${verdict}`} title={verdict === 'untested' ? undefined : `${plural(release.runs, 'run')}${release.outdated === 0 ? '' : `, ${count(release.outdated)} judged by another revision of the rules`}`}>
      {example === null ? body : <button type="button" onClick={() => session.openRecordOf(example.run, example.seq)} title="open a record that shows it">{body}</button>}
    </li>
  );
}
