// SPDX-License-Identifier: BSD-2-Clause
/** What happens on the page: messages of the feed, and what a person does. Views call it and read its store. */
import type { ExportQuery, FindingDecision } from '../../../schema/api/index.ts';
import { explainFailure, type Api } from './api.ts';
import { isFiltering, NO_FILTER, sameFilter, type Filter } from './filter.ts';
import { ComparisonLoader, partnerOf, type Compared } from './comparison.ts';
import { FindingLoader } from './finding-loader.ts';
import type { StateFilter } from './finding-states.ts';
import { JobWatch } from './job-watch.ts';
import type { KeptToken } from './kept-token.ts';
import { LiveFeed, type Socket } from './live.ts';
import { OccurrenceLoader, RecordLoader, RollupLoader } from './loaders.ts';
import { isSettled, START_STATE, type State } from './model.ts';
import { RunInView } from './run-in-view.ts';
import { ServiceWatch } from './service-watch.ts';
import { SqlConsole } from './sql-console.ts';
import { Store, type Pace } from './store.ts';
import { ThreadLoader } from './thread-loader.ts';
import { fromHash, isStep, LATEST_RUN, toHash, type Tab, type View } from './url.ts';

/** What the session needs of the browser. */
export interface Host {
  readonly api: Api;
  /** Which the requests of `api` carry. */
  readonly token: KeptToken;
  /** What the browser keeps as long as the tab is open; null where it keeps nothing. */
  readonly tabStorage: Pick<Storage, 'getItem' | 'setItem'> | null;
  readonly openSocket: (path: string) => Socket;
  /** Wall clock, ms. */
  readonly now: () => number;
  readonly pace: Pace;
  /** Shows a link in the address bar, as a new step of the history or in place of the present one. */
  readonly showLink: (hash: string, step: boolean) => void;
}

const POLL_INTERVAL = 3000;
const RATE_INTERVAL = 1000;

export class Session {
  readonly store: Store<State>;
  /** Threads of the run in view, and their picture. */
  readonly threads: ThreadLoader;
  readonly sql: SqlConsole;
  readonly jobs: JobWatch;
  private readonly host: Host;
  private readonly live: LiveFeed;
  private readonly inView: RunInView;
  private readonly service: ServiceWatch;
  private readonly rollups: RollupLoader;
  private readonly records: RecordLoader;
  private readonly occurrences: OccurrenceLoader;
  private readonly findings: FindingLoader;
  private readonly comparison: ComparisonLoader;
  private readonly timers: ReturnType<typeof setInterval>[] = [];

  constructor(host: Host) {
    this.host = host;
    this.store = new Store(START_STATE, host.pace);
    this.rollups = new RollupLoader(host.api, this.store);
    this.records = new RecordLoader(host.api, this.store);
    this.occurrences = new OccurrenceLoader(host.api, this.store);
    this.findings = new FindingLoader(host.api, this.store);
    this.comparison = new ComparisonLoader(host.api, this.store);
    this.threads = new ThreadLoader(host.api, this.store);
    this.sql = new SqlConsole(host.api, this.store, host.tabStorage);
    this.jobs = new JobWatch(host.api, this.store, () => {
      this.rollups.request();
      this.findings.renew();
    });
    this.live = new LiveFeed({
      open: host.openSocket,
      ticket: () => (host.token.get() === undefined ? null : host.api.liveTicket().then(({ ticket }) => ticket)),
      now: host.now,
      onConnection: (connection) => {
        this.store.set({ connection });
        if (connection.phase === 'open') this.reconnected();
      },
      onMessage: (message) => this.store.calmly(() => (message.type === 'job' ? this.jobs.receive(message.job) : this.inView.receive(message))),
    });
    this.inView = new RunInView(host.api, this.store, {
      adopted: () => this.showLoaded(),
      grown: () => {
        this.rollups.request();
        this.threads.show();
      },
      leavePlace: () => this.change({ ...this.view, seq: null, thread: null, to: null }, 'replace'),
      follow: (run) => this.live.follow(run),
    });
    this.service = new ServiceWatch(host.api, host.token, this.store, () => {
      this.live.close();
      this.inView.clear();
    });
  }

