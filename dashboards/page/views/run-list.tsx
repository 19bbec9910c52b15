// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { RunSummary } from '../../../schema/api/index.ts';
import { clock, kernelName, programName, shortCount } from '../format.ts';
import { useSelect, useSession } from '../session-context.ts';
import { LATEST_RUN } from '../state/url.ts';
import { AnomalyCounts, RunState } from './marks.tsx';

/** Runs drawn at once; older ones on demand. */
const CHUNK = 100;

export function RunList(): JSX.Element {
  const session = useSession();
  const runs = useSelect((state) => state.runs);
  const current = useSelect((state) => state.run);
  const wanted = useSelect((state) => state.view.run);
  const [shown, setShown] = useState(CHUNK);
  return (
    <nav class="run-list" id="runs" aria-label="Runs">
      <h2>Runs</h2>
      <button type="button" class="run-latest" aria-current={wanted === LATEST_RUN} onClick={() => session.selectRun(LATEST_RUN)}>
        Newest run<span class="dim">switches when one starts</span>
      </button>
      {runs?.length === 0 && <p class="dim">none yet</p>}
      <ul>
        {runs?.slice(0, shown).map((run) => (
          <li key={run.run}>
            <RunItem run={run.run === current?.run ? current : run} open={run.run === current?.run} />
          </li>
        ))}
      </ul>
      {runs !== null && runs.length > shown && <button type="button" class="quiet" onClick={() => setShown(shown + CHUNK)}>Older runs ({runs.length - shown})</button>}
    </nav>
  );
}

function RunItem({ run, open }: { run: RunSummary; open: boolean }): JSX.Element {
  const session = useSession();
  return (
    <button type="button" class="run-item" aria-current={open} onClick={() => session.selectRun(run.run)}>
      <span class="run-item-name" title={run.program}>{programName(run.program)}</span>
      <RunState run={run} />
      <span class="run-item-kernel">{kernelName(run)} · {run.configuration}</span>
      {run.defects.length > 0 && <span class="defects">{run.defects.map((defect) => <span key={defect} class="defect" title="defect switched on in the model">{defect}</span>)}</span>}
      <span class="run-item-counts">{shortCount(run.records)} records <AnomalyCounts counts={run.anomalies} /></span>
      <time dateTime={run.startedAt} title={`started ${run.startedAt}`}>{clock(run.startedAt, new Date())}</time>
    </button>
  );
}
