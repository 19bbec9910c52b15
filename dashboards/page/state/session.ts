// SPDX-License-Identifier: BSD-2-Clause
/** What happens on the page: messages of the feed, and what a person does. Views call it and read its store. */
import type { FindingDecision, LiveMessage, LiveSkipped, RunSummary, ThreadRow } from '../../../schema/api/index.ts';
import { anomalyTotal } from '../format.ts';
import { AllRecords } from './all-records.ts';
import { explainFailure, isUnauthorized, type Api } from './api.ts';
import { isFiltering, NO_FILTER, sameFilter, type Filter } from './filter.ts';
import { FindingLoader } from './finding-loader.ts';
import type { StateFilter } from './finding-states.ts';
import { FilteredRecords } from './filtered-records.ts';
import type { KeptToken } from './kept-token.ts';
import { LiveFeed, type Socket } from './live.ts';
import { OccurrenceLoader, RecordLoader, RollupLoader } from './loaders.ts';
import { isSettled, QUIET_FEED, START_CALLER, START_STATE, type State } from './model.ts';
import type { RowSource } from './row-source.ts';
import { scanOf } from './scan.ts';
import { Store, type Pace } from './store.ts';
import { fromHash, isStep, LATEST_RUN, toHash, type Tab, type View } from './url.ts';

/** What the session needs of the browser. */
export interface Host {
  readonly api: Api;
  /** Which the requests of `api` carry. */
  readonly token: KeptToken;
  readonly openSocket: (path: string) => Socket;
  /** Wall clock, ms. */
  readonly now: () => number;
  readonly pace: Pace;
  /** Shows a link in the address bar, as a new step of the history or in place of the present one. */
  readonly showLink: (hash: string, step: boolean) => void;
}

const POLL_INTERVAL = 3000;
const RATE_INTERVAL = 1000;
const MOST_RATES = 60;
/** A filtered view that is further behind the run than this starts anew at the end when it follows. */
const FAR_BEHIND = 20_000;

export class Session {
  readonly store: Store<State>;
  private readonly host: Host;
  private readonly live: LiveFeed;
  private readonly rollups: RollupLoader;
  private readonly records: RecordLoader;
  private readonly occurrences: OccurrenceLoader;
  private readonly findings: FindingLoader;
  private readonly timers: ReturnType<typeof setInterval>[] = [];
  private lastRate = { run: '', records: 0 };

  constructor(host: Host) {
    this.host = host;
    this.store = new Store(START_STATE, host.pace);
    this.rollups = new RollupLoader(host.api, this.store);
    this.records = new RecordLoader(host.api, this.store);
    this.occurrences = new OccurrenceLoader(host.api, this.store);
    this.findings = new FindingLoader(host.api, this.store);
    this.live = new LiveFeed({
      open: host.openSocket,
      ticket: () => (host.token.get() === undefined ? null : host.api.liveTicket().then(({ ticket }) => ticket)),
      now: host.now,
      onConnection: (connection) => {
        this.store.set({ connection });
        if (connection.phase === 'open') this.reconnected();
      },
      onMessage: (message) => this.store.calmly(() => this.receive(message)),
    });
  }

  /** Opens the view of a link and connects. */
  start(hash: string): void {
    const { view, problems } = fromHash(hash);
    this.store.set({ view, cursor: view.seq, notices: problems });
    this.live.follow(view.run);
    this.findings.show();
    void this.poll();
    this.timers.push(setInterval(() => void this.poll(), POLL_INTERVAL), setInterval(() => this.sampleRate(), RATE_INTERVAL));
  }

  /** Tries a token; the page goes on as it was when the service takes it. */
  async signIn(token: string): Promise<void> {
    this.host.token.set(token);
    try {
      const { name, access } = await this.host.api.session();
      if (!access.includes('read')) throw new Error(`the token "${name}" is for ${access.join(' and ')}, not for reading`);
      this.store.set({ caller: { ...START_CALLER, name, access } });
    } catch (failure) {
      this.host.token.clear();
      this.store.set({ caller: { ...START_CALLER, unknown: true, problem: explainFailure(failure) } });
      return;
    }
    this.live.follow(this.view.run);
    this.findings.renew();
    void this.poll();
  }

  /** Forgets the token and all that was read with it. */
  signOut(): void {
    this.host.token.clear();
    this.askWho('');
  }

  stop(): void {
    for (const timer of this.timers.splice(0)) clearInterval(timer);
    this.live.close();
    this.store.get().source?.dispose();
  }

  /** A step back or forward in the browser's history, or a link typed in. */
  openLink(hash: string): void {
    const { view, problems } = fromHash(hash);
    if (problems.length > 0) this.store.set({ notices: problems });
    this.change(view, 'none');
    if (view.seq !== null) this.store.set({ cursor: view.seq, reveal: { seq: view.seq } });
  }

