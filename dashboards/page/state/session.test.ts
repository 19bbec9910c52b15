// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Access, LiveMessage, RunSummary } from '../../../schema/api/index.ts';
import { ClientError } from '../../../schema/client/index.ts';
import { recordDetail, RULE, runSummary, THREADS } from '../../testing/fixtures.ts';
import { FakeSockets } from '../../testing/fake-sockets.ts';
import { History, rowsOf } from '../../testing/history.ts';
import type { Api } from './api.ts';
import { KeptToken } from './kept-token.ts';
import { NO_FILTER } from './filter.ts';
import { mayAdminister, type State } from './model.ts';
import { Session } from './session.ts';

const stopped: Session[] = [];

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => {
  for (const session of stopped.splice(0)) session.stop();
  vi.useRealTimers();
});

class Bench {
  readonly sockets = new FakeSockets();
  readonly links: { hash: string; step: boolean }[] = [];
  readonly history = new History(0);
  runs: RunSummary[] = [];
  version = '0.1.0';
  /** Tokens that the service takes; undefined for none. */
  takes: readonly (string | undefined)[] = [undefined];
  access: readonly Access[] = ['read', 'ingest', 'admin'];
  readonly token = new KeptToken(null);
  readonly session: Session;

  constructor() {
    const api = {
      runs: async () => ({ runs: this.runs, next: null }),
      session: async () => { if (!this.takes.includes(this.token.get())) throw new ClientError('unauthorized', 'the token is not valid', 401); return { tokens: true, name: this.token.get() ?? '', access: this.access }; },
      liveTicket: async () => ({ ticket: `ticket of ${this.token.get()}`, expiresInMs: 1 }),
      status: async () => { if (!this.takes.includes(this.token.get())) throw new ClientError('unauthorized', 'this service asks for a token', 401); return { version: this.version }; },
      rules: async () => ({ rules: [RULE] }),
      run: async (run: string) => ({ summary: this.runs.find((each) => each.run === run), replies: 0, methods: [], anomalies: [] }),
      threads: async () => ({ threads: THREADS }),
      records: (_run: string, query: { from: number; to: number; limit: number }) => this.history.read(query.from, query.to, query.limit, new AbortController().signal),
      record: async (run: string, seq: number) => recordDetail(run, seq),
      anomalies: async () => ({ anomalies: [], next: null }),
    } as unknown as Api;
    this.session = new Session({
      api, token: this.token, tabStorage: null, openSocket: this.sockets.open, now: () => Date.now(), pace: { soon: queueMicrotask, calm: queueMicrotask },
      showLink: (hash, step) => this.links.push({ hash, step }),
    });
    stopped.push(this.session);
  }

  get state(): State {
    return this.session.store.get();
  }

  /** Starts with a connected feed of a run. */
  async open(run: string, records: number, hash = ''): Promise<void> {
    this.runs = [this.summary(run, records)];
    this.history.records = records;
    this.session.start(hash);
    this.sockets.last.accept();
    this.say({ type: 'hello', run: this.runs[0]!, threads: [...THREADS] });
    await this.settle();
  }

  summary(run: string, records: number): RunSummary {
    return runSummary(run, { state: 'running', end: null, records });
  }

  say(message: LiveMessage): void {
    this.sockets.last.say(message);
  }

  commit(run: string, to: number, from = this.history.records + 1): void {
    this.history.records = to;
    this.say({ type: 'records', run, rows: rowsOf(from, to), summary: this.summary(run, to) });
  }

  async settle(): Promise<void> {
    await vi.advanceTimersByTimeAsync(0);
  }

  shown(): (number | undefined)[] {
    const source = this.state.source!;
    return Array.from({ length: source.end - source.first }, (_, i) => source.at(source.first + i)?.seq);
  }
}

it('shows the newest run and its records as they arrive', async () => {
  const bench = new Bench();
  await bench.open('a', 0);
  bench.commit('a', 3);
  expect(bench.state.run?.records).toBe(3);
  expect(bench.shown()).toEqual([1, 2, 3]);
  expect(bench.state.threads.get(2)).toBe('server');
  expect(bench.state.rules.get('K05')).toEqual(RULE);
});

