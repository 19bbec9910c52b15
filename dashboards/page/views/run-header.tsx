// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { count, kernelName, plural, programName, shortCount, virtualTime } from '../format.ts';
import { useSelect, useSession } from '../session-context.ts';
import { ExportMenu } from './export-menu.tsx';
import { AnomalyCounts, RunState } from './marks.tsx';

/** What the run is, and its figures. */
export function RunHeader(): JSX.Element | null {
  const session = useSession();
  const run = useSelect((state) => state.run);
  const rates = useSelect((state) => state.feed.rates);
  const skipped = useSelect((state) => state.feed.skipped);
  if (run === null) return null;
  return (
    <header class="run-header">
      <div class="run-title">
        <h1 title={run.program}>{programName(run.program)}</h1>
        <span class="run-marks"><RunState run={run} /><HangMark /><ExportMenu run={run} /><button type="button" class="quiet" onClick={() => session.openComparison({ a: run.run })}>Compare</button></span>
        <p>
          <span>{kernelName(run)}</span><span>{run.configuration}</span><span>seed {run.seed}</span>
          <span class="run-id" title="run id">{run.run}</span>
          {run.endDetail !== '' && <span>{run.endDetail}</span>}
          {run.defects.map((defect) => <span key={defect} class="defect" title="defect switched on in the model">{defect}</span>)}
        </p>
      </div>
      <dl class="figures">
        <div><dt>Records</dt><dd>{count(run.records)}</dd></div>
        <div><dt>Virtual time, s</dt><dd>{virtualTime(run.time)}</dd></div>
        <div><dt>Anomalies</dt><dd><AnomalyCounts counts={run.anomalies} none="none" /></dd></div>
        <div class="rate">
          <dt>Records/s{skipped > 0 && <span class="skipped" title="committed, but more than the feed could send; they are read from history where you look"> · {shortCount(skipped)} skipped</span>}</dt>
          <dd><span>{shortCount(rates.at(-1) ?? 0)}</span><Sparkline values={rates} /></dd>
        </div>
      </dl>
    </header>
  );
}

/** Says that threads can never run again, when there are any and it was asked. */
function HangMark(): JSX.Element | null {
  const session = useSession();
  const hung = useSelect((state) => state.hang?.value?.hung.length ?? 0);
  if (hung === 0) return null;
  return (
    <button type="button" class="hang-mark" title="they can never run again: see why" onClick={() => session.selectTab('hang')}>
      <svg class="mark open" viewBox="0 0 12 12" aria-hidden="true"><path d="M2.5 1.5h7L6 6l3.5 4.5h-7L6 6Z" /></svg>{plural(hung, 'thread')} {hung === 1 ? 'hangs' : 'hang'}
    </button>
  );
}

const SPAN = 60;

/** The last minute of a rate, newest at the right. */
function Sparkline({ values }: { values: readonly number[] }): JSX.Element {
  const most = Math.max(1, ...values);
  const points = values.map((value, i) => `${SPAN - values.length + i + 1},${(19 - (value / most) * 17).toFixed(1)}`);
  return (
    <svg class="sparkline" viewBox="0 0 61 20" preserveAspectRatio="none" role="img" aria-label={`records per second over the last minute, at most ${shortCount(most)}`}>
      <path d="M0 19.5h61" class="grid" />
      {points.length > 1 && <polyline points={points.join(' ')} />}
    </svg>
  );
}
