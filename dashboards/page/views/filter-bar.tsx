// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { OUTCOMES } from '../../../schema/trace/trap-record.ts';
import { naturalOf, threadName, words } from '../format.ts';
import { FILTER_INPUT_ID } from '../keys.ts';
import { useSelect, useSession } from '../session-context.ts';
import { isFiltering, NO_FILTER } from '../state/filter.ts';

export function FilterBar(): JSX.Element {
  const session = useSession();
  const filter = useSelect((state) => state.view.filter);
  const threads = useSelect((state) => state.threads);
  const rollup = useSelect((state) => state.rollup);
  const methods = [...new Set(rollup?.methods.map((each) => each.method))].sort();
  const ids = [...new Set([...threads.keys(), ...(filter.thread === null ? [] : [filter.thread])])].sort((a, b) => a - b);
  return (
    <div class="filter-bar" role="search" aria-label="Filter records">
      <Transport />
      <label>
        <span>Method</span>
        <input id={FILTER_INPUT_ID} type="search" list="methods" placeholder="method or system call" autoComplete="off" spellcheck={false} value={filter.method}
          onChange={(event) => session.setFilter({ ...filter, method: event.currentTarget.value.trim().slice(0, 64) })}
          onKeyDown={(event) => { if (event.key === 'Enter') event.currentTarget.blur(); }} />
        <datalist id="methods">{methods.map((method) => <option key={method} value={method} />)}</datalist>
      </label>
      <label>
        <span>Thread</span>
        <select value={filter.thread ?? ''} onChange={(event) => {
          const { value } = event.currentTarget;
          session.setFilter({ ...filter, thread: value === '' ? null : Number(value) });
        }}>
          <option value="">all</option>
          {ids.map((id) => <option key={id} value={id}>{threadName(id, threads)}</option>)}
        </select>
      </label>
      <label>
        <span>Outcome</span>
        <select value={filter.outcome ?? ''} onChange={(event) => {
          const { value } = event.currentTarget;
          session.setFilter({ ...filter, outcome: OUTCOMES.find((outcome) => outcome === value) ?? null });
        }}>
          <option value="">all</option>
          {OUTCOMES.map((outcome) => <option key={outcome} value={outcome}>{words(outcome)}</option>)}
        </select>
      </label>
      <label class="check">
        <input type="checkbox" checked={filter.anomalous} onChange={(event) => session.setFilter({ ...filter, anomalous: event.currentTarget.checked })} />
        <span>only with anomalies</span>
      </label>
      {isFiltering(filter) && <button type="button" class="quiet" onClick={() => session.setFilter(NO_FILTER)}>Clear</button>}
      <span class="spread" />
      <GoTo />
    </div>
  );
}

/** Run and stop, as on an oscilloscope. */
function Transport(): JSX.Element {
  const session = useSession();
  const follow = useSelect((state) => state.view.follow);
  return (
    <div class="transport" role="group" aria-label="Live view">
      <button type="button" aria-pressed={follow} onClick={() => session.follow()} title="show records as they arrive (f)">
        <svg viewBox="0 0 12 12" aria-hidden="true"><path d="M3 1.5v9L10.5 6Z" /></svg>Follow
      </button>
      <button type="button" aria-pressed={!follow} onClick={() => session.pause()} title="hold the table still (Space)">
        <svg viewBox="0 0 12 12" aria-hidden="true"><path d="M2.5 2h2.5v8H2.5zM7 2h2.5v8H7z" /></svg>Pause
      </button>
    </div>
  );
}

/** Jumps to a record by its number. */
function GoTo(): JSX.Element {
  const session = useSession();
  const records = useSelect((state) => state.run?.records ?? 0);
  return (
    <label>
      <span>Go to #</span>
      <input class="go-to" inputMode="numeric" placeholder="number" autoComplete="off" onKeyDown={(event) => {
        if (event.key !== 'Enter') return;
        const seq = naturalOf(event.currentTarget.value, 1, records);
        event.currentTarget.setCustomValidity(seq === undefined ? `a number from 1 to ${records}` : '');
        event.currentTarget.reportValidity();
        if (seq === undefined) return;
        event.currentTarget.blur();
        session.showInTable(seq);
      }} />
    </label>
  );
}
