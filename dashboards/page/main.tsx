// SPDX-License-Identifier: BSD-2-Clause
/** Starts the page. */
import { render } from 'preact';
import { App } from './app.tsx';
import { Api } from './state/api.ts';
import { KeptToken } from './state/kept-token.ts';
import { Session } from './state/session.ts';

/** Shortest time between two drawings of what the feed brings, ms. */
const CALM_INTERVAL = 50;

const storage = tabStorage();
const token = new KeptToken(storage);

const session = new Session({
  api: new Api((input, init) => fetch(input, init), () => token.get()),
  token,
  tabStorage: storage,
  openSocket: (path) => {
    const url = new URL(path, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.hash = '';
    return new WebSocket(url);
  },
  now: () => Date.now(),
  pace: {
    soon: (run) => requestAnimationFrame(run),
    calm: (run) => setTimeout(() => requestAnimationFrame(run), CALM_INTERVAL),
  },
  showLink: (hash, step) => {
    if (hash === location.hash) return;
    if (step) history.pushState(null, '', hash);
    else history.replaceState(null, '', hash);
  },
});

/** Null where the browser is told to keep nothing. */
function tabStorage(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

addEventListener('popstate', () => session.openLink(location.hash));
addEventListener('online', () => session.retryConnection());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) session.retryConnection();
});

render(<App session={session} />, document.getElementById('app')!);
session.start(location.hash);
