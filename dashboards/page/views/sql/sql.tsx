// SPDX-License-Identifier: BSD-2-Clause
/** Questions to the service in SQL. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { SqlTable } from '../../../../schema/api/index.ts';
import { count, duration, plural, programName } from '../../format.ts';
import { SQL_EDITOR_ID } from '../../keys.ts';
import { useSelect, useSession } from '../../session-context.ts';
import { inserted, ROW_LIMITS } from '../../state/sql-console.ts';
import { SQL_EXAMPLES } from '../../state/sql-examples.ts';
import { SqlAnswerView } from './answer.tsx';

export function SqlView(): JSX.Element {
  const session = useSession();
  const { text, limit, busy, problem, answer, earlier, schema } = useSelect((state) => state.sql);
  const run = useSelect((state) => state.run);
  const editor = useRef<HTMLTextAreaElement>(null);
  const insert = (name: string): void => {
    const { value, selectionStart, selectionEnd } = editor.current!;
    const next = inserted(value, selectionStart, selectionEnd, name);
    session.sql.edit(next.text);
    editor.current!.value = next.text;
    editor.current!.focus();
    editor.current!.setSelectionRange(next.cursor, next.cursor);
  };
  const choose = (sql: string): void => {
    session.sql.edit(sql);
    editor.current!.focus();
  };
  return (
    <main class="findings-page">
      <header class="findings-head">
        <h1>Ask in SQL</h1>
        <span class="dim"><code>:run</code> is {run === null ? 'the newest run' : <>{programName(run.program)} <span class="mono">{run.run.slice(0, 8)}</span></>}</span>
        <span class="spread" />
        {schema !== null && <span class="dim">at most {duration(schema.limits.milliseconds * 1e6)} and {plural(schema.limits.rows, 'row')}</span>}
        <button type="button" onClick={() => session.backToRun()}>Back to the run</button>
      </header>
      <div class="sql">
        <div class="groups sql-side">
          <h2>Examples</h2>
          <ul>{SQL_EXAMPLES.map(({ title, sql }) => <li key={title}><button type="button" class="group" onClick={() => choose(sql)}>{title}</button></li>)}</ul>
          {earlier.length > 0 && <h2>Asked before</h2>}
          <ul>{earlier.map((sql) => <li key={sql}><button type="button" class="group earlier" title={sql} onClick={() => choose(sql)}>{sql}</button></li>)}</ul>
          <h2>Views</h2>
          {schema?.tables.map((table) => <Table key={table.name} table={table} onInsert={insert} />)}
          {schema?.notes.map((note) => <p key={note} class="dim">{note}</p>)}
        </div>
        <div class="sql-main">
          <form class="sql-form" onSubmit={(event) => { event.preventDefault(); void session.sql.run(); }}>
            <textarea id={SQL_EDITOR_ID} ref={editor} aria-label="Query" spellcheck={false} rows={7} value={text} placeholder="SELECT … FROM records WHERE run = :run" autofocus
              onInput={(event) => session.sql.edit(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
                event.preventDefault();
                void session.sql.run();
              }} />
            <div class="sql-actions">
              <button type="submit" class="primary" disabled={busy || text.trim() === ''}>{busy ? 'Asking…' : 'Ask'}</button>
              <kbd>Ctrl</kbd><kbd>Enter</kbd>
              <label class="state-filter"><span>at most</span><select value={limit} onChange={(event) => session.sql.setLimit(Number(event.currentTarget.value))}>{ROW_LIMITS.map((rows) => <option key={rows} value={rows}>{count(rows)} rows</option>)}</select></label>
            </div>
          </form>
          {problem !== '' && <p class="bad sql-problem" role="alert">{problem}</p>}
          {answer !== null && <SqlAnswerView key={`${answer.sql} ${answer.elapsed}`} answer={answer} />}
        </div>
      </div>
    </main>
  );
}

function Table({ table: { name, call, about, columns }, onInsert }: { table: SqlTable; onInsert: (text: string) => void }): JSX.Element {
  return (
    <details class="sql-table">
      <summary><code>{call || name}</code></summary>
      <p class="dim">{about} <button type="button" class="link" onClick={() => onInsert(call || name)}>insert</button></p>
      <ul>
        {columns.map((column) => (
          <li key={column.name}><button type="button" class="column" title={`insert ${column.name}`} onClick={() => onInsert(column.name)}>{column.name}</button> <span class="faint">{column.type}</span> <span class="dim">{column.about}</span></li>
        ))}
      </ul>
    </details>
  );
}