  selectRun(run: string): void {
    const summary = this.store.get().runs?.find((each) => each.run === run);
    this.store.set({ overlay: null, cursor: null });
    this.change({ ...this.view, page: 'run', run, seq: null, follow: run === LATEST_RUN || summary?.state === 'running' });
  }

  selectTab(tab: Tab): void {
    this.change({ ...this.view, page: 'run', tab });
  }

  setFilter(filter: Filter): void {
    this.change({ ...this.view, filter });
  }

  openGroup(fingerprint: string | null): void {
    this.change({ ...this.view, page: 'run', tab: 'anomalies', group: fingerprint });
  }

  /** Shows the findings of all runs, and one of them in full. */
  openFindings(fingerprint: string | null = this.view.finding): void {
    this.change({ ...this.view, page: 'findings', finding: fingerprint });
  }

  closeFindings(): void {
    this.change({ ...this.view, page: 'run' });
  }

  showStates(states: StateFilter): void {
    this.change({ ...this.view, states });
  }

  moreFindings(): void {
    void this.findings.more();
  }

  /** Decides about a finding. Resolves to why it could not be, or to nothing. */
  async decide(fingerprint: string, decision: FindingDecision): Promise<string> {
    try {
      this.findings.put(await this.host.api.decide(fingerprint, decision));
    } catch (failure) {
      return explainFailure(failure);
    }
    this.rollups.request();
    this.findings.renew();
    return '';
  }

  /** Opens a record of whatever run. */
  openRecordOf(run: string, seq: number): void {
    this.store.set({ cursor: seq, reveal: { seq } });
    this.change({ ...this.view, page: 'run', tab: 'records', run, seq, follow: false, filter: NO_FILTER });
  }

  moreOccurrences(): void {
    this.occurrences.more();
  }

  /** Opens a record in full. Pauses: whoever looks at a record does not want the table to run away. */
  openRecord(seq: number): void {
    this.store.set({ cursor: seq, reveal: { seq } });
    this.change({ ...this.view, seq, follow: false });
  }

  closeRecord(): void {
    this.change({ ...this.view, seq: null });
  }

  /** Shows a record among all others, without the filter if the filter hides it. */
  showInTable(seq: number): void {
    const { filter } = this.view;
    const { source } = this.store.get();
    const hidden = isFiltering(filter) && (source === null || source.seqAt(source.indexOf(seq)) !== seq);
    this.store.set({ cursor: seq, reveal: { seq } });
    this.change({ ...this.view, tab: 'records', seq, follow: false, filter: hidden ? NO_FILTER : filter });
  }

  /** Moves the keyboard's row; the open record goes along. */
  moveCursor(rows: number): void {
    const { source, cursor } = this.store.get();
    if (source === null || source.end === source.first) return;
    if (this.view.follow) this.pause();
    const from = cursor === null ? (rows > 0 ? source.first - 1 : source.end) : source.indexOf(cursor);
    const seq = source.seqAt(Math.max(source.first, Math.min(source.end - 1, from + rows)));
    if (seq === null) return;
    this.store.set({ cursor: seq, reveal: { seq } });
    if (this.view.seq !== null) this.change({ ...this.view, seq });
  }

  pause(): void {
    this.change({ ...this.view, follow: false });
  }

  /** Follows the run in view while it is live, otherwise the newest one. */
  follow(): void {
    const { run, runs } = this.store.get();
    const stay = run !== null && run.state === 'running' && runs?.[0] !== undefined && runs[0].run !== run.run;
    this.change({ ...this.view, follow: true, run: stay ? run.run : LATEST_RUN });
  }

  retryConnection(): void {
    if (!this.store.get().caller.unknown) this.live.retryNow();
  }

  dismissNotices(): void {
    this.store.set({ notices: [] });
  }

  setOverlay(overlay: State['overlay']): void {
    this.store.set({ overlay });
  }

  private get view(): View {
    return this.store.get().view;
  }

  /** The one place where the view changes; everything that depends on it is brought in line. */
  private change(wanted: View, link: 'show' | 'replace' | 'none' = 'show'): void {
    const before = this.view;
    const { run } = this.store.get();
    // A paused view is about one run, whatever starts meanwhile.
    const view = !wanted.follow && wanted.run === LATEST_RUN && run !== null ? { ...wanted, run: run.run } : wanted;
    this.store.set({ view });
    if (link !== 'none') this.host.showLink(toHash(view), link === 'show' && isStep(before, view));
    this.findings.show();
    if (view.run !== before.run) {
      this.aim();
      if (!isSettled(this.store.get())) return this.clearRun();
    }
    if (!sameFilter(view.filter, before.filter)) this.renewSource();
    if (view.follow !== before.follow) this.followChanged();
    this.records.show();
    this.occurrences.show();
  }

  /** Points the feed at the run of the view, unless it already brings that run. */
  private aim(): void {
    const { view, run } = this.store.get();
    const { target } = this.live;
    if (target !== view.run && !(target === LATEST_RUN && run?.run === view.run)) this.live.follow(view.run);
  }

