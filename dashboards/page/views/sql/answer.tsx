// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { SqlValue } from '../../../../schema/api/index.ts';
import { count, duration, plural } from '../../format.ts';
import { saveFile } from '../../save.ts';
import { useSession } from '../../session-context.ts';
import { csvOf, linkOf, type SqlAnswer, type SqlLink } from '../../state/sql-console.ts';

/** Rows drawn at once. */
const CHUNK = 200;

export function SqlAnswerView({ answer }: { answer: SqlAnswer }): JSX.Element {
  const [most, setMost] = useState(CHUNK);
  const { columns, rows, truncated, elapsed } = answer;
  const numeric = columns.map((_, i) => rows.every((row) => row[i] === null || typeof row[i] === 'number'));
  return (
    <section class="sql-answer" aria-label="Answer">
      <p class="sql-summary">
        <b>{plural(rows.length, 'row')}</b><span class="dim">in {duration(Math.round(elapsed * 1e6))}</span>
        {truncated && <span class="warn">there are more: the answer ends at its limit</span>}
        <span class="spread" />
        <button type="button" class="quiet" disabled={rows.length === 0} onClick={() => saveFile('answer.csv', new Blob([csvOf(answer)], { type: 'text/csv' }))}>Save as CSV</button>
      </p>
      <div class="sql-scroll" tabIndex={0} role="region" aria-label="Rows">
        <table>
          <thead><tr>{columns.map(({ name }, i) => <th key={i} scope="col" class={numeric[i] ? 'number' : ''}>{name}</th>)}</tr></thead>
          <tbody>
            {rows.slice(0, most).map((row, r) => (
              <tr key={r}>{row.map((value, i) => <td key={i} class={numeric[i] ? 'number' : ''}><Value value={value} link={linkOf(answer, row, i)} /></td>)}</tr>
            ))}
          </tbody>
        </table>
        {rows.length > most && <button type="button" class="quiet" onClick={() => setMost(most + 5 * CHUNK)}>More ({count(rows.length - most)})</button>}
      </div>
    </section>
  );
}

function Value({ value, link }: { value: SqlValue; link: SqlLink | null }): JSX.Element {
  const session = useSession();
  if (value === null) return <span class="faint">NULL</span>;
  if (link === null) return <>{String(value)}</>;
  const open = (): void => {
    if (link.kind === 'run') session.selectRun(link.run);
    else if (link.kind === 'record') session.openRecordOf(link.run, link.seq);
    else session.openThreadOf(link.run, link.thread);
  };
  return <button type="button" class="link" title={`open the ${link.kind}`} onClick={open}>{String(value)}</button>;
}
