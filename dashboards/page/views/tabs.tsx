// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { anomalyTotal, count } from '../format.ts';
import { useSelect, useSession } from '../session-context.ts';
import type { State } from '../state/model.ts';
import { TABS, type Tab } from '../state/url.ts';

interface Label {
  readonly text: string;
  /** What stands beside it; null for nothing. */
  readonly number: (state: State) => number | null;
  /** A number above 0 is bad. */
  readonly isFound: boolean;
}

const LABELS: Readonly<Record<Tab, Label>> = {
  records: { text: 'Records', number: ({ run }) => run?.records ?? 0, isFound: false },
  anomalies: { text: 'Anomalies', number: ({ run }) => (run === null ? 0 : anomalyTotal(run)), isFound: true },
  threads: { text: 'Threads', number: ({ threads }) => threads.size, isFound: false },
  hang: { text: 'Hung', number: ({ hang }) => hang?.value?.hung.length ?? null, isFound: true },
};

export function Tabs(): JSX.Element {
  const session = useSession();
  const tab = useSelect((state) => state.view.tab);
  return (
    <div class="tabs" role="tablist" aria-label="Views of the run" onKeyDown={(event) => {
      const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
      if (step === 0) return;
      const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length]!;
      session.selectTab(next);
      document.getElementById(`tab-${next}`)?.focus();
    }}>
      {TABS.map((name) => <TabButton key={name} name={name} selected={name === tab} />)}
    </div>
  );
}

function TabButton({ name, selected }: { name: Tab; selected: boolean }): JSX.Element {
  const session = useSession();
  const { text, number, isFound } = LABELS[name];
  const shown = useSelect(number);
  return (
    <button type="button" role="tab" id={`tab-${name}`} aria-controls="panel" aria-selected={selected} tabIndex={selected ? 0 : -1} onClick={() => session.selectTab(name)}>
      {text} {shown !== null && <span class={isFound && shown > 0 ? 'tab-count found' : 'tab-count'}>{count(shown)}</span>}
    </button>
  );
}