  /** Opens the view of a link and connects. */
  start(hash: string): void {
    const { view, problems } = fromHash(hash);
    this.store.set({ view, cursor: view.seq, notices: problems });
    this.live.follow(view.run);
    this.showLoaded();
    void this.poll();
    this.timers.push(setInterval(() => void this.poll(), POLL_INTERVAL), setInterval(() => this.inView.sampleRate(), RATE_INTERVAL));
  }

  /** Tries a token; the page goes on as it was when the service takes it. */
  async signIn(token: string): Promise<void> {
    if (!(await this.service.signIn(token))) return;
    this.live.follow(this.view.run);
    this.showLoaded();
    this.findings.renew();
    void this.poll();
  }

  /** Forgets the token and all that was read with it. */
  signOut(): void {
    this.service.signOut();
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
    this.change({ ...this.view, page: 'run', run, seq: null, thread: null, to: null, follow: run === LATEST_RUN || summary?.state === 'running' });
  }

  selectTab(tab: Tab): void {
    this.change({ ...this.view, page: 'run', tab });
  }

  /** Shows the story of a thread, or all of them for null, as a record leaves them or as the run goes on. */
  openThread(thread: number | null, to: number | null = this.view.to): void {
    this.change({ ...this.view, page: 'run', tab: 'threads', thread, to });
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

  /** Shows two runs side by side: the one in view and its likely partner, unless others are chosen. */
  openComparison(chosen: Partial<Compared> = {}): void {
    const { compared } = this.view;
    const { run, runs } = this.store.get();
    const a = chosen.a ?? (this.view.page === 'compare' ? compared.a : null) ?? run?.run ?? null;
    const b = chosen.b ?? (a === compared.a ? compared.b : null) ?? (a === null ? null : partnerOf(runs ?? [], a));
    this.change({ ...this.view, page: 'compare', compared: { a, b, depth: chosen.depth ?? compared.depth } });
  }

  compareAgain(): void {
    this.comparison.again();
  }

  openSql(): void {
    this.change({ ...this.view, page: 'sql' });
  }

  /** Leaves the pages that are about more than one run. */
  backToRun(): void {
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

  /** Reads the trace of a run as a file. Resolves to the file, or to why there is none. */
  async exportRun(run: string, query: ExportQuery): Promise<{ readonly name: string; readonly content: Blob | null; readonly problem: string }> {
    try {
      const response = await this.host.api.exportRun(run, query);
      const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? `${run}.${query.format}`;
      return { name, content: await response.blob(), problem: '' };
    } catch (failure) {
      return { name: '', content: null, problem: explainFailure(failure) };
    }
  }

  /** Opens the story of a thread of whatever run. */
  openThreadOf(run: string, thread: number): void {
    this.change({ ...this.view, page: 'run', tab: 'threads', run, seq: null, thread, to: null, follow: false });
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
    if (view.run !== before.run) {
      this.aim();
      if (!isSettled(this.store.get())) this.inView.clear();
    }
    if (!sameFilter(view.filter, before.filter)) this.inView.renewSource();
    if (view.follow !== before.follow) this.inView.followChanged();
    this.showLoaded();
  }

  /** Brings what is read beside the rows in line with the view. */
  private showLoaded(): void {
    for (const loader of [this.findings, this.records, this.occurrences, this.threads, this.comparison, this.sql]) loader.show();
  }

  /** Points the feed at the run of the view, unless it already brings that run. */
  private aim(): void {
    const { view, run } = this.store.get();
    const { target } = this.live;
    if (target !== view.run && !(target === LATEST_RUN && run?.run === view.run)) this.live.follow(view.run);
  }

  private reconnected(): void {
    this.store.get().source?.retry();
    this.records.show();
    this.threads.retry();
    void this.poll();
  }

  private async poll(): Promise<void> {
    await this.service.poll();
    this.occurrences.show();
  }
}
