// SPDX-License-Identifier: BSD-2-Clause
/** Gives views the session, and lets them watch what they show of its state. */
import { createContext } from 'preact';
import { useContext, useEffect, useReducer, useRef } from 'preact/hooks';
import type { State } from './state/model.ts';
import type { Session } from './state/session.ts';

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('a view is used outside of the app');
  return session;
}

/** A part of the state. The view is drawn again when that part is another value (`Object.is`), so `select` must not make new objects. */
export function useSelect<T>(select: (state: State) => T): T {
  const { store } = useSession();
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const value = select(store.get());
  const drawn = useRef({ select, value });
  drawn.current = { select, value };
  useEffect(() => {
    const check = (): void => {
      if (!Object.is(drawn.current.select(store.get()), drawn.current.value)) redraw(undefined);
    };
    check();
    return store.subscribe(check);
  }, [store]);
  return value;
}
