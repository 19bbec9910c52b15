// SPDX-License-Identifier: BSD-2-Clause
import type { WebSocket } from 'ws';
import { LATEST_RUN, type LiveFilter, type LiveHello } from '../../schema/api/index.ts';
import type { RunNews } from '../ingest/messages.ts';
import type { QueryClient } from '../query/query-client.ts';
import { FilteredWatcher, MOST_ROWS, type Matches } from './filtered-watcher.ts';
import { Watcher } from './watcher.ts';

/** All pages that follow. */
export class LiveHub {
  private readonly query: QueryClient;
  private readonly onWatched: (watched: boolean) => void;
  private readonly watchers = new Map<WebSocket, Watcher | FilteredWatcher>();

  /** @param onWatched told when the first page comes and when the last one goes */
  constructor(query: QueryClient, onWatched: (watched: boolean) => void) {
    this.query = query;
    this.onWatched = onWatched;
  }

  get count(): number {
    return this.watchers.size;
  }

  /** Begins to send what fulfils the conditions (none: everything) of a run, or with `latest` whatever run is the newest, to a page. */
  async add(socket: WebSocket, target: string, conditions: LiveFilter): Promise<void> {
    const watcher = Object.keys(conditions).length === 0 ? new Watcher(target, socket) : new FilteredWatcher(target, socket, this.matches(conditions));
    this.watchers.set(socket, watcher);
    if (this.watchers.size === 1) this.onWatched(true);
    socket.on('close', () => {
      this.watchers.delete(socket);
      if (this.watchers.size === 0) this.onWatched(false);
    });
    // A broken connection ends with 'close' as well.
    socket.on('error', () => undefined);
    watcher.greet(await this.hello(target));
  }

  news(news: RunNews): void {
    for (const watcher of this.watchers.values()) watcher.news(news);
  }

  /** Ends all connections at once. */
  terminate(): void {
    for (const socket of this.watchers.keys()) socket.terminate();
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
