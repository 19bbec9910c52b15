// SPDX-License-Identifier: BSD-2-Clause
/** What the page reads about findings: the list, and the open one with the history of its rule and method. */
import type { FindingDetail } from '../../../schema/api/index.ts';
import { explainFailure, type Api } from './api.ts';
import { statesQuery, type StateFilter } from './finding-states.ts';
import type { Store } from './store.ts';
import type { State } from './model.ts';

const PAGE = 200;

export class FindingLoader {
  private readonly api: Api;
  private readonly store: Store<State>;
  /** Filter of the list that is shown or under way; null for none. */
  private listed: StateFilter | null = null;
  /** Grows with every reading of the list: an answer to an earlier one is not used. */
  private reading = 0;

  constructor(api: Api, store: Store<State>) {
    this.api = api;
    this.store = store;
  }

  /** Shows what the view asks for; forgets the findings when it shows a run. */
  show(): void {
    const { view, finding } = this.store.get();
    if (view.page !== 'findings') {
      this.listed = null;
      if (finding !== null || this.store.get().findings !== null) this.store.set({ findings: null, finding: null });
      return;
    }
    if (this.listed !== view.states) void this.list();
    if (view.finding === null) {
      if (finding !== null) this.store.set({ finding: null });
    } else if (finding?.fingerprint !== view.finding) {
      this.store.set({ finding: { fingerprint: view.finding, value: null, problem: '', history: null } });
      void this.open(view.finding);
    }
  }

  /** Reads again what is shown. */
  renew(): void {
    const { view } = this.store.get();
    if (view.page !== 'findings') return;
    void this.list();
    if (view.finding !== null) void this.open(view.finding);
  }

  /** Reads the next page of the list. */
  async more(): Promise<void> {
    const { findings } = this.store.get();
    if (findings?.next == null) return;
    await this.read(findings.next);
  }

  /** The open finding as the service has just said it is. */
  put(detail: FindingDetail): void {
    const { finding } = this.store.get();
    if (finding?.fingerprint === detail.finding.fingerprint) this.store.set({ finding: { ...finding, value: detail, problem: '' } });
  }

  private async list(): Promise<void> {
    this.listed = this.store.get().view.states;
    await this.read(undefined);
  }

  private async read(after: string | undefined): Promise<void> {
    const reading = ++this.reading;
    const { view, findings } = this.store.get();
    const before = after === undefined ? [] : findings?.rows ?? [];
    const state = statesQuery(view.states);
    try {
      const page = await this.api.findings({ limit: PAGE, ...(state === undefined ? {} : { state }), ...(after === undefined ? {} : { after }) });
      if (reading === this.reading) this.store.set({ findings: { rows: [...before, ...page.findings], next: page.next, problem: '' } });
    } catch (failure) {
      if (reading === this.reading) this.store.set({ findings: { rows: before, next: after ?? null, problem: explainFailure(failure) } });
    }
  }

  private async open(fingerprint: string): Promise<void> {
    try {
      const detail = await this.api.finding(fingerprint);
      this.put(detail);
      const { rule, method } = detail.finding;
      const history = await this.api.history({ rule, method });
      const { finding } = this.store.get();
      if (finding?.fingerprint === fingerprint) this.store.set({ finding: { ...finding, history } });
    } catch (failure) {
      const { finding } = this.store.get();
      if (finding?.fingerprint === fingerprint) this.store.set({ finding: { ...finding, problem: explainFailure(failure) } });
    }
  }
}
