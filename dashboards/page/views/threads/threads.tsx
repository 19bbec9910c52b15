// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { count, naturalOf } from '../../format.ts';
import { useSelect, useSession } from '../../session-context.ts';
import { AllLanes } from './all-lanes.tsx';
import { Story } from './story.tsx';
import { ThreadList } from './thread-list.tsx';

/** The threads of a run: a list of them, and the story of one or the lanes of all. */
export function ThreadsView(): JSX.Element {
  const thread = useSelect((state) => state.view.thread);
  return (
    <section class="anomalies threads" aria-label="Threads">
      <ThreadList />
      <div class="group-view thread-view" tabIndex={0} role="region" aria-label="Threads over time" data-scrolls>
        <Moment />
        {thread === null ? <AllLanes /> : <Story key={thread} />}
      </div>
    </section>
  );
}

/** After which record threads are shown. */
function Moment(): JSX.Element {
  const session = useSession();
  const { thread, to } = useSelect((state) => state.view);
  const records = useSelect((state) => state.run?.records ?? 0);
  return (
    <div class="moment">
      {thread !== null && <button type="button" onClick={() => session.openThread(null)}>All threads</button>}
      <span class="spread" />
      <label>
        <span>As record # leaves them</span>
        <input key={to} class="go-to" inputMode="numeric" placeholder="the last" autoComplete="off" value={to === null ? '' : count(to)} onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          const seq = event.currentTarget.value.trim() === '' ? null : naturalOf(event.currentTarget.value, 1, records);
          event.currentTarget.setCustomValidity(seq === undefined ? `a number from 1 to ${records}` : '');
          event.currentTarget.reportValidity();
          if (seq !== undefined) session.openThread(thread, seq);
        }} />
      </label>
      {to !== null && <button type="button" class="quiet" onClick={() => session.openThread(thread, null)}>The last record</button>}
    </div>
  );
}