describe('a pause', () => {
  it('holds the table, counts what comes and what the feed skips, and lets go again', async () => {
    const bench = new Bench();
    await bench.open('a', 0);
    bench.commit('a', 5);
    bench.session.pause();
    bench.say({ type: 'skipped', run: 'a', records: 7, anomalies: 0, threads: 0, from: 6, to: 12 });
    bench.commit('a', 20, 13);
    expect(bench.shown()).toEqual([1, 2, 3, 4, 5]);
    expect(bench.state.feed).toMatchObject({ pausedAt: 5, skippedInPause: 7, skipped: 7 });
    bench.session.follow();
    expect(bench.state.feed).toMatchObject({ pausedAt: null, skippedInPause: 0, skipped: 7 });
    expect(bench.state.source!.end).toBe(21);
    bench.state.source!.want(1, 21);
    await bench.settle();
    expect(bench.shown()).toEqual(rowsOf(1, 20).map((row) => row.seq));
  });

  it('keeps to its run when another one starts, and goes on hearing of it', async () => {
    const bench = new Bench();
    await bench.open('a', 5);
    bench.session.pause();
    expect(bench.state.view.run).toBe('a');
    expect(bench.sockets.all).toHaveLength(1);
    bench.runs = [bench.summary('b', 0), ...bench.runs];
    bench.say({ type: 'run-started', run: bench.runs[0]! });
    expect(bench.state.run?.run).toBe('a');
    expect(bench.sockets.last.path).toBe('live?run=a');
    expect(bench.state.runs?.map((run) => run.run)).toEqual(['b', 'a']);
  });
});

it('moves on to each new run while it follows the newest', async () => {
  const bench = new Bench();
  await bench.open('a', 5);
  bench.session.setFilter({ ...NO_FILTER, method: 'Send' });
  bench.say({ type: 'run-started', run: bench.summary('b', 0) });
  expect(bench.state.run?.run).toBe('b');
  bench.say({ type: 'records', run: 'a', rows: rowsOf(6, 9), summary: bench.summary('a', 9) });
  expect(bench.state.run?.records).toBe(0);
});

it('after a lost connection nothing is missing and nothing is doubled', async () => {
  const bench = new Bench();
  await bench.open('a', 0);
  bench.commit('a', 10);
  bench.sockets.last.break();
  expect(bench.state.connection.phase).toBe('lost');
  expect(bench.shown()).toHaveLength(10);
  await vi.advanceTimersByTimeAsync(500);
  bench.sockets.last.accept();
  bench.history.records = 40;
  bench.say({ type: 'hello', run: bench.summary('a', 40), threads: [] });
  bench.commit('a', 50);
  bench.state.source!.want(1, 51);
  await bench.settle();
  expect(bench.shown()).toEqual(rowsOf(1, 50).map((row) => row.seq));
  expect(bench.history.asked).toEqual([{ from: 11, to: 40 }]);
});

it('starts anew when the service lost what it had', async () => {
  const bench = new Bench();
  await bench.open('a', 0);
  bench.commit('a', 10);
  bench.say({ type: 'hello', run: bench.summary('a', 2), threads: [] });
  expect(bench.shown()).toEqual([undefined, undefined]);
});

it('opens the record of a link, in the run of the link', async () => {
  const bench = new Bench();
  await bench.open('a', 60, '#v1?run=a&follow=0&seq=50');
  expect(bench.sockets.last.path).toBe('live?run=a');
  expect(bench.state.record?.value?.anomalies[0]?.rule).toBe('K05');
  expect(bench.state.reveal).toEqual({ seq: 50 });
  bench.session.openLink('#v1?run=a&follow=0');
  expect(bench.state.record).toBeNull();
});

it('opening a record pauses and makes a step of the history; moving on replaces it', async () => {
  const bench = new Bench();
  await bench.open('a', 0);
  bench.commit('a', 10);
  bench.session.openRecord(4);
  bench.session.moveCursor(1);
  await bench.settle();
  expect(bench.links).toEqual([{ hash: '#v1?run=a&follow=0&seq=4', step: true }, { hash: '#v1?run=a&follow=0&seq=5', step: false }]);
  expect(bench.state.record?.value?.row.seq).toBe(5);
  bench.session.moveCursor(Number.POSITIVE_INFINITY);
  bench.session.moveCursor(1);
  expect(bench.state.cursor).toBe(10);
});

it('of many records asked for in a row the last one is shown', async () => {
  const bench = new Bench();
  await bench.open('a', 30, '#v1?run=a&follow=0&seq=1');
  for (let i = 0; i < 10; i++) bench.session.moveCursor(1);
  await bench.settle();
  expect(bench.state.record).toMatchObject({ seq: 11, value: { row: { seq: 11 } } });
});

it('shows a record in the table even if the filter hides it', async () => {
  const bench = new Bench();
  await bench.open('a', 100, '#v1?run=a&follow=0&method=UntypedRetype&outcome=error&tab=anomalies');
  bench.session.showInTable(7);
  expect(bench.state.view).toMatchObject({ tab: 'records', seq: 7, filter: NO_FILTER });
});

