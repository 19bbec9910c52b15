// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useSelect, useSession } from '../session-context.ts';
import type { Connection } from '../state/live.ts';
import type { Session } from '../state/session.ts';
import type { Page } from '../state/url.ts';
import { RunningJob } from './jobs.tsx';

/** Pages beside the run in view. */
const PAGE_BUTTONS: readonly { readonly name: Page; readonly text: string; readonly open: (session: Session) => void }[] = [
  { name: 'findings', text: 'Findings', open: (session) => session.openFindings() },
  { name: 'compare', text: 'Compare', open: (session) => session.openComparison() },
  { name: 'sql', text: 'SQL', open: (session) => session.openSql() },
];

export function TopBar(): JSX.Element {
  const session = useSession();
  const connection = useSelect((state) => state.connection);
  const version = useSelect((state) => state.status?.version);
  const page = useSelect((state) => state.view.page);
  const name = useSelect((state) => state.caller.name);
  const unknown = useSelect((state) => state.caller.unknown);
  const runsOpen = useSelect((state) => state.overlay === 'runs');
  return (
    <header class="top-bar">
      {page === 'run' && <button type="button" class="quiet only-narrow" aria-expanded={runsOpen} aria-controls="runs" onClick={() => session.setOverlay(runsOpen ? null : 'runs')}>Runs</button>}
      <a class="brand" href="#v1?run=latest">
        <svg viewBox="0 0 32 20" aria-hidden="true"><path d="M1 12h7l3-9 5 15 3.5-9 2 3H31" /></svg>
        sel4scope
      </a>
      {version !== undefined && <span class="faint">{version}</span>}
      <nav class="pages" aria-label="Pages">
        {PAGE_BUTTONS.map(({ name, text, open }) => (
          <button key={name} type="button" class="quiet" aria-pressed={page === name} onClick={() => (page === name ? session.backToRun() : open(session))}>{text}</button>
        ))}
      </nav>
      <RunningJob />
      <span class="spread" />
      {!unknown && <ConnectionState connection={connection} />}
      {name !== '' && <span class="dim">{name} <button type="button" class="quiet" onClick={() => session.signOut()}>Sign out</button></span>}
      <button type="button" class="quiet" onClick={() => session.setOverlay('help')}>Keys <kbd>?</kbd></button>
    </header>
  );
}

function ConnectionState({ connection }: { connection: Connection }): JSX.Element {
  const session = useSession();
  const text = connection.phase === 'open' ? 'live feed' : connection.phase === 'connecting' ? 'connecting' : 'disconnected';
  return (
    <span class={`connection connection-${connection.phase}`}>
      <span role="status"><span class="lamp" />{text}</span>
      {connection.phase === 'lost' && <>
        <Countdown until={connection.retryAt} />
        <button type="button" onClick={() => session.retryConnection()}>Try now</button>
      </>}
    </span>
  );
}

function Countdown({ until }: { until: number }): JSX.Element {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  return <span class="dim">next attempt in {Math.max(0, Math.ceil((until - now) / 1000))} s</span>;
}
