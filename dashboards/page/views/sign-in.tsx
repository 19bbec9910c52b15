// SPDX-License-Identifier: BSD-2-Clause
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useSelect, useSession } from '../session-context.ts';
import { Message } from './empty-state.tsx';

/** In place of everything, while the service asks who it is. */
export function SignIn(): JSX.Element {
  const session = useSession();
  const problem = useSelect((state) => state.caller.problem);
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    setBusy(true);
    void session.signIn(token.trim()).finally(() => setBusy(false));
  };
  return (
    <main class="run">
      <Message title="This service asks for a token">
        <form class="sign-in" onSubmit={submit}>
          <label for="token">Token</label>
          <input id="token" type="password" autocomplete="current-password" spellcheck={false} autofocus value={token} onInput={(event) => setToken(event.currentTarget.value)} />
          <button type="submit" disabled={busy || token.trim() === ''}>Sign in</button>
        </form>
        <p role="alert" class="bad">{problem}</p>
        <p>Whoever runs the service makes one with <code>sel4scope token new</code>. This tab keeps it until it is closed.</p>
      </Message>
    </main>
  );
}
