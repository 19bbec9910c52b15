// SPDX-License-Identifier: BSD-2-Clause
/** What was decided about a finding, and how a person decides. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { FindingState } from '../../../schema/api/index.ts';
import { useSelect, useSession } from '../session-context.ts';
import { needsReason, STATE_FILTERS, type Decision, type StateFilter } from '../state/finding-states.ts';
import { mayAdminister } from '../state/model.ts';

const SHAPES: Readonly<Record<FindingState, { readonly path: string; readonly open?: true }>> = {
  open: { path: 'M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z', open: true },
  acknowledged: { path: 'M1.5 6.5 4.5 9.5 10.5 2.5', open: true },
  expected: { path: 'M1.5 4.2h9M1.5 7.8h9', open: true },
  fixed: { path: 'M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1Z' },
  regressed: { path: 'M9.8 5.2A4 4 0 1 0 9.5 8.2M10 1.8v3.4H6.6', open: true },
};

const LABELS: Readonly<Record<Decision, string>> = { acknowledged: 'Acknowledge', expected: 'Mark as expected', fixed: 'Mark as fixed', open: 'Reopen' };

export function StateMark({ state }: { state: FindingState }): JSX.Element {
  const shape = SHAPES[state];
  return (
    <span class={`finding-state state-${state}`}>
      <svg class={shape.open ? 'mark open' : 'mark'} viewBox="0 0 12 12" aria-hidden="true"><path d={shape.path} /></svg>{state}
    </span>
  );
}

/** Which of them are listed; the same choice for the groups of a run and for the findings of all. */
export function StateFilterChoice(): JSX.Element {
  const session = useSession();
  const states = useSelect((state) => state.view.states);
  return (
    <label class="state-filter">
      <span>State</span>
      <select value={states} onChange={(event) => session.showStates(event.currentTarget.value as StateFilter)}>
        {STATE_FILTERS.map((name) => <option key={name} value={name}>{name === 'undecided' ? 'open or regressed' : name}</option>)}
      </select>
    </label>
  );
}

/** Buttons that decide, where the service lets this page; a reason goes with the decision. */
export function DecisionForm({ fingerprint, state }: { fingerprint: string; state: FindingState }): JSX.Element | null {
  const session = useSession();
  const may = useSelect(mayAdminister);
  const [reason, setReason] = useState('');
  const [release, setRelease] = useState('');
  const [problem, setProblem] = useState('');
  if (!may) return null;
  const decide = async (decision: Decision): Promise<void> => {
    const failure = await session.decide(fingerprint, {
      state: decision, reason: reason.trim(), ...(decision === 'fixed' && release.trim() !== '' ? { release: release.trim() } : {}),
    });
    setProblem(failure);
    if (failure === '') setReason('');
  };
  const button = (decision: Decision): JSX.Element => (
    <button type="button" disabled={needsReason(decision) && reason.trim() === ''} onClick={() => void decide(decision)}>{LABELS[decision]}</button>
  );
  return (
    <div class="decision" role="group" aria-label="Decide about this finding">
      <label><span>Reason</span><input class="reason" value={reason} maxLength={2000} placeholder="why; acknowledged and expected need one" onInput={(event) => setReason(event.currentTarget.value)} /></label>
      {button('acknowledged')}
      {button('expected')}
      <span class="fix">
        {button('fixed')}
        <label><span>in release</span><input class="fix-release" value={release} maxLength={64} placeholder="e.g. 14.0.0" onInput={(event) => setRelease(event.currentTarget.value)} /></label>
      </span>
      {state !== 'open' && button('open')}
      {problem !== '' && <p class="bad" role="alert">{problem}</p>}
    </div>
  );
}
