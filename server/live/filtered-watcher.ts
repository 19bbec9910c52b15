// SPDX-License-Identifier: BSD-2-Clause
/**
 * One page that follows what of a run fulfils its conditions. The news of a commit carry its newest rows only, so the store
 * is asked instead, for all that came since it was asked last: nothing is kept for a page that is behind but how far it is,
 * and what it is told that it missed is counted among what it asked for.
 */
import { LATEST_RUN, type LiveHello, type LiveMessage, type RunSummary, type ThreadRow } from '../../schema/api/index.ts';
import type { RunNews } from '../ingest/messages.ts';
import type { LiveMatches } from '../query/live-matches.ts';
import { MOST_BUFFERED, type LiveSocket } from './watcher.ts';

/** Most rows and anomalies of one message; more in one look are counted. */
export const MOST_ROWS = 256;
/** Records that one look goes through at most: a part of a second. */
export const MOST_RECORDS = 1 << 20;

/** What of records `from` to `to` of a run fulfils the conditions. */
export type Matches = (run: string, from: number, to: number) => Promise<LiveMatches>;

export class FilteredWatcher {
  private readonly target: string;
  private readonly socket: LiveSocket;
  private readonly matches: Matches;
  private greeted = false;
  /** The run that is followed, as the news last had it; undefined before the first. */
  private run: RunSummary | undefined;
  /** Its last record that was looked at. */
  private seen = 0;
  private started = false;
  private ended = false;
  private threads = new Map<number, ThreadRow>();
  private looking = false;

  /** @param target a run id, or `latest` */
  constructor(target: string, socket: LiveSocket, matches: Matches) {
    this.target = target;
    this.socket = socket;
    this.matches = matches;
  }

  /** First message. What was committed before is not sent; news that came before the greeting are. */
  greet(hello: LiveHello): void {
    if (this.run === undefined && hello.run !== null) {
      this.run = hello.run;
      this.seen = hello.run.records;
    }
    this.greeted = true;
    this.send(hello);
    this.look();
  }

  /** Takes what a commit changed in some run. */
  news(news: RunNews): void {
    if (!this.concerns(news.run)) return;
    if (this.run?.run !== news.run.run) {
      this.seen = news.recordsBefore;
      this.threads.clear();
      this.started = this.ended = false;
    }
    this.run = news.run;
    for (const thread of news.threads) this.threads.set(thread.id, thread);
    if (news.started) [this.started, this.ended] = [true, false];
    if (news.ended) this.ended = true;
    this.look();
  }

  private concerns(run: RunSummary): boolean {
    if (this.target !== LATEST_RUN) return run.run === this.target;
    return this.run === undefined || this.run.run === run.run || run.startedAt >= this.run.startedAt;
  }

  /** Tells what is new, part by part, as long as the connection takes it. */
  private look(): void {
    if (this.looking || !this.greeted || this.run === undefined || this.socket.bufferedAmount > MOST_BUFFERED) return;
    const { run } = this;
    const { started, ended, threads } = this;
    // A connection may take a message at once, and then this is called again.
    this.started = false;
    this.threads = new Map();
    this.looking = true;
    if (started) this.send({ type: 'run-started', run });
    if (threads.size > 0) this.send({ type: 'threads', run: run.run, threads: [...threads.values()] });
    const [from, to] = [this.seen + 1, Math.min(run.records, this.seen + MOST_RECORDS)];
    if (from > to) {
      this.looking = this.ended = false;
      if (ended) this.send({ type: 'run-ended', run });
      return;
    }
    this.matches(run.run, from, to)
      .then((found) => this.tell(run, from, to, found), () => this.tell(run, from, to, undefined))
      .finally(() => {
        this.looking = false;
        this.look();
      });
  }

  /** @param found undefined when the store did not answer: then how much fulfils the conditions is not known, and all is missed */
  private tell(run: RunSummary, from: number, to: number, found: LiveMatches | undefined): void {
    if (this.run?.run !== run.run) return;
    this.seen = to;
    const { rows, records, anomalies, anomaliesFound } = found ?? { rows: [], records: to - from + 1, anomalies: [], anomaliesFound: 0 };
    const missed = records - rows.length;
    const anomaliesMissed = anomaliesFound - anomalies.length;
    if (missed > 0 || anomaliesMissed > 0) {
      this.send({
        type: 'skipped', run: run.run, records: missed, anomalies: anomaliesMissed, threads: 0,
        from: missed > 0 ? from : 0, to: missed > 0 ? (rows[0]?.seq ?? to + 1) - 1 : 0,
      });
    }
    this.send({ type: 'records', run: run.run, rows, summary: run });
    if (anomalies.length > 0) this.send({ type: 'anomalies', run: run.run, anomalies });
  }

  private send(message: LiveMessage): void {
    this.socket.send(JSON.stringify(message), () => this.look());
  }
}
