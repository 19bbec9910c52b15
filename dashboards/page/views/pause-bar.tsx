// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { count, plural } from '../format.ts';
import { useSelect, useSession } from '../session-context.ts';
import { unmarked } from '../state/anomaly-groups.ts';

/** Where the view stands against the run: what came since the pause, and what the feed left out of it. */
export function PauseBar(): JSX.Element | null {
  const session = useSession();
  const run = useSelect((state) => state.run);
  const feed = useSelect((state) => state.feed);
  const source = useSelect((state) => state.source);
  const rollup = useSelect((state) => state.rollup);
  useSelect((state) => state.revision);
  if (run === null || source === null) return null;
  const hidden = unmarked(rollup?.anomalies ?? []);
  const arrived = feed.pausedAt === null ? 0 : run.records - feed.pausedAt;
  return (
    <footer class="pause-bar">
      <span class="dim">{plural(source.end - source.first, 'row')}{source.activity !== '' && ` · ${source.activity}`}</span>
      {hidden > 0 && <span class="unmarked" title="in a flood, anomalies beyond a limit are counted only">{plural(hidden, 'anomaly', 'anomalies')} counted but not kept: not every anomalous record is marked</span>}
      {source.problem !== '' && <span class="bad">{source.problem}</span>}
      <span class="spread" />
      {arrived > 0 && (
        <span class="arrived" data-arrived={arrived}>
          {plural(arrived, 'record')} came while paused
          {feed.skippedInPause > 0 && <span class="dim" title="committed, but more than the feed could send; read from history where you look">, {count(feed.skippedInPause)} of them skipped by the feed</span>}
          <button type="button" onClick={() => session.follow()}>Show <kbd>f</kbd></button>
        </span>
      )}
    </footer>
  );
}
