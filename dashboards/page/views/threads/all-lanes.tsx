// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { count, plural } from '../../format.ts';
import { useSelect, useSession } from '../../session-context.ts';
import { withQuiet } from '../../state/lanes.ts';
import { LANE_RECORDS } from '../../state/thread-loader.ts';
import { Picture } from './picture.tsx';

/** All threads in a window of records, a lane each. */
export function AllLanes(): JSX.Element {
  const session = useSession();
  const lanes = useSelect((state) => state.lanes);
  const states = useSelect((state) => state.threadStates?.value ?? null);
  const shown = useMemo(() => (lanes?.value == null ? null : withQuiet(lanes.value, states?.threads ?? [])), [lanes?.value, states]);
  const wanted = useSelect((state) => state.laneRecords);
  const records = useSelect((state) => state.run?.records ?? 0);
  const to = useSelect((state) => Math.min(state.view.to ?? Infinity, state.run?.records ?? 0));
  const first = Math.max(1, to - wanted + 1);
  return (
    <section aria-label="All threads">
      <header class="story-head">
        <h3>All threads, records {count(first)} to {count(to)}</h3>
        <button type="button" class="quiet" disabled={first <= 1} onClick={() => session.openThread(null, first - 1)}>Earlier</button>
        <button type="button" class="quiet" disabled={to >= records} onClick={() => session.openThread(null, to + wanted >= records ? null : to + wanted)}>Later</button>
        <label class="state-filter">
          <span>Show</span>
          <select value={wanted} onChange={(event) => session.threads.setLaneRecords(Number(event.currentTarget.value))}>
            {LANE_RECORDS.map((number) => <option key={number} value={number}>{plural(number, 'record')}</option>)}
          </select>
        </label>
      </header>
      {lanes?.problem !== undefined && lanes.problem !== '' && <p class="bad">{lanes.problem}</p>}
      {shown === null
        ? lanes?.problem === '' && <p class="dim">Reading the records…</p>
        : <>
          <Picture timeline={shown.timeline} label="States of all threads" />
          <p class="dim">The bar below a lane shows when its thread had the processor.{shown.left > 0 && ` ${plural(shown.left, 'thread')} that did less in these records ${shown.left === 1 ? 'has' : 'have'} no lane.`}</p>
        </>}
    </section>
  );
}
