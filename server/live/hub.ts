// SPDX-License-Identifier: BSD-2-Clause
import type { WebSocket } from 'ws';
import { LATEST_RUN, type JobSummary, type LiveFilter, type LiveHello } from '../../schema/api/index.ts';
import type { RunNews } from '../ingest/messages.ts';
import type { QueryClient } from '../query/query-client.ts';
import { FilteredWatcher, MOST_ROWS, type Matches } from './filtered-watcher.ts';
import { PageSocket } from './page-socket.ts';
import { Watcher } from './watcher.ts';

/** A page that follows. */
interface Page {
  readonly socket: PageSocket;
  readonly watcher: Watcher | FilteredWatcher;
}

/** All pages that follow. */
export class LiveHub {
  private readonly query: QueryClient;
  private readonly onWatched: (watched: boolean) => void;
  private readonly openJobs: () => readonly JobSummary[];
  private readonly pages = new Map<WebSocket, Page>();

  /**
   * @param onWatched told when the first page comes and when the last one goes
   * @param openJobs jobs that have not ended
   */
  constructor(query: QueryClient, onWatched: (watched: boolean) => void, openJobs: () => readonly JobSummary[]) {
    this.query = query;
    this.onWatched = onWatched;
    this.openJobs = openJobs;
  }

  get count(): number {
    return this.pages.size;
  }

  /** Begins to send what fulfils the conditions (none: everything) of a run, or with `latest` whatever run is the newest, to a page. */
  async add(socket: WebSocket, target: string, conditions: LiveFilter): Promise<void> {
    const page = new PageSocket(socket);
    const watcher = Object.keys(conditions).length === 0 ? new Watcher(target, page) : new FilteredWatcher(target, page, this.matches(conditions));
    this.pages.set(socket, { socket: page, watcher });
    for (const job of this.openJobs()) page.tell(job);
    if (this.pages.size === 1) this.onWatched(true);
    socket.on('close', () => {
      this.pages.delete(socket);
      if (this.pages.size === 0) this.onWatched(false);
    });
    // A broken connection ends with 'close' as well.
    socket.on('error', () => undefined);
    watcher.greet(await this.hello(target));
  }

  news(news: RunNews): void {
    for (const { watcher } of this.pages.values()) watcher.news(news);
  }

  /** Tells all pages how a job is. */
  job(job: JobSummary): void {
    for (const { socket } of this.pages.values()) socket.tell(job);
  }

  /** Ends all connections at once. */
  terminate(): void {
    for (const socket of this.pages.keys()) socket.terminate();
  }

  private matches(conditions: LiveFilter): Matches {
    return (run, from, to) => this.query.ask('liveMatches', run, conditions, from, to, MOST_ROWS);
  }

  private async hello(target: string): Promise<LiveHello> {
    const run = await this.query.ask('findRun', target);
    if (run === undefined) return { type: 'hello', run: null, threads: [] };
    return { type: 'hello', run, threads: (await this.query.ask('threads', target === LATEST_RUN ? run.run : target)).threads };
  }
}
