// SPDX-License-Identifier: BSD-2-Clause
/** Two runs side by side: where they first differ, and every method by outcome and time. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { RecordDifference, RunComparison, RunSummary } from '../../../../schema/api/index.ts';
import { clock, count, kernelName, plural, programName } from '../../format.ts';
import { useSelect, useSession } from '../../session-context.ts';
import { DEPTHS, differs } from '../../state/comparison.ts';
import { Message } from '../empty-state.tsx';
import { MethodRows } from './method-rows.tsx';

export function CompareView(): JSX.Element {
  const session = useSession();
  const { a, b, depth } = useSelect((state) => state.view.compared);
  const swap = (): void => session.openComparison({ ...(b === null ? {} : { a: b }), ...(a === null ? {} : { b: a }) });
  return (
    <main class="findings-page">
      <header class="findings-head compare-head">
        <h1>Compare</h1>
        <RunChoice label="Run A" value={a} onChoose={(run) => session.openComparison({ a: run, ...(b === null ? {} : { b }) })} />
        <button type="button" class="quiet" disabled={a === null || b === null} aria-label="swap the runs" title="swap the runs" onClick={swap}>⇄</button>
        <RunChoice label="Run B" value={b} onChoose={(run) => session.openComparison({ b: run })} />
        <div class="choice" role="group" aria-label="What is compared">
          {DEPTHS.map((name) => (
            <button key={name} type="button" aria-pressed={depth === name} title={name === 'words' ? 'messages to the last word' : 'outcomes, message info, errors and states, but no words'} onClick={() => session.openComparison({ depth: name })}>{name}</button>
          ))}
        </div>
        <span class="spread" />
        <button type="button" class="quiet" onClick={() => session.compareAgain()}>Again</button>
        <button type="button" onClick={() => session.backToRun()}>Back to the run</button>
      </header>
      {a === null || b === null
        ? <Message title="Choose two runs"><p>The n-th time that a thread does something in one run stands beside the n-th time in the other.</p></Message>
        : <Outcome />}
    </main>
  );
}

function Outcome(): JSX.Element {
  const comparison = useSelect((state) => state.comparison);
  if (comparison?.value != null) return <Comparison comparison={comparison.value} />;
  if (comparison === null || comparison.problem === '') return <Message title="Comparing…" />;
  return <Message title="They could not be compared"><p>{comparison.problem}</p></Message>;
}

function RunChoice({ label, value, onChoose }: { label: string; value: string | null; onChoose: (run: string) => void }): JSX.Element {
  const runs = useSelect((state) => state.runs) ?? [];
  const now = new Date();
  return (
    <label class="state-filter">
      <span>{label}</span>
      <select class="run-choice" value={value ?? ''} onChange={(event) => onChoose(event.currentTarget.value)}>
        <option value="" disabled>choose a run</option>
        {value !== null && !runs.some(({ run }) => run === value) && <option value={value}>{value}</option>}
        {runs.map((run) => <option key={run.run} value={run.run}>{runText(run, now)}</option>)}
      </select>
    </label>
  );
}

function runText(run: RunSummary, now: Date): string {
  return [clock(run.startedAt, now), programName(run.program), ...run.defects, `${count(run.records)} records`, kernelName(run), run.configuration].join(' · ');
}

function Comparison({ comparison }: { comparison: RunComparison }): JSX.Element {
  const [all, setAll] = useState(false);
  const { a, b, pairs, first, methods } = comparison;
  const different = methods.filter(differs);
  return (
    <section class="comparison" aria-label="Comparison" tabIndex={0}>
      {first === null
        ? <p class="same"><b class="good">The same</b> in all {plural(pairs, 'pair')} of records.</p>
        : <>
          <h2>First difference <span class="dim">of {plural(different.length, 'method')} that {different.length === 1 ? 'differs' : 'differ'}, {plural(pairs, 'pair')} compared</span></h2>
          <Difference difference={first} a={a.run} b={b.run} />
        </>}
      <h2>
        Methods
        <label class="check"><input type="checkbox" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} /><span>also the {count(methods.length - different.length)} that do not differ</span></label>
      </h2>
      <MethodRows methods={all || different.length === 0 ? methods : different} a={a} b={b} />
    </section>
  );
}

/** A pair of records that should be equal, field by field. */
export function Difference({ difference: { what, fields, ...seqs }, a, b }: { difference: RecordDifference; a: string; b: string }): JSX.Element {
  const session = useSession();
  const record = (run: string, seq: number | null): JSX.Element => (
    seq === null ? <span class="dim">no such record</span> : <button type="button" class="link record-link" aria-label={`open record ${seq} of run ${run}`} onClick={() => session.openRecordOf(run, seq)}>#{count(seq)}</button>
  );
  return (
    <table class="occurrences difference" aria-label={`Difference: ${what}`}>
      <thead><tr><th scope="col">{what}</th><th scope="col">A {record(a, seqs.a)}</th><th scope="col">B {record(b, seqs.b)}</th></tr></thead>
      <tbody>{fields.map(({ field, a: left, b: right }) => <tr key={field}><th scope="row">{field}</th><td>{left ?? <span class="faint">none</span>}</td><td>{right ?? <span class="faint">none</span>}</td></tr>)}</tbody>
    </table>
  );
}
