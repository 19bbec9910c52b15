// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { anomalyTotal, count } from '../format.ts';
import { useSelect, useSession } from '../session-context.ts';
import type { Tab } from '../state/url.ts';

export function Tabs(): JSX.Element {
  const session = useSession();
  const tab = useSelect((state) => state.view.tab);
  const records = useSelect((state) => state.run?.records ?? 0);
  const anomalies = useSelect((state) => (state.run === null ? 0 : anomalyTotal(state.run)));
  const other: Tab = tab === 'records' ? 'anomalies' : 'records';
  const button = (name: Tab, label: string, number: number): JSX.Element => (
    <button type="button" role="tab" id={`tab-${name}`} aria-controls="panel" aria-selected={tab === name} tabIndex={tab === name ? 0 : -1}
      onClick={() => session.selectTab(name)}>
      {label} <span class={name === 'anomalies' && number > 0 ? 'tab-count found' : 'tab-count'}>{count(number)}</span>
    </button>
  );
  return (
    <div class="tabs" role="tablist" aria-label="Views of the run" onKeyDown={(event) => {
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      session.selectTab(other);
      document.getElementById(`tab-${other}`)?.focus();
    }}>
      {button('records', 'Records', records)}
      {button('anomalies', 'Anomalies', anomalies)}
    </div>
  );
}
