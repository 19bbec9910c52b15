// SPDX-License-Identifier: BSD-2-Clause
/**
 * One page that follows a run. It is sent what its connection takes; while it is behind, nothing is kept for it but counts
 * and the newest summary, so that a slow page costs no memory.
 */
import { LATEST_RUN, type LiveHello, type LiveMessage, type RunSummary } from '../../schema/api/index.ts';
import type { RunNews } from '../ingest/messages.ts';

/** What a watcher needs of a socket. */
export interface LiveSocket {
  /** Bytes given to `send` that have not left yet. */
  readonly bufferedAmount: number;
  /** `sent` is called when the data has left, or never will. */
  send(data: string, sent: () => void): void;
}

/** Bytes under way from which a connection counts as behind. */
export const MOST_BUFFERED = 1024 * 1024;

/** News that were not sent, summed up. */
interface Backlog {
  run: RunSummary;
  started: boolean;
  ended: boolean;
  anomalies: number;
  threads: number;
}

export class Watcher {
  private readonly target: string;
  private readonly socket: LiveSocket;
  private greeted = false;
  /** The run that is followed; undefined before the first. */
  private run: RunSummary | undefined;
  /** Its last record that was sent or counted as skipped. */
  private seen = 0;
  private backlog: Backlog | undefined;

  /** @param target a run id, or `latest` */
  constructor(target: string, socket: LiveSocket) {
    this.target = target;
    this.socket = socket;
  }

  /** First message. News before it are counted and follow it. */
  greet(hello: LiveHello): void {
    if (hello.run !== null && !this.isOlder(hello.run)) {
      const { backlog } = this;
      if (backlog !== undefined && backlog.run.run === hello.run.run && backlog.run.records <= hello.run.records && !backlog.ended) this.backlog = undefined;
      this.run = hello.run;
      this.seen = hello.run.records;
    }
    this.greeted = true;
    this.send(hello);
  }

  /** Takes what a commit changed in some run. */
  news(news: RunNews): void {
    if (!this.concerns(news)) return;
    this.catchUp();
    if (this.run?.run !== news.run.run) {
      this.backlog = undefined;
      this.seen = news.recordsBefore;
    }
    this.run = news.run;
    if (this.greeted && this.backlog === undefined && this.socket.bufferedAmount <= MOST_BUFFERED) this.tell(news, 0);
    else this.backlog = withNews(this.backlog, news);
  }

  private concerns(news: RunNews): boolean {
    if (this.target !== LATEST_RUN) return news.run.run === this.target;
    return this.run === undefined || this.run.run === news.run.run || !this.isOlder(news.run);
  }

  /** Whether a run started before the one that is followed. */
  private isOlder(run: RunSummary): boolean {
    return this.run !== undefined && run.run !== this.run.run && run.startedAt < this.run.startedAt;
  }

  /** Says in counts what was not sent, once the connection takes it. */
  private catchUp(): void {
    if (!this.greeted || this.backlog === undefined || this.socket.bufferedAmount > MOST_BUFFERED) return;
    const { run, started, ended, anomalies, threads } = this.backlog;
    this.backlog = undefined;
    this.tell({ run, recordsBefore: this.seen, started, ended, threads: [], rows: [], anomalies: [], anomaliesFound: anomalies }, threads);
  }

  private tell(news: RunNews, threadsSkipped: number): void {
    const { run } = news;
    if (news.started) this.send({ type: 'run-started', run });
    if (news.threads.length > 0) this.send({ type: 'threads', run: run.run, threads: [...news.threads] });
    const rows = news.rows.filter((row) => row.seq > this.seen);
    const lastSkipped = rows[0] === undefined ? run.records : rows[0].seq - 1;
    const records = Math.max(0, lastSkipped - this.seen);
    const anomalies = news.anomaliesFound - news.anomalies.length;
    if (records > 0 || anomalies > 0 || threadsSkipped > 0) {
      this.send({
        type: 'skipped', run: run.run, records, anomalies, threads: threadsSkipped,
        from: records > 0 ? this.seen + 1 : 0, to: records > 0 ? lastSkipped : 0,
      });
    }
    if (run.records > this.seen || news.retagged === true) this.send({ type: 'records', run: run.run, rows, summary: run });
    if (news.anomalies.length > 0) this.send({ type: 'anomalies', run: run.run, anomalies: [...news.anomalies] });
    if (news.ended) this.send({ type: 'run-ended', run });
    this.seen = Math.max(this.seen, run.records);
  }

  private send(message: LiveMessage): void {
    this.socket.send(JSON.stringify(message), () => this.catchUp());
  }
}

function withNews(backlog: Backlog | undefined, news: RunNews): Backlog {
  return {
    run: news.run,
    started: news.started || backlog?.started === true,
    ended: news.ended || (backlog?.ended === true && !news.started),
    anomalies: news.anomaliesFound + (backlog?.anomalies ?? 0),
    threads: news.threads.length + (backlog?.threads ?? 0),
  };
}
