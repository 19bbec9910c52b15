// SPDX-License-Identifier: BSD-2-Clause
/** Small signs that say by their shape what their colour says too. */
import type { JSX } from 'preact';
import type { AnomalyRow, RecordRow, RunSummary } from '../../../schema/api/index.ts';
import { count, runStateText, words } from '../format.ts';

const SEVERITY_SHAPES: Readonly<Record<AnomalyRow['severity'], string>> = {
  error: 'M6 .5 11.5 6 6 11.5 .5 6Z',
  warning: 'M6 1 11.5 11H.5Z',
  info: 'M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1Z',
};

export function SeverityMark({ severity }: { severity: AnomalyRow['severity'] }): JSX.Element {
  return (
    <svg class={`mark severity-${severity}`} viewBox="0 0 12 12" role="img" aria-label={severity}>
      <title>{severity}</title>
      <path d={SEVERITY_SHAPES[severity]} />
    </svg>
  );
}

/** Filled: an answer was given. Open: none in this trap. Pointed: an error or a fault. */
const OUTCOME_SHAPES: Readonly<Record<RecordRow['outcome'], { readonly path: string; readonly open?: true }>> = {
  replied: { path: 'M6 2a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z' },
  completed: { path: 'M6 2.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7Z', open: true },
  error: { path: 'M6 1 11 6 6 11 1 6Z' },
  blocked: { path: 'M3.5 2v8M8.5 2v8', open: true },
  faulted: { path: 'M6 1.5 11 10.5H1Z' },
  preempted: { path: 'M9.5 3.5a4.2 4.2 0 1 0 .7 3.8M9.8 1v2.8H7', open: true },
  outOfBudget: { path: 'M2.5 1.5h7L6 6l3.5 4.5h-7L6 6Z', open: true },
  stopped: { path: 'M2.5 2.5h7v7h-7Z' },
};

export function OutcomeMark({ outcome }: { outcome: RecordRow['outcome'] }): JSX.Element {
  const shape = OUTCOME_SHAPES[outcome];
  return (
    <span class={`outcome outcome-${outcome}`}>
      <svg class={shape.open ? 'mark open' : 'mark'} viewBox="0 0 12 12" aria-hidden="true"><path d={shape.path} /></svg>
      {words(outcome)}
    </span>
  );
}

export function RunState({ run }: { run: RunSummary }): JSX.Element {
  return <span class={`run-state run-${run.state}`} title={run.endDetail || undefined}><span class="lamp" />{runStateText(run)}</span>;
}

/** How many anomalies of each severity. */
export function AnomalyCounts({ counts, none = 'no anomalies' }: { counts: RunSummary['anomalies']; none?: string }): JSX.Element {
  const found = (['error', 'warning', 'info'] as const).filter((severity) => counts[severity] > 0);
  if (found.length === 0) return <span class="clean">{none}</span>;
  return (
    <span class="anomaly-counts">
      {found.map((severity) => <span key={severity} class={`severity-${severity}`}><SeverityMark severity={severity} />{count(counts[severity])}</span>)}
    </span>
  );
}
