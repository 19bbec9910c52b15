// SPDX-License-Identifier: BSD-2-Clause
/** The run in view as the feed says it is: its figures, its rows, the names of its threads, and what the feed left out. */
import type { LiveMessage, LiveSkipped, RunSummary, ThreadRow } from '../../../schema/api/index.ts';
import { anomalyTotal } from '../format.ts';
import { AllRecords } from './all-records.ts';
import type { Api } from './api.ts';
import { isFiltering } from './filter.ts';
import { FilteredRecords } from './filtered-records.ts';
import { QUIET_FEED, type State } from './model.ts';
import type { RowSource } from './row-source.ts';
import { scanOf } from './scan.ts';
import type { Store } from './store.ts';
import { LATEST_RUN } from './url.ts';

const MOST_RATES = 60;
/** A filtered view that is further behind the run than this starts anew at the end when it follows. */
const FAR_BEHIND = 20_000;

/** What a change of the run asks of the rest of the session. */
export interface RunHooks {
  /** Another run is in view now. */
  readonly adopted: () => void;
  /** The rollups of the run are out of date. */
  readonly grown: () => void;
  /** The open record and thread belong to the run that was in view before. */
  readonly leavePlace: () => void;
  /** The feed shall bring this run again, and no other. */
  readonly follow: (run: string) => void;
}

export class RunInView {
  private readonly api: Api;
  private readonly store: Store<State>;
  private readonly hooks: RunHooks;
  private lastRate = { run: '', records: 0 };

  constructor(api: Api, store: Store<State>, hooks: RunHooks) {
    this.api = api;
    this.store = store;
    this.hooks = hooks;
  }

  /** Takes a message of the feed. */
  receive(message: LiveMessage): void {
    const { run, view } = this.store.get();
    switch (message.type) {
      case 'hello':
        if (message.run === null) this.clear();
        else this.adopt(message.run, message.threads);
        return;
      case 'run-started':
        this.list(message.run);
        if (message.run.run === run?.run || view.run === LATEST_RUN) this.adopt(message.run, []);
        else this.hooks.follow(view.run);
        return;
      case 'threads':
        if (message.run === run?.run) this.nameThreads(message.threads);
        return;
      case 'records':
        if (message.run === run?.run) this.update(message.summary, message.rows);
        return;
      case 'anomalies':
        if (message.run === run?.run) this.hooks.grown();
        return;
      case 'skipped':
        if (message.run === run?.run) this.skip(run, message);
        return;
      case 'run-ended':
        this.list(message.run);
        if (message.run.run === run?.run) this.update(message.run, []);
    }
  }

  /** Shows no run. */
  clear(): void {
    this.store.get().source?.dispose();
    this.store.set({ run: null, source: null, threads: new Map(), rollup: null, record: null, occurrences: null, threadStates: null, story: null, lanes: null, hang: null, feed: QUIET_FEED });
  }

  /** Reads the rows anew, through the filter of the view. */
  renewSource(): void {
    const { run, view, source, feed } = this.store.get();
    source?.dispose();
    if (run === null) return;
    const read = scanOf(this.api, run.run, view.filter);
    const changed = (): void => this.revise();
    const next = isFiltering(view.filter)
      ? new FilteredRecords(read, view.filter, view.follow ? run.records + 1 : view.seq ?? 1, run.records, changed)
      : new AllRecords(read, run.records, changed);
    next.limit(feed.pausedAt);
    this.store.set({ source: next });
    this.revise();
  }

  /** Holds the rows, or lets them go on, as the view asks. */
  followChanged(): void {
    const { view, run, source, feed } = this.store.get();
    if (run === null || source === null) return;
    const pausedAt = view.follow ? null : run.records;
    this.store.set({ feed: { ...feed, pausedAt, skippedInPause: 0 } });
    source.limit(pausedAt);
    const last = source.seqAt(source.end - 1) ?? 0;
    if (view.follow && isFiltering(view.filter) && run.records - last > FAR_BEHIND) this.renewSource();
    this.revise();
  }

  /** Notes how many records came since the last time. */
  sampleRate(): void {
    const { run, feed } = this.store.get();
    if (run === null) return;
    const same = this.lastRate.run === run.run && run.records >= this.lastRate.records;
    const rate = same ? run.records - this.lastRate.records : 0;
    this.lastRate = { run: run.run, records: run.records };
    if (rate === 0 && feed.rates.every((each) => each === 0)) return;
    this.store.set({ feed: { ...feed, rates: [...feed.rates, rate].slice(-MOST_RATES) } });
  }

  /** Makes a run the one in view, or brings it up to date if it is. */
  private adopt(summary: RunSummary, threads: readonly ThreadRow[]): void {
    const { run, view } = this.store.get();
    const other = run?.run !== summary.run || summary.records < run.records;
    if (!other) {
      this.update(summary, []);
    } else {
      this.store.set({
        run: summary, threads: new Map(), rollup: null, cursor: run === null ? view.seq : null,
        feed: { ...QUIET_FEED, pausedAt: view.follow ? null : summary.records },
      });
      this.renewSource();
      if (run !== null && view.run === LATEST_RUN && (view.seq ?? view.thread ?? view.to) !== null) this.hooks.leavePlace();
      else if (view.seq !== null) this.store.set({ cursor: view.seq, reveal: { seq: view.seq } });
      this.list(summary);
      this.hooks.adopted();
    }
    this.nameThreads(threads);
    this.hooks.grown();
  }

  private update(summary: RunSummary, rows: Parameters<RowSource['add']>[0]): void {
    const { run, source } = this.store.get();
    source?.add(rows, summary.records);
    this.store.set({ run: summary });
    this.revise();
    this.list(summary);
    if (run === null || rows.length > 0 || anomalyTotal(run) !== anomalyTotal(summary) || run.state !== summary.state) this.hooks.grown();
  }

  private skip(run: RunSummary, { records, threads, to }: LiveSkipped): void {
    const { feed, source } = this.store.get();
    if (threads > 0) void this.readThreads(run.run);
    const known = Math.max(run.records, to);
    source?.add([], known);
    const inPause = feed.pausedAt === null ? 0 : feed.skippedInPause + records;
    this.store.set({ run: { ...run, records: known }, feed: { ...feed, skipped: feed.skipped + records, skippedInPause: inPause } });
    this.revise();
  }

  private async readThreads(run: string): Promise<void> {
    try {
      const { threads } = await this.api.threads(run);
      if (this.store.get().run?.run === run) this.nameThreads(threads);
    } catch {
      // The connection shows that the service is away; its next hello has the names.
    }
  }

  private nameThreads(threads: readonly ThreadRow[]): void {
    if (threads.length === 0) return;
    const names = new Map(this.store.get().threads);
    for (const thread of threads) names.set(thread.id, thread.name);
    this.store.set({ threads: names });
  }

  /** Puts a run into the list as it is now. */
  private list(summary: RunSummary): void {
    const { runs } = this.store.get();
    if (runs === null) return;
    const known = runs.some((run) => run.run === summary.run);
    this.store.set({ runs: known ? runs.map((run) => (run.run === summary.run ? summary : run)) : [summary, ...runs] });
  }

  private revise(): void {
    this.store.set({ revision: this.store.get().revision + 1 });
  }
}
