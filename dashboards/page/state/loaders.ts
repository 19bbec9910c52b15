// SPDX-License-Identifier: BSD-2-Clause
/** What the page reads over REST beside rows: each loader keeps one thing of the state up to date. */
import type { RecordDetail } from '../../../schema/api/index.ts';
import { explainFailure, type Api } from './api.ts';
import type { State } from './model.ts';
import type { Store } from './store.ts';

/** Time between two readings of the rollups, ms. */
const INTERVAL = 1000;
/** Most records kept in full. */
const MOST_KEPT = 100;
/** Anomalies of one reading. */
const PAGE = 200;

/** Rollups of the run in view, read at most once a second however often they change. */
export class RollupLoader {
  private readonly api: Api;
  private readonly store: Store<State>;
  private busy = false;
  private again = false;

  constructor(api: Api, store: Store<State>) {
    this.api = api;
    this.store = store;
  }

  request(): void {
    if (this.busy) {
      this.again = true;
      return;
    }
    void this.load();
  }

  private async load(): Promise<void> {
    const run = this.store.get().run?.run;
    if (run === undefined) return;
    this.busy = true;
    this.again = false;
    try {
      const rollup = await this.api.run(run);
      if (this.store.get().run?.run === run) this.store.set({ rollup });
      else this.again = true;
    } catch {
      // The connection shows that the service is away; the next change asks again.
    }
    setTimeout(() => {
      this.busy = false;
      if (this.again) this.request();
    }, INTERVAL);
  }
}

/** The open record. Keeps the last ones, and of many asked for in a row reads only the last. */
export class RecordLoader {
  private readonly api: Api;
  private readonly store: Store<State>;
  private readonly kept = new Map<string, RecordDetail>();
  private busy = false;

  constructor(api: Api, store: Store<State>) {
    this.api = api;
    this.store = store;
  }

  /** Shows the record that the view has open, or none. */
  show(): void {
    const { view, run, record } = this.store.get();
    if (view.seq === null || run === null) {
      if (record !== null) this.store.set({ record: null });
      return;
    }
    const value = this.kept.get(key(run.run, view.seq)) ?? null;
    this.store.set({ record: { seq: view.seq, value, problem: '' } });
    if (value === null && !this.busy) void this.load(run.run, view.seq);
  }

  private async load(run: string, seq: number): Promise<void> {
    this.busy = true;
    let problem = '';
    try {
      this.keep(key(run, seq), await this.api.record(run, seq));
    } catch (failure) {
      problem = explainFailure(failure);
    }
    this.busy = false;
    const now = this.store.get();
    if (now.run?.run !== run || now.view.seq !== seq || problem === '') this.show();
    else this.store.set({ record: { seq, value: null, problem } });
  }

  private keep(name: string, record: RecordDetail): void {
    this.kept.set(name, record);
    const oldest = this.kept.keys().next();
    if (this.kept.size > MOST_KEPT && oldest.done !== true) this.kept.delete(oldest.value);
  }
}

function key(run: string, seq: number): string {
  return `${run} ${seq}`;
}

/** The records in which an anomaly of the open group was found. */
export class OccurrenceLoader {
  private readonly api: Api;
  private readonly store: Store<State>;
  private busy = false;

  constructor(api: Api, store: Store<State>) {
    this.api = api;
    this.store = store;
  }

  /** Shows the group that the view has open, or none; reads on when the group has grown. */
  show(): void {
    const { view, run, occurrences, rollup } = this.store.get();
    if (view.group === null || run === null) {
      if (occurrences !== null) this.store.set({ occurrences: null });
      return;
    }
    if (occurrences === null || occurrences.run !== run.run || occurrences.fingerprint !== view.group) {
      this.store.set({ occurrences: { run: run.run, fingerprint: view.group, rows: [], more: true, problem: '' } });
      this.more();
      return;
    }
    const kept = rollup?.anomalies.find((group) => group.fingerprint === view.group)?.kept ?? 0;
    if (!occurrences.more && kept > occurrences.rows.length) this.more();
  }

  /** Reads the next page. */
  more(): void {
    if (!this.busy) void this.load();
  }

  private async load(): Promise<void> {
    const asked = this.store.get().occurrences;
    if (asked === null) return;
    this.busy = true;
    const after = asked.rows.at(-1)?.id;
    try {
      const page = await this.api.anomalies({
        run: asked.run, fingerprint: asked.fingerprint, limit: PAGE, ...(after === undefined ? {} : { after }),
      });
      this.put(asked.run, asked.fingerprint, { rows: [...asked.rows, ...page.anomalies], more: page.next !== null, problem: '' });
    } catch (failure) {
      this.put(asked.run, asked.fingerprint, { rows: asked.rows, more: true, problem: explainFailure(failure) });
    }
  }

  private put(run: string, fingerprint: string, news: { rows: NonNullable<State['occurrences']>['rows']; more: boolean; problem: string }): void {
    this.busy = false;
    const now = this.store.get().occurrences;
    if (now?.run === run && now.fingerprint === fingerprint) this.store.set({ occurrences: { run, fingerprint, ...news } });
    else if (now !== null) this.more();
  }
}
