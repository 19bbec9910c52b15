// SPDX-License-Identifier: BSD-2-Clause
import { createElement, type ComponentType, type JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { anomalyTotal, count, programName } from './format.ts';
import { handleKey } from './keys.ts';
import { SessionContext, useSelect, useSession } from './session-context.ts';
import type { Session } from './state/session.ts';
import type { Page as PageName, Tab } from './state/url.ts';
import { AnomaliesView } from './views/anomalies.tsx';
import { CompareView } from './views/compare/compare.tsx';
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
import { SqlView } from './views/sql/sql.tsx';
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
  const page = useSelect((state) => state.view.page);
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
          {createElement(PAGE_VIEWS[page], {})}
        </div>
      )}
      {overlay === 'help' && <Help />}
    </div>
  );
}

function RunPage(): JSX.Element {
  return <><RunList /><Run /></>;
}

/** What each page shows below the top bar. */
const PAGE_VIEWS: Readonly<Record<PageName, ComponentType>> = { run: RunPage, findings: FindingsView, compare: CompareView, sql: SqlView };

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
