// SPDX-License-Identifier: BSD-2-Clause
/** The connection to the live feed: opens it, opens it again when it breaks, hands on its messages. */
import type { LiveMessage } from '../../../schema/api/index.ts';

export type Connection =
  | { readonly phase: 'connecting' | 'open' }
  /** `retryAt`: when the next attempt begins, ms of the given clock. */
  | { readonly phase: 'lost'; readonly retryAt: number };

/** What this module needs of a WebSocket. */
export type Socket = Pick<WebSocket, 'close' | 'onopen' | 'onmessage' | 'onclose'>;

export interface LiveHooks {
  readonly open: (path: string) => Socket;
  /** A ticket for the next connection; null where none is needed. */
  readonly ticket: () => Promise<string> | null;
  readonly now: () => number;
  readonly onConnection: (connection: Connection) => void;
  readonly onMessage: (message: LiveMessage) => void;
}

const FIRST_RETRY = 500;
const LONGEST_RETRY = 10_000;

export class LiveFeed {
  private readonly hooks: LiveHooks;
  private socket: Socket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  /** Counts attempts: a ticket that comes for an earlier one is not used. */
  private attempt = 0;
  /** Run that the feed was asked for. */
  target = '';

  constructor(hooks: LiveHooks) {
    this.hooks = hooks;
  }

  /** Follows a run, or `latest`; leaves the one followed before. */
  follow(run: string): void {
    this.target = run;
    this.failures = 0;
    this.connect();
  }

  /** Tries again at once when the connection is lost. */
  retryNow(): void {
    if (this.socket === null && this.target !== '') this.connect();
  }

  close(): void {
    this.drop();
    this.target = '';
  }

  private connect(): void {
    this.drop();
    this.hooks.onConnection({ phase: 'connecting' });
    const path = `live?run=${encodeURIComponent(this.target)}`;
    const ticket = this.hooks.ticket();
    if (ticket === null) return this.open(path);
    const { attempt } = this;
    ticket.then(
      (text) => { if (attempt === this.attempt) this.open(`${path}&ticket=${encodeURIComponent(text)}`); },
      () => { if (attempt === this.attempt) this.retryLater(); });
  }

  private open(path: string): void {
    const socket = this.hooks.open(path);
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.hooks.onConnection({ phase: 'open' });
    };
    socket.onmessage = (event) => this.hooks.onMessage(JSON.parse(String(event.data)) as LiveMessage);
    socket.onclose = () => {
      this.socket = null;
      this.retryLater();
    };
  }

  private retryLater(): void {
    const wait = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** this.failures++);
    this.hooks.onConnection({ phase: 'lost', retryAt: this.hooks.now() + wait });
    this.timer = setTimeout(() => this.connect(), wait);
  }

  /** Leaves the socket without hearing of it again. */
  private drop(): void {
    clearTimeout(this.timer);
    this.attempt++;
    if (this.socket === null) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }
}
