// SPDX-License-Identifier: BSD-2-Clause
import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import { handleKey } from './keys.ts';
import { SessionContext, useSelect } from './session-context.ts';
import type { Session } from './state/session.ts';
import { AnomaliesView } from './views/anomalies.tsx';
import { EmptyState } from './views/empty-state.tsx';
import { Help } from './views/help.tsx';
import { Notices } from './views/notices.tsx';
import { RecordDock } from './views/record/record-dock.tsx';
import { RecordsView } from './views/records.tsx';
import { RunHeader } from './views/run-header.tsx';
import { RunList } from './views/run-list.tsx';
import { Tabs } from './views/tabs.tsx';
import { TopBar } from './views/top-bar.tsx';

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
  const overlay = useSelect((state) => state.overlay);
  return (
    <div class={overlay === 'runs' ? 'page runs-open' : 'page'}>
      <TopBar />
      <Notices />
      <div class="page-body">
        <RunList />
        <Run />
      </div>
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
        {tab === 'records' ? <RecordsView /> : <AnomaliesView />}
      </div>
      {open && <RecordDock />}
    </main>
  );
}
