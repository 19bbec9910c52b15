// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { useSelect, useSession } from '../session-context.ts';

/** What a person should know before trusting the rest of the page. */
export function Notices(): JSX.Element {
  const session = useSession();
  const stale = useSelect((state) => state.connection.phase === 'lost' && state.run !== null);
  const problem = useSelect((state) => state.status?.problem);
  const notices = useSelect((state) => state.notices);
  return (
    <div class="notices" aria-live="polite">
      {stale && <p class="notice bad">The service does not answer. What is shown is what was read before; the page catches up when the service is back.</p>}
      {problem !== undefined && <p class="notice bad">The service stores nothing at the moment: {problem}</p>}
      {notices.length > 0 && (
        <p class="notice">
          {notices.join('. ')}
          <button type="button" class="quiet" onClick={() => session.dismissNotices()}>Dismiss</button>
        </p>
      )}
    </div>
  );
}
