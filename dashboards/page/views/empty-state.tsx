// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { useSelect, useSession } from '../session-context.ts';
import { LATEST_RUN } from '../state/url.ts';

/** What stands where a run would be. */
export function EmptyState(): JSX.Element {
  const session = useSession();
  const phase = useSelect((state) => state.connection.phase);
  const wanted = useSelect((state) => state.view.run);
  const runs = useSelect((state) => state.runs);
  if (runs !== null && wanted !== LATEST_RUN && !runs.some((run) => run.run === wanted)) {
    return (
      <Message title="This run is not here">
        <p>The service keeps no run <code>{wanted}</code>. It may be in another data file, or the link is from another machine.</p>
        <button type="button" onClick={() => session.selectRun(LATEST_RUN)}>Open the newest run</button>
      </Message>
    );
  }
  if (phase === 'lost') {
    return (
      <Message title="The service does not answer">
        <p>Start it with <code>sel4scope serve</code>. This page connects by itself as soon as it is there.</p>
        <button type="button" onClick={() => session.retryConnection()}>Try now</button>
      </Message>
    );
  }
  if (runs === null || runs.length > 0) return <Message title="Opening the run…" />;
  return (
    <Message title="No runs yet">
      <p>Run a program with every kernel reply traced and checked:</p>
      <pre><code>sel4scope run program.ts</code></pre>
      <p>Its replies appear here as they happen.</p>
    </Message>
  );
}

export function Message({ title, children }: { title: string; children?: JSX.Element | JSX.Element[] }): JSX.Element {
  return (
    <div class="message">
      <svg viewBox="0 0 120 40" aria-hidden="true"><path d="M0 20h120" class="grid" /><path d="M0 20h46l5-13 9 26 7-19 4 6h49" /></svg>
      <h2>{title}</h2>
      {children}
    </div>
  );
}
