// SPDX-License-Identifier: BSD-2-Clause
import { createElement, type ComponentType, type JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { anomalyTotal, count, programName } from './format.ts';
import { handleKey } from './keys.ts';
import { SessionContext, useSelect, useSession } from './session-context.ts';
import type { Session } from './state/session.ts';
import type { Tab } from './state/url.ts';
import { AnomaliesView } from './views/anomalies.tsx';
import { EmptyState } from './views/empty-state.tsx';
import { FindingsView } from './views/findings.tsx';
import { HangView } from './views/hang.tsx';
import { Help } from './views/help.tsx';
import { Notices } from './views/notices.tsx';
import { RecordDock } from './views/record/record-dock.tsx';
import { RecordsView } from './views/records.tsx';
import { RunHeader } from './views/run-header.tsx';
import { RunList } from './views/run-list.tsx';
import { SignIn } from './views/sign-in.tsx';
import { Tabs } from './views/tabs.tsx';
import { ThreadsView } from './views/threads/threads.tsx';
import { TopBar } from './views/top-bar.tsx';

/** What each tab of a run shows. */
const TAB_VIEWS: Readonly<Record<Tab, ComponentType>> = { records: RecordsView, anomalies: AnomaliesView, threads: ThreadsView, hang: HangView };

export function App({ session }: { session: Session }): JSX.Element {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => handleKey(session, event);
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [session]);
  return (
    <SessionContext.Provider value={session}>
      <Page />
    </SessionContext.Provider>
  );
}

function Page(): JSX.Element {
  const session = useSession();
  const overlay = useSelect((state) => state.overlay);
  const findings = useSelect((state) => state.view.page === 'findings');
  const unknown = useSelect((state) => state.caller.unknown);
  const offline = useSelect((state) => state.connection.phase === 'lost');
  const title = useSelect(({ run }) => (run === null ? 'sel4scope' : `${anomalyTotal(run) > 0 ? `(${count(anomalyTotal(run))}) ` : ''}${programName(run.program)} · sel4scope`));
  useEffect(() => { document.title = title; }, [title]);
  const closeRuns = (event: MouseEvent): void => {
    if (overlay === 'runs' && (event.target as Element).closest('.run-list') === null) session.setOverlay(null);
  };
  return (
    <div class={['page', ...(overlay === 'runs' ? ['runs-open'] : []), ...(offline ? ['offline'] : [])].join(' ')}>
      <TopBar />
      <Notices />
      {unknown ? <SignIn /> : (
        <div class="page-body" onClick={closeRuns}>
          {findings ? <FindingsView /> : <><RunList /><Run /></>}
        </div>
      )}
      {overlay === 'help' && <Help />}
    </div>
  );
}

function Run(): JSX.Element {
  const shown = useSelect((state) => state.run !== null);
  const tab = useSelect((state) => state.view.tab);
  const open = useSelect((state) => state.view.seq !== null);
  if (!shown) return <main class="run"><EmptyState /></main>;
  return (
    <main class="run">
      <RunHeader />
      <Tabs />
      <div class="run-panel" role="tabpanel" id="panel" aria-labelledby={`tab-${tab}`}>
        {createElement(TAB_VIEWS[tab], {})}
      </div>
      {open && <RecordDock />}
    </main>
  );
}