it('selecting another run leaves the old one at once', async () => {
  const bench = new Bench();
  await bench.open('a', 10);
  bench.runs.push(runSummary('old', { records: 3 }));
  await vi.advanceTimersByTimeAsync(3000);
  bench.session.selectRun('old');
  expect(bench.state.run).toBeNull();
  expect(bench.sockets.last.path).toBe('live?run=old');
  bench.say({ type: 'hello', run: bench.runs[1]!, threads: [] });
  expect(bench.state).toMatchObject({ run: { run: 'old' }, view: { follow: false } });
  bench.session.follow();
  expect(bench.state.view).toMatchObject({ run: 'latest', follow: true });
});

it('reads thread names that the feed skipped', async () => {
  const bench = new Bench();
  await bench.open('a', 0);
  bench.say({ type: 'run-started', run: bench.summary('b', 0) });
  expect(bench.state.threads.size).toBe(0);
  bench.say({ type: 'skipped', run: 'b', records: 0, anomalies: 0, threads: 4, from: 0, to: 0 });
  await bench.settle();
  expect(bench.state.threads.get(3)).toBe('client');
});

it('says that the service is another version now', async () => {
  const bench = new Bench();
  await bench.open('a', 1);
  bench.version = '0.2.0';
  await vi.advanceTimersByTimeAsync(3000);
  expect(bench.state.notices).toEqual(['The service is now version 0.2.0: reload the page.']);
});

it('measures the rate of records', async () => {
  const bench = new Bench();
  await bench.open('a', 100);
  await vi.advanceTimersByTimeAsync(1000);
  bench.commit('a', 350);
  await vi.advanceTimersByTimeAsync(1000);
  expect(bench.state.feed.rates.at(-1)).toBe(250);
});

describe('a service that asks for tokens', () => {
  async function asked(...tokens: string[]): Promise<Bench> {
    const bench = new Bench();
    bench.takes = tokens;
    bench.runs = [bench.summary('a', 3)];
    bench.session.start('');
    await bench.settle();
    return bench;
  }

  it('is asked nothing more until somebody signs in', async () => {
    const bench = await asked('good');
    expect(bench.state).toMatchObject({ caller: { unknown: true, problem: '' }, runs: null });
    const attempts = bench.sockets.all.length;
    await vi.advanceTimersByTimeAsync(60_000);
    bench.session.retryConnection();
    expect(bench.sockets.all).toHaveLength(attempts);
  });

  it('takes a token, and the feed is opened with a ticket', async () => {
    const bench = await asked('good');
    await bench.session.signIn('bad');
    expect(bench.state.caller).toMatchObject({ unknown: true, problem: 'the token is not valid' });
    expect(bench.token.get()).toBeUndefined();
    await bench.session.signIn('good');
    await bench.settle();
    expect(bench.state).toMatchObject({ caller: { unknown: false, name: 'good', access: ['read', 'ingest', 'admin'], problem: '' }, runs: [{ run: 'a' }] });
    expect(mayAdminister(bench.state)).toBe(true);
    expect(bench.sockets.last.path).toBe('live?run=latest&ticket=ticket%20of%20good');
  });

  it('shows who only reads nothing that changes something', async () => {
    const bench = await asked('good');
    bench.access = ['read'];
    await bench.session.signIn('good');
    expect(mayAdminister(bench.state)).toBe(false);
  });

  it('has nothing for a token that does not read', async () => {
    const bench = await asked('good');
    bench.access = ['ingest'];
    await bench.session.signIn('good');
    expect(bench.state.caller).toMatchObject({ unknown: true, problem: 'the token "good" is for ingest, not for reading' });
  });

  it('forgets what was read when somebody signs out, or the token is taken away', async () => {
    const bench = await asked('good');
    await bench.session.signIn('good');
    await bench.settle();
    bench.sockets.last.accept();
    bench.say({ type: 'hello', run: bench.runs[0]!, threads: [...THREADS] });
    expect(bench.state.run).not.toBeNull();
    bench.session.signOut();
    expect(bench.state).toMatchObject({ run: null, runs: null, caller: { unknown: true, name: '', problem: '' } });
    expect([bench.token.get(), bench.sockets.last.closed]).toEqual([undefined, true]);
    await bench.session.signIn('good');
    bench.takes = ['other'];
    await vi.advanceTimersByTimeAsync(3000);
    expect(bench.state.caller).toMatchObject({ unknown: true, problem: 'this service asks for a token' });
  });
});
