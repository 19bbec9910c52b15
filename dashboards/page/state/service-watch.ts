// SPDX-License-Identifier: BSD-2-Clause
/** What no feed brings: who the page is to the service, the list of runs, the service's own state, the catalogue of rules. */
import { explainFailure, isUnauthorized, type Api } from './api.ts';
import type { KeptToken } from './kept-token.ts';
import { START_CALLER, START_STATE, type State } from './model.ts';
import type { Store } from './store.ts';

export class ServiceWatch {
  private readonly api: Api;
  private readonly token: KeptToken;
  private readonly store: Store<State>;
  private readonly shutOut: () => void;

  /** @param token which the requests of `api` carry
   *  @param shutOut called before all that was read is forgotten, for the service asks for another token */
  constructor(api: Api, token: KeptToken, store: Store<State>, shutOut: () => void) {
    this.api = api;
    this.token = token;
    this.store = store;
    this.shutOut = shutOut;
  }

  /** Tries a token. Resolves to whether the service takes it. */
  async signIn(token: string): Promise<boolean> {
    this.token.set(token);
    try {
      const { name, access } = await this.api.session();
      if (!access.includes('read')) throw new Error(`the token "${name}" is for ${access.join(' and ')}, not for reading`);
      this.store.set({ caller: { ...START_CALLER, name, access } });
      return true;
    } catch (failure) {
      this.token.clear();
      this.store.set({ caller: { ...START_CALLER, unknown: true, problem: explainFailure(failure) } });
      return false;
    }
  }

  /** Forgets the token and all that was read with it. */
  signOut(problem = ''): void {
    this.token.clear();
    this.shutOut();
    this.store.set({ ...START_STATE, view: this.store.get().view, caller: { ...START_CALLER, unknown: true, problem } });
  }

  /** Asks for all of it. */
  async poll(): Promise<void> {
    const { rules, caller } = this.store.get();
    if (caller.unknown) return;
    try {
      const [list, status, catalogue, me] = await Promise.all([
        this.api.runs(), this.api.status(), rules.size === 0 ? this.api.rules() : null, caller.access === null ? this.api.session() : null,
      ]);
      const before = this.store.get();
      if (before.caller.unknown) return;
      const updated = before.status !== null && before.status.version !== status.version;
      this.store.set({
        runs: list.runs,
        status,
        ...(me === null ? {} : { caller: { ...START_CALLER, name: me.name, access: me.access } }),
        ...(catalogue === null ? {} : { rules: new Map(catalogue.rules.map((rule) => [rule.id, rule])) }),
        ...(updated ? { notices: [...before.notices, `The service is now version ${status.version}: reload the page.`] } : {}),
      });
    } catch (failure) {
      // That the service is away is shown by the connection.
      if (isUnauthorized(failure)) this.signOut(this.token.get() === undefined ? '' : explainFailure(failure));
    }
  }
}