  private followChanged(): void {
    const { view, run, source, feed } = this.store.get();
    if (run === null || source === null) return;
    const pausedAt = view.follow ? null : run.records;
    this.store.set({ feed: { ...feed, pausedAt, skippedInPause: 0 } });
    source.limit(pausedAt);
    const last = source.seqAt(source.end - 1) ?? 0;
    if (view.follow && isFiltering(view.filter) && run.records - last > FAR_BEHIND) this.renewSource();
    this.revise();
  }

  private receive(message: LiveMessage): void {
    const { run, view } = this.store.get();
    switch (message.type) {
      case 'hello':
        if (message.run === null) this.clearRun();
        else this.adopt(message.run, message.threads);
        return;
      case 'run-started':
        this.putRun(message.run);
        if (message.run.run === run?.run || view.run === LATEST_RUN) this.adopt(message.run, []);
        else this.live.follow(view.run);
        return;
      case 'threads':
        if (message.run === run?.run) this.nameThreads(message.threads);
        return;
      case 'records':
        if (message.run === run?.run) this.update(message.summary, message.rows);
        return;
      case 'anomalies':
        if (message.run === run?.run) this.rollups.request();
        return;
      case 'skipped':
        if (message.run === run?.run) this.skip(run, message);
        return;
      case 'run-ended':
        this.putRun(message.run);
        if (message.run.run === run?.run) this.update(message.run, []);
    }
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
      if (run !== null && view.run === LATEST_RUN && view.seq !== null) this.change({ ...view, seq: null }, 'replace');
      else if (view.seq !== null) this.store.set({ cursor: view.seq, reveal: { seq: view.seq } });
      this.putRun(summary);
      this.records.show();
      this.occurrences.show();
    }
    this.nameThreads(threads);
    this.rollups.request();
  }

  private clearRun(): void {
    this.store.get().source?.dispose();
    this.store.set({ run: null, source: null, threads: new Map(), rollup: null, record: null, occurrences: null, feed: QUIET_FEED });
  }

  private update(summary: RunSummary, rows: Parameters<RowSource['add']>[0]): void {
    const { run, source } = this.store.get();
    source?.add(rows, summary.records);
    this.store.set({ run: summary });
    this.revise();
    this.putRun(summary);
    if (run === null || rows.length > 0 || anomalyTotal(run) !== anomalyTotal(summary) || run.state !== summary.state) this.rollups.request();
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
      const { threads } = await this.host.api.threads(run);
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
  private putRun(summary: RunSummary): void {
    const { runs } = this.store.get();
    if (runs === null) return;
    const known = runs.some((run) => run.run === summary.run);
    this.store.set({ runs: known ? runs.map((run) => (run.run === summary.run ? summary : run)) : [summary, ...runs] });
  }

  private renewSource(): void {
    const { run, view, source, feed } = this.store.get();
    source?.dispose();
    if (run === null) return;
    const read = scanOf(this.host.api, run.run, view.filter);
    const changed = (): void => this.revise();
    const next = isFiltering(view.filter)
      ? new FilteredRecords(read, view.filter, view.follow ? run.records + 1 : view.seq ?? 1, run.records, changed)
      : new AllRecords(read, run.records, changed);
    next.limit(feed.pausedAt);
    this.store.set({ source: next });
    this.revise();
  }

  private revise(): void {
    this.store.set({ revision: this.store.get().revision + 1 });
  }

  private reconnected(): void {
    this.store.get().source?.retry();
    this.records.show();
    void this.poll();
  }

  private sampleRate(): void {
    const { run, feed } = this.store.get();
    if (run === null) return;
    const same = this.lastRate.run === run.run && run.records >= this.lastRate.records;
    const rate = same ? run.records - this.lastRate.records : 0;
    this.lastRate = { run: run.run, records: run.records };
    if (rate === 0 && feed.rates.every((each) => each === 0)) return;
    this.store.set({ feed: { ...feed, rates: [...feed.rates, rate].slice(-MOST_RATES) } });
  }

  private askWho(problem: string): void {
    this.live.close();
    this.clearRun();
    this.store.set({ ...START_STATE, view: this.view, caller: { ...START_CALLER, unknown: true, problem } });
  }

  /** What no feed brings: the list of runs, the service's own state, the catalogue of rules. */
  private async poll(): Promise<void> {
    const { api } = this.host;
    const { rules, caller } = this.store.get();
    if (caller.unknown) return;
    try {
      const [list, status, catalogue, me] = await Promise.all([
        api.runs(), api.status(), rules.size === 0 ? api.rules() : null, caller.access === null ? api.session() : null,
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
      this.occurrences.show();
    } catch (failure) {
      // That the service is away is shown by the connection.
      if (!isUnauthorized(failure)) return;
      const problem = this.host.token.get() === undefined ? '' : explainFailure(failure);
      this.host.token.clear();
      this.askWho(problem);
    }
  }
}
